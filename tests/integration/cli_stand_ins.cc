// Stands in for the commands that need roles and a ledger, so that the frame of the command line
// can be run as a process of its own. Each prints what it was asked; a role waits for SIGTERM.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "agents/cli/commands.h"
#include "agents/up/lifeline.h"

namespace cli {
namespace {

int said(const std::string& what, const Context& context) {
  std::printf("%s services=%zu json=%d\n", what.c_str(), context.config.services.size(),
              context.json ? 1 : 0);
  return 0;
}

}  // namespace

int run_role(const std::string& role, const Context& context) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  const up::Lifeline lifeline;
  std::fputs(("role " + role + " started\n").c_str(), stdout);
  std::fflush(stdout);
  (void)context;
  int number = 0;
  ::sigwait(&term, &number);
  return 0;
}

int run_git_worker() { return 0; }
int run_incidents_list(const Context& context) { return said("list", context); }
int run_incidents_show(const Context& context, const std::string& incident) {
  return said("show " + incident, context);
}
int run_incidents_approve(const Context& context, const std::string& incident,
                          const std::string& plan) {
  return said("approve " + incident + " " + plan, context);
}
int run_incidents_vetoes(const Context& context) { return said("vetoes", context); }
int run_incidents_replay(const Context& context, const std::string& incident) {
  return said("replay " + incident, context);
}
int run_stop(const Context& context, const std::string& reason) {
  return said("stop " + reason, context);
}
int run_resume(const Context& context) { return said("resume", context); }
int run_verify_pull(const Context& context, int) { return said("verify", context); }
int run_chaos_list(const Context& context) { return said("chaos", context); }
int run_chaos_run(const Context& context, const std::vector<std::string>& names) {
  return said("chaos " + std::to_string(names.size()), context);
}
int run_memory_search(const Context& context, const std::string& text) {
  return said("search " + text, context);
}
int run_memory_rebuild(const Context& context) { return said("rebuild", context); }

}  // namespace cli
