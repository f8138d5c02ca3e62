// The JSON of webhooks: how they are configured, shown and told. Checked against the published
// schemas of GitHub's webhooks by tests/integration/forge_schema_test.py. Pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "forge/forge_codec.h"
#include "forge/model.h"

namespace forge {

// Puts what a client sent into `hook`, new or changed. Errors: invalid, its message the field.
[[nodiscard]] base::Status read_hook_input(const nlohmann::json& body, Hook& hook);
// The secret is never shown. `last` is the newest finished delivery.
[[nodiscard]] nlohmann::json hook_json(const Hook& hook, const std::optional<Delivery>& last,
                                       const Repository& repository, const Urls& urls);
[[nodiscard]] nlohmann::json delivery_item_json(const Delivery& delivery,
                                                const Repository& repository);
[[nodiscard]] nlohmann::json delivery_json(const Delivery& delivery, const Hook& hook,
                                           const Repository& repository, const Urls& urls);

// The parts of payloads that differ from the REST shapes.
[[nodiscard]] nlohmann::json payload_repository_json(const Repository& repository,
                                                     const Urls& urls);
[[nodiscard]] nlohmann::json ping_payload(const Hook& hook, const Repository& repository,
                                          const User& sender, const Urls& urls);

// What is sent, header names as GitHub writes them: signed over the very bytes of `body`.
struct HookRequest {
  std::map<std::string, std::string> headers;
  std::string content_type;
  std::string body;
};
[[nodiscard]] HookRequest make_hook_request(const Hook& hook, const Delivery& delivery);
[[nodiscard]] std::string headers_text(const std::map<std::string, std::string>& headers);

}  // namespace forge
