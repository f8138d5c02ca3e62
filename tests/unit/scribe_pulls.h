// A Scribe that proposes: the fake GitHub's pull requests and a git beside them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/scribe/outbox.h"
#include "agents/scribe/pull_calls.h"
#include "tests/fakes/fake_git.h"
#include "tests/unit/scribe_world.h"

namespace scribe_test {

using fakes::FakeGit;
using fakes::kBadCommit;
using fakes::kBefore;
using fakes::kCompose;
using fakes::kFile;
inline constexpr std::int64_t kFrom = 64 << 20, kTo = 96 << 20;

inline scribe::PullPlace place() {
  return {kFile, "main", "services.policy.mem_limit", true, 60s, 16 << 20, 512 << 20};
}

struct Proposing : World {
  Proposing() : git(github), calls(github, github, git, options.redactor) {
    options.places = {{"policy", place()}};
    options.pulls_every = 1s;
    pull_calls = &calls;
    restart();
  }

  // An incident with its issue, and the Fixer's intent to change the limit by pull request.
  void propose(const std::string& op = "01JCXHOP", Change change = {"memory_limit", kFrom, kTo},
               bool has_issue = true) {
    const IncidentId id = book().next_id();
    Signal signal;
    signal.service = "policy";
    signal.at = clock.now().wall;
    signal.memory_limit_bytes = kFrom;
    DiagnosisMade made;
    made.failure = FailureClass::oom;
    made.culprit = "policy";
    made.confidence = 0.97;
    made.explanation = "It ran out of memory for the third time.";
    PlanMade plan;
    plan.hash = "a1b2c3d4";
    plan.menu = {{"A1", Action::pull_request, "policy", "c", "s", "medium", "revert", "oom", 0, 0}};
    plan.menu.front().change = change;
    tell(id, IncidentOpened{signal, Severity::high, "f" + op, ""});
    tell(id, EvidenceCollected{{{"E1", "engine_state", "OOMKilled is true", {}}}});
    tell(id, made);
    tell(id, plan);
    if (has_issue) settle(5s);
    REQUIRE((incident(id).issue != 0) == has_issue);
    ActionIntended intended{op, plan.hash, 1, Action::pull_request, "policy", "c", "s", {}};
    intended.change = change;
    tell(id, intended);
  }
  const Attempt& attempt(IncidentId id = 1) { return incident(id).attempts.front(); }
  std::vector<github::Pull> pulls(const std::string& branch) { return *github.list_pulls(branch); }
  // As a human would see it: what the thread says of the action.
  std::string said() {
    std::string all;
    const auto comments = github.list_comments(1);
    for (const auto& one : *comments) all += one.body;
    return all + github.get_issue(1)->body;
  }

  FakeGit git;
  scribe::PullCalls calls;
};

}  // namespace scribe_test
