// What the Fixer reads out of the ledger for the guards: each fact from its events, to its veto.
#include "tests/unit/fixer_scene.h"

using namespace fixer_test;

namespace {

struct Guarded : Scene {
  IncidentId next = 1;

  // A whole incident of the service, healed by an action of the Fixer and proven.
  void heal(const std::string& service) {
    const auto id = next++;
    plan(id, service);
    stage->step();
    REQUIRE(stage->incident(id).state == State::acting);
    done();
    stage->write(Role::scout, id, VerificationTried{op(), 1, true, 1, ""});
    stage->write(Role::scout, id, VerificationPassed{op(), 10, 1, ""});
    stage->step();
  }
  // The same, but the action does not help, and a person ends it.
  void fail_to_heal(const std::string& service) {
    const auto id = next++;
    plan(id, service);
    stage->step();
    REQUIRE(stage->incident(id).state == State::acting);
    done();
    stage->write(Role::scout, id, VerificationFailed{op(), "sick again"});
    stage->step();
    stage->write(Role::scribe, id, IncidentClosed{"by a person"});
  }
  // The guard that refuses a restart of the service now; empty: none.
  std::string guard_of(const std::string& service) {
    const auto id = next++;
    const auto before = stage->all<PlanRefused>().size();
    plan(id, service);
    stage->step();
    return stage->all<PlanRefused>().size() == before ? "" : stage->last<PlanRefused>().guard;
  }
  [[nodiscard]] std::string values() const { return stage->last<PlanRefused>().values; }
};

}  // namespace

TEST_CASE_FIXTURE(Guarded, "after a deploy nothing is restarted; the first look is no deploy") {
  stage->write(Role::scout, 0, DeploySeen{"a", kId, "shop/a:1", "sha256:1"});
  stage->write(Role::scout, 0, DeploySeen{"b", kId, "shop/b:1", "sha256:1"});
  stage->run(1min);
  stage->write(Role::scout, 0, DeploySeen{"b", kId, "shop/b:2", "sha256:2"});
  stage->run(14min);
  CHECK(guard_of("b") == "deploy_freeze");
  CHECK(values() ==
        "b was deployed 14min ago; for 15min only a rollback or a pull request may pass");
  CHECK(guard_of("a").empty());
  done();
  begin();  // A new Fixer reads the same.
  CHECK(guard_of("b") == "deploy_freeze");
  stage->run(1min);
  CHECK(guard_of("b").empty());
}

TEST_CASE_FIXTURE(Guarded, "a container that we made ourselves is no deploy, whoever tells first") {
  const std::string ours(64, 'b');
  stage->write(Role::scout, 0, DeploySeen{"a", kId, "shop/a:1", "sha256:1"});
  for (const bool scout_first : {false, true}) {
    CAPTURE(scout_first);
    const auto id = next++;
    plan(id, "a");
    stage->step();
    REQUIRE(stage->incident(id).state == State::acting);
    const DeploySeen seen{"a", ours + std::to_string(id), "shop/a:1", "sha256:1"};
    if (scout_first) stage->write(Role::scout, 0, seen);
    answer(warden::Performed{warden::Outcome::done, "t2", seen.container, ""});
    if (!scout_first) stage->write(Role::scout, 0, seen);
    stage->write(Role::scout, id, VerificationPassed{op(), 10, 1, ""});
    stage->step();
  }
  CHECK(guard_of("a").empty());
  done();
  stage->write(Role::scout, 0, DeploySeen{"a", "another", "shop/a:2", "sha256:2"});
  CHECK(guard_of("a") == "deploy_freeze");
  SUBCASE("a restart of what was deployed lifts nothing") {
    config.limits.deploy_freeze = 0s;
    CHECK(guard_of("a").empty());
    answer(warden::Performed{warden::Outcome::done, "t3", kId, ""});
    config.limits.deploy_freeze = 15min;
    CHECK(guard_of("a") == "deploy_freeze");
  }
}

// It is 13:52:36 on a Friday.
TEST_CASE_FIXTURE(Guarded, "in a window that ends soon the plan waits, is told once, and acts") {
  config.maintenance = {{{"a"}, 0x7F, 13 * 60, 13 * 60 + 55, ""}};
  CHECK(guard_of("a") == "maintenance");
  CHECK(values() ==
        "a is frozen: every day 13:00 to 13:55 UTC; it waits until 2026-11-20T13:55:00.000Z");
  stage->run(2min);
  CHECK(state() == State::planned);
  CHECK(stage->all<PlanRefused>().size() == 1);
  begin();  // A new Fixer waits on, and tells nothing again.
  CHECK(stage->all<PlanRefused>().size() == 1);
  stage->run(23s);
  CHECK(performed().empty());
  stage->run(1s);
  CHECK(state() == State::acting);
  CHECK(performed().size() == 1);
  CHECK(stage->all<Escalated>().empty());
}

TEST_CASE_FIXTURE(Guarded, "a plan that grew old in a window is renewed after it, and acted on") {
  config.maintenance = {{{}, 0x7F, 13 * 60, 14 * 60, ""}, {{"a"}, 0x7F, 14 * 60, 18 * 60, ""}};
  CHECK(guard_of("a") == "maintenance");
  CHECK(values().ends_with("it waits until 2026-11-20T18:00:00.000Z"));
  stage->run(4h);
  CHECK(state() == State::planned);
  CHECK(stage->all<PlanRefused>().size() == 1);
  stage->run(8min);
  CHECK(state() == State::diagnosing);
  CHECK(stage->last<PlanRefused>().guard == "freshness");
  CHECK(stage->last<PlanRefused>().retry);
  plan_again(1, "a", Action::restart, "p2");
  stage->step();
  CHECK(state() == State::acting);
  CHECK(stage->all<Escalated>().empty());
}

TEST_CASE_FIXTURE(Guarded, "a window that lasts longer than eight hours calls a person at once") {
  config.maintenance = {{{"a"}, 0x7F, 0, 24 * 60, ""}};
  CHECK(guard_of("a") == "maintenance");
  CHECK(values() == "a is frozen: every day 00:00 to 24:00 UTC");
  CHECK(state() == State::escalated);
  CHECK(guard_of("b").empty());
}

TEST_CASE_FIXTURE(Guarded, "a window waits for nobody's own plan longer than the plan lasts") {
  config.maintenance = {{{"a"}, 0x7F, 13 * 60, 14 * 60, ""}};
  plan(1, "a", Action::escalate);
  stage->step();
  stage->write(Role::scribe, 1, OperatorCommanded{"/restart a", "ada"});
  MenuEntry entry;
  entry.action = Action::restart;
  entry.service = "a";
  entry.container = kId;
  PlanMade asked{"p2", 2, stage->now.wall + 5min, {entry}};
  asked.asked_by = "ada";
  stage->write(Role::brain, 1, asked);
  stage->step();
  CHECK(stage->last<PlanRefused>().guard == "maintenance");
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().to == "ada");
}

TEST_CASE_FIXTURE(Guarded, "a window that cannot be read freezes") {
  config.maintenance = {{{}, 0x7F, 0, 0, "from is no time of day"}};
  CHECK(guard_of("b") == "maintenance");
  CHECK(values() == "b is frozen: a window that cannot be read: from is no time of day");
}

TEST_CASE_FIXTURE(Guarded, "a service whose troubles come and go flaps, another one does not") {
  config.limits.mass_failure_percent = 100;
  for (int i = 0; i < 3; ++i) {
    heal("a");
    stage->run(5min);
  }
  CHECK(guard_of("a") == "flapping");
  CHECK(guard_of("b").empty());
}

TEST_CASE_FIXTURE(Guarded, "more than three restarts of ours in half an hour") {
  config.limits.flap_start_percent = 100;
  for (int i = 0; i < 4; ++i) {
    heal("a");
    stage->run(1min);
  }
  CHECK(guard_of("a") == "flapping");
  CHECK(values() == "4 restarts of ours in 30min, more than 3");
}

TEST_CASE_FIXTURE(Guarded, "the same action twice without cure is not done a third time") {
  config.limits.mass_failure_percent = 100;
  fail_to_heal("a");
  stage->run(1h);
  SUBCASE("twice") {
    fail_to_heal("a");
    stage->run(1h);
    CHECK(guard_of("a") == "no_progress");
    CHECK(values() == "restart of a was done 2 times without a cure; at most 2");
    CHECK(guard_of("b").empty());
  }
  SUBCASE("a cure in between counts") {
    heal("a");
    stage->run(1h);
    fail_to_heal("a");
    stage->run(1h);
    CHECK(guard_of("a").empty());
  }
}

TEST_CASE_FIXTURE(Guarded, "a tenth of the containers in an hour, one at least") {
  config.limits.blast_radius_percent = 10;
  heal("a");
  stage->run(10min);
  CHECK(guard_of("b") == "blast_radius");
  CHECK(values() == "1 of at most 1 containers acted on per hour (10 % of 5, at least 1)");
  CHECK(guard_of("a").empty());  // The same one is no wider radius.
  done();
  stage->write(Role::scout, next - 1, VerificationPassed{op(), 10, 1, ""});
  stage->run(61min);
  CHECK(guard_of("b").empty());
}

TEST_CASE_FIXTURE(Guarded, "the only replica of a service that nothing calls sick is left alone") {
  IncidentOpened opened;
  opened.signal.kind = SignalKind::container_died;
  opened.signal.service = "b";
  opened.signal.confirmed_by = {"engine state"};
  stage->write(Role::scout, 1, opened);
  SUBCASE("not sick") {
    plan_again(1, "a");
    stage->step();
    CHECK(stage->last<PlanRefused>().guard == "last_healthy");
    CHECK(stage->last<PlanRefused>().values ==
          "nothing says that a is sick, and it has 1 healthy replica");
  }
  SUBCASE("with an incident of its own") {
    opened.signal.service = "a";
    stage->write(Role::scout, 2, opened);
    plan_again(1, "a");
    stage->step();
    CHECK(performed().size() == 1);
  }
}

TEST_CASE_FIXTURE(Guarded, "a symptom waits for the dependency that is sick; a death does not") {
  config.services[0].depends_on = {"b"};
  config.limits.mass_failure_percent = 100;
  IncidentOpened opened;
  opened.signal.service = "b";
  stage->write(Role::scout, 9, opened);
  plan(10, "a", Action::restart, SignalKind::probe_timeout);
  SUBCASE("until it has a good probe") {
    stage->run(3s);
    CHECK(performed().empty());
    CHECK(stage->all<PlanRefused>().empty());
    stage->write(Role::scout, 9, SelfHealed{"it came back"});
    stage->run(1s);
    CHECK(performed().size() == 1);
  }
  SUBCASE("a person has it: then one has this, too") {
    stage->write(Role::fixer, 9, Escalated{"person", "x"});
    stage->step();
    CHECK(stage->last<PlanRefused>().guard == "dependency");
    CHECK(stage->last<PlanRefused>().values == "a calls b, which is sick and waits for a person");
  }
  SUBCASE("a death") {
    plan(11, "a");
    stage->step();
    CHECK(performed().size() == 1);
  }
}

TEST_CASE_FIXTURE(Guarded, "what keeps data, by its image, is restarted by a person's word only") {
  config.limits.auto_tiers = {1};
  stage->write(Role::scout, 0, DeploySeen{"a", kId, "hub.acme:5000/library/postgres:16", "x"});
  stage->write(Role::scout, 0, DeploySeen{"b", kId, "acme/postgres-exporter:1", "x"});
  stage->write(Role::scout, 0, DeploySeen{"c", kId, "acme/store:1", "x", true});  // Labelled.
  plan(1, "a");
  plan(2, "b");
  stage->step();
  CHECK(state(1) == State::awaiting_approval);
  CHECK(state(2) == State::acting);
  plan(3, "c");
  config.limits.mass_failure_percent = 100;
  stage->step();
  CHECK(state(3) == State::awaiting_approval);
  done();
  SUBCASE("one person") {
    stage->write(Role::person, 1, ApprovalGiven{"p1", "ada"});
    stage->step();
    CHECK(state(1) == State::acting);
  }
  SUBCASE("two, where the configuration wants two") {
    config.github.second_approval = true;
    stage->write(Role::person, 1, ApprovalGiven{"p1", "ada"});
    stage->step();
    CHECK(state(1) == State::awaiting_approval);
    stage->write(Role::person, 1, ApprovalGiven{"p1", "ada"});
    stage->step();
    CHECK(state(1) == State::awaiting_approval);
    CHECK(performed().size() == 1);
    stage->write(Role::person, 1, ApprovalGiven{"p1", "bob"});
    stage->step();
    CHECK(state(1) == State::acting);
  }
}

TEST_CASE_FIXTURE(Guarded, "a policy server is asked when all guards agree, for each effect anew") {
  config.opa = "http://127.0.0.1:1/v1/data/sre/allow";
  const auto asked = [&] { return stage->sent<fixer::AskOpinion>(); };
  const auto say = [&](IncidentId id, bool allow, const std::string& why = "") {
    stage->answer("opinion:" + std::to_string(id) + ":p1",
                  fixer::OpinionGiven{id, "p1", {allow, why}});
    stage->step();
  };
  config.services[1].protect = true;
  plan(1, "b");
  stage->step();
  CHECK(asked().empty());
  plan(2, "a");
  stage->step();
  REQUIRE(asked().size() == 1);
  CHECK(asked()[0].question.plan == "p1");
  CHECK(asked()[0].question.choice.service == "a");
  CHECK(performed().empty());
  SUBCASE("yes: done once, and asked again for another try") {
    say(2, true);
    REQUIRE(performed().size() == 1);
    answer(error(base::ErrorCode::unavailable));
    stage->run(1s);
    CHECK(asked().size() == 2);
    CHECK(performed().size() == 1);
    say(2, true);
    CHECK(performed().size() == 2);
  }
  SUBCASE("no: refused by name") {
    say(2, false, "not on a Friday");
    CHECK(performed().empty());
    CHECK(stage->last<PlanRefused>().guard == "opa");
    CHECK(stage->last<PlanRefused>().values == "not on a Friday");
    CHECK(state(2) == State::escalated);
  }
  SUBCASE("the other guards are asked again after it") {
    stage->stop_file = true;
    say(2, true);
    CHECK(performed().empty());
    stage->run(1min);
    stage->stop_file = false;
    stage->run(1s);
    CHECK(performed().empty());  // Its yes is old by now.
    CHECK(asked().size() == 2);
    say(2, true);
    CHECK(performed().size() == 1);
  }
  SUBCASE("a yes to another plan is none") {
    stage->answer("opinion:2:p1", fixer::OpinionGiven{2, "p0", {true, ""}});
    stage->step();
    CHECK(performed().empty());
    CHECK(asked().size() == 2);
  }
}

TEST_CASE_FIXTURE(Guarded,
                  "on a full host nothing is restarted; what is not known does not count") {
  stage->answer("host", fixer::HostLoad{95.0, 20.0});
  CHECK(guard_of("a") == "saturation");
  CHECK(values() == "the host's CPU is at 95 %, over 90 %: no restart");
  stage->run(4s);
  stage->answer("host", fixer::HostLoad{95.0, 97.0});
  config.limits.host_cpu_percent = 100;
  CHECK(guard_of("a") == "saturation");
  CHECK(values() == "the host's memory is at 97 %, over 95 %: no restart");
  SUBCASE("an old look") {
    stage->run(11s);
    CHECK(guard_of("a").empty());
  }
  SUBCASE("a look that sees nothing") {
    stage->run(4s);
    stage->answer("host", fixer::HostLoad{});
    CHECK(guard_of("a").empty());
  }
}

TEST_CASE("the kernel's texts are read, and odd ones are not known") {
  const auto ticks = fixer::parse_cpu("cpu  100 10 50 800 40 5 5 0 7 7\ncpu0 1 1 1 1\n");
  REQUIRE(ticks);
  CHECK(ticks->all == 1010);
  CHECK(ticks->busy == 170);
  for (const auto* text : {"", "cpu", "cpu0 1 2 3 4", "cpu  1 2 3", "cpu  x 2 3 4"}) {
    CAPTURE(text);
    CHECK_FALSE(fixer::parse_cpu(text));
  }
  CHECK(*fixer::parse_memory("MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:   250 kB\n") ==
        doctest::Approx(75));
  for (const auto* text : {"", "MemTotal: 5 kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"}) {
    CAPTURE(text);
    CHECK_FALSE(fixer::parse_memory(text));
  }
}
