// What yaml-cpp's own tree says of a file, as a list of places and values: the judge of our editor.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <vector>

namespace support {

// "0/services/api/image" to its value with its tag; a list's items by their number, aliases
// followed (for tests' own files only: nothing limits them).
class YamlLeaves {
 public:
  explicit YamlLeaves(const std::string& text) {
    const auto documents = YAML::LoadAll(text);
    for (std::size_t i = 0; i < documents.size(); ++i) walk(documents[i], std::to_string(i));
  }
  [[nodiscard]] const std::map<std::string, std::string>& all() const { return leaves_; }
  // The places whose values differ, or that only one of both has.
  [[nodiscard]] std::vector<std::string> differing(const YamlLeaves& other) const {
    std::vector<std::string> found;
    for (const auto& [place, value] : leaves_) {
      const auto at = other.leaves_.find(place);
      if (at == other.leaves_.end() || at->second != value) found.push_back(place);
    }
    for (const auto& [place, value] : other.leaves_) {
      if (!leaves_.contains(place)) found.push_back(place);
    }
    return found;
  }

 private:
  void walk(const YAML::Node& node, const std::string& place) {
    if (node.IsMap()) {
      leaves_[place] = "{}";
      int number = 0;
      for (const auto& entry : node) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "(none)";
        leaves_[place + "#" + std::to_string(number++)] = key;  // The order counts too.
        walk(entry.second, place + "/" + key);
      }
    } else if (node.IsSequence()) {
      leaves_[place] = "[]";
      for (std::size_t i = 0; i < node.size(); ++i) walk(node[i], place + "/" + std::to_string(i));
    } else {
      leaves_[place] = node.IsScalar() ? node.Scalar() : "(null)";
    }
  }

  std::map<std::string, std::string> leaves_;
};

}  // namespace support
