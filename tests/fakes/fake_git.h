// The git of a repository in memory, beside the fake GitHub: it makes commits by their content
// alone, as the real one does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agents/scribe/outbox.h"
#include "agents/scribe/pull_calls.h"
#include "tests/fakes/fake_github.h"

namespace fakes {

inline constexpr const char* kFile = "docker-compose.yml";
inline constexpr const char* kCompose =
    "services:\n  policy:\n    image: policy:1\n    mem_limit: 64m  # small\n";
inline constexpr const char* kBadCommit = "bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0";
inline constexpr const char* kBefore =
    "services:\n  policy:\n    image: policy:0\n    mem_limit: 64m  # small\n";

class FakeGit final : public scribe::GitPort {
 public:
  explicit FakeGit(fakes::FakeGithub& github) : github_(github) { move_main("m0"); }

  base::Result<gitops::FileAt> read(const std::string&, const std::string& path,
                                    const std::vector<std::string>&) override {
    if (trouble) return *trouble;
    if (path != kFile) return base::Error{base::ErrorCode::not_found, path + ": no such file"};
    return gitops::FileAt{main_, "blob", text};
  }
  base::Result<gitops::Reverted> reverted(const std::string&, const std::string& commit,
                                          const std::vector<std::string>& allowed) override {
    if (trouble) return *trouble;
    if (commit != kBadCommit)
      return base::Error{base::ErrorCode::not_found, "revert " + commit + ": no such commit"};
    return gitops::Reverted{main_, commit, "Use 64m @ada", {{allowed.front(), kBefore}}};
  }
  base::Result<git::Sha> propose(const gitops::CommitPlan& plan) override {
    if (trouble) return *trouble;
    std::string all = plan.base + plan.message + base::format_utc(plan.author.at);
    for (const auto& file : plan.files) all += file.path + file.text;
    const std::string sha = scribe::digest_of(all);
    const auto [at, is_new] = branches.try_emplace(plan.branch, sha);
    if (at->second != sha) return base::Error{base::ErrorCode::conflict, plan.branch + ": another"};
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
    if (found->second != expected)
      return base::Error{base::ErrorCode::conflict, branch + ": moved"};
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

}  // namespace fakes
