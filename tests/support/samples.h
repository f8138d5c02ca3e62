// One payload of each event kind, in the order of the variant, with every field away from its
// default.
#pragma once

#include <vector>

#include "incident/event.h"

namespace samples {

using namespace incident;  // Names of forty payloads follow.

inline base::WallTime moment() { return base::wall_from_ms(1795182756123); }

inline Signal signal() {
  Signal s;
  s.kind = SignalKind::probe_timeout;
  s.service = "policy-service";
  s.container = "4e0a";
  s.container_name = "policy";
  s.image = "policy:1";
  s.started_at = "2026-11-20T13:52:36.1Z";
  s.at = moment();
  s.detail = "no answer in 1s";
  s.probe = "health";
  s.confirmed_by = {"engine state", "stats at 0"};
  s.exit_code = 137;
  s.oom_killed = true;
  s.by_person = true;
  s.engine_restarts = true;
  s.restart_count = 3;
  s.latency_ms = 1000;
  s.bound_ms = 800;
  s.cpu_percent = 99.5;
  s.memory_bytes = 67'000'000;
  s.memory_limit_bytes = 67'108'864;
  s.replicas = 2;
  s.asked = "/scale policy-service 3";
  s.asked_by = "ada";
  return s;
}

inline MenuEntry menu_entry(Action action = Action::restart) {
  return {"A1",
          action,
          "policy-service",
          "4e0a",
          "2026-11-20T13:52:36.1Z",
          "low",
          "none needed",
          "it died",
          1,
          2,
          "crash-restart",
          3,
          true,
          std::chrono::seconds(30),
          "ask-a-person",
          {"memory_limit", 67'108'864, 100'663'296},
          "ef56",
          "c0ffee"};
}

// At least `least` payloads would be one per kind; this is exactly one per kind, in variant order.
inline std::vector<Payload> all() {
  return {
      IncidentOpened{signal(), Severity::critical, "policy-service/died", "ab12"},
      SignalAdded{signal(), 4},
      SelfHealed{"the engine brought it back"},
      VerificationTried{"op1", 2, true, 12, "200"},
      VerificationPassed{"op1", 20, 31, "20 of 20"},
      VerificationFailed{"op1", "the probe failed again"},
      DeploySeen{"policy-service", "4e0a", "policy:2", "sha256:aa", true, "ef56", "c0ffee", "2.1"},
      MemoryRecalled{{{7, 3, "policy-service", "crash", "restart", true, 0.93}}, "restart", 1, 2},
      MemoryIndexed{"crash", "restart", true},
      EvidenceCollected{{{"E1", "log", "the last line", {"killed", "```fence"}}}},
      DiagnosisMade{FailureClass::oom,
                    "policy-service",
                    0.97,
                    Persistence::systemic,
                    {{"user-service", "policy-service", "E1"}},
                    {"a deploy"},
                    "it ran out of memory",
                    "oom-killed",
                    "c0ffee"},
      PlanMade{"a1b2c3d4", 2, moment(), {menu_entry()}, "ada"},
      IncidentJoined{1, "user-service is down"},
      PostmortemWritten{"what happened"},
      PlanRefused{"a1b2c3d4", "budget", "3 of 3 in 1h", true},
      PlanJudged{"a1b2c3d4", "ada", {{"A1", "refuse", "cooldown", "5 s of 60 s"}}},
      ApprovalAsked{"a1b2c3d4", moment()},
      ActionIntended{"op1",
                     "a1b2c3d4",
                     5,
                     Action::scale_up,
                     "policy-service",
                     "4e0a",
                     "2026-11-20T13:52:36.1Z",
                     moment(),
                     {"replicas", 1, 2},
                     "op0",
                     "ab34",
                     "c0ffee"},
      ActionDone{"op1", "2026-11-20T13:52:37.2Z", true, "5f1b", "cd56"},
      ActionFailed{"op1", "no such container"},
      ActionUnknown{"op1", "no answer"},
      VerificationAsked{"op1", "policy-service", moment(), std::chrono::seconds(5)},
      UndoDone{"op1"},
      IncidentResolved{"op1", "restart", false},
      Escalated{"person", "budget"},
      IssueOpened{12, "http://127.0.0.1:7081/acme/infra/issues/12"},
      ApprovalGiven{"a1b2c3d4", "ada"},
      PrOpened{"op1", 14, "http://127.0.0.1:7081/acme/infra/pull/14", "fix-inc-12-op1", "c0ffee"},
      PrMerged{"op1", "beef"},
      PrClosed{"op1", "closed by ada"},
      IncidentClosed{"healed"},
      IncidentReopened{"ada"},
      OperatorCommanded{"/why", "ada", "not now"},
      GithubIntended{"op2", "comment", "comment:diagnosis:1", "ffee"},
      GithubDone{"op2", 99, "http://127.0.0.1:7081/c/99"},
      GithubFailed{"op2", "422"},
      GithubUnknown{"op2", "no answer"},
      OpHeld{"op2", "its budget is spent"},
      VotesCounted{"op1", 3, 1},
      StoodDown{"stopped by hand", "ada"},
      StopSet{"maintenance", "ada"},
      StopCleared{"ada"},
      DeployReported{"policy-service", "prod", "2.1", "c0ffee", "succeeded", moment()},
  };
}

}  // namespace samples
