// The umbrella: one issue that tells, a line each, the incidents for which the hour has no issue
// left. Pure. The format: docs/formats/thread.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/scribe/thread.h"
#include "incident/incident.h"

namespace scribe {

// Its place among the tellings. In the ledger its operations belong to incident 0, as those of the
// control issue do, and their keys begin with "umbrella/<number>/".
inline constexpr incident::IncidentId kUmbrella = -1;
inline constexpr incident::IncidentId kControl = 0;  // The control issue's.
inline constexpr const char* kUmbrellaLabel = "umbrella";

struct Flood {
  int number = 1;  // Of the umbrella: the next one begins when the last one was closed.
  int per_hour = 0;
  std::vector<const incident::Book::Entry*> waiting;  // For an issue of their own, by number.
  std::vector<const incident::Book::Entry*> ended;    // Told here for good, by number.
  bool is_over = false;                               // The hour has issues again.
};
[[nodiscard]] Thread project_umbrella(const Flood& flood);

// The key of the comment that has the incident's line.
[[nodiscard]] std::string umbrella_key(incident::IncidentId incident);

// "umbrella/3/comment:incidents:0" for the third one's key "comment:incidents:0", and back.
struct UmbrellaKey {
  int number = 0;
  std::string key;
};
[[nodiscard]] std::string in_ledger(const UmbrellaKey& key);
[[nodiscard]] std::optional<UmbrellaKey> parse_umbrella_key(std::string_view text);

// The reason of incident.closed for an incident that only an umbrella told, and its issue from
// there; 0 for other reasons.
[[nodiscard]] std::string told_in(std::string_view state, std::int64_t issue);
[[nodiscard]] std::int64_t parse_told_in(std::string_view reason);

}  // namespace scribe
