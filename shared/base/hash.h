// Hashes and message authentication over bytes, by OpenSSL. Pure: same bytes, same answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

[[nodiscard]] std::string sha256_hex(std::string_view bytes);  // 64 hex digits.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key,
                                          std::string_view bytes);  // 64 hex digits.
// Compares in time that depends on the lengths alone; unequal lengths are unequal.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);
// Standard base64 with padding.
[[nodiscard]] std::string base64(std::string_view bytes);
// Standard base64, padded or not; white space within is skipped. Nothing when it is none.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
// The alphabet for URLs, without padding (RFC 7515, as in JSON Web Tokens).
[[nodiscard]] std::string base64url(std::string_view bytes);
// Strict: padding and white space are refused.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace base
