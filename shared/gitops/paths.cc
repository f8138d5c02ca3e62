#include "gitops/paths.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace gitops {
namespace {

constexpr std::uint32_t kKind = 0170000;

base::Error refuse(std::string_view path, const std::string& why) {
  return {base::ErrorCode::denied,
          "path \"" + base::clean_text(base::cut_utf8(path, 120)) + "\": " + why};
}

// Lower case, without the code points that HFS+ ignores and without what NTFS drops at the end:
// what git's own names must be compared with.
std::string folded(std::string_view part) {
  std::string out;
  for (const char c : base::clean_text(part)) {
    if (c != '\n' && c != '\t') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  out = out.substr(0, out.find(':'));  // NTFS: a stream of the file before the colon.
  while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
  return out;
}

// "git~1", "gitmod~2": names that NTFS makes up for ".git" and ".gitmodules".
bool is_short_name(std::string_view name) {
  const std::size_t tilde = name.find('~');
  if (tilde == std::string_view::npos || tilde + 1 == name.size()) return false;
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(tilde) + 1, name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool is_device(std::string_view name) {
  const std::string_view stem = name.substr(0, name.find('.'));
  constexpr std::array<std::string_view, 6> kDevices = {"con", "prn", "aux", "nul", "com", "lpt"};
  for (const std::string_view device : kDevices) {
    if (stem == device && device != "com" && device != "lpt") return true;
    if (stem.size() == 4 && stem.starts_with(device) && stem[3] >= '0' && stem[3] <= '9') {
      return true;
    }
  }
  return false;
}

// Why one part of a path is refused; empty when it is not.
std::string fault_in(std::string_view part) {
  if (part.empty()) return "an empty part (a slash at an end, or two)";
  if (part == "." || part == "..") return "a part . or ..";
  if (part.size() > 255) return "a part longer than 255 bytes";
  if (part.front() == '-') return "a part that begins with a dash";
  if (part.back() == '.' || part.back() == ' ') return "a part that ends with a dot or space";
  if (part.front() == ' ') return "a part that begins with a space";
  const std::string name = folded(part);
  if (name == ".git" || is_short_name(name)) return "a name that a file system may take for .git";
  if (name.starts_with(".git")) return "a file or folder of the code host's or git's own";
  if (name == ".github" || name == ".gitlab" || name == ".gitea" || name == ".forgejo") {
    return "a folder of the code host's own";
  }
  if (name == "codeowners" || name == "owners") return "the file that names owners";
  if (is_device(name)) return "the name of a device";
  return "";
}

bool is_unsafe_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || std::string_view("\\:*?\"<>|").find(c) != std::string::npos;
}

// One part against one part of a pattern, whose "*" stands for any number of characters.
bool matches_part(std::string_view part, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return part == pattern;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  return part.size() >= before.size() + after.size() && part.starts_with(before) &&
         part.ends_with(after);
}

bool covers(std::string_view pattern, const std::vector<std::string_view>& parts) {
  const bool is_folder = pattern.ends_with('/');
  if (is_folder) pattern.remove_suffix(1);
  if (pattern.empty()) return false;
  const auto wanted = base::split(pattern, '/');
  const bool fits = is_folder ? parts.size() > wanted.size() : parts.size() == wanted.size();
  return fits && std::equal(wanted.begin(), wanted.end(), parts.begin(),
                            [](auto one, auto part) { return matches_part(part, one); });
}

}  // namespace

base::Status check_path(std::string_view path) {
  if (path.empty()) return refuse(path, "empty");
  if (path.size() > kRepositoryPathMax) return refuse(path, "longer than 1024 bytes");
  if (path.front() == '/' || path.front() == '~') return refuse(path, "not relative");
  if (std::any_of(path.begin(), path.end(), is_unsafe_byte)) {
    return refuse(path, "a control character or one of \\ : * ? \" < > | in it");
  }
  if (base::clean_text(path) != path) {
    return refuse(path, "bad UTF-8, or a character that nobody sees");
  }
  const auto parts = base::split(path, '/');
  if (parts.size() > kPathDepthMax) return refuse(path, "more than 32 parts");
  for (const std::string_view part : parts) {
    if (const std::string fault = fault_in(part); !fault.empty()) return refuse(path, fault);
  }
  return {};
}

base::Status check_path(std::string_view path, const std::vector<std::string>& allowed) {
  if (base::Status plain = check_path(path); !plain.ok()) return plain;
  const auto parts = base::split(path, '/');
  for (const std::string& pattern : allowed) {
    if (covers(pattern, parts)) return {};
  }
  return refuse(path, "not among the files that the configuration allows to change");
}

base::Status check_entries(std::string_view path, const std::vector<PathEntry>& entries) {
  const std::size_t depth = base::split(path, '/').size();
  for (std::size_t i = 0; i < entries.size() && i < depth; ++i) {
    const auto& [name, mode] = entries[i];
    const std::uint32_t kind = mode & kKind;
    const bool is_last = i + 1 == depth;
    if (kind == 0120000) return refuse(path, "\"" + name + "\" is a symbolic link");
    if (kind == 0160000) return refuse(path, "\"" + name + "\" is a submodule");
    if (is_last && kind != 0100000) return refuse(path, "\"" + name + "\" is no plain file");
    if (!is_last && kind != 0040000) return refuse(path, "\"" + name + "\" is no folder");
  }
  return {};
}

}  // namespace gitops
