// The warden's doors over their real sockets, in front of an engine in memory.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agents/warden/server.h"
#include "tests/fakes/fake_engine.h"
#include "warden/socket_warden.h"
#include "warden/warden_codec.h"

namespace {

using base::ErrorCode;
using Health = fakes::FakeEngine::Health;
using std::chrono::seconds;

config::Service service(const std::string& name, const std::string& container) {
  config::Service out;
  out.name = name;
  out.container = container;
  return out;
}

// A warden before an engine with the containers shop (configured) and other (not).
struct House {
  House() {
    char name[] = "/tmp/warden-test.XXXXXX";
    folder = ::mkdtemp(name);
    options.socket_dir = folder + "/warden";
    options.changes.folder = options.socket_dir;
    options.services = {service("shop", "shop"), service("pay", "role=pay"),
                        service("gone", "nowhere")};
    options.rhythm = {std::chrono::milliseconds(20), std::chrono::milliseconds(20)};
    server = make();
    REQUIRE(server->start().ok());
  }
  ~House() {
    server.reset();
    std::filesystem::remove_all(folder);
  }
  std::unique_ptr<warden::WardenServer> make() {
    return std::make_unique<warden::WardenServer>(
        options, engine, [this](const std::string&) { return standing(); }, clock, log);
  }
  base::Result<warden::Standing> standing() const {
    return warden::Standing{stopped, config::Mode::automatic, 5, false, false};
  }
  std::string path(const std::string& door) const { return options.socket_dir + "/" + door; }
  warden::Operation operation() {
    warden::Operation out;
    out.op = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
    out.epoch = 5;
    out.plan_hash = "h";
    out.expires = clock.now().wall + seconds(60);
    out.container = shop;
    out.seen_started_at = engine.inspect(shop).value().started_at;
    return out;
  }

  fakes::FakeEngine engine;
  engine::ContainerId shop = engine.add("shop");
  engine::ContainerId pay = engine.add("pay-7", "role", "pay");
  engine::ContainerId other = engine.add("other");
  std::atomic<bool> stopped = false;
  base::SystemClock clock;
  base::Logger log{"warden", base::LogLevel::error};
  std::string folder;
  warden::ServerOptions options;
  std::unique_ptr<warden::WardenServer> server;
};

// The length of an answer whose head is there; nothing before that.
std::optional<std::size_t> whole_length(const std::string& answer, bool with_body) {
  const auto head = answer.find("\r\n\r\n");
  const auto length = answer.find("Content-Length: ");
  if (head == std::string::npos || length == std::string::npos) return std::nullopt;
  return head + 4 + (with_body ? std::stoul(answer.substr(length + 16)) : 0);
}

// Sends raw bytes and answers what comes back: one whole answer, or all until the end.
std::string exchange(const std::string& path, const std::string& bytes) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string out;
  char buffer[4096];
  pollfd entry{fd, POLLIN, 0};
  while (::poll(&entry, 1, 10'000) > 0) {
    const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    out.append(buffer, static_cast<std::size_t>(size));
    const auto whole = whole_length(out, !bytes.starts_with("HEAD"));
    if (whole && out.size() >= *whole) break;
  }
  ::close(fd);
  return out;
}

std::string request(const std::string& line, const std::string& headers = "",
                    const std::string& body = "") {
  std::string out = line + " HTTP/1.1\r\nHost: warden\r\nConnection: close\r\n" + headers;
  if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + body;
}

// Collects notices of a stream on a thread.
class Notices {
 public:
  explicit Notices(warden::Warden& warden)
      : thread_([this, &warden](const std::stop_token& stop) {
          auto status = warden.follow(
              [this](const warden::Notice& notice) {
                const std::lock_guard lock(mutex_);
                all_.push_back(notice);
                changed_.notify_all();
                return true;
              },
              stop);
          const std::lock_guard lock(mutex_);
          ended_ = std::move(status);
          changed_.notify_all();
        }) {}

  // The next notice of that type, skipping others; nothing within 10 s is a failure.
  template <class T>
  T next() {
    std::unique_lock lock(mutex_);
    while (changed_.wait_for(lock, seconds(10), [this] { return position_ < all_.size(); })) {
      const warden::Notice notice = all_[position_++];
      if (const T* found = std::get_if<T>(&notice)) return *found;
    }
    FAIL("notice did not come");
    return {};
  }
  base::Status end() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, seconds(10), [this] { return ended_.has_value(); }));
    return *ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guards: all below.
  std::vector<warden::Notice> all_;
  std::size_t position_ = 0;
  std::optional<base::Status> ended_;
  std::jthread thread_;
};

TEST_CASE("reads: through each door, and only what is configured") {
  House house;
  house.engine.set_log(house.shop, {"one", "two", "three"});
  for (const char* door : {"scout.sock", "brain.sock", "fixer.sock"}) {
    warden::SocketWarden warden(house.path(door));
    const auto listing = warden.list();
    REQUIRE(listing.ok());
    CHECK(listing.value().members.size() == 2);
    CHECK(listing.value().missing == std::vector<std::string>{"gone"});
    const auto member = warden.inspect(house.shop);
    REQUIRE(member.ok());
    CHECK(member.value().service == "shop");
    CHECK(member.value().container == house.engine.inspect(house.shop).value());
    CHECK(warden.inspect(house.pay).value().service == "pay");
    CHECK(warden.log_tail(house.shop, 2).value() == std::vector<std::string>{"two", "three"});
    CHECK(warden.inspect(house.other).error().code == ErrorCode::not_found);
    CHECK(warden.log_tail(house.other, 2).error().code == ErrorCode::not_found);
    CHECK(warden.inspect(std::string(64, '0')).error().code == ErrorCode::not_found);
    CHECK(warden.inspect("shop").error().code == ErrorCode::invalid);
  }
}

TEST_CASE("the console's door: the listing and nothing else") {
  House house;
  warden::SocketWarden console(house.path("console.sock"));
  const auto listing = console.list();
  REQUIRE(listing.ok());
  CHECK(listing->members.size() == 2);
  CHECK(console.inspect(house.shop).error().code == ErrorCode::denied);
  CHECK(console.log_tail(house.shop, 2).error().code == ErrorCode::denied);
  CHECK(console.keep(house.shop).error().code == ErrorCode::denied);
  CHECK(console.perform(house.operation()).error().code == ErrorCode::denied);
  CHECK(exchange(house.path("console.sock"), request("GET /stream")).starts_with("HTTP/1.1 403"));
  CHECK(house.engine.effects().empty());
}

TEST_CASE("operations: through the fixer's door alone, and judged each time") {
  House house;
  warden::SocketWarden fixer(house.path("fixer.sock"));
  for (const char* door : {"scout.sock", "brain.sock"}) {
    warden::SocketWarden warden(house.path(door));
    CHECK(warden.perform(house.operation()).error().code == ErrorCode::denied);
  }
  CHECK(house.engine.effects().empty());
  house.stopped = true;
  CHECK(fixer.perform(house.operation()).error().message.starts_with("rule stop"));
  house.stopped = false;
  const auto operation = house.operation();
  const auto done = fixer.perform(operation);
  REQUIRE(done.ok());
  CHECK(done.value().outcome == warden::Outcome::done);
  CHECK(done.value().started_at == house.engine.inspect(house.shop).value().started_at);
  CHECK(fixer.perform(operation).value().outcome == warden::Outcome::superseded);
  auto stranger = house.operation();
  stranger.container = house.other;
  CHECK(fixer.perform(stranger).error().code == ErrorCode::not_found);
  CHECK(house.engine.effects() == std::vector<std::string>{"restart " + house.shop});
}

TEST_CASE("everything else is refused, in whatever shape it comes") {
  House house;
  const std::string shop = "/containers/" + house.shop;
  const std::string other = "/containers/" + house.other;
  const std::string op = warden::encode(house.operation());
  const std::string json = "Content-Type: application/json\r\n";
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string out = op;
    return out.replace(out.find(from), from.size(), to);
  };
  const std::vector<std::string> shapes = {
      // What the engine would do, were it asked.
      request("GET /"),
      request("GET /version"),
      request("GET /_ping"),
      request("GET /info"),
      request("GET /images/json"),
      request("GET /events"),
      request("GET /networks"),
      request("GET /containers/json"),
      request("GET /v1.41/containers/json"),
      request("POST /containers/create", json, R"({"Image":"x","HostConfig":{"Privileged":true}})"),
      request("POST " + shop + "/start"),
      request("POST " + shop + "/restart"),
      request("POST " + shop + "/stop"),
      request("POST " + shop + "/kill"),
      request("POST " + shop + "/exec", json, R"({"Cmd":["sh"]})"),
      request("POST " + shop + "/update", json, "{}"),
      request("POST /build"),
      request("POST /images/create?fromImage=x"),
      request("DELETE " + shop),
      request("PUT " + shop + "/archive?path=/", "", "x"),
      request("GET " + shop + "/archive?path=/"),
      request("GET " + shop + "/export"),
      request("GET " + shop + "/top"),
      request("GET " + shop + "/json"),
      request("GET " + shop + "/stats"),
      request("GET " + shop + "/attach"),
      // Other spellings of what is allowed.
      request("GET /containers/"),
      request("GET //containers"),
      request("GET /Containers"),
      request("GET /containers?all=1"),
      request("GET /./containers"),
      request("GET /x/../containers"),
      request("GET /%63ontainers"),
      request("GET " + shop + "/"),
      request("GET " + shop + "?x"),
      request("GET " + shop + "/../" + house.other),
      request("GET /containers/../containers/" + house.other),
      request("GET /containers/" + house.shop + "%2f..%2f" + house.other),
      request("GET /containers/" + house.shop + "%00"),
      request("GET /containers/shop"),
      request("GET /containers/" + house.shop.substr(0, 12)),
      request("GET /containers/" + std::string(64, 'A')),
      request("GET /containers/" + house.shop + house.shop),
      request("GET " + shop + "/logs"),
      request("GET " + shop + "/logs?tail=all"),
      request("GET " + shop + "/logs?tail=0"),
      request("GET " + shop + "/logs?tail=-1"),
      request("GET " + shop + "/logs?tail=1001"),
      request("GET " + shop + "/logs?tail=5&follow=1"),
      request("GET " + shop + "/logs?tail=05"),
      request("GET " + shop + "/logs?tail="),
      request("GET /stream?since=0"),
      request("GET http://docker/containers"),
      // Methods and headers.
      request("HEAD /containers"),
      request("OPTIONS /containers"),
      request("OPTIONS *"),
      request("PATCH " + shop, json, "{}"),
      request("POST /containers"),
      request("PUT /ops", json, op),
      request("GET /ops"),
      request("DELETE /ops"),
      request("TRACE /containers"),
      request("CONNECT docker:80"),
      request("PRI *"),
      request("get /containers"),
      request("GET /containers", "Transfer-Encoding: chunked\r\n"),
      request("GET /containers", "Range: bytes=0-1\r\n"),
      request("GET /containers", "Upgrade: tcp\r\n"),
      request("GET /containers", "X-HTTP-Method-Override: DELETE\r\n"),
      request("GET /containers", "", "body"),
      // Operations that are none.
      request("POST /ops"),
      request("POST /ops/"),
      request("POST /ops?x=1", json, op),
      request("POST /ops", json, "{"),
      request("POST /ops", json, "[]"),
      request("POST /ops", json, changed("restart", "exec")),
      request("POST /ops", json, changed("restart", "create")),
      request("POST /ops", json, changed(house.shop, "shop")),
      request("POST /ops", json, changed("\"epoch\":5", "\"epoch\":5,\"force\":true")),
      request("POST /ops", json, changed("\"epoch\":5", "\"epoch\":4")),
      request("POST /ops", json, op + op),
      // Changes: by a body, with what belongs to another verb, of what is not ours, unkept.
      request("POST /ops", json, changed("restart", "recreate")),
      request("POST /ops", json, changed("restart", "set_limits")),
      request("POST /ops", json, changed("restart", "scale")),
      request("POST /ops", json, changed("restart", "remove")),
      request("POST /ops", json, changed("restart", "rename")),
      request("POST /ops", json, changed("restart", "stop")),
      request("POST /ops", json, changed("restart", "update")),
      request("POST /ops", json, changed("\"restart\"", R"("restart","count":1)")),
      request("POST /ops", json, changed("\"restart\"", R"("recreate","snapshot":"")")),
      request("POST /ops", json, changed("\"restart\"", R"("recreate","snapshot":{"Image":"x"})")),
      request("POST /ops", json,
              changed("\"restart\"", R"("recreate","snapshot":"../warden/scaled/shop")")),
      request("POST /ops", json,
              changed("\"restart\"", "\"recreate\",\"snapshot\":\"" + std::string(64, 'a') + "\"")),
      request("POST /ops", json,
              changed("\"restart\"", R"("recreate","HostConfig":{"Privileged":true})")),
      request("POST /ops", json,
              changed("\"restart\"", R"("set_limits","memory_bytes":1073741824,"cpu":0)")),
      request("POST /ops", json,
              changed("\"restart\"", R"("set_limits","memory_bytes":0,"cpu":0)")),
      request("POST /ops", json,
              changed("\"restart\"", R"("set_limits","cpu":-1,"memory_bytes":0)")),
      request("POST /ops", json, changed("\"restart\"", R"("scale","count":6)")),
      request("POST /ops", json, changed("\"restart\"", R"("scale","count":-1)")),
      request("POST /ops", json, changed("\"restart\"", R"("scale","count":1,"image":"x")")),
      request("POST " + shop + "/rename?name=x"),
      request("GET /snapshots"),
      request("GET /containers/" + house.shop + "/snapshots"),
      request("POST /containers/" + house.shop + "/snapshot"),
      request("POST /commit?container=" + house.shop),
      request("POST /networks/x/connect", json, "{}"),
      request("DELETE /volumes/x"),
      request("POST /ops", json, std::string(20'000, ' ') + op),
      request("POST /ops", json + "Content-Encoding: gzip\r\n", op),
      "POST /ops HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n" +
          std::string("5\r\nhello\r\n0\r\n\r\n"),
      // No HTTP at all.
      std::string("hello\r\n\r\n"),
      std::string("GET /containers\r\n\r\n"),
      "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n",
  };
  CHECK(shapes.size() >= 105);
  for (const std::string& shape : shapes) {
    CAPTURE(shape.substr(0, 160));
    const std::string answer = exchange(house.path("fixer.sock"), shape);
    CAPTURE(answer.substr(0, 160));
    CHECK(answer.starts_with("HTTP/1.1 403"));
    // To HEAD the library sends no body, and of a range only that part.
    const bool whole = !shape.starts_with("HEAD") && shape.find("Range") == std::string::npos;
    if (whole) CHECK(answer.find(R"("code":"denied")") != std::string::npos);
  }
  for (const std::string& shape : {request("POST /ops", json, op), request("GET /ops")}) {
    CHECK(exchange(house.path("scout.sock"), shape).starts_with("HTTP/1.1 403"));
    CHECK(exchange(house.path("brain.sock"), shape).starts_with("HTTP/1.1 403"));
  }
  CHECK(exchange(house.path("fixer.sock"), request("GET " + other)).starts_with("HTTP/1.1 404"));
  CHECK(house.engine.effects().empty());
  CHECK(exchange(house.path("fixer.sock"), request("POST /ops", json, op))
            .starts_with("HTTP/1.1 200"));
}

TEST_CASE("stream: connected first, then what happens to members, then samples") {
  House house;
  warden::SocketWarden scout(house.path("scout.sock")), brain(house.path("brain.sock"));
  Notices first(scout), second(brain);
  (void)first.next<warden::Connected>();
  (void)second.next<warden::Connected>();
  house.engine.crash(house.other);
  house.engine.crash(house.pay, 137, true);
  for (Notices* notices : {&first, &second}) {
    const auto oom = notices->next<warden::Happened>();
    CHECK(oom.service == "pay");
    CHECK(oom.event.kind == engine::EventKind::oom);
    const auto die = notices->next<warden::Happened>();
    CHECK(die.event.kind == engine::EventKind::die);
    CHECK(die.event.exit_code == 137);
  }
  CHECK(first.next<warden::Sampled>().service == "shop");  // The other one no longer runs.
  // A container made later is a member by its name or label from its first event on.
  const auto late = house.engine.add("nowhere");
  CHECK(first.next<warden::Happened>().event.id == late);
  house.engine.add("x", "role", "pay");
  CHECK(second.next<warden::Happened>().service == "gone");
  // Of a replica it is told that there is something new to be listed.
  house.engine.add("stranger-replica-1");
  house.engine.add("shop-replica-1");
  CHECK(first.next<warden::Replicated>().service == "shop");
}

TEST_CASE("stream: an engine that goes or hangs is lost, and connected again when it is back") {
  House house;
  warden::SocketWarden scout(house.path("scout.sock"));
  Notices notices(scout);
  (void)notices.next<warden::Connected>();
  for (const Health sick : {Health::down, Health::hung}) {
    house.engine.set_health(sick);
    CHECK_FALSE(notices.next<warden::Lost>().reason.empty());
    Notices later(scout);
    (void)later.next<warden::Lost>();  // Who comes now is told at once.
    house.engine.set_health(Health::well);
    (void)notices.next<warden::Connected>();
    (void)later.next<warden::Connected>();
  }
  CHECK(scout.list().ok());
}

TEST_CASE("engine errors come through by their code") {
  House house;
  warden::SocketWarden fixer(house.path("fixer.sock"));
  const auto operation = house.operation();
  house.engine.set_health(Health::down);
  CHECK(fixer.list().error().code == ErrorCode::unavailable);
  CHECK(fixer.perform(operation).error().code == ErrorCode::unavailable);
  house.engine.set_health(Health::hung);
  CHECK(fixer.inspect(house.shop).error().code == ErrorCode::timeout);
  CHECK(fixer.perform(operation).error().code == ErrorCode::timeout);
  house.engine.set_health(Health::well);
  house.engine.on_effect([&] { house.engine.set_health(Health::hung); });
  CHECK(fixer.perform(operation).error().code == ErrorCode::unknown);
  house.engine.on_effect(nullptr);
  house.engine.set_health(Health::well);
  // Looked at twice, it is free again, and the late restart is noticed.
  const auto end = std::chrono::steady_clock::now() + seconds(10);
  auto again = fixer.perform(operation);
  while (!again.ok() && std::chrono::steady_clock::now() < end) again = fixer.perform(operation);
  CHECK(again.value().outcome == warden::Outcome::superseded);
  CHECK(house.engine.effects().size() == 1);
}

TEST_CASE("the warden goes away: streams end, calls are unavailable, a new one takes over") {
  House house;
  warden::SocketWarden scout(house.path("scout.sock"));
  CHECK(scout.list().ok());
  Notices notices(scout);
  (void)notices.next<warden::Connected>();
  const auto begin = std::chrono::steady_clock::now();
  house.server->stop();
  CHECK(std::chrono::steady_clock::now() - begin < seconds(3));
  CHECK(notices.end().error().code == ErrorCode::unavailable);
  CHECK(scout.list().error().code == ErrorCode::unavailable);
  house.server.reset();
  house.server = house.make();
  REQUIRE(house.server->start().ok());
  CHECK(scout.list().ok());
}

TEST_CASE("doors: private, not shared with a second warden, stale ones replaced") {
  House house;
  struct stat info{};
  REQUIRE(::stat(house.path("fixer.sock").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  REQUIRE(::stat(house.options.socket_dir.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0700U);
  auto second = house.make();
  CHECK(second->start().error().code == ErrorCode::conflict);
  second.reset();
  warden::SocketWarden scout(house.path("scout.sock"));
  CHECK(scout.list().ok());  // The first one was left alone.
  house.server->stop();
  // What a killed warden leaves behind.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  house.path("scout.sock").copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  house.server = house.make();
  CHECK(house.server->start().ok());
  CHECK(scout.list().ok());
  house.server->stop();
  std::ofstream(house.path("scout.sock")) << "somebody's file";
  house.server = house.make();
  CHECK(house.server->start().error().code == ErrorCode::denied);
}

TEST_CASE("all descriptors are closed on exec") {
  House house;
  warden::SocketWarden scout(house.path("scout.sock"));
  Notices notices(scout);
  (void)notices.next<warden::Connected>();
  CHECK(scout.list().ok());
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    const int flags = ::fcntl(fd, F_GETFD);
    if (fd > 2 && flags >= 0) {
      CAPTURE(fd);
      CHECK((flags & FD_CLOEXEC) != 0);
    }
  }
}

}  // namespace
