// Many incidents under GitHub's own limits, and what must be true of their telling in the end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/unit/scribe_world.h"

namespace scribe_test {

inline std::string service_of(IncidentId id) { return "service-" + std::to_string(id); }

inline std::vector<Payload> life_of(IncidentId id) {
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
inline std::size_t fullest(const std::vector<base::Instant>& moments, base::Duration window) {
  std::size_t most = 0, begin = 0;
  for (std::size_t end = 0; end < moments.size(); ++end) {
    while (moments[end] - moments[begin] >= window) ++begin;
    most = std::max(most, end - begin + 1);
  }
  return most;
}

inline void check_budget(World& world) {
  CHECK(fullest(world.github.posts(), 1min) <= 40);
  CHECK(fullest(world.github.posts(), 1h) <= 240);
  CHECK(fullest(world.github.write_calls(), 1s) <= 1);
  auto points = world.github.all_calls();  // Of GitHub: a read is 1, a write 5.
  for (const auto at : world.github.write_calls()) points.insert(points.end(), 4, at);
  std::sort(points.begin(), points.end());
  CHECK(fullest(points, 1min) <= 450);
}

// Where each incident is told: in its own issues and in lines of umbrellas.
struct Places {
  std::map<IncidentId, int> issues, lines;
  int umbrellas = 0;
};
inline Places places(World& world, int incidents) {
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
inline void check_told(World& world, int incidents) {
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

}  // namespace scribe_test
