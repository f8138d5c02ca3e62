#include "gitops/yaml_record.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include "base/ensure.h"
#include "base/text.h"

namespace gitops {

struct YamlRecord::State {
  std::string comment;
  YAML::Emitter out;
};

YamlRecord::YamlRecord(std::string_view comment) : state_(std::make_unique<State>()) {
  state_->comment = "# " + std::string(comment) + "\n";
  state_->out << YAML::BeginMap;
}
YamlRecord::~YamlRecord() = default;

void YamlRecord::text(std::string_view name, std::string_view value) {
  state_->out << YAML::Key << std::string(name) << YAML::Value << YAML::DoubleQuoted
              << base::clean_text(value);
}
void YamlRecord::number(std::string_view name, int value) {
  state_->out << YAML::Key << std::string(name) << YAML::Value << value;
}
void YamlRecord::begin_map(std::string_view name) {
  state_->out << YAML::Key << std::string(name) << YAML::Value << YAML::BeginMap;
}
void YamlRecord::end_map() { state_->out << YAML::EndMap; }
void YamlRecord::begin_list(std::string_view name) {
  state_->out << YAML::Key << std::string(name) << YAML::Value << YAML::BeginSeq;
}
void YamlRecord::end_list() { state_->out << YAML::EndSeq; }
void YamlRecord::begin_item() { state_->out << YAML::BeginMap; }
void YamlRecord::end_item() { state_->out << YAML::EndMap; }

std::string YamlRecord::finish() {
  state_->out << YAML::EndMap;
  base::ensure(state_->out.good(), "a record's fields were not begun and ended in pairs");
  return state_->comment + state_->out.c_str() + "\n";
}

}  // namespace gitops
