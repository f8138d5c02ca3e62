// More than GitHub takes at once: floods of incidents, hours without GitHub, limits, and answers
// that say nothing of what happened.
#include <map>

#include "agents/scribe/umbrella.h"
#include "tests/unit/scribe_world.h"

using namespace scribe_test;
using fakes::Fault;

namespace {

std::string service_of(IncidentId id) { return "service-" + std::to_string(id); }

std::vector<Payload> life_of(IncidentId id) {
  Signal signal;
  signal.service = service_of(id);
  signal.oom_killed = true;
  signal.exit_code = 137;
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  made.culprit = signal.service;
  PlanMade plan;
  plan.hash = "a1b2c3d4";
  plan.menu = {{"A1", Action::restart, signal.service, "c", "s", "low", "none", "it died", 0, 0}};
  const std::string op = "OP" + std::to_string(id);
  return {IncidentOpened{signal, Severity::high, signal.service + "/died", ""},
          MemoryRecalled{{}, "", 0, 0},
          EvidenceCollected{{{"E1", "log", "last line", {"Killed"}}}},
          made,
          plan,
          ActionIntended{op, "a1b2c3d4", 1, Action::restart, signal.service, "c", "before", {}},
          ActionDone{op, "after", false},
          VerificationAsked{op, signal.service, {}, 5s},
          VerificationTried{op, 1, true, 4, ""},
          VerificationPassed{op, 20, 31, ""},
          IncidentResolved{op, "restart", true},
          PostmortemWritten{"It ran out of memory."},
          MemoryIndexed{"oom", "restart", true}};
}

// As on GitHub: every budget of the product's own defaults.
struct Careful : World {
  Careful() {
    const scribe::Options own;
    options.post_spacing = own.post_spacing;
    options.card_every = own.card_every;
    options.miss_gap = own.miss_gap;
    options.control_every = own.control_every;
    options.backoff_max = own.backoff_max;
    options.steer_every = 15s;
    restart();
  }
  void live(IncidentId id, std::size_t events = 100) {
    const auto life = life_of(id);
    for (std::size_t i = 0; i < std::min(events, life.size()); ++i) tell(id, life[i]);
  }
  void pass(base::Duration time) {
    for (base::Duration done{0}; done < time; done += 10min)
      settle(std::min<base::Duration>(time - done, 10min));
  }
};

// The most that any window of that length holds.
std::size_t fullest(const std::vector<base::Instant>& moments, base::Duration window) {
  std::size_t most = 0, begin = 0;
  for (std::size_t end = 0; end < moments.size(); ++end) {
    while (moments[end] - moments[begin] >= window) ++begin;
    most = std::max(most, end - begin + 1);
  }
  return most;
}

void check_budget(World& world) {
  CHECK(fullest(world.github.posts(), 1min) <= 40);
  CHECK(fullest(world.github.posts(), 1h) <= 240);
  CHECK(fullest(world.github.posts(), 1s) <= 1);
}

// Where each incident is told: in its own issues and in lines of umbrellas.
struct Places {
  std::map<IncidentId, int> issues, lines;
  int umbrellas = 0;
};
Places places(World& world, int incidents) {
  Places found;
  for (const auto& issue : world.issues()) {
    const bool is_umbrella =
        std::find(issue.labels.begin(), issue.labels.end(), "umbrella") != issue.labels.end();
    found.umbrellas += is_umbrella ? 1 : 0;
    const auto comments = world.github.list_comments(issue.number);
    REQUIRE(comments.ok());
    for (IncidentId id = 1; id <= incidents; ++id) {
      if (issue.title.find(" " + service_of(id) + ":") != std::string::npos) ++found.issues[id];
      if (!is_umbrella) continue;
      const std::string line = "\n- incident " + std::to_string(id) + ": ";
      for (const auto& comment : *comments) {
        for (auto at = comment.body.find(line); at != std::string::npos;
             at = comment.body.find(line, at + 1))
          ++found.lines[id];
      }
    }
  }
  return found;
}

// Every incident is closed and told once: in an issue of its own, complete, or in one line.
void check_told(World& world, int incidents) {
  auto found = places(world, incidents);
  for (IncidentId id = 1; id <= incidents; ++id) {
    CAPTURE(id);
    CHECK(found.issues[id] + found.lines[id] == 1);
    CHECK(world.incident(id).state == State::closed);
    if (found.issues[id] == 0) continue;
    const auto issue = world.github.get_issue(world.incident(id).issue);
    REQUIRE(issue.ok());
    CHECK(issue->state == "closed");
    const auto comments = world.github.list_comments(issue->number);
    const auto thread = scribe::project(world.book().entries().at(id), world.book(), {});
    CHECK(comments->size() == thread.comments.size());
  }
}

TEST_CASE("flood: beyond the hour's issues, incidents have a line each in one umbrella") {
  Careful world;
  for (IncidentId id = 1; id <= 60; ++id) world.live(id);
  world.pass(70min);
  check_told(world, 60);
  check_budget(world);
  const auto found = places(world, 60);
  CHECK(found.umbrellas == 1);
  CHECK(found.issues.size() >= 20);
  CHECK(fullest(world.github.posts(), 1h) <= 240);
  int open = 0;
  for (const auto& issue : world.issues()) open += issue.state == "open" ? 1 : 0;
  CHECK(open == 0);  // The umbrella as well.
  CHECK(world.ledger.count<IssueOpened>() == static_cast<int>(found.issues.size()));
}

TEST_CASE("flood: what still goes on gets an issue of its own when the hour has room again") {
  Careful world;
  for (IncidentId id = 1; id <= 25; ++id) world.live(id, id <= 20 ? 100 : 5);
  world.pass(30min);
  auto found = places(world, 25);
  for (IncidentId id = 21; id <= 25; ++id) CHECK(found.issues[id] == 1);  // They went first.
  world.live(26, 5);
  world.pass(20min);
  found = places(world, 26);
  CHECK(found.issues[26] == 0);
  CHECK(found.lines[26] == 1);
  world.pass(30min);
  found = places(world, 26);
  CHECK(found.issues[26] == 1);
  CHECK(found.lines[26] == 0);
  world.tell(26, Escalated{"person", "budget"});
  world.pass(5min);
  CHECK(world.incident(26).issue != 0);
}

TEST_CASE("flood: a second flood gets a second umbrella") {
  Careful world;
  for (IncidentId id = 1; id <= 30; ++id) world.live(id);
  world.pass(80min);
  for (IncidentId id = 31; id <= 60; ++id) world.live(id);
  world.pass(80min);
  check_told(world, 60);
  CHECK(places(world, 60).umbrellas == 2);
}

TEST_CASE("flood: killed at any point, nobody is lost or told twice") {
  for (const Crash kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    for (int nth = 1; nth < 60; nth += 4) {
      CAPTURE(nth);
      Careful world;
      world.options.issues_per_hour = 2;
      world.options.umbrella_every = 1s;
      world.options.post_spacing = 0ms;
      world.options.miss_gap = 200ms;
      world.restart();
      world.crash_at(kind, nth);
      for (IncidentId id = 1; id <= 5; ++id) world.live(id);
      world.settle(5min);
      check_told(world, 5);
      CHECK(places(world, 5).umbrellas == 1);
    }
  }
}

TEST_CASE("umbrella: keys and reasons there and back") {
  const auto key = scribe::parse_umbrella_key(scribe::in_ledger({3, "comment:incidents:0"}));
  REQUIRE(key);
  CHECK(key->number == 3);
  CHECK(key->key == "comment:incidents:0");
  for (const char* text :
       {"", "card", "umbrella/", "umbrella/x/card", "umbrella/0/card", "umbrella/1"})
    CHECK_FALSE(scribe::parse_umbrella_key(text));
  CHECK(scribe::parse_told_in(scribe::told_in("resolved", 77)) == 77);
  for (const char* text : {"", "resolved", "resolved; told in issue #", "x; told in issue #7a"})
    CHECK(scribe::parse_told_in(text) == 0);
}

TEST_CASE("catch-up: four hours without GitHub and 200 incidents") {
  constexpr int kIncidents = 200;
  Careful away, never_away;
  away.github.set_down(true);
  for (IncidentId id = 1; id <= kIncidents; ++id) {
    for (Careful* world : {&away, &never_away}) {
      world->live(id);
      world->settle(72s);
    }
  }
  CHECK(away.github.posts().empty());
  away.github.set_down(false);
  for (Careful* world : {&away, &never_away}) {
    world->pass(2h);
    check_told(*world, kIncidents);
    check_budget(*world);
  }
  // The record is the same; how much of it is told at length depends on when there was room.
  for (IncidentId id = 1; id <= kIncidents; ++id)
    CHECK(scribe::road_end(away.book().entries().at(id)) ==
          scribe::road_end(never_away.book().entries().at(id)));
  MESSAGE("posts: " << away.github.posts().size() << " after an outage, "
                    << never_away.github.posts().size() << " without");
}

}  // namespace
