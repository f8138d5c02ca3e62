// Scout: from signals to incidents, and from fixes to proofs. It senses and never diagnoses or
// acts. Pure: a role in the sense of role/role.h.
#pragma once

#include <map>
#include <set>
#include <string>

#include "agents/scout/scout_ports.h"
#include "agents/scout/watch.h"
#include "config/config.h"
#include "incident/deploys.h"
#include "incident/wish_codec.h"
#include "role/role.h"

namespace scout {

// The proof of one fix, or of a recovery by itself, under way.
struct Proof {
  std::string op;  // Empty when nothing was done.
  std::string service;
  std::string probe;          // Of the symptom; empty: any good answer is the first good one.
  std::int64_t bound_ms = 0;  // What it allowed when the symptom showed; 0: as configured.
  base::Instant asked{};
  std::optional<base::Instant> first_good;
  int tries_told = 0;  // Failed tries told, at most kTriesTold.
  int tries = 0;
  int good = 0;
  std::map<std::string, int> bad_in_row;  // By service and probe.
  std::int64_t first_latency_ms = 0, worst_ms = 0;
  std::string failure;               // Why it cannot pass any more.
  std::string last_bad;              // The latest failed try, for people.
  std::set<std::string> red_before;  // Services that were failing already when proof was asked.
};

class Scout final : public role::Role<Request, Answer> {
 public:
  Scout(const config::Config& config, base::Random& random);

  void absorb(const ledger::Record& record, base::Now now) override;
  void absorb(const ledger::Delivery& delivery, base::Now now) override;
  void absorb(const Answer& answer, base::Now now) override;
  role::Output<Request> decide(const role::View& view) override;

  [[nodiscard]] const incident::Book& book() const { return book_; }

 private:
  using Output = role::Output<Request>;

  void forget_told(const incident::Event& event);
  void follow_action(const incident::Event& event, base::Now now);
  void follow_deploy(const incident::Event& event);
  void hear_of_deploy(const ledger::Delivery& delivery);
  void hear_of_wish(const ledger::Delivery& delivery, base::Now now);
  void follow_wish(const incident::Event& event);
  void heard(const warden::Notice& notice, base::Now now);
  void happened(const warden::Happened& notice, base::Now now);
  void learned(Watch& watch, const engine::Container& container, base::Now now);
  void listed(const Listed& answer, base::Now now);
  void inspected(const Inspected& answer, base::Now now);
  void probed(const Probed& answer, base::Now now);
  void sampled(const warden::Sampled& notice, base::Now now);
  void kept(const Kept& answer, base::Now now);
  [[nodiscard]] static bool is_stale(const Watch& watch, const engine::Container& container,
                                     base::Instant asked);
  void found_not_running(Watch& watch, bool first_look, base::Now now);
  void repeat(const Watch& watch, base::Now now);

  void decide_inspections(Watch& watch, const role::View& view, Output& output);
  void decide_probes(Watch& watch, const role::View& view, Output& output);
  void decide_deaths(Watch& watch, const role::View& view, Output& output);
  void decide_symptoms(Watch& watch, const role::View& view, Output& output);
  void decide_proofs(const role::View& view, Output& output);
  void decide_recoveries(const role::View& view, Output& output);
  void decide_deploys(const role::View& view, Output& output);
  void decide_reports(const role::View& view, Output& output);
  void add_failed_deploy(const incident::DeployReported& report, const role::View& view,
                         role::Drafter& drafter);
  void decide_wishes(const role::View& view, Output& output);
  void decide_repeats(const role::View& view, Output& output);

  [[nodiscard]] bool is_new_version(const Watch& watch) const;
  [[nodiscard]] int replicas_of(const std::string& service) const;
  [[nodiscard]] bool is_ours(const Watch& watch, base::Now now) const;
  [[nodiscard]] bool is_upstream_suspicious(const Watch& watch, base::Instant since,
                                            base::Now now) const;
  [[nodiscard]] std::vector<std::string> second_signals(const Watch& watch, base::Now now) const;
  [[nodiscard]] incident::Signal failing_signal(const Watch& watch, const ProbeWatch& probe,
                                                base::Now now) const;
  [[nodiscard]] incident::Signal slow_signal(const Watch& watch, const ProbeWatch& probe,
                                             base::Now now) const;
  [[nodiscard]] std::set<std::string> judges_of(const std::string& service) const;
  [[nodiscard]] incident::Signal signal_of(const Watch& watch, incident::SignalKind kind,
                                           base::Now now) const;
  [[nodiscard]] std::optional<incident::Signal> symptom_of(const Watch& watch, base::Now now) const;
  [[nodiscard]] bool is_told(const engine::Container& container) const;
  [[nodiscard]] const incident::Incident* home_of(const incident::Signal& signal) const;
  void raise(Watch& watch, incident::Signal signal, const role::View& view, Output& output);
  Proof& proof_of(const incident::Incident& incident, base::Now now);
  void judge(Proof& proof, const Watch& watch, const telemetry::ProbeSample& sample,
             base::Instant at) const;
  [[nodiscard]] std::string missing_for_pass(const Proof& proof, const incident::Incident& incident,
                                             base::Now now) const;

  const config::Config& config_;
  base::Random& random_;
  incident::Book book_;
  std::map<std::string, Watch> watches_;
  bool relist_ = true;  // The list of containers must be read (again).
  base::Instant relist_after_{}, list_asked_{};
  std::map<std::string, int> replicas_;  // By service: running, as last listed.
  std::optional<base::Instant> engine_lost_;
  std::int64_t next_probe_ = 1;
  incident::IncidentId opening_ = 1;  // The number of the next incident opened in this step.
  struct Pending {
    incident::Signal signal;
    bool by_person = false;
    base::Instant not_before{};  // What is only guessed may still be told.
    base::Instant heard{};       // When the engine confirmed it.
  };
  std::map<std::string, Pending> deaths_;  // By service: confirmed, to be raised.
  std::map<std::string, base::Instant>
      confirmed_;  // By service: the engine confirmed "running" at.
  std::map<std::string, base::Instant> inspect_after_, inspect_asked_;
  std::map<incident::IncidentId, Proof> proofs_;
  struct Repeats {
    incident::Signal signal;
    int count = 0;
    std::optional<base::Instant> told;
  };
  std::map<incident::IncidentId, Repeats>
      repeats_;  // Symptoms of open incidents, not yet in the log.
  std::map<std::string, base::Instant>
      held_back_;  // By service: since when a confirmed symptom is seen.
  std::map<incident::IncidentId, base::Instant> healthy_since_;
  std::map<std::string, base::WallTime> image_changed_;  // By service: when another image came.
  struct Keeping {
    engine::ContainerId container;
    base::Instant since{}, again{};
    std::optional<std::string> snapshot;  // Empty: it could not be kept.
  };
  struct Wished {
    incident::Wish wish;
    base::WallTime received;
  };
  std::map<std::string, Wished> wishes_;    // By fingerprint: heard of, not yet in the log.
  std::set<std::string> opened_wishes_;     // Fingerprints of those that are.
  std::map<std::string, Keeping> keeping_;  // By service: a version that the ledger does not know.
  incident::Deploys deploys_;
  std::set<std::string>
      changed_;  // Services whose container we changed in place since it was told.
  struct Report {
    incident::DeployReported told;
    base::WallTime received;
  };
  std::map<std::string, Report> reports_;  // By event: heard of, not yet in the log.
  std::set<std::string> reported_;         // Events that are.
};

// It changes how many replicas run; the service's own container goes on.
[[nodiscard]] bool is_scaling(const incident::ActionIntended& intent);

}  // namespace scout
