// Tier 3: which incidents are handed to a coding agent, why, and that each is handed over once.
// Pure; a part of the Scribe.
//
// Reasons, each a key: a person with the right maintain put the label on the issue
// ("label/<event>"); the diagnosis says that the cause is architectural ("architectural"); the
// Fixer gave up on what comes back again and again ("recurring"); the daily look found a pattern
// ("sweep/<date>"). A pattern is a service and a class: 3 incidents in 24 hours or 5 in 7 days. By
// itself each pattern is handed over at most once in 7 days.
//
// In the ledger a hand-over is a GitHub operation of the kind `hand_over` with the key
// `agent:<reason>`, then its outcome. Without one it is looked for, never begun again blind.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "incident/incident.h"

namespace scribe {

inline constexpr const char* kHandOver = "hand_over";
inline constexpr const char* kAgentByLabel = "/agent by label";  // In operator.commanded.

struct HandoverOptions {
  bool has_agent = false;  // Without one the label gets the packet as a comment, and no more.
  bool may_start = false;  // Not in the modes observe and dry_run.
  std::string agent = "none";
  int per_day = 3;
};

enum class HandoverState { wanted, asked, done, failed, unknown };

struct Handover {
  std::string key;        // "agent:<reason>"
  std::string why;        // In our words.
  base::WallTime frozen;  // The packet knows what was known then.
  HandoverState state = HandoverState::wanted;
  std::string op;  // The latest; empty: none yet.
  base::WallTime asked_at;
  int tries = 0;
  std::string error;        // Of the latest.
  std::int64_t number = 0;  // Of the pull request; 0: none yet.
  std::string url;
};

class Handovers {
 public:
  explicit Handovers(HandoverOptions options) : options_(std::move(options)) {}

  // `incident`: as it is after the event; nullptr when it is not known.
  void absorb(const incident::Event& event, const incident::Incident* incident);
  // What the clock makes due; answers the incidents whose thread changes.
  std::vector<incident::IncidentId> plan(const incident::Book& book, base::Now now);
  // Which of them the issue shows, in their order.
  [[nodiscard]] std::vector<const Handover*> shown(incident::IncidentId id) const;
  [[nodiscard]] const Handover* find(const std::string& op) const;
  // The next one to be begun whose comment `is_told`; nothing while one is under way.
  struct Due {
    incident::IncidentId incident = 0;
    const Handover* handover = nullptr;
  };
  template <class IsTold>
  [[nodiscard]] std::optional<Due> next(base::Now now, IsTold is_told) const {
    if (!may_begin(now)) return std::nullopt;
    for (const auto& [id, list] : lists_) {
      for (const auto& one : list) {
        if (is_ready(id, one, now) && is_told(id, one)) return Due{id, &one};
      }
    }
    return std::nullopt;
  }
  // Asked, and without an outcome; the one that runs now among them.
  [[nodiscard]] std::vector<Due> open() const;
  // When the clock makes something due again.
  [[nodiscard]] base::Instant wake_at(base::Now now) const;
  // Handed over by us, not by a person's label: the issue gets the label.
  [[nodiscard]] bool is_by_itself(incident::IncidentId id) const;
  [[nodiscard]] bool is_operation(const std::string& op) const { return ops_.contains(op); }
  [[nodiscard]] const HandoverOptions& options() const { return options_; }

 private:
  struct Case {
    std::string pattern;  // "service/class"; empty: none that counts.
    base::WallTime opened;
  };
  // It may be handed over by itself, if its pattern was not of late.
  struct Candidate {
    incident::IncidentId incident = 0;
    std::string key, why;
    base::WallTime at;
  };
  Handover* find(incident::IncidentId id, const std::string& key);
  bool want(incident::IncidentId id, const std::string& key, std::string why, base::WallTime at);
  void absorb_facts(const incident::Event& event, const incident::Incident& incident);
  void begin(const incident::Event& event, const std::string& op, const std::string& key);
  void end(const std::string& op, HandoverState state, const std::string& error);
  [[nodiscard]] std::string pattern_of(incident::IncidentId id) const;
  [[nodiscard]] bool recurs(const std::string& pattern, base::WallTime until) const;
  [[nodiscard]] bool is_taken(const std::string& pattern, base::WallTime at) const;
  [[nodiscard]] bool may_begin(base::Now now) const;
  [[nodiscard]] bool is_ready(incident::IncidentId id, const Handover& one, base::Now now) const;

  const HandoverOptions options_;
  std::map<incident::IncidentId, std::vector<Handover>> lists_;
  std::map<incident::IncidentId, Case> cases_;
  std::map<std::string, incident::IncidentId> ops_;
  std::map<std::string, base::WallTime> handed_;  // Pattern to its latest hand-over.
  std::deque<base::WallTime> spent_;              // The latest intents, as many as a day may have.
  std::vector<Candidate> candidates_;
  std::set<std::string> considered_;  // "<incident>/<key>" of all candidates there were.
  base::WallTime swept_{};
};

// The latest 05:00 UTC at or before `at`.
[[nodiscard]] base::WallTime sweep_before(base::WallTime at);

}  // namespace scribe
