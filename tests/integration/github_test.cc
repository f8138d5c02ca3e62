// The real REST client: against the real forge (the contract), and against a server that
// misbehaves.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "forge/forge.h"
#include "github/rest_github.h"
#include "tests/fakes/github_contract.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

TEST_CASE("the real client and the real forge keep the contract") {
  const base::SystemClock clock;
  const support::TemporaryFolder folder;
  forge::Options wanted;
  wanted.database_path = folder.file("forge.db");
  wanted.port = 0;
  wanted.tokens = {{"owner-token", "sre-space"}};
  const auto forge = forge::Forge::open(wanted, clock);
  REQUIRE(forge.ok());
  github::RestOptions options;
  options.line.api = (*forge)->url();
  options.repository = "sre-space/demo";
  options.token = "owner-token";
  auto github = github::make_rest_github(options, clock);
  REQUIRE(github.ok());
  fakes::check_github(**github);
  SUBCASE("a wrong token is denied") {
    options.token = "another";
    CHECK((*github::make_rest_github(options, clock))->get_user().error().code ==
          ErrorCode::denied);
  }
  SUBCASE("a stopped forge is not applied") {
    REQUIRE((*github)->get_user().ok());
    (*forge)->stop();
    const auto answer = (*github)->open_issue({"t", "b", {}});
    REQUIRE_FALSE(answer.ok());
    CHECK((answer.error().code == ErrorCode::unavailable ||
           answer.error().code == ErrorCode::unknown));
    CHECK((*github)->open_issue({"t", "b", {}}).error().code == ErrorCode::unavailable);
  }
}

TEST_CASE("a list that has not changed costs no rate limit") {
  const base::SystemClock clock;
  const support::TemporaryFolder folder;
  forge::Options wanted;
  wanted.database_path = folder.file("forge.db");
  wanted.port = 0;
  wanted.tokens = {{"owner-token", "sre-space"}};
  wanted.requests_per_hour = 8;
  const auto forge = forge::Forge::open(wanted, clock);
  REQUIRE(forge.ok());
  auto github = github::make_rest_github(
      {.line = {.api = (*forge)->url()}, .repository = "sre-space/demo", .token = "owner-token"},
      clock);
  REQUIRE(github.ok());
  REQUIRE((*github)->open_issue({"rate", "b", {"incident"}}).ok());
  github::IssueQuery query;
  query.label = "incident";
  const auto since = clock.now().wall - 1min;
  for (int i = 0; i < 20; ++i) {  // Three calls count, all the others are "unchanged".
    const auto issues = (*github)->list_issues(query);
    REQUIRE(issues.ok());
    CHECK(issues->size() == 1);
    REQUIRE((*github)->list_comments_since(since).ok());
    REQUIRE((*github)->list_state_changes(1).ok());
  }
  REQUIRE((*github)->comment(1, "c").ok());
  CHECK((*github)->list_comments_since(since)->size() == 1);  // What is new is seen at once.
}

// Accepts connections and does to each what it was told; keeps what it was asked.
class BadServer {
 public:
  enum class Way { answer, hang, reset_after_read, close_at_once };

  BadServer(Way way, std::string answer) : way_(way), answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 8) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~BadServer() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);
    thread_ = {};
    close(listener_);
  }
  BadServer(const BadServer&) = delete;
  BadServer& operator=(const BadServer&) = delete;

  int port = 0;
  std::atomic<int> requests = 0;
  std::string last_request;  // To be read after the answer only.

 private:
  void serve(const std::stop_token& stop) {
    std::vector<int> held;
    while (!stop.stop_requested()) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) break;
      if (way_ == Way::close_at_once) {
        close(peer);
        continue;
      }
      char bytes[65536];
      const ssize_t got = read(peer, bytes, sizeof bytes);
      if (got > 0) {
        last_request.assign(bytes, static_cast<std::size_t>(got));
        ++requests;
      }
      if (way_ == Way::hang) {
        held.push_back(peer);
        continue;
      }
      if (way_ == Way::reset_after_read) {
        const linger now{1, 0};
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      } else {
        for (std::size_t sent = 0; sent < answer_.size();) {
          const ssize_t n = send(peer, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
          if (n <= 0) break;
          sent += static_cast<std::size_t>(n);
        }
      }
      close(peer);
    }
    for (const int peer : held) close(peer);
  }

  const Way way_;
  const std::string answer_;
  int listener_;
  std::jthread thread_;
};

std::string http(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
         headers + "\r\n" + body;
}

struct Said {
  ErrorCode write, read;
  base::Duration retry_after;
};

Said ask(BadServer& server) {
  const base::SystemClock clock;
  github::RestOptions options;
  options.line.api = "http://127.0.0.1:" + std::to_string(server.port);
  options.repository = "o/n";
  options.token = "the-token";
  options.line.answer_within = 300ms;
  auto github = github::make_rest_github(options, clock);
  REQUIRE(github.ok());
  const auto write = (*github)->comment(1, "x");
  const auto read = (*github)->get_issue(1);
  REQUIRE_FALSE(write.ok());
  REQUIRE_FALSE(read.ok());
  return {write.error().code, read.error().code, write.failure().retry_after};
}

TEST_CASE(
    "the real client and a server that misbehaves: unknown after a write, never after a read") {
  using Way = BadServer::Way;
  struct Row {
    const char* name;
    Way way;
    std::string answer;
    ErrorCode write, read;
  };
  const std::string huge(9U << 20U, ' ');
  const Row rows[] = {
      {"hangs", Way::hang, "", ErrorCode::unknown, ErrorCode::unavailable},
      {"resets", Way::reset_after_read, "", ErrorCode::unknown, ErrorCode::unavailable},
      {"closes", Way::close_at_once, "", ErrorCode::unknown, ErrorCode::unavailable},
      {"no http", Way::answer, "what?\r\n\r\n", ErrorCode::unknown, ErrorCode::unavailable},
      {"cut off", Way::answer, "HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{\"id\":",
       ErrorCode::unknown, ErrorCode::unavailable},
      {"no json", Way::answer, http(201, "", "<html>"), ErrorCode::unknown, ErrorCode::unavailable},
      {"deep json", Way::answer, http(201, "", std::string(100'000, '[')), ErrorCode::unknown,
       ErrorCode::unavailable},
      {"too large", Way::answer, http(201, "", huge), ErrorCode::unknown, ErrorCode::unavailable},
      {"502", Way::answer, http(502, "", "bad gateway"), ErrorCode::unknown,
       ErrorCode::unavailable},
      {"redirect", Way::answer, http(307, "Location: http://127.0.0.1:1/\r\n", ""),
       ErrorCode::invalid, ErrorCode::invalid},
      {"422", Way::answer, http(422, "", "{\"message\":\"Validation Failed\"}"), ErrorCode::invalid,
       ErrorCode::invalid},
      {"limit", Way::answer, http(403, "Retry-After: 7\r\n", "{}"), ErrorCode::unavailable,
       ErrorCode::unavailable},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    BadServer server(row.way, row.answer);
    const Said said = ask(server);
    CHECK(said.write == row.write);
    CHECK(said.read == row.read);
    CHECK(said.retry_after == (std::string(row.name) == "limit" ? 7s : 0s));
  }
}

TEST_CASE("the real client says who it is, and keeps to its path") {
  BadServer server(BadServer::Way::answer, http(404, "", "{}"));
  const base::SystemClock clock;
  github::RestOptions options;
  options.line.api = "http://127.0.0.1:" + std::to_string(server.port) + "/api/v3/";
  options.repository = "o/n";
  options.token = "the-token";
  auto github = github::make_rest_github(options, clock);
  REQUIRE_FALSE((*github)->add_labels(5, {"a"}).ok());
  for (const char* part :
       {"POST /api/v3/repos/o/n/issues/5/labels HTTP/1.1\r\n",
        "Authorization: Bearer the-token\r\n", "User-Agent: sre-space\r\n",
        "X-GitHub-Api-Version: 2022-11-28\r\n", "Accept: application/vnd.github+json\r\n"}) {
    CAPTURE(part);
    CHECK(server.last_request.find(part) != std::string::npos);
  }
  REQUIRE_FALSE((*github)->remove_label(5, "Status: a/b?ü\r\nX: y").ok());
  CHECK(server.requests >= 2);
}

}  // namespace
