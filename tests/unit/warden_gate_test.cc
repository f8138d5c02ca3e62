#include <doctest/doctest.h>

#include <future>
#include <string>

#include "agents/warden/gate.h"
#include "agents/warden/performer.h"
#include "agents/warden/roster.h"
#include "tests/fakes/fake_engine.h"

namespace {

using base::ErrorCode;
using engine::RunState;
using warden::Rule;
using warden::Step;
using warden::Traffic;
using warden::Verb;

const std::string kId(64, 'c');
constexpr auto kNow = base::wall_from_ms(1'700'000'000'000);

warden::Operation an_operation(Verb verb = Verb::restart) {
  warden::Operation out;
  out.op = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
  out.epoch = 5;
  out.plan_hash = "h";
  out.expires = kNow + std::chrono::seconds(10);
  out.verb = verb;
  out.container = kId;
  out.seen_started_at = "t1";
  return out;
}

engine::Container a_container(RunState state, const std::string& started_at) {
  engine::Container out;
  out.id = kId;
  out.name = "shop";
  out.state = state;
  out.started_at = started_at;
  return out;
}

warden::Standing permitted() { return {false, config::Mode::automatic, 5, false, false}; }

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

config::Service service(const std::string& name, const std::string& container) {
  config::Service out;
  out.name = name;
  out.container = container;
  return out;
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

// A clock that stands until it is moved.
class StillClock final : public base::Clock {
 public:
  base::Now now() const override { return {kNow + base::Millis(ms), base::instant_from_ms(ms)}; }
  std::int64_t ms = 1000;
};

struct Bench {
  fakes::FakeEngine engine;
  engine::ContainerId id = engine.add("shop");
  warden::Roster roster{{service("shop", "shop")}, {}};
  StillClock clock;
  base::Logger log{"warden", base::LogLevel::error};
  base::Result<warden::Standing> standing = permitted();
  warden::Performer performer{roster, engine, [this](const std::string&) { return standing; },
                              clock, log};

  warden::Operation operation(Verb verb = Verb::restart) {
    auto out = an_operation(verb);
    out.container = id;
    out.seen_started_at = engine.inspect(id).value().started_at;
    return out;
  }
};

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
