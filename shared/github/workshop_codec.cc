#include "github/workshop_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace github {
namespace {

using Json = nlohmann::json;

}  // namespace

std::string encode_dispatch(const std::string& ref,
                            const std::map<std::string, std::string>& inputs) {
  return base::dump_json({{"ref", ref}, {"inputs", inputs}});
}

std::string encode_assignee(const std::string& login) {
  return base::dump_json({{"assignees", Json::array({login})}});
}

std::string encode_status(const std::string& state, const std::string& context,
                          const std::string& description) {
  return base::dump_json({{"state", state}, {"context", context}, {"description", description}});
}

base::Result<std::vector<Run>> decode_runs(const std::string& body) {
  const auto json = base::parse_json(body);
  if (!json) return json.error();
  std::vector<Run> runs;
  for (const auto& one : base::get_array(*json, "workflow_runs"))
    runs.push_back({base::get_string(one, "html_url"), base::get_string(one, "display_title")});
  return runs;
}

}  // namespace github
