// The configuration: one YAML file, read once at start into these plain structs. Pure types.
// Format, defaults and units: docs/formats/config.md. Loading: config/yaml_config.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace config {

// What the product may do by itself. Stricter first.
enum class Mode { observe, dry_run, approve, automatic };  // "auto" in the file.
[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::optional<Mode> parse_mode(std::string_view text);

// One HTTP probe. A probe fails on a refused or broken connection, a time-out, a status of 500 or
// more or, when `latency_bound` is set, an answer slower than it.
struct Probe {
  std::string url;  // http:// only; host and port of the service itself.
  base::Duration every = std::chrono::seconds(1);
  base::Duration timeout = std::chrono::seconds(1);
  int fails = 2;  // So many in a row make a symptom.
  std::optional<base::Duration> latency_bound;
  base::Duration window =
      std::chrono::seconds(10);  // Latency above the bound for so long is a symptom.
};

// Between what a service's limits may be set without a person. 0: no such limit may be set.
struct Bounds {
  std::int64_t memory_min_bytes = 0, memory_max_bytes = 0;
  double cpu_min = 0, cpu_max = 0;  // Cores.
};

// Where a service's configuration lies in git, for fixes by pull request.
struct Gitops {
  enum class Deploy { warden, workflow };
  std::string file;             // In the repository, e.g. "docker-compose.yml".
  std::string branch = "main";  // That is deployed.
  std::string memory_limit;     // Path in the file; default services.<name>.mem_limit.
  bool merge_by_us = false;     // With green checks and an unchanged head; else a person's.
  base::Duration merge_after = std::chrono::minutes(10);  // Time to say no.
  Deploy deploy = Deploy::warden;  // Who brings the merged value to the container.
};

struct Service {
  std::string name;
  std::string container;  // A container's name, or "label=value" selector.
  std::optional<Probe> health;
  std::optional<Probe> path;            // A business path beside health, with a latency bound.
  std::vector<std::string> depends_on;  // Names of services.
  std::optional<Mode> mode;             // Only a stricter one than the global counts.
  base::Duration grace =
      std::chrono::seconds(2);  // Between TERM and KILL when a hung one is restarted.
  bool protect = false;         // Never acted on automatically (databases and the like).
  Bounds bounds{};              // Of its memory and CPU limits.
  // http:// address on the service itself that is asked (POST) to empty its queue; empty: none.
  std::optional<std::string> clear_queue;
  std::optional<Gitops> gitops;
  int line = 0;  // In the file, for messages.
};

// Guard numbers. Defaults are those of the guardrail table in docs/ARCHITECTURE.md.
struct Limits {
  int service_actions_per_hour = 3;
  int service_actions_per_day = 6;
  int global_actions_per_hour = 6;
  int global_actions_per_day = 20;
  base::Duration cooldown = std::chrono::minutes(10);  // Per service, after an action; doubles.
  base::Duration spacing = std::chrono::seconds(30);   // Between any two actions.
  double confidence_min = 0.9;                         // Of the rule that names the class.
  base::Duration signal_age_max = std::chrono::seconds(60);
  base::Duration plan_age_max = std::chrono::minutes(5);
  base::Duration soak = std::chrono::minutes(5);  // Proof of a fix.
  int soak_probes_min = 10;
  base::Duration verify_deadline =
      std::chrono::minutes(2);    // For the first good probe after an action.
  int mass_failure_percent = 30;  // More of the services red: brake.
  int mass_failure_min = 3;       // ... and at least so many.
  int policy_restarts_loop = 3;   // So many restarts by the engine ...
  base::Duration policy_restarts_window =
      std::chrono::minutes(10);  // ... in this time are a crash loop.
  base::Duration cpu_window =
      std::chrono::seconds(10);  // CPU at its limit for so long is a symptom.
  base::Duration scale_cooldown =
      std::chrono::seconds(30);  // Per service, between two changes of its replicas.
  base::Duration issue_spacing = std::chrono::seconds(1);  // Between two writes to GitHub.
  base::Duration deploy_freeze =
      std::chrono::minutes(15);  // After a deploy: only a rollback or a pull request.
  base::Duration flap_window = std::chrono::minutes(30);  // 21 results in this time.
  int flap_start_percent = 30;                            // Weighted change above: flapping ...
  int flap_end_percent = 15;                              // ... until it is below this.
  int flap_restarts = 3;          // More of our own in the window: flapping.
  int no_progress_actions = 2;    // The same action so often without cure: stop.
  int blast_radius_percent = 10;  // Of the containers acted on in an hour; one at least.
  int host_cpu_percent = 90;      // Above: no restart.
  int host_memory_percent = 95;   // Above: no restart.
  int pull_requests_open = 1;     // Of a service.
  int pull_requests_per_day = 3;
  std::vector<int> auto_tiers = {1};  // Tiers of actions that mode auto runs without a person.
};

// When nothing may be changed. Times are UTC.
struct MaintenanceWindow {
  std::vector<std::string> services;  // Empty: all.
  unsigned days = 0x7F;               // On which it begins; bit 0 is Monday.
  int from = 0, to = 0;    // Minutes of the day; `to` not after `from`: it ends on the next day.
  std::string unreadable;  // Why it cannot be read: then it is always open. Empty: it can.
};

// Containers of these keep state: names of images without registry, folder and tag.
[[nodiscard]] std::vector<std::string> default_stateful_images();

// An app of GitHub that signs in instead of a token. Keys are PEM files, by absolute path: only the
// Scribe (and `doctor`) reads them.
struct GithubApp {
  std::string id;                               // Number or client id.
  std::string installation;                     // Number.
  std::string private_key, second_private_key;  // The second one empty: none.
};

struct Github {
  std::string repository = "embedded";  // Or owner/name.
  std::string api = "https://api.github.com";
  std::string token;                   // Empty: none.
  std::vector<std::string> approvers;  // Logins and "@organisation/team"; empty: whoever may.
  std::optional<GithubApp> app;
  // Who speaks for an agent ("brain", "fixer", "memory", "scout"), by token; one that is not here
  // speaks with the common voice.
  std::map<std::string, std::string> tokens;
  std::string proxy;    // "http://user:password@host:port"; empty: none.
  std::string ca_file;  // PEM, absolute path; empty: the system's authorities.
  std::string webhook_secret, second_webhook_secret;  // Empty: none; no webhook without the first.
  std::int64_t hook =
      0;  // Of the repository, whose failed deliveries are asked for again; 0: none.

  bool second_approval = false;  // What takes a person in tier 2 takes two.

  [[nodiscard]] bool can_write() const { return app || !token.empty(); }
};

// A GitHub App of somebody's own that the embedded forge lets in; it acts as "slug[bot]".
struct ForgeApp {
  int id = 0;  // The issuer of its sign-in.
  std::string slug;
  std::string public_key, second_public_key;  // PEM files, absolute; the second may be empty.
};

// "@organization/slug", as approvers name it.
struct ForgeTeam {
  std::string organization, slug;
  std::vector<std::string> members;  // Logins.
};

// Who is asked for changes of code: tier 3.
enum class CodingAgent { none, command, workflow, assign, jules };
[[nodiscard]] std::string_view to_string(CodingAgent agent);
[[nodiscard]] std::optional<CodingAgent> parse_coding_agent(std::string_view text);

// Which fields count is the agent's matter: docs/formats/config.md.
struct Escalation {
  std::string label = "jules-fix";  // Asks for it, and is on the issues that were handed over.
  CodingAgent agent = CodingAgent::none;
  std::vector<std::string> command;      // Program and arguments; no shell.
  std::vector<std::string> environment;  // Variables the command gets besides the common ones.
  base::Duration time = std::chrono::minutes(30);  // Of the command.
  std::string workflow;                            // File name, dispatched with the packet.
  std::string assignee;                            // Login.
  std::string jules_api = "https://jules.googleapis.com";
  std::string jules_key;
  std::string branch = "main";         // What a change is based on and asked into.
  std::vector<std::string> forbidden;  // Paths that no change may touch, besides the built-in ones.
  int per_day = 3;                     // So many hand-overs in any 24 hours.
};

// Where the file names a variable of the environment.
struct Reference {
  std::string field;  // "github.token"
  std::string variable;
  bool operator==(const Reference&) const = default;
};

// The nginx before the services that are scaled. The warden writes one file of its configuration
// and tells it to read it.
struct Balancer {
  struct Upstream {
    std::string service;
    std::string name;  // Of nginx's upstream block.
    int port = 0;      // On which the service's containers listen.
  };
  std::string file;                // Absolute. Written by the warden alone.
  std::vector<std::string> test;   // argv of nginx's own check, as {"nginx", "-t"}.
  std::string pid_file;            // Absolute. Of nginx's master.
  std::string generation_address;  // "127.0.0.1:8099": there it says what it has read.
  base::Duration drain = std::chrono::seconds(1);  // From a container's leave to its stop.
  std::vector<Upstream> upstreams;
};

struct Config {
  std::string path;                 // Of the file this came from.
  std::string state_dir = "state";  // Absolute after loading; relative to the file before.
  std::string ledger;               // SQLite file; default <state_dir>/ledger.db.
  Mode mode = Mode::dry_run;
  std::string environment = "prod";  // Reports of deploys to another one are not ours.
  Github github;
  std::string engine_host;  // unix:///… ; default DOCKER_HOST, else the standard socket.
  std::string console_address = "127.0.0.1";
  int console_port = 7080;
  std::string console_key;  // Needed when the address is not loopback.
  int forge_port = 7081;
  std::vector<ForgeApp> forge_apps;  // Who else may sign in to the forge, and what it knows.
  std::vector<ForgeTeam> forge_teams;
  std::vector<std::string> forge_workflows;  // File names.
  std::optional<Balancer> balancer;
  Escalation escalation;
  std::vector<std::string> exclude;  // Container names never acted on.
  Limits limits;
  std::vector<Service> services;
  std::vector<MaintenanceWindow> maintenance;
  std::vector<std::string> stateful_images = default_stateful_images();
  std::string opa;        // http:// address that is asked before each effect; empty: none.
  std::string workflows;  // Absolute folder of runbooks of one's own; empty: none.
  std::vector<Reference> references;
  std::vector<std::string> notes;  // Parts that are off, one clear line each.

  // True when issues go to the embedded forge.
  [[nodiscard]] bool embedded() const { return github.repository == "embedded"; }
  // "sre-space/demo" for the embedded forge, else as configured.
  [[nodiscard]] std::string repository() const {
    return embedded() ? "sre-space/demo" : github.repository;
  }
};

// Takes away the secrets that only another role needs: GitHub's tokens are the Scribe's, the
// webhooks' secrets and the console's key the console's. The Scribe keeps all, because it keeps
// them out of issues; so does a command at the terminal.
void forget_foreign_secrets(Config& config, std::string_view role);
// The stricter of the global mode and the service's own.
[[nodiscard]] Mode mode_of(const Config& config, const Service& service);
// The service of that name; nullptr when there is none. Borrowed from `config`.
[[nodiscard]] const Service* find_service(const Config& config, std::string_view name);
// Something stands before the service's containers and spreads requests over them.
[[nodiscard]] bool is_balanced(const Config& config, std::string_view service);
// One line for each limit that lets the product do more, sooner or on less proof than the default
// would, as "limits.cooldown: 0ms, default 10min". Which direction is looser:
// docs/formats/config.md.
[[nodiscard]] std::vector<std::string> looser_limits(const Limits& limits);

}  // namespace config
