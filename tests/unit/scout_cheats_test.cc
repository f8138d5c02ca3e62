// Fixes that only look like one: each makes the symptom invisible instead of curing it, and none is
// ever accepted as proof.
#include "tests/support/scout_scene.h"

using namespace support;
using incident::VerificationFailed;
using incident::VerificationPassed;

namespace {

// Service "a" with a health probe and a slow path, "b" that needs nothing of it.
struct CheatScene : ScoutScene {
  CheatScene() : ScoutScene({with_path(service("a")), service("b")}) {
    begin();
    run(20s);
  }
  static config::Service with_path(config::Service made) {
    made.path = probe_settings();
    made.path->latency_bound = 500ms;
    made.path->window = 3s;
    made.path->timeout = 2s;
    return made;
  }
  void fall_sick(const std::string& how) {
    if (how == "dead") die("a", 1);
    if (how == "silent") behaviour["a"] = {ProbeResult::timeout, 1s};
    if (how == "slow") behaviour["a/path"] = {ProbeResult::ok, 900ms};
    if (how == "erring") behaviour["a"] = {ProbeResult::error, 2ms};
    run(12s);
    REQUIRE(opened() >= 1);
    intend(1, "a");
  }
  // What a real cure would look like: alive, fast, no errors.
  void cure() {
    start("a");
    behaviour.clear();
  }
  void ask() { finish(1, "a"); }
  void change_config(const std::function<void(config::Service&)>& change) {
    change(config.services[0]);
    begin();  // As after an edit of the file: Scout starts again on the same log.
    ask_proof(1, "a", "op1");
  }
};

struct Cheat {
  const char* name;
  const char* sickness;
  void (*play)(CheatScene&);
};

const Cheat kCheats[] = {
    {"scale to zero: the container stays stopped", "dead", [](CheatScene& scene) { scene.ask(); }},
    {"delete the container", "dead",
     [](CheatScene& scene) {
       scene.containers.erase("a");
       scene.hear(warden::Connected{});
       scene.ask();
     }},
    {"pause it, so that nothing fails any more", "silent",
     [](CheatScene& scene) {
       scene.containers["a"].state = RunState::paused;
       scene.hear(warden::Connected{});
       scene.behaviour.clear();
       scene.ask();
     }},
    {"remove the health check", "silent",
     [](CheatScene& scene) {
       scene.start("a");
       scene.ask();
       scene.change_config([](config::Service& made) { made.health.reset(); });
     }},
    {"remove all probes, so that the engine's word alone counts", "slow",
     [](CheatScene& scene) {
       scene.start("a");
       scene.ask();
       scene.change_config([](config::Service& made) { made.health.reset(), made.path.reset(); });
     }},
    {"widen the latency bound", "slow",
     [](CheatScene& scene) {
       scene.start("a");
       scene.ask();
       scene.change_config([](config::Service& made) { made.path->latency_bound = 5s; });
     }},
    {"drop the latency bound", "slow",
     [](CheatScene& scene) {
       scene.start("a");
       scene.ask();
       scene.change_config([](config::Service& made) { made.path->latency_bound.reset(); });
     }},
    {"wait longer for an answer", "silent",
     [](CheatScene& scene) {
       scene.start("a");
       scene.behaviour["a"] = {ProbeResult::ok, 1500ms};
       scene.ask();
       scene.change_config([](config::Service& made) { made.health->timeout = 10s; });
     }},
    {"answer 200 from a stub of another image", "erring",
     [](CheatScene& scene) {
       scene.containers["a"].image = "stub:1";
       scene.containers["a"].image_id = "sha256:stub";
       scene.cure();
       scene.hear(warden::Connected{});
       scene.ask();
     }},
    {"restart the prober until it has forgotten", "erring",
     [](CheatScene& scene) {
       scene.start("a");
       scene.ask();
       for (int i = 0; i < 5; ++i) {
         scene.run(1s);
         scene.begin();
       }
     }},
    {"mute the monitor that raised the alarm", "erring",
     [](CheatScene& scene) {
       scene.start("a");  // No alert comes any more; the probe still fails.
       scene.ask();
     }},
    {"be well for less than the soak time, again and again", "dead",
     [](CheatScene& scene) {
       scene.cure();
       scene.ask();
       for (int i = 0; i < 6 && scene.stage().incident(1).state == State::verifying; ++i) {
         scene.run(3s);
         scene.die("a", 1);
         scene.run(500ms);
         scene.start("a");
       }
     }},
    {"cut the engine off, so that nobody can say otherwise", "dead",
     [](CheatScene& scene) {
       scene.ask();
       scene.engine_answers = false;
       scene.hear(warden::Lost{"gone"});
     }},
    {"push the trouble to another service", "erring",
     [](CheatScene& scene) {
       scene.cure();
       scene.ask();
       scene.behaviour["b"] = {ProbeResult::error, 2ms};
     }},
};

}  // namespace

TEST_CASE("none of the fixes that only hide the symptom is accepted") {
  CHECK(std::size(kCheats) >= 10);
  for (const auto& cheat : kCheats) {
    CAPTURE(cheat.name);
    CheatScene scene;
    scene.fall_sick(cheat.sickness);
    cheat.play(scene);
    scene.run(60s);
    CHECK(scene.stage().all<VerificationPassed>().empty());
    CHECK(scene.stage().incident(1).state != State::resolved);
    CHECK(scene.stage().incident(1).state != State::self_healed);
  }
}

TEST_CASE("the real cure of each of these is accepted") {
  for (const char* sickness : {"dead", "silent", "slow", "erring"}) {
    CAPTURE(sickness);
    CheatScene scene;
    scene.fall_sick(sickness);
    scene.cure();
    scene.ask();
    scene.run(60s);
    CHECK(scene.stage().all<VerificationPassed>().size() == 1);
  }
}

TEST_CASE("a CPU that nobody measures is not under its limit") {
  ScoutScene scene({service("a")});
  scene.containers["a"].cpu_limit = 1;
  scene.begin();
  scene.use_cpu("a", 100, 15s);
  REQUIRE(scene.opened() == 1);
  scene.intend(1, "a");
  scene.start("a");
  scene.finish(1, "a");
  scene.run(1min);
  CHECK(scene.ledger.count<VerificationPassed>() == 0);
  scene.use_cpu("a", 3, 5s);
  CHECK(scene.ledger.count<VerificationPassed>() == 0);  // Not for the whole window yet.
  scene.use_cpu("a", 3, 8s);
  CHECK(scene.ledger.count<VerificationPassed>() == 1);
}
