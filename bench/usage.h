// What processes use, as /proc tells. Adapter.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

// Proportional set size in kB: private pages and a fair share of common ones. 0 when it is gone.
[[nodiscard]] long pss_kb(pid_t pid);
// User and system time of all threads so far, in seconds, to the kernel's tick of 10 ms.
[[nodiscard]] double cpu_seconds(pid_t pid);
// The words of its command line.
[[nodiscard]] std::vector<std::string> command_line(pid_t pid);
// The direct children.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);
// The process that listens on a unix socket; 0 when that cannot be told.
[[nodiscard]] pid_t listener_of(const std::string& socket_path);

}  // namespace bench
