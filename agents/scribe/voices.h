// Whose words a comment of ours is, so that it can be written with that agent's own token. Pure.
#pragma once

#include <string_view>

namespace scribe {

// "brain", "fixer", "memory" or "scout" for the key of a write ("comment:diagnosis:1"); empty for
// all that nobody else says: issues, labels, answers, what joins what.
[[nodiscard]] std::string_view voice_of(std::string_view key);

}  // namespace scribe
