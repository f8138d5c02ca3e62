// Tier 3: somebody or something that changes code. One port for all of them. What an agent makes is
// never trusted: it comes as a pull request that people and the chaos suite judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace escalation {

struct Task {
  std::string op;  // Of the ledger; whatever is begun carries it, so that it can be found again.
  std::int64_t issue = 0;
  std::string title;
  std::string branch;                  // Where the change goes: "jules-fix-12".
  std::string markdown, json;          // The packet, in both forms.
  std::vector<std::string> forbidden;  // Paths; one that ends in '/' is a folder.
};

struct Handed {
  std::int64_t number = 0;  // Of the pull request, when there is one already.
  std::string url;          // Where it is to be seen; a file where nothing could be pushed.
};

// Calls block, start() as long as the agent works. Thread-compatible: one call at a time.
class CodingAgent {
 public:
  virtual ~CodingAgent() = default;
  // Errors: unavailable (nothing was begun, may be tried again), unknown (it may have begun), and
  // all others: nothing came of it, and trying again would not help.
  virtual base::Result<Handed> start(const Task& task) = 0;
  // What became of a start() whose answer nobody heard; nothing: surely not begun, or stopped
  // without a trace left outside. Errors: unavailable (ask again later), unknown (cannot be told).
  virtual base::Result<std::optional<Handed>> look(const std::string& op, std::int64_t issue) = 0;
};

}  // namespace escalation
