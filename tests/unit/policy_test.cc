// The guards, in their order, with their exact words.
#include "policy/policy.h"

#include <doctest/doctest.h>

#include <functional>

#include "base/id.h"
#include "policy/maintenance.h"
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
    incident.signal.kind = SignalKind::probe_timeout;
    incident.signal.confirmed_by = {"engine state"};
    facts.now.wall = kNow;
    facts.mode = config::Mode::automatic;
    facts.services = facts.containers = 10;
    facts.leased_until = kNow + 10s;
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
      {"maintenance", [](Case& c) { c.facts.maintenance = "every day 22:00 to 02:00 UTC"; },
       Answer::refuse, "policy is frozen: every day 22:00 to 02:00 UTC"},
      {"saturation", [](Case& c) { c.facts.host_cpu_percent = 90.5; }, Answer::refuse,
       "the host's CPU is at 90 %, over 90 %: no restart"},
      {"saturation", [](Case& c) { c.facts.host_memory_percent = 97; }, Answer::refuse,
       "the host's memory is at 97 %, over 95 %: no restart"},
      {"dependency",
       [](Case& c) {
         c.facts.sick_dependency = "user";
         c.facts.dependency_waits = true;
       },
       Answer::refuse, "policy calls user, which is sick and waits for a person"},
      {"dependency", [](Case& c) { c.facts.sick_dependency = "user"; }, Answer::wait,
       "policy calls user, which is being healed first"},
      {"deploy_freeze", [](Case& c) { c.facts.deployed = kNow - 14min; }, Answer::refuse,
       "policy was deployed 14min ago; for 15min only a rollback or a pull request may pass"},
      {"flapping", [](Case& c) { c.facts.flap = {true, 31}; }, Answer::refuse,
       "31 % weighted change in the last 21 results of policy; it began above 30 % and ends below "
       "15 %"},
      {"flapping", [](Case& c) { c.facts.own_restarts = 4; }, Answer::refuse,
       "4 restarts of ours in 30min, more than 3"},
      {"no_progress", [](Case& c) { c.facts.fruitless = 2; }, Answer::refuse,
       "restart of policy was done 2 times without a cure; at most 2"},
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
      {"last_healthy",
       [](Case& c) {
         c.facts.target_is_healthy = true;
         c.facts.healthy_replicas = 1;
       },
       Answer::refuse, "nothing says that policy is sick, and it has 1 healthy replica"},
      {"blast_radius",
       [](Case& c) {
         c.facts.touched = 2;
         c.facts.containers = 29;
       },
       Answer::refuse, "2 of at most 2 containers acted on per hour (10 % of 29, at least 1)"},
      {"mass_failure", [](Case& c) { c.facts.red_services = 4; }, Answer::refuse,
       "4 of 10 services are red: 40 % is over 30 %"},
      {"approval", [](Case& c) { c.facts.mode = config::Mode::approve; }, Answer::ask,
       "mode is approve"},
      {"approval", [](Case& c) { c.facts.is_stateful = true; }, Answer::ask,
       "mode is auto, tier 2, the target keeps data"},
      {"approval", [](Case& c) { c.limits.auto_tiers = {2}; }, Answer::ask, "mode is auto, tier 1"},
      {"one_at_a_time", [](Case& c) { c.facts.another_in_flight = true; }, Answer::wait,
       "another operation has no outcome yet"},
      {"spacing", [](Case& c) { c.facts.all_actions = actions(1, 0s, 10s); }, Answer::wait,
       "30s between any two actions"},
      {"lease", [](Case& c) { c.facts.leased_until.reset(); }, Answer::wait,
       "another Fixer may be at work: there is no lease"},
      {"lease", [](Case& c) { c.facts.leased_until = kNow + 1999ms; }, Answer::wait,
       "the Fixer's lease ends at 2026-11-20T13:52:37.999Z"},
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
      [](Case& c) { c.facts.host_cpu_percent = 90, c.facts.host_memory_percent = 95; },
      [](Case& c) { c.facts.deployed = kNow - 15min; },
      [](Case& c) { c.facts.own_restarts = 3, c.facts.fruitless = 1; },
      [](Case& c) { c.facts.touched = 1, c.facts.containers = 29; },
      [](Case& c) { c.facts.touched = 9, c.facts.target_touched = true; },
      [](Case& c) { c.facts.target_is_healthy = true, c.facts.healthy_replicas = 2; },
      [](Case& c) { c.facts.target_is_healthy = true; },  // How many are healthy is not known.
      [](Case& c) {
        c.facts.sick_dependency = "user", c.incident.signal.kind = SignalKind::container_died;
      },
      [](Case& c) { c.facts.leased_until = kNow + 2s; },
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
  one.incident.approvals = {*one.incident.approval};
  CHECK(policy::expiry_of(one.incident) == kNow + 20min);
  CHECK(one.judge().answer == Answer::allow);
  one.incident.approvals[0].plan = "p2";
  CHECK(one.judge().guard == "approval");
  one.incident.approvals[0].plan = "p1";
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
    one.incident.approvals = {*one.incident.approval};
    row.break_it(one);
    const auto verdict = one.judge();
    const bool expired = row.values.find("expired") != std::string::npos;
    const bool is_evidence = row.guard == "confidence" || row.guard == "second_signal" ||
                             row.guard == "approval" || row.guard == "no_progress" ||
                             row.guard == "last_healthy" || (row.guard == "freshness" && !expired);
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

TEST_CASE("an action has a tier, and tier 2 needs a person unless it may run alone") {
  struct Named {
    Action action;
    bool stateful;
    int replicas;
    int tier;
  };
  const Named named[] = {
      {Action::escalate, false, 1, 0},    {Action::noop, true, 1, 0},
      {Action::restart, false, 1, 1},     {Action::restart, true, 1, 2},
      {Action::scale_up, false, 1, 1},    {Action::scale_up, false, 2, 2},
      {Action::scale_up, true, 1, 2},     {Action::scale_down, false, 1, 2},
      {Action::rollback, false, 1, 2},    {Action::revert_config, false, 1, 2},
      {Action::clear_queue, false, 1, 2}, {Action::pull_request, false, 1, 2},
  };
  for (const auto& row : named) {
    CAPTURE(to_string(row.action));
    Case one;
    one.incident.plan->menu[0].action = row.action;
    one.facts.is_stateful = row.stateful;
    one.facts.replicas_added = row.replicas;
    CHECK(policy::tier_of(row.action, one.facts) == row.tier);
    CHECK(one.judge().answer == (row.tier == 2 ? Answer::ask : Answer::allow));
    one.limits.auto_tiers = {1, 2};
    CHECK(one.judge().answer == Answer::allow);
  }
}

TEST_CASE("tier 2 takes two other persons than who proposed it, where that is configured") {
  Case one;
  one.facts.is_stateful = one.facts.second_approval = true;
  one.limits.auto_tiers = {1, 2};  // The stricter one counts.
  const auto values = [&] { return one.judge().values; };
  CHECK(one.judge().answer == Answer::ask);
  CHECK(values() == "mode is auto, tier 2, the target keeps data; 0 of 2 persons approved");
  one.incident.approvals = {{"p1", "ada"}, {"p1", "Ada"}, {"p2", "bob"}};
  CHECK(values() == "mode is auto, tier 2, the target keeps data; 1 of 2 persons approved: ada");
  one.incident.approvals.push_back({"p1", "bob"});
  CHECK(one.judge().answer == Answer::allow);
  one.incident.plan->asked_by = "bob";
  CHECK(one.judge().answer == Answer::ask);
  one.incident.approvals.push_back({"p1", "eve"});
  CHECK(one.judge().answer == Answer::allow);
  one.facts.is_stateful = false;  // Tier 1.
  one.incident.approvals.clear();
  CHECK(one.judge().answer == Answer::allow);
}

TEST_CASE("a pull request passes by what guards containers, and has budgets of its own") {
  Case one;
  one.limits.auto_tiers = {1, 2};
  one.incident.plan->menu[0].action = Action::pull_request;
  one.incident.plan->menu[0].container.clear();
  one.facts.service_actions = actions(6, 1min, 1min);
  one.facts.flap.flapping = true;
  one.facts.touched = 9;
  one.facts.deployed = kNow;
  one.facts.host_cpu_percent = 100;
  CHECK(one.judge().answer == Answer::allow);
  one.facts.open_pull_requests = 1;
  CHECK(one.judge().guard == "pull_requests");
  CHECK(one.judge().values == "1 of at most 1 open pull requests of the service");
  one.facts.open_pull_requests = 0;
  one.facts.pull_requests_today = 3;
  CHECK(one.judge().values == "3 of at most 3 pull requests per day over all services");
  one.incident.plan->menu[0].action = Action::rollback;
  one.incident.plan->menu[0].container = std::string(64, 'a');
  one.facts.flap.flapping = false;
  one.facts.service_actions.clear();
  one.facts.touched = 0;
  CHECK(one.judge().answer == Answer::allow);  // After a deploy, on a full host.
}

TEST_CASE("maintenance windows are kept to the minute, in UTC, over midnight and by day") {
  using config::MaintenanceWindow;
  const auto at = [](const char* text) { return *base::parse_utc(text); };
  const MaintenanceWindow night{{}, 0x7F, 22 * 60, 2 * 60, ""};
  const MaintenanceWindow friday{{"policy"}, 1U << 4U, 22 * 60, 2 * 60, ""};  // Into Saturday.
  const MaintenanceWindow whole_monday{{}, 1U, 0, 24 * 60, ""};
  const MaintenanceWindow bad{{"user"}, 0x7F, 0, 0, "from is no time of day"};
  struct Named {
    MaintenanceWindow window;
    const char* now;
    const char* service;
    const char* words;
  };
  // 2026-11-20 is a Friday.
  const Named named[] = {
      {night, "2026-11-20T21:59:59.999Z", "policy", ""},
      {night, "2026-11-20T22:00:00Z", "policy", "every day 22:00 to 02:00 UTC"},
      {night, "2026-11-21T01:59:59Z", "user", "every day 22:00 to 02:00 UTC"},
      {night, "2026-11-21T02:00:00Z", "user", ""},
      {friday, "2026-11-20T23:00:00Z", "policy", "fri 22:00 to 02:00 UTC"},
      {friday, "2026-11-20T23:00:00Z", "user", ""},
      {friday, "2026-11-21T01:00:00Z", "policy", "fri 22:00 to 02:00 UTC"},
      {friday, "2026-11-20T01:00:00Z", "policy", ""},
      {friday, "2026-11-21T23:00:00Z", "policy", ""},
      {whole_monday, "2026-11-23T23:59:00Z", "user", "mon 00:00 to 24:00 UTC"},
      {whole_monday, "2026-11-24T00:00:00Z", "user", ""},
      {bad, "2026-11-20T12:00:00Z", "user", "a window that cannot be read: from is no time of day"},
      {bad, "2026-11-20T12:00:00Z", "policy", ""},
  };
  for (const auto& row : named) {
    CAPTURE(row.now);
    CAPTURE(row.service);
    CHECK(policy::frozen_by({row.window}, row.service, at(row.now)) == row.words);
  }
}

TEST_CASE("maintenance: the end of windows that follow one another, when it is near and known") {
  using config::MaintenanceWindow;
  const auto at = [](const char* text) { return *base::parse_utc(text); };
  const MaintenanceWindow night{{}, 0x7F, 22 * 60, 2 * 60, ""};
  const MaintenanceWindow morning{{"policy"}, 0x7F, 2 * 60, 5 * 60, ""};
  const MaintenanceWindow whole_day{{}, 0x7F, 0, 24 * 60, ""};
  const MaintenanceWindow bad{{"user"}, 0x7F, 0, 0, "from is no time of day"};
  struct Row {
    std::vector<MaintenanceWindow> windows;
    const char* service;
    const char* now;
    const char* end;  // Empty: not known, or too far.
  };
  const Row rows[] = {
      {{night}, "user", "2026-11-20T22:00:00Z", "2026-11-21T02:00:00Z"},
      {{night}, "user", "2026-11-21T01:59:59.999Z", "2026-11-21T02:00:00Z"},
      {{night, morning}, "user", "2026-11-20T23:30:00Z", "2026-11-21T02:00:00Z"},
      {{night, morning}, "policy", "2026-11-20T23:30:00Z", "2026-11-21T05:00:00Z"},
      {{morning, night}, "policy", "2026-11-20T22:00:00Z", "2026-11-21T05:00:00Z"},
      {{MaintenanceWindow{{}, 0x7F, 10 * 60, 20 * 60, ""}},
       "user",
       "2026-11-20T12:00:00Z",
       "2026-11-20T20:00:00Z"},
      {{MaintenanceWindow{{}, 0x7F, 10 * 60, 20 * 60, ""}}, "user", "2026-11-20T11:59:59Z", ""},
      {{whole_day}, "user", "2026-11-20T23:00:00Z", ""},
      {{MaintenanceWindow{{}, 0x10, 0, 24 * 60, ""}},
       "user",
       "2026-11-20T23:00:00Z",
       "2026-11-21T00:00:00Z"},
      {{bad, night}, "user", "2026-11-20T23:00:00Z", ""},
      {{bad, night}, "policy", "2026-11-20T23:00:00Z", "2026-11-21T02:00:00Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.now);
    CAPTURE(row.service);
    const auto end = policy::thaws_at(row.windows, row.service, at(row.now));
    CHECK(end.has_value() == (*row.end != '\0'));
    if (end) CHECK(base::format_utc(*end) == base::format_utc(at(row.end)));
  }
}

TEST_CASE("flapping is weighted change of 21 results, begins above 30 % and ends below 15 %") {
  std::vector<bool> results(21, false);
  CHECK(policy::weighted_change(results) == 0);
  results[20] = true;
  CHECK(policy::weighted_change(results) == doctest::Approx(1.25 * 5));
  results.assign(21, true);
  results[0] = false;
  CHECK(policy::weighted_change(results) == doctest::Approx(0.75 * 5));
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = i % 2 == 0;
  CHECK(policy::weighted_change(results) == doctest::Approx(100));

  const config::Limits limits;  // 30 min: slots of 85.7 s.
  const auto spans = [](int count, base::Millis apart, base::Millis last_ago) {
    std::vector<policy::RedSpan> made;
    for (int i = count - 1; i >= 0; --i)
      made.push_back({kNow - last_ago - apart * i, kNow - last_ago - apart * i + 5s});
    return made;
  };
  CHECK_FALSE(policy::flap_of({}, limits, kNow).flapping);
  CHECK_FALSE(policy::flap_of(spans(2, 8min, 1min), limits, kNow).flapping);  // 4 changes.
  auto now_red = spans(2, 4min, 4min);
  now_red.push_back({kNow - 1s, {}});
  CHECK_FALSE(policy::flap_of(now_red, limits, kNow).flapping);  // The third trouble: 5 changes.
  now_red = spans(3, 4min, 4min);
  now_red.push_back({kNow - 1s, {}});
  CHECK(policy::flap_of(now_red, limits, kNow).flapping);  // 7 changes.
  CHECK(policy::flap_of(now_red, limits, kNow).percent > 30);
  now_red.back().to = kNow;
  CHECK(policy::flap_of(now_red, limits, kNow + 14min).flapping);  // 4 changes are 15 % and more.
  CHECK_FALSE(policy::flap_of(now_red, limits, kNow + 31min).flapping);
  CHECK_FALSE(policy::flap_of({{kNow - 3h, {}}}, limits, kNow).flapping);  // Sick without end.
}

TEST_CASE("flapping agrees with a look at every window by itself") {
  config::Limits limits;
  limits.flap_window = 21min;  // Slots of a minute.
  base::SeededRandom random(7);
  const auto start = base::wall_from_ms(base::to_ms(kNow) / 60'000 * 60'000);
  int flapping = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<policy::RedSpan> spans;
    std::vector<bool> red(20 + 200, false);  // The first 20 are before all.
    for (std::size_t minute = 0; minute < 200;) {
      const auto length = 1 + random.next() % 6;
      for (auto at = minute; at < std::min<std::size_t>(minute + length, 200); ++at)
        red[20 + at] = true;
      const auto begin = start + std::chrono::minutes(minute);
      spans.push_back({begin, begin + std::chrono::minutes(length) - 1ms});
      minute += length + random.next() % (2 + static_cast<std::size_t>(round) / 10);
    }
    if (spans.size() > 1) std::swap(spans.front(), spans.back());
    bool state = false;
    int percent = 0;
    for (std::size_t end = 21; end <= red.size(); ++end) {
      const double change =
          policy::weighted_change({red.begin() + static_cast<std::ptrdiff_t>(end - 21),
                                   red.begin() + static_cast<std::ptrdiff_t>(end)});
      if (change > 30) state = true;
      if (change < 15) state = false;
      percent = static_cast<int>(change + 1e-9);
    }
    const auto flap = policy::flap_of(spans, limits, start + 199min);
    CHECK(flap.flapping == state);
    CHECK(flap.percent == percent);
    flapping += flap.flapping ? 1 : 0;
  }
  CHECK(flapping > 50);
  CHECK(flapping < 250);
}
