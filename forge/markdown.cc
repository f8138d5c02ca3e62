#include "forge/markdown.h"

#include <md4c-html.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace forge {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::size_t count_run(std::string_view text, std::size_t from) {
  std::size_t length = 0;
  while (from + length < text.size() && text[from + length] == text[from]) ++length;
  return length;
}

// The fence a line opens or closes: its character and length, or length 0.
struct Fence {
  char mark = 0;
  std::size_t length = 0;
};
Fence fence_of(std::string_view line) {
  const std::size_t start = line.find_first_not_of(' ');
  if (start == kNone || start > 3 || (line[start] != '`' && line[start] != '~')) return {};
  const std::size_t length = count_run(line, start);
  if (length < 3) return {};
  return {line[start], length};
}

// Walks the text once, copying all but comments.
class CommentStripper {
 public:
  explicit CommentStripper(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      const bool at_line_start = at_ == 0 || text_[at_ - 1] == '\n';
      if (at_line_start && copy_fence_line()) continue;
      if (open_.length > 0) {
        copy(line_length());
      } else if (text_[at_] == '`') {
        copy_code_span();
      } else if (text_.substr(at_).starts_with("<!--")) {
        skip_comment();
      } else {
        copy(1);
      }
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::size_t line_length() const {
    const std::size_t end = text_.find('\n', at_);
    return (end == kNone ? text_.size() : end + 1) - at_;
  }
  void copy(std::size_t length) {
    result_ += text_.substr(at_, length);
    at_ += length;
  }
  bool copy_fence_line() {
    const Fence fence = fence_of(text_.substr(at_, line_length()));
    if (fence.length == 0) return false;
    if (open_.length == 0) {
      open_ = fence;
    } else if (fence.mark == open_.mark && fence.length >= open_.length) {
      open_ = {};
    }
    copy(line_length());
    return true;
  }
  // A span ends at a run of as many backticks; without one they are plain text.
  void copy_code_span() {
    const std::size_t length = count_run(text_, at_);
    for (std::size_t i = at_ + length; i < text_.size();) {
      if (text_[i] != '`') {
        ++i;
        continue;
      }
      const std::size_t run = count_run(text_, i);
      i += run;
      if (run == length) return copy(i - at_);
    }
    copy(length);
  }
  void skip_comment() {
    const std::size_t end = text_.find("-->", at_ + 4);
    at_ = end == kNone ? text_.size() : end + 3;
  }

  std::string_view text_;
  std::string result_;
  std::size_t at_ = 0;
  Fence open_;
};

// A link may leave for the web or mail, or stay here; anything else (javascript:, data:) may not.
bool is_safe_link(std::string_view url) {
  const std::size_t colon = url.find_first_of(":/?#&");
  if (colon == kNone || url[colon] != ':') return colon == kNone || url[colon] != '&';
  const std::string scheme = base::to_lower_ascii(url.substr(0, colon));
  return scheme == "http" || scheme == "https" || scheme == "mailto";
}

// Goes over md4c's own output, in which every '<' starts a tag: replaces unsafe addresses and turns
// "#12" outside of links and code into a link.
class Finisher {
 public:
  Finisher(std::string_view html, std::string_view issues_path)
      : html_(html), issues_path_(issues_path) {}

  std::string run() {
    while (at_ < html_.size()) {
      if (html_[at_] == '<') {
        tag();
      } else if (html_[at_] == '#' && literal_depth_ == 0) {
        reference();
      } else {
        result_ += html_[at_++];
      }
    }
    return std::move(result_);
  }

 private:
  void tag() {
    const std::size_t end = std::min(html_.find('>', at_), html_.size() - 1);
    const std::string_view tag = html_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    if (tag.starts_with("<code") || tag.starts_with("<a ")) ++literal_depth_;
    if (tag == "</code>" || tag == "</a>") --literal_depth_;
    const std::string_view opening = "<a href=\"";
    if (tag.starts_with("<img ")) {
      picture(tag);
    } else if (tag.starts_with(opening) && !is_safe_link(attribute(tag, "href"))) {
      result_ += opening;
      result_ += '#';
      result_ += tag.substr(tag.find('"', opening.size()));
    } else {
      result_ += tag;
    }
  }

  // The attribute's value, still escaped; empty when it is not there.
  static std::string_view attribute(std::string_view tag, std::string_view name) {
    const std::string before = " " + std::string(name) + "=\"";
    const std::size_t found = tag.find(before);
    if (found == kNone) return {};
    const std::size_t from = found + before.size();
    return tag.substr(from, tag.find('"', from) - from);
  }

  // A picture from elsewhere would tell its site who reads this: it becomes a link.
  void picture(std::string_view tag) {
    const std::string_view source = attribute(tag, "src");
    const bool is_ours = source.starts_with('/') && !source.starts_with("//");
    const std::string_view name = attribute(tag, "alt").empty() ? source : attribute(tag, "alt");
    if (is_ours) {
      result_ += tag;
    } else if (literal_depth_ > 0 || !is_safe_link(source)) {
      result_ += name;
    } else {
      result_ += "<a href=\"" + std::string(source) + "\">" + std::string(name) + "</a>";
    }
  }

  void reference() {
    std::size_t end = at_ + 1;
    while (end < html_.size() && is_digit(html_[end])) ++end;
    const char before = at_ == 0 ? ' ' : html_[at_ - 1];
    const bool is_reference = end > at_ + 1 && end - at_ < 9 && !is_word(before) && before != '&' &&
                              (end == html_.size() || !is_word(html_[end]));
    const std::string text(html_.substr(at_, is_reference ? end - at_ : 1));
    at_ += text.size();
    if (!is_reference) {
      result_ += text;
      return;
    }
    result_ +=
        "<a href=\"" + escape_html(issues_path_) + "/" + text.substr(1) + "\">" + text + "</a>";
  }

  std::string_view html_;
  std::string_view issues_path_;
  std::string result_;
  std::size_t at_ = 0;
  int literal_depth_ = 0;
};

// Cleaned, but for U+200B: as on GitHub it keeps "#\u200B12" and "www.\u200Ba" from being links.
std::string clean_but_for_spaces(std::string_view text) {
  constexpr std::string_view kZeroWidthSpace = "\xE2\x80\x8B";
  std::string result;
  while (true) {
    const std::size_t at = text.find(kZeroWidthSpace);
    result += base::clean_text(text.substr(0, at));
    if (at == std::string_view::npos) return result;
    result += kZeroWidthSpace;
    text.remove_prefix(at + kZeroWidthSpace.size());
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string result;
  for (const char c : base::clean_text(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string strip_html_comments(std::string_view markdown) {
  return CommentStripper(markdown).run();
}

std::string render_markdown(std::string_view markdown, std::string_view issues_path) {
  const std::string text = clean_but_for_spaces(strip_html_comments(markdown));
  std::string html;
  const auto append = [](const MD_CHAR* part, MD_SIZE size, void* to) {
    static_cast<std::string*>(to)->append(part, size);
  };
  const unsigned flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
  if (md_html(text.data(), static_cast<MD_SIZE>(text.size()), append, &html, flags, 0) != 0) {
    return "<pre>" + escape_html(text) + "</pre>";  // Out of memory inside the renderer.
  }
  return Finisher(html, issues_path).run();
}

}  // namespace forge
