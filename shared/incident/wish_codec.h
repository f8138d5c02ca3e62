// What a person wants of a service, as it stands in the ledger's inbox (source "wish") until Scout
// opens an incident of it. Pure. Format: docs/formats/ledger.md.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace incident {

inline constexpr std::string_view kWishSource = "wish";
// Nobody is surprised by what was asked for longer ago: older ones are forgotten.
inline constexpr base::Millis kWishFresh = std::chrono::seconds(20);

struct Wish {
  std::string id;       // ULID; equal wishes have different ones.
  std::string command;  // As on an issue: "/scale shop 3".
  std::string by;
};

[[nodiscard]] std::string encode(const Wish& wish);
// Errors: invalid (not JSON, or a field that is missing or not of its kind).
[[nodiscard]] base::Result<Wish> decode_wish(std::string_view body);
// The service that the command names; empty: none.
[[nodiscard]] std::string service_of(const Wish& wish);
// The fingerprint of the incident that is opened of it, by which both sides know it again.
[[nodiscard]] std::string fingerprint_of(const Wish& wish);

}  // namespace incident
