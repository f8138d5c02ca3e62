#include "agents/console/wire.h"

#include <fstream>
#include <sstream>

#include "agents/console/console.h"
#include "agents/up/status.h"
#include "role/process.h"
#include "warden/socket_warden.h"

namespace console {
namespace {

constexpr base::Duration kListedWithin = std::chrono::seconds(3);

std::vector<RoleState> read_roles(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  std::vector<RoleState> roles;
  const auto status = up::decode_status(text.str());
  if (!status) return roles;  // Without a supervisor nothing is known of the others.
  for (const auto& role : status->roles) roles.push_back({role.role, role.state, role.restarts});
  return roles;
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  base::SystemClock clock;
  auto ledger = ledger::open_sqlite({config.ledger, false}, clock);
  if (!ledger) return role::exit_code(ledger.error(), log);
  Options options;
  options.address = config.console_address;
  options.port = config.console_port;
  options.key = config.console_key;
  options.github = {{config.github.webhook_secret, config.github.second_webhook_secret},
                    config.repository()};
  options.mode = std::string(config::to_string(config.mode));
  options.version = SRE_VERSION;
  if (config.embedded())
    options.forge_url = "http://127.0.0.1:" + std::to_string(config.forge_port) + "/" +
                        config.repository() + "/issues";
  for (const auto& service : config.services)
    options.services.push_back({service.name, service.container, service.depends_on});
  if (config.balancer) {
    for (const auto& upstream : config.balancer->upstreams)
      options.balanced.push_back(upstream.service);
  }
  warden::SocketWarden warden(role::warden_socket(config, "console"), {.reads = kListedWithin});
  options.containers = [&warden] { return warden.list(); };
  options.ledger_path = config.ledger;
  options.stop_file = role::stop_file(config);
  options.roles = [path = config.state_dir + "/up.json"] { return read_roles(path); };
  auto console = Console::start(options, **ledger, clock, log);
  if (!console) return role::exit_code(console.error(), log);
  log.info("the console listens",
           {{"address", config.console_address}, {"port", (*console)->port()}});
  stop.wait();
  (*console)->stop();
  return 0;
}

}  // namespace console
