#include "gitops/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/text.h"

namespace gitops {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | ((code >> 18) & 0x07));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// One escape after its backslash; how many characters of `rest` it took.
std::size_t append_escape(std::string& out, std::string_view rest) {
  constexpr std::string_view kNames = "0abt\tnvfre \"/\\N_LP";
  constexpr std::array<std::uint32_t, 18> kCodes = {
      0, 7, 8, 9, 9, 10, 11, 12, 13, 0x1B, ' ', '"', '/', '\\', 0x85, 0xA0, 0x2028, 0x2029};
  const std::size_t digits = rest[0] == 'x' ? 2 : rest[0] == 'u' ? 4 : rest[0] == 'U' ? 8 : 0;
  if (digits > 0) {
    std::uint32_t code = 0;
    const std::string_view hex = rest.substr(1, digits);
    std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    append_utf8(out, code);
    return 1 + hex.size();
  }
  const std::size_t at = kNames.find(rest[0]);
  if (at != std::string_view::npos) append_utf8(out, kCodes[at]);
  return 1;
}

bool is_number_like(std::string_view word) {
  const std::size_t sign = !word.empty() && (word[0] == '-' || word[0] == '+') ? 1 : 0;
  word.remove_prefix(sign);
  if (word == ".inf" || word == ".nan") return true;
  if (word.empty()) return false;
  const bool begins = (word[0] >= '0' && word[0] <= '9') ||
                      (word[0] == '.' && word.size() > 1 && word[1] >= '0' && word[1] <= '9');
  if (!begins) return false;
  // Numbers of every base, with exponents and "_"; "1:30" to 60; dates and times.
  const bool is_hex = word.starts_with("0x");
  return std::all_of(word.begin(), word.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (is_hex && c >= 'a' && c <= 'f') ||
           std::string_view(".e+-_:xotzb ").find(c) != std::string_view::npos;
  });
}

bool needs_quotes(std::string_view value, bool in_flow) {
  // A change sets a value; it never says "nothing".
  if (is_null_word(value) || base::trim(value) != value) return true;
  if (std::string_view(",[]{}#&*!|>'\"%@`").find(value[0]) != std::string_view::npos) return true;
  const bool is_mark = value[0] == '-' || value[0] == '?' || value[0] == ':' || value[0] == '=';
  if (is_mark && (value.size() == 1 || value[1] == ' ' || in_flow)) return true;
  if (value.starts_with("---") || value.starts_with("...") || value == "<<") return true;
  if (value.find(": ") != value.npos || value.ends_with(':') || value.find(" #") != value.npos) {
    return true;
  }
  return in_flow && value.find_first_of(",[]{}:") != value.npos;
}

}  // namespace

bool is_null_word(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

bool is_more_than_text(std::string_view plain) {
  constexpr std::array<std::string_view, 8> kWords = {"true", "false", "yes", "no",
                                                      "on",   "off",   "y",   "n"};
  const std::string word = lower(plain);
  return is_null_word(plain) || is_number_like(word) ||
         std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string unquote_single(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 1; i + 1 < bytes.size(); ++i) {
    out += bytes[i];
    if (bytes[i] == '\'') ++i;
  }
  return out;
}

std::string unquote_double(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 1; i + 1 < bytes.size(); ++i) {
    if (bytes[i] == '\\' && i + 2 < bytes.size()) {
      i += append_escape(out, bytes.substr(i + 1, bytes.size() - i - 2));
    } else {
      out += bytes[i];
    }
  }
  return out;
}

std::string write_double_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string write_plain(const std::string& text, bool in_flow) {
  return needs_quotes(text, in_flow) ? write_double_quoted(text) : text;
}

std::string write_scalar(const std::string& value, const YamlNode& old, std::string_view old_bytes,
                         bool in_flow) {
  if (old.style == YamlNode::Style::double_quoted) return write_double_quoted(value);
  if (old.style == YamlNode::Style::single_quoted) {
    std::string out = "'";
    for (const char c : value) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
  }
  const bool was_text = old.kind == YamlNode::Kind::scalar && !is_more_than_text(old_bytes);
  if (was_text && is_more_than_text(value)) return write_double_quoted(value);
  return write_plain(value, in_flow);
}

}  // namespace gitops
