// Loads sre-space.yaml. Every mistake in the file is collected, so that one run shows them all.
// An adapter: reads the file, and the files named by ${file:…}; the environment is passed in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace config {

// Looks a variable up; an empty value counts as unset.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The environment of this process.
[[nodiscard]] Environment process_environment();

// Errors: not_found (no such file; the message says how to get one), invalid (one line per mistake,
// ordered by line: `sre-space.yaml:12: services[0].helth: unknown field; did you mean "health"?`),
// denied (not readable). Secrets never appear in a message.
[[nodiscard]] base::Result<Config> load(const std::string& path, const Environment& environment);

// The same for text that is already read; `path` names it and is the base of relative paths.
[[nodiscard]] base::Result<Config> parse_config(std::string_view text, const std::string& path,
                                                const Environment& environment);

}  // namespace config
