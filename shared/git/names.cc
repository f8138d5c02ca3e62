#include "git/names.h"

#include <algorithm>

#include "base/text.h"

namespace git {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool is_name_part(std::string_view part) {
  return !part.empty() && part.front() != '.' && !part.ends_with(".lock") && !part.ends_with('.');
}

// ".git" in the spellings that file systems take for it.
bool is_git_folder(std::string_view part) {
  std::string name = base::to_lower_ascii(part);
  while (!name.empty() && (name.back() == ' ' || name.back() == '.')) name.pop_back();
  return name == ".git" || name == "git~1" || name.starts_with(".git:");
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

bool is_sha(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_branch_name(std::string_view name) {
  if (name.empty() || name.size() > kRefNameMax - kHeads.size()) return false;
  if (name.front() == '-' || name == "@" || name == "HEAD") return false;
  const bool is_clean = std::none_of(name.begin(), name.end(), [](char c) {
    return is_control(c) || std::string_view(" ~^:?*[\\").find(c) != std::string_view::npos;
  });
  if (!is_clean || name.find("..") != name.npos || name.find("@{") != name.npos) return false;
  const auto parts = base::split(name, '/');
  return std::all_of(parts.begin(), parts.end(), is_name_part);
}

bool is_writable_ref(std::string_view name) {
  for (const std::string_view prefix : {kHeads, kTags}) {
    if (name.starts_with(prefix)) return is_branch_name(name.substr(prefix.size()));
  }
  return false;
}

bool is_tree_path(std::string_view path) {
  if (path.empty() || path.size() > kPathMax || path.front() == '-') return false;
  const bool is_clean =
      std::none_of(path.begin(), path.end(), [](char c) { return is_control(c) || c == '\\'; });
  if (!is_clean) return false;
  const auto parts = base::split(path, '/');
  if (parts.size() > kDepthMax) return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= kPathPartMax && part != "." && part != ".." &&
           !is_git_folder(part);
  });
}

std::string branch_of(std::string_view ref) {
  return ref.starts_with(kHeads) ? std::string(ref.substr(kHeads.size())) : "";
}

}  // namespace git
