// The executable `sre-space`: reads the command line and hands over to the command.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <variant>

#include "agents/cli/command_line.h"
#include "agents/cli/commands.h"
#include "config/yaml_config.h"

namespace {

using cli::Command;
using cli::Context;
using cli::Request;

constexpr int kUsedWrongly = 2;

bool needs_config(Command command) {
  switch (command) {
    case Command::doctor:
    case Command::init:
    case Command::chaos_list:
    case Command::workflows_lint:
    case Command::workflows_explain:
    case Command::workflows_simulate:
    case Command::version:
    case Command::git_worker:
      return false;
    case Command::role:
    case Command::up:
    case Command::incidents_list:
    case Command::incidents_show:
    case Command::incidents_replay:
    case Command::incidents_approve:
    case Command::incidents_vetoes:
    case Command::stop:
    case Command::resume:
    case Command::chaos_run:
    case Command::chaos_verify:
    case Command::memory_search:
    case Command::memory_rebuild:
      return true;
  }
  return true;
}

// The runbooks can be read without a configuration; where there is one, it names more of them.
bool likes_config(Command command) {
  return command == Command::workflows_lint || command == Command::workflows_explain ||
         command == Command::workflows_simulate;
}

int print_version(bool json) {
  std::printf(json ? "{\"version\":\"%s\"}\n" : "sre-space %s\n", SRE_VERSION);
  return 0;
}

int run(const Request& request, const Context& context) {
  switch (request.command) {
    case Command::role:
      return cli::run_role(request.role, context);
    case Command::up:
      return cli::run_up(context);
    case Command::doctor:
      return cli::run_doctor(context);
    case Command::init:
      return cli::run_init(request.config_path);
    case Command::incidents_list:
      return cli::run_incidents_list(context);
    case Command::incidents_show:
      return cli::run_incidents_show(context, request.incident);
    case Command::incidents_replay:
      return cli::run_incidents_replay(context, request.incident);
    case Command::incidents_approve:
      return cli::run_incidents_approve(context, request.incident, request.plan);
    case Command::incidents_vetoes:
      return cli::run_incidents_vetoes(context);
    case Command::stop:
      return cli::run_stop(context, request.text);
    case Command::resume:
      return cli::run_resume(context);
    case Command::chaos_list:
      return cli::run_chaos_list(context);
    case Command::chaos_run:
      return cli::run_chaos_run(context, request.names);
    case Command::chaos_verify:
      return cli::run_verify_pull(context, request.number);
    case Command::workflows_lint:
      return cli::run_workflows_lint(context, request.text);
    case Command::workflows_explain:
      return cli::run_workflows_explain(context, request.text);
    case Command::workflows_simulate:
      return cli::run_workflows_simulate(context, request.failure, request.occurrence);
    case Command::memory_search:
      return cli::run_memory_search(context, request.text);
    case Command::memory_rebuild:
      return cli::run_memory_rebuild(context);
    case Command::version:
      return print_version(request.json);
    case Command::git_worker:
      return cli::run_git_worker();
  }
  return kUsedWrongly;
}

std::string agent_of(const Request& request) {
  if (request.command == Command::role) return request.role;
  return request.command == Command::up ? "up" : "cli";
}

int run_words(const std::vector<std::string>& words) {
  const char* config = std::getenv("SRE_CONFIG");
  const auto parsed = cli::parse_command_line(words, config == nullptr ? "" : config);
  if (const auto* answer = std::get_if<cli::Answer>(&parsed)) {
    std::fputs(answer->text.c_str(), answer->code == 0 ? stdout : stderr);
    return answer->code;
  }
  const auto& request = std::get<Request>(parsed);
  Context context{request.config_path,
                  {},
                  request.json,
                  request.log_level,
                  base::Logger(agent_of(request), request.log_level)};
  context.target = request.target;
  context.follow = request.follow;
  context.suite = request.suite;
  context.experiments = request.experiments;
  context.engine_restarts = request.engine_restarts;
  const bool has_config = likes_config(request.command) && std::ifstream(request.config_path);
  if (needs_config(request.command) || has_config) {
    auto loaded = config::load(request.config_path, config::process_environment());
    if (!loaded.ok()) {
      std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
      return kUsedWrongly;
    }
    context.config = std::move(*loaded);
  }
  return run(request, context);
}

}  // namespace

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);  // A reader that went away is an error of that write, not our end.
  try {
    return run_words({words + 1, words + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sre-space: %s\n", error.what());
    return 1;
  }
}
