// What each command of `sre-space` does, one function a command; main calls them with what the
// command line said. All answer the exit code: 0 done, 1 failed, 2 used wrongly. A person's text
// goes to stdout (one JSON document instead with --json), messages to stderr.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"

namespace cli {

struct Context {
  std::string config_path;  // As given; may name no file for commands that need none.
  config::Config config;    // Loaded; defaults for doctor and chaos list, which load none before.
  bool json = false;
  base::LogLevel log_level = base::LogLevel::info;
  base::Logger logger;
  std::string target = {};       // chaos run: the service to break; empty: the experiment's choice.
  bool follow = false;           // chaos run: print the issues' threads to stderr as they grow.
  bool suite = false;            // chaos verify-jules-pr: build and run its code on this host.
  std::string experiments = {};  // chaos verify-jules-pr --suite: empty: all.
  bool engine_restarts = false;  // workflows simulate: a restart policy brings the container back.
};

// One of scout, brain, fixer, memory, scribe, warden, console, forge. Runs until SIGTERM.
[[nodiscard]] int run_role(const std::string& role, const Context& context);
[[nodiscard]] int run_up(const Context& context);

[[nodiscard]] int run_doctor(
    const Context& context);  // Loads the configuration itself: that is a check.
[[nodiscard]] int run_init(
    const std::string& file);  // Writes a first configuration; never over a file.

// `incident` is an issue's number or an incident's id.
[[nodiscard]] int run_incidents_list(const Context& context);
[[nodiscard]] int run_incidents_show(const Context& context, const std::string& incident);
[[nodiscard]] int run_incidents_replay(const Context& context, const std::string& incident);
[[nodiscard]] int run_incidents_approve(const Context& context, const std::string& incident,
                                        const std::string& plan);

[[nodiscard]] int run_incidents_vetoes(const Context& context);

[[nodiscard]] int run_stop(const Context& context, const std::string& reason);
[[nodiscard]] int run_resume(const Context& context);

[[nodiscard]] int run_chaos_list(const Context& context);
[[nodiscard]] int run_chaos_run(const Context& context, const std::vector<std::string>& names);

// Guards a pull request, runs the suite on its head when asked to, and says so on it. 0 only when
// all was checked and passed.
[[nodiscard]] int run_verify_pull(const Context& context, int number);

// Of the folder; empty: that of the configuration, with the shipped ones.
[[nodiscard]] int run_workflows_lint(const Context& context, const std::string& folder);
[[nodiscard]] int run_workflows_explain(const Context& context,
                                        const std::string& name);  // Empty: a list of all.
// What the menu would be for the `occurrence`-th failure of this class, given all means.
[[nodiscard]] int run_workflows_simulate(const Context& context, const std::string& failure,
                                         int occurrence);

[[nodiscard]] int run_memory_search(const Context& context, const std::string& text);
[[nodiscard]] int run_memory_rebuild(const Context& context);

// No command for people: a request about a repository on stdin, the answer on stdout.
[[nodiscard]] int run_git_worker();

}  // namespace cli
