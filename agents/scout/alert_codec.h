// Alerts from the inbox, as far as Scout reads them: which service somebody says is sick.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scout {

struct Alert {
  std::string subject;  // A service's or container's name.
};

// The alert in a webhook's body; nothing when it names no subject. An alert only makes Scout look
// sooner: what it says is never believed.
[[nodiscard]] std::optional<Alert> decode_alert(std::string_view body);

}  // namespace scout
