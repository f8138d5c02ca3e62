#include "agents/scribe/wire.h"

#include <sys/prctl.h>

#include "agents/scribe/github_adapter.h"
#include "agents/scribe/key_file.h"
#include "agents/scribe/worker_git.h"
#include "base/text.h"
#include "escalation/agents.h"
#include "github/address.h"
#include "github/configured.h"
#include "github/hooks.h"
#include "github/pulls.h"
#include "role/process.h"

extern char** environ;  // POSIX has no header for it.

namespace scribe {
namespace {

// All that this process knows and nobody may read in an issue.
base::Redactor redactor_of(const config::Config& config, const std::string& key,
                           const github::RestOptions& target) {
  auto secrets = base::secrets_in(environ);
  for (const auto& secret :
       {key, target.token, config.github.token, config.console_key, config.github.webhook_secret,
        config.github.second_webhook_secret, config.escalation.jules_key})
    secrets.push_back(secret);
  for (const auto& [role, one] : config.github.tokens) secrets.push_back(one);
  if (const auto proxy = github::parse_proxy(config.github.proxy))
    secrets.push_back(proxy->password);
  if (target.app) {  // A key's lines, each for itself: none of them says what it belongs to.
    for (const auto& pem : {target.app->private_key, target.app->second_private_key}) {
      for (const auto line : base::split(pem, '\n')) {
        if (!line.starts_with("-----")) secrets.emplace_back(base::trim(line));
      }
    }
  }
  return base::Redactor(std::move(secrets));
}

bool watches_hooks(const config::Config& config) {
  const bool can_list = config.github.hook != 0 || config.github.app;
  return !config.embedded() && can_list && !config.github.webhook_secret.empty();
}

std::map<std::string, PullPlace> places_of(const config::Config& config) {
  std::map<std::string, PullPlace> places;
  for (const auto& service : config.services) {
    if (!service.gitops) continue;
    const auto& gitops = *service.gitops;
    places[service.name] = {gitops.file,
                            gitops.branch,
                            gitops.memory_limit,
                            gitops.merge_by_us,
                            gitops.merge_after,
                            service.bounds.memory_min_bytes,
                            service.bounds.memory_max_bytes};
  }
  return places;
}

std::vector<ProbeCommand> probes_of(const config::Service& service) {
  std::vector<ProbeCommand> probes;
  const auto add = [&](const char* name, const std::optional<config::Probe>& probe) {
    if (!probe) return;
    const auto most = probe->latency_bound.value_or(probe->timeout);
    const auto seconds = static_cast<double>(base::to_ms(most)) / 1000;
    std::string text = std::to_string(seconds);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    probes.push_back({name, "curl -fsS --max-time " + text + " '" + probe->url + "'"});
  };
  add("health", service.health);
  add("path", service.path);
  return probes;
}

void set_tier3(const config::Config& config, Options& options) {
  const auto& wanted = config.escalation;
  options.agent_label = wanted.label;
  options.handover = {wanted.agent != config::CodingAgent::none,
                      config.mode >= config::Mode::approve,
                      std::string(config::to_string(wanted.agent)), wanted.per_day};
  options.packet.repository = config.repository();
  options.packet.base = wanted.branch;
  options.packet.soak = base::format_duration(config.limits.soak);
  options.packet.forbidden = wanted.forbidden;
  for (const auto& service : config.services)
    options.packet.probes[service.name] = probes_of(service);
}

Options options_of(const config::Config& config, std::string key) {
  Options options;
  set_tier3(config, options);
  options.marker_key = std::move(key);
  for (const auto& service : config.services) options.depends_on[service.name] = service.depends_on;
  options.places = places_of(config);
  options.post_spacing = config.limits.issue_spacing;
  if (options.post_spacing == base::Duration(0)) {  // A demo or a benchmark, on the forge.
    options.posts_per_minute = options.posts_per_hour = 0;
    options.writes_per_minute = options.issues_per_hour = 0;
  }
  options.healing_first = std::chrono::seconds(1);
  options.steer_every = std::chrono::seconds(15);
  options.votes_every = std::chrono::minutes(5);
  if (watches_hooks(config)) options.catch_up_every = std::chrono::minutes(1);
  if (config.embedded()) {  // Lists of the forge never lag, and it is on this host.
    options.card_every = std::chrono::milliseconds(200);
    options.miss_gap = std::chrono::milliseconds(200);
    options.backoff_max = std::chrono::seconds(2);
    options.control_every = std::chrono::seconds(1);
    options.steer_every = std::chrono::seconds(1);
    options.votes_every = std::chrono::seconds(5);
    options.pulls_every = std::chrono::seconds(1);
  }
  return options;
}

// The agents that speak for themselves. The embedded forge knows one of us alone.
using Voices = std::map<std::string, std::unique_ptr<github::Github>>;
base::Result<Voices> open_voices(const config::Config& config, const github::RestOptions& common,
                                 const base::Clock& clock) {
  Voices voices;
  if (config.embedded()) return voices;
  for (const auto& [agent, token] : config.github.tokens) {
    github::RestOptions own = common;
    own.app.reset();
    own.token = token;
    auto voice = github::make_rest_github(own, clock);
    if (!voice) return voice.error().in("github.tokens." + agent);
    voices[agent] = std::move(voice).value();
  }
  return voices;
}

// What a Line points to.
struct OwnLine {
  std::unique_ptr<github::Github> github;
  Voices voices;
  [[nodiscard]] Line line(Around around) const {
    for (const auto& [agent, voice] : voices) around.voices[agent] = voice.get();
    return {*github, std::move(around)};
  }
};
base::Result<OwnLine> open_line(const config::Config& config, const github::RestOptions& target,
                                const base::Clock& clock) {
  auto github = github::make_rest_github(target, clock);
  if (!github) return github.error();
  auto voices = open_voices(config, target, clock);
  if (!voices) return voices.error();
  return OwnLine{std::move(github).value(), std::move(voices).value()};
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  auto desk = role::open_desk(config, "scribe");
  if (!desk) return role::exit_code(desk.error(), log);
  base::SystemRandom random;
  auto key = load_or_make_key(config.state_dir + "/scribe.key", random);
  if (!key) return role::exit_code(key.error(), log);
  const auto target = github::rest_options(config, github::EmbeddedAs::owner, random);
  if (!target) return role::exit_code(target.error(), log);
  const auto reads = open_line(config, *target, (*desk)->clock);
  if (!reads) return role::exit_code(reads.error(), log);
  const auto writes = open_line(config, *target, (*desk)->clock);
  if (!writes) return role::exit_code(writes.error(), log);
  Options options = options_of(config, *key);
  options.redactor = redactor_of(config, *key, *target);
  const base::Redactor redactor = options.redactor;
  auto pulls = github::make_rest_pulls(*target, (*desk)->clock);
  if (!pulls) return role::exit_code(pulls.error(), log);
  auto git = make_worker_git(
      {{"/proc/self/exe", "git-worker"}, config.state_dir + "/gitops", stop.descriptor()}, *target,
      (*desk)->clock);
  if (!git) return role::exit_code(git.error(), log);
  PullCalls pull_calls(*writes->github, **pulls, **git, redactor);
  Scribe scribe(std::move(options), random);
  role::Mailbox<Answer> mailbox;
  Around reading, writing;
  reading.clock = writing.clock = &(*desk)->clock;
  reading.approvers = config.github.approvers;
  writing.pulls = &pull_calls;
  std::unique_ptr<github::Hooks> hooks;
  if (watches_hooks(config)) {
    auto opened = github::make_rest_hooks(*target, config.github.hook, (*desk)->clock);
    if (!opened) return role::exit_code(opened.error(), log);
    hooks = std::move(opened).value();
    reading.hooks = hooks.get();
    reading.on_hooks_failed = [&log](const base::Error& error) {
      log.warn("lost webhooks cannot be asked for again; GitHub is polled all the same",
               {{"error", error.message}});
    };
  }
  GithubAdapter adapter(reads->line(std::move(reading)), writes->line(std::move(writing)), mailbox);
  auto tier3 = escalation::make_agent(config, *target, redactor, stop.descriptor(), (*desk)->clock);
  if (!tier3) return role::exit_code(tier3.error(), log);
  // A command of the same user could read our environment otherwise.
  if (config.escalation.agent == config::CodingAgent::command) ::prctl(PR_SET_DUMPABLE, 0);
  AgentAdapter agent(tier3->agent.get(), mailbox, redactor);
  log.info("the scribe writes", {{"api", target->line.api}, {"repository", target->repository}});
  auto outside = (*desk)->outside(config, log, stop);
  outside.inboxes = {"github"};
  role::Loop<Scribe> loop(scribe, outside, mailbox, key_of,
                          [&](const std::string& name, const Request& request) {
                            if (!agent.dispatch(name, request)) adapter.dispatch(name, request);
                          });
  return role::exit_code(loop.run(), log);
}

}  // namespace scribe
