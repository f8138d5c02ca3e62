#include "agents/forge/wire.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/id.h"
#include "forge/forge.h"
#include "github/embedded_users.h"
#include "role/process.h"

namespace forge_role {
namespace {

base::Result<std::string> read_key(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file && !text.empty()) return text;
  return base::Error{
      base::ErrorCode::unavailable,
      "read the public key " + path + ": cannot be read, or is empty; forge.apps names it"};
}

base::Status add_apps(const config::Config& config, forge::Options& options) {
  for (const auto& one : config.forge_apps) {
    forge::App app;
    app.id = one.id;
    app.slug = one.slug;
    for (const auto& path : {one.public_key, one.second_public_key}) {
      if (path.empty()) continue;
      auto key = read_key(path);
      if (!key) return key.error();
      app.public_keys.push_back(*std::move(key));
    }
    options.apps.push_back(std::move(app));
  }
  return {};
}

}  // namespace

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
  if (const auto added = add_apps(config, options); !added) return role::exit_code(added, log);
  for (const auto& team : config.forge_teams)
    options.teams.push_back({team.organization, team.slug, team.members});
  options.workflows = config.forge_workflows;
  if (const char* record = std::getenv("SRE_FORGE_RECORD")) options.record_path = record;
  auto forge = forge::Forge::open(options, clock);
  if (!forge) return role::exit_code(forge.error(), log);
  log.info("the forge serves", {{"url", (*forge)->url() + "/" + config.repository() + "/issues"}});
  stop.wait();
  (*forge)->stop();
  return 0;
}

}  // namespace forge_role
