// From the configuration file to a way to GitHub: reads the keys it names. Adapter.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "config/config.h"
#include "github/rest_github.h"

namespace github {

// Who the embedded forge takes us for; a real GitHub knows by the token.
enum class EmbeddedAs { owner, reader };

// Errors: unavailable (a key file, or the forge's users, cannot be read).
[[nodiscard]] base::Result<RestOptions> rest_options(const config::Config& config, EmbeddedAs who,
                                                     base::Random& random);

}  // namespace github
