// Which names and paths we let into a repository: git's own rules, and a few more against
// those who mean harm. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace git {

inline constexpr std::size_t kRefNameMax = 255;
inline constexpr std::size_t kPathMax = 4096;
inline constexpr std::size_t kPathPartMax = 255;
inline constexpr std::size_t kDepthMax = 64;  // Parts of a path.

[[nodiscard]] bool is_sha(std::string_view text);
// "main", "fix/oom": what may follow "refs/heads/" (git check-ref-format, no leading dash).
[[nodiscard]] bool is_branch_name(std::string_view name);
// Whole and below refs/heads/ or refs/tags/: what clients may write.
[[nodiscard]] bool is_writable_ref(std::string_view name);
// "a/b.txt": relative, no "..", nothing named .git, no control characters, no leading dash.
[[nodiscard]] bool is_tree_path(std::string_view path);
// "main" of "refs/heads/main"; empty for any other ref.
[[nodiscard]] std::string branch_of(std::string_view ref);

}  // namespace git
