// Judges the body of POST /webhook before it is kept. Pure. Format: docs/formats/console-api.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace console {

inline constexpr std::size_t kWebhookBytesMax = 1U << 20U;
inline constexpr std::size_t kDeliveryIdBytesMax = 200;

struct WebhookVerdict {
  int status = 200;         // 400: not JSON. 413: too large. 422: JSON, but not an alert.
  std::string error;        // Names the field and what it must be; empty with 200.
  std::string incident_id;  // The sender's; with 200.
};

[[nodiscard]] WebhookVerdict judge_webhook(std::string_view body);

// True when `text` can name a delivery: 1 to kDeliveryIdBytesMax printable ASCII characters.
[[nodiscard]] bool is_delivery_id(std::string_view text);

// The answers to the sender.
[[nodiscard]] std::string encode_received(std::string_view incident_id);
[[nodiscard]] std::string encode_status(std::string_view status);
[[nodiscard]] std::string encode_error(
    std::string_view message);  // Every error of the API looks so.

}  // namespace console
