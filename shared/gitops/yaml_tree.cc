#include "gitops/yaml_tree.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "gitops/yaml_cursor.h"
#include "gitops/yaml_scalar.h"

namespace gitops {
namespace {

using Kind = YamlNode::Kind;
using Style = YamlNode::Style;

constexpr std::size_t kKeyBytesMax = 1024;  // YAML 1.2.2, section 7.4: implicit keys.

// What stands before a node: "&name", "!tag".
struct Properties {
  std::string anchor;
  bool has_tag = false;
  [[nodiscard]] bool any() const { return has_tag || !anchor.empty(); }
};

// Reads the text once from the front.
class Scanner : private YamlCursor {
 public:
  explicit Scanner(std::string_view text) : YamlCursor(text) {}

  YamlTree scan() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_ = 3;
    while (true) {
      skip_to_content();
      if (is_at_end()) break;
      if (is_marker("...")) {
        take_marker_end();
        continue;
      }
      scan_document();
    }
    return std::move(tree_);
  }

 private:
  // ---- Nodes ----

  std::uint32_t add(Kind kind, Style style, std::size_t begin, std::size_t end) {
    if (tree_.nodes.size() == kYamlNodesMax) refuse("more than 100,000 values");
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    YamlNode node;
    node.kind = kind;
    node.style = style;
    node.depth = static_cast<std::uint8_t>(open_.size());
    node.begin = static_cast<std::uint32_t>(begin);
    node.end = static_cast<std::uint32_t>(end);
    node.parent = open_.empty() ? index : open_.back();
    node.next = index + 1;
    if (open_.empty()) tree_.documents.push_back(index);
    tree_.nodes.push_back(node);
    unfolded_ += 1;
    return index;
  }
  std::uint32_t add(Kind kind, Style style, std::size_t begin, std::size_t end,
                    const Properties& properties) {
    const std::uint32_t index = add(kind, style, begin, end);
    tree_.nodes[index].has_tag = properties.has_tag;
    if (!properties.anchor.empty()) {
      tree_.nodes[index].anchor = static_cast<std::int32_t>(tree_.anchors.size());
      tree_.anchors.push_back({properties.anchor, index, false, 0});
      if (kind != Kind::list && kind != Kind::map) tree_.anchors.back().unfolded = 1;
    }
    return index;
  }
  std::uint32_t open(Kind kind, Style style, const Properties& properties) {
    if (open_.size() == kYamlDepthMax) refuse("nested deeper than 64 levels");
    const std::uint32_t index = add(kind, style, at_, at_, properties);
    tree_.nodes[index].column = static_cast<std::uint32_t>(column());
    open_.push_back(index);
    before_.push_back(unfolded_ - 1);
    return index;
  }
  void close(std::uint32_t index, std::size_t end) {
    YamlNode& node = tree_.nodes[index];
    node.end = static_cast<std::uint32_t>(end);
    node.next = static_cast<std::uint32_t>(tree_.nodes.size());
    if (node.anchor >= 0) {
      tree_.anchors[static_cast<std::size_t>(node.anchor)].unfolded = unfolded_ - before_.back();
    }
    open_.pop_back();
    before_.pop_back();
  }
  [[nodiscard]] std::size_t last_end() const { return tree_.nodes.back().end; }

  void add_null(std::size_t at, const Properties& properties = {}) {
    add(Kind::null, Style::plain, at, at, properties);
  }

  // ---- Documents ----

  void scan_document() {
    const std::size_t documents = tree_.documents.size();
    first_anchor_ = tree_.anchors.size();
    if (peek() == '%' && column() == 0) refuse("a directive (%); none is supported");
    if (is_marker("---")) {
      at_ += 3;
      if (!skip_rest()) {
        scan_inline(-1);
        finish_line();
      } else {
        skip_to_content();
        if (!is_at_end() && !is_any_marker()) scan_block(-1);
      }
      if (tree_.documents.size() == documents) add_null(at_);
    } else {
      scan_block(-1);
    }
    skip_to_content();
    if (!is_at_end() && !is_any_marker()) refuse("text that is indented unlike what it belongs to");
  }

  // A node whose first character begins a line, or follows "- ".
  void scan_block(std::ptrdiff_t parent) {
    Properties properties = take_properties();
    if (properties.any() && skip_rest()) {
      skip_to_content();
      if (is_at_end() || is_any_marker() || static_cast<std::ptrdiff_t>(column()) <= parent) {
        return add_null(last_property_, properties);
      }
      return scan_block_content(parent, properties, true);
    }
    scan_block_content(parent, properties, !properties.any());
  }
  void scan_block_content(std::ptrdiff_t parent, const Properties& properties, bool may_hold) {
    if (may_hold && peek() == '-' && is_space_at(1)) return scan_list(properties);
    if (peek() == '?' && is_space_at(1)) refuse("a complex key (\"? \"); none is supported");
    if (is_key_here()) {
      if (!may_hold) refuse("an anchor or tag right before a key; put it before the map");
      return scan_map(properties);
    }
    scan_value(parent, properties);
    finish_line();
  }
  // A value that stands in the line of its key.
  void scan_inline(std::ptrdiff_t parent) {
    const Properties properties = take_properties();
    if (properties.any() && skip_rest()) return scan_below(parent, properties);
    scan_value(parent, properties);
  }
  // A value that begins on a line after its key's or dash's; `properties` stood there.
  void scan_below(std::ptrdiff_t parent, const Properties& properties) {
    const std::size_t here = properties.any() ? last_property_ : value_place_;
    skip_to_content();
    const bool is_inside = !is_at_end() && !is_any_marker();
    const auto at = static_cast<std::ptrdiff_t>(column());
    const bool is_list = peek() == '-' && is_space_at(1);
    if (is_inside && is_list && at == parent && is_in_map_) return scan_list(properties);
    if (!is_inside || at <= parent) return add_null(here, properties);
    if (!properties.any()) return scan_block(parent);
    scan_block_content(parent, properties, true);
  }

  Properties take_properties() {
    Properties properties;
    while (!is_at_end() && (peek() == '&' || peek() == '!')) {
      const bool is_anchor = peek() == '&';
      const std::size_t from = at_;
      while (!is_break() && !is_blank(peek()) && !(flow_ > 0 && is_flow_mark(peek()))) ++at_;
      if (is_anchor && at_ == from + 1) refuse("an anchor (&) without a name");
      if (is_anchor && !properties.anchor.empty()) refuse("two anchors of one value");
      if (!is_anchor && properties.has_tag) refuse("two tags of one value");
      if (is_anchor) properties.anchor = text_.substr(from + 1, at_ - from - 1);
      properties.has_tag = properties.has_tag || !is_anchor;
      last_property_ = at_;
      skip_blanks();
    }
    return properties;
  }

  // ---- Block style ----

  // Whether a key of a map begins here: a scalar on one line, then ":" and a blank. Looks only.
  [[nodiscard]] bool is_key_here() {
    const std::size_t from = at_;
    const char first = peek();
    bool is_scalar = true;
    if (first == '"' || first == '\'') {
      is_scalar = skip_quoted_line();
    } else if (first == '[' || first == '{' || first == '|' || first == '>' || first == '*') {
      is_scalar = false;
    } else {
      while (!is_break() && !(peek() == ':' && is_space_at(1)) && !is_comment_here()) ++at_;
    }
    skip_blanks();
    const bool is_key = is_scalar && !is_at_end() && peek() == ':' && is_space_at(1);
    const bool is_short = at_ - from <= kKeyBytesMax;
    at_ = from;
    if (is_key && !is_short) refuse("a key longer than 1024 bytes");
    return is_key;
  }
  bool skip_quoted_line() {
    const char quote = peek();
    for (++at_; !is_break(); ++at_) {
      if (quote == '"' && peek() == '\\') {
        ++at_;
        if (is_break()) return false;
      } else if (peek() == quote) {
        if (quote == '\'' && peek(1) == '\'') {
          ++at_;
          continue;
        }
        ++at_;
        return true;
      }
    }
    return false;
  }

  void scan_map(const Properties& properties) {
    const std::uint32_t index = open(Kind::map, Style::block, properties);
    const std::size_t mine = column();
    do {
      if (!is_key_here()) refuse_no_key();
      scan_scalar(0, {}, true);
      tree_.nodes.back().is_key = true;
      skip_blanks();
      ++at_;  // The colon: is_key_here() saw it.
      value_place_ = at_;
      is_in_map_ = true;
      if (skip_rest()) {
        scan_below(static_cast<std::ptrdiff_t>(mine), {});
      } else {
        scan_inline(static_cast<std::ptrdiff_t>(mine));
        finish_line();
      }
      skip_to_content();
    } while (!is_at_end() && column() == mine && !is_any_marker());
    if (!is_at_end() && column() > mine) refuse("text that is indented deeper than its map's keys");
    close(index, last_end());
  }
  [[noreturn]] void refuse_no_key() const {
    if (peek() == '*') refuse("an alias as a key; none is supported");
    refuse("neither a key with \": \" nor the end of the map");
  }
  void scan_list(const Properties& properties) {
    const std::uint32_t index = open(Kind::list, Style::block, properties);
    const std::size_t mine = column();
    do {
      if (peek() != '-' || !is_space_at(1)) {
        if (is_map_around(mine)) break;  // Its next key, at the same column.
        refuse("neither an item with \"- \" nor the end of the list");
      }
      ++at_;
      value_place_ = at_;
      is_in_map_ = false;
      const std::size_t dash = at_;
      if (skip_rest()) {
        scan_below(static_cast<std::ptrdiff_t>(mine), {});
      } else {
        if (text_.substr(dash, at_ - dash).find('\t') != std::string_view::npos) {
          refuse("a tab after a dash");
        }
        scan_block(static_cast<std::ptrdiff_t>(mine));
        finish_line();
      }
      skip_to_content();
    } while (!is_at_end() && column() == mine && !is_any_marker());
    if (!is_at_end() && column() > mine) {
      refuse("text that is indented deeper than its list's dashes");
    }
    close(index, last_end());
  }
  // Whether the list that was opened last stands in a map whose keys are at `column`.
  [[nodiscard]] bool is_map_around(std::size_t column) const {
    if (open_.size() < 2) return false;
    const YamlNode& around = tree_.nodes[open_[open_.size() - 2]];
    return around.kind == Kind::map && around.style == Style::block && around.column == column;
  }
  // After a value in its key's line; those of several lines have gone on already.
  void finish_line() {
    if (is_at_end() || column() == 0 || is_line_fresh()) return;
    end_of_line();
  }
  [[nodiscard]] bool is_line_fresh() const {
    return text_.substr(line_, column()).find_first_not_of(' ') == std::string_view::npos;
  }

  // ---- Values ----

  void scan_value(std::ptrdiff_t parent, const Properties& properties) {
    const char first = peek();
    if (first == '*') return scan_alias(properties);
    if (first == '[' || first == '{') return scan_flow(properties);
    if ((first == '|' || first == '>') && flow_ == 0) return scan_block_scalar(parent, properties);
    scan_scalar(parent, properties, false);
  }

  void scan_alias(const Properties& properties) {
    if (properties.any()) refuse("an alias with an anchor or tag");
    const std::size_t from = at_++;
    while (!is_break() && !is_blank(peek()) && !(flow_ > 0 && is_flow_mark(peek()))) ++at_;
    const std::string_view name = text_.substr(from + 1, at_ - from - 1);
    std::size_t found = tree_.anchors.size();
    while (found > first_anchor_ && tree_.anchors[found - 1].name != name) --found;
    if (found == first_anchor_) refuse("an alias (*) of no anchor before it");
    YamlAnchor& anchor = tree_.anchors[found - 1];
    if (anchor.unfolded == 0) refuse("an alias (*) within what it stands for");
    anchor.is_used = true;
    unfolded_ += anchor.unfolded;
    if (unfolded_ > kYamlNodesMax) refuse("aliases that unfold to more than 100,000 values");
    tree_.nodes[add(Kind::alias, Style::plain, from, at_)].anchor =
        static_cast<std::int32_t>(found - 1);
  }

  void scan_scalar(std::ptrdiff_t parent, const Properties& properties, bool is_key) {
    const std::size_t from = at_;
    const std::size_t line = line_;
    const char first = peek();
    Style style = Style::plain;
    if (first == '"' || first == '\'') {
      style = first == '"' ? Style::double_quoted : Style::single_quoted;
      take_quoted();
    } else {
      take_plain(is_key ? -1 : parent, is_key);
    }
    const bool is_null = style == Style::plain && !properties.has_tag &&
                         is_null_word(text_.substr(from, at_ - from));
    const std::uint32_t index =
        add(is_null ? Kind::null : Kind::scalar, style, from, at_, properties);
    tree_.nodes[index].is_one_line = line_ == line;
  }

  void take_quoted() {
    const char quote = peek();
    const std::size_t from = at_++;
    while (true) {
      if (is_at_end()) {
        at_ = from;
        refuse("a quote that is never closed");
      }
      const char c = peek();
      if (is_break()) {
        take_break();
        if (is_any_marker()) refuse("the end of a document within quotes");
        continue;
      }
      ++at_;
      if (quote == '"' && c == '\\' && !is_break()) ++at_;
      if (c != quote) continue;
      if (quote == '\'' && !is_at_end() && peek() == '\'') {
        ++at_;
        continue;
      }
      return;
    }
  }

  [[nodiscard]] bool may_begin_plain() const {
    const char c = peek();
    if (c == '-' || c == '?' || c == ':') {
      return !is_space_at(1) && !(flow_ > 0 && is_flow_mark(peek(1)));
    }
    return std::string_view(",[]{}#&*!|>'\"%@`").find(c) == std::string_view::npos;
  }
  [[nodiscard]] bool is_plain_end() const {
    const char c = peek();
    if (flow_ > 0 && is_flow_mark(c)) return true;
    return c == ':' && (is_space_at(1) || (flow_ > 0 && is_flow_mark(peek(1))));
  }
  // To the last character of the text that is no blank, over lines that are indented deeper than
  // `parent`.
  void take_plain(std::ptrdiff_t parent, bool is_key) {
    if (!may_begin_plain()) {
      refuse(std::string("a value that begins with ") + peek() + "; quote it");
    }
    std::size_t end = at_, end_line = line_;
    while (true) {
      while (!is_break() && !is_plain_end() && !is_comment_here()) {
        if (!is_blank(peek())) end = at_ + 1, end_line = line_;
        ++at_;
      }
      if (is_key || !is_break() || is_at_end()) break;
      while (!is_at_end() && is_break()) {
        take_break();
        skip_blanks();
      }
      const bool goes_on = !is_at_end() && !is_any_marker() && peek() != '#' &&
                           (flow_ > 0 || static_cast<std::ptrdiff_t>(column()) > parent);
      if (!goes_on || is_plain_end()) break;
    }
    at_ = end;
    line_ = end_line;
  }

  void scan_block_scalar(std::ptrdiff_t parent, const Properties& properties) {
    const std::size_t from = at_++;
    std::ptrdiff_t indent = -1;
    bool keeps_all = false;
    for (int i = 0; i < 2 && !is_break(); ++i) {
      if (peek() >= '1' && peek() <= '9') {
        indent = std::max<std::ptrdiff_t>(parent, 0) + (peek() - '0');
        ++at_;
      } else if (peek() == '+' || peek() == '-') {
        keeps_all = peek() == '+';
        ++at_;
      }
    }
    if (!skip_rest()) refuse("something after | or >");
    std::size_t end = at_;
    take_break();
    while (!is_at_end()) {
      while (!is_at_end() && peek() == ' ') ++at_;
      const auto here = static_cast<std::ptrdiff_t>(column());
      const bool is_blank_line = is_break();
      if (!is_blank_line) {
        if (indent < 0 && here > parent) indent = here;
        if (indent < 0 || here < indent || (here == 0 && is_any_marker())) {
          at_ = line_;
          break;
        }
        while (!is_break()) ++at_;
      }
      if (!is_blank_line || keeps_all) end = at_;
      if (is_at_end()) break;
      take_break();
      if (!is_blank_line || keeps_all) end = at_;
    }
    tree_.nodes[add(Kind::scalar, Style::block, from, end, properties)].is_one_line = false;
  }

  // ---- Flow style ----

  void skip_in_flow() {
    while (!is_at_end() && skip_rest()) {
      if (is_at_end()) break;
      take_break();
      if (is_any_marker()) refuse("the end of a document within brackets");
    }
    if (is_at_end()) refuse("a bracket that is never closed");
  }
  void scan_flow(const Properties& properties) {
    const bool is_map = peek() == '{';
    const std::uint32_t index = open(is_map ? Kind::map : Kind::list, Style::flow, properties);
    ++flow_;
    ++at_;
    skip_in_flow();
    while (peek() != (is_map ? '}' : ']')) {
      if (peek() == ',') refuse("nothing between two commas");
      if (peek() == '?' && is_space_at(1)) refuse("a complex key (\"? \"); none is supported");
      if (is_map) {
        scan_flow_key();
      } else {
        scan_flow_value();
        skip_in_flow();
        if (peek() == ':') refuse("a pair in a list in brackets; none is supported");
      }
      skip_in_flow();
      if (peek() == ',') {
        ++at_;
        skip_in_flow();
      } else if (peek() != (is_map ? '}' : ']')) {
        refuse("no comma between two values in brackets");
      }
    }
    ++at_;
    --flow_;
    close(index, at_);
    if (flow_ > 0 || is_at_end()) return;
    const std::size_t from = at_;
    skip_blanks();
    if (peek() == ':' && is_space_at(1)) refuse("brackets as a key; none is supported");
    at_ = from;
  }
  void scan_flow_value() {
    const Properties properties = take_properties();
    if (properties.any()) skip_in_flow();
    if (peek() == ',' || peek() == ']' || peek() == '}') return add_null(at_, properties);
    scan_value(-1, properties);
  }
  void scan_flow_key() {
    if (peek() == '*') refuse("an alias as a key; none is supported");
    if (take_properties().any()) refuse("an anchor or tag of a key; none is supported");
    const bool is_quoted = peek() == '"' || peek() == '\'';
    if (!is_quoted && !may_begin_plain()) refuse("a key that is no text");
    scan_scalar(0, {}, true);
    tree_.nodes.back().is_key = true;
    skip_in_flow();
    if (peek() != ':') return add_null(at_);
    if (!is_quoted && !is_space_at(1) && !is_flow_mark(peek(1))) refuse("no space after a colon");
    ++at_;
    const std::size_t here = at_;
    skip_in_flow();
    if (peek() == ',' || peek() == '}') return add_null(here);
    scan_flow_value();
  }

  int flow_ = 0;                 // Brackets that are open.
  bool is_in_map_ = false;       // Of the value that comes next.
  std::size_t value_place_ = 0;  // Behind the colon or dash read last.
  std::size_t last_property_ = 0;
  std::size_t first_anchor_ = 0;  // Of this document.
  std::uint64_t unfolded_ = 0;    // Values so far, with aliases unfolded.
  std::vector<std::uint32_t> open_;
  std::vector<std::uint64_t> before_;  // unfolded_ before each of open_.
  YamlTree tree_;
};

base::Error at_line(std::string_view text, std::size_t at, const std::string& why) {
  return {base::ErrorCode::invalid, std::to_string(line_of(text, at)) + ": " + why};
}

// Control characters, bad UTF-8 and single carriage returns: no parser agrees with another on them.
std::optional<std::size_t> strange_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')) return i;
    if (byte == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return i;
    if (byte < 0x80) continue;
    const std::size_t length = base::utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length - 1;
  }
  return std::nullopt;
}

}  // namespace

base::Result<YamlTree> scan_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return at_line(text, 0, "larger than 1 MB");
  if (const auto at = strange_byte(text)) {
    return at_line(text, *at, "a control character, a single carriage return or bad UTF-8");
  }
  try {
    return Scanner(text).scan();
  } catch (const YamlCursor::Refused& refused) {
    return at_line(text, refused.at, refused.why);
  }
}

std::vector<std::uint32_t> children(const YamlTree& tree, std::uint32_t node) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t at = node + 1; at < tree.nodes[node].next; at = tree.nodes[at].next) {
    found.push_back(at);
  }
  return found;
}

std::string_view raw(std::string_view text, const YamlNode& node) {
  return text.substr(node.begin, node.end - node.begin);
}

std::string value_of(std::string_view text, const YamlNode& node) {
  const std::string_view bytes = raw(text, node);
  if (node.kind == Kind::scalar && node.is_one_line) {
    if (node.style == Style::single_quoted) return unquote_single(bytes);
    if (node.style == Style::double_quoted) return unquote_double(bytes);
  }
  return std::string(bytes);
}

std::size_t line_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

}  // namespace gitops
