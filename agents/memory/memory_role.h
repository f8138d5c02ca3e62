// Memory: recalls what the past says of each new incident, and indexes each that has ended. It
// proposes and never authorises. Pure: a role in the sense of role/role.h.
#pragma once

#include <set>
#include <string>
#include <variant>

#include "memory/case.h"
#include "memory/recall.h"
#include "role/role.h"

namespace memory_role {

struct RecallFor {
  incident::IncidentId incident = 0;
  memory::Symptom symptom;
};
struct Remember {
  memory::Case past;
};
using Request = std::variant<RecallFor, Remember>;
[[nodiscard]] std::string key_of(const Request& request);

struct Recalled {
  incident::IncidentId incident = 0;
  incident::MemoryRecalled what;
};
struct Remembered {
  incident::IncidentId incident = 0;
  base::Status status;
};
using Answer = std::variant<Recalled, Remembered>;

class MemoryRole final : public role::Role<Request, Answer> {
 public:
  explicit MemoryRole(base::Random& random) : random_(random) {}

  void absorb(const ledger::Record& record, base::Now now) override;
  void absorb(const Answer& answer, base::Now now) override;
  role::Output<Request> decide(const role::View& view) override;

 private:
  base::Random& random_;
  incident::Book book_;
  std::map<incident::IncidentId, incident::MemoryRecalled>
      recalled_;                               // Answered, not yet in the log.
  std::set<incident::IncidentId> remembered_;  // Likewise, or there from before.
  std::map<incident::IncidentId, base::Instant> retry_after_;
  // Called indexed by the ledger, and perhaps not so in the store: all of them after a start, and
  // what changed since.
  std::set<incident::IncidentId> unchecked_;
};

// What was seen when the incident opened, and what became of it.
[[nodiscard]] memory::Symptom symptom_of(const incident::Incident& incident);
[[nodiscard]] memory::Case case_of(const incident::Incident& incident);
// What the log is told of a recall.
[[nodiscard]] incident::MemoryRecalled told_of(const memory::Recall& found);

}  // namespace memory_role
