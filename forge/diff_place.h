// Where in a diff a line stands, as comments on lines name it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "forge/git_model.h"

namespace forge {

// The place of a line of a file whose patch this is ("from the first @@ on"); on the left are the
// lines of the old file: removed and unchanged ones. Nothing when the diff does not show the line.
[[nodiscard]] std::optional<DiffPlace> find_in_diff(std::string_view patch, const std::string& path,
                                                    int line, bool is_left);

}  // namespace forge
