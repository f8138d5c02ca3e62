#include "agents/console/deploy_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agents/console/body_codec.h"
#include "agents/console/webhook_codec.h"
#include "base/json.h"
#include "base/text.h"

namespace console {
namespace {

using nlohmann::json;

std::string check_service(const json& body, const std::vector<std::string>& services) {
  if (auto fault = check_name(body, "service", true); !fault.empty()) return fault;
  const auto name = base::get_string(body, "service");
  if (std::find(services.begin(), services.end(), name) != services.end()) return "";
  const auto near = base::nearest_word(name, services);
  return "service is none of the configured ones" +
         (near.empty() ? "" : "; did you mean " + near + "?");
}

std::string check_status(const json& body) {
  const auto text = base::get_string(body, "status");
  const bool is_known = text == "started" || text == "succeeded" || text == "failed";
  return is_known ? "" : "status must be one of started, succeeded, failed";
}

// As git writes it: other names of a commit would not be found in the repository.
std::string check_commit(const json& body) {
  if (auto fault = check_name(body, "commit_sha", false); !fault.empty()) return fault;
  const auto text = base::get_string(body, "commit_sha");
  const bool is_sha = text.size() >= 7 && text.size() <= 40 &&
                      text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return text.empty() || is_sha ? "" : "commit_sha must be 7 to 40 lower-case hex digits";
}

}  // namespace

DeployVerdict judge_deploy(std::string_view body, const std::vector<std::string>& services) {
  if (body.size() > kWebhookBytesMax) return {413, "the body is larger than 1 MB"};
  if (base::trim(body).empty()) return {400, "the body is empty; JSON is expected"};
  const auto parsed = base::parse_json(body);
  if (!parsed) return {400, "the body is not JSON: " + base::clean_text(parsed.error().message)};
  if (!parsed->is_object()) return {422, "the body must be a JSON object"};
  for (const auto& fault : {check_service(*parsed, services), check_status(*parsed),
                            check_commit(*parsed), check_name(*parsed, "environment", false),
                            check_name(*parsed, "version", false), check_timestamp(*parsed)}) {
    if (!fault.empty()) return {422, fault};
  }
  return {};
}

std::string encode_accepted() { return base::dump_json({{"accepted", true}}); }

}  // namespace console
