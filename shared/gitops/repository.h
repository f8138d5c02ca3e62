// A bare copy of a repository elsewhere, without a working tree: reads files of its branches, puts
// commits on top of them, and pushes those to branches of our own. libgit2 stays within the source.
// It has no time-outs, so this class runs only in the process of worker_main(); others use Worker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "git/model.h"

namespace gitops {

inline constexpr std::size_t kFilesMax = 4;  // Of one commit.
inline constexpr std::size_t kFileBytesMax = 1U << 20U;

struct Remote {
  std::string url;    // See check_remote().
  std::string token;  // The password of "x-access-token"; empty: none is shown. Never logged.
  // The proxy on the way of https, "http://host:port" without user and password; empty: none.
  std::string proxy = {};
  std::string proxy_user = {}, proxy_password = {};  // Shown to the proxy alone. Never logged.
  // PEM; its certificates are trusted, and no others. Empty: the system's.
  std::string ca_file = {};
};

struct FileAt {
  git::Sha head;  // Of the branch.
  git::Sha blob;
  std::string text;
};

struct FileWrite {
  std::string path;
  std::string text;
};

// What the files would be without one commit.
struct Reverted {
  git::Sha head;    // Of the branch, which they were computed for.
  git::Sha commit;  // Whole.
  std::string subject;
  std::vector<FileWrite> files;
};

// All that decides a commit's id, so that the same plan makes the same commit.
struct CommitPlan {
  std::string base_branch;
  git::Sha base;                     // A commit of that branch, the parent.
  std::vector<FileWrite> files;      // All that it changes; each must differ from the base.
  std::vector<std::string> allowed;  // See check_path().
  git::Person author;
  git::Person committer;
  std::string message;
  std::string branch;  // See fix_branch().
};

struct BranchAt {
  std::string name;
  git::Sha sha;
};

// Not thread-safe. Errors of all calls that reach the remote: denied (no right, not asked by https,
// or the proxy wants another user or password), not_found (no such repository or branch),
// unavailable (its certificate is not trusted too), and those named. No hooks run, no submodule or
// redirect is followed.
class Repository {
 public:
  // Makes the bare folder when absent. The trusted certificates are set for the whole process.
  // Errors: denied (the address), invalid (the CA file), unavailable, corrupt.
  [[nodiscard]] static base::Result<std::unique_ptr<Repository>> open(const std::string& folder,
                                                                      Remote remote);
  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  // The head of a branch, with its history here afterwards.
  [[nodiscard]] base::Result<git::Sha> fetch(const std::string& branch);
  // The head as it was fetched last. Errors: not_found.
  [[nodiscard]] base::Result<git::Sha> fetched(const std::string& branch) const;
  // The only parent of that head. Errors: not_found.
  [[nodiscard]] base::Result<git::Sha> parent(const std::string& branch) const;
  // Of the branch as it was fetched last. Errors: not_found; denied (a path that is not allowed, a
  // link on the way); invalid (larger than 1 MB).
  [[nodiscard]] base::Result<FileAt> read(const std::string& branch, const std::string& path,
                                          const std::vector<std::string>& allowed) const;
  // What taking back the commit makes of the branch as it was fetched last. Errors: not_found,
  // denied (its paths), and those of revert_commit().
  [[nodiscard]] base::Result<Reverted> reverted(const std::string& branch,
                                                const std::string& commit,
                                                const std::vector<std::string>& allowed) const;
  // Makes the commit, here only. Errors: invalid, denied (its paths), not_found (its base is no
  // commit of the base branch as fetched), conflict (it would change nothing).
  [[nodiscard]] base::Result<git::Sha> commit(const CommitPlan& plan);
  // Makes the branch there, never moves one; that it stands there at `sha` already is success.
  // Errors: conflict (it stands at another commit), unknown.
  [[nodiscard]] base::Status push(const std::string& branch, const git::Sha& sha);
  // Ours, by name.
  [[nodiscard]] base::Result<std::vector<BranchAt>> fix_branches();
  // That it is gone already is success. Errors: conflict (it is not at `expected`), unknown.
  [[nodiscard]] base::Status remove(const std::string& branch, const git::Sha& expected);

 private:
  struct State;
  explicit Repository(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gitops
