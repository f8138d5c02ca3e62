#include "agents/console/body_codec.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"

namespace console {

using nlohmann::json;

namespace {

// A name also holds no line break, no bidi override and nothing invisible.
bool is_clean_name(std::string_view text) {
  return text.find_first_of("\t\n\r") == std::string_view::npos && base::clean_text(text) == text;
}

}  // namespace

bool has_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\t' || byte == '\n' || byte == '\r') continue;
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

bool is_clean(const json& value) {
  if (value.is_string()) return !has_controls(value.get_ref<const std::string&>());
  if (!value.is_structured()) return true;
  for (const auto& [key, member] : value.items()) {
    if (has_controls(key) || !is_clean(member)) return false;
  }
  return true;
}

std::string check_name(const json& body, const char* key, bool is_needed) {
  const auto found = body.find(key);
  const std::string field(key);
  if (found == body.end() || found->is_null()) return is_needed ? field + " is missing" : "";
  if (!found->is_string()) return field + " must be a string";
  const auto& text = found->get_ref<const std::string&>();
  if (is_needed && base::trim(text).empty()) return field + " is empty";
  if (text.size() > kNameBytesMax)
    return field + " is longer than " + std::to_string(kNameBytesMax) + " bytes";
  if (!is_clean_name(text)) return field + " contains control characters";
  return "";
}

std::string check_timestamp(const json& body) {
  const auto found = body.find("timestamp");
  if (found == body.end() || found->is_null()) return "";
  const std::string text = found->is_string() ? found->get<std::string>() : "";
  const bool is_time = base::parse_utc(text) || base::parse_utc(text + "Z");
  return is_time ? "" : "timestamp must be an ISO 8601 time such as 2026-11-20T13:52:36Z";
}

}  // namespace console
