#include "config/config.h"

#include <algorithm>
#include <charconv>

namespace config {
namespace {

std::string show(int value) { return std::to_string(value); }
std::string show(base::Duration value) { return base::format_duration(value); }
std::string show(double value) {
  char out[32];
  const auto [end, error] = std::to_chars(out, out + sizeof out, value);
  return error == std::errc() ? std::string(out, end) : "?";
}

enum class Looser { above, below };  // Than the default.

// Compares one limit with its default.
class Comparison {
 public:
  explicit Comparison(const Limits& limits) : limits_(limits) {}

  template <class T>
  void check(const char* name, T Limits::*field, Looser looser) {
    const T value = limits_.*field, usual = defaults_.*field;
    if (looser == Looser::above ? !(value > usual) : !(value < usual)) return;
    lines_.push_back("limits." + std::string(name) + ": " + show(value) + ", default " +
                     show(usual));
  }
  // Each tier that the default leaves to a person.
  void check_tiers() {
    for (const int tier : limits_.auto_tiers) {
      const auto& usual = defaults_.auto_tiers;
      if (std::find(usual.begin(), usual.end(), tier) == usual.end())
        lines_.push_back("limits.auto_tiers: " + show(tier) + " too, default 1");
    }
  }
  [[nodiscard]] std::vector<std::string> lines() && { return std::move(lines_); }

 private:
  const Limits& limits_;
  const Limits defaults_{};
  std::vector<std::string> lines_;
};

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::observe:
      return "observe";
    case Mode::dry_run:
      return "dry_run";
    case Mode::approve:
      return "approve";
    case Mode::automatic:
      return "auto";
  }
  return "observe";
}

std::vector<std::string> default_stateful_images() {
  return {"postgres", "postgresql", "mysql",         "mariadb",    "mongo",     "mongodb",
          "redis",    "valkey",     "rabbitmq",      "kafka",      "zookeeper", "etcd",
          "consul",   "nats",       "elasticsearch", "opensearch", "cassandra", "clickhouse",
          "influxdb", "minio",      "vault",         "cockroach"};
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::observe, Mode::dry_run, Mode::approve, Mode::automatic}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

Mode mode_of(const Config& config, const Service& service) {
  return std::min(config.mode, service.mode.value_or(config.mode));
}

std::string_view to_string(CodingAgent agent) {
  switch (agent) {
    case CodingAgent::none:
      return "none";
    case CodingAgent::command:
      return "command";
    case CodingAgent::workflow:
      return "workflow";
    case CodingAgent::assign:
      return "assign";
    case CodingAgent::jules:
      return "jules";
  }
  return "none";
}

std::optional<CodingAgent> parse_coding_agent(std::string_view text) {
  using enum CodingAgent;
  for (const auto agent : {none, command, workflow, assign, jules}) {
    if (text == to_string(agent)) return agent;
  }
  return std::nullopt;
}

void forget_foreign_secrets(Config& config, std::string_view role) {
  if (role == "scribe") return;  // It must know them all, to keep them out of issues.
  config.github.token.clear();
  config.github.tokens.clear();
  config.github.proxy.clear();
  config.escalation.jules_key.clear();
  if (role != "console") {
    config.github.webhook_secret.clear();
    config.github.second_webhook_secret.clear();
    config.console_key.clear();
  }
}

bool is_balanced(const Config& config, std::string_view service) {
  if (!config.balancer) return false;
  const auto& all = config.balancer->upstreams;
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& one) { return one.service == service; });
}

const Service* find_service(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.services.begin(), config.services.end(),
                                  [&](const Service& service) { return service.name == name; });
  return found == config.services.end() ? nullptr : &*found;
}

std::vector<std::string> looser_limits(const Limits& limits) {
  using enum Looser;
  Comparison compare(limits);
  compare.check("service_actions_per_hour", &Limits::service_actions_per_hour, above);
  compare.check("service_actions_per_day", &Limits::service_actions_per_day, above);
  compare.check("global_actions_per_hour", &Limits::global_actions_per_hour, above);
  compare.check("global_actions_per_day", &Limits::global_actions_per_day, above);
  compare.check("cooldown", &Limits::cooldown, below);
  compare.check("spacing", &Limits::spacing, below);
  compare.check("confidence_min", &Limits::confidence_min, below);
  compare.check("signal_age_max", &Limits::signal_age_max, above);
  compare.check("plan_age_max", &Limits::plan_age_max, above);
  compare.check("soak", &Limits::soak, below);
  compare.check("soak_probes_min", &Limits::soak_probes_min, below);
  compare.check("verify_deadline", &Limits::verify_deadline, above);
  compare.check("mass_failure_percent", &Limits::mass_failure_percent, above);
  compare.check("mass_failure_min", &Limits::mass_failure_min, above);
  compare.check("policy_restarts_loop", &Limits::policy_restarts_loop, above);
  compare.check("policy_restarts_window", &Limits::policy_restarts_window, below);
  compare.check("cpu_window", &Limits::cpu_window, below);
  compare.check("scale_cooldown", &Limits::scale_cooldown, below);
  compare.check("issue_spacing", &Limits::issue_spacing, below);
  compare.check("deploy_freeze", &Limits::deploy_freeze, below);
  compare.check("flap_window", &Limits::flap_window, below);
  compare.check("flap_start_percent", &Limits::flap_start_percent, above);
  compare.check("flap_end_percent", &Limits::flap_end_percent, above);
  compare.check("flap_restarts", &Limits::flap_restarts, above);
  compare.check("no_progress_actions", &Limits::no_progress_actions, above);
  compare.check("blast_radius_percent", &Limits::blast_radius_percent, above);
  compare.check("host_cpu_percent", &Limits::host_cpu_percent, above);
  compare.check("host_memory_percent", &Limits::host_memory_percent, above);
  compare.check("pull_requests_open", &Limits::pull_requests_open, above);
  compare.check("pull_requests_per_day", &Limits::pull_requests_per_day, above);
  compare.check_tiers();
  return std::move(compare).lines();
}

}  // namespace config
