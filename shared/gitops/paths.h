// Which files of a repository may be changed: a name that every file system takes for the same
// plain file, within what the configuration allows. Pure. Why: RELIABILITY.md section 3, row 14.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gitops {

inline constexpr std::size_t kRepositoryPathMax = 1024;  // Bytes.
inline constexpr std::size_t kPathDepthMax = 32;

// Whether `path` is normalised and relative and names nothing of git's or the host's own: no "..",
// no backslash, nothing that some file system reads as .git, no .github, .gitlab, .gitea, no
// CODEOWNERS, no .gitmodules or .gitattributes, no trailing dot or space, no device name. Errors:
// denied, saying which part and why.
[[nodiscard]] base::Status check_path(std::string_view path);

// check_path(), and that one of `allowed` covers it: "deploy/" covers all below that folder,
// "compose.yaml" that very file, "charts/*/values.yaml" one of each "*" within one part. An empty
// list allows nothing.
[[nodiscard]] base::Status check_path(std::string_view path,
                                      const std::vector<std::string>& allowed);

// One entry on the way to a file, in a tree of the commit it is to stand on.
struct PathEntry {
  std::string name;
  std::uint32_t mode = 0;  // As git writes it, octal: 0100644, 040000, 0120000, 0160000.
};
// Whether the entries from the root to the file, or to the first that does not exist, are plain
// folders and a plain file. Errors: denied (a symbolic link or submodule on the way, a folder in
// the file's place, a file in a folder's).
[[nodiscard]] base::Status check_entries(std::string_view path,
                                         const std::vector<PathEntry>& entries);

}  // namespace gitops
