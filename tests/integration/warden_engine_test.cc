// The whole way: client, socket, warden and a real dockerd. Prints what the way costs.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agents/warden/server.h"
#include "engine/docker_engine.h"
#include "tests/integration/real_engine.h"
#include "warden/socket_warden.h"

namespace {

using engine::EventKind;
using Steady = std::chrono::steady_clock;

// Stands before the real engine and notes when calls and events pass.
class Timed final : public engine::ContainerEngine {
 public:
  explicit Timed(engine::ContainerEngine& real) : real_(real) {}
  base::Result<std::string> version() override { return real_.version(); }
  base::Result<std::vector<engine::Container>> list() override { return real_.list(); }
  base::Result<engine::Container> inspect(const std::string& id) override {
    return real_.inspect(id);
  }
  base::Result<std::vector<std::string>> log_tail(const engine::ContainerId& id,
                                                  int lines) override {
    return real_.log_tail(id, lines);
  }
  base::Result<engine::Stats> stats(const engine::ContainerId& id) override {
    return real_.stats(id);
  }
  base::Status start(const engine::ContainerId& id) override {
    note(effect_);
    return real_.start(id);
  }
  base::Status restart(const engine::ContainerId& id, base::Duration grace) override {
    note(effect_);
    return real_.restart(id, grace);
  }
  base::Status stop(const engine::ContainerId& id, base::Duration grace) override {
    return real_.stop(id, grace);
  }
  base::Result<std::string> snapshot(const engine::ContainerId& id) override {
    return real_.snapshot(id);
  }
  base::Result<engine::ContainerId> create_from(const std::string& snapshot,
                                                const engine::Overrides& overrides) override {
    return real_.create_from(snapshot, overrides);
  }
  base::Status rename(const engine::ContainerId& id, const std::string& name) override {
    return real_.rename(id, name);
  }
  base::Status remove(const engine::ContainerId& id) override { return real_.remove(id); }
  base::Status update_limits(const engine::ContainerId& id,
                             const engine::ResourceLimits& limits) override {
    return real_.update_limits(id, limits);
  }
  base::Result<std::map<std::string, std::string>> addresses(
      const engine::ContainerId& id) override {
    return real_.addresses(id);
  }
  base::Status follow(const std::function<void()>& connected,
                      const std::function<bool(const engine::Event&)>& receive,
                      std::stop_token stop) override {
    const auto noting = [&](const engine::Event& event) {
      if (event.kind == EventKind::die) note(die_);
      return receive(event);
    };
    return real_.follow(connected, noting, std::move(stop));
  }
  Steady::time_point effect() const { return get(effect_); }
  Steady::time_point die() const { return get(die_); }

 private:
  void note(Steady::time_point& which) {
    const std::lock_guard lock(mutex_);
    which = Steady::now();
  }
  Steady::time_point get(const Steady::time_point& which) const {
    const std::lock_guard lock(mutex_);
    return which;
  }
  engine::ContainerEngine& real_;
  mutable std::mutex mutex_;
  // Guards: all below.
  Steady::time_point effect_, die_;
};

double median_ms(std::vector<double> all) {
  std::ranges::sort(all);
  return all.empty() ? 0 : all[all.size() / 2];
}

double ms(Steady::duration passed) {
  return std::chrono::duration<double, std::milli>(passed).count();
}

double median_of(int times, const std::function<void()>& call) {
  std::vector<double> all;
  for (int i = 0; i < times; ++i) {
    const auto begin = Steady::now();
    call();
    all.push_back(ms(Steady::now() - begin));
  }
  return median_ms(all);
}

// Waits for the next notice of one kind of event, and says when it came.
class Ear {
 public:
  explicit Ear(warden::Warden& warden)
      : thread_([this, &warden](const std::stop_token& stop) {
          (void)warden.follow([this](const warden::Notice& notice) { return hear(notice); }, stop);
        }) {
    wait([this] { return connected_; });
  }
  Steady::time_point died(int times) {
    wait([&] { return deaths_ >= times; });
    const std::lock_guard lock(mutex_);
    return died_;
  }

 private:
  bool hear(const warden::Notice& notice) {
    const std::lock_guard lock(mutex_);
    connected_ = connected_ || std::holds_alternative<warden::Connected>(notice);
    const auto* happened = std::get_if<warden::Happened>(&notice);
    if (happened != nullptr && happened->event.kind == EventKind::die) {
      died_ = Steady::now();
      ++deaths_;
    }
    changed_.notify_all();
    return true;
  }
  void wait(const std::function<bool()>& until) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(20), until));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guards: all below.
  bool connected_ = false;
  int deaths_ = 0;
  Steady::time_point died_;
  std::jthread thread_;
};

warden::Operation make_operation(const engine::Container& seen, const base::Clock& clock) {
  warden::Operation out;
  out.op = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
  out.epoch = 1;
  out.plan_hash = "h";
  out.expires = clock.now().wall + std::chrono::seconds(60);
  out.verb = seen.state == engine::RunState::running ? warden::Verb::restart : warden::Verb::start;
  out.container = seen.id;
  out.seen_started_at = seen.started_at;
  return out;
}

TEST_CASE("a real container dies, is seen, and is started again through the warden") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  const auto id = real->run("shop", "-m 64m");
  const auto stranger = real->run("stranger");
  char folder[] = "/tmp/warden-engine.XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);

  engine::DockerEngine docker(real->host());
  Timed timed(docker);
  base::SystemClock clock;
  base::Logger log("warden", base::LogLevel::error);
  warden::ServerOptions options;
  options.socket_dir = folder;
  options.services.resize(1);
  options.services[0].name = "shop-service";
  options.services[0].container = "shop";
  warden::WardenServer server(
      options, timed,
      [](const std::string&) -> base::Result<warden::Standing> {
        return warden::Standing{false, config::Mode::automatic, 1, false, false};
      },
      clock, log);
  REQUIRE(server.start().ok());
  warden::SocketWarden scout(std::string(folder) + "/scout.sock");
  warden::SocketWarden fixer(std::string(folder) + "/fixer.sock");
  Ear ear(scout);
  CHECK(scout.inspect(id).value().service == "shop-service");
  CHECK(scout.inspect(stranger).error().code == base::ErrorCode::not_found);

  std::vector<double> relay, overhead, healing;
  for (int round = 1; round <= 10; ++round) {
    const int pid = scout.inspect(id).value().container.pid;
    REQUIRE(pid > 1);
    ::kill(pid, SIGKILL);
    const auto heard = ear.died(round);
    relay.push_back(ms(heard - timed.die()));
    const auto seen = fixer.inspect(id).value().container;
    CHECK(seen.state == engine::RunState::exited);
    const auto begin = Steady::now();
    const auto performed = fixer.perform(make_operation(seen, clock));
    healing.push_back(ms(Steady::now() - begin));
    overhead.push_back(ms(timed.effect() - begin));
    REQUIRE(performed.ok());
    CHECK(performed.value().started_at != seen.started_at);
  }
  const auto seen = fixer.inspect(id).value().container;
  CHECK(fixer.perform(make_operation(seen, clock))
            .ok());  // Running: a restart, which dies once more.
  CHECK(scout.inspect(id).value().container.started_at != seen.started_at);

  MESSAGE("p50 ms: inspect direct ", median_of(200, [&] { (void)docker.inspect(id); }),
          ", through the warden ", median_of(200, [&] { (void)scout.inspect(id); }),
          "; engine event to notice ", median_ms(relay), "; perform() to engine call ",
          median_ms(overhead), "; perform() in all ", median_ms(healing), "; sample ",
          median_of(200, [&] { (void)docker.stats(id); }));
  CHECK(median_ms(relay) < 5);  // Both have room: this machine may be busy.
  CHECK(median_ms(overhead) < 15);
  server.stop();
  std::filesystem::remove_all(folder);
}

}  // namespace
