#include "gitops/change.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "gitops/paths.h"

namespace gitops {
namespace {

base::Error invalid(const std::string& what) { return {base::ErrorCode::invalid, what}; }

std::string shown(std::string_view text) {
  return "\"" + base::clean_text(base::cut_utf8(text, 80)) + "\"";
}

bool is_bare(std::string_view key) {
  return !key.empty() && key.size() <= 200 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/';
  });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Takes a quoted word off the front of `text`; nothing when it is none.
std::optional<std::string> take_quoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
    out += text[i];
  }
  return std::nullopt;
}

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > 1'000'000) {
    return std::nullopt;
  }
  return number;
}

// Up to the next space; a quoted part may hold spaces.
std::string_view take_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::size_t end = 0;
  bool inside = false;
  for (; end < text.size() && (inside || text[end] != ' '); ++end) {
    if (inside && text[end] == '\\') {
      if (end + 1 < text.size()) ++end;
    } else if (text[end] == '"') {
      inside = !inside;
    }
  }
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// A value as it may stand in a file: one line of clean text.
base::Status check_value(const char* which, std::string_view value) {
  if (value.size() > kValueBytesMax) {
    return invalid(std::string(which) + ": longer than " + std::to_string(kValueBytesMax) +
                   " bytes");
  }
  if (base::clean_text(value) != value || value.find_first_of("\n\t") != std::string_view::npos) {
    return invalid(std::string(which) + " " + shown(value) +
                   ": a line break, control character or bad UTF-8 in it");
  }
  return {};
}

base::Status check_bounds(const Change& change) {
  if (change.unit == Unit::text) {
    if (!change.bounds) return {};
    return invalid("bounds: a text has none; name the unit of the value");
  }
  if (!change.bounds) {
    return invalid("bounds: missing; a value in " + std::string(to_string(change.unit)) +
                   " is changed only within bounds");
  }
  const auto low = parse_quantity(change.unit, change.bounds->low);
  if (!low) return low.error().in("lower bound");
  const auto high = parse_quantity(change.unit, change.bounds->high);
  if (!high) return high.error().in("upper bound");
  if (*low > *high) return invalid("bounds: the lower one is above the upper one");
  if (change.old_value) {
    const auto old_value = parse_quantity(change.unit, *change.old_value);
    if (!old_value) return old_value.error().in("old value");
  }
  const auto new_value = parse_quantity(change.unit, change.new_value);
  if (!new_value) return new_value.error().in("new value");
  if (*new_value >= *low && *new_value <= *high) return {};
  return base::Error{base::ErrorCode::denied, "new value " + shown(change.new_value) +
                                                  ": outside of its bounds " + change.bounds->low +
                                                  " to " + change.bounds->high};
}

base::Status read_old_and_new(std::string_view& rest, Change& change) {
  std::string_view word = take_word(rest);
  if (word != "absent") {
    change.old_value = take_quoted(word);
    if (!change.old_value || !word.empty()) {
      return invalid("old value: neither \"...\" in double quotes nor the word absent");
    }
  }
  if (take_word(rest) != "->") return invalid("after the old value: no ->");
  word = take_word(rest);
  const auto new_value = take_quoted(word);
  if (!new_value || !word.empty()) return invalid("new value: not in double quotes");
  change.new_value = *new_value;
  return {};
}

base::Status read_bounds(std::string_view& rest, Change& change) {
  const std::string_view name = take_word(rest);
  if (name.empty()) return {};
  const auto unit = parse_unit(name);
  if (!unit) {
    const std::string near = base::nearest_word(name, unit_names());
    return invalid("unit " + shown(name) + ": unknown" +
                   (near.empty() ? "; it is one of text, memory, bytes, cpu, replicas"
                                 : "; did you mean \"" + near + "\"?"));
  }
  change.unit = *unit;
  const std::string_view bounds = take_word(rest);
  if (bounds.empty()) return {};
  const std::size_t dots = bounds.find("..");
  if (dots == std::string_view::npos) return invalid("bounds " + shown(bounds) + ": no LOW..HIGH");
  change.bounds = Bounds{std::string(bounds.substr(0, dots)), std::string(bounds.substr(dots + 2))};
  return {};
}

}  // namespace

std::string to_text(const YamlPath& path) {
  std::string out;
  for (const Step& step : path) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      out += "[" + std::to_string(*index) + "]";
      continue;
    }
    const auto& key = std::get<std::string>(step);
    if (!out.empty()) out += '.';
    out += is_bare(key) ? key : quoted(key);
  }
  return out;
}

base::Result<YamlPath> parse_path(std::string_view text) {
  YamlPath path;
  std::string_view rest = text;
  const auto fail = [&](const std::string& why) {
    return invalid("path " + shown(text) + ", character " +
                   std::to_string(text.size() - rest.size() + 1) + ": " + why);
  };
  if (text.empty()) return fail("empty; name a value like services.api.mem_limit");
  while (!rest.empty()) {
    if (path.size() == kPathStepsMax) return fail("more than 64 steps");
    if (rest.starts_with('[')) {
      const std::size_t end = rest.find(']');
      const auto index =
          end == std::string_view::npos ? std::nullopt : parse_number(rest.substr(1, end - 1));
      if (!index) return fail("an index is a number in brackets, from [0] on");
      path.emplace_back(*index);
      rest.remove_prefix(end + 1);
      if (!rest.empty() && rest[0] != '.' && rest[0] != '[') return fail("no . after an index");
      continue;
    }
    if (!path.empty()) {
      if (rest[0] != '.') return fail("no . between two keys");
      rest.remove_prefix(1);
    }
    if (rest.starts_with('"')) {
      auto key = take_quoted(rest);
      if (!key) return fail("a quoted key without its end");
      path.emplace_back(std::move(*key));
      continue;
    }
    const std::size_t end = std::min(rest.find_first_of(".[\""), rest.size());
    if (end == 0) return fail("a key is missing; an empty one is written \"\"");
    if (!is_bare(rest.substr(0, end))) {
      return fail("the key " + shown(rest.substr(0, end)) + " must stand in double quotes");
    }
    path.emplace_back(std::string(rest.substr(0, end)));
    rest.remove_prefix(end);
  }
  return path;
}

base::Status check(const Change& change) {
  if (base::Status path = check_path(change.file); !path.ok()) return path.error().in("file");
  if (change.path.empty() || change.path.size() > kPathStepsMax) {
    return invalid("path: no step, or more than 64");
  }
  for (const Step& step : change.path) {
    const auto* key = std::get_if<std::string>(&step);
    if (key == nullptr) continue;
    if (base::Status clean = check_value("a key of the path", *key); !clean.ok()) return clean;
  }
  if (change.old_value) {
    if (base::Status old = check_value("old value", *change.old_value); !old.ok()) return old;
    if (*change.old_value == change.new_value) {
      return invalid("new value: the same as the old one, " + shown(change.new_value));
    }
  } else if (std::holds_alternative<std::size_t>(change.path.back())) {
    return invalid("path: a key can be added, an item of a list cannot");
  }
  if (base::Status clean = check_value("new value", change.new_value); !clean.ok()) return clean;
  return check_bounds(change);
}

std::string to_text(const Change& change) {
  const bool is_plain = change.file.find_first_of(" \"#") == std::string::npos;
  std::string out = is_plain ? change.file : quoted(change.file);
  if (change.document) out += " #" + std::to_string(*change.document);
  out += " " + to_text(change.path) + " ";
  out += change.old_value ? quoted(*change.old_value) : "absent";
  out += " -> " + quoted(change.new_value) + " " + std::string(to_string(change.unit));
  if (change.bounds) out += " " + change.bounds->low + ".." + change.bounds->high;
  return out;
}

base::Result<Change> parse_change(std::string_view text) {
  Change change;
  std::string_view rest = text;
  std::string_view word = take_word(rest);
  if (word.starts_with('"')) {
    const auto file = take_quoted(word);
    if (!file || !word.empty()) return invalid("change: the file's name has no closing quote");
    change.file = *file;
  } else {
    change.file = word;
  }
  word = take_word(rest);
  if (word.starts_with('#')) {
    change.document = parse_number(word.substr(1));
    if (!change.document) return invalid("change: no number of a document after #");
    word = take_word(rest);
  }
  auto path = parse_path(word);
  if (!path) return path.error().in("change");
  change.path = std::move(*path);
  if (base::Status read = read_old_and_new(rest, change); !read.ok()) {
    return read.error().in("change");
  }
  if (base::Status read = read_bounds(rest, change); !read.ok()) return read.error().in("change");
  if (!base::trim(rest).empty()) return invalid("change: something after its end: " + shown(rest));
  if (base::Status right = check(change); !right.ok()) return right.error().in("change");
  return change;
}

std::string headline(const Change& change) {
  return to_text(change.path) + ": " + change.old_value.value_or("(absent)") + " → " +
         change.new_value;
}

}  // namespace gitops
