// git against a remote repository in a child process, `sre-space git-worker`, so that a deadline
// holds: libgit2 has none. The request goes through the child's standard input, the token with it,
// never through arguments or environment. Format: docs/formats/gitops.md.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "gitops/repository.h"

namespace gitops {

struct WorkerOptions {
  std::vector<std::string> program;  // "/path/of/sre-space", "git-worker".
  std::string folder;                // The bare copy; one at a time works on it.
  Remote remote;
  std::chrono::milliseconds patience{60'000};  // For a call in all.
  std::size_t answer_max = 4U << 20U;          // Bytes.
  int stop_fd = -1;                            // Readable: give up now.
};

// One child a call; none outlives it. Not thread-safe: the folder is one. Errors besides those
// named: timeout (nothing was pushed), unknown (a push was cut off by the deadline, or the child
// died while it pushed: look before trying again), unavailable, and those of Repository.
class Worker {
 public:
  explicit Worker(WorkerOptions options);

  // A file at the head of a branch, fetched now.
  [[nodiscard]] base::Result<FileAt> read(const std::string& branch, const std::string& path,
                                          const std::vector<std::string>& allowed) const;
  // What the files of a branch would be without one of its commits.
  [[nodiscard]] base::Result<Reverted> reverted(const std::string& branch,
                                                const std::string& commit,
                                                const std::vector<std::string>& allowed) const;
  // Fetches unless the base is here, commits, pushes; answers the commit. The same plan gives the
  // same one, and again is success, on an earlier commit of its base branch too. Errors: conflict
  // (the branch stands at another commit; or nothing would change).
  [[nodiscard]] base::Result<git::Sha> propose(const CommitPlan& plan) const;
  [[nodiscard]] base::Result<std::vector<BranchAt>> fix_branches() const;
  // Errors: conflict (it was moved).
  [[nodiscard]] base::Status remove(const std::string& branch, const git::Sha& expected) const;

 private:
  WorkerOptions options_;
};

// The child's side: one request from standard input, one answer to standard output. The exit code
// is 0 whenever it answered.
[[nodiscard]] int worker_main();

}  // namespace gitops
