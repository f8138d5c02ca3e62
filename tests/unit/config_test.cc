#include "config/config.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "base/text.h"
#include "config/environment.h"
#include "config/url.h"
#include "config/yaml_config.h"

using config::Config;
using config::Mode;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

config::Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

base::Result<Config> parse(std::string_view text, std::map<std::string, std::string> env = {}) {
  return config::parse_config(text, "/etc/sre/sre-space.yaml", environment_of(std::move(env)));
}

// The mistakes without the file's name in front of each.
std::string mistakes(std::string_view text, std::map<std::string, std::string> env = {}) {
  const auto result = parse(text, std::move(env));
  if (result.ok()) return "accepted";
  CHECK(result.error().code == base::ErrorCode::invalid);
  std::string out;
  constexpr std::string_view kFile = "/etc/sre/sre-space.yaml:";
  for (auto line : base::split(result.error().message, '\n')) {
    CHECK(line.starts_with(kFile));
    line.remove_prefix(std::min(kFile.size(), line.size()));
    out += (out.empty() ? "" : "\n") + std::string(line);
  }
  return out;
}

// One good service, to be followed by what is tested.
std::string with_service(std::string_view rest) {
  return "services:\n  - name: web\n    container: web\n" + std::string(rest);  // Rest from line 4.
}

}  // namespace

TEST_CASE("a full configuration is read field by field") {
  const auto loaded = parse(R"(
state: /var/lib/sre
ledger: ledger/events.db
mode: auto
github: {repository: acme/infra, token: "${TOKEN}", api: https://ghe.acme.com/api/v3/}
engine: {host: unix:///run/engine.sock}
console: {address: 0.0.0.0, port: 9080, key: "${KEY}"}
forge: {port: 9081}
exclude: [postgres, registry.local]
limits: {cooldown: 0s, soak: 5s, service_actions_per_hour: 50, confidence_min: 0.95}
services:
  - name: user-service
    container: com.docker.compose.service=user
    protect: true
  - name: policy-service
    container: policy-service
    health: {url: "http://127.0.0.1:8002/health", every: 250ms, timeout: 1s, fails: 3}
    path: {url: "http://[::1]:8002/quote?x=1", latency_bound: 500ms, window: 3s}
    depends_on: [user-service]
    mode: approve
    grace: 500ms
model: {provider: none}
)",
                            {{"TOKEN", "ghp_long"}, {"KEY", "0123456789abcdef"}});
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  const Config& config = *loaded;
  CHECK(config.path == "/etc/sre/sre-space.yaml");
  CHECK(config.state_dir == "/var/lib/sre");
  CHECK(config.ledger == "/etc/sre/ledger/events.db");
  CHECK(config.mode == Mode::automatic);
  CHECK(config.github.repository == "acme/infra");
  CHECK(config.github.token == "ghp_long");
  CHECK(config.github.api == "https://ghe.acme.com/api/v3");
  CHECK(config.engine_host == "unix:///run/engine.sock");
  CHECK(config.console_address == "0.0.0.0");
  CHECK(config.console_port == 9080);
  CHECK(config.console_key == "0123456789abcdef");
  CHECK(config.forge_port == 9081);
  CHECK(config.exclude == std::vector<std::string>{"postgres", "registry.local"});
  CHECK(config.limits.cooldown == seconds(0));
  CHECK(config.limits.soak == seconds(5));
  CHECK(config.limits.service_actions_per_hour == 50);
  CHECK(config.limits.confidence_min == doctest::Approx(0.95));
  CHECK(config.notes.empty());
  REQUIRE(config.services.size() == 2);
  const auto& user = config.services[0];
  CHECK(user.container == "com.docker.compose.service=user");
  CHECK(user.protect);
  CHECK(user.line == 12);
  CHECK_FALSE(user.health);
  const auto& policy = config.services[1];
  REQUIRE(policy.health);
  CHECK(policy.health->every == milliseconds(250));
  CHECK(policy.health->fails == 3);
  REQUIRE(policy.path);
  CHECK(policy.path->latency_bound == milliseconds(500));
  CHECK(policy.path->window == seconds(3));
  CHECK(policy.depends_on == std::vector<std::string>{"user-service"});
  CHECK(policy.grace == milliseconds(500));
  CHECK(config::mode_of(config, policy) == Mode::approve);
  CHECK(config::mode_of(config, user) == Mode::automatic);
  CHECK(config::find_service(config, "policy-service") == &policy);
  CHECK(config::find_service(config, "nobody") == nullptr);
}

TEST_CASE("what is left out has the documented default") {
  const auto loaded = parse(with_service(""));
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(loaded->mode == Mode::dry_run);
  CHECK(loaded->embedded());
  CHECK(loaded->repository() == "sre-space/demo");
  CHECK(loaded->state_dir == "/etc/sre/state");
  CHECK(loaded->ledger == "/etc/sre/state/ledger.db");
  CHECK(loaded->engine_host == "unix:///var/run/docker.sock");
  CHECK(loaded->console_address == "127.0.0.1");
  CHECK(loaded->console_port == 7080);
  CHECK(loaded->forge_port == 7081);
  CHECK(loaded->limits.soak == minutes(5));
  CHECK(loaded->notes.empty());
  const auto host = parse(with_service(""), {{"DOCKER_HOST", "unix:///tmp/e.sock"}});
  REQUIRE(host.ok());
  CHECK(host->engine_host == "unix:///tmp/e.sock");
}

TEST_CASE("each mistake is told with its line, field and suggestion") {
  struct Row {
    const char* text;
    const char* told;
  };
  const Row rows[] = {
      // The text itself.
      {"", " is empty; write a first one with: sre-space init"},
      {"# nothing\n", " is empty; write a first one with: sre-space init"},
      {"just words", "1: must be a map of fields, as \"mode: dry_run\""},
      {"- a\n- b\n", "1: must be a map of fields, as \"mode: dry_run\""},
      {"mode: [auto\n", "2: not valid YAML: end of sequence flow not found"},
      {"mode: auto\n\tstate: x\n", "2: not valid YAML: illegal tab when looking for indentation"},
      {"a: &x [1]\nb: *x\n", "2: aliases (*name) are not accepted; write the value out"},
      {"mode: auto\n---\nmode: auto\n", "2: only one document (\"---\") is accepted"},
      {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "1: nested deeper than 16 levels"},
      {"? [a]\n: b\n", "1: a field's name must be plain text"},
      // The root.
      {"{}", "1: services: at least one service is needed"},
      {"services: []", "1: services: at least one service is needed"},
      {"services: web", "1: services: must be a list, not a plain value"},
      {"services:\n", "1: services: is empty; a list is needed"},
      {"service: []",
       "1: service: unknown field; did you mean \"services\"?\n"
       "1: services: at least one service is needed"},
      {"services:\n  - web\n", "2: services[0]: must be a map of fields, not a plain value"},
      // A service.
      {"services:\n  - name: web\n", "2: services[0].container: is missing"},
      {"services:\n  - container: web\n", "2: services[0].name: is missing"},
      {"services:\n  - name: a b\n    container: web\n",
       "2: services[0].name: \"a b\" is no name: letters, digits, '.', '_', '-', at most 40"},
      {"services:\n  - name: web\n    container: /web\n",
       "3: services[0].container: \"/web\" is neither a container's name nor label=value"},
      {"services:\n  - name: web\n    container: app=\n",
       "3: services[0].container: \"app=\" is neither a container's name nor label=value"},
      {"services:\n  - name: web\n    container: ''\n", "3: services[0].container: is empty"},
      {"services:\n  - name: web\n    container:\n",
       "3: services[0].container: is empty; a plain value is needed"},
      {"services:\n  - name: web\n    name: web\n    container: web\n",
       "3: services[0].name: given twice; first on line 2"},
      {"services:\n  - {name: web, container: a}\n  - {name: web, container: b}\n",
       "3: services[1].name: \"web\" is the name of two services; first on line 2"},
      {"services:\n  - {name: a, container: web}\n  - {name: b, container: web}\n",
       "3: services[1].container: \"web\" belongs to two services; first on line 2"},
      // The rest follows the service of with_service, on line 4.
      {"+    helth: {}\n", "4: services[0].helth: unknown field; did you mean \"health\"?"},
      {"+    zzzzzzzz: 1\n", "4: services[0].zzzzzzzz: unknown field"},
      {"+    health: http://x/\n",
       "4: services[0].health: must be a map of fields, not a plain value"},
      {"+    health: {every: 1s}\n", "4: services[0].health.url: is missing"},
      {"+    health: {url: 127.0.0.1:80/health}\n",
       "4: services[0].health.url: \"127.0.0.1:80/health\" is no URL: it starts with no http://"},
      {"+    health: {url: 'https://x/'}\n",
       "4: services[0].health.url: must start with http://; probes speak plain HTTP to the service "
       "itself"},
      {"+    health: {url: 'http://x:99999/'}\n",
       "4: services[0].health.url: \"http://x:99999/\" is no URL: its port is no number from 1 to "
       "65535"},
      {"+    health: {url: 'http:///health'}\n",
       "4: services[0].health.url: \"http:///health\" is no URL: its host is missing or no name"},
      {"+    health: {url: 'http://me:secret@x/'}\n",
       "4: services[0].health.url: a URL must hold no user or password"},
      {"+    health: {url: 'http://x/', evry: 1s}\n",
       "4: services[0].health.evry: unknown field; did you mean \"every\"?"},
      {"+    health: {url: 'http://x/', every: 250}\n",
       "4: services[0].health.every: \"250\" is no duration; write a number and ms, s, min or h, "
       "as "
       "250ms"},
      {"+    health: {url: 'http://x/', every: 1ms}\n",
       "4: services[0].health.every: \"1ms\" is out of range; 50ms to 60min"},
      {"+    health: {url: 'http://x/', timeout: -1s}\n",
       "4: services[0].health.timeout: \"-1s\" is no duration; write a number and ms, s, min or h, "
       "as 250ms"},
      {"+    health: {url: 'http://x/', fails: 0}\n",
       "4: services[0].health.fails: \"0\" is no whole number from 1 to 100"},
      {"+    health: {url: 'http://x/', fails: 2.5}\n",
       "4: services[0].health.fails: \"2.5\" is no whole number from 1 to 100"},
      {"+    path: {url: 'http://x/', latency_bound: 2s}\n",
       "4: services[0].path.latency_bound: must be shorter than timeout, which is 1s"},
      {"+    path: {url: 'http://x/', window: 2s}\n",
       "4: services[0].path.window: has no meaning without latency_bound"},
      {"+    clear_queue: 127.0.0.1:80/clear\n",
       "4: services[0].clear_queue: \"127.0.0.1:80/clear\" is no URL: it starts with no http://"},
      {"+    clear_queue: 'https://x/clear'\n",
       "4: services[0].clear_queue: must start with http://; the service itself is called, in "
       "plain "
       "HTTP"},
      {"+    depends_on: db\n", "4: services[0].depends_on: must be a list, not a plain value"},
      {"+    depends_on: [wed]\n",
       "4: services[0].depends_on[0]: unknown service \"wed\"; did you mean \"web\"?"},
      {"+    depends_on: [web]\n", "4: services[0].depends_on[0]: depends on itself: web → web"},
      {"+    depends_on: [b]\n  - {name: b, container: b, depends_on: [c]}\n"
       "  - {name: c, container: c, depends_on: [b]}\n",
       "6: services[2].depends_on[0]: depends on itself: b → c → b"},
      {"+    mode: autoo\n", "4: services[0].mode: \"autoo\" is no mode; did you mean \"auto\"?"},
      {"+    grace: soon\n",
       "4: services[0].grace: \"soon\" is no duration; write a number and ms, s, min or h, as "
       "250ms"},
      {"+    protect: yes\n", "4: services[0].protect: \"yes\" is neither true nor false"},
      {"+mode: dry-run\n", "4: mode: \"dry-run\" is no mode; did you mean \"dry_run\"?"},
      {"+mode: sometimes\n",
       "4: mode: \"sometimes\" is no mode; one of observe, dry_run, approve, auto"},
      {"+github: {repository: infra}\n",
       "4: github.repository: \"infra\" is neither embedded nor owner/name"},
      {"+github: {repository: embeded}\n",
       "4: github.repository: \"embeded\" is neither embedded nor owner/name; did you mean "
       "\"embedded\"?"},
      {"+github: {token: \"a b\"}\n",
       "4: github.token: holds a space or a character that none has"},
      {"+github: {api: http://ghe.acme.com}\n",
       "4: github.api: must be https://, else the token travels in the clear"},
      {"+github: {repository: a/b, app: {id: 7}}\n",
       "4: github.app.installation: is missing\n4: github.app.private_key: is missing"},
      {"+github: {repository: a/b, app: {id: 7, installation: x, private_key: k}}\n",
       "4: github.app.installation: \"x\" is no number"},
      {"+github: {proxy: socks5://p:1}\n",
       "4: github.proxy: is no http://[user:password@]host:port"},
      {"+github: {webhook_secret: short}\n",
       "4: github.webhook_secret: shorter than 16 characters: so short a secret stands in "
       "innocent text too and could not be kept out of issues"},
      {"+github: {webhook_secret: 0123456789}\n",
       "4: github.webhook_secret: shorter than 16 characters"},
      {"+github: {token: 1234567}\n",
       "4: github.token: shorter than 8 characters: so short a secret stands in innocent text too "
       "and could not be kept out of issues"},
      {"+github: {tokens: {brain: 1234567}}\n",
       "4: github.tokens.brain: shorter than 8 characters: so short a secret stands in innocent "
       "text too and could not be kept out of issues"},
      {"+github: {second_webhook_secret: 0123456789abcdef}\n",
       "4: github.second_webhook_secret: is for rotation: webhook_secret is needed"},
      {"+github: {tokens: {scribe: x}}\n", "4: github.tokens.scribe: unknown field"},
      {"+github: {tokn: x}\n", "4: github.tokn: unknown field; did you mean \"token\"?"},
      {"+console: {port: 70000}\n",
       "4: console.port: \"70000\" is no whole number from 1 to 65535"},
      {"+console: {port: 7081}\n", "4: console: console and forge cannot share port 7081"},
      {"+console: {address: 0.0.0.0}\n",
       "4: console.address: 0.0.0.0 is open to the network: console.key is needed"},
      {"+console: {address: 0.0.0.0, key: \"${NO_KEY}\"}\n",
       "4: console.address: 0.0.0.0 is open to the network: console.key is needed (${NO_KEY} is "
       "not "
       "set)"},
      {"+console: {address: example.com}\n",
       "4: console.address: \"example.com\" is no IP address"},
      {"+console: {key: short}\n", "4: console.key: shorter than 16 characters"},
      {"+forge: {port: http}\n", "4: forge.port: \"http\" is no whole number from 1 to 65535"},
      {"+engine: {host: tcp://1.2.3.4:2375/x}\n",
       "4: engine.host: \"tcp://1.2.3.4:2375/x\" is no tcp://host:port"},
      {"+exclude: [a/b]\n", "4: exclude[0]: \"a/b\" is no container's name"},
      {"+limits: {cooldwn: 1s}\n", "4: limits.cooldwn: unknown field; did you mean \"cooldown\"?"},
      {"+limits: {confidence_min: 2}\n",
       "4: limits.confidence_min: \"2\" is no number from 0.5 to 1"},
      {"+limits: {soak_probes_min: 3}\n",
       "4: limits.soak_probes_min: \"3\" is no whole number from 10 to 100000"},
      {"+ledger: postgres://db/sre\n",
       "4: ledger: only a file is accepted; ledgers on a server are not in this version"},
      {"+state: ${NOWHERE}\n", "4: state: ${NOWHERE} is not set"},
      {"+state: ${no end\n", "4: state: bad reference; write ${NAME} or ${file:/path}"},
      {"+state: ${file:/no/such/file}/x\n", "4: state: ${file:/no/such/file} is not set"},
  };
  for (const auto& row : rows) {
    const std::string text =
        row.text[0] == '+' ? with_service(std::string_view(row.text).substr(1)) : row.text;
    CAPTURE(text);
    CHECK(mistakes(text) == row.told);
  }
}

TEST_CASE("all mistakes come at once, in the order of their lines") {
  CHECK(mistakes("mode: atuo\nservices:\n  - name: web\n    helth: {}\nlimits: {soak: x}\n") ==
        "1: mode: \"atuo\" is no mode; did you mean \"auto\"?\n"
        "3: services[0].container: is missing\n"
        "4: services[0].helth: unknown field; did you mean \"health\"?\n"
        "5: limits.soak: \"x\" is no duration; write a number and ms, s, min or h, as 250ms");
  std::string many;
  for (int i = 0; i < 150; ++i) many += "unknown_thing_" + std::to_string(i) + ": 1\n";
  const auto result = parse(many);
  REQUIRE_FALSE(result.ok());
  CHECK(base::split(result.error().message, '\n').size() == 101);
  CHECK(result.error().message.ends_with("and 51 more"));
}

TEST_CASE("an engine named by the environment is checked like one in the file") {
  CHECK(mistakes(with_service(""), {{"DOCKER_HOST", "ssh://x"}}) ==
        " DOCKER_HOST: \"ssh://x\" is no unix:///path or tcp://host:port");
}

TEST_CASE("an app signs in instead of a token; its keys are files beside the configuration") {
  const auto loaded = parse(with_service(R"(mode: auto
github:
  repository: acme/infra
  app: {id: Iv23abc, installation: 12, private_key: app.pem, second_private_key: /keys/new.pem}
  ca_file: ca.pem
  proxy: http://u:p@proxy:3128
  webhook_secret: 0123456789abcdef
  hook: 4711
  tokens: {brain: brain-token, fixer: "${NO_TOKEN}"}
)"));
  REQUIRE(loaded.ok());
  const auto& github = loaded->github;
  REQUIRE(github.app.has_value());
  CHECK(github.app->id == "Iv23abc");
  CHECK(github.app->installation == "12");
  CHECK(github.app->private_key == "/etc/sre/app.pem");
  CHECK(github.app->second_private_key == "/keys/new.pem");
  CHECK(github.ca_file == "/etc/sre/ca.pem");
  CHECK(github.proxy == "http://u:p@proxy:3128");
  CHECK(github.webhook_secret == "0123456789abcdef");
  CHECK(github.hook == 4711);
  CHECK(github.tokens == std::map<std::string, std::string>{{"brain", "brain-token"}});
  CHECK(github.can_write());
  CHECK(loaded->mode == Mode::automatic);
  REQUIRE(loaded->notes.size() == 1);
  CHECK(loaded->notes[0].find("common voice") != std::string::npos);
}

TEST_CASE("the forge knows apps, teams and workflows of somebody's own") {
  const auto loaded = parse(with_service(R"(forge:
  port: 7090
  apps:
    - {id: 7, slug: greeter, public_key: greeter.pem, second_public_key: /keys/new.pem}
  teams:
    - {name: acme/on-call, members: [ann, bob]}
  workflows: [deploy.yml]
)"));
  REQUIRE(loaded.ok());
  CHECK(loaded->forge_port == 7090);
  REQUIRE(loaded->forge_apps.size() == 1);
  CHECK(loaded->forge_apps[0].id == 7);
  CHECK(loaded->forge_apps[0].slug == "greeter");
  CHECK(loaded->forge_apps[0].public_key == "/etc/sre/greeter.pem");
  CHECK(loaded->forge_apps[0].second_public_key == "/keys/new.pem");
  REQUIRE(loaded->forge_teams.size() == 1);
  CHECK(loaded->forge_teams[0].organization == "acme");
  CHECK(loaded->forge_teams[0].slug == "on-call");
  CHECK(loaded->forge_teams[0].members == std::vector<std::string>{"ann", "bob"});
  CHECK(loaded->forge_workflows == std::vector<std::string>{"deploy.yml"});

  struct Row {
    const char* text;
    const char* told;
  };
  for (const auto& row :
       {Row{"forge: {apps: [{id: 7, slug: a}]}\n", "4: forge.apps[0].public_key: is missing"},
        Row{"forge: {apps: [{id: 7, slug: a/b, public_key: k}]}\n",
            "4: forge.apps[0].slug: is no plain name"},
        Row{"forge: {apps: [{id: 7, slug: a, public_key: k}, {id: 7, slug: b, public_key: k}]}\n",
            "4: forge.apps[1].id: another app has this id or slug"},
        Row{"forge: {teams: [{name: on-call}]}\n",
            "4: forge.teams[0].name: \"on-call\" is not organisation/team"},
        Row{"forge: {teams: [{members: [a]}]}\n", "4: forge.teams[0].name: is missing"},
        Row{"forge: {workflows: [../x]}\n", "4: forge.workflows[0]: \"../x\" is no plain name"},
        Row{"forge: {app: []}\n", "4: forge.app: unknown field; did you mean \"apps\"?"}}) {
    CHECK(mistakes(with_service(row.text)) == row.told);
  }
}

TEST_CASE("each role keeps its own secrets alone") {
  config::Config whole;
  whole.github.token = "t";
  whole.github.tokens["brain"] = "b";
  whole.github.webhook_secret = whole.github.second_webhook_secret = "w";
  whole.console_key = "k";
  config::Config scribe = whole, console = whole, brain = whole;
  config::forget_foreign_secrets(scribe, "scribe");
  config::forget_foreign_secrets(console, "console");
  config::forget_foreign_secrets(brain, "brain");
  CHECK(scribe.github.token == "t");
  CHECK(scribe.github.tokens.size() == 1);
  CHECK(scribe.github.webhook_secret == "w");  // It keeps all of them out of issues.
  CHECK(scribe.console_key == "k");
  CHECK(console.github.token.empty());
  CHECK(console.github.tokens.empty());
  CHECK(console.github.webhook_secret == "w");
  CHECK(console.console_key == "k");
  CHECK(brain.github.token.empty());
  CHECK(brain.github.second_webhook_secret.empty());
  CHECK(brain.console_key.empty());
}

TEST_CASE("the environment's proxy is taken for a real GitHub, unless NO_PROXY names it") {
  struct Row {
    const char* github;
    std::map<std::string, std::string> env;
    const char* proxy;
  };
  const std::string there = "http://proxy:3128";
  const Row rows[] = {
      {"{repository: a/b}", {}, ""},
      {"{repository: a/b}", {{"HTTPS_PROXY", there}}, "http://proxy:3128"},
      {"{repository: a/b}", {{"https_proxy", "proxy:3128"}}, "http://proxy:3128"},
      {"{repository: a/b}", {{"HTTP_PROXY", there}}, ""},
      {"{repository: a/b}", {{"HTTPS_PROXY", there}, {"NO_PROXY", "x,github.com"}}, ""},
      {"{repository: a/b}",
       {{"HTTPS_PROXY", there}, {"no_proxy", "gitlab.com"}},
       "http://proxy:3128"},
      {"{repository: a/b, api: \"https://127.0.0.1:1\"}", {{"HTTPS_PROXY", there}}, ""},
      {"{repository: a/b, proxy: \"http://other:1\"}", {{"HTTPS_PROXY", there}}, "http://other:1"},
      {"{}", {{"HTTPS_PROXY", there}}, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.github);
    const auto loaded = parse(with_service("github: " + std::string(row.github) + "\n"), row.env);
    REQUIRE(loaded.ok());
    CHECK(loaded->github.proxy == row.proxy);
  }
  CHECK(mistakes(with_service("github: {repository: a/b}\n"), {{"HTTPS_PROXY", "socks5://x"}}) ==
        " HTTPS_PROXY: is no http://[user:password@]host:port");
}

TEST_CASE("another role's secret is withheld so that the file still reads the same") {
  const std::string text = with_service(
      "github: {repository: a/b, token: \"${T}\", tokens: {brain: \"${B}\"}, proxy: \"${P}\"}\n"
      "state: \"${T}/x\"\n"
      "console: {key: \"${K}\"}\n");
  const std::map<std::string, std::string> given = {{"T", "ghp_long_enough"},
                                                    {"B", "ghp_brains_own"},
                                                    {"P", "http://me:secret-word@proxy:3128"},
                                                    {"K", "0123456789abcdef"},
                                                    {"OTHER", "x"}};
  const auto whole = parse(text, given);
  REQUIRE_MESSAGE(whole.ok(), whole.error().message);
  std::vector<std::string> lines;
  for (const auto& [name, value] : given) lines.push_back(name + "=" + value);
  CHECK(config::environment_of(*whole, "scribe", lines) == lines);
  std::map<std::string, std::string> left;
  for (const auto& line : config::environment_of(*whole, "brain", lines)) {
    left[line.substr(0, 1)] = line.substr(2);
  }
  const std::map<std::string, std::string> wanted = {
      {"T", "ghp_long_enough"},  // A field that every role needs names it as well.
      {"B", "withheld-from-this-role"},
      {"P", "http://withheld-from-this-role:1"},
      {"K", "withheld-from-this-role"}};
  CHECK(left == wanted);
  const auto part = parse(text, left);
  REQUIRE_MESSAGE(part.ok(), part.error().message);
  CHECK(part->notes == whole->notes);
  CHECK(part->mode == whole->mode);
  CHECK(part->github.can_write());
}

TEST_CASE("an unset secret turns its part off with one line and stops nothing") {
  struct Row {
    const char* rest;
    const char* note;
    Mode mode;
  };
  const Row rows[] = {
      {"mode: auto\ngithub: {repository: acme/infra, token: \"${GITHUB_PERSONAL_ACCESS_TOKEN}\"}\n",
       "github.token: ${GITHUB_PERSONAL_ACCESS_TOKEN} is not set: the Scribe is off, issues stay "
       "in "
       "the ledger, and the mode is at most approve",
       Mode::approve},
      {"mode: auto\ngithub: {repository: acme/infra}\n",
       "github.token: not given: the Scribe is off, issues stay in the ledger, and the mode is at "
       "most approve",
       Mode::approve},
      {"mode: observe\ngithub: {repository: acme/infra}\n",
       "github.token: not given: the Scribe is off, issues stay in the ledger, and the mode is at "
       "most approve",
       Mode::observe},
      {"mode: auto\nconsole: {key: \"${NO_KEY}\"}\n",
       "console.key: ${NO_KEY} is not set: the console asks for no key", Mode::automatic},
      {"mode: auto\nengine: {host: tcp://10.0.0.7:2375}\n",
       "engine.host: the engine is reached over the network in the clear", Mode::automatic},
      {"mode: auto\nmodel: {provider: ollama}\n",
       "model.provider: models are not in this version: the Brain decides by rules",
       Mode::automatic},
  };
  for (const auto& row : rows) {
    CAPTURE(row.rest);
    const auto loaded = parse(with_service(row.rest));
    REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
    CHECK(loaded->notes == std::vector<std::string>{row.note});
    CHECK(loaded->mode == row.mode);
  }
  const auto embedded = parse(with_service("mode: auto\ngithub: {token: \"${UNSET}\"}\n"));
  REQUIRE(embedded.ok());
  CHECK(embedded->notes.empty());  // The embedded forge makes its own token.
  CHECK(embedded->mode == Mode::automatic);
}

TEST_CASE("a service can only be stricter than the whole") {
  const auto loaded = parse("mode: dry_run\n" + with_service("    mode: auto\n"));
  REQUIRE(loaded.ok());
  CHECK(config::mode_of(*loaded, loaded->services[0]) == Mode::dry_run);
  CHECK(loaded->notes ==
        std::vector<std::string>{
            "services[0].mode: auto is looser than the global mode and does not count"});
}

TEST_CASE("a secret never appears in a message") {
  const std::map<std::string, std::string> env = {{"TOKEN", "hunter2 hunter2"}, {"KEY", "hunter2"}};
  const auto text =
      mistakes(with_service("github: {token: \"${TOKEN}\"}\nconsole: {key: \"${KEY}\"}\n"), env);
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("github.token") != std::string::npos);
  CHECK(text.find("console.key") != std::string::npos);
}

TEST_CASE("a text of hostile size is refused quickly") {
  CHECK(mistakes(std::string((1 << 20) + 1, ' ')) == "1: larger than 1 MB");
  CHECK(mistakes("a: [" + std::string(900'000, '[')) == "1: nested deeper than 16 levels");
  std::string wide = "exclude: [";
  for (int i = 0; i < 60'000; ++i) wide += "a,";
  CHECK(mistakes(wide + "a]\n") == "1: more than 50000 values");
  CHECK(mistakes(std::string("mode: a\0uto", 11)) == "1: holds a zero byte; this is no YAML text");
}

TEST_CASE("damaged text never does worse than an error") {
  const std::string good = with_service(
      "    health: {url: 'http://x:1/h', every: 250ms}\n    depends_on: []\nlimits: {soak: 5s}\n");
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      constexpr std::string_view kBytes = "{}[]:,-&*!|>'\"%@`#?~ \n\t\x01\xff${";
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 8);
      else
        text.insert(at, 1, kBytes[random() % kBytes.size()]);
      if (text.empty()) text = " ";
    }
    CAPTURE(text);
    const auto result = parse(text);
    if (!result.ok()) CHECK_FALSE(result.error().message.empty());
  }
}

TEST_CASE("a limit looser than its default is named") {
  CHECK(config::looser_limits({}).empty());
  config::Limits limits;
  limits.cooldown = seconds(0);
  limits.spacing = minutes(1);  // Stricter.
  limits.service_actions_per_hour = 50;
  limits.confidence_min = 0.8;
  limits.soak = seconds(5);
  CHECK(config::looser_limits(limits) ==
        std::vector<std::string>{
            "limits.service_actions_per_hour: 50, default 3", "limits.cooldown: 0ms, default 10min",
            "limits.confidence_min: 0.8, default 0.9", "limits.soak: 5s, default 5min"});
}

TEST_CASE("limits of the guards, windows, images and the policy server are read") {
  const auto loaded = parse(with_service(R"(mode: auto
github: {repository: embedded, second_approval: true}
limits:
  deploy_freeze: 5min
  flap_window: 1h
  flap_start_percent: 50
  flap_end_percent: 25
  flap_restarts: 9
  no_progress_actions: 3
  blast_radius_percent: 25
  host_cpu_percent: 80
  host_memory_percent: 85
  pull_requests_open: 2
  pull_requests_per_day: 7
  auto_tiers: [1, 2]
maintenance:
  - {days: [fri, sat], from: "22:30", to: "02:00", timezone: UTC}
  - {from: "0:00", to: "24:00"}
stateful_images: [acme-db]
opa: {url: "http://127.0.0.1:8181/v1/data/sre/allow"}
)"),
                            {{"OPA_ENDPOINT", "http://127.0.0.1:1/other"}});
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(loaded->notes.empty());
  CHECK(loaded->github.second_approval);
  CHECK(config::looser_limits(loaded->limits) ==
        std::vector<std::string>{
            "limits.deploy_freeze: 5min, default 15min",
            "limits.flap_start_percent: 50, default 30", "limits.flap_end_percent: 25, default 15",
            "limits.flap_restarts: 9, default 3", "limits.no_progress_actions: 3, default 2",
            "limits.blast_radius_percent: 25, default 10",
            "limits.pull_requests_open: 2, default 1", "limits.pull_requests_per_day: 7, default 3",
            "limits.auto_tiers: 2 too, default 1"});
  REQUIRE(loaded->maintenance.size() == 2);
  CHECK(loaded->maintenance[0].days == (1U << 4U | 1U << 5U));
  CHECK(loaded->maintenance[0].from == 22 * 60 + 30);
  CHECK(loaded->maintenance[0].to == 120);
  CHECK(loaded->maintenance[1].days == 0x7F);
  CHECK(loaded->maintenance[1].to == 24 * 60);
  CHECK(loaded->stateful_images == std::vector<std::string>{"acme-db"});
  CHECK(loaded->opa == "http://127.0.0.1:8181/v1/data/sre/allow");  // Before the environment's.
  const auto other = parse(with_service(""), {{"OPA_ENDPOINT", "http://10.0.0.7:8181/v1/data/x"}});
  REQUIRE(other.ok());
  CHECK(other->opa == "http://10.0.0.7:8181/v1/data/x");
  CHECK(other->notes ==
        std::vector<std::string>{"OPA_ENDPOINT: is asked over the network in the clear"});
  CHECK(mistakes(with_service(""), {{"OPA_ENDPOINT", "https://opa/x"}}) ==
        " OPA_ENDPOINT: must start with http://; the server stands beside us");
  CHECK(mistakes(with_service("limits: {auto_tiers: [3]}\n")).find("\"3\" is no tier: 1 or 2") !=
        std::string::npos);
}

TEST_CASE("a maintenance window that cannot be read freezes instead of letting pass") {
  struct Row {
    const char* fields;
    const char* why;
    std::size_t services;
  };
  const Row rows[] = {
      {"from: \"25:00\", to: \"02:00\"", "from is no time of day as \"22:30\"", 0},
      {"from: \"22:00\"", "to is no time of day as \"22:30\"", 0},
      {"from: \"22:0\", to: \"23:00\"", "from is no time of day as \"22:30\"", 0},
      {"from: \"22:00\", to: \"24:01\"", "to is no time of day as \"22:30\"", 0},
      {"from: \"1:00\", to: \"2:00\", days: [friday]", "\"friday\" is no day: mon to sun", 0},
      {"from: \"1:00\", to: \"2:00\", days: []", "days names none", 0},
      {"from: \"1:00\", to: \"2:00\", timezone: Europe/Berlin",
       "timezone \"Europe/Berlin\" is not UTC", 0},
      {"from: \"1:00\", to: \"2:00\", services: [nobody]", "there is no service \"nobody\"", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.fields);
    const auto loaded = parse(with_service("maintenance: [{" + std::string(row.fields) + "}]\n"));
    REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
    REQUIRE(loaded->maintenance.size() == 1);
    CHECK(loaded->maintenance[0].unreadable == row.why);
    CHECK(loaded->maintenance[0].services.size() == row.services);
    REQUIRE(loaded->notes.size() == 1);
    CHECK(loaded->notes[0] == "maintenance[0]: cannot be read (" + std::string(row.why) +
                                  "): every service stays frozen until it is mended");
  }
}

TEST_CASE("modes are written as they are read") {
  for (const auto mode : {Mode::observe, Mode::dry_run, Mode::approve, Mode::automatic}) {
    CHECK(config::parse_mode(config::to_string(mode)) == mode);
  }
  CHECK_FALSE(config::parse_mode("automatic"));
}

TEST_CASE("a URL is taken apart, or refused") {
  const auto url = config::parse_url("http://[::1]:8080/a?b=c");
  REQUIRE(url.ok());
  CHECK(url->host == "::1");
  CHECK(url->port == 8080);
  CHECK(url->target == "/a?b=c");
  CHECK(config::parse_url("https://x").value().port == 443);
  CHECK(config::parse_url("http://x?q").value().target == "/?q");
  for (const char* bad :
       {"", "x", "ftp://x", "http://", "http://x:/", "http://x:0/", "http://[::1", "http://[x]/",
        "http://[::1]8/", "http://x/ y", "http://x/#a", "http://a b/"}) {
    CAPTURE(bad);
    CHECK_FALSE(config::parse_url(bad).ok());
  }
}

TEST_CASE("a balancer and bounds are read, and their mistakes told") {
  constexpr std::string_view kBalancer =
      R"(    bounds: {memory_min_mib: 64, memory_max_mib: 512, cpu_max: 2}
balancer:
  file: nginx/upstreams.conf
  test: [nginx, -t]
  pid_file: /run/nginx.pid
  generation_address: 127.0.0.1:8099
  drain: 2s
  upstreams:
    - {service: web, name: web_backend, port: 8000}
)";
  const auto loaded = parse(with_service(kBalancer));
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(loaded->services[0].bounds.memory_min_bytes == 64 << 20);
  CHECK(loaded->services[0].bounds.memory_max_bytes == 512 << 20);
  CHECK(loaded->services[0].bounds.cpu_max == 2);
  REQUIRE(loaded->balancer);
  CHECK(loaded->balancer->file == "/etc/sre/nginx/upstreams.conf");
  CHECK(loaded->balancer->test == std::vector<std::string>{"nginx", "-t"});
  CHECK(loaded->balancer->generation_address == "127.0.0.1:8099");
  CHECK(loaded->balancer->drain == seconds(2));
  REQUIRE(loaded->balancer->upstreams.size() == 1);
  CHECK(loaded->balancer->upstreams[0].name == "web_backend");
  CHECK(loaded->balancer->upstreams[0].port == 8000);
  struct Row {
    const char *from, *to, *field;
  };
  for (const Row& row : {
           Row{"127.0.0.1:8099", "10.0.0.1:8099", "balancer.generation_address"},
           Row{"127.0.0.1:8099", "localhost:8099", "balancer.generation_address"},
           Row{"  test: [nginx, -t]\n", "", "balancer.test"},
           Row{"[nginx, -t]", "[]", "balancer.test"},
           Row{"service: web,", "service: wep,", "balancer.upstreams[0].service"},
           Row{"web_backend", "'web {'", "balancer.upstreams[0].name"},
           Row{"port: 8000", "port: 0", "balancer.upstreams[0].port"},
           Row{"drain: 2s", "drian: 2s", "balancer.drian"},
           Row{"memory_min_mib: 64", "memory_min_mib: 600", "services[0].bounds.memory_min_mib"},
           Row{"cpu_max: 2", "cpu_max: 0", "services[0].bounds.cpu_max"},
           Row{"    - {service: web,",
               "    - {service: web, name: x, port: 1}\n    - {service: web,",
               "balancer.upstreams[1]"},
       }) {
    std::string text = with_service(kBalancer);
    const auto at = text.find(row.from);
    REQUIRE(at != std::string::npos);
    text.replace(at, std::string_view(row.from).size(), row.to);
    CAPTURE(text);
    const auto wrong = parse(text);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message.find(row.field) != std::string::npos);
  }
}

TEST_CASE("escalation: which agent, what it needs, and that no secret reaches a command") {
  const auto read = [](const std::string& text) {
    const auto loaded = parse("escalation: {" + text + "}\n" + with_service(""));
    REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
    return loaded->escalation;
  };
  CHECK(read("").agent == config::CodingAgent::none);
  CHECK(read("").label == "jules-fix");
  const auto command = read(
      "agent: command, command: [coder, --yes], environment: [HOME], time: 10min, label: fix-it, "
      "forbidden: [secrets/], per_day: 5, branch: release/1.x");
  CHECK(command.command == std::vector<std::string>{"coder", "--yes"});
  CHECK(command.time == minutes(10));
  CHECK(command.branch == "release/1.x");
  CHECK(read("agent: jules, key: jules-key-1").jules_key == "jules-key-1");
  CHECK(read("agent: workflow, workflow: heal.yml").workflow == "heal.yml");
  CHECK(read("agent: assign, assignee: ada").assignee == "ada");

  const std::pair<const char*, const char*> wrong[] = {
      {"agent: comand", "did you mean \"command\"?"},
      {"agent: command", "escalation.command: is missing"},
      {"agent: workflow", "escalation.workflow: is missing"},
      {"agent: assign", "escalation.assignee: is missing"},
      {"agent: jules", "escalation.key: is missing"},
      {"environment: [OPENAI_API_KEY]", "named like a secret"},
      {"workflow: ../x.yml", "no file name"},
      {"branch: \"a b\"", "is no branch"},
      {"branch: ../main", "is no branch"},
      {"api: \"http://jules.example\"", "must be https://"},
      {"label: \"a,b\"", "without a comma"},
      {"agents: jules", "unknown field"}};
  for (const auto& [text, word] : wrong) {
    CAPTURE(text);
    const auto said = mistakes("escalation: {" + std::string(text) + "}\n" + with_service(""));
    CHECK(said.find(word) != std::string::npos);
  }
}

TEST_CASE("escalation: Jules' key is the Scribe's alone, and without it nothing is handed over") {
  const std::string text =
      "escalation: {agent: jules, key: \"${JULES_API_KEY}\"}\n" + with_service("");
  auto loaded = parse(text, {{"JULES_API_KEY", "jules-key-1"}});
  REQUIRE(loaded.ok());
  for (const auto* role : {"brain", "fixer", "console", "warden"}) {
    auto own = *loaded;
    config::forget_foreign_secrets(own, role);
    CHECK(own.escalation.jules_key.empty());
    for (const auto& line :
         config::environment_of(own, role, {"JULES_API_KEY=jules-key-1", "PATH=/bin"}))
      CHECK(line.find("jules-key-1") == std::string::npos);
  }
  const auto without = parse(text);
  REQUIRE(without.ok());
  CHECK(without->escalation.agent == config::CodingAgent::none);
  CHECK(base::split(without->notes.at(0), '\n').front().find("JULES_API_KEY") !=
        std::string_view::npos);
}
