#include "gitops/yaml_opinion.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <stdexcept>

namespace gitops {
namespace {

using Kind = YamlNode::Kind;

struct Differs : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Goes along the tree while yaml-cpp reports nodes. Aliases are never followed.
class Comparison final : public YAML::EventHandler {
 public:
  Comparison(std::string_view text, const YamlTree& tree) : text_(text), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {
    if (documents_ == tree_.documents.size() || tree_.documents[documents_++] != at_) differ();
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { take(Kind::null); }
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { take(Kind::alias); }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    const YamlNode& node = take(Kind::scalar);
    if (node.is_one_line && value_of(text_, node) != value) differ();
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Kind::list);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(Kind::map);
  }
  void OnMapEnd() override { --depth_; }

  void finish() {
    if (at_ != tree_.nodes.size()) differ();
  }

 private:
  const YamlNode& take(Kind kind) {
    if (at_ == tree_.nodes.size()) differ();
    const YamlNode& node = tree_.nodes[at_];
    if (node.kind != kind || node.depth != depth_) differ();
    ++at_;
    return node;
  }
  void open(Kind kind) {
    take(kind);
    ++depth_;
  }
  [[noreturn]] void differ() const {
    const std::size_t byte = at_ < tree_.nodes.size() ? tree_.nodes[at_].begin : text_.size();
    throw Differs(std::to_string(line_of(text_, byte)) +
                  ": two readers of YAML see different values");
  }

  const std::string_view text_;
  const YamlTree& tree_;
  std::size_t at_ = 0;
  std::size_t documents_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

base::Status second_opinion(std::string_view text, const YamlTree& tree) {
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Comparison comparison(text, tree);
    while (parser.HandleNextDocument(comparison)) {
    }
    comparison.finish();
    return {};
  } catch (const YAML::Exception& error) {
    return base::Error{base::ErrorCode::invalid, std::to_string(error.mark.line + 1) +
                                                     ": yaml-cpp does not read it: " + error.msg};
  } catch (const std::exception& error) {
    return base::Error{base::ErrorCode::invalid, error.what()};
  }
}

}  // namespace gitops
