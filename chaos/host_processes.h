// A container's processes as its host sees them, for faults that come from outside. Adapter: reads
// /proc and sends signals. Works where the engine runs on this host, and needs the right to signal.
#pragma once

#include "base/result.h"
#include "engine/engine.h"

namespace chaos {

// Sends `signal` to the container's first process, or with `is_all` to every process under it.
// Never to pid 0 or 1, and only to a process whose control group names the container: a pid may
// have been given to another since. Errors: not_found (it does not run, or not on this host),
// denied, unavailable.
[[nodiscard]] base::Status signal_container(const engine::Container& container, int signal,
                                            bool is_all);

// The process's state as /proc has it: 'R', 'S', 'T' (stopped), 'Z' …; 0 when there is none.
[[nodiscard]] char state_of_process(int pid);

}  // namespace chaos
