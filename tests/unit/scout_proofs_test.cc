// Scout's verdicts on fixes: what is proven, what is not, and that missing data proves nothing.
#include "tests/support/scout_scene.h"

using namespace support;
using incident::VerificationFailed;
using incident::VerificationPassed;
using incident::VerificationTried;

namespace {

struct ProofScene : ScoutScene {
  explicit ProofScene(std::vector<config::Service> services = {service("a"), service("b")})
      : ScoutScene(std::move(services)) {
    begin();
    run(20s);
  }
  void crash(const std::string& name = "a") {
    die(name, 1);
    run(300ms);
    REQUIRE(opened() == 1);
  }
  void crash_and_treat() {
    crash();
    treat(1, "a");
  }
  State state() { return stage().incident(1).state; }
};

config::Service with_slow_path(config::Service made) {
  made.path = probe_settings();
  made.path->latency_bound = 500ms;
  made.path->window = 10s;
  made.path->timeout = 8s;
  return made;
}

}  // namespace

TEST_CASE_FIXTURE(
    ProofScene,
    "the first good probe is told at once, the proof after the soak time and enough probes") {
  crash_and_treat();
  run(100ms);
  CHECK(stage().last<VerificationTried>().ok);
  run(4s);
  CHECK(state() == State::verifying);
  run(2s);
  CHECK(state() == State::resolved);
  CHECK(stage().last<VerificationPassed>().probes >= 10);
  CHECK(stage().last<VerificationPassed>().op == "op1");
  CHECK(stage().last<VerificationPassed>().worst_ms == 2);
}

TEST_CASE("never fewer probes than the limit says") {
  config::Service a = service("a");
  a.health->every = 2s;
  ProofScene scene({a});
  scene.crash_and_treat();
  scene.run(17s);
  CHECK(scene.state() == State::verifying);
  scene.run(3s);
  CHECK(scene.state() == State::resolved);
  CHECK(scene.stage().last<VerificationPassed>().probes == 10);
}

TEST_CASE_FIXTURE(ProofScene, "failed tries are told, a few of them, until the first good one") {
  crash();
  behaviour["a"] = {ProbeResult::refused, 1ms};
  treat(1, "a");
  run(9s);
  const auto told = stage().all<VerificationTried>().size();
  CHECK(told == 10);
  behaviour["a"] = {};
  run(7s);
  CHECK(stage().all<VerificationTried>().size() == told + 1);
  CHECK(state() == State::resolved);
}

TEST_CASE_FIXTURE(ProofScene, "what fails a proof") {
  crash_and_treat();
  run(2s);
  std::string reason;
  SUBCASE("it dies again") {
    die("a", 1);
    run(300ms);
    reason = "it died again";
  }
  SUBCASE("its probe fails again") {
    behaviour["a"] = {ProbeResult::error};
    run(1s);
    reason = "sick again after the first good probe";
  }
  REQUIRE(stage().all<VerificationFailed>().size() == 1);
  CHECK(stage().last<VerificationFailed>().reason.starts_with(reason));
  CHECK(opened() == 1);
}

TEST_CASE_FIXTURE(ProofScene, "one failed probe alone fails nothing") {
  crash_and_treat();
  run(2s);
  behaviour["a"] = {ProbeResult::error};
  run(250ms);
  behaviour["a"] = {};
  run(8s);
  CHECK(state() == State::resolved);
}

TEST_CASE_FIXTURE(ProofScene, "without any good probe the deadline ends it") {
  config.limits.verify_deadline = 20s;
  crash();
  behaviour["a"] = {ProbeResult::refused, 1ms};
  treat(1, "a");
  run(19s);
  CHECK(state() == State::verifying);
  run(2s);
  REQUIRE(stage().all<VerificationFailed>().size() == 1);
  CHECK(stage().last<VerificationFailed>().reason.find("no good probe yet") != std::string::npos);
}

TEST_CASE_FIXTURE(ProofScene, "nothing else may have got worse") {
  SUBCASE("another falls sick meanwhile") {
    crash_and_treat();
    behaviour["b"] = {ProbeResult::error};
    run(8s);
    CHECK(state() == State::verifying);
    behaviour["b"] = {};
    run(2s);
    CHECK(state() == State::resolved);
  }
  SUBCASE("another was sick before") {
    behaviour["b"] = {ProbeResult::error};
    run(2s);
    die("a", 1);
    run(300ms);
    treat(2, "a");
    run(8s);
    CHECK(stage().incident(2).state == State::resolved);
  }
}

TEST_CASE_FIXTURE(ProofScene, "a lost engine proves nothing and fails nothing") {
  crash_and_treat();
  hear(warden::Lost{"gone"});
  run(10s);
  CHECK(state() == State::verifying);
  hear(warden::Connected{});
  run(1s);
  CHECK(state() == State::resolved);
}

TEST_CASE("a service without probes is judged by its callers") {
  config::Service user = service("user");
  user.health.reset();
  ProofScene scene({user, service("policy", {"user"}), service("other")});
  scene.crash("user");
  scene.behaviour["policy"] = {ProbeResult::error};
  scene.treat(1, "user");
  scene.run(8s);
  CHECK(scene.state() == State::verifying);  // Its caller does not answer well yet.
  scene.behaviour["policy"] = {};
  scene.run(8s);
  CHECK(scene.state() == State::resolved);
  CHECK(scene.stage().last<VerificationPassed>().probes >= 10);
}

TEST_CASE("without any judge the engine's state must do, and says so") {
  config::Service alone = service("alone");
  alone.health.reset();
  ProofScene scene({alone});
  scene.crash("alone");
  scene.treat(1, "alone");
  scene.run(4s);
  CHECK(scene.state() == State::verifying);
  scene.run(2s);
  CHECK(scene.state() == State::resolved);
  CHECK(scene.stage().last<VerificationPassed>().detail.find("engine's state alone") !=
        std::string::npos);
}

TEST_CASE("slow answers are no proof of a latency fix, and other probes do not stand in") {
  ProofScene scene({with_slow_path(service("a"))});
  scene.behaviour["a/path"] = {ProbeResult::ok, 900ms};
  scene.run(15s);
  REQUIRE(scene.kinds() == "latency_above_bound");
  SUBCASE("still slow") {
    scene.config.limits.verify_deadline = 20s;
    scene.treat(1, "a");
    scene.run(19s);
    CHECK(scene.state() == State::verifying);
    CHECK_FALSE(scene.stage().incident(1).first_good);
    scene.run(2s);
    CHECK(scene.stage().last<VerificationFailed>().reason.find("slower than 500ms") !=
          std::string::npos);
  }
  SUBCASE("cured") {
    scene.behaviour["a/path"] = {};
    scene.treat(1, "a");
    scene.run(7s);
    CHECK(scene.state() == State::resolved);
  }
}

TEST_CASE("every probe of the service must answer well in the end") {
  ProofScene scene({with_slow_path(service("a"))});
  scene.die("a", 1);
  scene.run(300ms);
  scene.behaviour["a/path"] = {ProbeResult::timeout};  // 8 s: never done within the soak time.
  scene.treat(1, "a");
  scene.run(7s);
  CHECK(scene.state() == State::verifying);
}

TEST_CASE_FIXTURE(ProofScene, "doing nothing is proven alike: healed by itself, or not") {
  containers["a"].restart_policy = engine::RestartPolicy::always;
  set_ended("a", 1, false, RunState::restarting);
  event("a", EventKind::die, 1);
  run(200ms);
  REQUIRE(kinds() == "restarted_by_engine");
  plan(1, "a", incident::Action::noop);
  ask_proof(1, "a", "");
  run(500ms);
  start("a");
  SUBCASE("it stays") {
    run(8s);
    CHECK(state() == State::self_healed);
  }
  SUBCASE("it dies again") {
    run(1s);
    set_ended("a", 1, false, RunState::restarting);
    event("a", EventKind::die, 1);
    run(300ms);
    CHECK(state() == State::diagnosing);
    CHECK(stage().last<incident::SignalAdded>().signal.restart_count == 2);
  }
}

TEST_CASE_FIXTURE(ProofScene, "a Scout started again proves from the beginning") {
  crash_and_treat();
  run(3s);
  begin();
  run(3s);
  CHECK(state() == State::verifying);
  run(4s);
  CHECK(state() == State::resolved);
  CHECK(stage().all<VerificationTried>().size() == 1);
}

TEST_CASE_FIXTURE(ProofScene,
                  "the verdict is recorded once, whatever the ledger refuses in between") {
  crash_and_treat();
  run(4s);
  ledger.fail_appends(
      {base::ErrorCode::unavailable, base::ErrorCode::unavailable, base::ErrorCode::unavailable});
  run(10s);
  CHECK(stage().all<VerificationPassed>().size() == 1);
}

TEST_CASE("the restart of another service is proven by the incident's own probes, from then on") {
  for (const bool helps : {true, false}) {
    CAPTURE(helps);
    ProofScene scene;
    scene.behaviour["a"] = {ProbeResult::error, 1ms};  // It was well until now.
    scene.run(2s);
    REQUIRE(scene.opened() == 1);
    if (helps) scene.behaviour["a"] = {};
    scene.intend(1, "b", "op1");
    scene.die("b", 143);
    scene.start("b");
    scene.finish(1, "a", "op1");
    scene.run(3s);
    CHECK(scene.state() == State::verifying);  // Old good answers prove nothing, old bad ones too.
    scene.run(4s);
    CHECK(scene.state() == (helps ? State::resolved : State::verifying));
  }
}

TEST_CASE_FIXTURE(ProofScene,
                  "a change of a running container is proven by what is probed after it") {
  crash_and_treat();
  run(20s);
  REQUIRE(state() == State::resolved);
  incident::IncidentOpened opened;
  opened.signal.service = "a";
  stage().write(incident::Role::scout, 2, opened);
  plan(2, "a", incident::Action::pull_request);
  incident::ActionIntended intent;
  intent.op = "op2";
  intent.action = incident::Action::pull_request;
  intent.service = "a";
  intent.container = containers["a"].id;
  stage().write(incident::Role::fixer, 2, intent);
  stage().write(incident::Role::scribe, 2, incident::PrMerged{"op2", "abc"});
  finish(2, "a", "op2");
  run(4s);
  CHECK(stage().incident(2).state == State::verifying);
  run(3s);
  CHECK(stage().incident(2).state == State::resolved);
}
