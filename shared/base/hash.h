// Hashes and message authentication over bytes, by OpenSSL. Pure: same bytes, same answer.
#pragma once

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

}  // namespace base
