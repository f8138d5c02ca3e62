#include "agents/console/webhook_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agents/console/body_codec.h"
#include "base/json.h"
#include "base/text.h"

namespace console {
namespace {

using nlohmann::json;

std::string check_severity(const json& body) {
  const auto found = body.find("severity");
  if (found == body.end() || found->is_null()) return "";
  const std::string text = found->is_string() ? found->get<std::string>() : "";
  const bool is_known = text == "CRITICAL" || text == "WARNING" || text == "INFO";
  return is_known ? "" : "severity must be one of CRITICAL, WARNING, INFO";
}

std::string check_logs(const json& body) {
  const auto found = body.find("logs");
  if (found == body.end() || found->is_null() || found->is_string()) return "";
  const bool is_list =
      found->is_array() &&
      std::all_of(found->begin(), found->end(), [](const json& line) { return line.is_string(); });
  return is_list ? "" : "logs must be a string or a list of strings";
}

std::string find_fault(const json& body) {
  if (!body.is_object()) return "the body must be a JSON object";
  for (const auto& fault :
       {check_name(body, "incident_id", true), check_name(body, "alert_type", true),
        check_name(body, "container_name", false), check_severity(body), check_logs(body),
        check_timestamp(body)}) {
    if (!fault.empty()) return fault;
  }
  for (const auto& [key, member] : body.items()) {
    if (has_controls(key) || !is_clean(member)) {
      return base::clean_text(base::cut_utf8(key, 64)) + " contains control characters";
    }
  }
  return "";
}

}  // namespace

WebhookVerdict judge_webhook(std::string_view body) {
  if (body.size() > kWebhookBytesMax) return {413, "the body is larger than 1 MB", ""};
  if (base::trim(body).empty()) return {400, "the body is empty; JSON is expected", ""};
  const auto parsed = base::parse_json(body);
  if (!parsed)
    return {400, "the body is not JSON: " + base::clean_text(parsed.error().message), ""};
  if (auto fault = find_fault(*parsed); !fault.empty()) return {422, std::move(fault), ""};
  return {200, "", base::get_string(*parsed, "incident_id")};
}

bool is_delivery_id(std::string_view text) {
  return !text.empty() && text.size() <= kDeliveryIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string encode_received(std::string_view incident_id) {
  return base::dump_json({{"status", "RECEIVED"},
                          {"incident_id", incident_id},
                          {"analysis", nullptr},
                          {"error", nullptr}});
}

std::string encode_status(std::string_view status) { return base::dump_json({{"status", status}}); }

std::string encode_error(std::string_view message) { return base::dump_json({{"error", message}}); }

}  // namespace console
