// Scout and what people want from outside of any incident: each wish is an incident of its own,
// once, and no trouble of its service.
#include "incident/wish_codec.h"
#include "tests/support/scout_scene.h"

using namespace support;
using incident::IncidentOpened;

namespace {

struct WishScene : ScoutScene {
  WishScene() : ScoutScene({service("a"), service("b")}) {
    begin();
    run(5s);
  }
  void wish(const std::string& id, const std::string& command, base::Duration age = 0s) {
    ledger::Delivery delivery;
    delivery.source = "wish";
    delivery.delivery = id;
    delivery.body = incident::encode(incident::Wish{id, command, "console"});
    delivery.received = stage().now.wall - std::chrono::duration_cast<base::Millis>(age);
    scout().absorb(delivery, stage().now);
    stage().step();
  }
  void add_replica(const std::string& of, int index, RunState state = RunState::running) {
    engine::Container made = containers[of];
    made.id = std::string(63, 'b') + static_cast<char>('0' + index);
    made.name = warden::replica_name(of, index);
    made.state = state;
    replicas.push_back({of, made});
    hear(warden::Replicated{of});
    run(100ms);
  }
  // What Brain and Fixer would write until the warden has scaled.
  void scale(incident::IncidentId id, const std::string& name, int to) {
    incident::MenuEntry entry;
    entry.action = incident::Action::scale_up;
    entry.service = name;
    entry.change = {"replicas", 0, to};
    stage().write(incident::Role::brain, id,
                  incident::PlanMade{"p", 1, stage().now.wall + 5min, {entry}, "console"});
    incident::ActionIntended intent;
    intent.op = "op1";
    intent.plan = "p";
    intent.action = incident::Action::scale_up;
    intent.service = name;
    intent.container = containers[name].id;
    intent.change = entry.change;
    stage().write(incident::Role::fixer, id, intent);
    stage().step();
    stage().write(incident::Role::fixer, id,
                  incident::ActionDone{"op1", containers[name].started_at, false});
    ask_proof(id, name, "op1");
  }
};

}  // namespace

TEST_CASE_FIXTURE(WishScene, "a wish is opened once, by whatever way it is heard again") {
  wish("w1", "/scale a 3");
  REQUIRE(opened() == 1);
  const auto made = stage().last<IncidentOpened>();
  CHECK(made.signal.kind == SignalKind::asked);
  CHECK(made.signal.asked == "/scale a 3");
  CHECK(made.signal.asked_by == "console");
  CHECK(made.severity == incident::Severity::low);
  CHECK(made.signal.container == containers["a"].id);
  REQUIRE(stage().incident(1).action_asked);
  CHECK(stage().incident(1).action_asked->count == 3);
  wish("w1", "/scale a 3");
  begin();  // The inbox is read from its beginning.
  wish("w1", "/scale a 3");
  CHECK(opened() == 1);
  wish("w2", "/scale a 3");  // An equal one is another one.
  CHECK(opened() == 2);
}

TEST_CASE_FIXTURE(WishScene, "what is old, of nobody or damaged opens nothing") {
  wish("w1", "/scale a 3", 21s);
  wish("w2", "/scale nobody 3");
  wish("w3", "/scale");
  ledger::Delivery delivery;
  delivery.source = "wish";
  delivery.received = stage().now.wall;
  for (const char* body : {"", "{}", R"({"id":"w","command":"/scale a 3"})",
                           R"({"id":"w","command":"/scale a 3","by":"x\ny"})"}) {
    delivery.body = body;
    scout().absorb(delivery, stage().now);
  }
  run(1s);
  CHECK(opened() == 0);
  // One that could not be written in time is forgotten, too.
  ledger.fail_appends({base::ErrorCode::unavailable});
  wish("w4", "/scale a 3");
  run(1s);
  CHECK(opened() == 1);
}

TEST_CASE_FIXTURE(WishScene, "an open wish hides no trouble, and does not heal by itself") {
  wish("w1", "/scale a 3");
  run(30s);
  CHECK(stage().incident(1).state == State::open);  // Healthy as the service is.
  die("a", 1);
  run(1s);
  REQUIRE(opened() == 2);
  CHECK(stage().last<IncidentOpened>().signal.kind == SignalKind::container_died);
  CHECK(stage().all<incident::SignalAdded>().empty());
}

TEST_CASE_FIXTURE(WishScene, "a death is told also after the wish was turned down") {
  wish("w1", "/scale a 3");
  die("a", 1);
  stage().write(incident::Role::fixer, 1, incident::StoodDown{"cooldown", "fixer"});
  run(2s);
  CHECK(kinds() == "asked container_died");
}

TEST_CASE_FIXTURE(WishScene, "replicas: counted while they run, and told with each signal") {
  add_replica("a", 1);
  add_replica("a", 2);
  add_replica("a", 3, RunState::exited);
  die("a", 1);
  run(1s);
  CHECK(stage().last<IncidentOpened>().signal.replicas == 2);
}

TEST_CASE_FIXTURE(WishScene, "scaling is proven by replicas that run for the soak time") {
  wish("w1", "/scale a 2");
  scale(1, "a", 2);
  SUBCASE("all of them") {
    add_replica("a", 1);
    add_replica("a", 2);
    run(8s);
    CHECK(stage().incident(1).state == State::resolved);
    CHECK(kinds() == "asked");
  }
  SUBCASE("one is missing") {
    add_replica("a", 1);
    run(config.limits.verify_deadline + 20s);
    REQUIRE(stage().incident(1).failed);
    CHECK(stage().incident(1).failed->reason.find("1 of 2 replicas run") != std::string::npos);
  }
}
