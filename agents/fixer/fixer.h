// The Fixer: from plan to guarded, proven action. It judges each plan by the guards, records the
// intent before the warden is asked, and never repeats what may have happened: it looks first.
// Pure: a role in the sense of role/role.h.
#pragma once

#include <map>
#include <string>

#include "agents/fixer/fixer_ports.h"
#include "agents/fixer/history.h"
#include "config/config.h"
#include "policy/policy.h"
#include "role/role.h"

namespace fixer {

inline constexpr base::Duration kLease = std::chrono::seconds(10);
inline constexpr base::Duration kLeaseRenewal = std::chrono::seconds(3);

class Fixer final : public role::Role<Request, Answer> {
 public:
  Fixer(const config::Config& config, base::Random& random);

  void absorb(const ledger::Record& record, base::Now now) override;
  void absorb(const Answer& answer, base::Now now) override;
  role::Output<Request> decide(const role::View& view) override;

  [[nodiscard]] const incident::Book& book() const { return book_; }

 private:
  using Output = role::Output<Request>;

  void decide_lease(const role::View& view, Output& output) const;
  void decide_plan(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_asked(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_state(const incident::Incident& incident, const role::View& view, Output& output);
  void judge_menu(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_approval(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_action(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_open_operation(const incident::Incident& incident, const role::View& view,
                             Output& output);
  void record_result(const incident::Incident& incident,
                     const base::Result<warden::Performed>& result, const role::View& view,
                     Output& output);
  // What the looks at the container prove of the operation; nothing while they prove nothing.
  [[nodiscard]] std::optional<incident::Payload> proven(const incident::Attempt& attempt,
                                                        base::Now now) const;
  void decide_failed_operation(const incident::Incident& incident, const role::View& view,
                               Output& output);
  // changes.cc
  void decide_change(const incident::Incident& incident, const role::View& view, Output& output);
  [[nodiscard]] bool is_deployed_elsewhere(const incident::Attempt& attempt) const;
  void watch_deploy(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_pull(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_failed_proof(const incident::Incident& incident, const role::View& view,
                           Output& output);
  void record_change(const incident::Incident& incident, const warden::Performed& performed,
                     const role::View& view, Output& output);
  void decide_uncertain_clearing(const incident::Incident& incident, const role::View& view,
                                 Output& output);
  [[nodiscard]] std::optional<warden::Performed> deployed(const incident::Incident& incident) const;
  [[nodiscard]] warden::Operation operation_of(const incident::ActionIntended& intent,
                                               base::WallTime expires) const;
  [[nodiscard]] std::string taken_back(const incident::Incident& incident) const;
  template <class T>
  [[nodiscard]] const incident::Event* last_event(incident::IncidentId id) const;
  void intend(const incident::Incident& incident, const role::View& view, Output& output);
  void record(incident::IncidentId id, incident::Payload what, const role::View& view,
              Output& output);
  void refuse(const incident::Incident& incident, const policy::Verdict& verdict,
              const role::View& view, Output& output);
  // What ends it when nothing can be done: a person takes it, or is told that their wish is not
  // fulfilled.
  [[nodiscard]] static incident::Payload handed_back(const incident::Incident& incident,
                                                     const std::string& to,
                                                     const std::string& reason);
  [[nodiscard]] base::Duration soak_of(const incident::Incident& incident) const;
  // All guards, and the policy server where there is one.
  policy::Verdict judge(const incident::Incident& incident, const role::View& view, Output& output);
  [[nodiscard]] policy::Facts facts_for(const incident::Incident& incident,
                                        const role::View& view) const;

  const config::Config& config_;
  base::Random& random_;
  incident::Book book_;
  History history_;
  std::optional<ledger::Lease> lease_;
  base::Instant lease_read_{};
  HostLoad host_;
  base::Instant host_read_{};
  bool intent_this_step_ =
      false;  // One effect at a time: the fold does not know yet of what this step intends.
  std::map<std::string, base::Result<warden::Performed>>
      results_;  // By op: answered, not yet recorded.
  struct Look {
    base::Result<warden::Member> member;
    base::Instant since{};  // The container has looked just so in every look from here ...
    base::Instant last{};   // ... to here.
  };
  std::map<std::string, Look> looks_;  // By op.
  struct Again {
    base::Instant at{};  // When a change may be asked for again.
    int conflicts = 0;   // So often was it undone by the warden, in this process.
  };
  std::map<std::string, Again> again_;  // By op.
  struct Heard {
    std::string plan;
    policy::Opinion opinion;
    base::Instant at{};
  };
  std::map<incident::IncidentId, Heard> opinions_;  // Of the policy server, each for one effect.
};

// A change of what a service is, or the taking back of one: all but a restart.
[[nodiscard]] bool is_change(const incident::Attempt& attempt);

}  // namespace fixer
