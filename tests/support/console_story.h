// Incidents as ledger events, for the console's tests and its picture: what the roles would have
// written while an out-of-memory kill was healed, and what else can become of an incident.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "incident/event.h"
#include "ledger/ledger.h"

namespace story {

using namespace incident;  // NOLINT: event names follow.

// Writes the events of one incident, each `ms` after its fault.
class Teller {
 public:
  Teller(IncidentId id, base::WallTime fault, std::string service)
      : id_(id), fault_(fault), service_(std::move(service)) {}

  Teller& at(std::int64_t ms, Role role, Payload what) {
    Event event;
    event.id = "story-" + std::to_string(id_) + "-" + std::to_string(drafts_.size() + 100);
    event.incident = id_;
    event.role = role;
    event.at = fault_ + base::Millis(ms);
    event.boot = base::instant_from_ms(1'000'000 + ms);
    event.what = std::move(what);
    drafts_.push_back({std::move(event), false});
    return *this;
  }

  Teller& opened(SignalKind kind, std::string detail, std::int64_t ms = 41) {
    Signal signal;
    signal.kind = kind;
    signal.service = service_;
    signal.container = "4f1c0de2a7b94f1c0de2a7b94f1c0de2a7b94f1c0de2a7b94f1c0de2a7b9a001";
    signal.container_name = service_;
    signal.image = service_ + ":1";
    signal.at = fault_;
    signal.detail = std::move(detail);
    signal.confirmed_by = {"engine state"};
    return at(ms, Role::scout,
              IncidentOpened{signal, Severity::critical, service_ + "/symptom", ""});
  }
  Teller& diagnosed(FailureClass failure, std::string why, std::vector<Evidence> evidence,
                    std::int64_t ms) {
    at(ms, Role::brain, EvidenceCollected{std::move(evidence)});
    return at(ms + 3, Role::brain,
              DiagnosisMade{failure,
                            service_,
                            0.98,
                            Persistence::transient,
                            {{service_, "users", "E1"}},
                            {"a deploy", "a sick dependency"},
                            std::move(why),
                            "rule"});
  }
  Teller& planned(Action action, std::int64_t ms) {
    MenuEntry entry{"A1",
                    action,
                    service_,
                    "4f1c0de2a7b9",
                    "2026-11-20T13:50:00Z",
                    "low",
                    "none needed",
                    "worked before for the same fault",
                    1,
                    1};
    return at(ms, Role::brain, PlanMade{"9f3a61c0", 1, fault_ + base::Millis(300'000), {entry}});
  }
  Teller& acted(Action action, std::int64_t ms) {
    at(ms, Role::fixer,
       ActionIntended{"op-" + std::to_string(id_), "9f3a61c0", 1, action, service_, "4f1c0de2a7b9",
                      "2026-11-20T13:50:00Z", fault_ + base::Millis(60'000)});
    return at(ms + 231, Role::fixer,
              ActionDone{"op-" + std::to_string(id_), "2026-11-20T13:52:37Z", false});
  }
  Teller& proven(std::int64_t ms) {
    const std::string op = "op-" + std::to_string(id_);
    at(ms, Role::fixer,
       VerificationAsked{op, service_, fault_ + base::Millis(ms), std::chrono::seconds(5)});
    for (int i = 1; i <= 20; ++i)
      at(ms + i * 250, Role::scout, VerificationTried{op, i, true, 2 + i % 4, ""});
    at(ms + 5100, Role::scout, VerificationPassed{op, 20, 5, ""});
    return at(ms + 5110, Role::fixer, IncidentResolved{op, "restart", true});
  }

  [[nodiscard]] const std::vector<ledger::Draft>& drafts() const { return drafts_; }

 private:
  IncidentId id_;
  base::WallTime fault_;
  std::string service_;
  std::vector<ledger::Draft> drafts_;
};

inline Evidence oom_state() {
  return {"E1", "engine_state", "exited with code 137, OOMKilled is true, limit 64 MiB", {}};
}
inline Evidence oom_log() {
  return {"E2",
          "log",
          "the last 3 lines before the death",
          {"INFO  cache grew to 52 MiB", "WARN  allocation of 10 MiB requested by /trigger_memory",
           "<script>alert('not run')</script>"}};
}

// A whole incident, healed, told on GitHub, remembered and closed.
inline std::vector<ledger::Draft> healed(IncidentId id, base::WallTime fault,
                                         const std::string& service = "policy-service") {
  Teller t(id, fault, service);
  const std::string url = "http://127.0.0.1:7081/sre-space/demo/issues/" + std::to_string(id);
  t.opened(SignalKind::container_died, service + " died: out of memory (exit code 137)");
  t.at(44, Role::memory,
       MemoryRecalled{{{1, 1, service, "oom", "restart", true, 0.97}}, "restart", 1, 1});
  t.diagnosed(FailureClass::oom, "The kernel killed it at its memory limit of 64 MiB.",
              {oom_state(), oom_log()}, 52);
  t.planned(Action::restart, 58).acted(Action::restart, 66);
  t.at(298, Role::scribe, GithubIntended{"gh-1", "open_issue", "issue", "ab"});
  t.at(299, Role::scribe, GithubDone{"gh-1", id, url});
  t.at(300, Role::scribe, IssueOpened{id, url});
  t.proven(300);
  t.at(5500, Role::brain, PostmortemWritten{"It ran out of memory."});
  t.at(5580, Role::memory, MemoryIndexed{"oom", "restart", true});
  return t.at(6900, Role::scribe, IncidentClosed{"resolved and proven"}).drafts();
}

}  // namespace story
