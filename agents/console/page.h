// The live page, embedded at build time from page/.
#pragma once

#include <string_view>

namespace console {

[[nodiscard]] std::string_view page_html();
[[nodiscard]] std::string_view page_css();
[[nodiscard]] std::string_view page_js();
// Asks for the key where one is needed. Its styles are inline; see login_style().
[[nodiscard]] std::string_view login_html();

}  // namespace console
