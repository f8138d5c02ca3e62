// The first line of everything we create on GitHub: an invisible mark by which it is found again
// when the answer to its creation was lost. Pure.
// `<!-- sre op=<ULID> k=<issue|comment> h=<32 hex digits> -->`; h is the HMAC-SHA256 of operation,
// kind, incident and key, cut to 128 bits: nobody without our key can make one up.
#pragma once

#include <string>
#include <string_view>

#include "incident/event.h"

namespace scribe {

struct Mark {
  std::string op;  // ULID of the operation that creates the object.
  bool is_issue = false;
  incident::IncidentId incident = 0;
  std::string key;  // Of the object in its thread, "diagnosis:1".
};

// Without the newline. `secret` must not be empty.
[[nodiscard]] std::string marker(const Mark& mark, std::string_view secret);
// The operation that the marker at the beginning of `body` names; empty when there is none. It says
// nothing until has_marker() does.
[[nodiscard]] std::string operation_in(std::string_view body);
// True when `body` begins with exactly this marker on a line of its own.
[[nodiscard]] bool has_marker(std::string_view body, std::string_view marker);

}  // namespace scribe
