#include "agents/scribe/handover.h"

#include <algorithm>

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.
using std::chrono::hours;
using std::chrono::minutes;

constexpr hours kPatternDay{24}, kPatternWeek{24 * 7};
constexpr hours kSweepHour{5};
constexpr int kOfDay = 3, kOfWeek = 5;  // Incidents that make a pattern.
constexpr int kBeginningsMax = 3;
constexpr minutes kBeginningGap{1};
constexpr std::string_view kByLabel = "agent:label/", kSweepKey = "agent:sweep/";

// What an agent could change something about.
bool may_recur(FailureClass failure) {
  return failure != FailureClass::nothing_wrong && failure != FailureClass::stopped &&
         failure != FailureClass::unknown;
}

std::string sweep_key(base::WallTime boundary) {
  return std::string(kSweepKey) + base::format_utc(boundary).substr(0, 10);
}

// What a key says of itself, after a restart whose ledger has the intent alone.
base::WallTime frozen_of(const std::string& key, base::WallTime at) {
  if (!key.starts_with(kSweepKey)) return at;
  const auto day = base::parse_utc(key.substr(kSweepKey.size()) + "T05:00:00Z");
  return day.value_or(at);
}

bool is_label(const std::string& key) { return key.starts_with(kByLabel); }

const char* kArchitectural =
    "the diagnosis says that the cause is architectural: no action on a container mends it";
const char* kRecurring = "the same failure came back again and again, and the actions gave up";
const char* kPattern = "the daily look found the same failure 3 times in 24 hours or 5 in 7 days";

}  // namespace

base::WallTime sweep_before(base::WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const base::WallTime today = day + kSweepHour;
  return today <= at ? today : today - kPatternDay;
}

// ---- Facts in ----------------------------------------------------------------------------------

void Handovers::absorb(const Event& event, const Incident* incident) {
  if (const auto* intended = std::get_if<GithubIntended>(&event.what)) {
    if (intended->kind == kHandOver) begin(event, intended->op, intended->key);
  } else if (const auto* done = std::get_if<GithubDone>(&event.what)) {
    end(done->op, HandoverState::done, "");
    if (const auto* one = find(done->op)) {
      Handover& kept = *find(ops_.at(done->op), one->key);
      kept.number = done->number;
      kept.url = done->url;
    }
  } else if (const auto* failed = std::get_if<GithubFailed>(&event.what)) {
    end(failed->op, HandoverState::failed, failed->error);
  } else if (const auto* unknown = std::get_if<GithubUnknown>(&event.what)) {
    end(unknown->op, HandoverState::unknown, unknown->error);
  } else if (incident != nullptr) {
    absorb_facts(event, *incident);
  }
}

void Handovers::absorb_facts(const Event& event, const Incident& incident) {
  const auto* said = std::get_if<OperatorCommanded>(&event.what);
  if (said != nullptr && said->refusal.empty() && said->command == kAgentByLabel)
    want(incident.id, std::string(kByLabel) + event.id, "a person asked for it by the label",
         event.at);
  if (!options_.has_agent) return;
  Case& known = cases_.try_emplace(incident.id, Case{"", event.at}).first->second;
  if (std::holds_alternative<IncidentOpened>(event.what)) known.opened = event.at;
  const bool is_joined = incident.root != 0;
  if (incident.diagnosis) {
    const auto& made = *incident.diagnosis;
    known.pattern = is_joined || !may_recur(made.failure)
                        ? ""
                        : (made.culprit.empty() ? incident.signal.service : made.culprit) + "/" +
                              std::string(to_string(made.failure));
  }
  const auto consider = [&](const char* key, const char* why) {
    if (considered_.insert(std::to_string(incident.id) + "/" + key).second)
      candidates_.push_back({incident.id, key, why, event.at});
  };
  const bool rests = incident.state == State::escalated || incident.state == State::resolved ||
                     incident.state == State::closed;
  if (!rests || !incident.diagnosis || is_joined) return;
  if (incident.diagnosis->persistence == Persistence::architectural)
    consider("agent:architectural", kArchitectural);
  else if (std::holds_alternative<Escalated>(event.what) && recurs(known.pattern, event.at))
    consider("agent:recurring", kRecurring);
}

void Handovers::begin(const Event& event, const std::string& op, const std::string& key) {
  const char* why = is_label(key)                  ? "a person asked for it by the label"
                    : key == "agent:architectural" ? kArchitectural
                    : key == "agent:recurring"     ? kRecurring
                                                   : kPattern;
  want(event.incident, key, why, frozen_of(key, event.at));
  Handover& one = *find(event.incident, key);
  one.state = HandoverState::asked;
  one.op = op;
  one.asked_at = event.at;
  ++one.tries;
  ops_[op] = event.incident;
  if (const auto pattern = pattern_of(event.incident); !pattern.empty())
    handed_[pattern] = event.at;
  spent_.push_back(event.at);
  while (spent_.size() > static_cast<std::size_t>(options_.per_day)) spent_.pop_front();
}

void Handovers::end(const std::string& op, HandoverState state, const std::string& error) {
  const auto found = ops_.find(op);
  if (found == ops_.end()) return;
  for (auto& one : lists_[found->second]) {
    if (one.op != op) continue;
    one.state = state;
    one.error = error;
  }
}

bool Handovers::want(IncidentId id, const std::string& key, std::string why, base::WallTime at) {
  if (find(id, key) != nullptr) return false;
  Handover one;
  one.key = key;
  one.why = std::move(why);
  one.frozen = at;
  lists_[id].push_back(std::move(one));
  return true;
}

// ---- Decisions out -----------------------------------------------------------------------------

std::vector<IncidentId> Handovers::plan(const Book& book, base::Now now) {
  std::vector<IncidentId> changed;
  if (!options_.has_agent) return changed;
  for (const auto& one : candidates_) {
    // What is older was somebody's to see already; a ledger read anew begins nothing of it.
    if (now.wall - one.at > kPatternDay || is_taken(pattern_of(one.incident), one.at)) continue;
    if (want(one.incident, one.key, one.why, one.at)) changed.push_back(one.incident);
  }
  candidates_.clear();
  const auto boundary = sweep_before(now.wall);
  if (boundary == swept_) return changed;
  swept_ = boundary;
  std::map<std::string, IncidentId> newest;
  for (const auto& [id, known] : cases_) {
    const Incident* incident = book.find(id);
    if (!known.pattern.empty() && known.opened <= boundary && incident != nullptr &&
        incident->issue != 0)
      newest[known.pattern] = id;
  }
  for (const auto& [pattern, id] : newest) {
    if (!recurs(pattern, boundary) || is_taken(pattern, boundary)) continue;
    if (want(id, sweep_key(boundary), kPattern, boundary)) changed.push_back(id);
  }
  return changed;
}

std::string Handovers::pattern_of(IncidentId id) const {
  const auto found = cases_.find(id);
  return found == cases_.end() ? "" : found->second.pattern;
}

bool Handovers::recurs(const std::string& pattern, base::WallTime until) const {
  if (pattern.empty()) return false;
  int of_day = 0, of_week = 0;
  for (const auto& [id, known] : cases_) {
    if (known.pattern != pattern || known.opened > until) continue;
    of_day += until - known.opened <= kPatternDay;
    of_week += until - known.opened <= kPatternWeek;
  }
  return of_day >= kOfDay || of_week >= kOfWeek;
}

// Handed over within 7 days, or about to be.
bool Handovers::is_taken(const std::string& pattern, base::WallTime at) const {
  if (pattern.empty()) return false;
  const auto handed = handed_.find(pattern);
  if (handed != handed_.end() && at - handed->second < kPatternWeek) return true;
  for (const auto& [id, list] : lists_) {
    if (pattern_of(id) != pattern) continue;
    const bool waits = std::any_of(list.begin(), list.end(), [](const Handover& one) {
      return one.state == HandoverState::wanted;
    });
    if (waits) return true;
  }
  return false;
}

bool Handovers::may_begin(base::Now now) const {
  if (!options_.has_agent || !options_.may_start || !open().empty()) return false;
  const bool full = spent_.size() >= static_cast<std::size_t>(options_.per_day);
  return !full || now.wall - spent_.front() >= kPatternDay;
}

bool Handovers::is_ready(IncidentId id, const Handover& one, base::Now now) const {
  if (one.state == HandoverState::failed) {
    return one.error.starts_with("unavailable") && one.tries < kBeginningsMax &&
           now.wall - one.asked_at >= kBeginningGap * one.tries;
  }
  if (one.state != HandoverState::wanted) return false;
  const auto handed = handed_.find(pattern_of(id));
  return is_label(one.key) || handed == handed_.end() || now.wall - handed->second >= kPatternWeek;
}

Handover* Handovers::find(IncidentId id, const std::string& key) {
  const auto list = lists_.find(id);
  if (list == lists_.end()) return nullptr;
  for (auto& one : list->second) {
    if (one.key == key) return &one;
  }
  return nullptr;
}

const Handover* Handovers::find(const std::string& op) const {
  const auto id = ops_.find(op);
  if (id == ops_.end()) return nullptr;
  for (const auto& one : lists_.at(id->second)) {
    if (one.op == op) return &one;
  }
  return nullptr;
}

std::vector<const Handover*> Handovers::shown(IncidentId id) const {
  std::vector<const Handover*> all;
  const auto list = lists_.find(id);
  if (list == lists_.end()) return all;
  for (const auto& one : list->second) all.push_back(&one);
  return all;
}

std::vector<Handovers::Due> Handovers::open() const {
  std::vector<Due> all;
  for (const auto& [id, list] : lists_) {
    for (const auto& one : list) {
      if (one.state == HandoverState::asked) all.push_back({id, &one});
    }
  }
  return all;
}

base::Instant Handovers::wake_at(base::Now now) const {
  base::WallTime next = sweep_before(now.wall) + kPatternDay;
  for (const auto& [id, list] : lists_) {
    for (const auto& one : list) {
      const bool again = one.state == HandoverState::failed && one.tries < kBeginningsMax &&
                         one.error.starts_with("unavailable");
      if (again) next = std::min(next, one.asked_at + kBeginningGap * one.tries);
    }
  }
  if (!spent_.empty() && spent_.front() + kPatternDay > now.wall)
    next = std::min(next, base::WallTime(spent_.front() + kPatternDay));
  return now.boot + std::max<base::Duration>(next - now.wall, std::chrono::seconds(1));
}

bool Handovers::is_by_itself(IncidentId id) const {
  const auto list = lists_.find(id);
  return list != lists_.end() &&
         std::any_of(list->second.begin(), list->second.end(),
                     [](const Handover& one) { return !is_label(one.key); });
}

}  // namespace scribe
