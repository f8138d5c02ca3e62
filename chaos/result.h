// What one run of an experiment showed. Plain values; each was read back from the engine, the
// forge's API, the service itself or the memory's files, never from the roles. The JSON is in
// chaos_codec.cc, its page docs/formats/chaos.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaos {

// Milliseconds from the fault, cumulative; empty: not seen.
struct Phases {
  std::optional<std::int64_t> detect, diagnose, act, healthy, closed;
};

struct Result {
  std::string scenario, service, container;
  bool ok = false;
  std::string missing_stage;  // The first stage that did not come; empty when all came.
  std::string reason;         // Why it is not ok, one line.
  std::int64_t issue = 0;     // 0: there was none.
  std::string failure_class, action;
  bool resolved = false;  // Closed as completed, with proof and post-mortem, and healthy now.
  bool recalled = false;  // The memory finds it and what worked; a repetition named the one before.
  std::vector<std::int64_t> seen_before;  // Issues its thread names as precedents.
  Phases phases;
  int incidents = 0, restarts = 0;  // New issues; starts of the target.
  std::vector<std::string> broken;  // Other expectations that did not hold, a sentence each.
};

}  // namespace chaos
