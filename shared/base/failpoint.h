// Failpoints: named places at both sides of every effect where a test can make the process die,
// wait or fail. Armed by SRE_FAILPOINT=name:kill|error|delay:nth[,...]; unarmed, a failpoint is one
// load.
#pragma once

#include <string_view>

namespace base {

// Reached for the nth time: `kill` ends the process by SIGKILL, `delay` waits 500 ms, `error` makes
// this return true, upon which the caller behaves as if its effect had failed. Thread-safe.
[[nodiscard]] bool failpoint(std::string_view name);

}  // namespace base
