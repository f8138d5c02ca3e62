// A repository in memory: the fake GitHub's pull requests and a git beside them that makes commits
// by their content alone, as the real one does.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/scribe/outbox.h"
#include "agents/scribe/pull_calls.h"
#include "tests/unit/scribe_world.h"

namespace scribe_test {

inline constexpr const char* kFile = "docker-compose.yml";
inline constexpr const char* kCompose =
    "services:\n  policy:\n    image: policy:1\n    mem_limit: 64m  # small\n";
inline constexpr const char* kBadCommit = "bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0";
inline constexpr const char* kBefore =
    "services:\n  policy:\n    image: policy:0\n    mem_limit: 64m  # small\n";
inline constexpr std::int64_t kFrom = 64 << 20, kTo = 96 << 20;

class FakeGit final : public scribe::GitPort {
 public:
  explicit FakeGit(fakes::FakeGithub& github) : github_(github) { move_main("m0"); }

  base::Result<gitops::FileAt> read(const std::string&, const std::string& path,
                                    const std::vector<std::string>&) override {
    if (trouble) return *trouble;
    if (path != kFile) return base::Error{ErrorCode::not_found, path + ": no such file"};
    return gitops::FileAt{main_, "blob", text};
  }
  base::Result<gitops::Reverted> reverted(const std::string&, const std::string& commit,
                                          const std::vector<std::string>& allowed) override {
    if (trouble) return *trouble;
    if (commit != kBadCommit)
      return base::Error{ErrorCode::not_found, "revert " + commit + ": no such commit"};
    return gitops::Reverted{main_, commit, "Use 64m @ada", {{allowed.front(), kBefore}}};
  }
  base::Result<git::Sha> propose(const gitops::CommitPlan& plan) override {
    if (trouble) return *trouble;
    std::string all = plan.base + plan.message + base::format_utc(plan.author.at);
    for (const auto& file : plan.files) all += file.path + file.text;
    const std::string sha = scribe::digest_of(all);
    const auto [at, is_new] = branches.try_emplace(plan.branch, sha);
    if (at->second != sha) return base::Error{ErrorCode::conflict, plan.branch + ": another"};
    if (is_new) github_.set_branch(plan.branch, sha);
    if (is_new) ++pushes;
    last = plan;
    return sha;
  }
  base::Result<std::vector<gitops::BranchAt>> fix_branches() override {
    std::vector<gitops::BranchAt> all;
    for (const auto& [name, sha] : branches) all.push_back({name, sha});
    return all;
  }
  base::Status remove(const std::string& branch, const git::Sha& expected) override {
    const auto found = branches.find(branch);
    if (found == branches.end()) return {};
    if (found->second != expected) return base::Error{ErrorCode::conflict, branch + ": moved"};
    branches.erase(found);
    github_.set_branch(branch, "");
    return {};
  }

  void move_main(const std::string& sha) {
    main_ = sha;
    github_.set_branch("main", sha);
  }
  void push(const std::string& branch, const std::string& sha) {  // As a person does.
    branches[branch] = sha;
    github_.set_branch(branch, sha);
  }

  std::string text = kCompose;
  std::map<std::string, std::string> branches;
  std::optional<base::Error> trouble;
  std::optional<gitops::CommitPlan> last;
  int pushes = 0;

 private:
  fakes::FakeGithub& github_;
  std::string main_;
};

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
  void propose(const std::string& op = "01JCXHOP", Change change = {"memory_limit", kFrom, kTo}) {
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
    settle(5s);
    REQUIRE(incident(id).issue != 0);
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
