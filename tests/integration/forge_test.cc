// A real forge on loopback, with a real file, asked by the HTTP client the scribe uses.
#include "forge/forge.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "http/url.h"

namespace forge::api_test {
namespace {

using Json = nlohmann::json;

const std::string kRepo = "/repos/sre-space/demo";
const std::string kIssues = kRepo + "/issues";

// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "forge-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Stands still until told otherwise.
class SetClock final : public base::Clock {
 public:
  [[nodiscard]] base::Now now() const override { return now_; }
  void advance(base::Millis by) {
    now_.wall += by;
    now_.boot += by;
  }

 private:
  base::Now now_{base::wall_from_ms(1'763'646'756'000), base::instant_from_ms(1000)};
};

struct Fixture {
  Folder folder;
  SetClock clock;
  std::unique_ptr<Forge> forge;
  std::unique_ptr<httplib::Client> client;

  Fixture() { start(); }

  Options options() const {
    Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.tokens = {{"t-owner", "sre-space"},
                      {"t-write", "wanda"},
                      {"t-triage", "tom"},
                      {"t-read", "rita"},
                      {"t-none", "nora"}};
    options.roles = {{"wanda", Role::write}, {"tom", Role::triage}, {"rita", Role::read}};
    return options;
  }

  void start(Options with) {
    auto opened = Forge::open(std::move(with), clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    client = std::make_unique<httplib::Client>("127.0.0.1", forge->port());
    client->set_tcp_nodelay(true);
    client->set_keep_alive(true);
    login("t-owner");
  }
  void start() { start(options()); }
  void restart() {
    client.reset();
    forge.reset();
    start();
  }
  void login(const std::string& token) {
    client->set_default_headers({{"Authorization", "Bearer " + token}});
  }

  // The answer's body; null for an empty one. Its status must be as expected.
  Json take(const httplib::Result& result, int status) {
    REQUIRE(result);
    CAPTURE(result->body);
    CHECK(result->status == status);
    return result->body.empty() ? Json(nullptr) : Json::parse(result->body);
  }
  Json get(const std::string& path, int status = 200) {
    return take(client->Get(path.c_str()), status);
  }
  Json post(const std::string& path, const Json& body, int status = 201) {
    return take(client->Post(path.c_str(), body.dump(), "application/json"), status);
  }
  Json patch(const std::string& path, const Json& body, int status = 200) {
    return take(client->Patch(path.c_str(), body.dump(), "application/json"), status);
  }
  Json remove(const std::string& path, int status) {
    return take(client->Delete(path.c_str()), status);
  }
  std::string issue(int number) const { return kIssues + "/" + std::to_string(number); }
};

std::vector<std::string> names(const Json& labels) {
  std::vector<std::string> result;
  for (const Json& label : labels) result.push_back(label.at("name").get<std::string>());
  return result;
}

std::vector<std::string> kinds(const Json& events) {
  std::vector<std::string> result;
  for (const Json& event : events) result.push_back(event.at("event").get<std::string>());
  return result;
}

using Names = std::vector<std::string>;

TEST_CASE_FIXTURE(Fixture, "an incident's whole life on GitHub's paths") {
  const Json made = post(kIssues, {{"title", "[INCIDENT] shop: oom"},
                                   {"body", "card <!-- sre:1 -->"},
                                   {"labels", {"incident", "Status: Detected"}}});
  CHECK(made["number"] == 1);
  CHECK(made["body"] == "card <!-- sre:1 -->");
  CHECK(made["created_at"] == "2025-11-20T13:52:36Z");
  CHECK(made["user"]["login"] == "sre-space");
  CHECK(made["labels"][0]["color"] == "ededed");
  CHECK(names(made["labels"]) == Names{"incident", "Status: Detected"});

  clock.advance(base::Millis(2500));
  const Json comment = post(issue(1) + "/comments", {{"body", "diagnosis"}});
  CHECK(comment["created_at"] == "2025-11-20T13:52:38Z");
  const std::string path = kIssues + "/comments/" + std::to_string(comment["id"].get<int>());
  CHECK(patch(path, {{"body", "diagnosis, amended"}})["body"] == "diagnosis, amended");
  CHECK(get(path)["body"] == "diagnosis, amended");
  CHECK(get(issue(1))["comments"] == 1);
  CHECK(get(issue(1))["updated_at"] == "2025-11-20T13:52:38Z");

  post(issue(1) + "/labels", {{"labels", {"Status: Fixed"}}}, 200);
  const std::string detected = http::percent_encode("Status: Detected");
  CHECK(names(remove(issue(1) + "/labels/" + detected, 200)) == Names{"incident", "Status: Fixed"});
  CHECK(remove(issue(1) + "/labels/" + detected, 404)["message"] == "Label does not exist");

  clock.advance(base::Millis(1000));
  const Json closed = patch(issue(1), {{"state", "closed"},
                                       {"state_reason", "completed"},
                                       {"title", "[INCIDENT] shop: oom, fixed"}});
  CHECK(closed["state"] == "closed");
  CHECK(closed["closed_at"] == "2025-11-20T13:52:39Z");
  CHECK(closed["closed_by"]["login"] == "sre-space");
  CHECK(get(kIssues).empty());
  CHECK(get(kIssues + "?state=closed").size() == 1);
  const Json reopened = patch(issue(1), {{"state", "open"}});
  CHECK(reopened["state_reason"] == "reopened");
  CHECK(reopened["closed_at"].is_null());

  CHECK(kinds(get(issue(1) + "/events")) ==
        Names{"labeled", "labeled", "labeled", "unlabeled", "renamed", "closed", "reopened"});
  const Json timeline = get(issue(1) + "/timeline");
  CHECK(kinds(timeline) == Names{"labeled", "labeled", "labeled", "unlabeled", "commented",
                                 "renamed", "closed", "reopened"});
  CHECK(remove(path, 204).is_null());
  get(path, 404);
  CHECK(get(issue(1))["comments"] == 0);
}

TEST_CASE_FIXTURE(Fixture, "a restart keeps everything, ids and numbers go on") {
  post(kIssues, {{"title", "one"}, {"body", "b"}, {"labels", {"incident"}}});
  const Json comment = post(issue(1) + "/comments", {{"body", "c"}});
  post(issue(1) + "/reactions", {{"content", "+1"}});
  const Json before = get(issue(1));
  const Json timeline = get(issue(1) + "/timeline");
  restart();
  Json after = get(issue(1));
  // The port is another one, and with it every address.
  CHECK(after["title"] == before["title"]);
  CHECK(after["id"] == before["id"]);
  CHECK(after["created_at"] == before["created_at"]);
  CHECK(names(after["labels"]) == names(before["labels"]));
  CHECK(after["reactions"]["+1"] == 1);
  CHECK(kinds(get(issue(1) + "/timeline")) == kinds(timeline));
  CHECK(post(kIssues, {{"title", "two"}})["number"] == 2);
  CHECK(post(issue(1) + "/comments", {{"body", "d"}})["id"].get<int>() > comment["id"].get<int>());
}

TEST_CASE_FIXTURE(Fixture, "250 comments come in pages that the Link header joins") {
  post(kIssues, {{"title", "long"}});
  for (int i = 1; i <= 250; ++i) {
    post(issue(1) + "/comments", {{"body", "c" + std::to_string(i)}});
  }
  std::string path = issue(1) + "/comments?per_page=100";
  std::vector<std::size_t> sizes;
  int expected = 0;
  while (!path.empty()) {
    const auto result = client->Get(path.c_str());
    const Json page = take(result, 200);
    sizes.push_back(page.size());
    for (const Json& comment : page) CHECK(comment["body"] == "c" + std::to_string(++expected));
    const std::string link = result->get_header_value("Link");
    const std::size_t next = link.find(">; rel=\"next\"");
    path.clear();
    if (next == std::string::npos) continue;
    const std::size_t start = link.rfind('<', next) + 1;
    path = link.substr(start, next - start).substr(forge->url().size());
  }
  CHECK(sizes == std::vector<std::size_t>{100, 100, 50});
  CHECK(get(issue(1) + "/comments?per_page=100&page=4").empty());
  CHECK(get(issue(1) + "/comments").size() == 30);
  CHECK(get(kIssues + "/comments?sort=created&direction=desc&per_page=1")[0]["body"] == "c250");
}

TEST_CASE_FIXTURE(Fixture, "lists filter by state, labels, creator and time, and sort") {
  post(kIssues, {{"title", "a"}, {"labels", {"incident", "severity: high"}}});
  clock.advance(base::Millis(10'000));
  post(kIssues, {{"title", "b"}, {"labels", {"INCIDENT"}}});
  login("t-read");
  clock.advance(base::Millis(10'000));
  post(kIssues, {{"title", "c"}, {"labels", {"incident"}}});  // A reader's labels are dropped.
  login("t-owner");
  clock.advance(base::Millis(10'000));
  post(issue(1) + "/comments", {{"body", "x"}});
  const auto titles = [&](const std::string& query) {
    std::string result;
    for (const Json& entry : get(kIssues + query)) result += entry["title"].get<std::string>();
    return result;
  };
  CHECK(titles("") == "cba");
  CHECK(titles("?direction=asc") == "abc");
  CHECK(titles("?sort=updated") == "acb");
  CHECK(titles("?sort=comments") == "acb");
  CHECK(titles("?labels=incident") == "ba");
  CHECK(titles("?labels=incident,severity:%20high") == "a");
  CHECK(titles("?creator=rita") == "c");
  CHECK(titles("?since=2025-11-20T13:52:56Z") == "ca");
  CHECK(titles("?per_page=2&page=2") == "a");
  patch(issue(2), {{"state", "closed"}});
  CHECK(titles("?state=closed") == "b");
  CHECK(titles("?state=all&direction=asc") == "abc");
  get(kIssues + "?state=odd", 422);
  get(kIssues + "?since=yesterday", 422);
}

TEST_CASE_FIXTURE(Fixture, "an unchanged thing is answered 304 and costs nothing") {
  post(kIssues, {{"title", "a"}});
  const auto first = client->Get(issue(1).c_str());
  REQUIRE(first);
  const std::string etag = first->get_header_value("ETag");
  const std::string left = first->get_header_value("X-RateLimit-Remaining");
  CHECK(first->get_header_value("X-RateLimit-Limit") == "15000");
  CHECK_FALSE(first->get_header_value("X-GitHub-Request-Id").empty());
  const httplib::Headers match = {{"If-None-Match", etag}};
  const auto same = client->Get(issue(1).c_str(), match);
  REQUIRE(same);
  CHECK(same->status == 304);
  CHECK(same->body.empty());
  CHECK(same->get_header_value("X-RateLimit-Remaining") == left);
  patch(issue(1), {{"title", "b"}});
  CHECK(client->Get(issue(1).c_str(), match)->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "who may not is told so, and nothing changes") {
  post(kIssues, {{"title", "a"}});
  const Json comment = post(issue(1) + "/comments", {{"body", "mine"}});
  const std::string path = kIssues + "/comments/" + std::to_string(comment["id"].get<int>());
  CHECK(client->Get(kIssues.c_str(), httplib::Headers{})->status == 200);
  client->set_default_headers({});
  CHECK(get(kIssues, 401)["message"] == "Requires authentication");
  login("wrong");
  CHECK(get(kIssues, 401)["message"] == "Bad credentials");
  CHECK(post(kIssues, {{"title", "b"}}, 401)["status"] == "401");
  login("t-none");
  get(kRepo, 404);
  get("/user", 200);
  login("t-read");
  get(kIssues);
  post(issue(1) + "/labels", {{"labels", {"x"}}}, 403);
  patch(issue(1), {{"state", "closed"}}, 403);
  patch(path, {{"body", "not mine"}}, 403);
  remove(path, 403);
  post(kRepo + "/labels", {{"name", "x"}}, 403);
  CHECK(get(kRepo + "/collaborators/rita/permission")["permission"] == "read");
  get(kRepo + "/collaborators/tom/permission", 403);
  login("t-triage");
  post(issue(1) + "/labels", {{"labels", {"x"}}}, 200);
  patch(issue(1), {{"state", "closed"}});
  patch(issue(1), {{"title", "b"}}, 403);
  login("t-write");
  patch(issue(1), {{"title", "b"}});
  CHECK(get(kRepo + "/collaborators/tom/permission")["role_name"] == "triage");
  CHECK(get(kRepo + "/collaborators/sre-space/permission")["permission"] == "admin");
  client->set_default_headers({{"Authorization", "token t-owner"}});
  CHECK(get(path)["body"] == "mine");
  CHECK(get(issue(1))["title"] == "b");
}

TEST_CASE_FIXTURE(Fixture,
                  "limits and nonsense are refused as GitHub does, and nothing is stored") {
  const Json missing = post(kIssues, {{"body", "x"}}, 422);
  CHECK(missing["message"] == "Validation Failed");
  CHECK(missing["errors"][0]["code"] == "missing_field");
  CHECK(missing["errors"][0]["field"] == "title");
  post(kIssues, {{"title", std::string(257, 'x')}}, 422);
  post(kIssues, {{"title", "a"}, {"body", std::string(65'537, 'x')}}, 422);
  post(kIssues, {{"title", "a"}, {"labels", {std::string(51, 'x')}}}, 422);
  post(kIssues, {{"title", "a"}, {"labels", "incident"}}, 422);
  post(kIssues, {{"title", "a"}, {"assignees", {"nobody"}}}, 422);
  Json many = Json::array();
  for (int i = 0; i < 101; ++i) many.push_back("l" + std::to_string(i));
  post(kIssues, {{"title", "a"}, {"labels", many}}, 422);
  CHECK(get(kIssues + "?state=all").empty());
  CHECK(get(kRepo + "/labels").empty());
  many.erase(100);
  CHECK(post(kIssues, {{"title", "a"}, {"labels", many}})["labels"].size() == 100);
  post(issue(1) + "/labels", {{"labels", {"one more"}}}, 422);
  CHECK(post(issue(1) + "/comments", {{"body", std::string(65'536, 'x')}})["id"].is_number());
  post(issue(1) + "/comments", {{"body", " "}}, 422);
  post(issue(1) + "/comments", {{"text", "x"}}, 422);
  const auto send = [&](const std::string& body) {
    return client->Post(kIssues.c_str(), body, "application/json")->status;
  };
  CHECK(send("{\"title\":") == 400);
  CHECK(send("\"title\"") == 400);
  CHECK(send("{\"title\":\"a\",\"title\":\"b\"}") == 400);
  CHECK(send(std::string(5000, '[')) == 400);
  CHECK(send(Json{{"title", "a"}, {"x", std::string(1 << 20, 'x')}}.dump()) == 413);
  get(kIssues + "/0", 404);
  get(kIssues + "/x", 404);
  get(kIssues + "/99999999999999999999", 404);
  CHECK(get(kRepo + "/releases", 501)["message"] ==
        "Not implemented by this forge: GET /repos/sre-space/demo/releases");
}

TEST_CASE_FIXTURE(Fixture,
                  "labels: any case is the same one; renaming and deleting reach the issues") {
  post(kRepo + "/labels", {{"name", "Bug"}, {"color", "FF0000"}, {"description", "d"}});
  CHECK(get(kRepo + "/labels/bug")["color"] == "ff0000");
  const Json doubled = post(kRepo + "/labels", {{"name", "bug"}}, 422);
  CHECK(doubled["errors"][0]["code"] == "already_exists");
  post(kIssues, {{"title", "a"}, {"labels", {"BUG", "bug"}}});
  patch(kRepo + "/labels/bug", {{"new_name", "service: a/b ü"}});
  const std::string encoded = http::percent_encode("service: a/b ü");
  CHECK(names(get(issue(1) + "/labels")) == Names{"service: a/b ü"});
  CHECK(get(kRepo + "/labels/" + encoded)["description"] == "d");
  CHECK(remove(kRepo + "/labels/" + encoded, 204).is_null());
  CHECK(get(issue(1) + "/labels").empty());
}

TEST_CASE_FIXTURE(Fixture, "reactions: each user has each once") {
  post(kIssues, {{"title", "a"}});
  const Json comment = post(issue(1) + "/comments", {{"body", "fix"}});
  const std::string path = kIssues + "/comments/" + std::to_string(comment["id"].get<int>());
  post(path + "/reactions", {{"content", "+1"}}, 201);
  post(path + "/reactions", {{"content", "+1"}}, 200);
  login("t-read");
  post(path + "/reactions", {{"content", "-1"}}, 201);
  post(path + "/reactions", {{"content", "ok"}}, 422);
  CHECK(get(path)["reactions"]["+1"] == 1);
  CHECK(get(path)["reactions"]["total_count"] == 2);
  CHECK(get(path + "/reactions?content=-1")[0]["user"]["login"] == "rita");
}

TEST_CASE_FIXTURE(Fixture, "the same API answers under /api/v3, with its own addresses") {
  post("/api/v3" + kIssues, {{"title", "a"}});
  const Json found = get("/api/v3" + issue(1));
  CHECK(found["url"] == forge->url() + "/api/v3" + issue(1));
  CHECK(found["html_url"] == forge->url() + "/sre-space/demo/issues/1");
  CHECK(get(issue(1))["url"] == forge->url() + issue(1));
}

TEST_CASE_FIXTURE(Fixture, "pages need no token here, hide markers and answer no foreign name") {
  post(kIssues, {{"title", "<i>sick</i>"}, {"body", "<!-- sre:op --> **bold**"}});
  client->set_default_headers({});
  const auto page = client->Get("/sre-space/demo/issues/1");
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("<strong>bold</strong>") != std::string::npos);
  CHECK(page->body.find("sre:op") == std::string::npos);
  CHECK(page->body.find("<i>sick") == std::string::npos);
  CHECK(page->get_header_value("Content-Security-Policy").starts_with("default-src 'none'"));
  const httplib::Headers match = {{"If-None-Match", page->get_header_value("ETag")}};
  CHECK(client->Get("/sre-space/demo/issues/1", match)->status == 304);
  CHECK(client->Get("/")->get_header_value("Location") == "/sre-space/demo/issues");
  CHECK(client->Get("/sre-space/demo/issues")->status == 200);
  CHECK(client->Get("/sre-space/demo/issues/2")->status == 404);
  CHECK(client->Get("/avatars/brain")->get_header_value("Content-Type") == "image/svg+xml");
  const httplib::Headers rebound = {{"Host", "evil.example"}};
  CHECK(client->Get("/sre-space/demo/issues", rebound)->status == 403);
}

TEST_CASE_FIXTURE(Fixture, "over the hour's budget a login is told to wait until the reset") {
  client.reset();
  forge.reset();
  Options few = options();
  few.requests_per_hour = 2;
  start(few);
  get(kRepo);
  get(kRepo);
  const auto refused = client->Get(kRepo.c_str());
  REQUIRE(refused);
  CHECK(refused->status == 403);
  CHECK(refused->get_header_value("X-RateLimit-Remaining") == "0");
  CHECK(refused->get_header_value("X-RateLimit-Reset") == std::to_string(1'763'646'756 + 3600));
  login("t-write");
  get(kRepo);
  login("t-owner");
  clock.advance(std::chrono::hours(1));
  get(kRepo);
}

TEST_CASE("a forge that cannot start says why") {
  const Folder folder;
  const SetClock clock;
  Options options;
  options.port = 0;
  options.database_path = folder.file("none/forge.db");
  CHECK(Forge::open(options, clock).error().code == base::ErrorCode::unavailable);
  options.database_path = folder.file("junk.db");
  std::ofstream(options.database_path) << std::string(5000, 'x');
  CHECK(Forge::open(options, clock).error().code == base::ErrorCode::corrupt);
  options.database_path = folder.file("forge.db");
  options.repository = "demo";
  CHECK(Forge::open(options, clock).error().code == base::ErrorCode::invalid);
  options.repository = "sre-space/demo";
  const auto first = Forge::open(options, clock);
  REQUIRE(first.ok());
  options.port = (*first)->port();
  CHECK(Forge::open(options, clock).error().code == base::ErrorCode::conflict);
}

}  // namespace
}  // namespace forge::api_test
