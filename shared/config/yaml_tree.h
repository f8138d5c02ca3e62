// YAML text as a plain tree with line numbers, so that yaml-cpp stays in one translation unit and a
// hostile file stays harmless: size, depth and number of nodes are limited, aliases are refused (a
// short file can otherwise unfold into gigabytes). Pure: text in, tree out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace config {

inline constexpr std::size_t kYamlBytesMax = 1 << 20;
inline constexpr int kYamlDepthMax = 16;
inline constexpr int kYamlNodesMax = 50'000;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  struct Key {
    std::string text;
    int line = 0;
  };
  Kind kind = Kind::null;
  int line = 0;                 // Of its first character, from 1.
  std::string text;             // scalar only, unquoted.
  std::vector<Key> keys;        // map only; keys[i] belongs to items[i]. Duplicates are kept.
  std::vector<YamlNode> items;  // list and map.
};

// The one document in `text`; an empty text is a null node. Errors: invalid; the message starts
// with the line: "12: mapping values are not allowed here".
[[nodiscard]] base::Result<YamlNode> parse_yaml(std::string_view text);

}  // namespace config
