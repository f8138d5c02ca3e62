// Scout on deaths: who is told of, who is left alone, and what is never lost.
#include "tests/support/scout_scene.h"

using namespace support;
using incident::IncidentOpened;
using incident::SignalAdded;

// Service "a" ends while the engine cannot be heard, which comes back without telling of it.
static void end_unseen(ScoutScene& scene, int exit_code, bool oom) {
  scene.hear(warden::Lost{"gone"});
  scene.set_ended("a", exit_code, oom);
  scene.run(200ms);
  scene.hear(warden::Connected{});
}

TEST_CASE("a death that nobody asked for opens one incident, confirmed by the engine's state") {
  struct Row {
    const char* name;
    int exit_code;
    bool oom;
  };
  const Row rows[] = {{"crash", 1, false},
                      {"killed on the host", 137, false},
                      {"oom", 137, true},
                      {"a clean exit that nobody wanted", 0, false}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    ScoutScene scene({service("a")});
    scene.begin();
    const auto died = scene.stage().now.wall;
    scene.die("a", row.exit_code, row.oom);
    scene.run(300ms);
    REQUIRE(scene.opened() == 1);
    const auto opened = scene.stage().last<IncidentOpened>();
    CHECK(opened.signal.kind == SignalKind::container_died);
    CHECK(opened.severity == incident::Severity::critical);
    CHECK(opened.signal.exit_code == row.exit_code);
    CHECK(opened.signal.oom_killed == row.oom);
    CHECK(opened.signal.at == died);
    CHECK(opened.signal.started_at == scene.containers["a"].started_at);
    CHECK(opened.signal.confirmed_by == std::vector<std::string>{"engine state"});
    CHECK_FALSE(opened.signal.by_person);
    CHECK(scene.ledger.blob(opened.snapshot).ok());
  }
}

TEST_CASE("the confirming inspection is asked in the step that hears of the death") {
  ScoutScene scene({service("a")});
  scene.begin();
  const auto before = scene.stage().sent<scout::Inspect>().size();
  scene.die("a", 1);
  scene.stage().step();
  CHECK(scene.stage().sent<scout::Inspect>().size() == before + 1);
}

TEST_CASE("a new container that dies at once is told of, although no list has shown it") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.event("a", EventKind::kill, {}, "15");
  scene.event("a", EventKind::die, 143);
  scene.event("a", EventKind::destroy);
  scene.containers["a"].id[0] = 'b';
  scene.event("a", EventKind::create);
  scene.start("a");
  scene.die("a", 137);
  scene.run(3s);
  REQUIRE(scene.opened() == 1);
  const auto opened = scene.stage().last<IncidentOpened>();
  CHECK(opened.signal.kind == SignalKind::container_died);
  CHECK(opened.signal.container == scene.containers["a"].id);
  CHECK_FALSE(opened.signal.by_person);
}

TEST_CASE("a person's stop is recorded and respected") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.event("a", EventKind::kill, {}, "15");
  scene.run(2s);
  scene.die("a", 143);
  scene.run(3s);
  REQUIRE(scene.opened() == 1);
  CHECK(scene.stage().last<IncidentOpened>().signal.by_person);
  CHECK(scene.stage().incident(1).state == State::stood_down);
  const auto probes = scene.probes("a");
  scene.run(1min);
  CHECK(scene.opened() == 1);  // Not again while it stays stopped,
  CHECK(scene.probes("a") == probes);
  scene.start("a");
  scene.run(5s);
  CHECK(scene.probes("a") > probes);  // and it is watched as before when it is back.
  scene.die("a", 1);
  scene.run(1s);
  CHECK(scene.opened() == 2);
  CHECK_FALSE(scene.stage().last<IncidentOpened>().signal.by_person);
}

TEST_CASE("which kill events make a death a person's") {
  struct Row {
    const char* signal;
    base::Duration before;
    bool by_person;
  };
  const Row rows[] = {{"15", 100ms, true},       {"9", 10ms, true},
                      {"15", 60s, true},         {"15", 10min, false},  // Long survived.
                      {"1", 100ms, false},       {"HUP", 100ms, false},
                      {"SIGUSR1", 100ms, false}, {"28", 100ms, false}};
  for (const auto& row : rows) {
    CAPTURE(row.signal);
    ScoutScene scene({service("a")});
    scene.begin();
    scene.event("a", EventKind::kill, {}, row.signal);
    scene.run(row.before);
    scene.die("a", 137);
    scene.run(3s);
    REQUIRE(scene.opened() == 1);
    CHECK(scene.stage().last<IncidentOpened>().signal.by_person == row.by_person);
  }
}

TEST_CASE("a person's docker restart opens nothing, with and without a restart policy") {
  for (const auto policy : {engine::RestartPolicy::no, engine::RestartPolicy::always}) {
    for (const auto gap : {50ms, 400ms, 900ms}) {
      ScoutScene scene({service("a")});
      scene.containers["a"].restart_policy = policy;
      scene.begin();
      scene.event("a", EventKind::kill, {}, "15");
      scene.run(500ms);
      scene.die("a", 0);
      scene.run(gap);
      scene.start("a");
      scene.event("a", EventKind::restart);
      scene.run(10s);
      CHECK(scene.opened() == 0);
      CHECK(scene.probes("a") > 30);
    }
  }
}

TEST_CASE("a death under a restart policy is told as such, and counted until it loops") {
  ScoutScene scene({service("a")});
  scene.containers["a"].restart_policy = engine::RestartPolicy::always;
  scene.begin();
  const auto die_and_return = [&] {
    scene.set_ended("a", 1, false, RunState::restarting);
    scene.event("a", EventKind::die, 1);
    scene.run(200ms);
    scene.start("a");
    scene.run(300ms);
  };
  die_and_return();
  REQUIRE(scene.kinds() == "restarted_by_engine");
  CHECK(scene.stage().last<IncidentOpened>().signal.engine_restarts);
  CHECK(scene.stage().last<IncidentOpened>().signal.restart_count == 1);
  die_and_return();
  die_and_return();
  CHECK(scene.opened() == 1);
  CHECK(scene.stage().last<SignalAdded>().signal.restart_count == 3);
  CHECK(scene.stage().incident(1).signals == 3);
}

TEST_CASE("an answer read before the start that has been heard of is read again") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.containers["a"].restart_policy = engine::RestartPolicy::always;
  scene.set_ended("a", 1, false, RunState::exited);
  scene.event("a", EventKind::die, 1);
  scene.stage().step();
  const auto stale = scene.containers["a"];
  scene.start("a");
  scene.stage().answer("inspect:a", scout::Inspected{"a", stale.id, warden::Member{"a", stale}});
  scene.run(3s);
  CHECK(scene.kinds() == "restarted_by_engine");
  CHECK(scene.probes("a") > 8);
}

TEST_CASE("what is found stopped at the first look is told of only when a fault shows") {
  struct Row {
    int exit_code;
    bool oom;
    RunState state;
    const char* kinds;
  };
  const Row rows[] = {{137, false, RunState::exited, ""},
                      {143, false, RunState::exited, ""},
                      {0, false, RunState::exited, ""},
                      {137, true, RunState::exited, "found_stopped"},
                      {1, false, RunState::exited, "found_stopped"},
                      {139, false, RunState::exited, "found_stopped"},
                      {0, false, RunState::created, ""},
                      {1, false, RunState::paused, ""},
                      {1, false, RunState::dead, ""},
                      {1, false, RunState::restarting, "restarted_by_engine"}};
  for (const auto& row : rows) {
    CAPTURE(row.exit_code);
    CAPTURE(row.state);
    ScoutScene scene({service("a")});
    scene.set_ended("a", row.exit_code, row.oom, row.state);
    scene.begin();
    scene.run(20s);
    CHECK(scene.kinds() == row.kinds);
    CHECK(scene.probes("a") == 0);
  }
}

TEST_CASE("a death within a gap of the stream is found when the engine is heard again") {
  struct Row {
    int exit_code;
    bool oom;
    const char* kinds;
  };
  for (const auto& row : {Row{1, false, "found_stopped"}, Row{137, true, "found_stopped"},
                          Row{143, false, "found_stopped"}, Row{137, false, "found_stopped"}}) {
    CAPTURE(row.exit_code);
    ScoutScene scene({service("a")});
    scene.begin();
    end_unseen(scene, row.exit_code, row.oom);
    scene.run(30s);
    REQUIRE(scene.kinds() == row.kinds);
    // What a person may have done is told, but nothing confirms that it is a fault: nobody acts.
    const bool may_be_a_person = row.exit_code != 1 && !row.oom;
    CHECK(scene.stage().last<IncidentOpened>().signal.confirmed_by.empty() == may_be_a_person);
  }
}

TEST_CASE("a joined service that dies besides gets an incident of its own") {
  ScoutScene scene({service("a"), service("b")});
  scene.begin();
  scene.die("b", 1);
  scene.run(1s);
  scene.behaviour["a"] = {ProbeResult::error, 1ms};
  scene.run(5s);
  REQUIRE(scene.opened() == 2);
  scene.stage().write(incident::Role::brain, 2, incident::IncidentJoined{1, "an echo"});
  scene.run(5s);
  REQUIRE(scene.opened() == 2);  // The echo goes on.
  scene.die("a", 137);
  scene.run(2s);
  CHECK(scene.opened() == 3);
}

TEST_CASE("a death that is told late is no longer a guess") {
  ScoutScene scene({service("a")});
  scene.begin();
  end_unseen(scene, 137, false);
  scene.run(500ms);
  CHECK(scene.opened() == 0);
  scene.die("a", 137);
  scene.run(1s);
  REQUIRE(scene.kinds() == "container_died");
  CHECK(scene.stage().last<IncidentOpened>().signal.confirmed_by.size() == 1);
}

TEST_CASE(
    "a death that is told after the guess is an incident of its own, once the guess is decided") {
  ScoutScene scene({service("a")});
  scene.begin();
  end_unseen(scene, 137, false);
  scene.run(6s);
  REQUIRE(scene.kinds() == "found_stopped");
  scene.die("a", 137);
  scene.run(2s);
  CHECK(scene.opened() == 1);
  scene.stage().write(incident::Role::fixer, 1, incident::Escalated{"person", "only a guess"});
  scene.run(2s);
  CHECK(scene.kinds() == "found_stopped container_died");
}

TEST_CASE(
    "a death after its symptom went to a person is an incident of its own, another one is not") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.behaviour["a"] = {ProbeResult::error, 1ms};  // A hung engine still says that it runs.
  scene.run(5s);
  REQUIRE(scene.kinds() == "probe_error");
  scene.stage().write(incident::Role::fixer, 1, incident::Escalated{"person", "not known"});
  scene.run(1s);
  scene.die("a", 137);
  scene.run(2s);
  REQUIRE(scene.kinds() == "probe_error container_died");
  scene.stage().write(incident::Role::fixer, 2, incident::Escalated{"person", "the budget"});
  scene.start("a");
  scene.run(1s);
  scene.die("a", 137);
  scene.run(2s);
  CHECK(scene.opened() == 2);
}

TEST_CASE("a service whose container is gone and that does not answer is told") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.hear(warden::Lost{"gone"});
  scene.containers.erase("a");
  scene.behaviour["a"] = {ProbeResult::refused, 1ms};
  scene.run(200ms);
  scene.hear(warden::Connected{});
  scene.run(30s);
  REQUIRE(scene.opened() == 1);
  CHECK(scene.stage().last<IncidentOpened>().signal.confirmed_by.empty());
}

TEST_CASE("a life that began within a gap is probed again") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.die("a", 1);
  scene.run(200ms);
  scene.hear(warden::Lost{"gone"});
  scene.set_started("a");
  scene.run(2s);
  const auto probes = scene.probes("a");
  scene.hear(warden::Connected{});
  scene.run(2s);
  CHECK(scene.probes("a") > probes);
}

TEST_CASE(
    "nothing is probed between a death, or our intent, and the start; then at once, in a burst") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.die("a", 1);
  scene.stage().step();
  auto probes = scene.probes("a");
  scene.run(5s);
  CHECK(scene.probes("a") == probes);
  scene.behaviour["a"] = {ProbeResult::refused, 1ms};
  scene.start("a");
  scene.stage().step();
  CHECK(scene.probes("a") == probes + 1);  // In the very step that hears of the start.
  scene.run(200ms);
  CHECK(scene.probes("a") >= probes + 5);
  scene.behaviour["a"] = {};
  scene.run(1s);
  CHECK(scene.opened() == 1);
  scene.intend(1, "a");
  probes = scene.probes("a");
  scene.run(3s);
  CHECK(scene.probes("a") == probes);
}

TEST_CASE("a start that never gets well is probed as configured after a while") {
  ScoutScene scene({service("a")});
  scene.config.services[0].health->every = 10s;
  scene.begin();
  scene.die("a", 1);
  scene.run(1s);
  scene.behaviour["a"] = {ProbeResult::refused, 1ms};
  scene.start("a");
  scene.run(40s);
  const auto probes = scene.probes("a");
  scene.run(60s);
  CHECK(scene.probes("a") - probes <= 7);
}

TEST_CASE("our own restart's death is no new fault, even when the intent is read after it") {
  ScoutScene scene({service("a")});
  scene.behaviour["a"] = {ProbeResult::timeout};
  scene.begin();
  scene.run(4s);
  REQUIRE(scene.kinds() == "probe_timeout");
  SUBCASE("the intent first") {
    scene.intend(1, "a");
    scene.event("a", EventKind::kill, {}, "15");
    scene.die("a", 137);
  }
  SUBCASE("the death first") {
    scene.event("a", EventKind::kill, {}, "15");
    scene.die("a", 137);
    scene.run(10ms);
    scene.intend(1, "a");
  }
  scene.run(200ms);
  scene.behaviour["a"] = {};
  scene.start("a");
  scene.finish(1, "a");
  scene.run(20s);
  CHECK(scene.opened() == 1);
  for (const auto& added : scene.stage().all<SignalAdded>())
    CHECK(added.signal.kind == SignalKind::probe_timeout);
  CHECK(scene.stage().incident(1).state == State::resolved);
}

TEST_CASE("an action that was overtaken or refused leaves no service unprobed") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.die("a", 1);
  scene.run(300ms);
  scene.start("a");  // A person was faster.
  scene.run(300ms);
  scene.intend(1, "a");
  auto probes = scene.probes("a");
  SUBCASE("overtaken") {
    scene.finish(1, "a");
    scene.run(10s);
    CHECK(scene.stage().incident(1).state == State::resolved);
  }
  SUBCASE("refused") {
    scene.stage().write(incident::Role::fixer, 1,
                        incident::ActionFailed{"op1", "denied: rule excluded"});
    scene.stage().write(incident::Role::fixer, 1, incident::Escalated{"person", "refused"});
    scene.run(10s);
    CHECK(scene.stage().incident(1).state == State::self_healed);
  }
  CHECK(scene.probes("a") > probes);
}

TEST_CASE("two services dying in the same step get two numbers") {
  ScoutScene scene({service("a"), service("b")});
  scene.begin();
  scene.die("a", 1);
  scene.die("b", 2);
  scene.run(1s);
  REQUIRE(scene.opened() == 2);
  CHECK(scene.stage().incident(1).signal.service == "a");
  CHECK(scene.stage().incident(2).signal.service == "b");
}

TEST_CASE("a refused append loses no death and no repeat") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.ledger.fail_appends({base::ErrorCode::unavailable, base::ErrorCode::unavailable});
  scene.die("a", 1);
  scene.run(5s);
  CHECK(scene.opened() == 1);
  scene.start("a");
  scene.run(1s);
  scene.behaviour["a"] = {ProbeResult::error};
  scene.ledger.fail_appends({base::ErrorCode::unavailable});
  scene.run(12s);
  int repeats = 0;
  for (const auto& added : scene.stage().all<SignalAdded>()) repeats += added.count;
  CHECK(repeats >= 35);
}

TEST_CASE("a death of what has an open incident is counted there, soon") {
  ScoutScene scene({service("a")});
  scene.behaviour["a"] = {ProbeResult::timeout};
  scene.begin();
  scene.run(4s);
  REQUIRE(scene.kinds() == "probe_timeout");
  scene.die("a", 1);
  scene.run(1500ms);
  CHECK(scene.opened() == 1);
  CHECK(scene.stage().last<SignalAdded>().signal.kind == SignalKind::container_died);
}

TEST_CASE("each change of container or image is told once") {
  ScoutScene scene({service("a"), service("b")});
  scene.begin();
  CHECK(scene.stage().all<incident::DeploySeen>().size() == 2);
  scene.hear(warden::Connected{});
  scene.run(5s);
  CHECK(scene.stage().all<incident::DeploySeen>().size() == 2);
  scene.containers["a"].image_id = "sha256:2";
  scene.event("a", EventKind::create);
  scene.run(5s);
  REQUIRE(scene.stage().all<incident::DeploySeen>().size() == 3);
  CHECK(scene.stage().last<incident::DeploySeen>().image_id == "sha256:2");
  CHECK_FALSE(scene.stage().last<incident::DeploySeen>().keeps_data);
  scene.begin();  // Started again: the log remembers.
  CHECK(scene.stage().all<incident::DeploySeen>().size() == 3);
  scene.containers["a"].image_id = "sha256:3";
  scene.containers["a"].labels["sre.protect"] = "true";
  scene.event("a", EventKind::create);
  scene.run(5s);
  CHECK(scene.stage().last<incident::DeploySeen>().keeps_data);
}

TEST_CASE("a Scout started again on the log opens nothing twice and sees the open death through") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.die("a", 1);
  scene.run(300ms);
  REQUIRE(scene.opened() == 1);
  scene.begin();
  scene.run(5s);
  CHECK(scene.opened() == 1);
  scene.treat(1, "a");
  scene.run(10s);
  CHECK(scene.stage().incident(1).state == State::resolved);
}

TEST_CASE("what happens while a pull request waits for its merge is an incident of its own") {
  for (const bool is_handed_over : {false, true}) {
    CAPTURE(is_handed_over);
    ScoutScene scene({service("a")});
    scene.begin();
    scene.die("a", 137);
    scene.run(1s);
    REQUIRE(scene.opened() == 1);
    scene.start("a");
    scene.run(2s);
    incident::PlanMade plan;
    plan.hash = "p1";
    plan.menu.resize(1);
    plan.menu[0].action = incident::Action::pull_request;
    incident::ActionIntended intent;
    intent.op = "op1";
    intent.plan = "p1";
    intent.action = incident::Action::pull_request;
    intent.service = "a";
    scene.stage().write(incident::Role::brain, 1, plan);
    scene.stage().write(incident::Role::fixer, 1, intent);
    if (is_handed_over)
      scene.stage().write(incident::Role::fixer, 1, incident::Escalated{"person", "to merge"});
    const auto probes = scene.probes("a");
    scene.run(2s);
    CHECK(scene.probes("a") > probes);  // It is in nobody's hands.
    scene.die("a", 137);
    scene.run(1s);
    CHECK(scene.opened() == 2);
  }
}
