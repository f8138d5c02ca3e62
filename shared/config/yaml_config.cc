#include "config/yaml_config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "config/escalation_fields.h"
#include "config/field_reader.h"
#include "config/forge_fields.h"
#include "config/github_fields.h"
#include "config/guard_fields.h"
#include "config/scaling_fields.h"
#include "config/url.h"
#include "config/yaml_tree.h"

namespace config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kServicesMax = 500;
constexpr std::size_t kServiceNameBytesMax = 40;  // "service: x" must fit GitHub's 50 for a label.
constexpr std::size_t kSocketPathBytesMax = 107;  // sun_path, see unix(7).

// One load of one file. Not thread-safe; used once.
class Loader {
 public:
  Loader(const std::string& path, const Environment& environment)
      : environment_(environment), findings_(path) {
    config_.path = std::filesystem::absolute(path).lexically_normal().string();
  }

  base::Result<Config> load(std::string_view text) {
    auto tree = parse_yaml(text);
    if (!tree.ok()) {
      findings_.add_syntax(tree.error());
      return findings_.error();
    }
    if (tree->kind == YamlNode::Kind::null) {
      findings_.add(0, "", "is empty; write a first one with: sre-space init");
      return findings_.error();
    }
    if (tree->kind == YamlNode::Kind::map) {
      read_root(*tree);
    } else {
      findings_.add(tree->line, "", "must be a map of fields, as \"mode: dry_run\"");
    }
    if (!findings_.empty()) return findings_.error();
    config_.notes = findings_.notes();
    config_.references = findings_.references();
    return std::move(config_);
  }

 private:
  FieldReader reader(const YamlNode& map, std::string where, std::vector<std::string> known) {
    return {findings_, environment_, map, std::move(where), std::move(known)};
  }

  void read_root(const YamlNode& node) {
    const auto root =
        reader(node, "",
               {"state", "ledger", "mode", "environment", "github", "engine", "console", "forge",
                "balancer", "exclude", "limits", "services", "model", "workflows", "maintenance",
                "stateful_images", "opa", "escalation"});
    if (const auto mode = root.mode("mode")) config_.mode = *mode;
    if (const auto name = root.text("environment")) config_.environment = *name;
    read_state(root);
    if (const auto* map = root.find_map("github"))
      read_github(findings_, environment_, *map, config_);
    read_engine(root);
    if (const auto* map = root.find_map("console")) read_console(*map);
    if (const auto* map = root.find_map("forge"))
      read_forge(findings_, environment_, *map, config_);
    if (config_.console_port == config_.forge_port) {
      root.wrong(root.has("forge") ? "forge" : "console",
                 "console and forge cannot share port " + std::to_string(config_.forge_port));
    }
    if (const auto* map = root.find_map("escalation"))
      read_escalation(findings_, environment_, *map, config_);
    if (const auto* map = root.find_map("limits"))
      read_limits(findings_, environment_, *map, config_.limits);
    if (const auto* map = root.find_map("model")) read_model(*map);
    read_exclude(root);
    read_services(root);
    read_guards(findings_, environment_, root, config_);
    if (const auto folder = root.text("workflows")) config_.workflows = absolute(*folder);
    // After the services, which it names.
    if (const auto* map = root.find_map("balancer")) {
      read_balancer(findings_, environment_, *map, config_);
    }
  }

  [[nodiscard]] std::string absolute(const std::string& path) const {
    return absolute_path(path, config_.path);
  }

  void read_state(const FieldReader& root) {
    root.read_text("state", config_.state_dir);
    config_.state_dir = absolute(config_.state_dir);
    const auto ledger = root.text("ledger");
    if (ledger && ledger->find("://") != std::string::npos) {
      root.wrong("ledger", "only a file is accepted; ledgers on a server are not in this version");
      return;
    }
    config_.ledger = ledger ? absolute(*ledger) : config_.state_dir + "/ledger.db";
  }

  void read_engine(const FieldReader& root) {
    std::optional<std::string> host;
    if (const auto* map = root.find_map("engine")) {
      const auto engine = reader(*map, "engine", {"host"});
      host = engine.text("host");
      if (host) return check_engine(*host, engine.line_of("host"), "engine.host");
    }
    host = environment_("DOCKER_HOST");
    if (host && !host->empty()) return check_engine(*host, 0, "DOCKER_HOST");
    config_.engine_host = "unix:///var/run/docker.sock";
  }

  void check_engine(const std::string& host, int line, std::string_view where) {
    constexpr std::string_view kUnix = "unix://", kTcp = "tcp://";
    config_.engine_host = host;
    if (host.starts_with(kTcp)) {
      const auto url = parse_url("http://" + host.substr(kTcp.size()));
      if (!url.ok() || url->target != "/") {
        findings_.add(line, where, in_quotes(host) + " is no tcp://host:port");
      } else if (!is_loopback(url->host)) {
        findings_.note(where, "the engine is reached over the network in the clear");
      }
    } else if (!host.starts_with("unix:///") || host.size() == kUnix.size() + 1) {
      findings_.add(line, where, in_quotes(host) + " is no unix:///path or tcp://host:port");
    } else if (host.size() - kUnix.size() > kSocketPathBytesMax) {
      findings_.add(line, where, "the socket's path is longer than 107 bytes");
    }
  }

  void read_console(const YamlNode& map) {
    const auto console = reader(map, "console", {"address", "port", "key"});
    console.read_text("address", config_.console_address);
    console.read_int("port", config_.console_port, 1, 65535);
    std::string unset;
    if (auto key = console.optional_text("key", unset)) {
      if (key->size() < 16) console.wrong("key", "shorter than 16 characters");
      config_.console_key = std::move(*key);
    }
    if (!is_ip_address(config_.console_address) && config_.console_address != "localhost") {
      console.wrong("address", in_quotes(config_.console_address) + " is no IP address");
    } else if (!is_loopback(config_.console_address) && config_.console_key.empty()) {
      console.wrong("address", config_.console_address +
                                   " is open to the network: console.key is needed" +
                                   (unset.empty() ? "" : " (${" + unset + "} is not set)"));
    } else if (!unset.empty()) {
      findings_.note("console.key", "${" + unset + "} is not set: the console asks for no key");
    }
  }

  void read_model(const YamlNode& map) {
    const auto model = reader(map, "model", {"provider"});
    const auto provider = model.text("provider");
    if (provider && *provider != "none") {
      findings_.note("model.provider",
                     "models are not in this version: the Brain decides by rules");
    }
  }

  void read_exclude(const FieldReader& root) {
    const auto* list = root.find_list("exclude");
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const std::string where = "exclude[" + std::to_string(i) + "]";
      const auto name = root.scalar(list->items[i], where);
      if (!name) continue;
      if (!is_plain_name(*name)) {
        findings_.add(list->items[i].line, where, in_quotes(*name) + " is no container's name");
      }
      config_.exclude.push_back(*name);
    }
  }

  void read_services(const FieldReader& root) {
    const auto* list = root.find_list("services");
    if (!root.has("services") || (list != nullptr && list->items.empty())) {
      root.wrong("services", "at least one service is needed");
    }
    if (list == nullptr) return;
    if (list->items.size() > kServicesMax) {
      root.wrong("services", "more than " + std::to_string(kServicesMax) + " services");
      return;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) read_service(list->items[i], i);
    check_dependencies();
    check_cycles();
  }

  void read_service(const YamlNode& node, std::size_t index) {
    const std::string where = "services[" + std::to_string(index) + "]";
    const auto fields = reader(node, where,
                               {"name", "container", "health", "path", "depends_on", "mode",
                                "grace", "protect", "bounds", "gitops", "clear_queue"});
    Service service;
    service.line = node.line;
    if (node.kind == YamlNode::Kind::map) {
      read_names(fields, service);
      if (const auto* map = fields.find_map("health")) {
        service.health = read_probe(*map, where + ".health");
      }
      if (const auto* map = fields.find_map("path")) {
        service.path = read_probe(*map, where + ".path");
      }
      service.mode = fields.mode("mode");
      if (service.mode && *service.mode > config_.mode) {
        findings_.note(where + ".mode", std::string(to_string(*service.mode)) +
                                            " is looser than the global mode and does not count");
      }
      fields.read_duration("grace", service.grace, seconds(0), minutes(5));
      fields.read_bool("protect", service.protect);
      if (const auto* map = fields.find_map("bounds")) {
        service.bounds = read_bounds(findings_, environment_, *map, where + ".bounds");
      }
      if (const auto* map = fields.find_map("gitops")) {
        service.gitops = read_gitops(*map, where + ".gitops", service);
      }
      if (auto url = fields.text("clear_queue")) {
        check_own_url(fields, "clear_queue", *url, "the service itself is called, in plain HTTP");
        service.clear_queue = std::move(*url);
      }
    }
    config_.services.push_back(std::move(service));
    read_depends_on(fields, where);
  }

  Gitops read_gitops(const YamlNode& map, const std::string& where, const Service& service) {
    const auto fields =
        reader(map, where, {"file", "branch", "memory_limit", "merge", "merge_after", "deploy"});
    Gitops gitops;
    if (!fields.has("file")) fields.wrong("file", "is missing");
    fields.read_text("file", gitops.file);
    fields.read_text("branch", gitops.branch);
    gitops.memory_limit = "services." + service.name + ".mem_limit";
    fields.read_text("memory_limit", gitops.memory_limit);
    const auto by = [](std::string_view word) -> std::optional<bool> {
      if (word == "auto") return true;
      return word == "person" ? std::optional(false) : std::nullopt;
    };
    fields.read_word<bool>("merge", gitops.merge_by_us, by, {"auto", "person"});
    fields.read_duration("merge_after", gitops.merge_after, seconds(0), std::chrono::hours(24));
    const auto deploy = [](std::string_view word) -> std::optional<Gitops::Deploy> {
      if (word == "warden") return Gitops::Deploy::warden;
      return word == "workflow" ? std::optional(Gitops::Deploy::workflow) : std::nullopt;
    };
    fields.read_word<Gitops::Deploy>("deploy", gitops.deploy, deploy, {"warden", "workflow"});
    return gitops;
  }

  void read_names(const FieldReader& fields, Service& service) {
    for (const auto* key : {"name", "container"}) {
      if (!fields.has(key)) fields.wrong(key, "is missing");
    }
    fields.read_text("name", service.name);
    fields.read_text("container", service.container);
    const std::string &name = service.name, &container = service.container;
    if (!name.empty() && (!is_plain_name(name) || name.size() > kServiceNameBytesMax)) {
      fields.wrong("name",
                   in_quotes(name) + " is no name: letters, digits, '.', '_', '-', at most 40");
    }
    const auto equals = container.find('=');
    const bool selector = equals != std::string::npos && equals > 0 &&
                          equals + 1 < container.size() &&
                          container.find_first_of(" \t\r\n,\"") == std::string::npos;
    if (!container.empty() && !selector && !is_plain_name(container)) {
      fields.wrong("container",
                   in_quotes(container) + " is neither a container's name nor label=value");
    }
    for (const auto& other : config_.services) {
      const std::string first = "; first on line " + std::to_string(other.line);
      if (!name.empty() && other.name == name) {
        fields.wrong("name", in_quotes(name) + " is the name of two services" + first);
      }
      if (!container.empty() && other.container == container) {
        fields.wrong("container", in_quotes(container) + " belongs to two services" + first);
      }
    }
  }

  // Of the service itself.
  static void check_own_url(const FieldReader& fields, const char* field, const std::string& url,
                            const char* why) {
    const auto parsed = parse_url(url);
    if (!parsed) return fields.wrong(field, parsed.error().message);
    if (parsed->scheme != "http")
      fields.wrong(field, "must start with http://; " + std::string(why));
  }

  std::optional<Probe> read_probe(const YamlNode& map, const std::string& where) {
    const auto fields =
        reader(map, where, {"url", "every", "timeout", "fails", "latency_bound", "window"});
    Probe probe;
    if (!fields.has("url")) fields.wrong("url", "is missing");
    if (auto url = fields.text("url")) {
      check_own_url(fields, "url", *url, "probes speak plain HTTP to the service itself");
      probe.url = std::move(*url);
    }
    fields.read_duration("every", probe.every, milliseconds(50), hours(1));
    fields.read_duration("timeout", probe.timeout, milliseconds(10), minutes(1));
    fields.read_int("fails", probe.fails, 1, 100);
    fields.read_duration("window", probe.window, milliseconds(100), hours(1));
    if (fields.has("latency_bound")) {
      base::Duration bound{0};
      fields.read_duration("latency_bound", bound, milliseconds(1), minutes(1));
      if (bound > base::Duration(0)) probe.latency_bound = bound;
      if (bound >= probe.timeout) {
        fields.wrong("latency_bound", "must be shorter than timeout, which is " +
                                          base::format_duration(probe.timeout));
      }
    } else if (fields.has("window")) {
      fields.wrong("window", "has no meaning without latency_bound");
    }
    return probe;
  }

  void read_depends_on(const FieldReader& fields, const std::string& where) {
    auto& edges = edges_.emplace_back();
    const auto* list = fields.find_list("depends_on");
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const std::string path = where + ".depends_on[" + std::to_string(i) + "]";
      const auto name = fields.scalar(list->items[i], path);
      if (!name) continue;
      edges.push_back({list->items[i].line, path, *name});
      config_.services.back().depends_on.push_back(*name);
    }
  }

  void check_dependencies() {
    std::vector<std::string> names;
    for (const auto& service : config_.services) names.push_back(service.name);
    for (const auto& edges : edges_) {
      for (const auto& edge : edges) {
        if (std::find(names.begin(), names.end(), edge.to) == names.end()) {
          findings_.add(edge.line, edge.path,
                        "unknown service " + in_quotes(edge.to) + suggestion(edge.to, names));
        }
      }
    }
  }

  // Depth first; each edge back into the current path closes one cycle, told once.
  void check_cycles() {
    std::vector<Mark> marks(config_.services.size(), Mark::fresh);
    std::vector<std::size_t> path;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (marks[i] == Mark::fresh) follow(i, marks, path);
    }
  }

  enum class Mark { fresh, on_path, done };
  void follow(std::size_t at, std::vector<Mark>& marks, std::vector<std::size_t>& path) {
    marks[at] = Mark::on_path;
    path.push_back(at);
    for (const auto& edge : edges_[at]) {
      const auto* target = find_service(config_, edge.to);
      if (target == nullptr) continue;
      const auto next = static_cast<std::size_t>(target - config_.services.data());
      if (marks[next] == Mark::fresh) {
        follow(next, marks, path);
      } else if (marks[next] == Mark::on_path) {
        std::string cycle;
        for (auto it = std::find(path.begin(), path.end(), next); it != path.end(); ++it) {
          cycle += config_.services[*it].name + " → ";
        }
        findings_.add(edge.line, edge.path, "depends on itself: " + cycle + edge.to);
      }
    }
    path.pop_back();
    marks[at] = Mark::done;
  }

  struct Edge {
    int line;
    std::string path;
    std::string to;
  };
  const Environment& environment_;
  Findings findings_;
  Config config_;
  std::vector<std::vector<Edge>> edges_;  // edges_[i] are those of services[i].
};

}  // namespace

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

base::Result<Config> parse_config(std::string_view text, const std::string& path,
                                  const Environment& environment) {
  return Loader(path, environment).load(text);
}

base::Result<Config> load(const std::string& path, const Environment& environment) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return base::Error{base::ErrorCode::not_found,
                       path + ": no such file; write a first one with: sre-space init " + path};
  }
  if (kind == std::filesystem::file_type::directory) {
    return base::Error{base::ErrorCode::invalid, path + ": is a folder, not a file"};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::Error{base::ErrorCode::denied, path + ": cannot be read"};
  std::string text(kYamlBytesMax + 1,
                   '\0');  // One byte more than accepted shows that there is more.
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_config(text, path, environment);
}

}  // namespace config
