#include <doctest/doctest.h>

#include <future>
#include <string>

#include "agents/warden/gate.h"
#include "agents/warden/roster.h"
#include "tests/unit/warden_bench.h"

namespace {

using base::ErrorCode;
using engine::RunState;
using warden::Rule;
using warden::Step;
using warden::Traffic;
using warden::Verb;
using namespace testing::warden_bench;

warden::Situation allowed(RunState state = RunState::running, const std::string& at = "t1") {
  return {kNow, permitted(), a_container(state, at), Traffic::free};
}

TEST_CASE("gate: each rule refuses by its name") {
  struct Row {
    const char* what;
    Rule rule;
    ErrorCode code;
    void (*spoil)(warden::Operation&, warden::Situation&);
  };
  using Op = warden::Operation;
  using Sit = warden::Situation;
  const Row rows[] = {
      {"stopped", Rule::stop, ErrorCode::denied, [](Op&, Sit& s) { s.standing->stopped = true; }},
      {"unreadable", Rule::stop, ErrorCode::denied, [](Op&, Sit& s) { s.standing.reset(); }},
      {"expired", Rule::expired, ErrorCode::denied,
       [](Op& o, Sit&) { o.expires = kNow - base::Millis(1); }},
      {"observe", Rule::mode, ErrorCode::denied,
       [](Op&, Sit& s) { s.standing->mode = config::Mode::observe; }},
      {"dry_run", Rule::mode, ErrorCode::denied,
       [](Op&, Sit& s) { s.standing->mode = config::Mode::dry_run; }},
      {"approve", Rule::mode, ErrorCode::denied,
       [](Op&, Sit& s) { s.standing->mode = config::Mode::approve; }},
      {"older epoch", Rule::epoch, ErrorCode::denied, [](Op& o, Sit&) { o.epoch = 4; }},
      {"not ours", Rule::target, ErrorCode::not_found, [](Op&, Sit& s) { s.container.reset(); }},
      {"excluded", Rule::excluded, ErrorCode::denied,
       [](Op&, Sit& s) { s.standing->excluded = true; }},
      {"protected", Rule::excluded, ErrorCode::denied,
       [](Op&, Sit& s) { s.standing->protect = true; }},
      {"in flight", Rule::traffic, ErrorCode::denied,
       [](Op&, Sit& s) { s.traffic = Traffic::in_flight; }},
      {"unsettled", Rule::traffic, ErrorCode::denied,
       [](Op&, Sit& s) { s.traffic = Traffic::unsettled; }},
      {"ended anew", Rule::moved, ErrorCode::conflict,
       [](Op&, Sit& s) { s.container = a_container(RunState::exited, "t2"); }},
      {"paused", Rule::state, ErrorCode::denied,
       [](Op&, Sit& s) { s.container->state = RunState::paused; }},
      {"policy restarts", Rule::state, ErrorCode::conflict,
       [](Op&, Sit& s) { s.container->state = RunState::restarting; }},
      {"removing", Rule::state, ErrorCode::conflict,
       [](Op&, Sit& s) { s.container->state = RunState::removing; }},
      {"dead", Rule::state, ErrorCode::conflict,
       [](Op&, Sit& s) { s.container->state = RunState::dead; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    auto operation = an_operation();
    auto situation = allowed();
    row.spoil(operation, situation);
    const auto decision = warden::decide(operation, situation);
    REQUIRE(std::holds_alternative<warden::Refusal>(decision));
    const auto& refusal = std::get<warden::Refusal>(decision);
    CHECK(warden::to_string(refusal.rule) == warden::to_string(row.rule));
    CHECK(refusal.code == row.code);
    CHECK(refusal.error().message.starts_with("rule " + std::string(warden::to_string(row.rule))));
  }
}

TEST_CASE("gate: the rules are looked at in their order") {
  auto operation = an_operation();
  warden::Situation worst{kNow, warden::Standing{}, std::nullopt, Traffic::in_flight};
  operation.expires = kNow - base::Millis(1);
  operation.epoch = 0;
  const auto rule = [&] {
    return std::get<warden::Refusal>(warden::decide(operation, worst)).rule;
  };
  worst.standing->fixer_epoch = 5;
  CHECK(rule() == Rule::stop);
  worst.standing->stopped = false;
  CHECK(rule() == Rule::expired);
  operation.expires = kNow;
  CHECK(rule() == Rule::mode);
  worst.standing->mode = config::Mode::automatic;
  CHECK(rule() == Rule::epoch);
  operation.epoch = 6;  // A newer one than we know of is fine.
  CHECK(rule() == Rule::target);
  worst.container = a_container(RunState::running, "t1");
  CHECK(rule() == Rule::traffic);
  worst.traffic = Traffic::free;
  CHECK(std::get<Step>(warden::decide(operation, worst)) == Step::restart);
}

TEST_CASE("gate: the goal is to run with another StartedAt") {
  const auto step = [](Verb verb, RunState state, const char* at) {
    return std::get<Step>(warden::decide(an_operation(verb), allowed(state, at)));
  };
  CHECK(step(Verb::restart, RunState::running, "t1") == Step::restart);
  CHECK(step(Verb::restart, RunState::running, "t2") == Step::superseded);
  CHECK(step(Verb::restart, RunState::exited, "t1") == Step::start);
  CHECK(step(Verb::restart, RunState::created, "t1") == Step::start);
  CHECK(step(Verb::start, RunState::exited, "t1") == Step::start);
  CHECK(step(Verb::start, RunState::running, "t1") == Step::superseded);
  CHECK(step(Verb::start, RunState::running, "t2") == Step::superseded);
}

TEST_CASE("gate: changes are judged by their own rules as well") {
  const config::Bounds bounds{64 << 20, 256 << 20, 0.5, 2};
  struct Row {
    const char* what;
    Verb verb;
    std::optional<Rule> rule;
    void (*spoil)(warden::Operation&, warden::Situation&);
  };
  using Op = warden::Operation;
  using Sit = warden::Situation;
  const Row rows[] = {
      {"kept and its own", Verb::recreate, {}, [](Op&, Sit&) {}},
      {"dead", Verb::recreate, {}, [](Op&, Sit& s) { s.container->state = RunState::exited; }},
      {"restarted meanwhile",
       Verb::recreate,
       {},
       [](Op&, Sit& s) { s.container->started_at = "t9"; }},
      {"in a loop of its policy",
       Verb::recreate,
       {},
       [](Op&, Sit& s) { s.container->state = RunState::restarting; }},
      {"not kept", Verb::recreate, Rule::snapshot, [](Op&, Sit& s) { s.snapshot_of.reset(); }},
      {"of another", Verb::recreate, Rule::snapshot, [](Op&, Sit& s) { s.snapshot_of = "pay"; }},
      {"paused", Verb::recreate, Rule::state,
       [](Op&, Sit& s) { s.container->state = RunState::paused; }},
      {"being removed", Verb::recreate, Rule::state,
       [](Op&, Sit& s) { s.container->state = RunState::removing; }},
      {"stopped", Verb::recreate, Rule::stop, [](Op&, Sit& s) { s.standing->stopped = true; }},
      {"an old epoch", Verb::recreate, Rule::epoch, [](Op& o, Sit&) { o.epoch = 1; }},
      {"in flight", Verb::recreate, Rule::traffic,
       [](Op&, Sit& s) { s.traffic = Traffic::in_flight; }},
      {"within", Verb::set_limits, {}, [](Op& o, Sit&) { o.memory_bytes = 128 << 20; }},
      {"both bounds belong",
       Verb::set_limits,
       {},
       [](Op& o, Sit&) {
         o.memory_bytes = 256 << 20;
         o.cpu = 0.5;
       }},
      {"too much", Verb::set_limits, Rule::bounds, [](Op& o, Sit&) { o.memory_bytes = 257 << 20; }},
      {"too little", Verb::set_limits, Rule::bounds, [](Op& o, Sit&) { o.memory_bytes = 1; }},
      {"too many cores", Verb::set_limits, Rule::bounds, [](Op& o, Sit&) { o.cpu = 2.1; }},
      {"no bounds given", Verb::set_limits, Rule::bounds,
       [](Op& o, Sit& s) {
         o.cpu = 1;
         s.bounds = {};
       }},
      {"protected", Verb::set_limits, Rule::excluded,
       [](Op&, Sit& s) { s.standing->protect = true; }},
      {"the most", Verb::scale, {}, [](Op& o, Sit&) { o.count = 5; }},
      {"after the cooldown",
       Verb::scale,
       {},
       [](Op&, Sit& s) { s.since_scaled = std::chrono::seconds(30); }},
      {"too soon", Verb::scale, Rule::cooldown,
       [](Op&, Sit& s) { s.since_scaled = std::chrono::seconds(29); }},
      {"too many", Verb::scale, Rule::bounds, [](Op& o, Sit&) { o.count = 6; }},
      {"fewer than none", Verb::scale, Rule::bounds, [](Op& o, Sit&) { o.count = -1; }},
      {"more of a dead one", Verb::scale, Rule::state,
       [](Op& o, Sit& s) {
         o.count = 1;
         s.container->state = RunState::exited;
       }},
      {"none beside a dead one",
       Verb::scale,
       {},
       [](Op&, Sit& s) { s.container->state = RunState::exited; }},
      {"observed only", Verb::scale, Rule::mode,
       [](Op&, Sit& s) { s.standing->mode = config::Mode::observe; }},
      {"its queue", Verb::clear_queue, {}, [](Op&, Sit&) {}},
      {"no queue", Verb::clear_queue, Rule::bounds, [](Op&, Sit& s) { s.has_queue = false; }},
      {"the queue of a dead one", Verb::clear_queue, Rule::state,
       [](Op&, Sit& s) { s.container->state = RunState::exited; }},
      {"the queue of a paused one", Verb::clear_queue, Rule::state,
       [](Op&, Sit& s) { s.container->state = RunState::paused; }},
      {"while stopped", Verb::clear_queue, Rule::stop,
       [](Op&, Sit& s) { s.standing->stopped = true; }},
      {"too late", Verb::clear_queue, Rule::expired,
       [](Op& o, Sit& s) { o.expires = s.now - base::Millis(1); }},
      {"only with approval", Verb::clear_queue, Rule::mode,
       [](Op&, Sit& s) { s.standing->mode = config::Mode::approve; }},
      {"an old Fixer's", Verb::clear_queue, Rule::epoch, [](Op& o, Sit&) { o.epoch = 1; }},
      {"a stranger's", Verb::clear_queue, Rule::target, [](Op&, Sit& s) { s.container.reset(); }},
      {"an excluded one's", Verb::clear_queue, Rule::excluded,
       [](Op&, Sit& s) { s.standing->excluded = true; }},
      {"while another is not known", Verb::clear_queue, Rule::traffic,
       [](Op&, Sit& s) { s.traffic = Traffic::unsettled; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    auto operation = an_operation(row.verb);
    auto situation = allowed();
    situation.bounds = bounds;
    situation.snapshot_of = "shop";
    situation.has_queue = true;
    row.spoil(operation, situation);
    const auto decision = warden::decide(operation, situation);
    const auto* refusal = std::get_if<warden::Refusal>(&decision);
    CHECK((refusal != nullptr) == row.rule.has_value());
    if (refusal != nullptr && row.rule) CHECK(refusal->rule == *row.rule);
  }
}

TEST_CASE("settling: two equal looks, far enough apart for a late engine") {
  const auto at = [](int ms) { return base::instant_from_ms(1'000'000 + ms); };
  const auto same = a_container(RunState::running, "t1");
  const auto other = a_container(RunState::running, "t2");
  const auto ended = a_container(RunState::exited, "t1");
  SUBCASE("runs anew: soon") {
    warden::Settling settling("t1", std::chrono::seconds(2));
    CHECK_FALSE(settling.observe(other, at(0)));
    CHECK_FALSE(settling.observe(other, at(100)));
    CHECK(settling.observe(other, at(200)));
  }
  SUBCASE("unchanged: only after the grace and 10 s") {
    warden::Settling settling("t1", std::chrono::seconds(2));
    CHECK_FALSE(settling.observe(same, at(0)));
    CHECK_FALSE(settling.observe(same, at(11'999)));
    CHECK(settling.observe(same, at(12'000)));
  }
  SUBCASE("a change or a silence starts over") {
    warden::Settling settling("t1", std::chrono::seconds(0));
    CHECK_FALSE(settling.observe(same, at(0)));
    CHECK_FALSE(settling.observe(ended, at(10'000)));
    settling.lose();
    CHECK_FALSE(settling.observe(ended, at(20'000)));
    CHECK(settling.observe(ended, at(30'000)));
  }
}

TEST_CASE("roster: only the configuration says what belongs to what") {
  const warden::Roster roster(
      {service("shop", "shop-1"), service("pay", "role=pay"), service("gone", "nowhere")}, {"own"});
  auto container = a_container(RunState::running, "t");
  container.name = "shop-1";
  CHECK(roster.service_of(container) == "shop");
  container.name = "x";
  container.labels = {{"service", "shop"}, {"role", "pay"}};
  CHECK(roster.service_of(container) == "pay");
  container.labels = {{"role", "payx"}, {"service", "shop-1"}};
  CHECK_FALSE(roster.service_of(container));
  CHECK(roster.service_named("shop-1") == "shop");
  CHECK_FALSE(roster.service_named("role=pay"));
  container.name = "own";
  CHECK(roster.is_excluded(container));
  container.name = "shop-1";
  const auto listing = roster.pick({container});
  CHECK(listing.members.size() == 1);
  CHECK(listing.missing == std::vector<std::string>{"pay", "gone"});
}

TEST_CASE("roster: replicas and what is being replaced are nobody's container") {
  const warden::Roster roster({service("shop", "shop"), service("pay", "role=pay")}, {});
  auto own = a_container(RunState::running, "t"), replica = own, next = own, liar = own;
  own.name = "pay-1";
  own.labels = {{"role", "pay"}};
  replica.name = "pay-replica-2";
  replica.labels = {{"role", "pay"}, {"sre-space.replica-of", "pay"}};
  next.name = "pay-1.sre-next";
  next.labels = own.labels;
  // An image that claims to be a replica does not hide its container.
  liar.name = "shop";
  liar.labels = {{"sre-space.replica-of", "shop"}};
  const auto listing = roster.pick({own, replica, next, liar});
  CHECK(listing.members.size() == 2);
  REQUIRE(listing.replicas.size() == 1);
  CHECK(listing.replicas[0].container.name == "pay-replica-2");
  CHECK(listing.missing.empty());
  CHECK_FALSE(roster.service_of(replica));
  CHECK_FALSE(roster.service_of(next));
  CHECK(roster.service_of(liar) == "shop");
  CHECK(warden::lasting_name("shop.sre-previous") == "shop");
  CHECK(warden::lasting_name("shop") == "shop");
}

TEST_CASE("performer: restarts, starts, and notices that somebody was faster") {
  Bench bench;
  const auto first = bench.operation();
  const auto restarted = bench.performer.perform(first);
  REQUIRE(restarted.ok());
  CHECK(restarted.value().outcome == warden::Outcome::done);
  CHECK(restarted.value().started_at == bench.engine.inspect(bench.id).value().started_at);
  // The same order once more does nothing.
  CHECK(bench.performer.perform(first).value().outcome == warden::Outcome::superseded);
  const auto before_crash = bench.operation();
  bench.engine.crash(bench.id);
  CHECK(bench.performer.perform(before_crash).value().outcome == warden::Outcome::done);
  CHECK(bench.engine.effects() ==
        std::vector<std::string>{"restart " + bench.id, "start " + bench.id});
}

TEST_CASE("performer: nothing is sent when it is refused") {
  Bench bench;
  bench.standing = base::Error{ErrorCode::unavailable, "ledger"};
  CHECK(bench.performer.perform(bench.operation()).error().message.starts_with("rule stop"));
  bench.standing = permitted();
  const auto stranger = bench.engine.add("other");
  auto operation = bench.operation();
  operation.container = stranger;
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::not_found);
  operation.container = std::string(64, '0');
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::not_found);
  operation = bench.operation();
  bench.engine.set_health(fakes::FakeEngine::Health::down);
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::unavailable);
  bench.engine.set_health(fakes::FakeEngine::Health::hung);
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::timeout);
  CHECK(bench.engine.effects().empty());
  // And none of that has left the container taken.
  bench.engine.set_health(fakes::FakeEngine::Health::well);
  CHECK(bench.performer.perform(operation).ok());
}

TEST_CASE("performer: one operation at a time per container") {
  Bench bench;
  const auto operation = bench.operation();
  base::Result<warden::Performed> second = base::Error{ErrorCode::invalid, ""};
  bench.engine.on_effect([&] { second = bench.performer.perform(operation); });
  CHECK(bench.performer.perform(operation).ok());
  CHECK(second.error().message.starts_with("rule traffic"));
  CHECK(bench.engine.effects().size() == 1);
}

TEST_CASE("performer: an unanswered operation keeps its container until it has settled") {
  Bench bench;
  const auto operation = bench.operation();
  // The engine hangs between the look and the effect.
  bench.engine.on_effect([&] { bench.engine.set_health(fakes::FakeEngine::Health::hung); });
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::unknown);
  bench.engine.on_effect(nullptr);
  CHECK(bench.performer.perform(operation).error().message.starts_with("rule traffic"));
  bench.performer.settle();
  bench.engine.set_health(fakes::FakeEngine::Health::well);  // Now the late restart happens.
  bench.performer.settle();
  CHECK(bench.performer.perform(operation).error().message.starts_with("rule traffic"));
  bench.clock.ms += 300;
  bench.performer.settle();
  CHECK(bench.performer.perform(operation).value().outcome == warden::Outcome::superseded);
  CHECK(bench.engine.effects().size() == 1);
}

TEST_CASE("performer: what is gone while its outcome is unknown is free again") {
  Bench bench;
  const auto operation = bench.operation();
  bench.engine.on_effect([&] { bench.engine.set_health(fakes::FakeEngine::Health::hung); });
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::unknown);
  bench.engine.set_health(fakes::FakeEngine::Health::well);
  bench.engine.destroy(bench.id);
  bench.performer.settle();
  CHECK(bench.performer.perform(operation).error().code == ErrorCode::not_found);
}

}  // namespace
