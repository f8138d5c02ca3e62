// The forge's faults, met by the client the product itself uses: what each means for it, and that
// the checker inside the forge sees every call it makes.
#include <doctest/doctest.h>
#include <httplib.h>
#include <sqlite3.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "forge/faults.h"
#include "forge/forge.h"
#include "github/rest_github.h"
#include "http/http.h"
#include "tests/support/budget_guard.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace forge::faults_test {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;
using namespace std::chrono_literals;

const CallBudget kNoBudget{0, 0, 0, 1, 0s, 0ms, 0ms};  // Tests write as fast as they can.

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::unique_ptr<Forge> forge;
  std::unique_ptr<github::Github> scribe;

  explicit Scene(CallBudget budget = kNoBudget) {
    Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.requests_per_hour = 1'000'000;  // Asking until something is done uses up 5,000.
    options.tokens = {{"t-owner", "sre-space"}, {"t-ann", "ann"}};
    options.roles = {{"ann", Role::triage}};
    options.faults = faults;
    options.budget = budget;
    auto opened = Forge::open(std::move(options), clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    scribe = client();
  }
  std::unique_ptr<github::Github> client() {
    auto made = github::make_rest_github(
        {.line = {.api = forge->url()}, .repository = "sre-space/demo", .token = "t-owner"}, clock);
    REQUIRE(made.ok());
    return std::move(*made);
  }
  // Comments of an earlier time on the first issue.
  void fill_issue(int count) const {
    sqlite3* file = nullptr;
    REQUIRE(sqlite3_open(folder.file("forge.db").c_str(), &file) == SQLITE_OK);
    const std::string sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
        std::to_string(count) +
        ") INSERT INTO comments (issue_id, author_id, body, created_ms, updated_ms)"
        " SELECT 1, 1, 'old', 1763646756000, 1763646756000 FROM n";
    CHECK(sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(file);
  }
  std::size_t count_issues() {
    const auto issues = scribe->list_issues({});
    REQUIRE(issues.ok());
    return issues->size();
  }
};

TEST_CASE("an answer that never came means unknown, done or not") {
  struct Row {
    WriteFault fault;
    std::size_t issues;
  };
  for (const auto& [fault, issues] :
       {Row{WriteFault::refused_502, 0}, Row{WriteFault::committed_502, 1},
        Row{WriteFault::lost_request, 0}, Row{WriteFault::lost_reply, 1}}) {
    CAPTURE(static_cast<int>(fault));
    Scene scene;
    const support::BudgetGuard guard(*scene.forge);
    scene.faults->fail_write(1, fault);
    const auto answer = scene.scribe->open_issue({"t", "b", {}});
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == ErrorCode::unknown);
    CHECK(scene.forge->writes().total == 1);  // Not repeated blind.
    CHECK(scene.count_issues() == issues);
    CHECK(scene.scribe->open_issue({"t", "b", {}}).ok());  // The next one has no fault.
  }
}

TEST_CASE("unknown answers at a rate: each caller's look at the list tells what is there") {
  Scene scene;
  scene.faults->fail_writes(20'261'120, 30);
  std::size_t unknown = 0;
  for (int i = 0; i < 60; ++i) {
    const std::string title = "issue " + std::to_string(i);
    while (true) {
      if (scene.scribe->open_issue({title, "b", {}}).ok()) break;
      ++unknown;
      const auto issues = scene.scribe->list_issues({});
      REQUIRE(issues.ok());
      if (std::any_of(issues->begin(), issues->end(),
                      [&](const auto& issue) { return issue.title == title; })) {
        break;
      }
    }
  }
  CHECK(unknown > 5);
  CHECK(scene.count_issues() == 60);
}

TEST_CASE("a token that has ended is denied, one that ends later is not") {
  Scene scene;
  REQUIRE(scene.scribe->get_user().ok());
  scene.faults->expire_token("t-owner", scene.clock.now().wall + 1h);
  CHECK(scene.scribe->open_issue({"t", "b", {}}).ok());
  scene.faults->expire_token("t-owner", scene.clock.now().wall);
  CHECK(scene.scribe->get_user().error().code == ErrorCode::denied);
  CHECK(scene.scribe->comment(1, "c").error().code == ErrorCode::denied);
}

TEST_CASE("the hourly limit refuses all until its reset, whose time the client is told") {
  for (const int status : {403, 429}) {
    CAPTURE(status);
    Scene scene;
    scene.faults->exhaust({status, scene.clock.now().wall + 120s});
    const auto answer = scene.scribe->open_issue({"t", "b", {}});
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == ErrorCode::unavailable);  // Not applied.
    CHECK(answer.failure().retry_after > 110s);
    CHECK(answer.failure().retry_after <= 121s);
    CHECK(scene.scribe->get_user().error().code == ErrorCode::unavailable);
    httplib::Client client("127.0.0.1", scene.forge->port());
    const httplib::Headers headers = {{"Authorization", "Bearer t-owner"}};
    const auto refused = client.Get("/user", headers);
    REQUIRE(refused);
    CHECK(refused->status == status);
    CHECK(refused->get_header_value("X-RateLimit-Remaining") == "0");
    CHECK_FALSE(refused->has_header("Retry-After"));
    const auto limits = client.Get("/rate_limit", headers);
    REQUIRE(limits);
    CHECK(limits->status == 200);
    CHECK(Json::parse(limits->body)["resources"]["core"]["remaining"] == 0);
    scene.faults->exhaust({status, scene.clock.now().wall});
    CHECK(scene.count_issues() == 0);
  }
}

TEST_CASE("the secondary limit without a hint is waited for all the same") {
  Scene scene;
  scene.faults->limit_writes(1, 0);
  const auto answer = scene.scribe->open_issue({"t", "b", {}});
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == ErrorCode::unavailable);
  CHECK(answer.failure().retry_after >= 60s);
  CHECK(scene.count_issues() == 0);
}

TEST_CASE("an issue takes 2,500 comments and no more") {
  Scene scene;
  REQUIRE(scene.scribe->open_issue({"t", "b", {}}).ok());
  scene.fill_issue(2499);
  CHECK(scene.scribe->comment(1, "the last").ok());
  const auto refused = scene.scribe->comment(1, "one more");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::denied);
}

TEST_CASE("people edit in between, with their own rights") {
  Scene scene;
  REQUIRE(scene.scribe->open_issue({"t", "b", {"incident"}}).ok());
  const std::string issue = "/repos/sre-space/demo/issues/1";
  scene.faults->do_after_write(1, {"ann", "PATCH", issue, R"({"state":"closed"})"});
  scene.faults->do_after_write(1, {"ann", "POST", issue + "/labels", R"({"labels":["by ann"]})"});
  scene.faults->do_after_write(1, {"nobody", "POST", issue + "/comments", R"({"body":"no"})"});
  REQUIRE(scene.scribe->comment(1, "c").ok());
  const auto after = scene.scribe->get_issue(1);
  REQUIRE(after.ok());
  CHECK(after->state == "closed");
  CHECK(after->labels == std::vector<std::string>{"by ann", "incident"});
  CHECK(scene.scribe->list_comments(1)->size() == 1);
  CHECK(scene.forge->writes().total == 2);  // People's are none of the product's budget.
}

TEST_CASE("the checker inside the forge fails a client that hurries, floods or does not wait") {
  SUBCASE("one that keeps its distance passes") {
    Scene scene(CallBudget{40, 240, 450, 1, 0s, 0ms});
    for (int i = 0; i < 40; ++i) REQUIRE(scene.scribe->open_issue({"t", "b", {}}).ok());
    CHECK(scene.forge->check_budget().ok());
    REQUIRE(scene.scribe->open_issue({"t", "b", {}}).ok());
    const auto kept = scene.forge->check_budget();
    REQUIRE_FALSE(kept.ok());
    CHECK(kept.error().message.find("sre-space content per minute: 41 within 60 s") !=
          std::string::npos);
  }
  SUBCASE("two writes without a second between them") {
    Scene scene(CallBudget{});
    REQUIRE(scene.scribe->open_issue({"t", "b", {}}).ok());
    CHECK(scene.forge->violations().empty());
    REQUIRE(scene.scribe->comment(1, "at once").ok());
    REQUIRE(scene.forge->violations().size() == 1);
    CHECK(scene.forge->violations()[0].rule == BudgetRule::spacing);
  }
  SUBCASE("a call within the wait it was told") {
    Scene scene;
    scene.faults->limit_writes(1, 60);
    CHECK(scene.scribe->open_issue({"t", "b", {}}).failure().retry_after == 60s);
    CHECK(scene.forge->check_budget().ok());
    CHECK(scene.scribe->get_user().ok());
    REQUIRE(scene.forge->violations().size() == 1);
    CHECK(scene.forge->violations()[0].rule == BudgetRule::retry_after);
  }
  SUBCASE("two writers at once with one name") {
    Scene scene;
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&scene, own = std::shared_ptr(scene.client())] {
        while (scene.forge->violations().empty()) {
          static_cast<void>(own->open_issue({"t", "b", {}}));
        }
      });
    }
    writers.clear();
    REQUIRE_FALSE(scene.forge->violations().empty());
    CHECK(scene.forge->violations()[0].rule == BudgetRule::writes_in_flight);
  }
}

// Takes webhooks and remembers the order of their ids.
struct HookEnd {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::string> ids;  // Guarded by the mutex.
  http::Server server{{}, [this](const http::Request& request) {
                        const std::lock_guard lock(mutex);
                        ids.emplace_back(request.header("X-GitHub-Delivery"));
                        came.notify_all();
                        return http::make_response(200, "text/plain", "ok");
                      }};
  HookEnd() { REQUIRE(server.start().ok()); }
  [[nodiscard]] std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(came.wait_for(lock, 20s, [&] { return ids.size() >= count; }));
    return ids;
  }
};

// 40 tellings that wait, then all go; what the end saw until they were all over, and the list the
// forge keeps, oldest first.
std::pair<std::vector<std::string>, std::vector<Json>> run_hooks(HookFaults faults) {
  Scene scene;
  HookEnd end;
  httplib::Client client("127.0.0.1", scene.forge->port());
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_default_headers({{"Authorization", "Bearer t-owner"}});
  scene.faults->hold_hooks(true);
  const std::string hooks = "/repos/sre-space/demo/hooks";
  const Json hook = {{"events", {"issues"}},
                     {"config",
                      {{"url", "http://127.0.0.1:" + std::to_string(end.server.port()) + "/"},
                       {"content_type", "json"}}}};
  const auto made = client.Post(hooks.c_str(), hook.dump(), "application/json");
  REQUIRE(made);
  REQUIRE(made->status == 201);
  for (int i = 0; i < 39; ++i) REQUIRE(scene.scribe->open_issue({"t", "b", {}}).ok());
  scene.faults->disturb_hooks(faults);
  scene.faults->hold_hooks(false);
  const std::string path = hooks + "/" + std::to_string(Json::parse(made->body)["id"].get<int>()) +
                           "/deliveries?per_page=100";
  std::vector<Json> deliveries;
  for (const auto last = std::chrono::steady_clock::now() + 20s;
       deliveries.size() < 40 && std::chrono::steady_clock::now() < last;) {
    const auto listed = client.Get(path.c_str());
    REQUIRE(listed);
    deliveries = Json::parse(listed->body).get<std::vector<Json>>();
  }
  REQUIRE(deliveries.size() == 40);
  std::reverse(deliveries.begin(), deliveries.end());
  return {end.await(1), deliveries};
}

TEST_CASE("webhooks come in order and once; disturbed: doubled, shuffled, lost, all by seed") {
  const auto [plain, listed] = run_hooks({});
  std::vector<std::string> made;
  for (const Json& delivery : listed) made.push_back(delivery["guid"].get<std::string>());
  CHECK(plain == made);

  const HookFaults wild{.seed = 5, .duplicated = 30, .copies = 5, .lost = 10, .shuffled_among = 8};
  const auto [seen, told] = run_hooks(wild);
  std::map<std::string, int> times;
  for (const std::string& id : seen) ++times[id];
  std::size_t lost = 0;
  std::size_t doubled = 0;
  std::vector<std::string> in_order;
  for (const Json& delivery : told) {
    const auto guid = delivery["guid"].get<std::string>();
    const int count = times[guid];
    CHECK((count == 0 || count == 1 || count == 5));
    CHECK((count == 0) == (delivery["status"] == "failed to connect to host"));
    lost += count == 0 ? 1 : 0;
    doubled += count == 5 ? 1 : 0;
    for (int i = 0; i < count; ++i) in_order.push_back(guid);
  }
  CHECK(lost > 0);
  CHECK(doubled > 0);
  CHECK(seen.size() == in_order.size());
  CHECK(seen != in_order);
}

}  // namespace
}  // namespace forge::faults_test
