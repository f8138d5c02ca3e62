// Reads the fields of one map of the configuration with their checks, and collects what is wrong.
// Pure but for the environment that is passed in.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "config/yaml_config.h"
#include "config/yaml_tree.h"

namespace config {

// What is wrong with a file, what is off, and which variables it names. Not thread-safe.
class Findings {
 public:
  explicit Findings(std::string file) : file_(std::move(file)) {}
  // `line` 0: not about a line of the file.
  void add(int line, std::string_view where, std::string_view what);
  // What parse_yaml said, whose message begins with the line.
  void add_syntax(const base::Error& error);
  void note(std::string_view where, std::string_view what);
  void refer(std::string_view where, std::string_view variable);
  [[nodiscard]] bool empty() const { return mistakes_.empty(); }
  // All mistakes, one per line, ordered by line; at most 100 and then their number.
  [[nodiscard]] base::Error error() const;
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] const std::vector<Reference>& references() const { return references_; }

 private:
  struct Mistake {
    int line;
    std::string text;
  };
  std::string file_;
  std::vector<Mistake> mistakes_;
  std::vector<std::string> notes_;
  std::vector<Reference> references_;
};

// `; did you mean "x"?`, or empty when nothing known is near.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

// A value from the file, quoted for a message: cleaned and cut.
[[nodiscard]] std::string in_quotes(std::string_view value);

// Letters, digits, '.', '_' and '-', the first one a letter or digit.
[[nodiscard]] bool is_plain_name(std::string_view text);

// `path` as it counts from the folder of the configuration `file`, which is absolute.
[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& file);

// Text with `${NAME}` and `${file:/path}` replaced. `unset` names the first reference without
// value.
struct Expanded {
  std::string text;
  std::string unset;
};

// One map. At construction refuses a value that is no map, unknown fields and doubled ones; after
// that each read_* takes one field and leaves `out` as it was when the field is absent or wrong.
class FieldReader {
 public:
  // `where` is the map's path ("services[0].health"; empty for the root). All borrowed.
  FieldReader(Findings& findings, const Environment& environment, const YamlNode& map,
              std::string where, std::vector<std::string> known);

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;
  // Line of the field, or of the map when it is absent.
  [[nodiscard]] int line_of(std::string_view key) const;
  void wrong(std::string_view key, std::string_view what) const;

  // A child map, list of maps or list of texts; nullptr when absent or of another kind (a mistake).
  [[nodiscard]] const YamlNode* find_map(std::string_view key) const;
  [[nodiscard]] const YamlNode* find_list(std::string_view key) const;

  // Text with its references replaced; an unset one is a mistake. Never empty.
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  // The same for an optional part: an unset reference answers through `unset` instead.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key,
                                                         std::string& unset) const;
  void read_text(std::string_view key, std::string& out) const;
  // Both bounds belong to the range. "0" and "0s" are accepted when `least` is zero.
  void read_duration(std::string_view key, base::Duration& out, base::Duration least,
                     base::Duration most) const;
  void read_int(std::string_view key, int& out, int least, int most) const;
  void read_number(std::string_view key, double& out, double least, double most) const;
  void read_bool(std::string_view key, bool& out) const;
  [[nodiscard]] std::optional<Mode> mode(std::string_view key) const;
  // A word, or a list of words, of which `parse` makes values; `known` are those it knows, for the
  // message.
  template <class E>
  void read_word(std::string_view key, E& out, std::optional<E> (*parse)(std::string_view),
                 const std::vector<std::string>& known = {}) const {
    if (const auto word = text(key))
      take_word(*word, line_of(key), path_of(key), parse, known, out);
  }
  template <class E>
  void read_words(std::string_view key, std::vector<E>& out,
                  std::optional<E> (*parse)(std::string_view),
                  const std::vector<std::string>& known = {}) const {
    const YamlNode* list = find_list(key);
    if (list == nullptr) return;
    for (const auto& item : list->items) {
      const auto word = scalar(item, path_of(key));
      E value{};
      if (word && take_word(*word, item.line, path_of(key), parse, known, value))
        out.push_back(value);
    }
  }

  // The text of a scalar node with its references replaced; a mistake answers nothing.
  [[nodiscard]] std::optional<std::string> scalar(const YamlNode& node,
                                                  const std::string& where) const;

 private:
  template <class E>
  bool take_word(const std::string& word, int line, const std::string& where,
                 std::optional<E> (*parse)(std::string_view), const std::vector<std::string>& known,
                 E& out) const {
    const auto value = parse(word);
    if (!value)
      findings_.add(line, where, "unknown word " + in_quotes(word) + suggestion(word, known));
    if (value) out = *value;
    return value.has_value();
  }
  [[nodiscard]] Expanded expand(const YamlNode& node, const std::string& where) const;
  void check_keys() const;

  Findings& findings_;
  const Environment& environment_;
  const YamlNode& map_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace config
