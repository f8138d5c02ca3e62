// Carries out what concerns pull requests: git on one side, GitHub on the other. Adapter, blocking.
#pragma once

#include <string>
#include <vector>

#include "agents/scribe/pulls.h"
#include "github/github.h"
#include "github/pulls.h"
#include "gitops/repository.h"

namespace scribe {

// The git of the repository, as gitops::Worker has it; a port, so that tests need no network.
class GitPort {
 public:
  virtual ~GitPort() = default;
  virtual base::Result<gitops::FileAt> read(const std::string& branch, const std::string& path,
                                            const std::vector<std::string>& allowed) = 0;
  virtual base::Result<gitops::Reverted> reverted(const std::string& branch,
                                                  const std::string& commit,
                                                  const std::vector<std::string>& allowed) = 0;
  virtual base::Result<git::Sha> propose(const gitops::CommitPlan& plan) = 0;
  virtual base::Result<std::vector<gitops::BranchAt>> fix_branches() = 0;
  virtual base::Status remove(const std::string& branch, const git::Sha& expected) = 0;
};

// All is borrowed and must outlive it. Not thread-safe.
class PullCalls {
 public:
  PullCalls(github::Github& github, github::Pulls& pulls, GitPort& git, base::Redactor redactor)
      : github_(github), pulls_(pulls), git_(git), redactor_(std::move(redactor)) {}
  [[nodiscard]] PullWritten carry_out(const PullWrite& write);
  [[nodiscard]] SeenPull carry_out(const LookPull& look);

 private:
  void open(const PullWrite& write, PullWritten& written);
  [[nodiscard]] base::Result<PullPlan> plan(const PullOrder& order);
  void merge(const PullWrite& write, PullWritten& written);
  void clean_up(const PullWrite& write, PullWritten& written);

  github::Github& github_;
  github::Pulls& pulls_;
  GitPort& git_;
  const base::Redactor redactor_;
};

}  // namespace scribe
