#include "tests/simulation/checks.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "agents/scribe/thread.h"
#include "incident/incident.h"

namespace simulation {

using namespace incident;  // NOLINT: the domain's words are this file's words.

namespace {

using Broken = std::vector<std::string>;

std::string number(std::int64_t value) { return std::to_string(value); }

// The arrows of the chart in shared/incident/incident.cc, written down a second time.
bool is_legal(State from, State to) {
  if (from == to) return true;
  const bool ends_early =
      to == State::joined || to == State::stood_down || to == State::self_healed;
  switch (from) {
    case State::open:
      return to == State::diagnosing || to == State::planned || to == State::inconclusive ||
             to == State::escalated || ends_early;
    case State::diagnosing:
      return to == State::planned || to == State::inconclusive || to == State::escalated ||
             ends_early;
    case State::planned:
      return to == State::acting || to == State::verifying || to == State::awaiting_approval ||
             to == State::diagnosing || to == State::escalated || ends_early;
    case State::awaiting_approval:
      return to == State::planned || to == State::acting || to == State::diagnosing ||
             to == State::escalated || ends_early;
    case State::acting:
      return to == State::verifying || to == State::diagnosing || to == State::escalated ||
             ends_early;
    case State::verifying:
      return to == State::resolved || to == State::diagnosing || to == State::acting ||
             to == State::escalated || ends_early;
    case State::escalated:
      return to == State::closed || ends_early;
    case State::resolved:
    case State::inconclusive:
    case State::stood_down:
    case State::self_healed:
    case State::joined:
      return to == State::closed;
    case State::closed:
      return to == State::diagnosing;
  }
  return false;
}

// The log alone: legal lives, one open incident for each service, and what each operation is about.
struct Reading {
  Book book;
  std::map<std::string, std::pair<std::int64_t, ActionIntended>> intents;  // By op, with position.
  std::map<std::string, std::pair<IncidentId, GithubIntended>> writes;     // By op.
  std::vector<std::pair<base::Instant, base::Instant>> stops;              // From, to.
  std::vector<std::pair<base::Instant, std::string>> intended_at;          // With service.
  std::vector<std::string> proofs;                                         // Ops, in order.
  Broken broken;
};

void read_stop(Reading& reading, const Event& event) {
  if (std::holds_alternative<StopSet>(event.what) && !reading.book.stop())
    reading.stops.emplace_back(event.boot, base::Instant::max());
  if (std::holds_alternative<StopCleared>(event.what) && !reading.stops.empty()) {
    auto& last = reading.stops.back().second;
    last = std::min(last, event.boot);
  }
}

void read_opening(Reading& reading, const Event& event) {
  const auto* opened = std::get_if<IncidentOpened>(&event.what);
  if (opened == nullptr) return;
  if (reading.book.find(event.incident) != nullptr)
    reading.broken.push_back("incident " + number(event.incident) + " opens twice");
  const Incident* open = reading.book.open_of(opened->signal.service);
  // Beside a joined one it may fail by itself; beside one that was given to a person while the
  // engine was away, or for a symptom alone, the engine may tell of a fault or a death.
  const auto is_blind = [&](const Incident& incident) {
    const auto& by = incident.signal.confirmed_by;
    const bool unseen = std::none_of(by.begin(), by.end(),
                                     [](const auto& one) { return one.starts_with("engine"); });
    const bool symptom = !is_death(incident.signal.kind) && is_death(opened->signal.kind);
    return incident.state == State::escalated && (unseen || symptom);
  };
  // And beside one that only waits for the merge of its pull request.
  const bool is_aside = open != nullptr && waits_aside(*open);
  if (open != nullptr && open->root == 0 && !is_aside && !is_blind(*open)) {
    reading.broken.push_back("incident " + number(event.incident) +
                             " opens beside another one of " + opened->signal.service);
  }
}

void read_one(Reading& reading, const ledger::Record& record) {
  const Event& event = record.event;
  if (!may_write(event.role, event.what))
    reading.broken.push_back("position " + number(record.position) +
                             ": written by a role that does not own it");
  read_stop(reading, event);
  read_opening(reading, event);
  if (const auto* intended = std::get_if<ActionIntended>(&event.what)) {
    if (!reading.intents.try_emplace(intended->op, record.position, *intended).second)
      reading.broken.push_back("operation " + intended->op + " is intended twice");
    reading.intended_at.emplace_back(event.boot, intended->service);
  }
  if (const auto* passed = std::get_if<VerificationPassed>(&event.what))
    reading.proofs.push_back(passed->op);
  if (const auto* intended = std::get_if<GithubIntended>(&event.what))
    reading.writes[intended->op] = {event.incident, *intended};
  const Incident* was = reading.book.find(event.incident);
  const State from = was != nullptr ? was->state : State::open;
  reading.book.absorb(event);
  const Incident* is = reading.book.find(event.incident);
  const auto* plan = std::get_if<PlanMade>(&event.what);
  const bool is_asked = plan != nullptr && !plan->asked_by.empty() && from == State::escalated &&
                        is->state == State::planned;
  if (is != nullptr && !is_asked && !is_legal(from, is->state)) {
    reading.broken.push_back("incident " + number(event.incident) + " goes from " +
                             std::string(to_string(from)) + " to " +
                             std::string(to_string(is->state)));
  }
}

Reading read(Simulation& simulation) {
  Reading reading;
  for (const auto& record : simulation.ledger().all()) read_one(reading, record);
  return reading;
}

// Begins a life of a container, and nothing else.
bool is_life(warden::Verb verb) {
  return verb == warden::Verb::restart || verb == warden::Verb::start;
}

void check_effects(const Reading& reading, World& world, Broken& broken) {
  std::map<std::string, int> effects, starts;
  for (const auto& effect : world.effects()) {
    const auto intent = reading.intents.find(effect.op);
    if (intent == reading.intents.end() || intent->second.first > effect.head) {
      broken.push_back("operation " + effect.op + ": an effect without a durable intent");
    } else if (intent->second.second.container != effect.container) {
      broken.push_back("operation " + effect.op + ": an effect on another container than intended");
    }
    if (effect.stopped)
      broken.push_back("operation " + effect.op + ": an effect while the stop was durable");
    // A change is asked for until it is known: however often, it ends in the same place.
    if (!is_life(effect.verb)) continue;
    if (++effects[effect.op] == 2)
      broken.push_back("operation " + effect.op + ": sent to the engine twice");
  }
  for (const auto& start : world.starts()) {
    if (is_life(start.verb) && ++starts[start.op] == 2)
      broken.push_back("operation " + start.op + ": two starts");
  }
}

// A wake-up may be lost, the look of every second is not: later than that there is no excuse.
void check_stops(const Reading& reading, Broken& broken) {
  for (const auto& [from, to] : reading.stops) {
    for (const auto& [at, service] : reading.intended_at) {
      if (at > from + std::chrono::milliseconds(1200) && at < to)
        broken.push_back("an action on " + service + " is intended while the stop is set");
    }
  }
}

void check_budget(const std::vector<base::Instant>& times, base::Duration window, int limit,
                  const std::string& what, Broken& broken) {
  for (std::size_t i = 0; i + static_cast<std::size_t>(limit) < times.size(); ++i) {
    if (times[i + static_cast<std::size_t>(limit)] - times[i] < window)
      return broken.push_back("budget of " + what + " exceeded");
  }
}

void check_budgets(const config::Config& config, World& world, Broken& broken) {
  using namespace std::chrono_literals;
  std::map<std::string, std::vector<base::Instant>> by_service;  // By its container.
  std::vector<base::Instant> all;
  for (const auto& start : world.starts()) {  // A restart cut in half and then finished is one.
    if (!is_life(start.verb)) continue;
    by_service[start.container].push_back(start.at);
    all.push_back(start.at);
  }
  const auto& limits = config.limits;
  for (const auto& [name, times] : by_service)
    check_budget(times, 1h, limits.service_actions_per_hour, name, broken);
  check_budget(all, 1h, limits.global_actions_per_hour, "all services", broken);
}

// Which operation made this object, by the marker in its first line; empty when it has none.
std::string maker_of(const std::string& body) {
  const std::string begin = "<!-- sre op=";
  return body.starts_with(begin) ? body.substr(begin.size(), 26) : "";
}

std::string without_marker(const std::string& body) {
  return body.substr(std::min(body.find('\n'), body.size() - 1) + 1);
}

std::vector<Told> read_github(Simulation& simulation, const Reading& reading, Broken& broken) {
  std::vector<Told> found;
  std::map<IncidentId, int> issues;
  std::map<std::pair<IncidentId, std::string>, int> comments;
  const auto issues_there = simulation.world().github.list_issues({});
  for (const auto& issue : *issues_there) {
    const auto made = reading.writes.find(maker_of(issue.body));
    if (made == reading.writes.end()) {
      broken.push_back("issue " + number(issue.number) + " was written without an intent");
      continue;
    }
    Told one{made->second.first, issue, {}};
    if (++issues[one.incident] == 2)
      broken.push_back("incident " + number(one.incident) + " has two issues");
    const auto comments_there = simulation.world().github.list_comments(issue.number);
    for (const auto& comment : *comments_there) {
      if (comment.author != issue.author) continue;  // Somebody steers.
      const auto by = reading.writes.find(maker_of(comment.body));
      if (by == reading.writes.end()) {
        broken.push_back("a comment on issue " + number(issue.number) +
                         " was written without an intent");
        continue;
      }
      const std::string key = by->second.second.key;
      if (++comments[{one.incident, key}] == 2)
        broken.push_back("issue " + number(issue.number) + " has " + key + " twice");
      one.comments.emplace_back(key, comment);
    }
    found.push_back(std::move(one));
  }
  return found;
}

// The issue says all that the ledger says, in its order, and nothing else.
void check_thread(const Told& one, const Reading& reading, const scribe::Options& scribe,
                  Broken& broken) {
  const std::string name = "issue of incident " + number(one.incident);
  scribe::ThreadOptions options;
  options.places = &scribe.places;
  const auto thread =
      scribe::project(reading.book.entries().at(one.incident), reading.book, options);
  std::set<std::string> wanted, there(one.issue.labels.begin(), one.issue.labels.end());
  wanted.insert(thread.labels.begin(), thread.labels.end());
  if (wanted != there) broken.push_back(name + " has other labels than it should");
  if ((one.issue.state == "closed") != thread.closed)
    broken.push_back(name + " is " + one.issue.state);
  for (const auto& comment : thread.comments) {
    const auto found =
        std::find_if(one.comments.begin(), one.comments.end(),
                     [&](const auto& have) { return have.first == "comment:" + comment.key; });
    if (found == one.comments.end())
      broken.push_back(name + " misses comment " + comment.key);
    else if (without_marker(found->second.body) != comment.body)
      broken.push_back(name + ": comment " + comment.key + " is not up to date");
  }
  if (one.comments.size() > thread.comments.size())
    broken.push_back(name + " has comments too many");
}

void check_ending(const Incident& incident, const std::vector<Told>& told, Broken& broken) {
  const std::string name = "incident " + number(incident.id);
  const auto issue = std::find_if(told.begin(), told.end(),
                                  [&](const auto& one) { return one.incident == incident.id; });
  if (incident.state != State::closed && incident.state != State::escalated)
    broken.push_back(name + " ends as " + std::string(to_string(incident.state)));
  if (incident.state == State::escalated) {
    const bool called =
        issue != told.end() && std::find(issue->issue.labels.begin(), issue->issue.labels.end(),
                                         "Status: Needs-Human") != issue->issue.labels.end();
    if (!called) broken.push_back(name + " is escalated, but no person is called");
  }
  if (!incident.reached.contains("resolved") || incident.state != State::closed ||
      incident.root != 0)
    return;
  if (issue == told.end()) broken.push_back(name + " is resolved without an issue");
  if (!incident.outcome) broken.push_back(name + " is resolved without an outcome");
  if (!incident.postmortem) broken.push_back(name + " has no post-mortem");
  if (!incident.indexed) broken.push_back(name + " is not remembered");
}

// Somebody is at it: at the service itself, or at one that needs it (an unprobed one shows only
// there).
bool is_known(const config::Config& config, const Book& book, const std::string& service) {
  if (book.open_of(service) != nullptr) return true;
  return std::any_of(config.services.begin(), config.services.end(), [&](const auto& other) {
    const auto& needs = other.depends_on;
    return std::find(needs.begin(), needs.end(), service) != needs.end() &&
           is_known(config, book, other.name);
  });
}

void check_services(Simulation& simulation, const Reading& reading, Broken& broken) {
  for (const auto& service : simulation.config().services) {
    if (simulation.world().is_well(service.name) ||
        is_known(simulation.config(), reading.book, service.name))
      continue;
    broken.push_back(service.name + " is sick and nobody knows");
  }
}

// What we changed is as it was before, but for what is proven; and nothing is left over.
void check_changes(Simulation& simulation, const Reading& reading, Broken& broken) {
  World& world = simulation.world();
  for (const auto& line : world.collisions()) broken.push_back(line);
  for (const auto& service : simulation.config().services) {
    const auto& name = service.name;
    if (const auto misled = world.misled(name); !misled.empty())
      broken.push_back(name + ": " + misled);
    for (const auto suffix : {warden::kNextSuffix, warden::kPreviousSuffix}) {
      if (world.creation(name).find(suffix) != std::string::npos)
        broken.push_back(name + ": a replacement left a container behind");
    }
    auto wanted = world.creation_before(name);
    if (!wanted) continue;
    for (const auto& record : reading.proofs) {
      const auto intent = reading.intents.find(record);
      if (intent == reading.intents.end()) continue;
      const auto& intended = intent->second.second;
      if (intended.service == name && intended.action != Action::restart)
        wanted = simulation.proven_creation(record);
    }
    if (world.creation(name) != *wanted)
      broken.push_back(name + " is left changed: " + world.creation(name) + "\n    instead of " +
                       *wanted);
  }
}

void compare(const Book& book, const Book& other, const char* who, Broken& broken) {
  bool same = book.entries().size() == other.entries().size() &&
              book.stop().has_value() == other.stop().has_value();
  for (const auto& [id, entry] : book.entries()) {
    const auto* seen = other.find(id);
    same = same && seen != nullptr && seen->state == entry.incident.state &&
           seen->attempts.size() == entry.incident.attempts.size();
  }
  if (!same)
    broken.push_back(std::string(who) + " believes something else than a replay of the log gives");
}

}  // namespace

std::vector<std::string> broken_always(Simulation& simulation) {
  Reading reading = read(simulation);
  Broken broken = std::move(reading.broken);
  check_effects(reading, simulation.world(), broken);
  check_stops(reading, broken);
  check_budgets(simulation.config(), simulation.world(), broken);
  (void)read_github(simulation, reading, broken);
  return broken;
}

std::vector<std::string> broken_at_end(Simulation& simulation) {
  Broken broken = broken_always(simulation);
  Broken again;  // Told already.
  const Reading reading = read(simulation);
  const auto told = read_github(simulation, reading, again);
  for (const auto& one : told) {
    if (one.incident != 0) check_thread(one, reading, simulation.scribe_options(), broken);
  }
  for (const auto& [id, entry] : reading.book.entries()) check_ending(entry.incident, told, broken);
  check_services(simulation, reading, broken);
  check_changes(simulation, reading, broken);
  if (simulation.fixer->alive())
    compare(reading.book, simulation.fixer->role()->book(), "the Fixer", broken);
  if (simulation.scout->alive())
    compare(reading.book, simulation.scout->role()->book(), "Scout", broken);
  return broken;
}

std::vector<Told> told(Simulation& simulation) {
  Broken ignored;
  return read_github(simulation, read(simulation), ignored);
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += "\n  " + line;
  return text;
}

void print_log(Simulation& simulation, std::ostream& out) {
  for (const auto& record : simulation.ledger().all()) {
    const auto& what = record.event.what;
    out << record.position << " " << base::format_utc(record.event.at).substr(14) << " "
        << record.event.incident << " " << name_of(what);
    if (const auto* opened = std::get_if<IncidentOpened>(&what))
      out << " " << opened->signal.service << ": " << opened->signal.detail;
    if (const auto* made = std::get_if<DiagnosisMade>(&what))
      out << " " << to_string(made->failure);
    if (const auto* refused = std::get_if<PlanRefused>(&what))
      out << " " << refused->guard << ": " << refused->values;
    if (const auto* called = std::get_if<Escalated>(&what)) out << " " << called->reason;
    if (const auto* failed = std::get_if<ActionFailed>(&what)) out << " " << failed->error;
    if (const auto* unknown = std::get_if<ActionUnknown>(&what)) out << " " << unknown->error;
    if (const auto* failed = std::get_if<VerificationFailed>(&what)) out << " " << failed->reason;
    if (const auto* write = std::get_if<GithubIntended>(&what))
      out << " " << write->kind << " " << write->key;
    out << "\n";
  }
}

}  // namespace simulation
