// Events as JSON, the stored form of the ledger. Format: docs/formats/events.md. Unknown fields are
// ignored, absent ones take their default, so that older and newer writers understand each other.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "incident/event.h"
#include "incident/incident.h"

namespace incident {

// The payload alone, compact, keys sorted: equal payloads give equal text.
[[nodiscard]] std::string encode(const Payload& what);
// Errors: invalid (unknown event name, bad JSON, a field of the wrong type; the message names it).
[[nodiscard]] base::Result<Payload> decode(std::string_view name, std::string_view json);

// A whole incident for console and command line: state, fields, phases; and one event as shown
// there.
[[nodiscard]] nlohmann::json to_json(const Incident& incident);
[[nodiscard]] nlohmann::json to_json(const Event& event);
// The incident as canonical text: what "byte for byte" means for a replay.
[[nodiscard]] std::string canonical(const Incident& incident);

}  // namespace incident
