// The forge's webhooks towards ends that misbehave, and the faults and counts it offers to tests.
#include <doctest/doctest.h>
#include <httplib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "forge/faults.h"
#include "forge/forge.h"
#include "http/http.h"

namespace forge::hooks_test {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

const std::string kIssues = "/repos/sre-space/demo/issues";
const std::string kHooks = "/repos/sre-space/demo/hooks";

struct Fixture {
  std::string folder = (std::filesystem::temp_directory_path() / "forge-XXXXXX").string();
  base::SystemClock clock;
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::unique_ptr<Forge> forge;
  std::unique_ptr<httplib::Client> client;

  Fixture() { REQUIRE(::mkdtemp(folder.data()) != nullptr); }
  ~Fixture() {
    forge.reset();
    std::filesystem::remove_all(folder);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void open(std::chrono::milliseconds patience) {
    client.reset();
    forge.reset();
    Options options;
    options.database_path = folder + "/forge.db";
    options.port = 0;
    options.requests_per_hour = 1'000'000;  // Asking until something is done uses up 5,000.
    options.tokens = {{"t-owner", "sre-space"}};
    options.hook_patience = patience;
    options.faults = faults;
    auto opened = Forge::open(std::move(options), clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    client = std::make_unique<httplib::Client>("127.0.0.1", forge->port());
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    client->set_default_headers({{"Authorization", "Bearer t-owner"}});
  }
  Json post(const std::string& path, const Json& body, int status = 201) {
    const auto result = client->Post(path.c_str(), body.dump(), "application/json");
    REQUIRE(result);
    CAPTURE(result->body);
    CHECK(result->status == status);
    return Json::parse(result->body);
  }
  Json get(const std::string& path) {
    const auto result = client->Get(path.c_str());
    REQUIRE(result);
    CHECK(result->status == 200);
    return Json::parse(result->body);
  }
  std::string add_hook(const std::string& url) {
    const Json hook = post(
        kHooks, {{"config", {{"url", url}, {"content_type", "json"}}}, {"events", {"issues"}}});
    return kHooks + "/" + std::to_string(hook["id"].get<int>()) + "/deliveries";
  }
  // Asks until so many deliveries are over; 20 s at most.
  Json await_deliveries(const std::string& path, std::size_t count) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    Json deliveries = get(path);
    while (deliveries.size() < count && Clock::now() < end) deliveries = get(path);
    REQUIRE(deliveries.size() == count);
    return deliveries;
  }
};

// Takes every call and answers none before it goes.
struct MuteHook {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  http::Server server{{}, [this](const http::Request&) {
                        released.wait();
                        return http::make_response(200, "text/plain", "late");
                      }};
  MuteHook() { REQUIRE(server.start().ok()); }
  ~MuteHook() { release.set_value(); }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  }
};

TEST_CASE_FIXTURE(Fixture, "a webhook that never answers delays nobody and is written down") {
  open(std::chrono::milliseconds(300));
  const MuteHook mute;
  const std::string path = add_hook(mute.url());
  const auto begin = Clock::now();
  for (int i = 0; i < 3; ++i) post(kIssues, {{"title", "told"}});
  CHECK(Clock::now() - begin < std::chrono::milliseconds(900));  // Three time-outs.
  const Json deliveries = await_deliveries(path, 4);
  for (const Json& delivery : deliveries) {
    CHECK(delivery["status"] == "timed out");
    CHECK(delivery["status_code"] == 0);
    CHECK(delivery["duration"].get<double>() >= 0.29);
  }
  CHECK(deliveries[3]["event"] == "ping");
}

TEST_CASE_FIXTURE(Fixture, "what was not told before a stop is told after the next start") {
  open(std::chrono::hours(1));
  std::string path;
  {
    const MuteHook mute;
    path = add_hook(mute.url());
    post(kIssues, {{"title", "told"}});
    CHECK(get(path).empty());
    const auto begin = Clock::now();
    client.reset();
    forge.reset();  // Does not wait for the hook.
    CHECK(Clock::now() - begin < std::chrono::seconds(5));
  }
  open(std::chrono::seconds(5));
  const Json deliveries = await_deliveries(path, 2);
  CHECK(deliveries[0]["event"] == "issues");
  CHECK(deliveries[0]["status"] == "failed to connect to host");
  CHECK(deliveries[1]["event"] == "ping");
  const Json one = get(path + "/" + std::to_string(deliveries[0]["id"].get<int>()));
  CHECK(one["request"]["payload"]["issue"]["title"] == "told");
  CHECK(one["request"]["headers"]["X-GitHub-Event"] == "issues");
}

TEST_CASE_FIXTURE(Fixture, "an endless answer is cut, a redirect is not followed") {
  open(std::chrono::seconds(5));
  http::Server server({}, [](const http::Request& request) {
    if (request.path == "/long") {
      return http::make_response(200, "text/plain", std::string(1 << 20, 'x'));
    }
    http::Response response = http::make_response(302, "text/plain", "");
    response.headers.emplace_back("Location", "/long");
    return response;
  });
  REQUIRE(server.start().ok());
  const std::string site = "http://127.0.0.1:" + std::to_string(server.port());
  for (const auto& [tail, status] : {std::pair{"/long", 200}, std::pair{"/away", 302}}) {
    const std::string path = add_hook(site + tail);
    const Json delivery = await_deliveries(path, 1)[0];
    CHECK(delivery["status_code"] == status);
    const Json one = get(path + "/" + std::to_string(delivery["id"].get<int>()));
    CHECK(one["response"]["payload"].get<std::string>().size() <= 65'536);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "faults: an answer lost before or after the deed, limits, a list that lags") {
  open(std::chrono::seconds(5));
  faults->fail_write(1, WriteFault::refused_502);
  faults->fail_write(2, WriteFault::committed_502);
  post(kIssues, {{"title", "never"}}, 502);
  post(kIssues, {{"title", "done all the same"}}, 502);
  const Json issues = get(kIssues);
  REQUIRE(issues.size() == 1);
  CHECK(issues[0]["title"] == "done all the same");

  faults->limit_writes(2, 60);
  for (int i = 0; i < 2; ++i) {
    const auto limited = client->Post(kIssues.c_str(), R"({"title":"x"})", "application/json");
    REQUIRE(limited);
    CHECK(limited->status == 403);
    CHECK(limited->get_header_value("Retry-After") == "60");
    CHECK(limited->body.find("secondary rate limit") != std::string::npos);
  }
  post(kIssues, {{"title", "after"}});

  faults->set_list_lag(std::chrono::hours(1));
  CHECK(get(kIssues).empty());
  CHECK(get("/search/issues?q=after")["total_count"] == 1);  // Lags by itself.
  faults->set_search_lag(std::chrono::hours(1));
  CHECK(get("/search/issues?q=after")["total_count"] == 0);
  CHECK(get(kIssues + "/2")["title"] == "after");  // Only lists lag.
  faults->set_list_lag(base::Millis(0));
  faults->set_search_lag(base::Millis(0));
  CHECK(get(kIssues).size() == 2);
  CHECK(get("/search/issues?q=after")["total_count"] == 1);

  const WriteReport writes = forge->writes();
  CHECK(writes.total == 5);
  CHECK(writes.worst_minute == 5);
}

}  // namespace
}  // namespace forge::hooks_test
