// An incident that waits for a person, and people with and without rights around it.
#pragma once

#include <string>

#include "tests/unit/scribe_world.h"

namespace scribe_test {

using github::Right;

inline constexpr const char* kPlan = "a1b2c3d4";

inline PlanMade plan_of(const std::string& hash) {
  PlanMade plan;
  plan.hash = hash;
  plan.menu = {{"A1", Action::restart, "policy", "c", "s", "low", "none needed", "it died", 0, 0}};
  return plan;
}

// An incident whose plan waits for a person, its issue written.
inline void await_approval(World& world, const std::string& hash = kPlan) {
  Signal signal;
  signal.service = "policy";
  signal.at = world.clock.now().wall;
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  made.culprit = "policy";
  made.confidence = 0.97;
  made.explanation = "It ran out of memory.";
  world.tell(1, IncidentOpened{signal, Severity::high, "f", ""});
  world.tell(1, EvidenceCollected{{{"E1", "engine_state", "OOMKilled is true", {}}}});
  world.tell(1, made);
  world.tell(1, plan_of(hash));
  world.tell(1, ApprovalAsked{hash, world.clock.now().wall + 30min});
  world.settle(5s);
  REQUIRE(world.incident(1).state == State::awaiting_approval);
  REQUIRE(world.incident(1).issue == 1);
}

struct Steered : World {
  Steered() {
    options.steer_every = 1s;
    options.depends_on = {{"policy", {"user"}}, {"user", {}}, {"billing", {}}};
    restart();
    github.set_right("root", Right::admin);
    github.set_right("alice", Right::maintain);
    github.set_right("bob", Right::write);
    github.set_right("carol", Right::triage);
    github.set_right("dave", Right::read);
    github.set_right("helper", Right::admin);
    github.set_right("helper[bot]", Right::admin);
  }
  template <class T>
  int count() {
    incident(1);
    int n = 0;
    for (const auto& event : book().entries().at(1).events)
      n += std::holds_alternative<T>(event.what);
    return n;
  }
  std::vector<github::Comment> thread() {
    const auto all = github.list_comments(1);
    REQUIRE(all.ok());
    return *all;
  }
  // Our comments on the issue that begin so, after the marker.
  int answers(std::string_view words) {
    int n = 0;
    for (const auto& comment : thread()) {
      const auto line = comment.body.find('\n');
      if (comment.author != "sre-space-bot" || line == std::string::npos) continue;
      n += comment.body.substr(line + 1).starts_with(words);
    }
    return n;
  }
};

}  // namespace scribe_test
