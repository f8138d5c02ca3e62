// `sre-space doctor`: all checks, one after the other, as a table or as JSON.
#include <cstdio>

#include "agents/cli/check.h"
#include "agents/cli/commands.h"
#include "agents/cli/ledger_checks.h"
#include "agents/cli/local_checks.h"
#include "agents/cli/remote_checks.h"
#include "agents/up/lock.h"
#include "config/yaml_config.h"

namespace cli {
namespace {

void append(std::vector<Check>& to, std::vector<Check> from) {
  for (auto& check : from) to.push_back(std::move(check));
}

std::vector<Check> check_all(const std::string& path) {
  const auto loaded = config::load(path, config::process_environment());
  auto checks = check_config(path, loaded);
  if (!loaded.ok()) return checks;  // Nothing else is known.
  const config::Config& config = *loaded;
  checks.push_back(check_state(config));
  append(checks, check_ledger(config));
  checks.push_back(check_up(config));
  append(checks, check_ports(config, up::StateLock::is_held(config.state_dir)));
  append(checks, check_engine(config));
  append(checks, check_services(config));
  checks.push_back(check_github(config));
  append(checks, check_voices(config));
  checks.push_back(check_runbooks(config));
  checks.push_back(check_escalation(config));
  append(checks, check_limits(config));
  return checks;
}

}  // namespace

int run_doctor(const Context& context) {
  const auto checks = check_all(context.config_path);
  const std::string text = context.json ? encode_checks(checks) + "\n" : format_checks(checks);
  std::fputs(text.c_str(), stdout);
  return has_failed(checks) ? 1 : 0;
}

}  // namespace cli
