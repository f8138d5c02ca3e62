// `sre-space scout` and so on: one process, one role.
#include <sched.h>
#include <sys/resource.h>

#include "agents/brain/wire.h"
#include "agents/cli/commands.h"
#include "agents/console/wire.h"
#include "agents/fixer/wire.h"
#include "agents/forge/wire.h"
#include "agents/memory/wire.h"
#include "agents/scout/wire.h"
#include "agents/scribe/wire.h"
#include "agents/up/lifeline.h"
#include "agents/warden/wire.h"

namespace cli {
namespace {

constexpr int kNiceness = 10;
constexpr int kUrgency = -5;

// For the roles that tell: on a busy processor too, healing goes first, and what wakes up to tell
// of it does not interrupt it (measured: the way from the engine's word to our call takes 12 ms,
// not 16). Where it is not permitted nothing is lost but that.
void step_back() {
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kNiceness);
}

// For the roles that heal: while the engine clears up after a death, both want the processor. They
// use 1 % of it, so nobody is kept waiting.
void step_forward() { setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kUrgency); }

}  // namespace

int run_role(const std::string& role, const Context& context) {
  const up::Lifeline lifeline;
  using Run = int (*)(const config::Config&, const base::Logger&);
  const struct {
    const char* name;
    Run run;
    bool tells;
  } roles[] = {
      {"scout", scout::run, false},        {"brain", brain::run, false},
      {"fixer", fixer::run, false},        {"warden", warden::run, false},
      {"memory", memory_role::run, false}, {"scribe", scribe::run, true},
      {"console", console::run, true},     {"forge", forge_role::run, true},
  };
  for (const auto& known : roles) {
    if (role != known.name) continue;
    config::Config config = context.config;
    config::forget_foreign_secrets(config, role);
    known.tells ? step_back() : step_forward();
    return known.run(config, context.logger);
  }
  context.logger.error("no such role", {{"role", role}});
  return 2;
}

}  // namespace cli
