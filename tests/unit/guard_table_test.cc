// The whole decision table: every combination of what each guard lets pass or vetoes, in every
// mode, with every state of approval, against a reference that knows only the table of the
// document.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace {

using namespace incident;
using namespace std::chrono_literals;
using config::Mode;
using policy::Answer;

const base::WallTime kNow = base::wall_from_ms(1795182756000);

// All of it passes; each rank below has fields of its own.
struct Case {
  Incident incident;
  policy::Facts facts;
  config::Limits limits;

  Case() {
    MenuEntry entry;
    entry.service = "policy";
    entry.container = std::string(64, 'a');
    incident.plan = PlanMade{"p1", 1, kNow + 5min, {entry}};
    incident.signal.kind = SignalKind::probe_timeout;
    incident.diagnosis.emplace();
    incident.diagnosis->confidence = 0.97;
    incident.signal.confirmed_by = {"engine state"};
    facts.now.wall = kNow;
    facts.services = facts.containers = 10;
    facts.leased_until = kNow + 10s;
    facts.service_actions = facts.all_actions = {kNow - 50min};
    limits.cooldown = 0s;
    limits.spacing = 0s;
  }
};

// How one guard is made to veto, in up to three ways; way -1 makes it pass.
struct Rank {
  std::array<const char*, 3> guards;  // Which name speaks, by way.
  std::array<Answer, 3> answers;
  void (*set)(Case&, int way);
};

constexpr auto kRefuse = Answer::refuse, kWait = Answer::wait, kReplan = Answer::replan;

// In the order of the document; mode and approval have their places in kModeRank, kApprovalRank.
const Rank kRanks[] = {
    {{"stop", "stop", "stop"},
     {kWait, kWait, kWait},
     [](Case& c, int way) { c.facts.stopped = way >= 0; }},
    {{"hold", "hold", "hold"},
     {kWait, kWait, kWait},
     [](Case& c, int way) { c.incident.held_by = way >= 0 ? "ada" : ""; }},
    {{"self_exclusion", "protected", "self_exclusion"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.facts.excluded = way == 0 || way == 2;
       c.facts.is_protected = way >= 1;
     }},
    {{"selector", "selector", "selector"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       const std::array<std::string, 3> bad = {"", "policy-1", std::string(63, 'a')};
       c.incident.plan->menu[0].container =
           way >= 0 ? bad[static_cast<std::size_t>(way)] : std::string(64, 'a');
     }},
    {{"freshness", "freshness", "freshness"},
     {kReplan, kWait, kReplan},
     [](Case& c, int way) {
       c.incident.plan->expires = way == 0 || way == 2 ? kNow - 1ms : kNow + 5min;
       c.facts.symptom_at = way >= 1 ? kNow - 61s : kNow;
     }},
    {{"confidence", "second_signal", "confidence"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.incident.diagnosis->confidence = way == 0 || way == 2 ? 0.5 : 0.97;
       c.incident.signal.confirmed_by.assign(way >= 1 ? 0 : 1, "engine state");
     }},
    {{"maintenance", "maintenance", "maintenance"},
     {kWait, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.facts.maintenance = way >= 0 ? "every day" : "";
       c.facts.thaws.reset();
       if (way == 0) c.facts.thaws = kNow + 2h;
     }},
    {{"saturation", "dependency", "saturation"},
     {kRefuse, kWait, kRefuse},
     [](Case& c, int way) {
       c.facts.host_cpu_percent = way == 0 ? 91 : 10;
       c.facts.host_memory_percent = way == 2 ? 96 : 10;
       c.facts.sick_dependency = way >= 1 ? "user" : "";
     }},
    {{"deploy_freeze", "deploy_freeze", "deploy_freeze"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) { c.facts.deployed = way >= 0 ? kNow - 1min * way : kNow - 1h; }},
    {{"flapping", "flapping", "flapping"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.facts.flap.flapping = way == 0 || way == 2;
       c.facts.own_restarts = way >= 1 ? 4 : 3;
     }},
    {{"no_progress", "no_progress", "no_progress"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) { c.facts.fruitless = way >= 0 ? 2 + way : 1; }},
    {{"cooldown", "cooldown", "cooldown"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       // The second one counts for scaling that a person asked for.
       c.limits.cooldown = c.limits.scale_cooldown = way >= 0 ? 51min : 50min;
     }},
    {{"service_budget", "service_budget", "service_budget"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.limits.service_actions_per_hour = way == 0 || way == 2 ? 1 : 2;
       c.limits.service_actions_per_day = way >= 1 ? 1 : 2;
     }},
    {{"pull_requests", "pull_requests", "pull_requests"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.facts.open_pull_requests = way == 0 || way == 2 ? 1 : 0;
       c.facts.pull_requests_today = way >= 1 ? 3 : 2;
     }},
    {{"global_budget", "global_budget", "global_budget"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.limits.global_actions_per_hour = way == 0 || way == 2 ? 1 : 2;
       c.limits.global_actions_per_day = way >= 1 ? 1 : 2;
     }},
    {{"blast_radius", "last_healthy", "blast_radius"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) {
       c.facts.touched = way == 0 || way == 2 ? 1 : 0;
       c.facts.target_is_healthy = way == 1;
       c.facts.healthy_replicas = way == 1 ? 1 : 0;
     }},
    {{"mass_failure", "mass_failure", "mass_failure"},
     {kRefuse, kRefuse, kRefuse},
     [](Case& c, int way) { c.facts.red_services = way >= 0 ? 4 + 3 * way : 3; }},
    {{"one_at_a_time", "spacing", "one_at_a_time"},
     {kWait, kWait, kWait},
     [](Case& c, int way) {
       c.facts.another_in_flight = way == 0 || way == 2;
       c.limits.spacing = way >= 1 ? 51min : 50min;
     }},
    {{"lease", "lease", "lease"},
     {kWait, kWait, kWait},
     [](Case& c, int way) {
       c.facts.leased_until = kNow + (way >= 1 ? 1s : 10s);
       if (way == 0) c.facts.leased_until.reset();
     }},
};
constexpr int kCount = static_cast<int>(std::size(kRanks));
constexpr unsigned kMaintenance = 6;
constexpr double kModeRank = 1.5;       // After hold.
constexpr double kApprovalRank = 16.5;  // After the brake.

struct Setting {
  Mode mode = Mode::automatic;
  int approvals = 0;
  Action action = Action::restart;
  bool is_asked = false;  // By "ada", who does not approve besides.
  bool two_persons = false;
  int way = 0;
};

void apply(const Setting& setting, Case& one) {
  one.facts.mode = setting.mode;
  one.facts.second_approval = setting.two_persons;
  one.incident.plan->menu[0].action = setting.action;
  one.incident.plan->asked_by = setting.is_asked ? "ada" : "";
  one.incident.approvals.clear();
  if (setting.is_asked) one.incident.approvals.push_back({"p1", "ada"});
  for (int i = 0; i < setting.approvals; ++i)
    one.incident.approvals.push_back({"p1", i == 0 ? "bob" : "eve"});
}

struct Expected {
  double rank;
  std::string_view guard;
  Answer answer;
};

// Whether the guard has anything to say of this action, and of a plan that a person asked for.
bool concerns(std::string_view guard, Answer answer, const Setting& setting) {
  static constexpr std::string_view kEvidence[] = {"confidence", "second_signal", "no_progress",
                                                   "last_healthy"};
  static constexpr std::string_view kOfContainers[] = {
      "selector", "flapping", "cooldown", "service_budget", "blast_radius", "last_healthy"};
  const auto in = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), guard) != std::end(list);
  };
  if (setting.is_asked && (in(kEvidence) || (guard == "freshness" && answer == Answer::wait)))
    return false;
  if (setting.action == Action::pull_request && in(kOfContainers)) return false;
  if (setting.action != Action::pull_request && guard == "pull_requests") return false;
  if (setting.action != Action::restart && (guard == "saturation" || guard == "dependency"))
    return false;
  if (guard == "last_healthy" && setting.action == Action::scale_up) return false;
  return guard != "deploy_freeze" ||
         (setting.action != Action::rollback && setting.action != Action::pull_request);
}

// By the document: all that veto, and the first of them. `all` is room to work in.
Expected expected(unsigned vetoes, const Setting& setting, std::vector<Expected>& all) {
  all.assign(1, {99, "", Answer::allow});
  // What waits for the end of a window may grow old meanwhile, unless nobody would renew it.
  const bool thaws = (vetoes >> kMaintenance & 1U) != 0 && setting.way == 0 && !setting.is_asked;
  for (int i = 0; i < kCount; ++i) {
    if ((vetoes >> static_cast<unsigned>(i) & 1U) == 0) continue;
    const auto way = static_cast<std::size_t>(setting.way);
    Expected one{static_cast<double>(i), kRanks[i].guards[way], kRanks[i].answers[way]};
    if (!concerns(one.guard, one.answer, setting)) continue;
    if (thaws && one.guard == "freshness") continue;
    if (setting.is_asked && one.answer == Answer::replan) one.answer = Answer::refuse;
    if (setting.is_asked && one.guard == "maintenance") one.answer = Answer::refuse;
    all.push_back(one);
  }
  if (setting.mode == Mode::observe || setting.mode == Mode::dry_run)
    all.push_back({kModeRank, "mode", Answer::refuse});
  const bool tier_two =
      setting.action == Action::rollback || setting.action == Action::pull_request;
  const bool by_two = tier_two && setting.two_persons;
  const int persons = setting.approvals + (setting.is_asked && !by_two ? 1 : 0);
  const bool alone = setting.mode == Mode::automatic && !tier_two;
  if (!alone && persons < (by_two ? 2 : 1)) all.push_back({kApprovalRank, "approval", Answer::ask});
  return *std::min_element(all.begin(), all.end(),
                           [](const auto& a, const auto& b) { return a.rank < b.rank; });
}

// Every combination of the ranks whose bit is not in `fixed`, each but one bit from the last one.
struct Tally {
  long combinations = 0, wrong = 0;
  std::string first;
};
void sweep(const Setting& setting, int skipped, Tally& tally) {
  Case one;
  apply(setting, one);
  for (const auto& rank : kRanks) rank.set(one, -1);
  unsigned vetoes = 0;
  std::vector<Expected> room;
  const unsigned count = 1U << static_cast<unsigned>(kCount - skipped);
  for (unsigned step = 0; step < count; ++step) {
    const unsigned next = (step ^ (step >> 1U)) << static_cast<unsigned>(skipped);
    for (int i = 0; i < kCount; ++i) {
      if (((vetoes ^ next) >> static_cast<unsigned>(i) & 1U) == 0) continue;
      kRanks[i].set(one, (next >> static_cast<unsigned>(i) & 1U) != 0 ? setting.way : -1);
    }
    vetoes = next;
    const auto verdict = policy::judge(one.incident, one.facts, one.limits);
    const auto wanted = expected(vetoes, setting, room);
    ++tally.combinations;
    if (verdict.answer == wanted.answer && verdict.guard == wanted.guard &&
        verdict.values.empty() == (wanted.answer == Answer::allow))
      continue;
    if (tally.wrong++ == 0) {
      tally.first = "vetoes " + std::to_string(vetoes) + ", way " + std::to_string(setting.way) +
                    ", " + std::string(to_string(setting.action)) + ", mode " +
                    std::string(config::to_string(setting.mode)) + ": said \"" + verdict.guard +
                    "\", wanted \"" + std::string(wanted.guard) + "\"";
    }
  }
}

constexpr Mode kModes[] = {Mode::observe, Mode::dry_run, Mode::approve, Mode::automatic};

}  // namespace

TEST_CASE("all guards, all modes, all approvals") {
  Tally tally;
  for (const auto mode : kModes) {
    for (int approvals = 0; approvals <= 2; ++approvals) sweep({mode, approvals}, 0, tally);
  }
  std::cout << tally.combinations << " combinations\n";
  CHECK_MESSAGE(tally.wrong == 0, tally.first);
}

// The first three look at neither action nor asker nor at each other; they stay as they pass.
TEST_CASE("the same for each kind of action, who asked, two persons, and each way to veto") {
  Tally tally;
  for (const auto action :
       {Action::restart, Action::scale_up, Action::rollback, Action::pull_request}) {
    for (const bool asked : {false, true}) {
      for (int way = 0; way < 3; ++way) {
        const bool two_persons = way == 1;
        for (const auto mode : {Mode::approve, Mode::automatic}) {
          for (int approvals = 0; approvals <= 2; ++approvals)
            sweep({mode, approvals, action, asked, two_persons, way}, 3, tally);
        }
      }
    }
  }
  std::cout << tally.combinations << " combinations\n";
  CHECK_MESSAGE(tally.wrong == 0, tally.first);
}
