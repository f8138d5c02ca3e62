// The files of workflows/ as they were when the program was built. Made by embed.cmake.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace runbook {

// File name and text, by name.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> shipped_files();

}  // namespace runbook
