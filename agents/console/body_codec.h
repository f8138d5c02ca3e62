// What the bodies that come in may hold, field by field. Pure. A check answers what is wrong, for
// the sender; empty: nothing.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace console {

inline constexpr std::size_t kNameBytesMax = 255;

// C0, DEL and C1; tab and line breaks belong to longer texts.
[[nodiscard]] bool has_controls(std::string_view text);
// No control characters in any key and string of the tree, which parse_json() keeps shallow.
[[nodiscard]] bool is_clean(const nlohmann::json& value);
// A name: text on one line, not blank where it is needed, at most kNameBytesMax.
[[nodiscard]] std::string check_name(const nlohmann::json& body, const char* key, bool is_needed);
// `timestamp`. Senders often leave the zone out; that is UTC.
[[nodiscard]] std::string check_timestamp(const nlohmann::json& body);

}  // namespace console
