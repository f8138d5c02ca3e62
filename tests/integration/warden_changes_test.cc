// The warden's changes of containers on a real dockerd: containers made in many ways come back
// byte-equal, a warden killed after any step is taken up again, services grow and shrink.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agents/warden/balancer.h"
#include "agents/warden/performer.h"
#include "engine/docker_engine.h"
#include "engine/snapshot_codec.h"
#include "tests/integration/private_nginx.h"
#include "tests/integration/real_engine.h"
#include "tests/support/temporary_folder.h"
#include "warden/warden_codec.h"

namespace {

using base::ErrorCode;
using warden::Outcome;
using warden::Verb;

const std::string kIdle = " idle:1 /bin/busybox sleep 100000";

// The warden's state, and its process for one operation each: the code under test runs in children
// alone, so that any of them can be killed.
struct Stage {
  explicit Stage(const testing::RealEngine& on) : real(on), engine(on.host()) {
    config::Service service;
    service.name = "shop-service";
    service.container = "shop";
    service.bounds = {32 << 20, 256 << 20, 0.1, 2};
    services.push_back(service);
  }

  warden::Operation order(Verb verb, const std::string& id) {
    warden::Operation out;
    out.op = "01HZZZZZZZZZZZZZZZZZZZZ" + std::to_string(100 + ++orders);
    out.epoch = 1;
    out.plan_hash = "h";
    out.expires = base::SystemClock().now().wall + std::chrono::hours(1);
    out.verb = verb;
    out.container = id;
    out.seen_started_at = engine.inspect(id).value().started_at;
    return out;
  }

  // What the warden answers; `killed` when the failpoint was reached.
  base::Result<warden::Performed> perform(const warden::Operation& operation,
                                          const std::string& failpoint = "") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      if (!failpoint.empty()) ::setenv("SRE_FAILPOINT", (failpoint + ":kill").c_str(), 1);
      const auto answer = run(operation);
      const std::string text = answer ? warden::encode(*answer) : warden::encode(answer.error());
      const auto written = ::write(ends[1], text.data(), text.size());
      ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (killed) return base::Error{ErrorCode::unknown, "killed"};
    auto performed = warden::parse_performed(text);
    return performed ? performed : warden::parse_error(text);
  }

  base::Result<warden::Performed> run(const warden::Operation& operation) {
    const base::SystemClock clock;
    const base::Logger log("warden", base::LogLevel::error);
    const warden::Roster roster(services, {});
    warden::ChangeOptions options;
    options.folder = folder.path();
    options.bounds = {{"shop-service", services[0].bounds}};
    options.scale_cooldown = cooldown;
    std::optional<warden::Balancer> front;
    if (balancer) {
      front.emplace(*balancer, log);
      if (auto recovered = front->recover(); !recovered.ok()) return recovered.error();
      options.front = &*front;
    }
    engine::DockerEngine docker(real.host());
    warden::Changes changes(options, docker, clock, log);
    const auto standing = [](const std::string&) -> base::Result<warden::Standing> {
      return warden::Standing{false, config::Mode::automatic, 1, false, false};
    };
    warden::Performer performer(roster, docker, standing, clock, log, &changes);
    return performer.perform(operation);
  }

  // Restarts it, so that the warden knows how it is made; answers the snapshot's hash.
  std::string learn(const std::string& id) {
    const auto restarted = perform(order(Verb::restart, id));
    REQUIRE_MESSAGE(restarted.ok(), restarted.error().message);
    REQUIRE(restarted->snapshot.size() == 64);
    return restarted->snapshot;
  }

  // The only container of the service, running; nothing else of it is left.
  std::string only_one() {
    const std::string left = real.docker("ps -a --format {{.Names}} --filter name=shop");
    CHECK(left == "shop");
    const auto shop = engine.inspect("shop");
    REQUIRE(shop.ok());
    CHECK(shop->state == engine::RunState::running);
    return shop->id;
  }

  const testing::RealEngine& real;
  engine::DockerEngine engine;
  std::vector<config::Service> services;
  support::TemporaryFolder folder;
  base::Duration cooldown{0};
  std::optional<config::Balancer> balancer;
  int orders = 0;
  bool killed = false;
};

// A network with a subnet of its own, in which addresses can be asked for; answers "10.1.2".
std::string make_network(const testing::RealEngine& real, const std::string& name) {
  const std::string ask = "network inspect -f '{{(index .IPAM.Config 0).Subnet}}' " + name;
  real.docker("network create " + name);
  const std::string subnet = real.docker(ask);
  real.docker("network rm " + name);
  real.docker("network create --subnet " + subnet + " " + name);
  REQUIRE(real.docker(ask) == subnet);
  return subnet.substr(0, subnet.rfind('.'));
}

void check_recreated(Stage& stage, const std::string& what) {
  CAPTURE(what);
  const std::string made = stage.real.docker("run -d --name shop " + what);
  REQUIRE_MESSAGE(engine::is_container_id(made), made);
  if (what.find("--network side") != std::string::npos) {
    stage.real.docker("network connect --alias further other shop");
  }
  const std::string hash = stage.learn(made);
  const auto before = stage.engine.snapshot(made).value();
  auto recreate = stage.order(Verb::recreate, made);
  recreate.snapshot = hash;
  const auto done = stage.perform(recreate);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  CHECK(done->outcome == Outcome::done);
  CHECK(done->snapshot == hash);
  const std::string id = stage.only_one();
  CHECK(id != made);
  CHECK(done->container == id);
  CHECK(stage.engine.snapshot(id).value() == before);
  // The same order once more: it is done.
  const auto again = stage.perform(recreate);
  REQUIRE_MESSAGE(again.ok(), again.error().message);
  CHECK(again->outcome == Outcome::superseded);
  CHECK(again->container == id);
  CHECK(stage.only_one() == id);
  stage.real.docker("rm -f shop");
}

TEST_CASE("containers made in many ways come back byte-equal") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  const std::string net = make_network(*real, "side");
  real->docker("network create other");
  // An image with much of its own, which containers take over or override.
  (void)real->run("model");
  real->docker(
      "commit -c 'ENTRYPOINT [\"/bin/busybox\"]' -c 'CMD [\"sleep\",\"100000\"]' -c 'ENV A=image' "
      "-c 'VOLUME /of-image' -c 'LABEL made.by=image' -c 'USER 7' -c 'EXPOSE 81' "
      "-c 'HEALTHCHECK --interval=5s CMD [\"/bin/busybox\",\"true\"]' model full:1");
  const std::string host = stage.folder.path();
  const std::vector<std::string> ways = {
      kIdle,
      "-e A=1 -e 'B=two words' -e EMPTY= -l team=a -l 'note=x \"y\"'" + kIdle,
      "-v " + host + ":/from-host:ro --mount type=bind,src=" + host + ",dst=/again" + kIdle,
      "-v data:/data -v data2:/data2:ro --mount type=volume,src=data3,dst=/data3" + kIdle,
      "-v /anonymous --mount type=volume,dst=/also" + kIdle,
      "--network side --network-alias shop-alias --network-alias other-name" + kIdle,
      "--network side --ip " + net + ".77" + kIdle,
      "-m 64m --memory-swap 64m --memory-reservation 32m --cpus .5 --pids-limit 50 "
      "--ulimit nofile=100:200 --cpu-shares 512" +
          kIdle,
      "--cpu-quota 50000 --cpu-period 200000 -m 48m --memory-swap -1" + kIdle,
      "--user 5:6 --group-add 9 -w /bin --hostname shop.local --domainname example.org" + kIdle,
      "--health-cmd '/bin/busybox true' --health-interval 3s --health-retries 4 "
      "--restart on-failure:3" +
          kIdle,
      "--restart unless-stopped --stop-signal INT --stop-timeout 3 --init=false" + kIdle,
      "--entrypoint /bin/busybox idle:1 sleep 100000",
      "--add-host db:10.9.8.7 --dns 10.1.1.1 --dns-search x.org --dns-option ndots:2" + kIdle,
      "--cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges --read-only "
      "--tmpfs /run:size=1m --shm-size 8m" +
          kIdle,
      "--log-driver json-file --log-opt max-size=1m --sysctl net.core.somaxconn=99 "
      "--device /dev/null:/dev/nothing:r -t" +
          kIdle,
      "--network side -p 127.0.0.1::80 -p 81/udp --expose 90" + kIdle,
      "--network host" + kIdle,
      "--network none --pid host --ipc shareable" + kIdle,
      "--network container:model" + kIdle,
      "full:1",
      "-e A=mine -l made.by=me --no-healthcheck --user 0 full:1 sleep 99999",
      "--entrypoint '' full:1 /bin/busybox sleep 99999",
  };
  for (const std::string& way : ways) check_recreated(stage, way);
}

TEST_CASE("back to the image it was made from, when its name means another one now") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  const std::string first = real->docker("run -d --name shop -v /kept -e V=1" + kIdle);
  const std::string hash = stage.learn(first);
  const auto before = engine::read_snapshot(stage.engine.snapshot(first).value()).value();
  real->docker("exec shop /bin/busybox touch /kept/file");
  // A deploy: the name means another image, and the container is made of it, otherwise.
  real->docker("commit -c 'ENV NEW=1' shop idle:2");
  real->docker("tag idle:1 idle:old");
  real->docker("tag idle:2 idle:1");
  real->docker("stop -t 0 shop");
  real->docker("rename shop away");
  const std::string second = real->docker("run -d --name shop -e V=2 -m 64m" + kIdle);
  REQUIRE(engine::is_container_id(second));
  auto recreate = stage.order(Verb::recreate, second);
  recreate.snapshot = hash;
  const auto done = stage.perform(recreate);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  const auto after = engine::read_snapshot(stage.engine.snapshot(stage.only_one()).value()).value();
  CHECK(after.creation_hash == before.creation_hash);
  CHECK(after.image_id == before.image_id);
  CHECK(real->docker("exec shop /bin/busybox ls /kept") == "file");
}

TEST_CASE("what cannot be brought back leaves the container as it was") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  make_network(*real, "side");
  const std::string id = real->docker("run -d --name shop --network side" + kIdle);
  const std::string hash = stage.learn(id);
  real->docker("rm -f shop");
  real->docker("network rm side");
  const std::string other = real->docker("run -d --name shop --network none" + kIdle);
  auto recreate = stage.order(Verb::recreate, other);
  recreate.snapshot = hash;
  // Made it can be, started it cannot, for its network is gone.
  const auto failed = stage.perform(recreate);
  CHECK(failed.error().code == ErrorCode::conflict);
  CHECK(failed.error().message.find("the old container runs again") != std::string::npos);
  CHECK(stage.only_one() == other);
  // A snapshot that is not there, or of somebody else.
  recreate = stage.order(Verb::recreate, other);
  recreate.snapshot = std::string(64, 'a');
  CHECK(stage.perform(recreate).error().message.starts_with("rule snapshot"));
  // One that goes when it stops is not stopped.
  real->docker("rm -f shop");
  const std::string passing = real->docker("run -d --rm --name shop" + kIdle);
  recreate = stage.order(Verb::recreate, passing);
  recreate.snapshot = stage.learn(passing);
  CHECK(stage.perform(recreate).error().code == ErrorCode::denied);
  CHECK(stage.only_one() == passing);
}

TEST_CASE("a warden killed after any step of a recreation is taken up again") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  make_network(*real, "side");
  std::string id = real->docker("run -d --name shop --network side -e A=1 -v /kept" + kIdle);
  const std::string hash = stage.learn(id);
  const std::string before = stage.engine.snapshot(id).value();
  for (const char* step :
       {"made", "stopped", "moved_away", "moved_in", "started", "noted", "removed"}) {
    CAPTURE(step);
    auto recreate = stage.order(Verb::recreate, id);
    recreate.snapshot = hash;
    (void)stage.perform(recreate, std::string("warden.recreate.") + step);
    REQUIRE(stage.killed);
    // At most one runs, whatever has been done.
    const std::string running = real->docker("ps -q --filter name=shop");
    CHECK(std::ranges::count(running, '\n') == 0);
    const auto done = stage.perform(recreate);
    REQUIRE_MESSAGE(done.ok(), done.error().message);
    const std::string now = stage.only_one();
    CHECK(now != id);
    CHECK(done->container == now);
    CHECK(stage.engine.snapshot(now).value() == before);
    id = now;
  }
}

TEST_CASE("limits are set for good and within the bounds") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  const std::string id = real->docker("run -d --name shop --network none -m 64m" + kIdle);
  auto order = stage.order(Verb::set_limits, id);
  order.memory_bytes = 128 << 20;
  order.cpu = 0.5;
  const auto done = stage.perform(order);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  CHECK(done->container == id);
  CHECK(stage.perform(order).value().outcome == Outcome::superseded);
  real->docker("restart -t 0 shop");
  const auto after = stage.engine.inspect(id).value();
  CHECK(after.memory_limit_bytes == 128 << 20);
  CHECK(after.cpu_limit == 0.5);
  // Back by the snapshot that was kept before.
  auto undo = stage.order(Verb::recreate, id);
  undo.snapshot = done->snapshot;
  REQUIRE(stage.perform(undo).ok());
  CHECK(stage.engine.inspect(stage.only_one()).value().memory_limit_bytes == 64 << 20);
  for (const std::int64_t wrong : {std::int64_t{16} << 20, std::int64_t{512} << 20}) {
    order = stage.order(Verb::set_limits, stage.only_one());
    order.memory_bytes = wrong;
    CHECK(stage.perform(order).error().message.starts_with("rule bounds"));
  }
}

std::string replicas(const testing::RealEngine& real) {
  return real.docker(
      "ps --format {{.Names}} --filter label=sre-space.replica-of=shop-service "
      "| sort | tr '\\n' ' '");
}

TEST_CASE(
    "a service grows to three replicas and shrinks to one, also with a warden killed between") {
  const auto real = testing::RealEngine::start();
  if (!real) return;
  Stage stage(*real);
  const std::string net = make_network(*real, "side");
  const std::string id = real->docker("run -d --name shop --network side --ip " + net +
                                      ".9 -p 127.0.0.1::80 -v /own -e A=1" + kIdle);
  const auto scale = [&](int count) {
    auto order = stage.order(Verb::scale, id);
    order.count = count;
    return order;
  };
  CHECK(stage.perform(scale(1)).value().outcome == Outcome::done);
  CHECK(stage.perform(scale(3)).value().outcome == Outcome::done);
  CHECK(replicas(*real) == "shop-service-replica-1 shop-service-replica-2 shop-service-replica-3 ");
  CHECK(stage.perform(scale(3)).value().outcome == Outcome::superseded);
  const auto replica = stage.engine.inspect("shop-service-replica-2").value();
  CHECK(stage.engine.addresses(replica.id).value().contains("side"));
  CHECK(real->docker("port shop-service-replica-2").empty());
  // They are no members, but stand beside them.
  const auto listing = warden::Roster(stage.services, {}).pick(stage.engine.list().value());
  CHECK(listing.members.size() == 1);
  CHECK(listing.replicas.size() == 3);
  auto at_replica = stage.order(Verb::restart, replica.id);
  CHECK(stage.perform(at_replica).error().code == ErrorCode::not_found);
  for (const char* step : {"stopped", "removed"}) {
    const auto down = scale(1);
    (void)stage.perform(down, std::string("warden.scale.") + step);
    CHECK(stage.killed);
    REQUIRE(stage.perform(down).ok());
    CHECK(replicas(*real) == "shop-service-replica-1 ");
    const auto up = scale(3);
    const std::string point = std::string("warden.scale.") + (step[0] == 's' ? "made" : "started");
    (void)stage.perform(up, point);
    CHECK(stage.killed);
    REQUIRE(stage.perform(up).ok());
    CHECK(stage.engine.inspect("shop-service-replica-3").value().state ==
          engine::RunState::running);
  }
  stage.cooldown = std::chrono::hours(1);
  const auto refused = stage.perform(scale(0));
  CHECK(refused.error().message.starts_with("rule cooldown"));
  stage.cooldown = base::Duration(0);
  CHECK(stage.perform(scale(0)).ok());
  CHECK(stage.only_one() == id);
}

TEST_CASE("no request is lost while a service grows and shrinks behind nginx") {
  const auto real = testing::RealEngine::start();
  if (!real || !testing::has_nginx()) return;
  Stage stage(*real);
  make_network(*real, "side");
  const std::string id = real->docker(
      "run -d --name shop --network side idle:1 /bin/busybox httpd -f -p 8000 -h /etc");
  REQUIRE_MESSAGE(engine::is_container_id(id), id);
  const std::string address = stage.engine.addresses(id).value().at("side") + ":8000";
  testing::Nginx nginx(address, "/hostname");
  stage.balancer = nginx.config();
  stage.balancer->upstreams[0].port = 8000;
  stage.balancer->drain = std::chrono::milliseconds(300);
  // From here on in this process, which has threads now; it reads its failpoints once, so this case
  // is the last one.
  std::atomic<int> good = 0, bad = 0;
  std::atomic<bool> over = false;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      // Each 50 times a second.
      auto next = std::chrono::steady_clock::now();
      while (!over) {
        (nginx.get("/hostname") == 200 ? good : bad)++;
        std::this_thread::sleep_until(next += std::chrono::milliseconds(20));
      }
    });
  }
  for (const int count : {1, 3, 1, 2, 0}) {
    auto order = stage.order(Verb::scale, id);
    order.count = count;
    const auto done = stage.run(order);
    CHECK_MESSAGE(done.ok(), done.error().message);
    const std::string file = testing::read_file(nginx.file());
    std::size_t servers = 0;
    for (auto at = file.find(":8000;"); at != std::string::npos; at = file.find(":8000;", at + 1)) {
      ++servers;
    }
    CHECK(servers == static_cast<std::size_t>(count) + 1);
    const int before = good;
    CHECK(testing::Nginx::wait_for([&] { return good > before + 50; }));
  }
  over = true;
  clients.clear();
  MESSAGE("requests ", good.load(), ", failed ", bad.load());
  CHECK(bad == 0);
  CHECK(stage.only_one() == id);
  // What replaces the container is found at its new address.
  auto undo = stage.order(Verb::recreate, id);
  undo.snapshot = stage.run(stage.order(Verb::restart, id)).value().snapshot;
  REQUIRE(stage.run(undo).ok());
  CHECK(nginx.get("/hostname") == 200);
}

}  // namespace
