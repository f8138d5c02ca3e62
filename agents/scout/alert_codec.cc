#include "agents/scout/alert_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace scout {

std::optional<Alert> decode_alert(std::string_view body) {
  const auto parsed = base::parse_json(body);
  if (!parsed) return std::nullopt;
  for (const char* key : {"container_name", "service", "container"}) {
    auto subject = base::get_string(*parsed, key);
    if (!subject.empty()) return Alert{std::move(subject)};
  }
  return std::nullopt;
}

}  // namespace scout
