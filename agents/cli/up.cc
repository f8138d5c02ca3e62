// `sre-space up`: which roles this host runs, in which order, and the first look at what would stop
// them.
#include <filesystem>

#include "agents/cli/commands.h"
#include "agents/cli/local_checks.h"
#include "agents/cli/up_roles.h"
#include "agents/up/lock.h"
#include "agents/up/supervisor.h"
#include "config/environment.h"
#include "ledger/sqlite_ledger.h"

extern char** environ;  // POSIX has no header for it.

namespace cli {
namespace {

std::string_view name_of(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::debug:
      return "debug";
    case base::LogLevel::info:
      return "info";
    case base::LogLevel::warn:
      return "warn";
    case base::LogLevel::error:
      return "error";
  }
  return "info";
}

// A taken port would show only in a role's crash loop; here it is one line. A second `up` on the
// same state folder is told by its lock instead.
bool are_ports_free(const Context& context) {
  if (up::StateLock::is_held(context.config.state_dir)) return true;
  bool all_free = true;
  for (const auto& check : check_ports(context.config, false)) {
    if (check.status == CheckStatus::ok) continue;
    context.logger.error("cannot start", {{"reason", check.name + " " + check.detail}});
    all_free = false;
  }
  return all_free;
}

// Neither a ledger of a newer version nor a damaged one is mended by starting roles again and
// again.
bool is_ledger_fit(const Context& context) {
  std::error_code error;
  if (!std::filesystem::exists(context.config.ledger, error)) return true;
  const base::SystemClock clock;
  const auto ledger = ledger::open_sqlite({context.config.ledger, true}, clock);
  if (ledger.ok()) return true;
  const auto code = ledger.error().code;
  if (code != base::ErrorCode::invalid && code != base::ErrorCode::corrupt) return true;
  context.logger.error("cannot start", {{"reason", ledger.error().message}});
  return false;
}

}  // namespace

// The doors first, then those who think, and last the one who senses: stopping goes the other way,
// so nothing new is begun while the others finish.
std::vector<std::string> roles_of(const config::Config& config) {
  std::vector<std::string> roles;
  if (config.embedded()) roles.push_back("forge");
  roles.push_back("warden");
  if (config.embedded() || config.github.can_write()) roles.push_back("scribe");
  for (const char* role : {"memory", "brain", "fixer", "console", "scout"}) roles.push_back(role);
  return roles;
}

int run_up(const Context& context) {
  for (const auto& note : context.config.notes) {
    context.logger.warn("part is off", {{"note", note}});
  }
  if (!are_ports_free(context) || !is_ledger_fit(context)) return 1;
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    context.logger.error("cannot start",
                         {{"reason", "own executable not found: " + error.message()}});
    return 1;
  }
  std::vector<std::string> variables;
  for (char** line = environ; *line != nullptr; ++line) variables.emplace_back(*line);
  std::vector<up::Child> children;
  for (const auto& role : roles_of(context.config)) {
    children.push_back(
        {role,
         {role, "--config", context.config.path, "--log", std::string(name_of(context.log_level))},
         config::environment_of(context.config, role, variables)});
  }
  up::SuperviseOptions options;
  options.state_dir = context.config.state_dir;
  return up::supervise(executable.string(), children, options, context.logger);
}

}  // namespace cli
