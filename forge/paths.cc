#include "forge/paths.h"

#include <array>
#include <cstddef>

namespace forge {
namespace {

struct Folded {
  std::string_view start;                 // After "/repos/{owner}/{repo}/".
  std::array<std::string_view, 5> tails;  // What may follow the part.
};

constexpr std::array<Folded, 8> kFolded = {{
    {"contents/", {}},
    {"git/ref/", {}},
    {"git/refs/", {}},
    {"git/matching-refs/", {}},
    {"git/trees/", {}},
    {"compare/", {}},
    {"branches/", {"/protection/required_status_checks", "/protection"}},
    {"commits/", {"/status", "/statuses", "/check-runs", "/check-suites", "/pulls"}},
}};

// Where "/repos/{owner}/{repo}/" ends, or npos.
std::size_t end_of_repository(std::string_view path) {
  if (!path.starts_with("/repos/")) return path.npos;
  const std::size_t owner = path.find('/', 7);
  const std::size_t name = owner == path.npos ? owner : path.find('/', owner + 1);
  return name == path.npos ? name : name + 1;
}

}  // namespace

std::string fold_path(std::string_view path) {
  std::string whole(path);
  const std::size_t start = end_of_repository(path);
  if (start == path.npos) return whole;
  for (const Folded& folded : kFolded) {
    if (!path.substr(start).starts_with(folded.start)) continue;
    const std::size_t from = start + folded.start.size();
    std::size_t to = path.size();
    for (const std::string_view tail : folded.tails) {
      const bool is_there =
          !tail.empty() && path.size() > from + tail.size() && path.ends_with(tail);
      if (is_there && path.size() - tail.size() < to) to = path.size() - tail.size();
    }
    std::string part;
    for (const char c : path.substr(from, to - from)) {
      if (c == '/') {
        part += "%2F";
      } else {
        part += c;
      }
    }
    return whole.substr(0, from) + part + whole.substr(to);
  }
  return whole;
}

}  // namespace forge
