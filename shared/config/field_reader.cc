#include "config/field_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace config {
namespace {

constexpr std::size_t kMistakesMax = 100;
constexpr std::size_t kShownBytesMax = 80;
constexpr std::streamsize kSecretBytesMax = 64 * 1024;

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), is_word);
}

// A secret kept in a file of its own, without its final line break. Unreadable is unset.
std::optional<std::string> read_secret(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(kSecretBytesMax), '\0');
  in.read(bytes.data(), kSecretBytesMax);
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return std::string(base::trim(bytes));
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "a plain value";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map of fields";
  }
  return "nothing";
}

std::string expected(YamlNode::Kind wanted, const YamlNode& found) {
  if (found.kind == YamlNode::Kind::null)
    return "is empty; " + std::string(kind_name(wanted)) + " is needed";
  return "must be " + std::string(kind_name(wanted)) + ", not " +
         std::string(kind_name(found.kind));
}

std::string show_number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

void Findings::add(int line, std::string_view where, std::string_view what) {
  std::string text = file_ + ":";
  if (line > 0) text += std::to_string(line) + ":";
  text += " ";
  if (!where.empty()) text += std::string(where) + ": ";
  mistakes_.push_back({line, text + std::string(what)});
}

void Findings::add_syntax(const base::Error& error) {
  const std::string& why = error.message;
  add(std::atoi(why.c_str()), "", why.substr(why.find(": ") + 2));
}

void Findings::refer(std::string_view where, std::string_view variable) {
  references_.push_back({std::string(where), std::string(variable)});
}

void Findings::note(std::string_view where, std::string_view what) {
  notes_.push_back(std::string(where) + ": " + std::string(what));
}

base::Error Findings::error() const {
  auto sorted = mistakes_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  std::string message;
  for (std::size_t i = 0; i < sorted.size() && i < kMistakesMax; ++i) {
    message += (i == 0 ? "" : "\n") + sorted[i].text;
  }
  if (sorted.size() > kMistakesMax) {
    message += "\n" + file_ + ": and " + std::to_string(sorted.size() - kMistakesMax) + " more";
  }
  return {base::ErrorCode::invalid, message};
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = base::nearest_word(base::cut_utf8(word, kShownBytesMax), known);
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

std::string in_quotes(std::string_view value) {
  std::string clean = base::clean_text(base::cut_utf8(value, kShownBytesMax));
  std::replace(clean.begin(), clean.end(), '\n', ' ');
  return "\"" + clean + (value.size() > kShownBytesMax ? "…\"" : "\"");
}

bool is_plain_name(std::string_view text) {
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && is_alnum(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

std::string absolute_path(const std::string& path, const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path();
  auto full = (folder / path).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();  // "state/" is "state".
  return full.string();
}

FieldReader::FieldReader(Findings& findings, const Environment& environment, const YamlNode& map,
                         std::string where, std::vector<std::string> known)
    : findings_(findings),
      environment_(environment),
      map_(map),
      where_(std::move(where)),
      known_(std::move(known)) {
  check_keys();
}

void FieldReader::check_keys() const {
  if (map_.kind != YamlNode::Kind::map) {
    findings_.add(map_.line, where_, expected(YamlNode::Kind::map, map_));
    return;
  }
  for (std::size_t i = 0; i < map_.keys.size(); ++i) {
    const auto& key = map_.keys[i];
    const std::string path = path_of(base::clean_text(base::cut_utf8(key.text, kShownBytesMax)));
    if (std::find(known_.begin(), known_.end(), key.text) == known_.end()) {
      findings_.add(key.line, path, "unknown field" + suggestion(key.text, known_));
      continue;
    }
    const auto first = std::find_if(map_.keys.begin(), map_.keys.end(),
                                    [&](const auto& other) { return other.text == key.text; });
    if (first != map_.keys.begin() + static_cast<std::ptrdiff_t>(i)) {
      findings_.add(key.line, path, "given twice; first on line " + std::to_string(first->line));
    }
  }
}

const YamlNode* FieldReader::find(std::string_view key) const {
  if (map_.kind != YamlNode::Kind::map) return nullptr;
  for (std::size_t i = 0; i < map_.keys.size() && i < map_.items.size(); ++i) {
    if (map_.keys[i].text == key) return &map_.items[i];
  }
  return nullptr;
}

std::string FieldReader::path_of(std::string_view key) const {
  return where_.empty() ? std::string(key) : where_ + "." + std::string(key);
}

int FieldReader::line_of(std::string_view key) const {
  if (map_.kind == YamlNode::Kind::map) {
    for (const auto& found : map_.keys) {
      if (found.text == key) return found.line;
    }
  }
  return map_.line;
}

void FieldReader::wrong(std::string_view key, std::string_view what) const {
  findings_.add(line_of(key), path_of(key), what);
}

const YamlNode* FieldReader::find_map(std::string_view key) const {
  const YamlNode* node = find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::map) return node;
  wrong(key, expected(YamlNode::Kind::map, *node));
  return nullptr;
}

const YamlNode* FieldReader::find_list(std::string_view key) const {
  const YamlNode* node = find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::list) return node;
  wrong(key, expected(YamlNode::Kind::list, *node));
  return nullptr;
}

Expanded FieldReader::expand(const YamlNode& node, const std::string& where) const {
  Expanded out;
  std::string_view rest = node.text;
  for (;;) {
    const auto start = rest.find("${");
    out.text += rest.substr(0, start);
    if (start == std::string_view::npos) return out;
    const auto end = rest.find('}', start);
    const std::string_view name = end == std::string_view::npos
                                      ? std::string_view()
                                      : rest.substr(start + 2, end - start - 2);
    const bool in_file = name.starts_with("file:/");
    if (!in_file && !is_variable_name(name)) {
      findings_.add(node.line, where, "bad reference; write ${NAME} or ${file:/path}");
      return {};
    }
    if (!in_file) findings_.refer(where, name);
    const auto value = in_file ? read_secret(std::string(name.substr(5))) : environment_(name);
    if ((!value || value->empty()) && out.unset.empty()) out.unset = name;
    out.text += value.value_or("");
    rest.remove_prefix(end + 1);
  }
}

std::optional<std::string> FieldReader::scalar(const YamlNode& node,
                                               const std::string& where) const {
  if (node.kind != YamlNode::Kind::scalar) {
    findings_.add(node.line, where, expected(YamlNode::Kind::scalar, node));
    return std::nullopt;
  }
  Expanded expanded = expand(node, where);
  if (!expanded.unset.empty()) {
    findings_.add(node.line, where, "${" + expanded.unset + "} is not set");
    return std::nullopt;
  }
  if (base::trim(expanded.text).empty()) {
    // A bad reference has been told already and leaves the text empty.
    if (node.text.find("${") == std::string::npos) findings_.add(node.line, where, "is empty");
    return std::nullopt;
  }
  return std::move(expanded.text);
}

std::optional<std::string> FieldReader::text(std::string_view key) const {
  const YamlNode* node = find(key);
  if (node == nullptr) return std::nullopt;
  return scalar(*node, path_of(key));
}

std::optional<std::string> FieldReader::optional_text(std::string_view key,
                                                      std::string& unset) const {
  const YamlNode* node = find(key);
  if (node != nullptr && node->kind == YamlNode::Kind::scalar) {
    Expanded expanded = expand(*node, path_of(key));
    unset = expanded.unset;
    if (!unset.empty() || expanded.text.empty()) return std::nullopt;
    return std::move(expanded.text);
  }
  return text(key);
}

void FieldReader::read_text(std::string_view key, std::string& out) const {
  if (auto value = text(key)) out = std::move(*value);
}

void FieldReader::read_duration(std::string_view key, base::Duration& out, base::Duration least,
                                base::Duration most) const {
  const auto value = text(key);
  if (!value) return;
  const std::string_view trimmed = base::trim(*value);
  const bool zero = trimmed == "0" || trimmed == "0s" || trimmed == "0ms";
  const auto parsed = zero ? base::Duration(0) : base::parse_duration(trimmed);
  if (!parsed) {
    wrong(key,
          in_quotes(trimmed) + " is no duration; write a number and ms, s, min or h, as 250ms");
  } else if (*parsed < least || *parsed > most) {
    wrong(key, in_quotes(trimmed) + " is out of range; " + base::format_duration(least) + " to " +
                   base::format_duration(most));
  } else {
    out = *parsed;
  }
}

void FieldReader::read_int(std::string_view key, int& out, int least, int most) const {
  const auto value = text(key);
  if (!value) return;
  const auto parsed = parse_whole<int>(base::trim(*value));
  if (!parsed || *parsed < least || *parsed > most) {
    wrong(key, in_quotes(*value) + " is no whole number from " + std::to_string(least) + " to " +
                   std::to_string(most));
  } else {
    out = *parsed;
  }
}

void FieldReader::read_number(std::string_view key, double& out, double least, double most) const {
  const auto value = text(key);
  if (!value) return;
  const auto parsed = parse_whole<double>(base::trim(*value));
  if (!parsed || !(*parsed >= least && *parsed <= most)) {
    wrong(key, in_quotes(*value) + " is no number from " + show_number(least) + " to " +
                   show_number(most));
  } else {
    out = *parsed;
  }
}

void FieldReader::read_bool(std::string_view key, bool& out) const {
  const auto value = text(key);
  if (!value) return;
  if (*value != "true" && *value != "false") {
    wrong(key, in_quotes(*value) + " is neither true nor false");
  } else {
    out = *value == "true";
  }
}

std::optional<Mode> FieldReader::mode(std::string_view key) const {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto parsed = parse_mode(*value);
  if (!parsed) {
    const std::string near = suggestion(*value, {"observe", "dry_run", "approve", "auto"});
    wrong(key, in_quotes(*value) + " is no mode" +
                   (near.empty() ? "; one of observe, dry_run, approve, auto" : near));
  }
  return parsed;
}

}  // namespace config
