#include "config/guard_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "config/url.h"

namespace config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kTierMost = 2;  // Tier 3 does not exist.

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_tiers(Findings& findings, const FieldReader& limits, std::vector<int>& tiers) {
  const auto* list = limits.find_list("auto_tiers");
  if (list == nullptr) return;
  tiers.clear();
  for (const auto& item : list->items) {
    const auto text = limits.scalar(item, limits.path_of("auto_tiers"));
    const auto tier = text ? whole_number(*text) : std::nullopt;
    if (!tier || *tier < 1 || *tier > kTierMost) {
      findings.add(item.line, limits.path_of("auto_tiers"),
                   in_quotes(text.value_or("")) + " is no tier: 1 or 2");
      continue;
    }
    tiers.push_back(*tier);
  }
}

// "22:30"; "24:00" is the end of the day.
std::optional<int> minute_of_day(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon > 2 || text.size() - colon != 3) return std::nullopt;
  const auto hour = whole_number(text.substr(0, colon)),
             minute = whole_number(text.substr(colon + 1));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const int value = *hour * 60 + *minute;
  return value <= 24 * 60 ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> day_of(std::string_view text) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun"};
  const auto found = std::find(kDays.begin(), kDays.end(), text);
  if (found == kDays.end()) return std::nullopt;
  return 1U << static_cast<unsigned>(found - kDays.begin());
}

// One entry of `maintenance:`.
class WindowFields {
 public:
  WindowFields(const FieldReader& fields, const Config& config)
      : fields_(fields), config_(config) {}

  MaintenanceWindow read() {
    read_services();
    read_days();
    const auto from = read_time("from"), to = read_time("to");
    window_.from = from.value_or(0);
    window_.to = to.value_or(0);
    if (const auto zone = fields_.text("timezone"); zone && *zone != "UTC")
      blame("timezone " + in_quotes(*zone) + " is not UTC");
    return std::move(window_);
  }

 private:
  // The first fault is told.
  void blame(const std::string& what) {
    if (window_.unreadable.empty()) window_.unreadable = what;
  }

  void read_services() {
    if (!fields_.has("services")) return;
    const auto* list = fields_.find_list("services");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const auto name = fields_.scalar(list->items[i], fields_.path_of("services"));
      if (!name || find_service(config_, *name) == nullptr) {
        blame("there is no service " + in_quotes(name.value_or("")));
        window_.services.clear();  // Whom it was meant for is not known.
        return;
      }
      window_.services.push_back(*name);
    }
    if (window_.services.empty()) blame("services names none");
  }

  void read_days() {
    if (!fields_.has("days")) return;
    const auto* list = fields_.find_list("days");
    window_.days = 0;
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const auto name = fields_.scalar(list->items[i], fields_.path_of("days"));
      const auto day = name ? day_of(*name) : std::nullopt;
      if (!day) return blame(in_quotes(name.value_or("")) + " is no day: mon to sun");
      window_.days |= *day;
    }
    if (window_.days == 0) blame("days names none");
  }

  std::optional<int> read_time(const char* key) {
    const auto text = fields_.has(key) ? fields_.text(key) : std::nullopt;
    const auto minute = text ? minute_of_day(*text) : std::nullopt;
    if (!minute) blame(std::string(key) + " is no time of day as \"22:30\"");
    return minute;
  }

  const FieldReader& fields_;
  const Config& config_;
  MaintenanceWindow window_;
};

void read_maintenance(Findings& findings, const Environment& environment, const FieldReader& root,
                      Config& config) {
  const auto* list = root.find_list("maintenance");
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const std::string where = "maintenance[" + std::to_string(i) + "]";
    const FieldReader fields(findings, environment, list->items[i], where,
                             {"services", "days", "from", "to", "timezone"});
    auto window = WindowFields(fields, config).read();
    if (!window.unreadable.empty()) {
      findings.note(where, "cannot be read (" + window.unreadable + "): " +
                               (window.services.empty() ? "every service" : "its services") +
                               " stays frozen until it is mended");
    }
    config.maintenance.push_back(std::move(window));
  }
}

void read_images(const FieldReader& root, Config& config) {
  const auto* list = root.find_list("stateful_images");
  if (list == nullptr) return;
  config.stateful_images.clear();
  for (const auto& item : list->items) {
    if (auto name = root.scalar(item, "stateful_images")) config.stateful_images.push_back(*name);
  }
}

void read_opa(Findings& findings, const Environment& environment, const FieldReader& root,
              Config& config) {
  const bool in_file = root.has("opa");
  const std::string where = in_file ? "opa.url" : "OPA_ENDPOINT";
  int line = 0;
  if (in_file) {
    const auto* map = root.find_map("opa");
    if (map == nullptr) return;
    const FieldReader fields(findings, environment, *map, "opa", {"url"});
    if (!fields.has("url")) return fields.wrong("url", "is missing");
    fields.read_text("url", config.opa);
    line = fields.line_of("url");
  } else {
    config.opa = environment("OPA_ENDPOINT").value_or("");
  }
  if (config.opa.empty()) return;
  const auto url = parse_url(config.opa);
  if (!url) return findings.add(line, where, url.error().message);
  if (url->scheme != "http")
    return findings.add(line, where, "must start with http://; the server stands beside us");
  if (!is_loopback(url->host)) findings.note(where, "is asked over the network in the clear");
}

}  // namespace

void read_limits(Findings& findings, const Environment& environment, const YamlNode& map,
                 Limits& out) {
  const FieldReader limits(findings, environment, map, "limits",
                           {"service_actions_per_hour",
                            "service_actions_per_day",
                            "global_actions_per_hour",
                            "global_actions_per_day",
                            "cooldown",
                            "spacing",
                            "confidence_min",
                            "signal_age_max",
                            "plan_age_max",
                            "soak",
                            "soak_probes_min",
                            "verify_deadline",
                            "mass_failure_percent",
                            "mass_failure_min",
                            "policy_restarts_loop",
                            "policy_restarts_window",
                            "cpu_window",
                            "scale_cooldown",
                            "issue_spacing",
                            "deploy_freeze",
                            "flap_window",
                            "flap_start_percent",
                            "flap_end_percent",
                            "flap_restarts",
                            "no_progress_actions",
                            "blast_radius_percent",
                            "host_cpu_percent",
                            "host_memory_percent",
                            "pull_requests_open",
                            "pull_requests_per_day",
                            "auto_tiers"});
  limits.read_int("service_actions_per_hour", out.service_actions_per_hour, 0, 10'000);
  limits.read_int("service_actions_per_day", out.service_actions_per_day, 0, 100'000);
  limits.read_int("global_actions_per_hour", out.global_actions_per_hour, 0, 10'000);
  limits.read_int("global_actions_per_day", out.global_actions_per_day, 0, 100'000);
  limits.read_duration("cooldown", out.cooldown, seconds(0), hours(24));
  limits.read_duration("spacing", out.spacing, seconds(0), hours(1));
  limits.read_number("confidence_min", out.confidence_min, 0.5, 1.0);
  limits.read_duration("signal_age_max", out.signal_age_max, seconds(1), hours(1));
  limits.read_duration("plan_age_max", out.plan_age_max, seconds(1), hours(24));
  limits.read_duration("soak", out.soak, seconds(1), hours(24));
  limits.read_int("soak_probes_min", out.soak_probes_min, 10, 100'000);
  limits.read_duration("verify_deadline", out.verify_deadline, seconds(1), hours(24));
  limits.read_int("mass_failure_percent", out.mass_failure_percent, 1, 100);
  limits.read_int("mass_failure_min", out.mass_failure_min, 1, 10'000);
  limits.read_int("policy_restarts_loop", out.policy_restarts_loop, 1, 1'000);
  limits.read_duration("policy_restarts_window", out.policy_restarts_window, seconds(1), hours(24));
  limits.read_duration("cpu_window", out.cpu_window, seconds(1), hours(1));
  limits.read_duration("scale_cooldown", out.scale_cooldown, seconds(0), hours(1));
  limits.read_duration("issue_spacing", out.issue_spacing, seconds(0), minutes(1));
  limits.read_duration("deploy_freeze", out.deploy_freeze, seconds(0), hours(24));
  limits.read_duration("flap_window", out.flap_window, minutes(1), hours(24));
  limits.read_int("flap_start_percent", out.flap_start_percent, 1, 100);
  limits.read_int("flap_end_percent", out.flap_end_percent, 0, 100);
  limits.read_int("flap_restarts", out.flap_restarts, 0, 10'000);
  limits.read_int("no_progress_actions", out.no_progress_actions, 1, 10'000);
  limits.read_int("blast_radius_percent", out.blast_radius_percent, 1, 100);
  limits.read_int("host_cpu_percent", out.host_cpu_percent, 1, 100);
  limits.read_int("host_memory_percent", out.host_memory_percent, 1, 100);
  limits.read_int("pull_requests_open", out.pull_requests_open, 0, 100);
  limits.read_int("pull_requests_per_day", out.pull_requests_per_day, 0, 1'000);
  read_tiers(findings, limits, out.auto_tiers);
  if (out.flap_end_percent > out.flap_start_percent)
    limits.wrong("flap_end_percent", "must not be above flap_start_percent");
}

void read_guards(Findings& findings, const Environment& environment, const FieldReader& root,
                 Config& config) {
  read_maintenance(findings, environment, root, config);
  read_images(root, config);
  read_opa(findings, environment, root, config);
}

}  // namespace config
