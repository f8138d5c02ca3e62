// The Fixer's changes of a service: replicas and queues, from the plan to the warden, back again,
// and on to the runbook that follows.
#include "tests/unit/fixer_scene.h"

using namespace fixer_test;

namespace {

MenuEntry scaling_entry(Action action, const Change& change = {}) {
  MenuEntry entry;
  entry.id = "A1";
  entry.action = action;
  entry.service = "a";
  entry.container = kId;
  entry.seen_started_at = "t1";
  entry.change = change;
  return entry;
}

struct ScalingScene : Scene {
  // CPU at its limit, and what the rules plan for it.
  void plan_change(const MenuEntry& entry) {
    IncidentOpened opened;
    opened.signal.kind = SignalKind::cpu_at_limit;
    opened.signal.service = "a";
    opened.signal.at = stage->now.wall;
    opened.signal.confirmed_by = {"every sample of the window"};
    stage->write(Role::scout, 1, opened);
    DiagnosisMade made;
    made.failure = FailureClass::cpu_saturation;
    made.confidence = 0.97;
    stage->write(Role::brain, 1, made);
    stage->write(Role::brain, 1, PlanMade{"p1", 1, stage->now.wall + 5min, {entry}});
    stage->step();
  }
  // A person's wish, and the plan that Brain makes of it.
  void wish(IncidentId id, int from, int to) {
    IncidentOpened opened;
    opened.signal.kind = SignalKind::asked;
    opened.signal.service = "a";
    opened.signal.container_name = "a-1";
    opened.signal.asked = "/scale a " + std::to_string(to);
    opened.signal.asked_by = "console";
    stage->write(Role::scout, id, opened);
    const auto action = to < from ? Action::scale_down : Action::scale_up;
    const auto entry = scaling_entry(action, {"replicas", from, to});
    stage->write(Role::brain, id,
                 PlanMade{"w" + std::to_string(id), 1, stage->now.wall + 5min, {entry}, "console"});
    stage->step();
  }
  void fail_proof() {
    stage->write(Role::scout, 1, VerificationFailed{op(), "CPU is still at its limit"});
    stage->step();
  }
};

}  // namespace

TEST_CASE_FIXTURE(ScalingScene, "replicas: one order with their number, proven and resolved") {
  plan_change(scaling_entry(Action::scale_up, {"replicas", 1, 2}));
  REQUIRE(performed().size() == 1);
  const auto operation = performed()[0].operation;
  CHECK(operation.verb == warden::Verb::scale);
  CHECK(operation.count == 2);
  CHECK(operation.container == kId);
  CHECK(stage->last<ActionIntended>().change.to == 2);
  done();
  CHECK(state() == State::verifying);
  first_good_and_passed();
  CHECK(stage->last<IncidentResolved>().action == "scale_up");
}

TEST_CASE_FIXTURE(ScalingScene,
                  "replicas: what is not proven is brought back to the number before") {
  auto entry = scaling_entry(Action::scale_up, {"replicas", 1, 3});
  SUBCASE("and a person has it") {}
  SUBCASE("and the runbook that follows goes on") {
    entry.runbook = "cpu-scale-up";
    entry.on_failure = "scale-failed-restart";
  }
  plan_change(entry);
  done();
  fail_proof();
  REQUIRE(performed().size() == 2);
  CHECK(performed()[1].operation.verb == warden::Verb::scale);
  CHECK(performed()[1].operation.count == 1);
  CHECK(stage->last<ActionIntended>().undoes == performed()[0].operation.op);
  CHECK(stage->last<ActionIntended>().action == Action::scale_down);
  done();
  CHECK(stage->last<UndoDone>().op == performed()[0].operation.op);
  CHECK(state() == (entry.on_failure.empty() ? State::escalated : State::diagnosing));
}

TEST_CASE_FIXTURE(ScalingScene,
                  "replicas: what cannot be made leads to what follows, with its cause") {
  auto entry = scaling_entry(Action::scale_up, {"replicas", 0, 1});
  entry.runbook = "cpu-scale-up";
  entry.on_failure = "scale-failed-restart";
  plan_change(entry);
  const auto conflict =
      error(base::ErrorCode::conflict, "make a-replica-1: somebody else's container has that name");
  // It may pass: it is asked for again before it counts as impossible.
  for (int tries = 0; tries < 3; ++tries) {
    REQUIRE(performed().size() == static_cast<std::size_t>(tries + 1));
    answer(conflict);
    stage->run(3s);
  }
  CHECK(stage->last<ActionFailed>().error.find("somebody else's container") != std::string::npos);
  CHECK(state() == State::diagnosing);
  CHECK(stage->incident(1).attempts.back().error.find("that name") != std::string::npos);
  // Brain's next plan is the restart.
  auto restart = scaling_entry(Action::restart);
  restart.runbook = "scale-failed-restart";
  stage->write(Role::brain, 1, PlanMade{"p2", 2, stage->now.wall + 5min, {restart}});
  stage->step();
  REQUIRE(performed().size() == 4);
  CHECK(performed()[3].operation.verb == warden::Verb::restart);
}

TEST_CASE_FIXTURE(ScalingScene, "replicas: an outcome that is not known is asked for again") {
  plan_change(scaling_entry(Action::scale_up, {"replicas", 0, 1}));
  answer(error(base::ErrorCode::unknown, "no answer"));
  stage->run(3s);
  REQUIRE(performed().size() == 2);
  CHECK(performed()[1].operation.op == performed()[0].operation.op);
  begin();  // The next process knows of the intent alone.
  stage->run(3s);
  REQUIRE(performed().size() == 1);
  CHECK(performed()[0].operation.count == 1);
  done();
  CHECK(state() == State::verifying);
}

TEST_CASE_FIXTURE(ScalingScene, "a wish: done without evidence, resolved without a post-mortem") {
  wish(1, 0, 3);
  REQUIRE(performed().size() == 1);
  CHECK(performed()[0].operation.count == 3);
  done();
  first_good_and_passed();
  CHECK(state() == State::resolved);
  CHECK(stage->incident(1).outcome->action == "scale_up");
  CHECK(incident::is_due(stage->incident(1), Command::close_issue));
  CHECK_FALSE(incident::is_due(stage->incident(1), Command::write_postmortem));
}

TEST_CASE_FIXTURE(ScalingScene,
                  "a wish: the next one waits for the warden's cooldown, and no longer") {
  config.limits.cooldown = 10min;
  config.limits.scale_cooldown = 30s;
  begin();
  wish(1, 0, 2);
  done();
  stage->run(10s);
  wish(2, 2, 0);
  CHECK(state(2) == State::stood_down);  // Nobody has to take over.
  CHECK(stage->last<PlanRefused>().guard == "cooldown");
  CHECK(stage->last<StoodDown>().reason.find("30s must pass") != std::string::npos);
  stage->run(21s);
  wish(3, 2, 0);
  REQUIRE(performed().size() == 2);
  CHECK(performed()[1].operation.count == 0);
}

TEST_CASE("a wish: the guards that ask for no evidence turn it down") {
  struct Row {
    const char* guard;
    std::function<void(Scene&)> set;
  };
  const Row rows[] = {
      {"mode", [](Scene& s) { s.config.mode = config::Mode::dry_run; }},
      {"protected", [](Scene& s) { s.config.services[0].protect = true; }},
      {"self_exclusion", [](Scene& s) { s.config.exclude = {"a-1"}; }},
      {"service_budget", [](Scene& s) { s.config.limits.service_actions_per_hour = 0; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.guard);
    ScalingScene scene;
    row.set(scene);
    scene.begin();
    scene.wish(1, 0, 3);
    CHECK(scene.performed().empty());
    CHECK(scene.state() == State::stood_down);
    CHECK(scene.stage->last<PlanRefused>().guard == row.guard);
  }
}

TEST_CASE_FIXTURE(ScalingScene,
                  "a wish is no trouble: of its service, of those that call it, of all") {
  config.services[1].depends_on = {"a"};
  config.limits.mass_failure_min = 1;
  config.limits.mass_failure_percent = 20;
  config.limits.flap_start_percent = 1;
  begin();
  wish(1, 0, 2);
  done();
  plan(2, "b", Action::restart, SignalKind::probe_timeout);  // Depends on a.
  stage->step();
  REQUIRE(performed().size() == 2);
  CHECK(performed()[1].operation.verb == warden::Verb::restart);
}

TEST_CASE("a queue is cleared once, and where that is not known a person looks") {
  struct Row {
    base::ErrorCode code;
    bool is_known;
  };
  for (const auto& row :
       {Row{base::ErrorCode::unknown, false}, Row{base::ErrorCode::timeout, false},
        Row{base::ErrorCode::unavailable, true}, Row{base::ErrorCode::conflict, true}}) {
    ScalingScene scene;
    scene.plan_change(scaling_entry(Action::clear_queue));
    REQUIRE(scene.performed().size() == 1);
    CHECK(scene.performed()[0].operation.verb == warden::Verb::clear_queue);
    scene.answer(error(row.code, "the call"));
    scene.stage->run(60s);
    CHECK(scene.performed().size() == 1);
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->all<ActionUnknown>().empty() == row.is_known);
    CHECK(scene.stage->all<ActionFailed>().empty() != row.is_known);
  }
}

TEST_CASE_FIXTURE(ScalingScene, "a Fixer that ended before the answer came clears no queue again") {
  plan_change(scaling_entry(Action::clear_queue));
  begin();
  stage->run(60s);
  CHECK(performed().empty());
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason.find("is not cleared twice") != std::string::npos);
}
