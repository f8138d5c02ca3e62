// Tests of the state chart: every pair of state and event, the fold, and what is due.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/id.h"
#include "base/json.h"
#include "incident/asked.h"
#include "incident/event_codec.h"
#include "incident/incident.h"
#include "tests/support/print.h"
#include "tests/support/samples.h"

using namespace incident;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPlan = "a1b2c3d4";  // As in the samples, whose operation is "op1".

const std::vector<State>& states() {
  static const std::vector<State> kAll = {
      State::open,      State::diagnosing,   State::planned,    State::awaiting_approval,
      State::acting,    State::verifying,    State::resolved,   State::closed,
      State::escalated, State::inconclusive, State::stood_down, State::self_healed,
      State::joined};
  return kAll;
}

Event at(std::int64_t ms, Payload what, IncidentId incident = 1) {
  return {"E" + std::to_string(ms),  incident,       Role::scout, base::wall_from_ms(ms),
          base::instant_from_ms(ms), std::move(what)};
}

// One of each kind; the plan is one that the rules made, of one step.
std::vector<Payload> events() {
  auto all = samples::all();
  for (auto& what : all) {
    auto* plan = std::get_if<PlanMade>(&what);
    if (plan == nullptr) continue;
    plan->asked_by.clear();
    for (auto& entry : plan->menu) {
      entry.more = false;
      entry.on_failure.clear();
    }
  }
  return all;
}

template <class T>
T sample() {
  for (const auto& what : events()) {
    if (const auto* found = std::get_if<T>(&what)) return *found;
  }
  base::fail_ensure("no sample of this kind");
}

Incident fold(const std::vector<Payload>& payloads) {
  std::int64_t ms = 1000;
  Incident incident = open(at(ms, payloads.at(0))).incident;
  for (std::size_t i = 1; i < payloads.size(); ++i)
    incident = advance(incident, at(ms += 10, payloads[i])).incident;
  return incident;
}

DiagnosisMade nothing_wrong() {
  auto made = sample<DiagnosisMade>();
  made.failure = FailureClass::nothing_wrong;
  return made;
}
PlanMade noop_plan() {
  auto plan = sample<PlanMade>();
  plan.menu = {samples::menu_entry(Action::noop)};
  return plan;
}
PlanRefused refused_for_good() {
  auto refused = sample<PlanRefused>();
  refused.retry = false;
  return refused;
}

// The shortest road to each state.
std::vector<Payload> road_to(State state) {
  const std::vector<Payload> opened = {sample<IncidentOpened>()};
  const auto then = [](std::vector<Payload> road, std::initializer_list<Payload> more) {
    road.insert(road.end(), more.begin(), more.end());
    return road;
  };
  const auto diagnosed = then(opened, {sample<EvidenceCollected>(), sample<DiagnosisMade>()});
  const auto planned = then(diagnosed, {sample<PlanMade>()});
  const auto acting = then(planned, {sample<ActionIntended>()});
  const auto verifying = then(acting, {sample<ActionDone>(), sample<VerificationAsked>()});
  switch (state) {
    case State::open:
      return opened;
    case State::diagnosing:
      return diagnosed;
    case State::planned:
      return planned;
    case State::awaiting_approval:
      return then(planned, {sample<ApprovalAsked>()});
    case State::acting:
      return acting;
    case State::verifying:
      return verifying;
    case State::resolved:
      return then(verifying, {sample<VerificationPassed>()});
    case State::closed:
      return then(verifying, {sample<VerificationPassed>(), sample<IncidentClosed>()});
    case State::escalated:
      return then(planned, {sample<Escalated>()});
    case State::inconclusive:
      return then(opened, {nothing_wrong()});
    case State::stood_down:
      return then(opened, {sample<StoodDown>()});
    case State::self_healed:
      return then(opened, {sample<SelfHealed>()});
    case State::joined:
      return then(opened, {sample<IncidentJoined>()});
  }
  base::fail_ensure("no road to this state");
}

// What the state rests on, as text: what `changed` speaks of.
std::string basis(const Incident& incident) {
  const auto whole = to_json(incident);
  nlohmann::json part;
  for (const char* key : {"state", "diagnosis", "plan", "refused", "asked", "approval", "attempts",
                          "verification", "passed", "failed", "escalation", "root", "ending"}) {
    part[key] = whole.at(key);
  }
  return base::dump_json(part);
}

std::vector<Command> sorted(std::vector<Command> commands) {
  std::sort(commands.begin(), commands.end());
  return commands;
}

}  // namespace

TEST_CASE("chart: the road to each state leads there") {
  for (const State state : states()) CHECK(fold(road_to(state)).state == state);
}

TEST_CASE("chart: the legal transitions, and no others") {
  const std::map<std::string, State> sides = {{"incident.joined", State::joined},
                                              {"incident.stood_down", State::stood_down},
                                              {"incident.self_healed", State::self_healed},
                                              {"escalated", State::escalated}};
  const auto with_sides = [&](std::map<std::string, State> own) {
    return own.insert(sides.begin(), sides.end()), own;
  };
  const std::map<std::string, State> ends = {{"incident.closed", State::closed}};
  const std::map<std::string, State> judged = {
      {"approval.asked", State::awaiting_approval},
      {"approval.given", State::planned},
      {"plan.made", State::planned},
      {"plan.refused", State::diagnosing},  // The sample may be retried.
      {"action.intended", State::acting},
      {"verification.asked", State::verifying}};
  const std::map<State, std::map<std::string, State>> legal = {
      {State::open, with_sides({{"evidence.collected", State::diagnosing},
                                {"diagnosis.made", State::diagnosing},
                                {"plan.made", State::planned}})},
      {State::diagnosing, with_sides({{"plan.made", State::planned}})},
      {State::planned, with_sides(judged)},
      {State::awaiting_approval, with_sides(judged)},
      {State::acting, with_sides({{"verification.asked", State::verifying}})},
      {State::verifying, with_sides({{"verification.passed", State::resolved}})},
      {State::resolved, ends},
      {State::inconclusive, ends},
      {State::stood_down, ends},
      {State::self_healed, ends},
      {State::joined, ends},
      {State::escalated,
       {{"incident.closed", State::closed},
        {"incident.joined", State::joined},
        {"incident.stood_down", State::stood_down},
        {"incident.self_healed", State::self_healed}}},
      {State::closed, {{"incident.reopened", State::diagnosing}}},
  };
  REQUIRE(legal.size() == states().size());
  for (const State state : states()) {
    const Incident was = fold(road_to(state));
    for (const auto& what : events()) {
      const Step step = advance(was, at(5000, what));
      const auto& row = legal.at(state);
      const auto next = row.find(std::string(name_of(what)));
      CAPTURE(state);
      CAPTURE(name_of(what));
      CHECK(step.incident.state == (next == row.end() ? state : next->second));
    }
  }
}

TEST_CASE("chart: every state answers every event, with a reason and honest commands") {
  for (const State state : states()) {
    const Incident was = fold(road_to(state));
    const auto before = due(was);
    for (const auto& what : events()) {
      CAPTURE(state);
      CAPTURE(name_of(what));
      const Step step = advance(was, at(5000, what));
      CHECK_FALSE(step.reason.empty());
      CHECK(step.incident.id == was.id);
      if (basis(step.incident) != basis(was)) CHECK(step.changed);  // Exactly: see the fold.
      std::vector<Command> fresh;
      for (const Command command : due(step.incident)) {
        if (std::find(before.begin(), before.end(), command) == before.end())
          fresh.push_back(command);
      }
      CHECK(step.commands == fresh);
      for (const auto& [phase, moment] : was.reached) {
        CHECK(base::to_ms(step.incident.reached.at(phase).at) ==
              base::to_ms(moment.at));  // First means first.
      }
    }
  }
}

TEST_CASE("chart: a hold lasts until it is taken back, and changes no state") {
  for (const auto state :
       {State::planned, State::awaiting_approval, State::acting, State::escalated}) {
    CAPTURE(to_string(state));
    const Incident was = fold(road_to(state));
    const auto held = advance(was, at(5000, OperatorCommanded{"/hold it looks odd", "ada"}));
    CHECK(held.incident.held_by == "ada");
    CHECK(held.incident.state == state);
    CHECK(held.changed);  // So that nobody acts on what they knew before.
    CHECK(held.commands.empty());
    CHECK_FALSE(advance(held.incident, at(5001, OperatorCommanded{"/hold", "ada"})).changed);
    CHECK_FALSE(advance(held.incident, at(5002, OperatorCommanded{"/why", "bob"})).changed);
    const OperatorCommanded no{"/resume", "eve", "it needs maintain"};
    CHECK(advance(held.incident, at(5003, no)).incident.held_by == "ada");
    const auto resumed = advance(held.incident, at(5004, OperatorCommanded{"/resume", "bob"}));
    CHECK(resumed.incident.held_by.empty());
    CHECK(resumed.changed);
  }
  const Incident was = fold(road_to(State::planned));
  CHECK(advance(was, at(1, OperatorCommanded{"/hold", "eve", "no"})).incident.held_by.empty());
  CHECK(advance(was, at(1, OperatorCommanded{"/holding", "eve"})).incident.held_by.empty());
}

namespace {

PlanMade asked_plan(const std::string& service = "policy-service",
                    Action action = Action::restart) {
  PlanMade plan = sample<PlanMade>();
  plan.hash = "feedbeef";
  plan.asked_by = "ada";
  plan.menu = {samples::menu_entry(action)};
  plan.menu[0].service = service;
  return plan;
}

}  // namespace

TEST_CASE("chart: /restart waits for its plan, which it approves, once, from everywhere but work") {
  const OperatorCommanded wish{"/restart policy-service", "ada"};
  for (const State state : {State::open, State::diagnosing, State::planned,
                            State::awaiting_approval, State::escalated}) {
    CAPTURE(to_string(state));
    const Incident was = fold(road_to(state));
    CHECK_FALSE(advance(was, at(5000, asked_plan())).changed);  // Nobody asked.
    const Step asked = advance(was, at(5001, wish));
    CHECK(asked.changed);
    CHECK(asked.incident.state == state);
    REQUIRE(asked.incident.action_asked);
    CHECK(asked.incident.action_asked->service == "policy-service");
    const bool is_planning = state == State::open || state == State::diagnosing;
    CHECK(is_due(asked.incident, Command::plan_asked) == !is_planning);
    CHECK_FALSE(advance(asked.incident, at(5002, asked_plan("user-service"))).changed);
    auto of_another = asked_plan();
    of_another.asked_by = "eve";
    CHECK_FALSE(advance(asked.incident, at(5003, of_another)).changed);
    const Step planned = advance(asked.incident, at(5004, asked_plan()));
    CHECK(planned.incident.state == State::planned);
    REQUIRE(planned.incident.approval);
    CHECK(planned.incident.approval->plan == "feedbeef");
    CHECK(planned.incident.approval->by == "ada");
    CHECK_FALSE(planned.incident.action_asked);
    CHECK_FALSE(planned.incident.escalation);
    CHECK_FALSE(advance(planned.incident, at(5005, asked_plan())).changed);  // Used up.
    const auto handed_back = asked_plan("policy-service", Action::escalate);
    CHECK(advance(asked.incident, at(5006, handed_back)).changed);
  }
  for (const State state : {State::acting, State::verifying, State::resolved, State::closed,
                            State::stood_down, State::self_healed, State::joined}) {
    CAPTURE(to_string(state));
    CHECK_FALSE(advance(fold(road_to(state)), at(5000, wish)).incident.action_asked);
  }
  const Incident escalated = fold(road_to(State::escalated));
  CHECK_FALSE(advance(escalated, at(1, sample<PlanMade>())).changed);  // No plan of the rules.
  const OperatorCommanded no{"/restart policy-service", "eve", "it takes maintain"};
  CHECK_FALSE(advance(escalated, at(1, no)).changed);
  const Incident asked = advance(fold(road_to(State::planned)), at(1, wish)).incident;
  CHECK_FALSE(advance(asked, at(2, sample<ActionIntended>())).incident.action_asked);
}

TEST_CASE("chart: /dry-run holds and asks, /resume ends it; /escalate asks until it is answered") {
  const Incident was = fold(road_to(State::planned));
  const Incident dry = advance(was, at(5000, OperatorCommanded{"/dry-run", "ada"})).incident;
  CHECK(dry.held_by == "ada");
  CHECK(dry.dry_run);
  CHECK(dry.preview_asked_by == "ada");
  CHECK(dry.state == State::planned);
  const Incident judged = advance(dry, at(5001, sample<PlanJudged>())).incident;
  CHECK(judged.preview_asked_by.empty());
  CHECK(judged.held_by == "ada");
  const Incident on = advance(judged, at(5002, OperatorCommanded{"/resume", "bob"})).incident;
  CHECK(on.held_by.empty());
  CHECK_FALSE(on.dry_run);
  const Incident held = advance(was, at(5003, OperatorCommanded{"/hold", "bob"})).incident;
  CHECK(advance(held, at(5004, OperatorCommanded{"/dry-run", "ada"})).incident.held_by == "bob");

  for (const State state : {State::open, State::planned, State::acting, State::verifying}) {
    CAPTURE(to_string(state));
    const Step said =
        advance(fold(road_to(state)), at(5000, OperatorCommanded{"/escalate", "ada"}));
    CHECK(said.incident.state == state);
    CHECK(said.incident.escalation_asked_by == "ada");
    const Incident gone = advance(said.incident, at(5001, sample<Escalated>())).incident;
    CHECK(gone.state == State::escalated);
    CHECK(gone.escalation_asked_by.empty());
  }
  CHECK(advance(fold(road_to(State::escalated)), at(1, OperatorCommanded{"/escalate", "ada"}))
            .incident.escalation_asked_by.empty());
}

TEST_CASE("chart: what the content of an event decides") {
  const auto after = [](State from, Payload what) {
    return advance(fold(road_to(from)), at(5000, std::move(what)));
  };
  const auto renamed = [](auto payload, const char* op) { return payload.op = op, payload; };

  CHECK(after(State::open, nothing_wrong()).incident.state == State::inconclusive);
  CHECK(after(State::planned, refused_for_good()).incident.state == State::planned);
  CHECK(after(State::planned, refused_for_good()).changed);
  CHECK(after(State::awaiting_approval, refused_for_good()).incident.state ==
        State::awaiting_approval);

  CHECK(after(State::awaiting_approval, ApprovalGiven{"another", "eve"}).incident.state ==
        State::awaiting_approval);
  CHECK_FALSE(after(State::awaiting_approval, ApprovalGiven{"another", "eve"})
                  .incident.approval.has_value());
  CHECK_FALSE(after(State::awaiting_approval, ApprovalGiven{"another", "eve"}).changed);
  CHECK_FALSE(after(State::escalated, ApprovalGiven{kPlan, "ada"}).changed);  // Too late.

  CHECK(after(State::acting, ActionDone{"op1", "later"}).incident.attempts.at(0).state ==
        OperationState::done);
  CHECK(after(State::acting, sample<ActionFailed>()).incident.attempts.at(0).state ==
        OperationState::failed);
  CHECK(after(State::acting, sample<ActionUnknown>()).incident.attempts.at(0).state ==
        OperationState::unknown);
  CHECK(after(State::acting, renamed(sample<OpHeld>(), "op1")).incident.attempts.at(0).state ==
        OperationState::held);
  CHECK_FALSE(after(State::acting, renamed(sample<ActionDone>(), "op9")).changed);  // Not ours.
  CHECK_FALSE(after(State::acting, renamed(sample<ActionFailed>(), "op9")).changed);
  CHECK_FALSE(after(State::acting, renamed(sample<ActionUnknown>(), "op9")).changed);
  CHECK_FALSE(after(State::acting, renamed(sample<OpHeld>(), "op9")).changed);

  CHECK(after(State::verifying, sample<VerificationFailed>()).incident.state == State::verifying);
  CHECK(after(State::verifying, sample<VerificationFailed>()).changed);
}

TEST_CASE("chart: an unknown outcome is settled by the later one") {
  auto road = road_to(State::acting);
  road.push_back(sample<ActionUnknown>());
  CHECK(fold(road).attempts.at(0).state == OperationState::unknown);
  road.push_back(sample<ActionDone>());
  CHECK(fold(road).attempts.at(0).state == OperationState::done);
  CHECK(fold(road).attempts.at(0).error.empty());
}

TEST_CASE("chart: only what is proven not to have happened is tried again") {
  const auto again = [](const std::vector<Payload>& outcome) {
    auto road = road_to(State::acting);
    road.insert(road.end(), outcome.begin(), outcome.end());
    auto second = sample<ActionIntended>();
    second.op = "op2";
    return advance(fold(road), at(5000, second));
  };
  CHECK(again({sample<ActionFailed>()}).changed);
  CHECK(again({sample<ActionFailed>()}).incident.attempts.size() == 2);
  CHECK(again({sample<ActionFailed>()}).incident.attempts.back().state == OperationState::intent);
  const std::vector<std::vector<Payload>> open_outcomes = {
      {}, {sample<ActionUnknown>()}, {sample<ActionDone>()}, {OpHeld{"op1", "a person"}}};
  for (const auto& outcome : open_outcomes) {
    CHECK_FALSE(again(outcome).changed);
    CHECK(again(outcome).incident.attempts.size() == 1);
  }
}

TEST_CASE("chart: a new plan forgets the refusal and the approval of the old one") {
  auto road = road_to(State::awaiting_approval);
  road.push_back(sample<ApprovalGiven>());
  CHECK(fold(road).approval.has_value());
  road.push_back(refused_for_good());
  road.push_back(sample<PlanMade>());
  const Incident incident = fold(road);
  CHECK(incident.state == State::planned);
  CHECK_FALSE(incident.approval.has_value());
  CHECK_FALSE(incident.asked.has_value());
  CHECK_FALSE(incident.refused.has_value());
}

TEST_CASE("chart: doing nothing is proven too, and a failed proof of it says nothing of the next") {
  auto road = road_to(State::diagnosing);
  road.push_back(noop_plan());
  road.push_back(sample<VerificationAsked>());
  CHECK(fold(road).state == State::verifying);
  auto healed = road;
  healed.push_back(sample<VerificationPassed>());
  CHECK(fold(healed).state == State::self_healed);
  CHECK_FALSE(fold(healed).ending.empty());
  road.push_back(VerificationTried{"", 1, true, 3, ""});
  road.push_back(sample<VerificationFailed>());
  CHECK(fold(road).state == State::diagnosing);
  road.push_back(noop_plan());
  road.push_back(sample<VerificationAsked>());
  CHECK(due(fold(road)) == std::vector{Command::verify});
  CHECK_FALSE(fold(road).failed.has_value());
  CHECK_FALSE(fold(road).first_good.has_value());
}

TEST_CASE("chart: a runbook goes on after a proven step, and to another after a failed one") {
  auto plan = sample<PlanMade>();
  plan.menu.front().more = true;
  plan.menu.front().on_failure = "ask-a-person";
  const auto diagnosed = road_to(State::diagnosing);
  const auto with = [&](std::vector<Payload> road, std::initializer_list<Payload> more) {
    road.insert(road.end(), more.begin(), more.end());
    return road;
  };
  const auto verifying = with(diagnosed, {plan, sample<ActionIntended>(), sample<ActionDone>(),
                                          sample<VerificationAsked>()});
  const auto proven = with(verifying, {sample<VerificationPassed>()});
  CHECK(fold(proven).state == State::diagnosing);
  CHECK_FALSE(fold(proven).reached.contains("resolved"));
  const auto failed = with(verifying, {sample<VerificationFailed>()});
  CHECK(fold(failed).state == State::diagnosing);
  REQUIRE(fold(failed).failed.has_value());

  // The last step, and one that nothing follows, end as ever.
  auto last = sample<PlanMade>();
  last.hash = "00000002";
  auto intended = sample<ActionIntended>();
  intended.plan = last.hash;
  intended.op = "op2";
  const auto again = with(proven, {last, intended, ActionDone{"op2", "t3", false},
                                   VerificationAsked{"op2", "policy-service", {}, 1s}});
  CHECK_FALSE(fold(again).passed.has_value());
  CHECK(fold(with(again, {VerificationPassed{"op2", 10, 3, ""}})).state == State::resolved);
  const auto lost = fold(with(again, {VerificationFailed{"op2", "no"}}));
  CHECK(lost.state == State::verifying);
  CHECK(due(lost) == std::vector{Command::decide});
}

TEST_CASE("chart: a change is taken back before something else is tried") {
  auto plan = sample<PlanMade>();
  plan.menu.front().on_failure = "ask-a-person";
  auto change = sample<ActionIntended>();
  change.plan = plan.hash;
  change.undoes.clear();
  const auto with = [](std::vector<Payload> road, std::initializer_list<Payload> more) {
    road.insert(road.end(), more.begin(), more.end());
    return road;
  };
  const auto acting = with(road_to(State::diagnosing), {plan, change});
  const auto verifying = with(acting, {sample<ActionDone>(), sample<VerificationAsked>()});
  SUBCASE("not proven: the other runbook waits for the undo") {
    const auto failed = with(verifying, {sample<VerificationFailed>()});
    CHECK(fold(failed).state == State::verifying);
    CHECK(due(fold(failed)) == std::vector{Command::decide});
    auto undo = change;
    undo.op = "undo";
    undo.undoes = change.op;
    const auto undoing = with(failed, {undo});
    CHECK(fold(undoing).state == State::acting);
    const auto undone = fold(with(undoing, {ActionDone{"undo", "t3"}, UndoDone{change.op}}));
    CHECK(undone.state == State::diagnosing);
    CHECK(is_disproven(undone));
    CHECK(last_undoable(undone) == nullptr);
  }
  SUBCASE("not made: it follows at once") {
    const auto failed = fold(with(acting, {ActionFailed{change.op, "conflict: no room"}}));
    CHECK(failed.state == State::diagnosing);
    CHECK(is_disproven(failed));
  }
  SUBCASE("a restart that was not made is tried again") {
    change.action = Action::restart;
    CHECK(fold(with(road_to(State::diagnosing), {plan, change, ActionFailed{change.op, "x"}}))
              .state == State::acting);
  }
  SUBCASE("nothing follows: a person decides after the undo") {
    plan.menu.front().on_failure.clear();
    const auto failed = fold(with(road_to(State::diagnosing),
                                  {plan, change, sample<ActionDone>(), sample<VerificationAsked>(),
                                   sample<VerificationFailed>()}));
    CHECK(failed.state == State::verifying);
  }
}

TEST_CASE("chart: what can be undone, by what is known of before") {
  Attempt attempt;
  attempt.state = OperationState::done;
  const auto can = [&](Action action, const std::string& snapshot) {
    attempt.intent.action = action;
    attempt.snapshot = snapshot;
    return can_be_undone(attempt);
  };
  for (const auto action : {Action::rollback, Action::pull_request}) {
    CHECK(can(action, "before"));
    CHECK_FALSE(can(action, ""));
  }
  for (const auto action : {Action::scale_up, Action::scale_down}) CHECK(can(action, ""));
  for (const auto action : {Action::restart, Action::revert_config, Action::clear_queue})
    CHECK_FALSE(can(action, "before"));
  attempt.intent.undoes = "op";
  CHECK_FALSE(can(Action::rollback, "before"));
  attempt.intent.undoes.clear();
  attempt.state = OperationState::failed;
  CHECK_FALSE(can(Action::rollback, "before"));
}

TEST_CASE("chart: a commit that is being reverted keeps the service to its incident") {
  auto plan = sample<PlanMade>();
  auto change = sample<ActionIntended>();
  change.plan = plan.hash;
  change.undoes.clear();
  for (const auto action : {Action::pull_request, Action::revert_config}) {
    change.action = action;
    auto road = road_to(State::diagnosing);
    road.push_back(plan);
    road.push_back(change);
    const auto open = fold(road);
    CHECK(waits_for_pull(open));
    CHECK(waits_aside(open) == (action == Action::pull_request));
    road.push_back(PrMerged{change.op, "beef"});
    CHECK_FALSE(waits_for_pull(fold(road)));
  }
}

TEST_CASE("chart: an incident in which nothing is sick is planned as it was asked for") {
  IncidentOpened opened = sample<IncidentOpened>();
  opened.signal.kind = SignalKind::asked;
  const auto incident = fold({opened});
  REQUIRE(incident.action_asked);
  CHECK(incident.action_asked->service == "policy-service");
  CHECK(incident.action_asked->count == 3);
  CHECK(incident.action_asked->by == "ada");
  CHECK(due(incident) == std::vector{Command::plan_asked});
  auto plan = sample<PlanMade>();
  plan.asked_by = "ada";
  plan.menu = {samples::menu_entry(Action::scale_up)};
  plan.menu.front().change = {"replicas", 2, 3};
  CHECK(fold({opened, plan}).state == State::planned);
  CHECK(fold({opened, plan}).approval.has_value());
  plan.menu.front().change.to = 4;  // Another number than the one asked for.
  CHECK(fold({opened, plan}).state == State::open);
}

TEST_CASE("chart: a reopened incident owes everything anew and keeps its record") {
  auto road = road_to(State::resolved);
  for (const Payload& what :
       {Payload(sample<VerificationTried>()), Payload(sample<IncidentResolved>()),
        Payload(sample<PostmortemWritten>()), Payload(sample<MemoryIndexed>()),
        Payload(sample<IncidentClosed>())}) {
    road.push_back(what);
  }
  CHECK(due(fold(road)).empty());
  road.push_back(sample<IncidentReopened>());
  const Incident again = fold(road);
  CHECK(again.state == State::diagnosing);
  CHECK(again.attempts.size() == 1);
  CHECK_FALSE(again.evidence.empty());
  CHECK_FALSE(again.plan.has_value());
  CHECK_FALSE(again.outcome.has_value());
  CHECK_FALSE(again.postmortem.has_value());
  CHECK_FALSE(again.indexed);

  auto healed = road;  // Its old attempt does not make a plan to do nothing an action.
  healed.push_back(noop_plan());
  healed.push_back(sample<VerificationAsked>());
  healed.push_back(sample<VerificationPassed>());
  CHECK(fold(healed).state == State::self_healed);

  road.push_back(sample<PlanMade>());
  road.push_back(sample<ActionIntended>());
  road.push_back(sample<ActionDone>());
  road.push_back(sample<VerificationAsked>());
  road.push_back(sample<VerificationPassed>());
  CHECK(sorted(due(fold(road))) == sorted({Command::record_outcome, Command::write_postmortem}));
}

TEST_CASE("chart: a plan that offers nothing is none") {
  auto plan = sample<PlanMade>();
  plan.menu.clear();
  for (const State state : {State::open, State::diagnosing, State::planned}) {
    CAPTURE(state);
    const Incident was = fold(road_to(state));
    const Step step = advance(was, at(5000, plan));
    CHECK_FALSE(step.changed);
    CHECK(step.incident.state == was.state);
    CHECK((!step.incident.plan || !step.incident.plan->menu.empty()));
  }
}

TEST_CASE("chart: facts of the record are noted in every state, even after the end") {
  for (const State state : states()) {
    CAPTURE(state);
    const Incident was = fold(road_to(state));
    const auto noted = [&](Payload what) {
      const Step step = advance(was, at(5000, std::move(what)));
      CHECK(step.incident.state ==
            (state == State::open && step.changed ? State::diagnosing : state));
      return step.incident;
    };
    CHECK(noted(sample<SignalAdded>()).signals == was.signals + 4);
    CHECK(noted(sample<IssueOpened>()).issue == 12);
    CHECK(noted(sample<MemoryRecalled>()).recalled.has_value());
    CHECK(noted(sample<IncidentResolved>()).outcome.has_value());
    CHECK(noted(sample<PostmortemWritten>()).postmortem == "what happened");
    CHECK(noted(sample<MemoryIndexed>()).indexed);
    CHECK(noted(sample<EvidenceCollected>()).evidence.size() == was.evidence.size() + 1);
  }
}

TEST_CASE("due: who must do what, state by state") {
  using enum Command;
  struct Row {
    State state;
    std::vector<Payload> then;
    std::vector<Command> expected;
  };
  const Payload outcome = sample<IncidentResolved>(), text = sample<PostmortemWritten>(),
                indexed = sample<MemoryIndexed>();
  const Payload diagnosis = sample<DiagnosisMade>();
  const Row rows[] = {
      {State::open, {}, {diagnose}},
      {State::diagnosing, {}, {diagnose}},
      {State::planned, {}, {decide}},
      {State::planned, {refused_for_good()}, {decide}},
      {State::planned, {OperatorCommanded{"/restart a", "ada"}}, {decide, plan_asked}},
      {State::awaiting_approval, {}, {decide}},
      {State::acting, {}, {act}},
      {State::acting, {sample<ActionDone>()}, {act}},
      {State::verifying, {}, {verify}},
      {State::verifying, {sample<VerificationFailed>()}, {decide}},
      {State::resolved, {}, {record_outcome, write_postmortem}},
      {State::resolved, {outcome}, {write_postmortem, index}},
      {State::resolved, {text}, {record_outcome, close_issue}},
      {State::resolved, {outcome, text}, {close_issue, index}},
      {State::resolved, {outcome, text, indexed}, {close_issue}},
      {State::closed, {}, {index}},
      {State::closed, {indexed}, {}},
      {State::escalated, {}, {call_person, index}},
      {State::escalated, {indexed}, {call_person}},
      {State::inconclusive, {}, {close_issue}},
      {State::stood_down, {}, {close_issue}},
      {State::self_healed, {}, {close_issue}},  // Never diagnosed: nothing to remember.
      {State::joined, {}, {close_issue}},
      {State::joined, {sample<IncidentClosed>()}, {}},
  };
  for (const auto& row : rows) {
    auto road = road_to(row.state);
    road.insert(road.end(), row.then.begin(), row.then.end());
    const Incident incident = fold(road);
    CAPTURE(row.state);
    CAPTURE(row.then.size());
    CHECK(sorted(due(incident)) == sorted(row.expected));
    for (const Command command : row.expected) CHECK(is_due(incident, command));
  }
}

TEST_CASE("phases: each is reached once, in order, on both clocks") {
  auto road = road_to(State::verifying);
  for (const Payload& what :
       {Payload(sample<VerificationTried>()), Payload(sample<VerificationTried>()),
        Payload(sample<VerificationPassed>()), Payload(sample<IncidentClosed>())}) {
    road.push_back(what);
  }
  const Incident incident = fold(road);
  std::int64_t before = 0;
  for (const char* phase :
       {"opened", "diagnosed", "planned", "acted", "healthy", "resolved", "closed"}) {
    CAPTURE(phase);
    REQUIRE(incident.reached.contains(phase));
    const auto ms = base::to_ms(incident.reached.at(phase).boot);
    CHECK(ms > before);
    before = ms;
  }
  CHECK(incident.reached.size() == 7);
}

namespace {

// Random content, new each time, but for the few names by which events refer to each other.
struct Shuffle {
  base::SeededRandom random;
  int made = 0;

  std::string pick(std::initializer_list<const char*> names) {
    return *(names.begin() + random.next() % names.size());
  }

  Payload next() {
    static const auto all = events();
    // The events of the main road come more often, or nothing would get far.
    static const std::size_t road[] = {9, 10, 11, 16, 17, 20, 3, 4, 25, 15};
    Payload what = random.next() % 2 == 0 ? all[road[random.next() % std::size(road)]]
                                          : all[random.next() % all.size()];
    const std::string fresh = "x" + std::to_string(++made);
    std::visit(
        [&](auto& v) {
          if constexpr (requires { v.op; }) v.op = pick({"op1", "op2", "op3"});
          if constexpr (requires { v.plan; }) v.plan = pick({"P1", "P2"});
          if constexpr (requires { v.hash; })
            v.hash = pick({"P1", "P2"}), v.generation = made,
            v.menu[0].action = random.next() % 3 == 0 ? Action::noop : Action::restart;
          if constexpr (requires { v.reason; }) v.reason = fresh;
          if constexpr (requires { v.by; }) v.by = fresh;
          if constexpr (requires { v.values; }) v.values = fresh, v.retry = random.next() % 2 == 0;
          if constexpr (requires { v.explanation; })
            v.explanation = fresh,
            v.failure = random.next() % 8 == 0 ? FailureClass::nothing_wrong : FailureClass::crash;
          if constexpr (requires { v.detail; }) v.detail = fresh;
          if constexpr (requires { v.since; }) v.since = base::wall_from_ms(made);
          if constexpr (requires { v.expires; }) v.expires = base::wall_from_ms(made);
        },
        what);
    return what;
  }
};

}  // namespace

TEST_CASE(
    "fold: 500 random histories are answered throughout, told truly, and replay byte for byte") {
  std::set<State> visited;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    Shuffle shuffle{base::SeededRandom(seed)};
    std::vector<Event> history = {at(1000, sample<IncidentOpened>())};
    for (int i = 0; i < 40; ++i) history.push_back(at(1010 + i * 10, shuffle.next()));
    Incident incident = open(history[0]).incident;
    std::string rests_on = basis(incident);
    for (std::size_t i = 1; i < history.size(); ++i) {
      const Step step = advance(incident, history[i]);
      CAPTURE(name_of(history[i].what));
      CAPTURE(incident.state);
      std::string rests_on_now = basis(step.incident);
      REQUIRE(step.changed == (rests_on_now != rests_on));
      rests_on = std::move(rests_on_now);
      REQUIRE_FALSE(step.reason.empty());
      incident = step.incident;
      visited.insert(incident.state);
    }
    Book first, second, stored;
    for (const auto& event : history) {
      first.absorb(event);
      second.absorb(event);
      auto read = event;  // As a replay of the ledger has it.
      read.what = decode(name_of(event.what), encode(event.what)).value();
      stored.absorb(read);
    }
    REQUIRE(canonical(*first.find(1)) == canonical(*second.find(1)));
    REQUIRE(canonical(*first.find(1)) == canonical(*stored.find(1)));
    REQUIRE(canonical(*first.find(1)) == canonical(incident));
  }
  CHECK(visited.size() == states().size());  // The histories got everywhere.
}

TEST_CASE("canonical: any difference of the record is a difference of the text") {
  const Incident incident = fold(road_to(State::verifying));
  std::set<std::string> texts = {canonical(incident)};
  for (const auto& what : events()) {
    const Step step = advance(incident, at(5000, what));
    if (step.changed) CHECK(texts.insert(canonical(step.incident)).second);
  }
  CHECK(texts.size() > 5);
}

TEST_CASE("book: incidents by id, by service, and the stop") {
  Book book;
  CHECK(book.next_id() == 1);
  CHECK(book.open_of("a") == nullptr);
  const auto opened = [](const char* service) {
    IncidentOpened what;
    what.signal.service = service;
    return what;
  };
  CHECK(book.absorb(at(1, sample<Escalated>(), 9)).reason == "an event of an unknown incident");
  CHECK(book.entries().empty());
  book.absorb(at(2, opened("a"), 1));
  book.absorb(at(3, opened("b"), 2));
  CHECK(book.next_id() == 3);
  REQUIRE(book.open_of("a") != nullptr);
  CHECK(book.open_of("a")->id == 1);
  CHECK(book.open_of("c") == nullptr);
  CHECK(book.find(7) == nullptr);

  CHECK_FALSE(book.absorb(at(4, opened("other"), 1)).changed);  // An incident opens once.
  CHECK(book.find(1)->signal.service == "a");

  CHECK_FALSE(book.stop().has_value());
  book.absorb(at(5, StopSet{"maintenance", "ada"}, 0));
  CHECK(book.stop()->by == "ada");
  book.absorb(at(6, StopCleared{"ada"}, 0));
  CHECK_FALSE(book.stop().has_value());

  book.absorb(at(7, sample<Escalated>(), 1));
  CHECK(book.open_of("a")->id == 1);
  CHECK(book.open_of("a", false) == nullptr);
  CHECK(book.entries().at(1).events.size() == 3);
}

TEST_CASE("book: what is joined stays the incident of its service while its root goes on") {
  Book book;
  const auto opened = [](const char* service) {
    IncidentOpened what;
    what.signal.service = service;
    return what;
  };
  book.absorb(at(1, opened("user"), 1));
  book.absorb(at(2, opened("policy"), 2));
  book.absorb(at(3, IncidentJoined{1, "user is down"}, 2));
  REQUIRE(book.open_of("policy") != nullptr);
  CHECK(book.open_of("policy")->id == 2);
  CHECK(book.open_of("policy", false) == nullptr);
  book.absorb(at(4, IncidentClosed{"joined"}, 2));
  REQUIRE(book.open_of("policy") != nullptr);  // Its issue is closed, its cause is not gone.
  book.absorb(at(5, sample<Escalated>(), 1));
  CHECK(book.open_of("policy") != nullptr);
  book.absorb(at(6, sample<IncidentClosed>(), 1));
  CHECK(book.open_of("policy") == nullptr);  // From here on a symptom is news.
}

TEST_CASE("book: live are the incidents that somebody owes something") {
  Book book;
  for (IncidentId id = 1; id <= 3; ++id) book.absorb(at(id, sample<IncidentOpened>(), id));
  CHECK(book.live() == std::set<IncidentId>{1, 2, 3});
  book.absorb(at(10, sample<StoodDown>(), 2));
  CHECK(book.live().contains(2));  // Its issue is still open.
  book.absorb(at(11, sample<IncidentClosed>(), 2));
  CHECK(book.live() == std::set<IncidentId>{1, 3});
}

TEST_CASE("a wish: planned as asked, closed without a post-mortem, no trouble of its service") {
  IncidentOpened what;
  what.signal.kind = SignalKind::asked;
  what.signal.service = "shop";
  what.signal.asked = "/scale shop 3";
  what.signal.asked_by = "console";
  Book book;
  book.absorb(at(1, what, 1));
  REQUIRE(book.find(1)->action_asked);
  CHECK(book.find(1)->action_asked->count == 3);
  CHECK(due(*book.find(1)) == std::vector{Command::plan_asked});
  CHECK(book.open_of("shop") == nullptr);
  CHECK(book.live().contains(1));
  Incident done = *book.find(1);
  done.state = State::resolved;
  CHECK(due(done) == std::vector{Command::record_outcome});
  done.outcome = IncidentResolved{"op", "scale_up", true};
  CHECK(due(done) == std::vector{Command::close_issue});
  // Opened again it is asked for again.
  book.absorb(at(2, StoodDown{"cooldown", "fixer"}, 1));
  book.absorb(at(3, IncidentClosed{""}, 1));
  book.absorb(at(4, IncidentReopened{"ada"}, 1));
  CHECK(due(*book.find(1)) == std::vector{Command::plan_asked});
  CHECK(book.find(1)->action_asked->by == "console");
  // What nobody understands goes the way of any trouble: to a person.
  what.signal.asked = "/scale shop many";
  book.absorb(at(5, what, 2));
  CHECK(due(*book.find(2)) == std::vector{Command::diagnose});
}

TEST_CASE("asked: what may be restarted, and what the others are told") {
  Incident incident = fold(road_to(State::planned));
  incident.signal.service = "shop";
  incident.diagnosis->culprit = "cart";
  const Dependencies services = {{"shop", {"user"}}, {"cart", {"store"}}, {"user", {"ldap"}},
                                 {"store", {}},      {"ldap", {}},        {"billing", {"shop"}},
                                 {"ring", {"ring"}}};
  CHECK(restartable(incident, services) ==
        std::set<std::string>{"shop", "user", "ldap", "cart", "store"});
  const auto told = [&](const char* service, const char* words) {
    CAPTURE(service);
    CHECK(objection_to_restart(incident, service, services).find(words) != std::string::npos);
  };
  for (const char* service : {"shop", "cart", "store", "user", "ldap"})
    CHECK(objection_to_restart(incident, service, services).empty());
  told("billing", "neither this incident's service");
  told("stor", "no service is called \"stor\", the nearest name is \"store\"");
  told("shopp", "the nearest name is \"shop\"");
  told("something-else-altogether", "what can be restarted here: cart, ldap, shop, store, user");
  told("", "it names no service");
  incident.signal.service = incident.diagnosis->culprit = "ring";  // Depends on itself.
  CHECK(restartable(incident, services).size() == 1);
}
