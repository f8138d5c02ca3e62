// Text from outside made safe to store and show, and small string tools. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// `text` with bad UTF-8 replaced by U+FFFD and control characters (all but tab and newline), bidi
// overrides and zero-width characters removed.
[[nodiscard]] std::string clean_text(std::string_view text);
// Bytes of the UTF-8 character at the front of `text`; 0 when it is none. `text` must not be empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// At most `max_bytes` of `text`, cut at a UTF-8 boundary.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t max_bytes);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text);
// ASCII letters alone; other bytes stay.
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// The closest of `known` to `word` by edit distance, or empty when none is within a third of its
// length.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace base
