// Runbooks as JSON text, for `sre-space workflows --json`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbook/runbook.h"

namespace runbook {

[[nodiscard]] std::string encode(const Runbook& runbook);
// {"runbooks":[{"runbook","title"}]}
[[nodiscard]] std::string encode(const Catalogue& catalogue);
// {"ok","runbooks":[name],"unused":[line]}
[[nodiscard]] std::string encode_lint(const Catalogue& catalogue);
// {"failure_class","menu":[runbook]}
[[nodiscard]] std::string encode_menu(std::string_view failure,
                                      const std::vector<const Runbook*>& menu);

}  // namespace runbook
