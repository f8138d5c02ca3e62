#include "agents/forge/wire.h"

#include <cstdlib>

#include "base/id.h"
#include "forge/forge.h"
#include "github/embedded_users.h"
#include "role/process.h"

namespace forge_role {

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  base::SystemClock clock;
  base::SystemRandom random;
  const auto users = github::embedded_users(config.state_dir, random);
  if (!users) return role::exit_code(users.error(), log);
  forge::Options options;
  options.database_path = config.state_dir + "/forge.db";
  options.port = config.forge_port;
  options.repository = config.repository();
  options.owner_login = users->front().login;
  for (const auto& user : *users) {
    options.tokens[user.token] = user.login;
    if (const auto role = forge::parse_role(user.role)) options.roles[user.login] = *role;
  }
  if (const char* record = std::getenv("SRE_FORGE_RECORD")) options.record_path = record;
  auto forge = forge::Forge::open(options, clock);
  if (!forge) return role::exit_code(forge.error(), log);
  log.info("the forge serves", {{"url", (*forge)->url() + "/" + config.repository() + "/issues"}});
  stop.wait();
  (*forge)->stop();
  return 0;
}

}  // namespace forge_role
