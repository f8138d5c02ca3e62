// Reads an incident's thread as a person would: the status card, the comments and the labels, for
// what they say about the road of the incident. Pure. The format: docs/formats/thread.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "github/github.h"

namespace chaos {

// An issue as the forge's API showed it at one moment.
struct Thread {
  github::Issue issue;
  std::vector<github::Comment> comments;  // Oldest first.
};

struct Reading {
  std::int64_t incident = 0;  // Its number in the ledger; 0 when the card does not tell.
  std::optional<base::WallTime> detected, planned, acted, healthy, resolved, closed;  // The card's.
  std::string failure_class;              // Label `class: x`; empty while there is none.
  std::string action;                     // Of the line MITIGATION, lower case: "restart".
  std::string action_target;              // "policy-service"
  bool has_recall = false;                // 📚
  bool has_diagnosis = false;             // 🧠 with class and mitigation.
  bool has_action = false;                // 🛠
  bool has_proof = false;                 // ✅
  bool has_postmortem = false;            // 📝
  bool is_closed = false;                 // As completed.
  std::vector<std::int64_t> seen_before;  // Issues that the 📚 comment names.
  std::vector<std::string> doubled;       // What stands twice; empty when all is right.
};

[[nodiscard]] Reading read_thread(const Thread& thread);

}  // namespace chaos
