// The guards, in their order, with their exact words.
#include "policy/policy.h"

#include <doctest/doctest.h>

#include <functional>

#include "tests/support/print.h"

using namespace incident;
using namespace std::chrono_literals;
using policy::Answer;

namespace policy {
// So that a failed check says which.
std::ostream& operator<<(std::ostream& out, Answer answer) {
  constexpr const char* kNames[] = {"allow", "ask", "wait", "refuse", "replan"};
  return out << kNames[static_cast<int>(answer)];
}
}  // namespace policy

namespace {

const base::WallTime kNow = base::wall_from_ms(1795182756000);  // 2026-11-20T13:52:36Z

// A plan that every guard lets pass.
struct Case {
  Incident incident;
  policy::Facts facts;
  config::Limits limits;

  Case() {
    MenuEntry restart;
    restart.action = Action::restart;
    restart.service = "policy";
    restart.container = std::string(64, 'a');
    incident.plan = PlanMade{"p1", 1, kNow + 5min, {restart}};
    incident.diagnosis.emplace();
    incident.diagnosis->confidence = 0.97;
    incident.signal.confirmed_by = {"engine state"};
    facts.now.wall = kNow;
    facts.mode = config::Mode::automatic;
    facts.services = 10;
  }
  policy::Verdict judge() const { return policy::judge(incident, facts, limits); }
};

struct Row {
  std::string guard;
  std::function<void(Case&)> break_it;
  Answer answer;
  std::string values;
};

std::vector<base::WallTime> actions(int count, base::Duration apart, base::Duration last_ago) {
  std::vector<base::WallTime> times;
  for (int i = count - 1; i >= 0; --i)
    times.push_back(kNow - std::chrono::duration_cast<base::Millis>(last_ago + apart * i));
  return times;
}

// In the order of the checks.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"stop",
       [](Case& c) {
         c.facts.stopped = true;
         c.facts.stop_reason = "moving house (by command line)";
       },
       Answer::wait, "the stop is set: moving house (by command line)"},
      {"hold", [](Case& c) { c.incident.held_by = "ada"; }, Answer::wait, "held by ada"},
      {"mode", [](Case& c) { c.facts.mode = config::Mode::dry_run; }, Answer::refuse,
       "mode is dry_run; would restart policy"},
      {"mode", [](Case& c) { c.facts.mode = config::Mode::observe; }, Answer::refuse,
       "mode is observe; would restart policy"},
      {"self_exclusion", [](Case& c) { c.facts.excluded = true; }, Answer::refuse,
       "policy is excluded from actions"},
      {"protected", [](Case& c) { c.facts.is_protected = true; }, Answer::refuse,
       "policy is marked protect: true"},
      {"selector", [](Case& c) { c.incident.plan->menu[0].container = "policy-1"; }, Answer::refuse,
       "no container is known for policy"},
      {"freshness", [](Case& c) { c.incident.plan->expires = kNow - 1ms; }, Answer::replan,
       "the plan expired at 2026-11-20T13:52:35.999Z"},
      {"freshness", [](Case& c) { c.facts.symptom_at = kNow - 61s; }, Answer::wait,
       "the symptom was last reported at 2026-11-20T13:51:35.000Z, more than 60s ago"},
      {"confidence", [](Case& c) { c.incident.diagnosis->confidence = 0.89; }, Answer::refuse,
       "0.89 is under 0.90"},
      {"confidence", [](Case& c) { c.incident.diagnosis.reset(); }, Answer::refuse,
       "0.00 is under 0.90"},
      {"second_signal", [](Case& c) { c.incident.signal.confirmed_by.clear(); }, Answer::refuse,
       "nothing independent confirms the signal"},
      {"cooldown", [](Case& c) { c.facts.service_actions = actions(1, 0s, 9min); }, Answer::refuse,
       "9min after the last action, 10min must pass"},
      {"service_budget",
       [](Case& c) {
         c.limits.cooldown = 0s;
         c.facts.service_actions = actions(3, 15min, 10min);
       },
       Answer::refuse, "3 of at most 3 actions per hour"},
      {"service_budget",
       [](Case& c) {
         c.limits.cooldown = 0s;
         c.facts.service_actions = actions(6, 3h, 2h);
       },
       Answer::refuse, "6 of at most 6 actions per day"},
      {"global_budget", [](Case& c) { c.facts.all_actions = actions(6, 5min, 1min); },
       Answer::refuse, "6 of at most 6 actions per hour over all services"},
      {"global_budget", [](Case& c) { c.facts.all_actions = actions(20, 1h, 2h); }, Answer::refuse,
       "20 of at most 20 actions per day over all services"},
      {"mass_failure", [](Case& c) { c.facts.red_services = 4; }, Answer::refuse,
       "4 of 10 services are red: 40 % is over 30 %"},
      {"approval", [](Case& c) { c.facts.mode = config::Mode::approve; }, Answer::ask,
       "mode is approve"},
      {"one_at_a_time", [](Case& c) { c.facts.another_in_flight = true; }, Answer::wait,
       "another operation has no outcome yet"},
      {"spacing", [](Case& c) { c.facts.all_actions = actions(1, 0s, 10s); }, Answer::wait,
       "30s between any two actions"},
  };
  return kRows;
}

}  // namespace

TEST_CASE("a plan that breaks no guard is allowed") {
  CHECK(Case().judge().answer == Answer::allow);
}

TEST_CASE("each guard vetoes by itself, with its values") {
  for (const auto& row : rows()) {
    CAPTURE(row.guard);
    Case one;
    row.break_it(one);
    const auto verdict = one.judge();
    CHECK(verdict.answer == row.answer);
    CHECK(verdict.guard == row.guard);
    CHECK(verdict.values == row.values);
  }
}

TEST_CASE("of two broken guards the earlier speaks") {
  for (std::size_t first = 0; first < rows().size(); ++first) {
    for (std::size_t second = first + 1; second < rows().size(); ++second) {
      const auto& a = rows()[first];
      const auto& b = rows()[second];
      if (a.guard == b.guard || (a.guard == "mode" && b.guard == "approval"))
        continue;  // One setting, two values.
      // The budget rows take the cooldown away to be seen themselves.
      if (a.guard == "cooldown" && b.guard == "service_budget") continue;
      CAPTURE(a.guard);
      CAPTURE(b.guard);
      Case one;
      b.break_it(one);
      a.break_it(one);
      CHECK(one.judge().guard == a.guard);
    }
  }
}

TEST_CASE("the numbers just inside their limits pass") {
  const std::vector<std::function<void(Case&)>> inside = {
      [](Case& c) { c.incident.plan->expires = kNow; },
      [](Case& c) { c.facts.symptom_at = kNow - 60s; },
      [](Case& c) { c.incident.diagnosis->confidence = 0.9; },
      [](Case& c) { c.facts.service_actions = actions(1, 0s, 10min); },
      [](Case& c) {
        c.limits.cooldown = 0s;
        c.facts.service_actions = actions(3, 30min, 1min);
      },  // The first is an hour ago.
      [](Case& c) { c.facts.all_actions = actions(5, 5min, 1min); },
      [](Case& c) { c.facts.red_services = 3; },  // 30 % is not over 30 %.
      [](Case& c) {
        c.facts.red_services = 2;
        c.facts.services = 2;
      },  // Fewer than three.
      [](Case& c) {
        c.facts.red_services = 3;
        c.facts.services = 0;
      },
      [](Case& c) { c.facts.all_actions = actions(1, 0s, 30s); },
  };
  for (std::size_t i = 0; i < inside.size(); ++i) {
    CAPTURE(i);
    Case one;
    inside[i](one);
    CHECK(one.judge().answer == Answer::allow);
  }
}

TEST_CASE("spacing says when it will be over") {
  Case one;
  one.facts.all_actions = actions(1, 0s, 10s);
  REQUIRE(one.judge().until);
  CHECK(*one.judge().until == kNow + 20s);
}

TEST_CASE("an approval counts for its plan and as long as the plan was offered") {
  Case one;
  one.facts.mode = config::Mode::approve;
  one.incident.asked = ApprovalAsked{"p1", kNow + 20min};
  one.incident.plan->expires = kNow - 1min;
  CHECK(one.judge().answer == Answer::replan);  // Not approved: five minutes hold.
  one.incident.approval = ApprovalGiven{"p1", "ada"};
  CHECK(policy::expiry_of(one.incident) == kNow + 20min);
  CHECK(one.judge().answer == Answer::allow);
  one.incident.approval->plan = "p2";
  CHECK(one.judge().guard == "approval");
  one.incident.approval->plan = "p1";
  one.facts.now.wall = kNow + 20min + 1ms;
  CHECK(one.judge().answer == Answer::replan);
}

TEST_CASE("the cooldown doubles, has an end, and is forgotten") {
  struct Named {
    std::string name;
    std::vector<base::WallTime> actions;
    base::Duration pause;
  };
  const Named named[] = {{"none", {}, 0s},
                         {"one", actions(1, 0s, 1min), 10min},
                         {"two", actions(2, 15min, 1min), 20min},
                         {"three", actions(3, 30min, 1min), 40min},
                         {"seven", actions(7, 100min, 1min), 4h},
                         {"two far apart", actions(2, 3h, 1min), 10min},
                         {"two, long ago", actions(2, 15min, 3h), 10min}};
  for (const auto& row : named) {
    CAPTURE(row.name);
    CHECK(policy::cooldown_after(row.actions, 10min, kNow) == row.pause);
  }
  CHECK(policy::cooldown_after(actions(3, 1min, 1min), 0s, kNow) == 0s);
}

TEST_CASE("a person's command stands for the evidence, and for nothing else") {
  for (const auto& row : rows()) {
    CAPTURE(row.guard);
    CAPTURE(row.values);
    Case one;
    one.incident.plan->asked_by = "ada";
    one.incident.approval = ApprovalGiven{"p1", "ada"};
    row.break_it(one);
    const auto verdict = one.judge();
    const bool expired = row.values.find("expired") != std::string::npos;
    const bool is_evidence = row.guard == "confidence" || row.guard == "second_signal" ||
                             row.guard == "approval" || (row.guard == "freshness" && !expired);
    if (is_evidence) {
      CHECK(verdict.answer == Answer::allow);
      continue;
    }
    // What they asked for half an hour ago is not planned anew behind their back.
    CHECK(verdict.answer == (expired ? Answer::refuse : row.answer));
    CHECK(verdict.guard == row.guard);
    CHECK(verdict.values == row.values);
  }
}
