// yaml-cpp's reading of a file beside our own. Pure. The heavy header stays in the source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gitops/yaml_tree.h"

namespace gitops {

// Beyond this only our own scanner reads the file: yaml-cpp takes 0.12 s for 1 MB, two times.
inline constexpr std::size_t kOpinionBytesMax = 64U << 10U;

// Whether yaml-cpp sees in `text` what `tree`, our reading of it, says: the same nodes in the same
// places, the same values where they stand on one line. Errors: invalid, saying where they differ.
[[nodiscard]] base::Status second_opinion(std::string_view text, const YamlTree& tree);

}  // namespace gitops
