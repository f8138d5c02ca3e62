// The coding agents there are. Adapters; what is pointed to is borrowed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/redact.h"
#include "base/time.h"
#include "config/config.h"
#include "escalation/coding_agent.h"
#include "github/rest_github.h"
#include "github/workshop.h"

namespace escalation {

struct CommandOptions {
  std::string state;            // Folder; what is thrown away is below it.
  std::string branch = "main";  // Cloned, and what the pull request asks into.
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value", besides the common ones.
  base::Duration within = std::chrono::minutes(30);
  int stop_descriptor = -1;  // Readable: the command is ended.
  base::Redactor redactor;   // Of what the command wrote and GitHub gets to see.
};
// A program on this host, in a throw-away clone; the task is on its standard input. What it changed
// becomes one commit, a branch and a pull request, or a patch file where nothing can be pushed.
[[nodiscard]] std::unique_ptr<CodingAgent> make_command_agent(CommandOptions options,
                                                              github::Workshop& workshop);
// What the command gets of our own environment: nothing that is named like a secret.
[[nodiscard]] std::vector<std::string> allowed_environment(const char* const* ours,
                                                           const std::vector<std::string>& names);

// A workflow of the repository, dispatched with the inputs `op`, `issue` and `packet`. It is found
// again when its `run-name` holds the input `op`.
[[nodiscard]] std::unique_ptr<CodingAgent> make_workflow_agent(std::string workflow,
                                                               std::string branch,
                                                               github::Workshop& workshop);
// Somebody's login: the issue is theirs.
[[nodiscard]] std::unique_ptr<CodingAgent> make_assign_agent(std::string login,
                                                             github::Workshop& workshop);

struct JulesOptions {
  std::string api, key;
  std::string repository;  // "owner/name", which Jules' own app must be installed on.
  std::string branch = "main";
  github::LineOptions line;  // Its `api` is not used.
};
// Google Jules, by its REST API (v1alpha). Errors: invalid (the address).
[[nodiscard]] base::Result<std::unique_ptr<CodingAgent>> make_jules_agent(
    const JulesOptions& options, const base::Clock& clock);

// The one that the configuration names; nullptr: none. `workshop` is filled in when it is needed.
// Errors: as make_rest_github().
struct Made {
  std::unique_ptr<github::Workshop> workshop;
  std::unique_ptr<CodingAgent> agent;
};
[[nodiscard]] base::Result<Made> make_agent(const config::Config& config,
                                            const github::RestOptions& github,
                                            const base::Redactor& redactor, int stop_descriptor,
                                            const base::Clock& clock);

}  // namespace escalation
