// The command line as a plain value. Pure: words in, a value out; nothing is printed or run here.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/log.h"

namespace cli {

enum class Command {
  role,
  up,
  doctor,
  init,
  incidents_list,
  incidents_show,
  incidents_replay,
  incidents_approve,
  incidents_vetoes,
  stop,
  resume,
  chaos_list,
  chaos_run,
  chaos_verify,
  workflows_lint,
  workflows_explain,
  workflows_simulate,
  memory_search,
  memory_rebuild,
  version,
  git_worker,  // For our own processes; in no help.
};

struct Request {
  Command command = Command::version;
  std::string config_path;  // --config, else SRE_CONFIG, else sre-space.yaml. init: FILE wins.
  bool json = false;
  base::LogLevel log_level = base::LogLevel::info;
  std::string role;      // role only.
  std::string incident;  // incidents show, replay, approve: an issue's number or an incident's id.
  std::string plan;      // incidents approve: the plan's hash.
  // stop: the reason; memory search: the words, joined by spaces; workflows: the folder or the
  // name.
  std::string text;
  std::vector<std::string> names;  // chaos run, at least one.
  // chaos run: the service to break; empty: the experiment's choice. workflows simulate: the sick
  // one.
  std::string target;
  int number = 0;                // chaos verify-jules-pr: of the pull request.
  bool suite = false;            // chaos verify-jules-pr: build and run its code on this host.
  std::string experiments;       // chaos verify-jules-pr --suite: their names; empty: all.
  bool follow = false;           // chaos run: print each issue's thread to stderr as it grows.
  std::string failure;           // workflows simulate: the class.
  int occurrence = 1;            // workflows simulate: the how many-th of its kind.
  bool engine_restarts = false;  // workflows simulate: a restart policy brings the container back.
};

// What to print instead of running anything: a help page (code 0) or what is wrong (code 2).
struct Answer {
  int code = 0;
  std::string text;  // Ends with a line break.
};

[[nodiscard]] const std::vector<std::string>& roles();

// `words` without the program's name; `default_config` is the value of SRE_CONFIG, or empty.
[[nodiscard]] std::variant<Request, Answer> parse_command_line(
    const std::vector<std::string>& words, const std::string& default_config);

}  // namespace cli
