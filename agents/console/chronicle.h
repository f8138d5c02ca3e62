// What the console knows: every incident with how each event left it, and the counts that /metrics
// shows. A fold of the ledger; pure. Times are the events' own.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "incident/incident.h"
#include "ledger/ledger.h"

namespace console {

// The few words in which the API says how far an incident is; `state` says it exactly.
enum class Word { received, diagnosing, approved, executing, verifying, resolved, failed };
[[nodiscard]] std::string_view to_string(Word word);  // "RECEIVED" and so on.

// Milliseconds from the fault, cumulative: detect = incident.opened, diagnose = plan.made, act =
// the engine accepted, healthy = first good probe after the action, closed = the issue closed.
enum class Phase { detect, diagnose, act, healthy, closed };
inline constexpr std::array kPhases{Phase::detect, Phase::diagnose, Phase::act, Phase::healthy,
                                    Phase::closed};
[[nodiscard]] std::string_view to_string(Phase phase);
// Nothing while the phase was not reached.
[[nodiscard]] std::optional<std::int64_t> phase_ms(const incident::Incident& incident, Phase phase);

// What an event left behind.
struct Mark {
  std::int64_t position = 0;  // Of the event in the ledger.
  incident::State state = incident::State::open;
  Word word = Word::received;
  std::int64_t since_fault_ms = 0;
};

struct Story {
  std::vector<Mark> marks;                               // One per event of the incident, in order.
  incident::State before_close = incident::State::open;  // Its last state that was not `closed`.
  std::optional<std::int64_t> over_ms;  // From the fault until no role had anything left to do.
  std::set<Phase> counted;              // Phases that are in the histograms already.
};

// Upper bounds in seconds; one more bucket takes the rest.
inline constexpr std::array kBoundsSeconds{0.1,  0.25, 0.5,  1.0,   2.5,   5.0,
                                           10.0, 30.0, 60.0, 300.0, 900.0, 3600.0};
struct Histogram {
  std::array<std::int64_t, kBoundsSeconds.size() + 1> buckets{};  // Not cumulative.
  std::int64_t count = 0;
  double sum_seconds = 0;
  void add(std::int64_t ms);
};

// Counts since the first event of the ledger. Every key comes from a closed list but the guards,
// of which kGuardsMax are named and the rest is "other".
struct Figures {
  std::map<std::string, std::int64_t, std::less<>> signals;             // By kind.
  std::map<std::pair<std::string, std::string>, std::int64_t> actions;  // By action and outcome.
  std::map<std::string, std::int64_t, std::less<>> refusals;            // By guard.
  std::map<Phase, Histogram> phases;
  std::int64_t opened = 0, fixes = 0, escalations = 0, self_healed = 0;
  std::int64_t verifications_passed = 0, verifications_failed = 0;
  std::int64_t recalls_hit = 0, recalls_missed = 0;
};
inline constexpr std::size_t kGuardsMax = 24;

// Not thread-safe. Records must come in the order of the ledger.
class Chronicle {
 public:
  // False when the record changed nothing that the console shows.
  bool absorb(const ledger::Record& record);

  [[nodiscard]] const incident::Book& book() const { return book_; }
  [[nodiscard]] std::int64_t position() const { return position_; }  // Of the last record.
  [[nodiscard]] const Figures& figures() const { return figures_; }
  [[nodiscard]] const Story* story(incident::IncidentId id) const;
  // A joined incident has the word of its root. The incident must be known.
  [[nodiscard]] Word word(incident::IncidentId id) const;

 private:
  void count(const incident::Event& event, const incident::Incident* incident);
  incident::Book book_;
  std::map<incident::IncidentId, Story> stories_;
  Figures figures_;
  std::int64_t position_ = 0;
};

// The name under which an event goes to the live page: incident.new, ai.complete, docker.action,
// health.check, resolved, failed, or status.update for the rest.
[[nodiscard]] std::string_view frame_type(const incident::Payload& what);

}  // namespace console
