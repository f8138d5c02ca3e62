// `sre-space git-worker`: the process that one of ours starts for each talk with a repository.
#include "agents/cli/commands.h"
#include "gitops/worker.h"

namespace cli {

int run_git_worker() { return gitops::worker_main(); }

}  // namespace cli
