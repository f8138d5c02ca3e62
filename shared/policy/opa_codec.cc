#include "policy/opa_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace policy {
namespace {

using nlohmann::json;

constexpr std::size_t kReasonMax = 300;  // Bytes.

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json facts_json(const Facts& facts) {
  using namespace std::chrono_literals;
  const auto now = facts.now.wall;
  json out = {{"mode", config::to_string(facts.mode)},
              {"stateful", facts.is_stateful},
              {"services", facts.services},
              {"red_services", facts.red_services},
              {"service_actions_hour", actions_within(facts.service_actions, 1h, now)},
              {"service_actions_day", actions_within(facts.service_actions, 24h, now)},
              {"all_actions_hour", actions_within(facts.all_actions, 1h, now)},
              {"all_actions_day", actions_within(facts.all_actions, 24h, now)},
              {"own_restarts", facts.own_restarts},
              {"without_cure", facts.fruitless},
              {"containers_touched_hour", facts.touched + (facts.target_touched ? 1 : 0)},
              {"flap_percent", facts.flap.percent},
              {"open_pull_requests", facts.open_pull_requests},
              {"pull_requests_day", facts.pull_requests_today},
              {"host_cpu_percent", or_null(facts.host_cpu_percent)},
              {"host_memory_percent", or_null(facts.host_memory_percent)}};
  out["deployed_ms_ago"] = facts.deployed ? json((now - *facts.deployed).count()) : json(nullptr);
  return out;
}

Opinion deny(std::string reason) { return {false, std::move(reason)}; }

}  // namespace

std::string encode(const Question& question) {
  const auto& choice = question.choice;
  const json input = {{"now", base::format_utc(question.facts.now.wall)},
                      {"incident",
                       {{"number", question.incident},
                        {"service", question.service},
                        {"failure", question.failure},
                        {"severity", question.severity},
                        {"confidence", question.confidence}}},
                      {"plan",
                       {{"hash", question.plan},
                        {"asked_by", question.asked_by},
                        {"approved_by", question.approved_by}}},
                      {"action",
                       {{"name", incident::to_string(choice.action)},
                        {"service", choice.service},
                        {"container", choice.container},
                        {"tier", tier_of(choice.action, question.facts)},
                        {"risk", choice.risk},
                        {"runbook", choice.runbook}}},
                      {"facts", facts_json(question.facts)}};
  return base::dump_json({{"input", input}});
}

Opinion decode_opinion(int status, std::string_view body) {
  if (status != 200)
    return deny("the policy server answered with status " + std::to_string(status));
  const auto answer = base::parse_json(body);
  if (!answer) return deny("the policy server's answer is no JSON");
  const auto result = answer->is_object() ? answer->find("result") : answer->end();
  if (result == answer->end()) return deny("the policy server's answer has no result");
  if (result->is_boolean())
    return result->get<bool>() ? Opinion{true, ""} : deny("the policy server says no");
  const auto allow = result->is_object() ? result->find("allow") : result->end();
  if (!result->is_object() || allow == result->end() || !allow->is_boolean())
    return deny("the policy server's result is neither true, false nor {\"allow\", \"reason\"}");
  if (allow->get<bool>()) return {true, ""};
  std::string said = base::clean_text(base::get_string(*result, "reason"));
  std::replace(said.begin(), said.end(), '\n', ' ');
  said = base::cut_utf8(said, kReasonMax);
  return deny("the policy server says no" + (said.empty() ? "" : ": " + said));
}

}  // namespace policy
