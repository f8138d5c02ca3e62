// The doctor's checks of what the product talks to: the engine and its containers, the services'
// health, GitHub. Each ends within seconds; all only read.
#pragma once

#include <vector>

#include "agents/cli/check.h"
#include "config/config.h"
#include "engine/engine.h"

namespace cli {

// The engine answers, and every service's container is there.
[[nodiscard]] std::vector<Check> check_engine(const config::Config& config);
// The second half, on what the engine listed: one finding for each service. Pure.
[[nodiscard]] std::vector<Check> check_containers(const config::Config& config,
                                                  const std::vector<engine::Container>& containers);
// One GET of each probe's URL, a second at most, several at once.
[[nodiscard]] std::vector<Check> check_services(const config::Config& config);
// The embedded forge needs nothing; a real repository needs a token that may write there.
[[nodiscard]] Check check_github(const config::Config& config);
// One finding for each agent that has a token of its own: GitHub knows it.
[[nodiscard]] std::vector<Check> check_voices(const config::Config& config);

}  // namespace cli
