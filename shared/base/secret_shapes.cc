#include "base/secret_shapes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace base {
namespace {

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_upper_or_digit(char c) { return is_digit(c) || is_upper(c); }
bool is_alnum(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_word(char c) { return is_alnum(c) || c == '_'; }
bool is_token(char c) { return is_word(c) || c == '-'; }
bool is_secret_char(char c) { return is_token(c) || c == '.' || c == '~' || c == '+' || c == '/'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

template <class Is>
std::size_t run_end(std::string_view text, std::size_t at, Is is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

struct Prefixed {
  std::string_view start;
  std::size_t least;  // Characters after it.
  bool (*is)(char);
};
// The first ones are unlike anything else wherever they stand; the others begin a word.
constexpr std::size_t kAnywhere = 15;
constexpr std::array<Prefixed, 24> kPrefixed{{
    {"ghp_", 20, is_alnum},          {"gho_", 20, is_alnum},          {"ghu_", 20, is_alnum},
    {"ghs_", 20, is_token},          {"ghr_", 20, is_alnum},          {"github_pat_", 20, is_word},
    {"AKIA", 16, is_upper_or_digit}, {"ASIA", 16, is_upper_or_digit}, {"xoxb-", 10, is_token},
    {"xoxp-", 10, is_token},         {"xoxa-", 10, is_token},         {"xoxr-", 10, is_token},
    {"xoxs-", 10, is_token},         {"xapp-", 10, is_token},         {"glpat-", 16, is_token},
    {"npm_", 30, is_alnum},          {"sk_live_", 16, is_alnum},      {"rk_live_", 16, is_alnum},
    {"AIza", 30, is_token},          {"sk-", 32, is_token},           {"hf_", 30, is_alnum},
    {"dop_v1_", 40, is_alnum},       {"pypi-", 40, is_token},         {"SG.", 40, is_secret_char},
}};

void prefixed(std::string_view text, Ranges& found) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool candidate = c == 'g' || c == 'A' || c == 'x' || c == 'n' || c == 's' || c == 'r' ||
                           c == 'h' || c == 'd' || c == 'p' || c == 'S';
    if (!candidate) continue;
    const bool begins_word = at == 0 || !is_alnum(text[at - 1]);
    for (std::size_t i = 0; i < (begins_word ? kPrefixed.size() : kAnywhere); ++i) {
      const Prefixed& shape = kPrefixed[i];
      if (!text.substr(at).starts_with(shape.start)) continue;
      const std::size_t end = run_end(text, at + shape.start.size(), shape.is);
      if (end - at - shape.start.size() < shape.least) continue;
      found.emplace_back(at, end);
      at = end - 1;
      break;
    }
  }
}

// Three base64url parts; the first two begin an encoded `{"`.
void web_tokens(std::string_view text, Ranges& found) {
  for (std::size_t at = text.find("eyJ"); at != std::string_view::npos;) {
    std::size_t end = run_end(text, at, is_token);
    const bool header = end - at >= 10 && text.substr(end).starts_with(".eyJ");
    if (header) {
      end = run_end(text, end + 1, is_token);
      if (end < text.size() && text[end] == '.') end = run_end(text, end + 1, is_token);
      found.emplace_back(at, end);
    }
    at = text.find("eyJ", std::max(end, at + 3));
  }
}

void private_keys(std::string_view text, Ranges& found) {
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;) {
    const std::string_view head = text.substr(at, 80);
    const std::size_t named = head.find("PRIVATE KEY");
    if (named == std::string_view::npos) {
      at = text.find(kBegin, at + kBegin.size());
      continue;
    }
    const std::size_t last = text.find(kEnd, at);
    std::size_t end = text.size();  // Cut: all that is left of it.
    if (last != std::string_view::npos) {
      end = std::min(text.find("-----", last + kEnd.size()), text.size());
      end = std::min(end + 5, text.size());
    }
    found.emplace_back(at, end);
    at = text.find(kBegin, end);
  }
}

// scheme://user:password@host
void passwords_in_urls(std::string_view text, Ranges& found) {
  for (std::size_t at = text.find("://"); at != std::string_view::npos;
       at = text.find("://", at + 3)) {
    std::size_t colon = 0, last_at = 0;
    std::size_t i = at + 3;
    for (; i < text.size(); ++i) {
      const char c = text[i];
      if (static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '?' || c == '#' || c == '"' ||
          c == '<' || c == '>')
        break;
      if (c == ':' && colon == 0) colon = i;
      if (c == '@') last_at = i;
    }
    if (colon != 0 && last_at > colon + 1) found.emplace_back(colon + 1, last_at);
  }
}

bool ends_without_case(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  return std::equal(word.begin(), word.end(), text.end() - static_cast<std::ptrdiff_t>(word.size()),
                    [](char a, char b) { return a == lower(b); });
}

enum class Trust { none, any_value, looks_random };

// How much the name of a variable, field or header says about its value.
Trust named_so(std::string_view name) {
  static constexpr std::string_view kSure[] = {"password", "passwd",     "pwd",       "passphrase",
                                               "secret",   "secret_key", "secret-key"};
  static constexpr std::string_view kLikely[] = {
      "token",      "api_key",     "api-key",        "apikey",      "access_key",
      "access-key", "accesskey",   "auth_key",       "private_key", "private-key",
      "credential", "credentials", "encryption_key", "signing_key", "session_id",
      "sessionid",  "cookie",      "authorization",  "auth"};
  for (const auto word : kSure) {
    if (ends_without_case(name, word)) return Trust::any_value;
  }
  for (const auto word : kLikely) {
    if (ends_without_case(name, word)) return Trust::looks_random;
  }
  return Trust::none;
}

// A digit among at least eight characters, or many characters: no word of prose.
bool looks_random(std::string_view value) {
  const bool digit = std::any_of(value.begin(), value.end(), is_digit);
  return (value.size() >= 8 && digit) || value.size() >= 24;
}

// The end of the value at `at`: of what is quoted, or of the word.
std::size_t value_end(std::string_view text, std::size_t at) {
  const char quote = at > 0 && (text[at - 1] == '"' || text[at - 1] == '\'') ? text[at - 1] : '\0';
  return run_end(text, at, [quote](char c) {
    if (c == '\n' || c == '\r') return false;
    if (quote != '\0') return c != quote;
    return !is_space(c) && c != '"' && c != '\'' && c != ',' && c != ';' && c != '&' && c != '`' &&
           c != ')' && c != '}' && c != ']' && c != '<' && c != '|';
  });
}

// name=value, name: value, "name": "value"
void assignments(std::string_view text, Ranges& found) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=' && text[at] != ':') continue;
    std::size_t name_end = at;
    while (name_end > 0 && is_space(text[name_end - 1])) --name_end;
    if (name_end > 0 && (text[name_end - 1] == '"' || text[name_end - 1] == '\'')) --name_end;
    const std::size_t from = name_end > 40 ? name_end - 40 : 0;
    const Trust trust = named_so(text.substr(from, name_end - from));
    if (trust == Trust::none) continue;
    std::size_t value = run_end(text, at + 1, [](char c) { return is_space(c) || c == '='; });
    if (value < text.size() && (text[value] == '"' || text[value] == '\'')) ++value;
    const std::size_t end = value_end(text, value);
    const std::string_view held = text.substr(value, end - value);
    if (held.starts_with("[redacted")) continue;
    const bool hit = trust == Trust::any_value ? held.size() >= 3 : looks_random(held);
    if (!hit) continue;
    found.emplace_back(value, end);
    at = end - 1;  // What is inside of it is taken already: no place is read twice.
  }
}

// --password value, as command lines have it; --password=value is an assignment.
void flags(std::string_view text, Ranges& found) {
  for (std::size_t at = text.find("--"); at != std::string_view::npos;) {
    const std::size_t name_end = run_end(text, at, is_token);
    const std::size_t value = run_end(text, name_end, is_space);
    const Trust trust = named_so(text.substr(at, name_end - at));
    if (trust != Trust::none && value > name_end) {
      const std::size_t end = value_end(text, value);
      const std::string_view held = text.substr(value, end - value);
      const bool is_flag = held.starts_with("-") || held.starts_with("[redacted");
      if (!is_flag && (trust == Trust::any_value ? held.size() >= 3 : looks_random(held)))
        found.emplace_back(value, end);
    }
    at = text.find("--", std::max(name_end, at + 2));
  }
}

// "Bearer …", "Basic …", and whatever follows a scheme after "Authorization:".
void headers(std::string_view text, Ranges& found) {
  static constexpr std::string_view kSchemes[] = {"bearer", "basic", "token", "apikey"};
  for (std::size_t at = text.find(' '); at != std::string_view::npos; at = text.find(' ', at + 1)) {
    for (const auto scheme : kSchemes) {
      if (!ends_without_case(text.substr(0, at), scheme)) continue;
      const std::size_t begin = at - scheme.size();
      if (begin > 0 && is_word(text[begin - 1])) continue;
      const std::size_t value = run_end(text, at, is_space);
      const std::size_t end =
          run_end(text, value, [](char c) { return is_secret_char(c) || c == '=' || c == ':'; });
      const std::string_view held = text.substr(value, end - value);
      const bool encoded = held.size() >= 8 &&
                           (held.ends_with('=') ||
                            (scheme == "basic" && std::any_of(held.begin(), held.end(), is_upper)));
      if (!encoded && !looks_random(held)) continue;
      found.emplace_back(value, end);
      at = end - 1;
      break;
    }
  }
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> secret_shapes(std::string_view text) {
  Ranges found;
  prefixed(text, found);
  web_tokens(text, found);
  private_keys(text, found);
  passwords_in_urls(text, found);
  assignments(text, found);
  flags(text, found);
  headers(text, found);
  return found;
}

}  // namespace base
