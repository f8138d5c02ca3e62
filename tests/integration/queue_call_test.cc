// The call that clears a queue, over real sockets: sent once, and what its answer means.
#include "agents/warden/queue_call.h"

#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <string>
#include <thread>

namespace {

using base::ErrorCode;

// Answers as the path says, and counts.
class Consumer {
 public:
  Consumer() {
    server_.Post(R"(/answer/(\d+))", [this](const auto& request, auto& response) {
      ++calls;
      body_bytes += request.body.size();
      query = request.get_param_value("all");
      response.status = std::stoi(request.matches[1]);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Consumer() { server_.stop(); }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::atomic<int> calls = 0;
  std::atomic<std::size_t> body_bytes = 0;
  std::string query;

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST_CASE("a queue's call: one POST, and each answer by its code") {
  Consumer consumer;
  CHECK(warden::call_queue(consumer.url("/answer/200?all=yes")).ok());
  CHECK(consumer.query == "yes");
  CHECK(consumer.calls == 1);
  CHECK(consumer.body_bytes == 0);
  CHECK(warden::call_queue(consumer.url("/answer/204")).ok());
  for (const int status : {301, 404, 500, 503}) {
    const auto called = warden::call_queue(consumer.url("/answer/" + std::to_string(status)));
    REQUIRE_FALSE(called.ok());
    CHECK(called.error().code == ErrorCode::conflict);
    CHECK(called.error().message.find(std::to_string(status)) != std::string::npos);
  }
  CHECK(consumer.calls == 6);  // Nothing was followed or repeated.
}

TEST_CASE("a queue's call: nobody there, and one who hangs up") {
  std::string refused;
  {
    Consumer gone;
    refused = gone.url("/answer/200");
  }
  CHECK(warden::call_queue(refused).error().code == ErrorCode::unavailable);
  // It hangs up instead of an answer.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  std::jthread hangs_up([listener] {
    const int fd = ::accept(listener, nullptr, nullptr);
    char byte = 0;
    (void)::recv(fd, &byte, 1, 0);
    ::close(fd);
  });
  const auto url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  CHECK(warden::call_queue(url).error().code == ErrorCode::unknown);
  ::close(listener);
  CHECK(warden::call_queue("ftp://x").error().code == ErrorCode::invalid);
}

}  // namespace
