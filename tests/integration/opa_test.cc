// A policy server on the loopback interface, with all the ways it can fail.
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "agents/fixer/opa_server.h"
#include "base/json.h"
#include "http/http.h"

namespace {

policy::Question question() {
  policy::Question asked;
  asked.incident = 7;
  asked.plan = "a1b2c3d4";
  asked.choice.action = incident::Action::restart;
  return asked;
}

struct Served {
  http::Server server;
  explicit Served(http::Handler handler) : server(options(), std::move(handler)) {
    REQUIRE(server.start().ok());
  }
  static http::ServerOptions options() {
    http::ServerOptions made;
    made.threads = 2;
    return made;
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/data/sre/allow";
  }
  policy::Opinion ask() const { return fixer::OpaServer(url()).ask(question()); }
};

}  // namespace

TEST_CASE("it is asked by POST with the document, and its word counts") {
  std::string method, path, plan;
  std::string answer = R"({"result": true})";
  const Served served([&](const http::Request& request) {
    method = request.method;
    path = request.path;
    const auto body = base::parse_json(request.body);
    plan = body ? body->at("input").at("plan").at("hash").get<std::string>() : "";
    return http::make_response(200, "application/json", answer);
  });
  CHECK(served.ask().allow);
  CHECK(method == "POST");
  CHECK(path == "/v1/data/sre/allow");
  CHECK(plan == "a1b2c3d4");
  answer = R"({"result": {"allow": false, "reason": "tier 1 needs a ticket"}})";
  CHECK_FALSE(served.ask().allow);
  CHECK(served.ask().reason == "the policy server says no: tier 1 needs a ticket");
}

TEST_CASE("one that fails denies") {
  const Served broken(
      [](const http::Request&) { return http::make_response(503, "text/plain", ""); });
  CHECK(broken.ask().reason == "the policy server answered with status 503");
  const Served silent([](const http::Request&) { return http::Response{http::kNoAnswer, {}, ""}; });
  CHECK_FALSE(silent.ask().allow);
  const Served endless([](const http::Request&) {
    return http::make_response(200, "application/json",
                               std::string(100'000, ' ') + R"({"result": true})");
  });
  CHECK_FALSE(endless.ask().allow);
  std::string gone;
  {
    const Served ended(
        [](const http::Request&) { return http::make_response(200, "text/plain", ""); });
    gone = ended.url();
  }
  const auto refused = fixer::OpaServer(gone).ask(question());
  CHECK_FALSE(refused.allow);
  CHECK(refused.reason.find("the policy server at " + gone + " gave no answer") == 0);
  CHECK_FALSE(fixer::OpaServer("nonsense").ask(question()).allow);
}

TEST_CASE("one that is slow denies before it answers") {
  std::mutex mutex;
  std::condition_variable changed;
  bool asked_long_enough = false;
  const Served slow([&](const http::Request&) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked_long_enough; });
    return http::make_response(200, "application/json", R"({"result": true})");
  });
  const auto opinion = slow.ask();  // Comes back although the handler still waits.
  {
    const std::lock_guard lock(mutex);
    asked_long_enough = true;
  }
  changed.notify_all();
  CHECK_FALSE(opinion.allow);
  CHECK(opinion.reason.find("gave no answer") != std::string::npos);
}
