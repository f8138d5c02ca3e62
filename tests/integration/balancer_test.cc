// The balancer with a real nginx: no request is lost while backends come and go, what nginx does
// not take is rolled back, and a warden killed between any two steps finds its way back.
#include "agents/warden/balancer.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace {

using base::ErrorCode;
using Addresses = std::vector<std::string>;
using std::chrono::milliseconds;

// A port that nobody has just now.
class FreePort {
 public:
  FreePort() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~FreePort() { release(); }
  FreePort(const FreePort&) = delete;
  FreePort& operator=(const FreePort&) = delete;
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void release() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void occupy() { REQUIRE(::listen(socket_, 1) == 0); }

 private:
  int socket_ = -1;
  int port_ = 0;
};

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

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A private nginx whose configuration includes the balancer's file.
class Nginx {
 public:
  explicit Nginx(const std::string& first_backend) {
    const std::string& at = folder.path();
    write_file(conf(), "daemon off;\nworker_processes 2;\nerror_log " + at + "/error.log;\npid " +
                           at + "/pid;\nevents {}\nhttp {\n  access_log off;\n" + temporary() +
                           "  include " + file() + ";\n  server {\n    listen " + front.address() +
                           ";\n    location / { proxy_pass http://shop; }\n  }\n}\n");
    write_file(file(), "upstream shop { server " + first_backend + "; }\n");
    front.release();
    says.release();
    std::vector<std::string> words = command();
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    REQUIRE(::posix_spawnp(&pid, "nginx", nullptr, nullptr, argv.data(), environ) == 0);
    REQUIRE(wait_for([this] { return get() == 200; }));
  }
  ~Nginx() {
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
  }
  std::string file() const { return folder.file("balancer.conf"); }
  std::string conf() const { return folder.file("nginx.conf"); }
  std::string temporary() const {
    std::string out;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      out += std::string("  ") + kind + "_temp_path " + folder.path() + "/tmp;\n";
    }
    return out;
  }
  std::vector<std::string> command() const { return {"nginx", "-c", conf()}; }
  config::Balancer config() const {
    config::Balancer out;
    out.file = file();
    out.test = command();
    out.test.emplace_back("-t");
    out.pid_file = folder.file("pid");
    out.generation_address = says.address();
    out.upstreams = {{"shop-service", "shop", 1}};
    return out;
  }
  int get() const {
    httplib::Client client("127.0.0.1", front.port());
    const auto answer = client.Get("/");
    return answer ? answer->status : 0;
  }
  static bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  support::TemporaryFolder folder;
  FreePort front, says;
  pid_t pid = 0;
};

bool has_nginx() {
  if (std::system("nginx -v >/dev/null 2>&1") == 0) return true;
  std::cout << "SKIPPED: balancer: nginx is not installed" << std::endl;
  return false;
}

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
