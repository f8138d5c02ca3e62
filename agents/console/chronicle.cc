#include "agents/console/chronicle.h"

#include <algorithm>

#include "base/ensure.h"
#include "base/names.h"

namespace console {
namespace {

using incident::Event;
using incident::Incident;
using incident::State;

constexpr base::NameTable<Word, 7> kWords{{{Word::received, "RECEIVED"},
                                           {Word::diagnosing, "DIAGNOSING"},
                                           {Word::approved, "APPROVED"},
                                           {Word::executing, "EXECUTING"},
                                           {Word::verifying, "VERIFYING"},
                                           {Word::resolved, "RESOLVED"},
                                           {Word::failed, "FAILED"}}};

constexpr base::NameTable<Phase, 5> kPhaseNames{{{Phase::detect, "detect"},
                                                 {Phase::diagnose, "diagnose"},
                                                 {Phase::act, "act"},
                                                 {Phase::healthy, "healthy"},
                                                 {Phase::closed, "closed"}}};

constexpr int kRootsMax = 8;  // A chain of joined incidents is followed no further.

template <class T>
const T* as(const Event& event) {
  return std::get_if<T>(&event.what);
}

// From the fault to a moment of the incident. The boot clock measures; after a reboot only UTC can.
std::int64_t since_fault_ms(const Incident& incident, base::WallTime at, base::Instant boot) {
  const auto opened = incident.reached.find("opened");
  if (opened == incident.reached.end()) return 0;
  const auto detect =
      std::max<std::int64_t>(0, base::to_ms(opened->second.at) - base::to_ms(incident.signal.at));
  const bool same_boot = boot >= opened->second.boot;
  const auto later = same_boot ? base::to_ms(boot - opened->second.boot)
                               : base::to_ms(at) - base::to_ms(opened->second.at);
  return detect + std::max<std::int64_t>(0, later);
}

const char* reached_by(Phase phase) {
  switch (phase) {
    case Phase::detect:
      return "opened";
    case Phase::diagnose:
      return "planned";
    case Phase::act:
      return "acted";
    case Phase::healthy:
      return "healthy";
    case Phase::closed:
      return "closed";
  }
  base::fail_ensure("a phase without a moment");
}

// How an incident that is neither joined nor closed stands.
Word word_in(const Incident& incident, State state) {
  switch (state) {
    case State::open:
      return Word::received;
    case State::diagnosing:
    case State::awaiting_approval:
      return Word::diagnosing;
    case State::planned:
      return incident.approval ? Word::approved : Word::diagnosing;
    case State::acting:
      return Word::executing;
    case State::verifying:
      return Word::verifying;
    case State::resolved:
    case State::self_healed:
      return Word::resolved;
    case State::inconclusive:
      return incident.diagnosis &&
                     incident.diagnosis->failure == incident::FailureClass::nothing_wrong
                 ? Word::resolved
                 : Word::failed;
    case State::escalated:
    case State::stood_down:
    case State::joined:
    case State::closed:
      return Word::failed;
  }
  base::fail_ensure("an incident in no state");
}

}  // namespace

std::string_view to_string(Word word) { return base::name_in(kWords, word); }
std::string_view to_string(Phase phase) { return base::name_in(kPhaseNames, phase); }

std::optional<std::int64_t> phase_ms(const Incident& incident, Phase phase) {
  const auto found = incident.reached.find(reached_by(phase));
  if (found == incident.reached.end()) return std::nullopt;
  return since_fault_ms(incident, found->second.at, found->second.boot);
}

void Histogram::add(std::int64_t ms) {
  const double seconds = static_cast<double>(ms) / 1000;
  const auto bound = std::lower_bound(kBoundsSeconds.begin(), kBoundsSeconds.end(), seconds);
  ++buckets[static_cast<std::size_t>(bound - kBoundsSeconds.begin())];
  ++count;
  sum_seconds += seconds;
}

const Story* Chronicle::story(incident::IncidentId id) const {
  const auto found = stories_.find(id);
  return found == stories_.end() ? nullptr : &found->second;
}

Word Chronicle::word(incident::IncidentId id) const {
  const Incident* incident = book_.find(id);
  base::ensure(incident != nullptr, "the word of an unknown incident");
  for (int depth = 0; depth < kRootsMax; ++depth) {
    const Story* told = story(incident->id);
    const State state =
        incident->state == State::closed && told != nullptr ? told->before_close : incident->state;
    const Incident* root = state == State::joined ? book_.find(incident->root) : nullptr;
    if (root == nullptr) return word_in(*incident, state);
    incident = root;
  }
  return Word::failed;
}

void Chronicle::count(const Event& event, const Incident* incident) {
  const auto name = [](auto value) { return std::string(incident::to_string(value)); };
  const auto action_of = [&](const std::string& op) {
    if (incident != nullptr) {
      for (const auto& attempt : incident->attempts) {
        if (attempt.intent.op == op) return name(attempt.intent.action);
      }
    }
    return std::string("unknown");
  };
  if (const auto* v = as<incident::IncidentOpened>(event))
    ++figures_.opened, ++figures_.signals[name(v->signal.kind)];
  if (const auto* v = as<incident::SignalAdded>(event))
    figures_.signals[name(v->signal.kind)] += v->count;
  if (const auto* v = as<incident::ActionDone>(event)) {
    ++figures_.actions[{action_of(v->op), v->superseded ? "superseded" : "done"}];
  }
  if (const auto* v = as<incident::ActionFailed>(event))
    ++figures_.actions[{action_of(v->op), "failed"}];
  if (const auto* v = as<incident::ActionUnknown>(event))
    ++figures_.actions[{action_of(v->op), "unknown"}];
  if (const auto* v = as<incident::PlanRefused>(event)) {
    const bool is_named =
        figures_.refusals.contains(v->guard) || figures_.refusals.size() < kGuardsMax;
    ++figures_.refusals[is_named ? v->guard : "other"];
  }
  if (const auto* v = as<incident::MemoryRecalled>(event)) {
    ++(v->matches.empty() ? figures_.recalls_missed : figures_.recalls_hit);
  }
  if (const auto* v = as<incident::IncidentResolved>(event); v != nullptr && v->proven)
    ++figures_.fixes;
  if (as<incident::Escalated>(event) != nullptr) ++figures_.escalations;
  if (as<incident::SelfHealed>(event) != nullptr) ++figures_.self_healed;
  if (as<incident::VerificationPassed>(event) != nullptr) ++figures_.verifications_passed;
  if (as<incident::VerificationFailed>(event) != nullptr) ++figures_.verifications_failed;
}

bool Chronicle::absorb(const ledger::Record& record) {
  if (record.position <= position_) return false;  // Already in.
  position_ = record.position;
  const Event& event = record.event;
  const auto before = book_.entries().find(event.incident);
  const bool repeats_opening =
      as<incident::IncidentOpened>(event) != nullptr && before != book_.entries().end();
  (void)book_.absorb(event);
  if (as<incident::StopSet>(event) != nullptr || as<incident::StopCleared>(event) != nullptr)
    return true;
  const Incident* incident = book_.find(event.incident);
  if (incident == nullptr) return false;
  if (!repeats_opening) count(event, incident);

  Story& told = stories_[event.incident];
  const auto since = since_fault_ms(*incident, event.at, event.boot);
  if (incident->state != State::closed) told.before_close = incident->state;
  if (!incident::is_over(incident->state)) told.over_ms.reset();
  if (incident::is_over(incident->state) && !told.over_ms) told.over_ms = since;
  told.marks.push_back({record.position, incident->state, word(event.incident), since});
  for (const Phase phase : kPhases) {
    const auto ms = phase_ms(*incident, phase);
    if (ms && told.counted.insert(phase).second) figures_.phases[phase].add(*ms);
  }
  return true;
}

std::string_view frame_type(const incident::Payload& what) {
  using namespace incident;  // NOLINT: the events' names are the point here.
  const auto is_one_of = [&]<class... Ts>(std::type_identity<Ts>...) {
    return (std::holds_alternative<Ts>(what) || ...);
  };
  if (std::holds_alternative<IncidentOpened>(what)) return "incident.new";
  if (std::holds_alternative<DiagnosisMade>(what)) return "ai.complete";
  if (is_one_of(std::type_identity<ActionIntended>{}, std::type_identity<ActionDone>{},
                std::type_identity<ActionFailed>{}, std::type_identity<ActionUnknown>{},
                std::type_identity<UndoDone>{})) {
    return "docker.action";
  }
  if (is_one_of(std::type_identity<VerificationAsked>{}, std::type_identity<VerificationTried>{},
                std::type_identity<VerificationPassed>{},
                std::type_identity<VerificationFailed>{})) {
    return "health.check";
  }
  if (is_one_of(std::type_identity<IncidentResolved>{}, std::type_identity<SelfHealed>{}))
    return "resolved";
  if (std::holds_alternative<Escalated>(what)) return "failed";
  return "status.update";
}

}  // namespace console
