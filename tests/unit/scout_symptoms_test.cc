// Scout on symptoms of what runs: what it takes to open an incident, and what never does.
#include <chrono>

#include "tests/support/scout_scene.h"

using namespace support;
using incident::IncidentOpened;
using incident::SignalAdded;

namespace {

config::Service with_path(config::Service made) {
  made.path = probe_settings();
  made.path->url = "http://127.0.0.1:8001/quote";
  made.path->latency_bound = 500ms;
  made.path->window = 10s;
  made.path->timeout = 8s;
  made.path->every = 1s;
  return made;
}

bool has(const std::vector<std::string>& list, const std::string& start) {
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& item) { return item.starts_with(start); });
}

}  // namespace

TEST_CASE(
    "failed probes open an incident after `fails` in a row, with the engine's word that it runs") {
  struct Row {
    ProbeResult result;
    SignalKind kind;
  };
  for (const auto& row : {Row{ProbeResult::timeout, SignalKind::probe_timeout},
                          Row{ProbeResult::refused, SignalKind::probe_refused},
                          Row{ProbeResult::error, SignalKind::probe_error}}) {
    CAPTURE(row.kind);
    ScoutScene scene({service("a")});
    scene.begin();
    scene.run(20s);
    scene.behaviour["a"] = {row.result};
    scene.run(3s);
    REQUIRE(scene.opened() == 1);
    const auto signal = scene.stage().last<IncidentOpened>().signal;
    CHECK(signal.kind == row.kind);
    CHECK(signal.probe == "health");
    CHECK(has(signal.confirmed_by, "engine: running"));
    CHECK(has(signal.confirmed_by, "tcp connects") == (row.kind == SignalKind::probe_timeout));
  }
}

TEST_CASE("a hang is told within every x fails + timeout + one inspection") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.behaviour["a"] = {ProbeResult::timeout};
  const auto since = scene.stage().now.boot;
  while (scene.opened() == 0) scene.run(10ms);
  CHECK(scene.stage().now.boot - since <= 2 * 250ms + 1s + 95ms + 20ms);
}

TEST_CASE("one failure between good answers is no symptom") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  for (int i = 0; i < 20; ++i) {
    scene.behaviour["a"] = {ProbeResult::error};
    scene.run(250ms);
    scene.behaviour["a"] = {};
    scene.run(250ms);
  }
  CHECK(scene.opened() == 0);
}

TEST_CASE("statistics and callers are second signals") {
  ScoutScene scene({service("a"), service("b", {"a"})});
  scene.begin();
  scene.run(20s);
  const auto signal = [&] {
    scene.behaviour["a"] = {ProbeResult::refused};
    scene.run(3s);
    REQUIRE(scene.opened() >= 1);
    return scene.stage().all<IncidentOpened>()[0].signal;
  };
  SUBCASE("none") { CHECK(signal().confirmed_by.size() == 1); }
  SUBCASE("CPU at 0") {
    scene.use_cpu("a", 0, 3s);
    CHECK(has(signal().confirmed_by, "stats: CPU at 0"));
  }
  SUBCASE("CPU in use") {
    scene.use_cpu("a", 3, 3s);
    CHECK_FALSE(has(signal().confirmed_by, "stats:"));
  }
  SUBCASE("CPU at 0, but long ago") {
    scene.use_cpu("a", 0, 3s);
    scene.run(20s);
    CHECK_FALSE(has(signal().confirmed_by, "stats:"));
  }
  SUBCASE("a caller") {
    scene.behaviour["b"] = {ProbeResult::error};
    CHECK(has(signal().confirmed_by, "caller: the probe of b fails"));
  }
}

TEST_CASE("a young process may refuse for ten seconds, no longer") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.event("a", EventKind::kill, {}, "15");
  scene.die("a", 0);
  scene.run(100ms);
  scene.behaviour["a"] = {ProbeResult::refused, 1ms};
  scene.start("a");
  scene.run(9s);
  CHECK(scene.opened() == 0);
  scene.run(3s);
  CHECK(scene.kinds() == "probe_refused");
}

TEST_CASE("slowness opens only when every sample of the whole window was over the bound") {
  ScoutScene scene({with_path(service("a"))});
  scene.begin();
  scene.run(20s);
  scene.behaviour["a/path"] = {ProbeResult::ok, 900ms};
  scene.run(9s);
  CHECK(scene.opened() == 0);
  SUBCASE("it goes on") {
    scene.run(4s);
    REQUIRE(scene.kinds() == "latency_above_bound");
    const auto signal = scene.stage().last<IncidentOpened>().signal;
    CHECK(signal.latency_ms == 900);
    CHECK(signal.probe == "path");
    CHECK(has(signal.confirmed_by, "engine: running"));
  }
  SUBCASE("one quick answer starts the window anew") {
    scene.behaviour["a/path"] = {};
    scene.run(1s);
    scene.behaviour["a/path"] = {ProbeResult::ok, 900ms};
    scene.run(9s);
    CHECK(scene.opened() == 0);
  }
  SUBCASE("a start begins the window anew") {
    scene.event("a", EventKind::kill, {}, "15");
    scene.die("a", 0);
    scene.run(100ms);
    scene.start("a");
    scene.run(9s);
    CHECK(scene.opened() == 0);
  }
}

TEST_CASE("CPU opens only at the limit in every sample of the window, frequent or rare") {
  struct Row {
    std::string name;
    double cpu;
    base::Duration duration, every;
    std::string kinds;
  };
  const Row rows[] = {{"at the limit", 50, 13s, 1s, "cpu_at_limit"},
                      {"just under", 45, 30s, 1s, ""},
                      {"not the whole window", 50, 9s, 1s, ""},
                      {"rare samples", 50, 45s, 10s, "cpu_at_limit"},
                      {"two rare samples", 50, 15s, 10s, ""}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    ScoutScene scene({service("a")});
    scene.begin();
    scene.use_cpu("a", 1, row.every * 2, row.every);
    scene.use_cpu("a", row.cpu, row.duration, row.every);
    scene.run(1s);
    CHECK(scene.kinds() == row.kinds);
  }
}

TEST_CASE("CPU samples that stopped coming say nothing") {
  ScoutScene scene({service("a")});
  scene.inspecting = 60s;  // The confirmation is late.
  scene.begin();
  scene.use_cpu("a", 50, 13s);
  scene.run(90s);
  CHECK(scene.opened() == 0);
}

TEST_CASE("the engine's own health check is a symptom") {
  ScoutScene scene({service("a")});
  scene.begin();
  engine::Event event;
  event.kind = EventKind::health_status;
  event.id = scene.containers["a"].id;
  event.health = engine::HealthState::unhealthy;
  scene.containers["a"].health = engine::HealthState::unhealthy;
  scene.hear(warden::Happened{"a", event});
  scene.run(1s);
  CHECK(scene.kinds() == "engine_unhealthy");
}

TEST_CASE("a dependency in trouble gets time to explain its callers' errors, but not for ever") {
  ScoutScene scene({service("a"), service("b", {"a"})});
  scene.begin();
  scene.run(20s);
  SUBCASE("it opens first, then the caller's follows") {
    scene.behaviour["a"] = {ProbeResult::timeout};
    scene.behaviour["b"] = {ProbeResult::error};
    scene.run(5s);
    REQUIRE(scene.opened() == 2);
    CHECK(scene.stage().incident(1).signal.service == "a");
    CHECK(scene.stage().incident(2).signal.service == "b");
  }
  SUBCASE("it dies, and the engine is slow to confirm") {
    scene.inspecting = 2s;
    scene.die("a", 1);
    scene.behaviour["b"] = {ProbeResult::error};
    scene.run(6s);
    REQUIRE(scene.opened() == 2);
    CHECK(scene.stage().incident(1).signal.service == "a");
  }
  SUBCASE("it is suspicious and never fails outright") {
    scene.config.services[0].health->fails = 1000;
    scene.begin();
    scene.behaviour["a"] = {ProbeResult::error};
    scene.behaviour["b"] = {ProbeResult::error};
    scene.run(12s);
    CHECK(scene.opened() == 0);
    scene.run(8s);
    CHECK(scene.opened() == 1);
  }
  SUBCASE("a hung process of its own waits for nobody") {
    scene.config.services[0].health->fails = 1000;
    scene.begin();
    scene.behaviour["a"] = {ProbeResult::error};
    scene.behaviour["b"] = {ProbeResult::timeout};
    scene.run(4s);
    REQUIRE(scene.opened() == 1);
    CHECK(scene.stage().incident(1).signal.service == "b");
  }
}

TEST_CASE("repeats are counted on the open incident, at most every five seconds") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.behaviour["a"] = {ProbeResult::error};
  scene.run(61s);
  CHECK(scene.opened() == 1);
  const auto added = scene.stage().all<SignalAdded>();
  CHECK(added.size() >= 11);
  CHECK(added.size() <= 13);
  int count = 0;
  for (const auto& one : added) count += one.count;
  CHECK(count >= 210);
  CHECK(count <= 245);
  CHECK(added.back().signal.kind == SignalKind::probe_error);
  CHECK(added.back().signal.detail.find("status 503") != std::string::npos);
}

TEST_CASE("an alert speeds a sick service and never opens for a healthy one") {
  config::Service a = service("a");
  a.health->every = 5s;
  a.health->fails = 3;
  ScoutScene scene({a});
  scene.begin();
  scene.run(20s);
  SUBCASE("healthy") {
    for (int i = 0; i < 20; ++i) {
      scene.alert("a");
      scene.run(3s);
    }
    CHECK(scene.opened() == 0);
  }
  SUBCASE("sick") {
    scene.behaviour["a"] = {ProbeResult::error};
    scene.alert("a-1");  // The container's name will do.
    scene.run(500ms);
    CHECK(scene.opened() == 1);
  }
  SUBCASE("stale, of another, or of nobody") {
    scene.behaviour["a"] = {ProbeResult::error};
    const auto probes = scene.probes("a");
    scene.alert("a", 2min);
    scene.alert("b");
    scene.alert("");
    scene.run(100ms);
    CHECK(scene.probes("a") == probes);
  }
  SUBCASE("a flood of alerts is no flood of probes") {
    const auto probes = scene.probes("a");
    for (int i = 0; i < 500; ++i) {
      scene.alert("a");
      scene.run(1ms);
    }
    CHECK(scene.probes("a") - probes <= 2);
  }
  SUBCASE("a dead container is not probed for an alert") {
    scene.die("a", 1);
    scene.stage().step();
    const auto probes = scene.probes("a");
    scene.alert("a");
    scene.run(3s);
    CHECK(scene.probes("a") == probes);
  }
}

TEST_CASE("a lost engine means unknown: nothing opens by it alone") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.engine_answers = false;
  scene.hear(warden::Lost{"socket gone"});
  scene.run(2min);
  CHECK(scene.opened() == 0);
  SUBCASE("while probes fail a person is told, unconfirmed") {
    scene.behaviour["a"] = {ProbeResult::timeout};
    scene.run(5s);
    REQUIRE(scene.opened() == 1);
    CHECK_FALSE(has(scene.stage().last<IncidentOpened>().signal.confirmed_by, "engine: running"));
  }
  SUBCASE("it is listed again once it is heard") {
    const auto lists = scene.stage().sent<scout::List>().size();
    scene.engine_answers = true;
    scene.hear(warden::Connected{});
    scene.run(1s);
    CHECK(scene.stage().sent<scout::List>().size() == lists + 1);
  }
}

TEST_CASE("a lost engine right before a hang: the engine gets a moment to tell") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.engine_answers = false;
  scene.behaviour["a"] = {ProbeResult::timeout};
  scene.hear(warden::Lost{"socket gone"});
  scene.run(3s);
  CHECK(scene.opened() == 0);
}

TEST_CASE("a list that fails is asked for again") {
  ScoutScene scene({service("a")});
  scene.engine_answers = false;
  scene.begin();
  CHECK(scene.probes("a") == 0);
  scene.engine_answers = true;
  scene.run(1s);
  CHECK(scene.probes("a") > 0);
}

TEST_CASE("a probe starts on its grid even while others wait") {
  config::Service a = service("a");
  a.health->timeout = 5s;
  ScoutScene scene({a});
  scene.begin();
  scene.run(20s);
  scene.behaviour["a"] = {ProbeResult::timeout};
  const auto probes = scene.probes("a");
  scene.run(4s);
  CHECK(scene.probes("a") - probes >= 15);
}

TEST_CASE("open and escalated incidents heal by themselves after the soak time of good answers") {
  ScoutScene scene({service("a")});
  scene.begin();
  scene.run(20s);
  scene.behaviour["a"] = {ProbeResult::error};
  scene.run(3s);
  REQUIRE(scene.opened() == 1);
  SUBCASE("open") {}
  SUBCASE("escalated") {
    scene.stage().write(incident::Role::fixer, 1, incident::Escalated{"person", "?"});
  }
  SUBCASE("waiting for approval") {
    scene.plan(1, "a");
    scene.stage().write(incident::Role::fixer, 1,
                        incident::ApprovalAsked{"abcd0123", scene.stage().now.wall + 30min});
  }
  scene.behaviour["a"] = {};
  scene.run(3s);
  CHECK(scene.stage().incident(1).state != State::self_healed);
  scene.behaviour["a"] = {ProbeResult::error};  // Back once more: the time starts anew.
  scene.run(500ms);
  scene.behaviour["a"] = {};
  scene.run(4s);
  CHECK(scene.stage().incident(1).state != State::self_healed);
  scene.run(3s);
  CHECK(scene.stage().incident(1).state == State::self_healed);
}

TEST_CASE("one step is cheap with ten services and thousands of incidents in the log") {
  std::vector<config::Service> services;
  for (int i = 0; i < 10; ++i) services.push_back(with_path(service("s" + std::to_string(i))));
  ScoutScene scene(services);
  scene.begin();
  for (incident::IncidentId id = 1; id <= 5000; ++id) {
    incident::IncidentOpened opened;
    opened.signal.service = "s" + std::to_string(id % 10);
    scene.stage().write(incident::Role::scout, id, opened);
    scene.stage().write(incident::Role::scout, id, incident::SelfHealed{"gone"});
    scene.stage().write(incident::Role::scribe, id, incident::IncidentClosed{"gone"});
  }
  scene.run(30s);
  const auto begun = std::chrono::steady_clock::now();
  scene.run(30s);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  MESSAGE("30 s of ten services with two probes each took " << took.count() << " s");
  CHECK(took.count() < 3);  // A tenth of a core, on any build and beside others; far less is usual.
}
