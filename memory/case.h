// A remembered incident: what was sensed, what was done about it, and whether that was proven to
// help. Pure. All outcomes are remembered; only proven ones are ever recommended (memory/recall.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace memory {

// What was seen of a fault before anybody explained it. Log lines are foreign text: they are
// compared and stored, never interpreted.
struct Symptom {
  std::string service;
  std::string
      kind;  // A signal kind such as "container_died", or one of the short names of embedder.cc.
  std::optional<int> exit_code;
  bool oom_killed = false;
  std::string probe_error;             // "read timeout"; empty when no probe failed.
  std::vector<std::string> log_lines;  // Oldest first.
  std::string image;                   // As the engine names it: "registry/demo:1.2".

  bool operator==(const Symptom&) const = default;
};

struct Case {
  std::int64_t incident = 0;  // Positive, and the identity of the case.
  std::int64_t issue = 0;     // 0: it had none.
  std::string failure_class;  // "oom"
  std::string action;         // "restart"
  bool proven = false;        // The action was verified to have healed the symptom.
  int votes = 0;              // People for the action, less those against it.
  Symptom symptom;
  base::WallTime resolved_at;  // When the outcome was known.

  bool operator==(const Case&) const = default;
};

}  // namespace memory
