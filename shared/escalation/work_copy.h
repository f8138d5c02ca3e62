// A throw-away clone for an agent, and what the agent changed in it as one commit of ours. Adapter,
// by libgit2.
//
// Nothing of the agent's own repository is trusted: neither its commits, nor its configuration. Its
// files alone are read, into a second clone that it never saw.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "github/workshop.h"

namespace escalation {

// Clones `branch` into `folder`, without a remote left in it. The commit it stands on. Errors:
// unavailable (the remote), not_found (no such branch).
[[nodiscard]] base::Result<std::string> clone_into(const std::string& folder,
                                                   const github::Remote& remote,
                                                   const std::string& branch);

struct Collect {
  std::string tree;          // Folder with the agent's files.
  std::string store;         // Folder for the second clone; it must not exist.
  std::string base, branch;  // Commit it began on; the remote's branch with it.
  std::string wanted;        // Branch for the change; another one is taken when it exists,
  std::string otherwise;     // namely this.
  std::string message;
  std::vector<std::string> forbidden;
};
struct Collected {
  std::string commit, branch;
  std::vector<std::string> paths;
  std::string patch;
};
// Errors: unavailable (the remote), denied (a path, a link, a submodule, too much), conflict
// (nothing was changed).
[[nodiscard]] base::Result<Collected> collect(const Collect& what, const github::Remote& remote);
// Errors: denied or unavailable (not pushed), unknown (it may have been).
[[nodiscard]] base::Status push(const std::string& store, const Collected& collected,
                                const github::Remote& remote);

struct ChangedFile {
  std::string path;
  std::string before, after;  // Its text; empty: it was not there, is gone, or is too long.
  bool is_link = false;       // A symbolic link or submodule, before or after.
  bool is_cut = false;        // Longer than 1 MB or not text: its content was not read.
};
// What the pull request changes against the commit it grew from; `folder` (it must not exist) holds
// its head afterwards, without a remote. Errors: unavailable (the remote), conflict (its head has
// moved), denied (more than 500 files).
[[nodiscard]] base::Result<std::vector<ChangedFile>> read_pull(const std::string& folder,
                                                               const github::Remote& remote,
                                                               const github::Pull& pull);

// Whether a change to `path` is refused: built in, or covered by one of `forbidden`. Pure.
[[nodiscard]] base::Status check_change(const std::string& path,
                                        const std::vector<std::string>& forbidden);

}  // namespace escalation
