// RSA signatures over SHA-256, as GitHub Apps sign with them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace forge {

// Whether `signature` (raw bytes) is over `bytes` by the private half of `public_key_pem`, an RSA
// key of 2,048 bits or more; false for anything that is no such key.
[[nodiscard]] bool verify_rs256(const std::string& public_key_pem, std::string_view bytes,
                                std::string_view signature);
[[nodiscard]] bool is_rsa_key(const std::string& public_key_pem);

}  // namespace forge
