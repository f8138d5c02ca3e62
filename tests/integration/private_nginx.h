// A private nginx for tests, on free loopback ports, whose configuration includes a balancer's
// file.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "tests/support/temporary_folder.h"

namespace testing {

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

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A private nginx whose configuration includes the balancer's file.
class Nginx {
 public:
  // Once it answers `path` well.
  explicit Nginx(const std::string& first_backend, const std::string& path = "/") {
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
    REQUIRE(wait_for([&] { return get(path) == 200; }));
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
  int get(const std::string& path = "/") const {
    httplib::Client client("127.0.0.1", front.port());
    const auto answer = client.Get(path);
    return answer ? answer->status : 0;
  }
  static bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  support::TemporaryFolder folder;
  FreePort front, says;
  pid_t pid = 0;
};

inline bool has_nginx(const char* what = "balancer") {
  if (std::system("nginx -v >/dev/null 2>&1") == 0) return true;
  std::cout << "SKIPPED: " << what << ": nginx is not installed" << std::endl;
  return false;
}

}  // namespace testing
