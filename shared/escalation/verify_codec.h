// A verdict as JSON. Codec; fields: docs/formats/escalation.md.
#pragma once

#include <string>

#include "escalation/verify.h"

namespace escalation {

[[nodiscard]] std::string encode_verdict(const Verdict& verdict);

}  // namespace escalation
