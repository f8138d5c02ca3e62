#include <unistd.h>

#include "escalation/agents.h"

namespace escalation {

base::Result<Made> make_agent(const config::Config& config, const github::RestOptions& github,
                              const base::Redactor& redactor, int stop_descriptor,
                              const base::Clock& clock) {
  const auto& wanted = config.escalation;
  Made made;
  if (wanted.agent == config::CodingAgent::none) return made;
  if (wanted.agent == config::CodingAgent::jules) {
    auto jules = make_jules_agent(
        {wanted.jules_api, wanted.jules_key, github.repository, wanted.branch, github.line}, clock);
    if (!jules) return jules.error();
    made.agent = std::move(jules).value();
    return made;
  }
  auto workshop = github::make_rest_workshop(github, clock);
  if (!workshop) return workshop.error();
  made.workshop = std::move(workshop).value();
  if (wanted.agent == config::CodingAgent::workflow) {
    made.agent = make_workflow_agent(wanted.workflow, wanted.branch, *made.workshop);
  } else if (wanted.agent == config::CodingAgent::assign) {
    made.agent = make_assign_agent(wanted.assignee, *made.workshop);
  } else {
    CommandOptions options;
    options.state = config.state_dir;
    options.branch = wanted.branch;
    options.argv = wanted.command;
    options.environment = allowed_environment(environ, wanted.environment);
    options.within = wanted.time;
    options.stop_descriptor = stop_descriptor;
    options.redactor = redactor;
    made.agent = make_command_agent(std::move(options), *made.workshop);
  }
  return made;
}

}  // namespace escalation
