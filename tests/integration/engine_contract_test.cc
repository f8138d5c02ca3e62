// One contract for every container engine, run on the one in memory and on a real dockerd.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "engine/docker_engine.h"
#include "engine/snapshot_codec.h"
#include "tests/fakes/fake_engine.h"
#include "tests/integration/real_engine.h"

namespace {

using base::ErrorCode;
using engine::EventKind;
using engine::RunState;
using std::chrono::steady_clock;

// An engine with one container named "alpha" that wrote a line to each of its two outputs, and the
// things that happen to engines and containers from outside.
struct Subject {
  engine::ContainerEngine& engine;
  std::string id;
  std::function<void()> crash;
  std::function<void()> kill;
  std::function<void()> hang;
  std::function<void()> wake;
};

std::vector<EventKind> kinds(const std::vector<engine::Event>& events) {
  std::vector<EventKind> out;
  for (const auto& event : events) out.push_back(event.kind);
  return out;
}

void check_reads(Subject& on) {
  REQUIRE(on.engine.version().ok());
  const auto all = on.engine.list();
  REQUIRE(all.ok());
  CHECK(std::ranges::any_of(all.value(), [&](const auto& c) { return c.id == on.id; }));
  const auto by_id = on.engine.inspect(on.id);
  REQUIRE(by_id.ok());
  CHECK(by_id.value().name == "alpha");
  CHECK(by_id.value().state == RunState::running);
  CHECK(by_id.value().memory_limit_bytes == 64 << 20);
  CHECK(by_id.value().pid > 1);
  CHECK(on.engine.inspect("alpha").value() == by_id.value());
  const auto log = on.engine.log_tail(on.id, 10);
  REQUIRE(log.ok());
  CHECK(log.value().size() == 2);
  CHECK(std::ranges::find(log.value(), "to stderr") != log.value().end());
  CHECK(on.engine.log_tail(on.id, 1).value().size() == 1);
  const auto stats = on.engine.stats(on.id);
  REQUIRE(stats.ok());
  CHECK(stats.value().memory_bytes > 0);
  CHECK(stats.value().memory_limit_bytes == 64 << 20);
}

void check_absent(Subject& on) {
  const std::string nobody(64, '0');
  CHECK(on.engine.inspect(nobody).error().code == ErrorCode::not_found);
  CHECK(on.engine.inspect(on.id.substr(0, 12)).error().code == ErrorCode::not_found);
  CHECK(on.engine.log_tail(nobody, 5).error().code == ErrorCode::not_found);
  CHECK(on.engine.start(nobody).error().code == ErrorCode::not_found);
  CHECK(on.engine.restart(nobody, base::Duration(0)).error().code == ErrorCode::not_found);
}

void check_effects(Subject& on) {
  testing::EventLog events(on.engine);
  const auto before = on.engine.inspect(on.id).value().started_at;
  const auto begin = steady_clock::now();
  CHECK(on.engine.start(on.id).ok());  // Runs already: nothing happens, and at once.
  CHECK(steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK(on.engine.inspect(on.id).value().started_at == before);
  CHECK(on.engine.restart(on.id, base::Duration(0)).ok());
  const auto seen = events.until(on.id, EventKind::restart);
  CHECK(std::ranges::count(kinds(seen), EventKind::kill) > 0);
  const auto after = on.engine.inspect(on.id).value();
  CHECK(after.state == RunState::running);
  CHECK(after.started_at != before);

  on.crash();
  const auto died = events.until(on.id, EventKind::die);
  CHECK(kinds(died) == std::vector{EventKind::die});  // No kill before it: nobody asked for this.
  CHECK(died.back().exit_code == 137);
  CHECK(died.back().name == "alpha");
  const auto dead = on.engine.inspect(on.id).value();
  CHECK(dead.state == RunState::exited);
  CHECK(dead.started_at == after.started_at);
  CHECK(dead.exit_code == 137);
  CHECK(dead.pid == 0);
  CHECK(on.engine.start(on.id).ok());
  CHECK(kinds(events.until(on.id, EventKind::start)) == std::vector{EventKind::start});
  CHECK(on.engine.inspect(on.id).value().started_at != dead.started_at);

  on.kill();
  const auto killed = events.until(on.id, EventKind::die);
  CHECK(kinds(killed) == std::vector{EventKind::kill, EventKind::die});
  CHECK(killed.front().signal == "9");
  CHECK(on.engine.start(on.id).ok());
  CHECK_FALSE(events.until(on.id, EventKind::start).empty());
}

void check_stop_of_stream(Subject& on) {
  std::stop_source stop;
  bool connected = false;
  const auto status = on.engine.follow(
      [&] {
        connected = true;
        stop.request_stop();
      },
      [](const engine::Event&) { return true; }, stop.get_token());
  CHECK(connected);
  CHECK(status.ok());
  // The receiver ends it as well.
  std::stop_source open;
  std::jthread ending;
  const auto ended = on.engine.follow(
      [&] { ending = std::jthread([&] { (void)on.engine.restart(on.id, base::Duration(0)); }); },
      [](const engine::Event&) { return false; }, open.get_token());
  CHECK(ended.ok());
}

void check_hung(Subject& on) {
  testing::EventLog events(on.engine);
  const auto before = on.engine.inspect(on.id).value().started_at;
  on.hang();
  CHECK(on.engine.inspect(on.id).error().code == ErrorCode::timeout);
  CHECK(on.engine.restart(on.id, base::Duration(0)).error().code == ErrorCode::unknown);
  on.wake();
  // What was sent is done, though nobody waits for it any more.
  CHECK_FALSE(events.until(on.id, EventKind::restart).empty());
  CHECK(on.engine.inspect(on.id).value().started_at != before);
}

// A twin is made from alpha's snapshot, takes its name, and goes again.
void check_changes(Subject& on) {
  const auto snapshot = on.engine.snapshot(on.id);
  REQUIRE(snapshot.ok());
  CHECK(on.engine.snapshot(on.id).value() == snapshot.value());
  const auto facts = engine::read_snapshot(snapshot.value()).value();
  CHECK(facts.name == "alpha");
  CHECK(facts.image_id == on.engine.inspect(on.id).value().image_id);
  CHECK(facts.memory_limit_bytes == 64 << 20);
  const auto taken = on.engine.create_from(snapshot.value(), {.name = "alpha", .image = {}});
  CHECK(taken.error().code == ErrorCode::conflict);
  const auto refused = on.engine.create_from("{}", {.name = "other", .image = {}});
  CHECK(refused.error().code == ErrorCode::invalid);

  const auto twin = on.engine.create_from(snapshot.value(), {.name = "twin", .image = {}});
  REQUIRE(twin.ok());
  CHECK(on.engine.inspect("twin").value().state == RunState::created);
  const auto made = engine::read_snapshot(on.engine.snapshot(*twin).value()).value();
  CHECK(made.creation_hash == facts.creation_hash);
  CHECK(on.engine.rename(*twin, "alpha").error().code == ErrorCode::conflict);
  CHECK(on.engine.stop(*twin, base::Duration(0)).ok());  // It does not run: left as it is.
  CHECK(on.engine.start(*twin).ok());
  CHECK(on.engine.remove(*twin).error().code == ErrorCode::conflict);
  CHECK(on.engine.rename(on.id, "former").ok());
  CHECK(on.engine.rename(*twin, "alpha").ok());
  CHECK(on.engine.snapshot(*twin).value() == snapshot.value());
  CHECK(on.engine.inspect("alpha").value().id == *twin);
  CHECK(on.engine.stop(*twin, base::Duration(0)).ok());
  CHECK(on.engine.inspect("alpha").value().state == RunState::exited);
  CHECK(on.engine.remove(*twin).ok());
  CHECK(on.engine.remove(*twin).error().code == ErrorCode::not_found);
  CHECK(on.engine.rename(on.id, "alpha").ok());
  CHECK(on.engine.inspect(on.id).value().name == "alpha");
}

void check_overrides(Subject& on) {
  const auto snapshot = on.engine.snapshot(on.id).value();
  engine::Overrides overrides;
  overrides.name = "bigger";
  overrides.limits = {96 << 20, 0.5};
  overrides.labels = {{"of", "alpha"}};
  overrides.replica = true;
  const auto made = on.engine.create_from(snapshot, overrides);
  REQUIRE(made.ok());
  const auto bigger = on.engine.inspect(*made).value();
  CHECK(bigger.memory_limit_bytes == 96 << 20);
  CHECK(bigger.cpu_limit == 0.5);
  CHECK(bigger.labels.at("of") == "alpha");
  CHECK(on.engine.update_limits(*made, {32 << 20, 0.25}).ok());
  CHECK(on.engine.inspect(*made).value().memory_limit_bytes == 32 << 20);
  CHECK(on.engine.inspect(*made).value().cpu_limit == 0.25);
  CHECK(on.engine.remove(*made).ok());
  // Nobody to be changed.
  const std::string nobody(64, '0');
  const engine::ResourceLimits limits{96 << 20, {}};
  CHECK(on.engine.snapshot(nobody).error().code == ErrorCode::not_found);
  CHECK(on.engine.addresses(nobody).error().code == ErrorCode::not_found);
  CHECK(on.engine.stop(nobody, base::Duration(0)).error().code == ErrorCode::not_found);
  CHECK(on.engine.rename(nobody, "somebody").error().code == ErrorCode::not_found);
  CHECK(on.engine.remove(nobody).error().code == ErrorCode::not_found);
  CHECK(on.engine.update_limits(nobody, limits).error().code == ErrorCode::not_found);
}

void check_contract(Subject& on) {
  check_reads(on);
  check_changes(on);
  check_overrides(on);
  check_absent(on);
  check_effects(on);
  check_stop_of_stream(on);
  check_hung(on);
}

TEST_CASE("contract: the engine in memory") {
  using Health = fakes::FakeEngine::Health;
  fakes::FakeEngine engine;
  const auto id = engine.add("alpha");
  engine.set_log(id, {"to stdout", "to stderr"});
  Subject subject{engine,
                  id,
                  [&] { engine.crash(id); },
                  [&] { engine.kill(id); },
                  [&] { engine.set_health(Health::hung); },
                  [&] { engine.set_health(Health::well); }};
  check_contract(subject);
}

void check_parallel(engine::DockerEngine& docker, const std::string& id) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) good += docker.inspect(id).ok() ? 1 : 0;
    });
  }
  threads.clear();
  CHECK(good == 200);
}

// Asked of the engine and read from the kernel's files.
void check_stats_agree(const testing::RealEngine& real, engine::DockerEngine& docker,
                       const std::string& id) {
  engine::DockerOptions options;
  options.cgroup_root.clear();
  engine::DockerEngine asking(real.host(), options);
  const auto asked = asking.stats(id);
  const auto read = docker.stats(id);
  REQUIRE(asked.ok());
  REQUIRE(read.ok());
  CHECK(asked.value().memory_limit_bytes == read.value().memory_limit_bytes);
  CHECK(asked.value().memory_bytes <= 4 * read.value().memory_bytes);
  CHECK(read.value().memory_bytes <= 4 * asked.value().memory_bytes);
}

// A hung engine is soon not asked any more, and asked again when it is back.
void check_breaker(Subject& on) {
  on.hang();
  for (int i = 0; i < 3; ++i) CHECK(on.engine.inspect(on.id).error().code == ErrorCode::timeout);
  CHECK(on.engine.inspect(on.id).error().code == ErrorCode::unavailable);
  CHECK(on.engine.restart(on.id, base::Duration(0)).error().code == ErrorCode::unavailable);
  on.wake();
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  while (!on.engine.inspect(on.id).ok() && steady_clock::now() < end) std::this_thread::yield();
  CHECK(on.engine.inspect(on.id).ok());
}

void check_settings_and_terminal(const testing::RealEngine& real, engine::DockerEngine& docker) {
  const auto id = real.run("beta", "-t --restart on-failure:3 --cpus 0.5 -l team=a");
  const auto beta = docker.inspect(id).value();
  CHECK(beta.restart_policy == engine::RestartPolicy::on_failure);
  CHECK(beta.cpu_limit == doctest::Approx(0.5));
  CHECK(beta.labels.at("team") == "a");
  // The engine reads the two outputs one beside the other: either may come last.
  const auto last = docker.log_tail(id, 1).value();
  REQUIRE(last.size() == 1);
  CHECK((last[0] == "to stderr" || last[0] == "to stdout"));
}

void check_death(const testing::RealEngine& real, engine::DockerEngine& docker,
                 const std::string& id) {
  testing::EventLog events(docker);
  ::kill(real.pid(), SIGKILL);
  CHECK(events.end().error().code == ErrorCode::unavailable);
  CHECK(docker.inspect(id).error().code == ErrorCode::unavailable);
  CHECK(docker.start(id).error().code == ErrorCode::unavailable);
}

TEST_CASE("contract: a real dockerd") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  const auto id = real->run("alpha", "-m 64m");
  engine::DockerOptions patient;
  patient.reads = std::chrono::milliseconds(700);
  engine::DockerOptions hasty = patient;
  hasty.effects = std::chrono::milliseconds(700);
  engine::DockerEngine docker(real->host(), patient), hurried(real->host(), hasty);
  const auto crash = [&] {
    const int pid = docker.inspect(id).value().pid;
    REQUIRE(pid > 1);
    ::kill(pid, SIGKILL);
  };
  const auto kill = [&] { real->docker("kill alpha"); };
  const auto hang = [&] { ::kill(real->pid(), SIGSTOP); };
  const auto wake = [&] { ::kill(real->pid(), SIGCONT); };
  Subject subject{docker, id, crash, kill, hang, wake};
  check_reads(subject);
  check_absent(subject);
  check_effects(subject);
  check_stop_of_stream(subject);
  REQUIRE(hurried.version().ok());
  Subject in_haste{hurried, id, crash, kill, hang, wake};
  check_hung(in_haste);
  check_parallel(docker, id);
  check_stats_agree(*real, docker, id);
  check_breaker(subject);
  check_settings_and_terminal(*real, docker);
  check_death(*real, docker, id);
}

TEST_CASE("no socket at all: unavailable, nothing was sent") {
  engine::DockerEngine docker("unix:///tmp/no-such-engine.sock");
  const std::string id(64, 'a');
  CHECK(docker.list().error().code == ErrorCode::unavailable);
  CHECK(docker.restart(id, base::Duration(0)).error().code == ErrorCode::unavailable);
  const auto status = docker.follow([] {}, [](const engine::Event&) { return true; }, {});
  CHECK(status.error().code == ErrorCode::unavailable);
}

}  // namespace
