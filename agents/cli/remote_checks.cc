#include "agents/cli/remote_checks.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "agents/cli/github_probe.h"
#include "base/text.h"
#include "config/url.h"
#include "engine/docker_engine.h"
#include "engine/http_client.h"

namespace cli {
namespace {

constexpr std::size_t kProbesAtOnce = 16;
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

bool matches(const config::Service& service, const engine::Container& container) {
  const auto equals = service.container.find('=');
  if (equals == std::string::npos) return container.name == service.container;
  const auto label = container.labels.find(service.container.substr(0, equals));
  return label != container.labels.end() && label->second == service.container.substr(equals + 1);
}

Check probe(const std::string& name, const config::Probe& what) {
  const auto url = config::parse_url(what.url);
  if (!url.ok()) return {name, CheckStatus::fail, url.error().message, ""};
  const bool v6 = url->host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + url->host + "]" : url->host;
  engine::HttpClient client("tcp://" + host + ":" + std::to_string(url->port));
  engine::HttpCall call;
  call.target = url->target;
  call.deadline = std::chrono::seconds(1);
  call.answer_limit = kAnswerBytesMax;
  const auto answer = client.read(call);
  if (!answer.ok()) {
    return {name, CheckStatus::fail, what.url + ": " + answer.error().message,
            "is the service running, and is this its address?"};
  }
  const std::string detail = what.url + " answered " + std::to_string(answer->status);
  if (answer->status >= 500)
    return {name, CheckStatus::fail, detail, "the service says it is sick"};
  if (answer->status >= 400) {
    return {name, CheckStatus::warn, detail, "counts as healthy; is this the right path?"};
  }
  return {name, CheckStatus::ok, detail, ""};
}

Check check_service(const config::Service& service) {
  const std::string name = "service " + service.name;
  if (!service.health) {
    return {name, CheckStatus::warn, "no health probe: only its container's state is watched",
            "add health: {url: http://…} to it"};
  }
  const Check health = probe(name, *service.health);
  if (health.status == CheckStatus::fail || !service.path) return health;
  const Check path = probe(name, *service.path);
  return {name, std::max(health.status, path.status), health.detail + "\n" + path.detail,
          path.hint.empty() ? health.hint : path.hint};
}

Check missing_container(const config::Service& service, const std::vector<std::string>& names) {
  const std::string near = base::nearest_word(service.container, names);
  return {"container of " + service.name, CheckStatus::fail,
          "the engine has no container " + service.container +
              (near.empty() ? "" : "; did you mean \"" + near + "\"?"),
          "docker ps --all shows the names"};
}

Check check_container(const config::Service& service,
                      const std::vector<const engine::Container*>& found) {
  std::string text;
  bool all_run = true;
  for (const auto* container : found) {
    all_run = all_run && container->state == engine::RunState::running;
    text += (text.empty() ? "" : ", ") + container->name + " " + container->id.substr(0, 12) + " " +
            std::string(engine::to_string(container->state));
  }
  const std::string name = "container of " + service.name;
  if (found.size() > 1) {
    return {name, CheckStatus::warn, service.container + " selects several: " + text,
            "a service is one container: name it, or make it a service for each"};
  }
  return {name, all_run ? CheckStatus::ok : CheckStatus::warn, text, ""};
}

}  // namespace

std::vector<Check> check_containers(const config::Config& config,
                                    const std::vector<engine::Container>& containers) {
  std::vector<std::string> names;
  for (const auto& container : containers) names.push_back(container.name);
  std::vector<Check> checks;
  for (const auto& service : config.services) {
    std::vector<const engine::Container*> found;
    for (const auto& container : containers) {
      if (matches(service, container)) found.push_back(&container);
    }
    checks.push_back(found.empty() ? missing_container(service, names)
                                   : check_container(service, found));
  }
  return checks;
}

std::vector<Check> check_engine(const config::Config& config) {
  engine::DockerOptions options;
  options.reads = std::chrono::seconds(3);
  engine::DockerEngine docker(config.engine_host, options);
  const auto version = docker.version();
  const auto containers = version.ok() ? docker.list() : version.error();
  if (!containers.ok()) {
    return {
        {"engine", CheckStatus::fail, config.engine_host + ": " + containers.error().message,
         "start Docker, or set engine.host or DOCKER_HOST; this user needs rights on the socket"}};
  }
  std::vector<Check> checks = {
      {"engine", CheckStatus::ok, config.engine_host + ": version " + *version, ""}};
  for (auto& check : check_containers(config, *containers)) checks.push_back(std::move(check));
  return checks;
}

std::vector<Check> check_services(const config::Config& config) {
  std::vector<Check> checks(config.services.size());
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min(kProbesAtOnce, checks.size()); ++i) {
      workers.emplace_back([&] {
        for (std::size_t at = next++; at < checks.size(); at = next++) {
          checks[at] = check_service(config.services[at]);
        }
      });
    }
  }
  return checks;
}

Check check_github(const config::Config& config) {
  if (config.embedded()) {
    return {"github", CheckStatus::ok,
            "embedded: issues are on this host, port " + std::to_string(config.forge_port), ""};
  }
  const std::string& repository = config.github.repository;
  if (!config.github.can_write()) {
    return {
        "github", CheckStatus::fail,
        "no token for " + repository + ": no issue is written, the mode is at most approve",
        "set the variable named in github.token to a token with issues: write, or give github.app"};
  }
  const auto found = probe_repository(config);
  if (!found.ok())
    return {"github", CheckStatus::fail, found.error().message,
            "check repository, token or app, its rights, and the way there (proxy, ca_file)"};
  if (!found->has_issues) {
    return {"github", CheckStatus::fail, repository + " has issues switched off",
            "switch them on in its settings"};
  }
  if (!found->may_write) {
    return {"github", CheckStatus::warn, repository + ": the token can read, not write",
            "the token needs issues: write"};
  }
  const std::string as = config.github.app ? " as app " + config.github.app->id : "";
  return {"github", CheckStatus::ok, repository + " can be written" + as, ""};
}

std::vector<Check> check_voices(const config::Config& config) {
  std::vector<Check> checks;
  if (config.embedded()) return checks;
  for (const auto& [agent, token] : config.github.tokens) {
    const std::string name = "github voice of " + agent;
    const auto login = probe_login(config, token);
    if (login.ok()) {
      checks.push_back({name, CheckStatus::ok, "writes as " + *login, ""});
    } else {
      checks.push_back(
          {name, CheckStatus::warn, login.error().message,
           "its comments are written by the common voice; check github.tokens." + agent});
    }
  }
  return checks;
}

}  // namespace cli
