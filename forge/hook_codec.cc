#include "forge/hook_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "http/url.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 15> kHookEvents = {"*",
                                                          "check_run",
                                                          "create",
                                                          "delete",
                                                          "issue_comment",
                                                          "issues",
                                                          "label",
                                                          "milestone",
                                                          "push",
                                                          "pull_request",
                                                          "pull_request_review",
                                                          "pull_request_review_comment",
                                                          "repository_dispatch",
                                                          "status",
                                                          "workflow_dispatch"};
constexpr std::size_t kHookUrlMax = 2048;

base::Error wrong(std::string field) { return {base::ErrorCode::invalid, std::move(field)}; }

std::string hook_time(base::WallTime time) { return base::format_utc(time, false); }

// http(s) with a host, no blanks, no user name.
bool is_hook_url(std::string_view url) {
  const std::size_t start = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (start == 0 || url.size() > kHookUrlMax) return false;
  const std::string_view host = url.substr(start, url.find_first_of("/?#", start) - start);
  const bool is_clean = std::all_of(url.begin(), url.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"';
  });
  return !host.empty() && is_clean && host.find('@') == std::string_view::npos &&
         !host.starts_with(':');
}

base::Status read_config(const Json& config, Hook& hook) {
  if (!config.is_object()) return wrong("config");
  if (config.contains("url")) hook.url = base::get_string(config, "url");
  hook.secret = base::get_string(config, "secret");
  const std::string type = base::get_string(config, "content_type", "form");
  if (type != "form" && type != "json") return wrong("content_type");
  hook.is_form = type == "form";
  hook.is_insecure = false;
  if (const auto found = config.find("insecure_ssl"); found != config.end()) {
    hook.is_insecure = *found == "1" || *found == 1;
  }
  return {};
}

base::Status read_events(const Json& list, std::vector<std::string>& to) {
  if (!list.is_array()) return wrong("events");
  for (const Json& entry : list) {
    const std::string event = entry.is_string() ? entry.get<std::string>() : "";
    if (std::find(kHookEvents.begin(), kHookEvents.end(), event) == kHookEvents.end()) {
      return wrong("events");
    }
    if (std::find(to.begin(), to.end(), event) == to.end()) to.push_back(event);
  }
  return {};
}

Json parsed_or_empty(const std::string& text) {
  auto parsed = base::parse_json(text);
  return parsed.ok() ? std::move(*parsed) : Json::object();
}

}  // namespace

base::Status read_hook_input(const Json& body, Hook& hook) {
  if (!body.is_object()) return wrong("config");
  if (base::get_string(body, "name", "web") != "web") return wrong("name");
  if (const auto config = body.find("config"); config != body.end()) {
    if (base::Status read = read_config(*config, hook); !read.ok()) return read;
  }
  if (!is_hook_url(hook.url)) return wrong("url");
  if (const auto events = body.find("events"); events != body.end()) {
    hook.events.clear();
    if (base::Status read = read_events(*events, hook.events); !read.ok()) return read;
  }
  if (const auto added = body.find("add_events"); added != body.end()) {
    if (base::Status read = read_events(*added, hook.events); !read.ok()) return read;
  }
  if (const auto removed = body.find("remove_events"); removed != body.end()) {
    std::vector<std::string> names;
    if (base::Status read = read_events(*removed, names); !read.ok()) return read;
    for (const std::string& name : names) std::erase(hook.events, name);
  }
  if (const auto active = body.find("active"); active != body.end()) {
    if (!active->is_boolean()) return wrong("active");
    hook.is_active = active->get<bool>();
  }
  return {};
}

Json hook_json(const Hook& hook, const std::optional<Delivery>& last, const Repository& repository,
               const Urls& urls) {
  const std::string url = urls.repository(repository) + "/hooks/" + std::to_string(hook.id);
  Json config = {{"url", hook.url},
                 {"content_type", hook.is_form ? "form" : "json"},
                 {"insecure_ssl", hook.is_insecure ? "1" : "0"}};
  if (!hook.secret.empty()) config["secret"] = "********";
  Json answer = {{"code", nullptr}, {"status", "unused"}, {"message", nullptr}};
  if (last) {
    const bool is_good = last->status_code >= 200 && last->status_code < 300;
    answer = {{"code", last->status_code},
              {"status", is_good ? "active" : "failed"},
              {"message", last->status}};
  }
  return {{"type", "Repository"},
          {"id", hook.id},
          {"name", "web"},
          {"active", hook.is_active},
          {"events", hook.events},
          {"config", std::move(config)},
          {"updated_at", hook_time(hook.updated)},
          {"created_at", hook_time(hook.created)},
          {"url", url},
          {"test_url", url + "/test"},
          {"ping_url", url + "/pings"},
          {"deliveries_url", url + "/deliveries"},
          {"last_response", std::move(answer)}};
}

Json delivery_item_json(const Delivery& delivery, const Repository& repository) {
  return {{"id", delivery.id},
          {"guid", delivery.guid},
          {"delivered_at", hook_time(delivery.delivered.value_or(delivery.created))},
          {"redelivery", delivery.is_redelivery},
          {"duration", static_cast<double>(delivery.duration.count()) / 1000.0},
          {"status", delivery.status},
          {"status_code", delivery.status_code},
          {"event", delivery.event},
          {"action", delivery.action.empty() ? Json(nullptr) : Json(delivery.action)},
          {"installation_id", nullptr},
          {"repository_id", repository.id},
          {"throttled_at", nullptr}};
}

Json delivery_json(const Delivery& delivery, const Hook& hook, const Repository& repository,
                   const Urls& urls) {
  Json result = delivery_item_json(delivery, repository);
  result["url"] = urls.repository(repository) + "/hooks/" + std::to_string(hook.id) +
                  "/deliveries/" + std::to_string(delivery.id);
  result["request"] = {{"headers", parsed_or_empty(delivery.request_headers)},
                       {"payload", parsed_or_empty(delivery.payload)}};
  result["response"] = {{"headers", parsed_or_empty(delivery.response_headers)},
                        {"payload", delivery.response_body}};
  return result;
}

Json payload_repository_json(const Repository& repository, const Urls& urls) {
  Json result = repository_json(repository, Role::none, urls);
  for (const char* field : {"permissions", "network_count", "subscribers_count"}) {
    result.erase(field);
  }
  for (const char* field :
       {"has_downloads", "is_template", "web_commit_signoff_required", "allow_forking"}) {
    result[field] = false;
  }
  result["topics"] = Json::array();
  result["custom_properties"] = Json::object();
  return result;
}

Json ping_payload(const Hook& hook, const Repository& repository, const User& sender,
                  const Urls& urls) {
  Json shown = hook_json(hook, std::nullopt, repository, urls);
  shown.erase("last_response");
  return {{"zen", "Tell the truth, and tell it at once."},
          {"hook_id", hook.id},
          {"hook", std::move(shown)},
          {"repository", payload_repository_json(repository, urls)},
          {"sender", user_json(sender, urls)}};
}

HookRequest make_hook_request(const Hook& hook, const Delivery& delivery) {
  HookRequest request;
  request.content_type = hook.is_form ? "application/x-www-form-urlencoded" : "application/json";
  request.body =
      hook.is_form ? "payload=" + http::percent_encode(delivery.payload) : delivery.payload;
  request.headers = {{"Accept", "*/*"},
                     {"User-Agent", "GitHub-Hookshot/sre-space"},
                     {"X-GitHub-Delivery", delivery.guid},
                     {"X-GitHub-Event", delivery.event},
                     {"X-GitHub-Hook-ID", std::to_string(hook.id)},
                     {"X-GitHub-Hook-Installation-Target-Type", "repository"}};
  if (!hook.secret.empty()) {
    request.headers["X-Hub-Signature-256"] =
        "sha256=" + base::hmac_sha256_hex(hook.secret, request.body);
  }
  return request;
}

std::string headers_text(const std::map<std::string, std::string>& headers) {
  return base::dump_json(Json(headers));
}

}  // namespace forge
