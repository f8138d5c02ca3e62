// Reads HTML as a browser would, and says what in it is none of the forge's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace support {

// Tags, attributes and addresses that the forge never writes, pictures from elsewhere, values
// without quotes, a second script or style. Empty: nothing.
[[nodiscard]] std::vector<std::string> find_html_faults(std::string_view html);

}  // namespace support
