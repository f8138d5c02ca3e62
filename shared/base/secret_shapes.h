// What secrets commonly look like: tokens of known services, private keys, passwords in URLs and in
// assignments, authorization headers. Pure; one pass, no backtracking. Used by base/redact.h.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

// [begin, end) of each, in order of shape.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> secret_shapes(std::string_view text);

}  // namespace base
