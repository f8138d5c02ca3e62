// Paths of GitHub's API whose last part may hold slashes of its own: file paths, refs, branches.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace forge {

// The path with such a part's slashes escaped, so that it is one segment:
// "/repos/o/r/contents/a/b" becomes "/repos/o/r/contents/a%2Fb". Any other path stays as it is.
[[nodiscard]] std::string fold_path(std::string_view path);

}  // namespace forge
