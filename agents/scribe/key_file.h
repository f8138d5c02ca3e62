// The secret of our markers, in a file of the state folder, made at the first start.
#pragma once

#include <string>

#include "base/id.h"
#include "base/result.h"

namespace scribe {

// 64 hex digits from `path`; when the file is not there, makes it with mode 0600, durable before it
// is used. Two processes starting at once get the same secret. Errors: unavailable (cannot be read
// or written), corrupt (not of that form).
[[nodiscard]] base::Result<std::string> load_or_make_key(const std::string& path,
                                                         base::Random& random);

}  // namespace scribe
