// Percent encoding and queries (RFC 3986; `+` in queries as HTML forms have it). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/http.h"

namespace http {

// Nothing for a broken escape or an encoded NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text,
                                                        bool plus_is_space = false);
// Everything but letters, digits and "-._~" is escaped, so the result is safe as one path segment
// or one query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

// "a=1&b=x%20y" to pairs; a raw `=` within a value stays. Nothing when an escape is broken.
[[nodiscard]] std::optional<Pairs> parse_query(std::string_view text);

struct Target {
  std::string path;  // Still encoded, starts with '/'.
  Pairs query;
};
// The origin form "/path?query" or the absolute form "http://host/path". Nothing for any other.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

// Whether a browser's Origin header names the very host (and port) the request was sent to. No
// Origin (not a browser) is fine.
[[nodiscard]] bool is_same_origin(std::string_view origin, std::string_view host);

}  // namespace http
