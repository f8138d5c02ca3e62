// Brain: from incident to evidence, diagnosis, plan and post-mortem. It touches nothing.
// Pure: a role in the sense of role/role.h.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "agents/brain/asked.h"
#include "agents/brain/plans.h"
#include "agents/brain/rules.h"
#include "role/role.h"
#include "runbook/catalogue.h"

namespace brain {

struct ReadSnapshot {
  std::string hash;
};
struct ReadLog {
  incident::IncidentId incident = 0;
  std::string container;
};
// The container of a service, for an action that a person asked for.
struct ReadContainer {
  incident::IncidentId incident = 0;
  std::string service;
};
using Request = std::variant<ReadSnapshot, ReadLog, ReadContainer>;
[[nodiscard]] std::string key_of(const Request& request);

struct SnapshotRead {
  std::string hash;
  base::Result<telemetry::Snapshot> snapshot;
};
struct LogRead {
  incident::IncidentId incident = 0;
  base::Result<std::vector<std::string>> lines;
};
struct ContainerRead {
  incident::IncidentId incident = 0;
  std::string service;
  base::Result<Target> target;
};
using Answer = std::variant<SnapshotRead, LogRead, ContainerRead>;

class Brain final : public role::Role<Request, Answer> {
 public:
  // `catalogue` must be without fault (runbook::find_faults).
  Brain(const config::Config& config, base::Random& random,
        runbook::Catalogue catalogue = runbook::shipped());

  void absorb(const ledger::Record& record, base::Now now) override;
  void absorb(const Answer& answer, base::Now now) override;
  role::Output<Request> decide(const role::View& view) override;

 private:
  using Output = role::Output<Request>;

  void decide_diagnosis(const incident::Incident& incident, const role::View& view, Output& output);
  bool decide_next_step(const Findings& findings, const role::View& view, Output& output);
  bool end_runbook(const Findings& findings, const role::View& view, Output& output);
  void add_report(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_amendment(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_asked(const incident::Incident& incident, const role::View& view, Output& output);
  void decide_postmortem(const incident::Incident& incident, const role::View& view,
                         Output& output);
  // True when everything worth waiting for is there or its time is up; else asks for it.
  bool is_ready(const incident::Incident& incident, const role::View& view, Output& output);
  [[nodiscard]] Findings findings_of(const incident::Incident& incident, base::WallTime now) const;

  [[nodiscard]] base::WallTime proven_at(const incident::Incident& incident) const;

  const config::Config& config_;
  base::Random& random_;
  const runbook::Catalogue catalogue_;
  incident::Book book_;
  std::map<std::string, base::Result<telemetry::Snapshot>> snapshots_;  // By hash, while needed.
  std::map<incident::IncidentId, base::Result<std::vector<std::string>>> logs_;  // While needed.
  struct Seen {
    ContainerRead read;
    base::Instant at;
  };
  std::map<incident::IncidentId, Seen> containers_;  // While an action is asked for.
  std::optional<base::Instant>
      started_;  // First decision of this process: patience counts from here at the earliest.
  incident::Deploys deploys_;
};

// The post-mortem of a resolved incident: facts of the record only, no names of people, no text
// that came from outside but names and the symptom's line, flattened. Pure.
[[nodiscard]] std::string write_postmortem(const incident::Incident& incident);

}  // namespace brain
