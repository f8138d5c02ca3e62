// The document that a policy server is asked with, and its answer. Format: docs/formats/guards.md.
#pragma once

#include <string>
#include <string_view>

#include "policy/opa.h"

namespace policy {

[[nodiscard]] std::string encode(const Question& question);
// `{"result": true}` and `{"result": {"allow": true}}` allow; all else denies and says why.
[[nodiscard]] Opinion decode_opinion(int status, std::string_view body);

}  // namespace policy
