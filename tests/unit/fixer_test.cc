// The Fixer: intent before effect, nothing repeated blind, every way an incident can end.
#include "tests/unit/fixer_scene.h"

using namespace fixer_test;

TEST_CASE_FIXTURE(
    Scene, "the intent stands in the ledger before the warden is asked, and names everything") {
  plan();
  ledger.fail_appends({base::ErrorCode::unavailable});
  stage->step();
  CHECK(performed().empty());  // Not recorded, so not done.
  stage->step();
  REQUIRE(performed().size() == 1);
  const auto intent = stage->last<ActionIntended>();
  const auto operation = performed()[0].operation;
  CHECK(operation.op == intent.op);
  CHECK(operation.epoch == 7);
  CHECK(intent.epoch == 7);
  CHECK(operation.plan_hash == "p1");
  CHECK(operation.container == kId);
  CHECK(operation.seen_started_at == "t1");
  CHECK(operation.expires == intent.expires);
  CHECK(operation.verb == warden::Verb::restart);
  CHECK(operation.grace == 2s);
}

TEST_CASE_FIXTURE(Scene, "the main road: done, proof asked, outcome recorded once") {
  plan();
  stage->step();
  done();
  CHECK(stage->story(3) == "action.intended action.done verification.asked");
  CHECK(stage->last<VerificationAsked>().soak == config.limits.soak);
  first_good_and_passed();
  stage->run(5s);
  REQUIRE(stage->all<IncidentResolved>().size() == 1);
  CHECK(stage->last<IncidentResolved>().proven);
  CHECK(stage->last<IncidentResolved>().op == op());
  begin();
  stage->run(5s);
  CHECK(stage->all<IncidentResolved>().size() == 1);
  CHECK(performed().empty());
}

TEST_CASE_FIXTURE(Scene, "somebody was faster: recorded as superseded and proven all the same") {
  plan();
  stage->step();
  answer(warden::Performed{warden::Outcome::superseded, "t9"});
  CHECK(stage->last<ActionDone>().superseded);
  CHECK(state() == State::verifying);
}

TEST_CASE_FIXTURE(Scene, "a fix that is not proven goes to a person, without a second try") {
  plan();
  stage->step();
  done();
  stage->write(Role::scout, 1, VerificationFailed{op(), "sick again"});
  stage->run(1s);
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason == "The fix is not proven: sick again");
  CHECK(performed().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "plans that do nothing") {
  SUBCASE("escalate") {
    plan(1, "a", Action::escalate);
    stage->step();
    CHECK(state() == State::escalated);
    CHECK(stage->last<Escalated>().reason == "a person decides");
  }
  SUBCASE("noop") {
    plan(1, "a", Action::noop);
    stage->step();
    CHECK(state() == State::verifying);
    CHECK(stage->last<VerificationAsked>().op.empty());
  }
  CHECK(performed().empty());
}

TEST_CASE("a guard that refuses is recorded with its values, and a person called") {
  struct Row {
    std::string guard;
    std::function<void(Scene&)> set;
  };
  const Row rows[] = {
      {"mode", [](Scene& s) { s.config.mode = config::Mode::dry_run; }},
      {"mode", [](Scene& s) { s.config.services[0].mode = config::Mode::observe; }},
      {"self_exclusion", [](Scene& s) { s.config.exclude = {"a"}; }},
      {"self_exclusion", [](Scene& s) { s.config.exclude = {"a-1"}; }},
      {"protected", [](Scene& s) { s.config.services[0].protect = true; }},
      {"service_budget", [](Scene& s) { s.config.limits.service_actions_per_hour = 0; }},
      {"global_budget", [](Scene& s) { s.config.limits.global_actions_per_day = 0; }}};
  for (const auto& row : rows) {
    CAPTURE(row.guard);
    Scene scene;
    row.set(scene);
    scene.plan();
    scene.stage->step();
    CHECK(scene.stage->story(3) == "plan.refused escalated");
    CHECK(scene.stage->last<PlanRefused>().guard == row.guard);
    CHECK_FALSE(scene.stage->last<PlanRefused>().retry);
    CHECK(scene.performed().empty());
  }
}

TEST_CASE_FIXTURE(
    Scene,
    "cooldown and budgets count the actions of the log, but not what was proven not applied") {
  config.limits.cooldown = 10min;
  plan(1);
  stage->step();
  answer(error(base::ErrorCode::denied, "rule excluded: container is excluded"));
  CHECK(state(1) == State::escalated);
  plan(2);
  stage->step();
  CHECK(performed().size() == 2);
  done();
  stage->write(Role::scout, 2, VerificationPassed{op(), 10, 1, ""});
  plan(3);
  stage->step();
  CHECK(stage->last<PlanRefused>().guard == "cooldown");
  plan(4, "b");  // Each service has its own.
  stage->step();
  CHECK(performed().size() == 3);
}

TEST_CASE_FIXTURE(Scene, "the brake counts services with trouble of their own") {
  const auto red = [&](IncidentId id, const std::string& service, const std::string& end) {
    IncidentOpened opened;
    opened.signal.service = service;
    stage->write(Role::scout, id, opened);
    if (end == "joined") stage->write(Role::brain, id, IncidentJoined{1, "follows"});
    if (end == "stood down") stage->write(Role::scout, id, StoodDown{"x", ""});
    if (end == "escalated") stage->write(Role::fixer, id, Escalated{"person", "x"});
  };
  SUBCASE("three open ones brake") {
    red(2, "b", "");
    red(3, "c", "");
    plan();
    stage->step();
    CHECK(stage->last<PlanRefused>().guard == "mass_failure");
    CHECK(stage->last<PlanRefused>().values == "3 of 5 services are red: 60 % is over 30 %");
  }
  SUBCASE("joined and stood down ones do not count") {
    red(2, "b", "joined");
    red(3, "c", "joined");
    red(4, "d", "stood down");
    plan();
    stage->step();
    CHECK(performed().size() == 1);
  }
  SUBCASE("escalated ones count while they are fresh") {
    red(2, "b", "escalated");
    red(3, "c", "escalated");
    SUBCASE("fresh") {
      plan();
      stage->step();
      CHECK(performed().empty());
    }
    SUBCASE("ten minutes old") {
      stage->run(10min);
      plan();
      stage->step();
      CHECK(performed().size() == 1);
    }
  }
  SUBCASE("a service counts once") {
    red(2, "b", "escalated");
    red(3, "b", "");
    plan();
    stage->step();
    CHECK(performed().size() == 1);
  }
}

TEST_CASE_FIXTURE(Scene, "one effect at a time over all services") {
  plan(1, "a");
  plan(2, "b");
  stage->step();
  CHECK(performed().size() == 1);
  stage->run(10s);
  CHECK(performed().size() == 1);
  done();
  stage->step();
  CHECK(performed().size() == 2);
  CHECK(stage->incident(2).state == State::acting);
}

TEST_CASE_FIXTURE(Scene, "a stop holds, is told once, and what waits goes on when it is cleared") {
  SUBCASE("by the ledger") {
    stage->write(Role::person, 0, StopSet{"moving house", "command line"});
  }
  SUBCASE("by the file") { stage->stop_file = true; }
  plan();
  stage->run(20min);
  CHECK(performed().empty());
  REQUIRE(stage->all<PlanRefused>().size() == 1);
  CHECK(stage->last<PlanRefused>().guard == "stop");
  CHECK(state() == State::planned);
  stage->write(Role::person, 0, StopCleared{"command line"});
  stage->stop_file = false;
  stage->step();
  CHECK(state() == State::diagnosing);  // The plan is too old by now,
  CHECK(stage->last<PlanRefused>().retry);
  plan_again(1, "a", Action::restart, "p2");
  stage->step();
  CHECK(performed().size() == 1);  // a new one is carried out.
}

TEST_CASE_FIXTURE(Scene, "a stop between intent and effect holds the retry, too") {
  plan();
  stage->step();
  stage->stop_file = true;
  answer(error(base::ErrorCode::denied, "rule stop: everything is stopped"));
  stage->run(1min);
  CHECK(performed().size() == 1);
  CHECK(state() == State::acting);
  stage->stop_file = false;
  stage->run(1s);
  CHECK(performed().size() == 2);
}

TEST_CASE_FIXTURE(Scene, "approval: asked for this plan, given, carried out") {
  config.mode = config::Mode::approve;
  plan();
  stage->step();
  CHECK(state() == State::awaiting_approval);
  CHECK(stage->last<ApprovalAsked>().plan == "p1");
  CHECK(stage->last<ApprovalAsked>().expires == stage->now.wall + 30min);
  SUBCASE("the right plan, also when it took a while") {
    stage->run(20min);
    CHECK(stage->all<ApprovalAsked>().size() == 1);
    stage->write(Role::person, 1, ApprovalGiven{"p1", "ada"});
    stage->step();
    REQUIRE(performed().size() == 1);
    CHECK(performed()[0].operation.expires > stage->now.wall);
  }
  SUBCASE("another plan") {
    stage->write(Role::person, 1, ApprovalGiven{"p9", "ada"});
    stage->run(1min);
    CHECK(performed().empty());
    CHECK(state() == State::awaiting_approval);
  }
  SUBCASE("nobody") {
    stage->run(30min + 2s);
    CHECK(state() == State::escalated);
    CHECK(stage->last<PlanRefused>().guard == "approval");
    CHECK(stage->last<PlanRefused>().values.starts_with("nobody approved before 20"));
  }
  SUBCASE("the guards are asked again after it") {
    config.services[0].protect = true;
    stage->write(Role::person, 1, ApprovalGiven{"p1", "ada"});
    stage->step();
    CHECK(stage->last<PlanRefused>().guard == "protected");
  }
}

TEST_CASE_FIXTURE(Scene, "an old plan is refused so that a new one is made") {
  lease = false;
  begin();
  plan();
  stage->run(6min);
  REQUIRE(stage->all<PlanRefused>().size() == 1);
  CHECK(stage->last<PlanRefused>().guard == "freshness");
  CHECK(stage->last<PlanRefused>().retry);
  CHECK(state() == State::diagnosing);
}

TEST_CASE_FIXTURE(Scene, "a symptom that nobody repeats is not acted on; a death stays true") {
  lease = false;
  begin();
  plan(1, "a", Action::restart, SignalKind::probe_timeout);
  plan(2, "b");
  stage->run(62s);
  lease = true;
  stage->run(2s);
  CHECK(stage->incident(1).state == State::planned);
  CHECK(stage->incident(2).state == State::acting);
  done();
  stage->write(Role::scout, 1, SignalAdded{stage->incident(1).signal, 3});
  stage->step();
  CHECK(stage->incident(1).state == State::acting);
}

TEST_CASE_FIXTURE(Scene, "without the lease nothing is done") {
  lease = false;
  begin();
  plan();
  stage->run(10s);
  CHECK(performed().empty());
  CHECK(stage->sent<KeepLease>().size() >= 9);
  lease = true;
  stage->run(2s);
  CHECK(performed().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "a lease about to expire does not count") {
  stage->on_request = nullptr;  // No renewal is answered any more.
  stage->run(8500ms);
  plan();
  stage->run(1min);
  CHECK(performed().empty());
}

TEST_CASE_FIXTURE(Scene, "an unknown outcome is looked at, never repeated blind") {
  plan();
  stage->step();
  answer(error(base::ErrorCode::unknown));
  CHECK(stage->all<ActionUnknown>().size() == 1);
  CHECK(performed().size() == 1);
  SUBCASE("it runs a new life: done") {
    container.state = RunState::running;
    container.started_at = "t2";
    look_for(1s);
    CHECK(stage->last<ActionDone>().started_at == "t2");
    CHECK(state() == State::verifying);
    CHECK(performed().size() == 1);
  }
  SUBCASE("it stands still: proven not applied, tried again") {
    look_for(2s);
    CHECK(stage->last<ActionFailed>().error == "unavailable: observed: the container does not run");
    CHECK(performed().size() == 2);
  }
  SUBCASE("it still runs its old life: only after grace and patience") {
    container.state = RunState::running;
    look_for(11s);
    CHECK(stage->all<ActionFailed>().empty());
    CHECK(performed().size() == 1);
    look_for(3s);
    CHECK(stage->last<ActionFailed>().error ==
          "unavailable: observed: the container still runs its old life");
    CHECK(performed().size() == 2);
  }
  SUBCASE("it passes through a stop on its way up: waited for") {
    look_for(100ms);
    container.finished_at = "f2";  // Another look than before: something happens.
    look_for(200ms);
    container.state = RunState::running;
    container.started_at = "t2";
    look_for(1s);
    CHECK(stage->all<ActionFailed>().empty());
    CHECK(state() == State::verifying);
  }
  SUBCASE("it is gone") {
    stage->run(20ms);
    stage->answer("observe:" + op(), fixer::Observed{op(), error(base::ErrorCode::not_found)});
    stage->step();
    CHECK(state() == State::escalated);
    CHECK(performed().size() == 1);
  }
  SUBCASE("the engine cannot be asked: a person, in the end") {
    for (int i = 0; i < 17 * 60; ++i) {
      stage->run(1s);
      if (stage->in_flight.contains("observe:" + op()))
        stage->answer("observe:" + op(),
                      fixer::Observed{op(), error(base::ErrorCode::unavailable)});
    }
    CHECK(state() == State::escalated);
    CHECK(performed().size() == 1);
  }
}

TEST_CASE_FIXTURE(Scene, "a warden's time-out is an unknown outcome, too") {
  plan();
  stage->step();
  answer(error(base::ErrorCode::timeout));
  CHECK(stage->all<ActionUnknown>().size() == 1);
  CHECK(stage->sent<Observe>().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "killed after the intent: the next Fixer looks first") {
  plan();
  stage->step();
  REQUIRE(performed().size() == 1);
  begin();
  CHECK(performed().empty());
  stage->run(1s);
  CHECK(performed().empty());
  CHECK(stage->sent<Observe>().size() == 1);
  SUBCASE("it had been done") {
    container.state = RunState::running;
    container.started_at = "t2";
    look_for(1s);
    CHECK(state() == State::verifying);
    CHECK(performed().empty());
  }
  SUBCASE("it had not") {
    look_for(2s);
    CHECK(performed().size() == 1);
    CHECK(stage->all<ActionIntended>().size() == 2);  // A new operation, by the same plan.
    CHECK(stage->last<ActionIntended>().plan == "p1");
  }
}

TEST_CASE("killed after each event of the road: the next Fixer ends it right, with one effect") {
  const std::vector<std::string> road = {"plan", "intent", "done", "passed", "resolved"};
  for (std::size_t killed_at = 0; killed_at < road.size(); ++killed_at) {
    CAPTURE(road[killed_at]);
    Scene scene;
    int effects = 0;
    const auto maybe_kill = [&](std::size_t at) {
      if (at == killed_at) effects += static_cast<int>(scene.performed().size()), scene.begin();
    };
    scene.plan();
    maybe_kill(0);
    scene.stage->step();
    maybe_kill(1);
    scene.container.state = RunState::running;
    scene.container.started_at = "t2";
    if (!scene.performed().empty())
      scene.done();
    else
      scene.look_for(1s);
    maybe_kill(2);
    scene.stage->step();
    scene.first_good_and_passed();
    maybe_kill(3);
    scene.stage->step();
    maybe_kill(4);
    scene.stage->step();
    effects += static_cast<int>(scene.performed().size());
    CHECK(effects == 1);
    CHECK(scene.stage->all<IncidentResolved>().size() == 1);
    CHECK(scene.stage->all<ActionIntended>().size() == 1);
  }
}

TEST_CASE(
    "what failed and may pass later is tried again, at most five times, with growing pauses") {
  for (const char* text : {"unavailable", "conflict", "rule traffic", "rule epoch"}) {
    CAPTURE(text);
    Scene scene;
    const std::string word(text);
    const auto failure = word == "unavailable" ? error(base::ErrorCode::unavailable)
                         : word == "conflict"  ? error(base::ErrorCode::conflict)
                                               : error(base::ErrorCode::denied, word + ": x");
    scene.plan();
    scene.stage->step();
    std::vector<base::Instant> at{scene.stage->now.boot};
    for (int tries = 1; tries < 6 && scene.state() == State::acting; ++tries) {
      scene.answer(failure);
      const auto sent = scene.performed().size();
      for (int i = 0;
           i < 60'000 && scene.performed().size() == sent && scene.state() == State::acting; ++i)
        scene.stage->run(1ms);
      at.push_back(scene.stage->now.boot);
    }
    CHECK(scene.performed().size() == 5);
    CHECK(scene.state() == State::escalated);
    CHECK(scene.stage->last<Escalated>().reason.find("(tried 5 times)") != std::string::npos);
    std::set<std::string> ops;
    for (const auto& one : scene.performed()) ops.insert(one.operation.op);
    CHECK(ops.size() == 5);
    CHECK(at[2] - at[1] > at[1] - at[0]);
    CHECK(at[4] - at[0] > 15s);
    CHECK(at[4] - at[0] < 30s);
  }
}

TEST_CASE_FIXTURE(Scene, "what cannot pass later goes to a person at once") {
  plan();
  stage->step();
  answer(error(base::ErrorCode::denied, "rule excluded: service is protected"));
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason ==
        "The action failed: denied: rule excluded: service is protected");
}

TEST_CASE_FIXTURE(Scene, "another try passes all guards again") {
  plan();
  stage->step();
  config.services[0].protect = true;
  answer(error(base::ErrorCode::unavailable));
  stage->run(1s);
  CHECK(performed().size() == 1);
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason.find("the guard protected refuses another try") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Scene, "an answer is recorded even when the ledger refuses at first") {
  plan();
  stage->step();
  ledger.fail_appends({base::ErrorCode::unavailable, base::ErrorCode::unavailable});
  done();
  stage->run(3s);
  CHECK(stage->all<ActionDone>().size() == 1);
  CHECK(performed().size() == 1);
}
