// The balancer with a real nginx: no request is lost while backends come and go, what nginx does
// not take is rolled back, and a warden killed between any two steps finds its way back.
#include "agents/warden/balancer.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/private_nginx.h"

namespace {

using base::ErrorCode;
using Addresses = std::vector<std::string>;
using std::chrono::milliseconds;
using testing::FreePort;
using testing::has_nginx;
using testing::Nginx;
using testing::read_file;

// A server that answers with its own port.
class Backend {
 public:
  Backend() {
    server_.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      ++hits;
      response.set_content(std::to_string(port_), "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Backend() { server_.stop(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::atomic<int> hits = 0;

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

const base::Logger kLog("warden", base::LogLevel::error);

TEST_CASE("a warden killed after any step is recovered at its next start") {
  if (!has_nginx()) return;
  Backend first, second;
  Nginx nginx(first.address());
  // In children alone, so that each meets its failpoint; the last one in the list changes nothing.
  const auto in_child = [&](const std::string& failpoint, const Addresses& addresses) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (!failpoint.empty()) {
        ::setenv("SRE_FAILPOINT", ("warden.balancer." + failpoint + ":kill").c_str(), 1);
      }
      warden::Balancer balancer(nginx.config(), kLog);
      bool good = addresses.empty() ? balancer.recover().ok() : false;
      if (!addresses.empty()) good = balancer.set("shop-service", addresses).ok();
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  };
  REQUIRE(in_child("", {first.address()}) == 0);
  Addresses wanted = {first.address(), second.address()};
  for (const char* step : {"staged", "renamed", "tested", "told"}) {
    CAPTURE(step);
    REQUIRE(in_child(step, wanted) == -SIGKILL);
    CHECK(nginx.get() == 200);
    REQUIRE(in_child("", {}) == 0);
    // File and nginx are one.
    const std::string generation = warden::generation_in(read_file(nginx.file()));
    CHECK_FALSE(generation.empty());
    httplib::Client client("127.0.0.1", nginx.says.port());
    CHECK(client.Get("/generation")->body == generation);
    const bool is_new = read_file(nginx.file()).find(second.address()) != std::string::npos;
    CHECK(is_new == (std::string(step) != "staged"));
    REQUIRE(in_child("", {first.address()}) == 0);
  }
}

TEST_CASE("no request is lost while backends come and go") {
  if (!has_nginx()) return;
  std::vector<std::unique_ptr<Backend>> backends;
  for (int i = 0; i < 3; ++i) backends.push_back(std::make_unique<Backend>());
  Nginx nginx(backends[0]->address());
  warden::Balancer balancer(nginx.config(), kLog);
  REQUIRE(balancer.recover().ok());
  std::atomic<int> good = 0, bad = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&](const std::stop_token& stop) {
        // Each 50 times a second.
        auto next = std::chrono::steady_clock::now();
        while (!stop.stop_requested()) {
          (nginx.get() == 200 ? good : bad)++;
          std::this_thread::sleep_until(next += milliseconds(20));
        }
      });
    }
    for (int round = 0; round < 4; ++round) {
      Addresses addresses;
      for (const std::size_t count : {1, 2, 3, 2, 1}) {
        addresses.clear();
        for (std::size_t i = 0; i < count; ++i) addresses.push_back(backends[i]->address());
        const auto set = balancer.set("shop-service", addresses);
        REQUIRE_MESSAGE(set.ok(), set.error().message);
        const int before = good;
        REQUIRE(Nginx::wait_for([&] { return good > before + 20; }));
      }
      // What has left may go: a new one comes in its place.
      backends[2] = std::make_unique<Backend>();
    }
  }
  MESSAGE("requests ", good.load(), ", failed ", bad.load());
  CHECK(bad == 0);
  CHECK(good > 300);
  CHECK(backends[1]->hits > 0);
}

TEST_CASE("what somebody wrote there first stays until its service is set") {
  if (!has_nginx()) return;
  Backend shop, cart, new_cart;
  Nginx nginx(shop.address());
  // nginx passes to both, so it does not start with one of them alone.
  const auto before = read_file(nginx.conf());
  const auto at = before.rfind("location / {");
  testing::write_file(nginx.conf(), before.substr(0, at) +
                                        "location /cart { proxy_pass http://cart/; }\n    " +
                                        before.substr(at));
  testing::write_file(nginx.file(), "# by hand\nupstream shop { server " + shop.address() +
                                        " weight=2; }\nupstream cart {\n  server " +
                                        cart.address() + "; # one\n}\n");
  ::kill(nginx.pid, SIGHUP);
  REQUIRE(Nginx::wait_for([&] { return nginx.get("/cart") == 200; }));
  auto config = nginx.config();
  config.upstreams.push_back({"cart-service", "cart", 1});
  warden::Balancer balancer(config, kLog);
  REQUIRE(balancer.recover().ok());
  const auto set = balancer.set("cart-service", {new_cart.address()});
  REQUIRE_MESSAGE(set.ok(), set.error().message);
  CHECK(read_file(nginx.file()).find(shop.address()) != std::string::npos);
  REQUIRE(Nginx::wait_for([&] { return nginx.get("/cart") == 200 && new_cart.hits > 0; }));
  CHECK(nginx.get() == 200);
}

TEST_CASE("what nginx does not take is rolled back") {
  if (!has_nginx()) return;
  Backend first, second;
  Nginx nginx(first.address());
  {
    warden::Balancer balancer(nginx.config(), kLog);
    REQUIRE(balancer.set("shop-service", {first.address()}).ok());
    const std::string before = read_file(nginx.file());
    SUBCASE("no upstream is ever empty") {
      CHECK(balancer.set("shop-service", {}).error().code == ErrorCode::invalid);
      for (const char* wrong : {"10.0.0.1:80; }", "host", "", "unix:/x", "10.0.0.1:80 weight=9"}) {
        CHECK(balancer.set("shop-service", {wrong}).error().code == ErrorCode::invalid);
      }
      CHECK(balancer.set("other", {first.address()}).error().code == ErrorCode::invalid);
    }
    SUBCASE("a syntax error") {
      auto config = nginx.config();
      config.upstreams[0].name = "shop {";
      warden::Balancer broken(config, kLog);
      CHECK(broken.set("shop-service", {second.address()}).error().code == ErrorCode::conflict);
    }
    SUBCASE("a file that is good alone and not with the rest") {
      auto config = nginx.config();
      config.upstreams[0].name = "unheard-of";  // Nobody defines what the proxy passes to.
      warden::Balancer broken(config, kLog);
      const auto set = broken.set("shop-service", {second.address()});
      CHECK(set.error().code == ErrorCode::conflict);
      CHECK(set.error().message.find("it serves as before") != std::string::npos);
    }
    SUBCASE("a port that somebody else has") {
      FreePort squatted;
      squatted.occupy();
      auto config = nginx.config();
      config.generation_address = squatted.address();
      warden::Balancer elsewhere(config, kLog, milliseconds(300));
      CHECK_FALSE(elsewhere.set("shop-service", {second.address()}).ok());
    }
    CHECK(read_file(nginx.file()) == before);
    CHECK(balancer.generation() == warden::generation_in(before));
    CHECK(nginx.get() == 200);
    CHECK(second.hits == 0);
  }
}

}  // namespace
