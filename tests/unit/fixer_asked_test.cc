// The Fixer and what people ask for on the issue: /restart, /escalate, /dry-run.
#include "tests/unit/fixer_scene.h"

using namespace fixer_test;

namespace {

// As the Brain answers a /restart.
void ask_restart(Scene& scene, const std::string& service = "a") {
  scene.stage->write(Role::scribe, 1, OperatorCommanded{"/restart " + service, "ada"});
  MenuEntry restart;
  restart.id = "A1";
  restart.action = Action::restart;
  restart.service = service;
  restart.container = kId;
  restart.seen_started_at = "t1";
  restart.reason = "asked by ada";
  scene.stage->write(Role::brain, 1,
                     PlanMade{"asked1", 2, scene.stage->now.wall + 5min, {restart}, "ada"});
}

}  // namespace

TEST_CASE(
    "a restart that a person asked for is done without more evidence, also after escalation") {
  for (const bool escalated : {false, true}) {
    CAPTURE(escalated);
    Scene scene;
    scene.config.mode = config::Mode::approve;
    scene.plan(1, "a", escalated ? Action::escalate : Action::restart);
    scene.stage->step();
    CHECK(scene.state() == (escalated ? State::escalated : State::awaiting_approval));
    ask_restart(scene);
    scene.stage->step();
    REQUIRE(scene.performed().size() == 1);
    CHECK(scene.performed()[0].operation.plan_hash == "asked1");
    scene.done();
    CHECK(scene.state() == State::verifying);
    scene.first_good_and_passed();
    CHECK(scene.state() == State::resolved);
    scene.stage->run(5s);
    CHECK(scene.performed().size() == 1);  // Once.
  }
}

TEST_CASE("guards that ask for no evidence still refuse what a person asked for") {
  struct Row {
    const char* guard;
    std::function<void(Scene&)> set;
  };
  const Row rows[] = {
      {"mode", [](Scene& s) { s.config.mode = config::Mode::dry_run; }},
      {"mode", [](Scene& s) { s.config.services[0].mode = config::Mode::observe; }},
      {"protected", [](Scene& s) { s.config.services[0].protect = true; }},
      {"self_exclusion", [](Scene& s) { s.config.exclude = {"a"}; }},
      {"service_budget", [](Scene& s) { s.config.limits.service_actions_per_hour = 0; }},
      {"global_budget", [](Scene& s) { s.config.limits.global_actions_per_day = 0; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.guard);
    Scene scene;
    row.set(scene);
    scene.plan(1, "a", Action::escalate);
    scene.stage->step();
    ask_restart(scene);
    scene.stage->run(2s);
    CHECK(scene.performed().empty());
    CHECK(scene.stage->last<PlanRefused>().guard == row.guard);
    CHECK(scene.stage->last<PlanRefused>().plan == "asked1");
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->last<Escalated>().to == "ada");
  }
}

TEST_CASE_FIXTURE(Scene, "after an action the cooldown refuses the next one, whoever asks") {
  config.limits.cooldown = 10min;
  plan();
  stage->step();
  done();
  stage->write(Role::scout, 1, VerificationFailed{op(), "sick again"});
  stage->step();
  REQUIRE(state() == State::escalated);
  ask_restart(*this);
  stage->run(1s);
  CHECK(performed().size() == 1);
  CHECK(stage->last<PlanRefused>().guard == "cooldown");
}

TEST_CASE_FIXTURE(Scene, "while a restart is asked for, nothing of the rules is begun") {
  lease = false;
  begin();
  plan();
  stage->write(Role::scribe, 1, OperatorCommanded{"/restart a", "ada"});
  lease = true;
  stage->run(10s);
  CHECK(performed().empty());
  CHECK(state() == State::planned);
}

TEST_CASE_FIXTURE(Scene, "what is proven after another service's restart is the incident's own") {
  plan(1, "a", Action::escalate);
  stage->step();
  ask_restart(*this, "b");
  stage->step();
  done();
  CHECK(stage->last<ActionIntended>().service == "b");
  CHECK(stage->last<VerificationAsked>().service == "a");
}

TEST_CASE("/escalate: what is in flight comes to its outcome, then a person has it") {
  const OperatorCommanded wish{"/escalate", "ada"};
  SUBCASE("before anything is begun") {
    Scene scene;
    scene.config.mode = config::Mode::approve;
    scene.plan();
    scene.stage->step();
    scene.stage->write(Role::scribe, 1, wish);
    scene.stage->step();
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->last<Escalated>().to == "ada");
    CHECK(scene.performed().empty());
  }
  SUBCASE("before there is a plan") {
    Scene scene;
    scene.stage->write(Role::scout, 1, IncidentOpened{});
    scene.stage->write(Role::scribe, 1, wish);
    scene.stage->step();
    CHECK(scene.state() == State::escalated);
  }
  SUBCASE("an operation that is done") {
    Scene scene;
    scene.plan();
    scene.stage->step();
    scene.stage->write(Role::scribe, 1, wish);
    scene.stage->run(5s);
    CHECK(scene.state() == State::acting);
    scene.done();
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->all<ActionDone>().size() == 1);
    CHECK(scene.stage->all<VerificationAsked>().empty());
  }
  SUBCASE("an operation that failed is not tried again") {
    Scene scene;
    scene.plan();
    scene.stage->step();
    scene.stage->write(Role::scribe, 1, wish);
    scene.answer(error(base::ErrorCode::unavailable));
    scene.stage->run(10s);
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->all<ActionFailed>().size() == 1);
    CHECK(scene.performed().size() == 1);
  }
  SUBCASE("an operation without an answer is observed first") {
    Scene scene;
    scene.plan();
    scene.stage->step();
    scene.stage->write(Role::scribe, 1, wish);
    scene.answer(error(base::ErrorCode::unknown));
    CHECK(scene.state() == State::acting);
    scene.container.state = RunState::running;
    scene.container.started_at = "t2";
    scene.look_for(1s);
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->all<ActionDone>().size() == 1);
  }
  SUBCASE("while it is being proven") {
    Scene scene;
    scene.plan();
    scene.stage->step();
    scene.done();
    scene.stage->write(Role::scribe, 1, wish);
    scene.stage->step();
    CHECK(scene.state() == State::escalated);
  }
}

TEST_CASE("/dry-run: each entry gets the guards' word, and nothing is begun before /resume") {
  struct Row {
    const char* answer;
    const char* guard;
    std::function<void(Scene&)> set;
  };
  const Row rows[] = {
      {"allow", "", [](Scene&) {}},
      {"ask", "approval", [](Scene& s) { s.config.mode = config::Mode::approve; }},
      {"refuse", "mode", [](Scene& s) { s.config.mode = config::Mode::observe; }},
      {"refuse", "service_budget", [](Scene& s) { s.config.limits.service_actions_per_day = 0; }},
      {"wait", "stop", [](Scene& s) { s.stage->stop_file = true; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.answer);
    CAPTURE(row.guard);
    Scene scene;
    row.set(scene);
    IncidentOpened opened;
    opened.signal.service = "a";
    opened.signal.confirmed_by = {"engine state"};
    scene.stage->write(Role::scout, 1, opened);
    scene.stage->write(Role::scribe, 1, OperatorCommanded{"/dry-run", "ada"});
    scene.stage->step();
    CHECK(scene.stage->all<PlanJudged>().empty());  // Not before there is a plan.
    MenuEntry restart{"A1", Action::restart, "a", kId, "t1", "low", "none", "it died", 0, 0};
    MenuEntry person{"A2", Action::escalate, "a", "", "", "low", "none", "a person", 0, 0};
    DiagnosisMade made;
    made.confidence = 0.97;
    scene.stage->write(Role::brain, 1, made);
    scene.stage->write(Role::brain, 1,
                       PlanMade{"p1", 1, scene.stage->now.wall + 5min, {restart, person}});
    scene.stage->run(3s);
    CHECK(scene.performed().empty());
    REQUIRE(scene.stage->all<PlanJudged>().size() == 1);
    const auto judged = scene.stage->last<PlanJudged>();
    CHECK(judged.plan == "p1");
    CHECK(judged.by == "ada");
    REQUIRE(judged.entries.size() == 2);
    CHECK(judged.entries[0].answer == row.answer);
    CHECK(judged.entries[0].guard == row.guard);
    CHECK(judged.entries[1].answer == "none");
  }
  for (const auto mode : {config::Mode::automatic, config::Mode::approve}) {
    Scene scene;
    scene.lease = false;  // So that nothing is begun before it is said.
    scene.begin();
    scene.config.mode = mode;
    scene.plan();
    scene.stage->write(Role::scribe, 1, OperatorCommanded{"/dry-run", "ada"});
    scene.lease = true;
    scene.stage->run(5s);
    CHECK(scene.performed().empty());
    CHECK(scene.state() == State::planned);
    CHECK(scene.stage->last<PlanJudged>().entries.at(0).answer ==
          (mode == config::Mode::approve ? "ask" : "allow"));
    scene.stage->write(Role::scribe, 1, OperatorCommanded{"/resume", "ada"});
    scene.stage->run(2s);
    CHECK(scene.state() ==
          (mode == config::Mode::approve ? State::awaiting_approval : State::acting));
  }
}

TEST_CASE_FIXTURE(Scene, "/dry-run of an incident without a plan says so") {
  stage->write(Role::scout, 1, IncidentOpened{});
  stage->write(Role::scribe, 1, OperatorCommanded{"/escalate", "ada"});
  stage->step();
  stage->write(Role::scribe, 1, OperatorCommanded{"/dry-run", "ada"});
  stage->run(2s);
  REQUIRE(stage->all<PlanJudged>().size() == 1);
  CHECK(stage->last<PlanJudged>().plan.empty());
}
