// Made-up secrets, and the ways in which a program may print one without meaning to.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace canaries {

// Unlike each other and anything else; with the characters that encodings treat differently.
inline std::string canary(int number) {
  static constexpr std::string_view kMiddles[] = {"",  "/", "+",  "&<", "\"",
                                                  " ", "%", "==", "_-", "\\"};
  const std::string random = base::sha256_hex("canary " + std::to_string(number));
  return "K" + random.substr(0, 9) + std::string(kMiddles[static_cast<std::size_t>(number) % 10]) +
         "Zq" + random.substr(9, 8);
}

inline std::string each_byte(std::string_view text, const char* format) {
  std::string out;
  for (const char c : text) {
    char piece[16];
    std::snprintf(piece, sizeof piece, format,
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += piece;
  }
  return out;
}

inline std::string url_safe(std::string text) {
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

inline std::string partly_percent(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain ? std::string(1, c) : each_byte(std::string_view(&c, 1), "%%%02x");
  }
  return out;
}

struct Encoding {
  const char* name;
  std::string (*encode)(const std::string& secret);
};
inline const std::vector<Encoding>& encodings() {
  static const std::vector<Encoding> all = {
      {"raw", [](const std::string& s) { return s; }},
      {"base64", [](const std::string& s) { return base::base64(s); }},
      {"base64 after one byte", [](const std::string& s) { return base::base64("x" + s + "y"); }},
      {"base64url after two bytes",
       [](const std::string& s) { return url_safe(base::base64("u:" + s)); }},
      {"hex", [](const std::string& s) { return each_byte(s, "%02x"); }},
      {"HEX", [](const std::string& s) { return each_byte(s, "%02X"); }},
      {"percent", [](const std::string& s) { return each_byte(s, "%%%02X"); }},
      {"JSON", [](const std::string& s) { return each_byte(s, "\\u%04x"); }},
      {"partly percent", partly_percent},
      {"HTML", [](const std::string& s) { return each_byte(s, "&#%u;"); }},
      {"C", [](const std::string& s) { return each_byte(s, "\\x%02x"); }},
      {"hex with colons", [](const std::string& s) { return each_byte(s, "%02x:"); }},
      {"base64 of base64",
       [](const std::string& s) { return base::base64(base::base64("a" + s)); }},
      {"percent of base64",
       [](const std::string& s) { return each_byte(base::base64(s), "%%%02x"); }},
      {"hex of base64", [](const std::string& s) { return each_byte(base::base64(s), "%02x"); }},
  };
  return all;
}

}  // namespace canaries
