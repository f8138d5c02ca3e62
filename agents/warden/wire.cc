#include "agents/warden/wire.h"

#include <poll.h>

#include <optional>

#include "agents/warden/balancer.h"
#include "agents/warden/queue_call.h"
#include "agents/warden/server.h"
#include "agents/warden/standing.h"
#include "engine/docker_engine.h"
#include "role/process.h"

namespace warden {
namespace {

constexpr int kKeepUpMs = 1000;
constexpr int kRefreshEvery = 5;  // Turns.

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  base::SystemClock clock;
  auto ledger = ledger::open_sqlite({config.ledger, false}, clock);
  if (!ledger) return role::exit_code(ledger.error(), log);
  engine::DockerEngine engine(config.engine_host);
  LedgerStanding standing(config, **ledger, role::stop_file(config));
  ServerOptions options;
  options.socket_dir = config.state_dir + "/warden";
  options.services = config.services;
  options.excluded = config.exclude;
  options.changes.folder = options.socket_dir;
  options.changes.scale_cooldown = config.limits.scale_cooldown;
  options.changes.call_queue = call_queue;
  for (const auto& service : config.services) {
    if (service.clear_queue) options.changes.queues[service.name] = *service.clear_queue;
  }
  std::optional<Balancer> balancer;
  if (config.balancer) {
    balancer.emplace(*config.balancer, log);
    if (auto recovered = balancer->recover(); !recovered) {
      log.warn("the balancer is not as it should be", {{"reason", recovered.error().message}});
    }
    options.changes.front = &*balancer;
  }
  WardenServer server(options, engine, [&](const std::string& service) { return standing.of(service); }, clock, log);
  if (auto started = server.start(); !started) return role::exit_code(started.error(), log);
  log.info("the doors are open", {{"engine", config.engine_host}});
  // A long ledger takes its time to read, and an operation must not wait for that.
  pollfd ended{stop.descriptor(), POLLIN, 0};
  int turn = 0;
  for (bool stopped = false; !stopped; stopped = poll(&ended, 1, kKeepUpMs) > 0) {
    standing.keep_up();
    if (turn++ % kRefreshEvery == 0) server.refresh_front();
  }
  server.stop();
  return 0;
}

}  // namespace warden
