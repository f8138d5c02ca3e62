// The one gate through which JSON text enters and leaves, for use in codecs. Hides the heavy
// header: a codec's header needs only json_fwd. Source of the depth limit: a deeply nested text
// parses, then crashes the writer (measured between 50,000 and 100,000 levels).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

inline constexpr int kJsonDepthMax = 64;

// Errors: invalid (bad JSON, deeper than kJsonDepthMax, or a duplicate key).
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);
// Compact, bad UTF-8 replaced; keys in sorted order, so equal values give equal text.
[[nodiscard]] std::string dump_json(const nlohmann::json& value);

// Field access that answers a fallback when the field is absent or of another type.
[[nodiscard]] std::string get_string(const nlohmann::json& object, const char* key,
                                     std::string_view fallback = "");
[[nodiscard]] std::int64_t get_int(const nlohmann::json& object, const char* key,
                                   std::int64_t fallback = 0);
[[nodiscard]] double get_number(const nlohmann::json& object, const char* key, double fallback = 0);
[[nodiscard]] bool get_bool(const nlohmann::json& object, const char* key, bool fallback = false);
// The member, or a shared null / empty array when absent or of another type.
[[nodiscard]] const nlohmann::json& get_object(const nlohmann::json& object, const char* key);
[[nodiscard]] const nlohmann::json& get_array(const nlohmann::json& object, const char* key);

}  // namespace base
