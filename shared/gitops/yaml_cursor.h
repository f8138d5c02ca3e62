// A place in YAML text, and how to go on from there: blanks, comments, line ends. Pure; of the
// scanner alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitops {

// Invariant: line_ is where the line of at_ begins. The text outlives it.
class YamlCursor {
 public:
  // Leaves the scanner from within; caught in scan_yaml.
  struct Refused {
    std::size_t at;
    std::string why;
  };

 protected:
  explicit YamlCursor(std::string_view text) : text_(text) {}

  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  static bool is_flow_mark(char c) {
    return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
  }

  [[nodiscard]] bool is_at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }
  [[nodiscard]] std::size_t column() const { return at_ - line_; }
  [[nodiscard]] bool is_break() const {
    return is_at_end() || peek() == '\n' || (peek() == '\r' && peek(1) == '\n');
  }
  [[nodiscard]] bool is_space_at(std::size_t ahead) const {
    const char c = peek(ahead);
    return is_blank(c) || c == '\n' || c == '\r';
  }
  [[nodiscard]] bool is_comment_here() const {
    return peek() == '#' && (at_ == line_ || is_blank(text_[at_ - 1]));
  }
  [[noreturn]] void refuse(const std::string& why) const { throw Refused{at_, why}; }

  void take_break() {
    if (is_at_end()) return;
    at_ += peek() == '\r' ? 2 : 1;
    line_ = at_;
  }
  void skip_blanks() {
    while (!is_at_end() && is_blank(peek())) ++at_;
  }
  // Blanks and a comment up to the end of the line; whether the line ended there.
  bool skip_rest() {
    skip_blanks();
    if (!is_at_end() && is_comment_here()) {
      while (!is_break()) ++at_;
    }
    return is_break();
  }
  // To the first character of the next line that holds any, whose indentation may hold no tab.
  void skip_to_content() {
    while (!is_at_end()) {
      if (!skip_rest()) break;
      take_break();
    }
    if (is_at_end()) return;
    if (text_.substr(line_, column()).find('\t') != std::string_view::npos &&
        text_.substr(line_, column()).find_first_not_of(" \t") == std::string_view::npos) {
      refuse("a tab in the indentation");
    }
  }
  void end_of_line() {
    if (skip_rest()) return;
    if (peek() == ':' && is_space_at(1)) refuse("\": \" where no map can begin; quote the text");
    if (peek() == '#') refuse("a comment needs a space before it");
    refuse("something after the end of a value");
  }
  [[nodiscard]] bool is_marker(std::string_view marker) const {
    return column() == 0 && text_.substr(at_, 3) == marker && is_space_at(3);
  }
  [[nodiscard]] bool is_any_marker() const { return is_marker("---") || is_marker("..."); }
  void take_marker_end() {
    at_ += 3;
    end_of_line();
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
};

}  // namespace gitops
