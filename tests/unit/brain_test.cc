// The Brain as a role: when it speaks, what it waits for, and what it adds later.
#include "agents/brain/brain.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"
#include "tests/support/role_stage.h"

using namespace incident;
using namespace std::chrono_literals;
using brain::LogRead;
using brain::ReadLog;
using brain::ReadSnapshot;
using brain::SnapshotRead;

namespace {

struct Scene {
  config::Config config;
  fakes::MemoryLedger ledger;
  base::SeededRandom random{1};
  brain::Brain role{config, random};
  support::RoleStage<brain::Brain> stage{role, ledger, &brain::key_of};

  Scene() {
    config::Service user, policy;
    user.name = "user";
    policy.name = "policy";
    policy.health = config::Probe{};
    policy.depends_on = {"user"};
    config.services = {user, policy};
    stage.step();
  }
  void open(IncidentId id = 1, SignalKind kind = SignalKind::container_died,
            const std::string& service = "policy") {
    IncidentOpened opened;
    opened.signal.kind = kind;
    opened.signal.service = service;
    opened.signal.container = std::string(64, 'a');
    opened.signal.started_at = "t1";
    opened.signal.at = stage.now.wall;
    opened.signal.probe = "health";
    opened.signal.confirmed_by = {"engine: running", "tcp connects, nothing answers"};
    opened.snapshot = "hash";
    stage.write(Role::scout, id, opened);
  }
  void read_snapshot() {
    stage.answer("snapshot:hash", SnapshotRead{"hash", telemetry::Snapshot{}});
  }
  void read_log(IncidentId id = 1) {
    stage.answer("log:" + std::to_string(id), LogRead{id, std::vector<std::string>{"last words"}});
  }
  bool decided() { return !stage.all<PlanMade>().empty(); }
};

}  // namespace

TEST_CASE_FIXTURE(
    Scene, "a death is diagnosed as soon as snapshot and memory are there; the log may follow") {
  open();
  stage.step();
  CHECK(stage.sent<ReadSnapshot>().size() == 1);
  CHECK(stage.sent<ReadLog>().size() == 1);
  CHECK_FALSE(decided());
  read_snapshot();
  stage.write(Role::memory, 1, MemoryRecalled{});
  stage.step();
  REQUIRE(decided());
  CHECK(stage.story(2) == "evidence.collected diagnosis.made plan.made");
  read_log();
  stage.step();
  REQUIRE(stage.all<EvidenceCollected>().size() == 2);
  const auto added = stage.last<EvidenceCollected>().items.at(0);
  CHECK(added.kind == "log");
  CHECK(added.lines == std::vector<std::string>{"last words"});
  CHECK(added.id == "E" + std::to_string(stage.incident(1).evidence.size()));
  stage.run(5s);
  CHECK(stage.all<EvidenceCollected>().size() == 2);
}

TEST_CASE_FIXTURE(Scene, "how long it waits") {
  SUBCASE("for the memory 20 ms") {
    open();
    stage.step();
    read_snapshot();
    stage.run(19ms);
    CHECK_FALSE(decided());
    stage.run(2ms);
    CHECK(decided());
  }
  SUBCASE("for the snapshot 300 ms") {
    open();
    stage.write(Role::memory, 1, MemoryRecalled{});
    stage.run(299ms);
    CHECK_FALSE(decided());
    stage.run(2ms);
    CHECK(decided());
  }
  SUBCASE("for the log too, where no death decides alone") {
    open(1, SignalKind::probe_timeout);
    stage.write(Role::memory, 1, MemoryRecalled{});
    stage.step();
    read_snapshot();
    stage.run(100ms);
    CHECK_FALSE(decided());
    read_log();
    stage.step();
    CHECK(decided());
    CHECK(stage.all<EvidenceCollected>().size() == 1);
  }
}

TEST_CASE("a Brain started late still reads before it speaks, also after the machine's restart") {
  for (const bool other_boot : {false, true}) {
    Scene scene;
    scene.open();
    if (other_boot) scene.stage.now.boot = base::instant_from_ms(1000);
    brain::Brain later(scene.config, scene.random);
    support::RoleStage<brain::Brain> stage(later, scene.ledger, &brain::key_of);
    stage.now = scene.stage.now;
    if (!other_boot) stage.now.boot += 1h;
    stage.step();
    CHECK(stage.all<PlanMade>().empty());
    CHECK(stage.sent<ReadSnapshot>().size() == 1);
    stage.run(400ms);
    CHECK(stage.all<PlanMade>().size() == 1);
  }
}

TEST_CASE_FIXTURE(Scene, "an amendment comes for the log only, and only while it is worth having") {
  open();
  read_snapshot();
  stage.run(400ms);
  REQUIRE(decided());
  SUBCASE("an error is no evidence") {
    stage.answer("log:1", LogRead{1, base::Error{base::ErrorCode::unavailable, "x"}});
    stage.run(5s);
    CHECK(stage.all<EvidenceCollected>().size() == 1);
  }
  SUBCASE("half a minute later it is too late") {
    stage.run(31s);
    read_log();
    stage.run(1s);
    CHECK(stage.all<EvidenceCollected>().size() == 1);
  }
  SUBCASE("also of what is over meanwhile") {
    stage.write(Role::scout, 1, SelfHealed{"x"});
    read_log();
    stage.step();
    CHECK(stage.all<EvidenceCollected>().size() == 2);
  }
}

TEST_CASE_FIXTURE(
    Scene, "a refused plan that may pass later is made anew, citing the evidence of the record") {
  open();
  read_snapshot();
  stage.run(100ms);
  const auto first = stage.last<PlanMade>();
  stage.write(Role::fixer, 1, PlanRefused{first.hash, "freshness", "old", true});
  stage.step();
  REQUIRE(stage.all<PlanMade>().size() == 2);
  CHECK(stage.last<PlanMade>().generation == 2);
  CHECK(stage.last<PlanMade>().hash != first.hash);
  CHECK(stage.all<EvidenceCollected>().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "a recovery that did not hold is judged by the newest count of restarts") {
  open(1, SignalKind::restarted_by_engine);
  auto opened = stage.last<IncidentOpened>();
  opened.signal.engine_restarts = true;
  opened.signal.restart_count = 1;
  stage.write(Role::scout, 2, opened);
  read_snapshot();
  stage.run(400ms);
  REQUIRE(stage.incident(2).plan->menu.front().action == Action::noop);
  stage.write(Role::fixer, 2, VerificationAsked{"", "policy", stage.now.wall, 5s});
  opened.signal.restart_count = 3;
  stage.write(Role::scout, 2, SignalAdded{opened.signal, 1});
  stage.write(Role::scout, 2, VerificationFailed{"", "it died again"});
  stage.step();
  CHECK(stage.incident(2).diagnosis->failure == FailureClass::crash_loop);
  CHECK(stage.incident(2).plan->menu.front().action == Action::escalate);
}

TEST_CASE_FIXTURE(Scene, "what follows from another is joined at once, with evidence") {
  open(1, SignalKind::container_died, "user");
  open(2, SignalKind::probe_error, "policy");
  stage.step();
  const auto& joined = stage.incident(2);
  CHECK(joined.state == State::joined);
  CHECK(joined.root == 1);
  CHECK(joined.diagnosis->failure == FailureClass::dependency_down);
  CHECK(joined.diagnosis->culprit == "user");
  CHECK(joined.evidence.size() == 3);
  for (const auto& edge : joined.diagnosis->path) CHECK_FALSE(edge.evidence.empty());
  CHECK(stage.incident(1).state == State::open);  // Waits for its own readings.
}

TEST_CASE_FIXTURE(Scene, "an append refused or in conflict is decided anew") {
  open();
  read_snapshot();
  ledger.fail_appends({base::ErrorCode::unavailable, base::ErrorCode::conflict});
  stage.run(3s);
  CHECK(stage.all<PlanMade>().size() == 1);
  CHECK(stage.all<DiagnosisMade>().size() == 1);
}

namespace {

// As the rules leave it to a person.
void escalate(Scene& scene) {
  scene.open();
  scene.stage.write(Role::memory, 1, MemoryRecalled{});
  scene.stage.step();
  scene.read_snapshot();
  scene.stage.step();
  REQUIRE(scene.decided());
  scene.stage.write(Role::fixer, 1, Escalated{"person", "the budget is spent"});
}

}  // namespace

TEST_CASE("a restart that a person asks for: exactly that container, as it is now, first") {
  for (const bool escalated : {false, true}) {
    CAPTURE(escalated);
    Scene scene;
    auto& stage = scene.stage;
    escalate(scene);
    if (!escalated) {
      stage.write(Role::scribe, 1, IncidentClosed{""});
      stage.write(Role::scribe, 1, IncidentReopened{"ada"});
      stage.step();
      REQUIRE(stage.incident(1).state == State::planned);
    }
    const int generation = stage.incident(1).plan->generation;
    stage.write(Role::scribe, 1, OperatorCommanded{"/restart user", "ada"});
    stage.step();
    REQUIRE(stage.sent<brain::ReadContainer>().size() == 1);
    CHECK(stage.sent<brain::ReadContainer>()[0].service == "user");
    CHECK(stage.incident(1).plan->asked_by.empty());
    stage.answer("container:1:user",
                 brain::ContainerRead{1, "user", brain::Target{std::string(64, 'b'), "t9"}});
    stage.step();
    const auto plan = stage.last<PlanMade>();
    CHECK(stage.incident(1).state == State::planned);
    CHECK(stage.incident(1).approval->by == "ada");
    CHECK(plan.asked_by == "ada");
    CHECK(plan.generation == generation + 1);
    REQUIRE(plan.menu.size() == 2);
    CHECK(plan.menu[0].action == Action::restart);
    CHECK(plan.menu[0].service == "user");
    CHECK(plan.menu[0].container == std::string(64, 'b'));
    CHECK(plan.menu[0].seen_started_at == "t9");
    CHECK(plan.menu[0].reason == "asked by ada");
    CHECK(plan.menu[1].action == Action::escalate);
    const auto plans = stage.all<PlanMade>().size();
    stage.run(5s);
    CHECK(stage.all<PlanMade>().size() == plans);  // Once.
    // The next wish looks at the container anew.
    stage.write(Role::fixer, 1, Escalated{"ada", "cooldown"});
    stage.write(Role::scribe, 1, OperatorCommanded{"/restart user", "ada"});
    stage.step();
    CHECK(stage.sent<brain::ReadContainer>().size() == 2);
  }
}

TEST_CASE("a restart that cannot be is handed back with the reason") {
  struct Row {
    const char* command;
    bool looks;
    const char* reason;
  };
  const Row rows[] = {
      {"/restart usr", false, "the nearest name is \"user\""},
      {"/restart", false, "it names no service"},
      {"/restart user; rm -rf /", false, "no service is called"},
      {"/restart billing", false, "neither this incident's service"},
      {"/restart user", true, "the engine has none"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.command);
    Scene scene;
    config::Service other;
    other.name = "billing";
    scene.config.services.push_back(other);
    escalate(scene);
    scene.stage.write(Role::person, 1, OperatorCommanded{row.command, "ada"});
    scene.stage.step();
    CHECK(scene.stage.sent<brain::ReadContainer>().size() == (row.looks ? 1 : 0));
    if (row.looks) {
      const base::Error none{base::ErrorCode::not_found, "the engine has none"};
      scene.stage.answer("container:1:user", brain::ContainerRead{1, "user", none});
      scene.stage.step();
    }
    const auto plan = scene.stage.last<PlanMade>();
    CHECK(plan.asked_by == "ada");
    REQUIRE(plan.menu.size() == 1);
    CHECK(plan.menu[0].action == Action::escalate);
    CHECK(plan.menu[0].reason.find(row.reason) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Scene,
                  "while the warden is away, the container is looked for again, not for ever") {
  escalate(*this);
  stage.write(Role::scribe, 1, OperatorCommanded{"/restart policy", "ada"});
  const base::Error away{base::ErrorCode::unavailable, "nobody listens"};
  int asked = 0;
  stage.on_request = [&](const std::string& key, const brain::Request& request) {
    if (!std::holds_alternative<brain::ReadContainer>(request)) return;
    ++asked;
    stage.in(1ms,
             [this, key, away] { stage.answer(key, brain::ContainerRead{1, "policy", away}); });
  };
  SUBCASE("it comes back") {
    stage.run(5s);
    CHECK(asked > 5);
    stage.on_request = [&](const std::string& key, const brain::Request&) {
      stage.in(1ms, [this, key] {
        stage.answer(key,
                     brain::ContainerRead{1, "policy", brain::Target{std::string(64, 'a'), "t"}});
      });
    };
    stage.run(2s);
    CHECK(stage.last<PlanMade>().menu.at(0).action == Action::restart);
  }
  SUBCASE("it does not") {
    stage.run(60s);
    CHECK(asked < 150);
    REQUIRE(stage.last<PlanMade>().menu.size() == 1);
    CHECK(stage.last<PlanMade>().menu[0].reason.find("nobody listens") != std::string::npos);
  }
}

TEST_CASE("replicas that a person asks for, from outside of any incident") {
  struct Row {
    int running, wanted;
    bool balanced;
    Action action;
    const char* reason;
  };
  const Row rows[] = {
      {0, 3, true, Action::scale_up, "asked by console"},
      {3, 0, true, Action::scale_down, "asked by console"},
      {3, 3, true, Action::escalate, "it has as many already"},
      {0, 6, true, Action::escalate, "6 is not between 0 and 5"},
      {0, 3, false, Action::escalate, "the configuration's balancer has no upstream of user"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.wanted);
    Scene scene;
    if (row.balanced) {
      config::Balancer balancer;
      balancer.upstreams = {{"user", "user", 8000}};
      scene.config.balancer = balancer;
    }
    IncidentOpened opened;
    opened.signal.kind = SignalKind::asked;
    opened.signal.service = "user";
    opened.signal.asked = "/scale user " + std::to_string(row.wanted);
    opened.signal.asked_by = "console";
    scene.stage.write(Role::scout, 1, opened);
    scene.stage.step();
    if (scene.stage.in_flight.contains("container:1:user")) {
      const brain::Target target{std::string(64, 'b'), "t9", row.running};
      scene.stage.answer("container:1:user", brain::ContainerRead{1, "user", target});
      scene.stage.step();
    }
    const auto plan = scene.stage.last<PlanMade>();
    CHECK(plan.asked_by == "console");
    CHECK(plan.menu[0].action == row.action);
    CHECK(plan.menu[0].reason.find(row.reason) != std::string::npos);
    CHECK(scene.stage.incident(1).state == State::planned);
    if (row.action != Action::escalate) CHECK(plan.menu[0].change.to == row.wanted);
    CHECK(scene.stage.all<DiagnosisMade>().empty());
    // It is no root of what fails beside it.
    scene.open(2, SignalKind::probe_error, "policy");
    scene.read_snapshot();
    scene.stage.run(1s);
    CHECK(scene.stage.all<IncidentJoined>().empty());
  }
}

TEST_CASE_FIXTURE(Scene, "a wish that nobody heard for half an hour makes a plan that is over") {
  escalate(*this);
  stage.write(Role::scribe, 1, OperatorCommanded{"/restart policy", "ada"});
  stage.now.wall += 3h;
  stage.now.boot += 3h;
  stage.step();
  stage.answer("container:1:policy",
               brain::ContainerRead{1, "policy", brain::Target{std::string(64, 'a'), "t2"}});
  stage.step();
  CHECK(stage.last<PlanMade>().expires < stage.now.wall);
}

namespace {

// A runbook of two changes, and one that follows when the second fails.
runbook::Catalogue two_steps() {
  const auto parse = [](const std::string& name, const std::string& rest) {
    return *runbook::parse_runbook("runbook: " + name +
                                       "\ntitle: t\nrisk: low\nrank: 0.8\nreason: It helps.\n"
                                       "proof: p\nundo: u\n" +
                                       rest,
                                   name + ".yaml");
  };
  return {
      parse("twice",
            "when: {failure: [crash]}\nsteps: [restart, verify: {soak: 7m}, notify: {text: Once "
            "more.}, wait: {for: 5s}, restart, wait: {for: 2s}, verify]\non_failure: other\n"),
      parse("other", "steps: [restart, verify]\n")};
}

struct RunbookScene : Scene {
  const runbook::Catalogue runbooks = two_steps();
  brain::Brain own{config, random, runbooks};
  support::RoleStage<brain::Brain> steps{own, ledger, &brain::key_of};

  void open_and_read() {
    IncidentOpened opened;
    opened.signal.service = "policy";
    opened.signal.container = std::string(64, 'a');
    opened.signal.started_at = "t1";
    opened.signal.at = steps.now.wall;
    steps.write(Role::scout, 1, opened);
    steps.run(400ms);
  }
  MenuEntry first() { return steps.last<PlanMade>().menu.front(); }
  void act() {
    const auto op = "op" + std::to_string(++ops);
    steps.write(
        Role::fixer, 1,
        ActionIntended{op, steps.last<PlanMade>().hash, 1, Action::restart, "policy", "", "", {}});
    steps.write(Role::fixer, 1, ActionDone{op, "t2", false});
    steps.write(Role::fixer, 1, VerificationAsked{op, "policy", {}, 1s});
  }
  int ops = 0;
};

}  // namespace

TEST_CASE_FIXTURE(RunbookScene, "a runbook goes on when its step is proven, not before its wait") {
  open_and_read();
  REQUIRE(first().runbook == "twice");
  CHECK(first().step == 0);
  CHECK(first().more);
  CHECK(first().soak == 7min);
  CHECK(first().on_failure == "other");
  act();
  steps.run(1s);
  CHECK(steps.all<PlanMade>().size() == 1);
  steps.write(Role::scout, 1, VerificationPassed{"op1", 10, 3, ""});
  steps.run(4900ms);
  CHECK(steps.all<PlanMade>().size() == 1);
  steps.run(200ms);
  REQUIRE(steps.all<PlanMade>().size() == 2);
  CHECK(steps.all<DiagnosisMade>().size() == 1);  // The cause is known already.
  CHECK(first().step == 4);
  CHECK_FALSE(first().more);
  CHECK(first().soak == 2s);
  CHECK(first().reason.starts_with("Once more. It helps."));

  SUBCASE("a plan that grew too old is made anew for the same step") {
    steps.write(Role::fixer, 1, PlanRefused{steps.last<PlanMade>().hash, "freshness", "old", true});
    steps.run(10s);
    CHECK(steps.all<PlanMade>().size() == 3);
    CHECK(first().step == 4);
  }
  SUBCASE("the other runbook follows when the step is not proven, and then nothing") {
    act();
    steps.write(Role::scout, 1, VerificationFailed{"op2", "still sick"});
    steps.run(10s);
    CHECK(first().runbook == "other");
    CHECK(first().on_failure.empty());
    act();
    steps.write(Role::scout, 1, VerificationFailed{"op3", "still sick"});
    steps.run(10s);
    CHECK(steps.all<PlanMade>().size() == 3);
  }
}

TEST_CASE_FIXTURE(Scene, "after a rollback the commit is reverted if it is known by then") {
  for (auto& service : config.services) service.gitops = config::Gitops{};
  const std::string old(64, 'b'), bad(64, 'a'), made(64, 'c');
  const auto see = [&](const std::string& container, const std::string& snapshot) {
    stage.write(Role::scout, 0,
                DeploySeen{"policy", container, "img", "sha256:" + snapshot, false, snapshot});
  };
  see(old, "old");
  stage.run(1s);
  see(bad, "new");
  IncidentOpened opened;
  opened.signal.service = "policy";
  opened.signal.container = bad;
  opened.signal.started_at = "t1";
  opened.signal.at = stage.now.wall;
  stage.write(Role::scout, 1, opened);
  stage.run(400ms);
  REQUIRE(stage.last<PlanMade>().menu.front().action == Action::rollback);
  CHECK(stage.last<DiagnosisMade>().commit.empty());
  const auto plan = stage.last<PlanMade>();
  stage.write(Role::fixer, 1,
              ActionIntended{"op1", plan.hash, 1, Action::rollback, "policy", bad, "t1", {}});
  stage.write(Role::fixer, 1, ActionDone{"op1", "t2", false, made, "new"});
  stage.write(Role::fixer, 1, VerificationAsked{"op1", "policy", {}, 1s});
  see(made, "old");
  SUBCASE("told meanwhile") {
    stage.write(Role::scout, 0,
                DeployReported{"policy", "prod", "2", "c0ffee1", "succeeded", stage.now.wall});
    stage.run(100ms);
    CHECK(stage.last<EvidenceCollected>().items.front().text.find("commit c0ffee1") !=
          std::string::npos);
    stage.write(Role::scout, 1, VerificationPassed{"op1", 10, 3, ""});
    stage.run(1s);
    const auto choice = stage.last<PlanMade>().menu.front();
    CHECK(choice.action == Action::revert_config);
    CHECK(choice.commit == "c0ffee1");
    CHECK(choice.container == made);
    CHECK(stage.incident(1).state == State::planned);
    return;
  }
  SUBCASE("never told: what is proven stays so") {
    stage.write(Role::scout, 1, VerificationPassed{"op1", 10, 3, ""});
    stage.run(10s);
    CHECK(stage.last<PlanMade>().menu.empty());
    CHECK(stage.incident(1).state == State::resolved);
    CHECK(stage.all<DiagnosisMade>().size() == 1);
  }
}
