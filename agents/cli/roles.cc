// `sre-space scout` and so on: one process, one role.
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

int run_role(const std::string& role, const Context& context) {
  const up::Lifeline lifeline;
  using Run = int (*)(const config::Config&, const base::Logger&);
  const struct {
    const char* name;
    Run run;
  } roles[] = {
      {"scout", scout::run},        {"brain", brain::run},      {"fixer", fixer::run},
      {"memory", memory_role::run}, {"scribe", scribe::run},    {"warden", warden::run},
      {"console", console::run},    {"forge", forge_role::run},
  };
  for (const auto& known : roles) {
    if (role == known.name) return known.run(context.config, context.logger);
  }
  context.logger.error("no such role", {{"role", role}});
  return 2;
}

}  // namespace cli
