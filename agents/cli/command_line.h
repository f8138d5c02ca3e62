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
  stop,
  resume,
  chaos_list,
  chaos_run,
  memory_search,
  memory_rebuild,
  version,
};

struct Request {
  Command command = Command::version;
  std::string config_path;  // --config, else SRE_CONFIG, else sre-space.yaml. init: FILE wins.
  bool json = false;
  base::LogLevel log_level = base::LogLevel::info;
  std::string role;      // role only.
  std::string incident;  // incidents show, replay, approve: an issue's number or an incident's id.
  std::string plan;      // incidents approve: the plan's hash.
  std::string text;      // stop: the reason; memory search: the words, joined by spaces.
  std::vector<std::string> names;  // chaos run, at least one.
  std::string target;   // chaos run: the service to break; empty: the experiment's choice.
  bool follow = false;  // chaos run: print each issue's thread to stderr as it grows.
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
