// One structural change of a configuration file: which value, what it was, what it becomes, and
// how far it may go. Pure. Format: docs/formats/gitops.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "gitops/quantity.h"

namespace gitops {

inline constexpr std::size_t kPathStepsMax = 64;
inline constexpr std::size_t kValueBytesMax = 1024;

// A key of a map or an index, from 0, of a list.
using Step = std::variant<std::string, std::size_t>;
// From the document's root; at least one step.
using YamlPath = std::vector<Step>;

// `services."a.b".env[2].value`: a key of letters, digits, "-", "_", "/" stands as it is, any other
// in double quotes with \" and \\.
[[nodiscard]] std::string to_text(const YamlPath& path);
// Errors: invalid, naming the place in the text.
[[nodiscard]] base::Result<YamlPath> parse_path(std::string_view text);

struct Bounds {
  std::string low;  // Both as the file would write them, in Change::unit, and both included.
  std::string high;
};

struct Change {
  std::string file;                     // In the repository: see paths.h.
  std::optional<std::size_t> document;  // From 0; absent: the only one that has the path.
  YamlPath path;
  std::optional<std::string> old_value;  // Absent: the key does not exist yet.
  std::string new_value;                 // One line, valid UTF-8, no control characters.
  Unit unit = Unit::text;
  std::optional<Bounds> bounds;  // Must be given for every unit but text, and not for text.
};

// Whether it is well-formed, changes anything, and stays within its bounds. Errors: invalid (its
// form), denied (beyond its bounds).
[[nodiscard]] base::Status check(const Change& change);

// `compose.yaml services.api.mem_limit "64m" -> "128m" memory 32m..512m`; `absent` for no old
// value; `#1` after the file for its second document.
[[nodiscard]] std::string to_text(const Change& change);
// What to_text() made, checked. Errors: as check(); invalid for the text's form.
[[nodiscard]] base::Result<Change> parse_change(std::string_view text);

// For a title: "services.api.mem_limit: 64m → 128m". Values are as foreign as the file.
[[nodiscard]] std::string headline(const Change& change);

}  // namespace gitops
