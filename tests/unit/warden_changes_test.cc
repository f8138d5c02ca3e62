// Recreation, limits and scale before an engine in memory, with its faults.
#include <doctest/doctest.h>

#include <string>

#include "agents/warden/changes.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/warden_bench.h"

namespace {

using base::ErrorCode;
using namespace testing::warden_bench;

// The same with a folder to keep things in.
struct Workshop : Bench {
  support::TemporaryFolder folder;
  warden::Changes changes{
      {folder.path(), {{"shop", {32 << 20, 128 << 20, 0.1, 2}}}}, engine, clock, log};
  warden::Performer changing{roster, engine, [this](const std::string&) { return standing; },
                             clock,  log,    &changes};

  warden::Operation next(Verb verb, const engine::ContainerId& of) {
    auto out = operation(verb);
    out.op = "01HZZZZZZZZZZZZZZZZZZZZZ" + std::to_string(10 + ++orders);
    out.container = of;
    return out;
  }
  std::string names() {
    std::string out;
    for (const auto& container : engine.list().value()) out += container.name + " ";
    return out;
  }
  int orders = 0;
};

TEST_CASE("changes: a container comes back as it was") {
  Workshop shop;
  auto limits = shop.next(Verb::set_limits, shop.id);
  limits.memory_bytes = 96 << 20;
  const auto set = shop.changing.perform(limits);
  REQUIRE(set.ok());
  CHECK(set->container == shop.id);
  CHECK(shop.engine.inspect(shop.id)->memory_limit_bytes == 96 << 20);
  const auto repeated = shop.changing.perform(limits);
  CHECK(repeated->outcome == warden::Outcome::superseded);
  CHECK(repeated->snapshot == set->snapshot);  // Of before the first time.
  auto undo = shop.next(Verb::recreate, shop.id);
  undo.snapshot = set->snapshot;
  const auto undone = shop.changing.perform(undo);
  REQUIRE(undone.ok());
  CHECK(undone->container != shop.id);
  CHECK(shop.names() == "shop ");
  CHECK(shop.engine.inspect("shop")->memory_limit_bytes == 64 << 20);
  const auto again = shop.changing.perform(undo);
  CHECK(again->outcome == warden::Outcome::superseded);
  CHECK(again->container == undone->container);
  CHECK(again->snapshot == undone->snapshot);
}

TEST_CASE("changes: limits that cannot be set in place are set by recreation") {
  Workshop shop;
  shop.engine.fail_next("update", {ErrorCode::conflict, "device or resource busy"});
  auto limits = shop.next(Verb::set_limits, shop.id);
  limits.memory_bytes = 32 << 20;
  const auto set = shop.changing.perform(limits);
  REQUIRE(set.ok());
  CHECK(set->container != shop.id);
  CHECK(shop.engine.inspect("shop")->memory_limit_bytes == 32 << 20);
  CHECK(shop.names() == "shop ");
}

TEST_CASE("changes: each call that fails or hangs leaves a container, and a repeat ends right") {
  using Health = fakes::FakeEngine::Health;
  for (const bool hangs : {false, true}) {
    for (int call = 1; call <= 6; ++call) {
      CAPTURE(hangs);
      CAPTURE(call);
      Workshop shop;
      const auto hash = shop.changing.perform(shop.next(Verb::restart, shop.id))->snapshot;
      auto order = shop.next(Verb::recreate, shop.id);
      order.snapshot = hash;
      int calls = 0;
      shop.engine.on_effect([&] {
        if (++calls == call) shop.engine.set_health(hangs ? Health::hung : Health::down);
      });
      const auto cut = shop.changing.perform(order);
      CHECK(cut.ok() == false);
      shop.engine.on_effect(nullptr);
      shop.engine.set_health(Health::well);  // What was sent is done late.
      for (int look = 0; look < 3; ++look) {
        shop.clock.ms += 20'000;
        shop.changing.settle();
      }
      order.expires += std::chrono::hours(1);
      const auto done = shop.changing.perform(order);
      REQUIRE_MESSAGE(done.ok(), done.error().message);
      CHECK(shop.names() == "shop ");
      CHECK(shop.engine.inspect("shop")->state == RunState::running);
      CHECK(shop.engine.inspect("shop")->id == done->container);
    }
  }
}

TEST_CASE("changes: a start that fails is undone") {
  Workshop shop;
  const auto hash = shop.changing.perform(shop.next(Verb::restart, shop.id))->snapshot;
  auto order = shop.next(Verb::recreate, shop.id);
  order.snapshot = hash;
  shop.engine.fail_next("start", {ErrorCode::unavailable, "port is taken"});
  const auto failed = shop.changing.perform(order);
  CHECK(failed.error().code == ErrorCode::conflict);
  CHECK(failed.error().message.find("port is taken") != std::string::npos);
  CHECK(shop.names() == "shop ");
  CHECK(shop.engine.inspect("shop")->id == shop.id);
  CHECK(shop.engine.inspect("shop")->state == RunState::running);
}

TEST_CASE("changes: replicas come in order, leave from the highest, and cool down") {
  Workshop shop;
  const auto scale = [&](int count) {
    auto order = shop.next(Verb::scale, shop.id);
    order.count = count;
    return order;
  };
  const auto up = scale(2);
  CHECK(shop.changing.perform(up)->outcome == warden::Outcome::done);
  CHECK(shop.names() == "shop shop-replica-1 shop-replica-2 ");
  CHECK(shop.changing.perform(scale(1)).error().message.starts_with("rule cooldown"));
  // The same order once more is no new one.
  CHECK(shop.changing.perform(up)->outcome == warden::Outcome::superseded);
  shop.clock.ms += 5'000;
  auto down = scale(1);
  CHECK(shop.changing.perform(down).error().message.starts_with("rule cooldown"));
  shop.clock.ms += 30'000;
  down.expires += std::chrono::hours(1);
  CHECK(shop.changing.perform(down).ok());
  CHECK(shop.names() == "shop shop-replica-1 ");
}

TEST_CASE("changes: a replica that cannot be started takes the others of its order along") {
  Workshop shop;
  auto order = shop.next(Verb::scale, shop.id);
  order.count = 3;
  int starts = 0;
  shop.engine.on_effect([&] {
    // create, start, create, start
    if (++starts == 4) shop.engine.fail_next("start", {ErrorCode::unavailable, "no memory"});
  });
  const auto failed = shop.changing.perform(order);
  CHECK(failed.error().code == ErrorCode::conflict);
  CHECK(failed.error().message == "no memory");
  CHECK(shop.names() == "shop ");
  // A name that somebody else has.
  shop.engine.on_effect(nullptr);
  shop.engine.add("shop-replica-1");
  order.expires += std::chrono::hours(1);
  CHECK(shop.changing.perform(order).error().code == ErrorCode::conflict);
  CHECK(shop.names() == "shop shop-replica-1 ");
}

TEST_CASE("changes: what an earlier try made goes too, what was there before the order stays") {
  Workshop shop;
  auto first = shop.next(Verb::scale, shop.id);
  first.count = 1;
  REQUIRE(shop.changing.perform(first).ok());
  shop.clock.ms += 60'000;
  auto order = shop.next(Verb::scale, shop.id);
  order.count = 3;
  order.expires += std::chrono::hours(1);
  shop.engine.crash(shop.engine.inspect("shop-replica-1")->id);
  int effects = 0;
  shop.engine.on_effect([&] {  // start, create, start, create, start
    if (++effects == 5) shop.engine.fail_next("start", {ErrorCode::unknown, "no answer"});
  });
  CHECK(shop.changing.perform(order).error().code == ErrorCode::unknown);
  CHECK(shop.names() == "shop shop-replica-1 shop-replica-2 shop-replica-3 ");
  for (int look = 0; look < 3; ++look) {
    shop.clock.ms += 20'000;
    shop.changing.settle();
  }
  shop.engine.on_effect(nullptr);
  shop.engine.fail_next("start", {ErrorCode::unavailable, "no memory"});
  CHECK(shop.changing.perform(order).error().code == ErrorCode::conflict);
  CHECK(shop.names() == "shop shop-replica-1 ");
  CHECK(shop.engine.inspect("shop-replica-1")->state == RunState::running);
}

TEST_CASE("changes: one at a time per service, restarts too") {
  Workshop shop;
  auto order = shop.next(Verb::scale, shop.id);
  order.count = 1;
  std::string second, third;
  shop.engine.on_effect([&] {
    if (!second.empty()) return;
    second = shop.changing.perform(shop.next(Verb::restart, shop.id)).error().message;
    third = shop.changing.perform(shop.next(Verb::scale, shop.id)).error().message;
  });
  CHECK(shop.changing.perform(order).ok());
  CHECK(second.starts_with("rule traffic"));
  CHECK(third.starts_with("rule traffic"));
}

TEST_CASE("changes: a queue is called once, whatever is asked after it") {
  Bench bench;
  support::TemporaryFolder folder;
  std::vector<std::string> calls;
  base::Status answer;
  warden::ChangeOptions options;
  options.folder = folder.path();
  options.queues = {{"shop", "http://127.0.0.1:9/clear"}};
  options.call_queue = [&](const std::string& url) {
    calls.push_back(url);
    return answer;
  };
  warden::Changes changes(options, bench.engine, bench.clock, bench.log);
  warden::Performer performer(
      bench.roster, bench.engine, [&](const std::string&) { return bench.standing; }, bench.clock,
      bench.log, &changes);
  auto order = bench.operation(Verb::clear_queue);
  SUBCASE("it did") {
    const auto done = performer.perform(order);
    REQUIRE(done.ok());
    CHECK(done->outcome == warden::Outcome::done);
    CHECK(done->container == bench.id);
    CHECK(calls == std::vector<std::string>{"http://127.0.0.1:9/clear"});
    CHECK(performer.perform(order).error().code == ErrorCode::unknown);
  }
  SUBCASE("it answers with an error") {
    answer = base::Error{ErrorCode::conflict, "it answered with status 503"};
    const auto failed = performer.perform(order);
    CHECK(failed.error().code == ErrorCode::conflict);
    CHECK(failed.error().message.find("status 503") != std::string::npos);
  }
  SUBCASE("nobody listens") {
    answer = base::Error{ErrorCode::unavailable, "not connected"};
    CHECK(performer.perform(order).error().code == ErrorCode::unavailable);
  }
  SUBCASE("nobody answers: it stays taken until it is settled, and another process knows") {
    answer = base::Error{ErrorCode::unknown, "no answer"};
    CHECK(performer.perform(order).error().code == ErrorCode::unknown);
    auto other = order;
    other.op = "01HZZZZZZZZZZZZZZZZZZZZZ99";
    CHECK(performer.perform(other).error().message.starts_with("rule traffic"));
    warden::Changes later(options, bench.engine, bench.clock, bench.log);
    warden::Performer next(
        bench.roster, bench.engine, [&](const std::string&) { return bench.standing; }, bench.clock,
        bench.log, &later);
    CHECK(next.perform(order).error().message.find("not cleared twice") != std::string::npos);
  }
  CHECK(calls.size() == 1);
  CHECK(bench.engine.effects().empty());  // The container is left alone.
}

TEST_CASE("changes: without an address there is no queue to be cleared") {
  Workshop shop;
  const auto refused = shop.changing.perform(shop.next(Verb::clear_queue, shop.id));
  CHECK(refused.error().message.starts_with("rule bounds"));
}

}  // namespace
