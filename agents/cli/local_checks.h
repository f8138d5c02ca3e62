// The doctor's checks of this host: configuration, state folder, supervisor, ports, limits. They
// read and probe, and leave nothing behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/cli/check.h"
#include "base/result.h"
#include "config/config.h"

namespace cli {

[[nodiscard]] std::vector<Check> check_config(const std::string& path,
                                              const base::Result<config::Config>& loaded);
[[nodiscard]] Check check_state(const config::Config& config);
// Whether `up` runs on the state folder, and which of its roles do not.
[[nodiscard]] Check check_up(const config::Config& config);
[[nodiscard]] std::vector<Check> check_ports(const config::Config& config, bool up_runs);
// The runbooks: one mistake of one's own keeps the Brain from starting.
[[nodiscard]] Check check_runbooks(const config::Config& config);
// Who is asked for changes of code, and for a command whether there is such a program.
[[nodiscard]] Check check_escalation(const config::Config& config);
// Pure: one warning for each limit looser than its default, or one ok.
[[nodiscard]] std::vector<Check> check_limits(const config::Config& config);

// Why nobody could listen on `address`:`port` now; nothing when somebody could.
[[nodiscard]] std::optional<std::string> why_not_free(const std::string& address, int port);

}  // namespace cli
