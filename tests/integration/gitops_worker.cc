// The child alone, as `sre-space git-worker` runs it.
#include "gitops/worker.h"

int main() { return gitops::worker_main(); }
