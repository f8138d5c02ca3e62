// More than GitHub takes at once: floods of incidents, hours without GitHub, limits, and answers
// that say nothing of what happened.
#include "tests/unit/scribe_flood.h"

#include "agents/scribe/umbrella.h"

using namespace scribe_test;

namespace {

TEST_CASE("flood: beyond the hour's issues, incidents have a line each in one umbrella") {
  Careful world;
  for (IncidentId id = 1; id <= 60; ++id) world.live(id);
  world.pass(70min);
  check_budget(world);
  check_told(world, 60);
  const auto found = places(world, 60);
  CHECK(found.umbrellas == 1);
  CHECK(found.issues.size() >= 20);
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
    check_budget(*world);  // First: to look is to call as well.
    check_told(*world, kIncidents);
  }
  // The record is the same; how much of it is told at length depends on when there was room.
  for (IncidentId id = 1; id <= kIncidents; ++id)
    CHECK(scribe::road_end(away.book().entries().at(id)) ==
          scribe::road_end(never_away.book().entries().at(id)));
  MESSAGE("posts: " << away.github.posts().size() << " after an outage, "
                    << never_away.github.posts().size() << " without");
}

}  // namespace
