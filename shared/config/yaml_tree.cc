#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <stdexcept>

namespace config {
namespace {

// Leaves yaml-cpp's parser from within an event; caught in parse_yaml.
struct Refused : std::runtime_error {
  Refused(int where, const std::string& why) : std::runtime_error(why), line(where) {}
  int line;
};

int line_of(const YAML::Mark& mark) { return mark.line < 0 ? 1 : mark.line + 1; }

// Builds the tree from the parser's events. Invariant: open_ holds the lists and maps not yet
// ended, outermost first, each by value; an ended one moves into its parent.
class TreeBuilder final : public YAML::EventHandler {
 public:
  [[nodiscard]] YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused(line_of(mark), "only one document (\"---\") is accepted");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(YamlNode::Kind::null, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused(line_of(mark), "aliases (*name) are not accepted; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    YamlNode node = make(YamlNode::Kind::scalar, mark);
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > kYamlNodesMax) {
      throw Refused(line_of(mark), "more than " + std::to_string(kYamlNodesMax) + " values");
    }
    YamlNode node;
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }
  void open(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (open_.size() >= static_cast<std::size_t>(kYamlDepthMax)) {
      throw Refused(line_of(mark),
                    "nested deeper than " + std::to_string(kYamlDepthMax) + " levels");
    }
    open_.push_back(make(kind, mark));
  }
  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }
  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    YamlNode& parent = open_.back();
    if (parent.kind == YamlNode::Kind::map && parent.keys.size() == parent.items.size()) {
      if (node.kind != YamlNode::Kind::scalar) {
        throw Refused(node.line, "a field's name must be plain text");
      }
      parent.keys.push_back({std::move(node.text), node.line});
      return;
    }
    // The parser notices an absent value only on the line after it.
    if (node.kind == YamlNode::Kind::null && !parent.keys.empty()) {
      node.line = parent.keys.back().line;
    }
    parent.items.push_back(std::move(node));
  }

  YamlNode root_;
  std::vector<YamlNode> open_;
  int nodes_ = 0;
  int documents_ = 0;
};

base::Error syntax_error(int line, const std::string& why) {
  return {base::ErrorCode::invalid, std::to_string(line) + ": " + why};
}

}  // namespace

base::Result<YamlNode> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return syntax_error(1, "larger than 1 MB");
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    return syntax_error(1, "holds a zero byte; this is no YAML text");
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (const Refused& refused) {
    return syntax_error(refused.line, refused.what());
  } catch (const YAML::Exception& error) {
    return syntax_error(line_of(error.mark), "not valid YAML: " + error.msg);
  } catch (const std::exception& error) {
    return syntax_error(1, std::string("not valid YAML: ") + error.what());
  }
}

}  // namespace config
