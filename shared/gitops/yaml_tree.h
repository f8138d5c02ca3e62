// YAML text as a tree of spans: which bytes each value has. Pure, linear in time, and within limits
// that no file can leave: bytes, depth, nodes, and what its aliases would unfold to. yaml-cpp tells
// no ends of values, takes 0.1 s for 1 MB, and its marks of values with an anchor and of empty ones
// point elsewhere; therefore a scanner of our own. It takes block and flow style, all scalars,
// comments, several documents, anchors and aliases, tags; it refuses what configuration files do
// not hold: complex keys ("? "), directives, pairs in lists in brackets. What it says of a file is
// compared with yaml-cpp by second_opinion().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gitops {

inline constexpr std::size_t kYamlBytesMax = 1U << 20U;
inline constexpr std::size_t kYamlDepthMax = 64;
inline constexpr std::size_t kYamlNodesMax = 100'000;  // Also with every alias unfolded.

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map, alias };
  enum class Style : std::uint8_t { plain, single_quoted, double_quoted, block, flow };

  Kind kind = Kind::null;
  Style style = Style::plain;  // flow: of a list or map in brackets.
  bool is_key = false;
  bool is_one_line = true;  // Of a scalar.
  bool has_tag = false;
  std::uint8_t depth = 0;
  std::int32_t anchor = -1;  // Its own, or the alias's; an index into YamlTree::anchors.
  std::uint32_t begin = 0;   // Bytes of the text, without anchor and tag, with quotes. Of an empty
  std::uint32_t end = 0;     // value: where it would stand.
  std::uint32_t column = 0;  // Of a map or list in block style: that of its keys or dashes.
  std::uint32_t parent = 0;  // A root's: itself.
  std::uint32_t next = 0;    // The first node after it and all below it.
};

struct YamlAnchor {
  std::string name;
  std::uint32_t node = 0;
  bool is_used = false;  // By an alias.
  std::uint64_t unfolded = 0;
};

// Nodes in the order of the text, each before those below it; keys and values of a map in turns.
struct YamlTree {
  std::vector<YamlNode> nodes;
  std::vector<std::uint32_t> documents;  // Their roots.
  std::vector<YamlAnchor> anchors;
};

// Errors: invalid; the message begins with the line, from 1.
[[nodiscard]] base::Result<YamlTree> scan_yaml(std::string_view text);

// The nodes right below `node` of a list or map.
[[nodiscard]] std::vector<std::uint32_t> children(const YamlTree& tree, std::uint32_t node);
[[nodiscard]] std::string_view raw(std::string_view text, const YamlNode& node);
// Of a scalar on one line; quotes and escapes undone. Any other: its bytes.
[[nodiscard]] std::string value_of(std::string_view text, const YamlNode& node);
[[nodiscard]] std::size_t line_of(std::string_view text, std::size_t at);  // From 1.

}  // namespace gitops
