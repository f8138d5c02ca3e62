#include "github/pull_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

Error misshapen(const char* what) {
  return {ErrorCode::invalid, std::string("read ") + what + ": not of GitHub's shape"};
}

base::Result<Pull> to_pull(const json& object) {
  Pull pull;
  pull.number = base::get_int(object, "number");
  pull.state = base::get_string(object, "state");
  const json& head = base::get_object(object, "head");
  pull.head_branch = base::get_string(head, "ref");
  pull.head = base::get_string(head, "sha");
  if (pull.number <= 0 || pull.state.empty() || pull.head.empty()) return misshapen("a pull request");
  pull.head_owner = base::get_string(base::get_object(head, "user"), "login");
  pull.base_branch = base::get_string(base::get_object(object, "base"), "ref");
  pull.title = base::get_string(object, "title");
  pull.body = base::get_string(object, "body");
  pull.author = base::get_string(base::get_object(object, "user"), "login");
  pull.url = base::get_string(object, "html_url");
  // Lists have no "merged"; while it is open, "merge_commit_sha" is a trial merge's.
  pull.merged = !base::get_string(object, "merged_at").empty();
  if (pull.merged) pull.merge_commit = base::get_string(object, "merge_commit_sha");
  return pull;
}

CheckState state_of_run(const json& run) {
  if (base::get_string(run, "status") != "completed") return CheckState::pending;
  const std::string conclusion = base::get_string(run, "conclusion");
  const bool is_green =
      conclusion == "success" || conclusion == "neutral" || conclusion == "skipped";
  return is_green ? CheckState::green : CheckState::red;
}

CheckState state_of_status(const json& status) {
  const std::string state = base::get_string(status, "state");
  if (state == "pending") return CheckState::pending;
  return state == "success" ? CheckState::green : CheckState::red;
}

base::Result<CheckPage> read_checks(std::string_view text, const char* list, const char* name,
                                    CheckState (*state_of)(const json&)) {
  const auto object = base::parse_json(text);
  if (!object) return object.error();
  if (!object->is_object() || !object->contains(list)) return misshapen("checks");
  CheckPage page;
  for (const auto& one : base::get_array(*object, list)) {
    page.checks.push_back({base::get_string(one, name), state_of(one)});
    if (page.checks.back().name.empty()) return misshapen("a check");
  }
  page.entries = page.checks.size();
  return page;
}

}  // namespace

std::string encode(const NewPull& pull) {
  return base::dump_json(
      json{{"title", pull.title}, {"body", pull.body}, {"head", pull.head}, {"base", pull.base}});
}

std::string encode_squash(const std::string& head, const std::string& title) {
  return base::dump_json(json{{"sha", head}, {"merge_method", "squash"}, {"commit_title", title}});
}

base::Result<Pull> decode_pull(std::string_view text) {
  const auto object = base::parse_json(text);
  if (!object) return object.error();
  return to_pull(*object);
}

base::Result<std::vector<Pull>> decode_pulls(std::string_view text) {
  const auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return misshapen("a list of pull requests");
  std::vector<Pull> pulls;
  for (const auto& object : *array) {
    auto pull = to_pull(object);
    if (!pull) return pull.error();
    pulls.push_back(*std::move(pull));
  }
  return pulls;
}

base::Result<std::string> decode_merge(std::string_view text) {
  const auto object = base::parse_json(text);
  if (!object) return object.error();
  const std::string sha = base::get_string(*object, "sha");
  if (sha.empty() || !base::get_bool(*object, "merged")) return misshapen("a merge");
  return sha;
}

base::Result<CheckPage> decode_statuses(std::string_view text) {
  return read_checks(text, "statuses", "context", state_of_status);
}

base::Result<CheckPage> decode_check_runs(std::string_view text) {
  return read_checks(text, "check_runs", "name", state_of_run);
}

base::Result<std::vector<std::string>> decode_required(std::string_view text) {
  const auto object = base::parse_json(text);
  if (!object) return object.error();
  const json& protection = base::get_object(*object, "protection");
  const json& checks = base::get_object(protection, "required_status_checks");
  std::vector<std::string> names;
  for (const auto& name : base::get_array(checks, "contexts")) {
    if (!name.is_string()) return misshapen("a branch");
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace github
