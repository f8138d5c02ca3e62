// Steering by the forge's pages: signed in or not, from our own page or from a foreign one.
#include <doctest/doctest.h>
#include <httplib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "forge/forge.h"

namespace forge::pages_test {
namespace {

using Json = nlohmann::json;

const std::string kThread = "/sre-space/demo/issues/1";

struct Fixture {
  std::string folder = (std::filesystem::temp_directory_path() / "forge-XXXXXX").string();
  base::SystemClock clock;
  std::unique_ptr<Forge> forge;
  std::unique_ptr<httplib::Client> client;
  std::string cookie;

  Fixture() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    Options options;
    options.database_path = folder + "/forge.db";
    options.port = 0;
    options.tokens = {{"t-owner", "sre-space"}, {"t-read", "rita"}};
    options.roles = {{"rita", Role::read}};
    auto opened = Forge::open(std::move(options), clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    client = std::make_unique<httplib::Client>("127.0.0.1", forge->port());
    client->set_tcp_nodelay(true);
    const httplib::Headers owner = {{"Authorization", "Bearer t-owner"}};
    const Json issue = {{"title", "told"}, {"labels", {"incident"}}};
    CHECK(client->Post("/repos/sre-space/demo/issues", owner, issue.dump(), "application/json")
              ->status == 201);
  }
  ~Fixture() {
    forge.reset();
    std::filesystem::remove_all(folder);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  httplib::Result send(const std::string& path, const httplib::Params& fields,
                       const std::string& origin) {
    return client->Post(path.c_str(), httplib::Headers{{"Origin", origin}, {"Cookie", cookie}},
                        fields);
  }
  int status(const std::string& path, const httplib::Params& fields) {
    const auto result = send(path, fields, forge->url());
    REQUIRE(result);
    return result->status;
  }
  std::string page(const std::string& path = kThread) {
    const auto result = client->Get(path.c_str(), httplib::Headers{{"Cookie", cookie}});
    REQUIRE(result);
    CHECK(result->status == 200);
    return result->body;
  }
  // What the API says of the issue now.
  Json issue() {
    const auto result = client->Get(("/repos" + kThread).c_str(),
                                    httplib::Headers{{"Authorization", "Bearer t-owner"}});
    REQUIRE(result);
    return Json::parse(result->body);
  }
  // The token of the page's forms; empty without forms.
  std::string form_token() {
    const std::string html = page();
    const std::string before = "name=\"form_token\" value=\"";
    const std::size_t at = html.find(before);
    return at == std::string::npos ? "" : html.substr(at + before.size(), 64);
  }
  void sign_in(const std::string& token) {
    const auto result = send("/login", {{"token", token}}, forge->url());
    REQUIRE(result);
    CHECK(result->status == 303);
    const std::string set = result->get_header_value("Set-Cookie");
    CHECK(set.find("; HttpOnly") != std::string::npos);
    CHECK(set.find("; SameSite=Strict") != std::string::npos);
    CHECK(set.find(token) == std::string::npos);
    cookie = set.substr(0, set.find(';'));
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE_FIXTURE(Fixture, "pages: who is signed in comments, labels, reacts and closes") {
  sign_in("t-owner");
  const std::string token = form_token();
  CHECK(status(kThread + "/comment",
               {{"form_token", token}, {"text", "first\r\nsecond"}, {"state", "closed"}}) == 303);
  CHECK(status(kThread + "/label", {{"form_token", token}, {"add", "needs: person"}}) == 303);
  CHECK(status(kThread + "/label", {{"form_token", token}, {"remove", "incident"}}) == 303);
  const httplib::Params vote = {{"form_token", token}, {"comment", "0"}, {"content", "+1"}};
  CHECK(status(kThread + "/react", vote) == 303);
  Json now = issue();
  CHECK(now["comments"] == 1);
  CHECK(now["state"] == "closed");
  CHECK(now["labels"].size() == 1);
  CHECK(now["labels"][0]["name"] == "needs: person");
  CHECK(now["reactions"]["+1"] == 1);
  CHECK(status(kThread + "/react", vote) == 303);  // Once more takes it back.
  CHECK(issue()["reactions"]["+1"] == 0);
  CHECK(has(page(), "first\nsecond"));
  CHECK(has(page(), "Reopen issue"));
  CHECK(status(kThread + "/comment", {{"form_token", token}, {"text", ""}, {"state", "open"}}) ==
        303);
  now = issue();
  CHECK(now["state"] == "open");
  CHECK(now["comments"] == 1);
}

TEST_CASE_FIXTURE(Fixture, "pages: nobody steers from a foreign page, unsigned or with a guess") {
  const std::string path = kThread + "/comment";
  CHECK(form_token().empty());
  CHECK(has(page(), "href=\"/login\""));
  CHECK(status(path, {{"form_token", ""}, {"text", "x"}}) == 403);
  CHECK(status("/login", {{"token", "wrong"}}) == 403);
  CHECK(send("/login", {{"token", "t-owner"}}, "http://evil.example")->status == 403);
  sign_in("t-owner");
  const std::string token = form_token();
  CHECK(status(path, {{"text", "x"}}) == 403);
  CHECK(status(path, {{"form_token", std::string(64, '0')}, {"text", "x"}}) == 403);
  CHECK(send(path, {{"form_token", token}, {"text", "x"}}, "http://evil.example")->status == 403);
  CHECK(send(path, {{"form_token", token}, {"text", "x"}}, "null")->status == 403);
  const httplib::Headers plain = {{"Origin", forge->url()}, {"Cookie", cookie}};
  const std::string body = "form_token=" + token + "&text=x";
  CHECK(client->Post(path.c_str(), plain, body, "text/plain")->status == 403);
  CHECK(status("/logout", {{"form_token", token}}) == 303);
  CHECK(status(path, {{"form_token", token}, {"text", "x"}}) == 403);  // The old cookie is dead.
  CHECK(issue()["comments"] == 0);
}

TEST_CASE_FIXTURE(Fixture, "pages: rights are the API's own") {
  sign_in("t-read");
  const std::string token = form_token();
  CHECK_FALSE(has(page(), "Close issue"));
  CHECK_FALSE(has(page(), "Add a label"));
  CHECK(status(kThread + "/comment", {{"form_token", token}, {"text", "may I?"}}) == 303);
  CHECK(status(kThread + "/comment", {{"form_token", token}, {"state", "closed"}}) == 403);
  CHECK(status(kThread + "/label", {{"form_token", token}, {"add", "x"}}) == 403);
  const Json now = issue();
  CHECK(now["comments"] == 1);
  CHECK(now["state"] == "open");
}

TEST_CASE_FIXTURE(Fixture, "pages: the list filters by label and keeps it in its links") {
  const std::string html = page("/sre-space/demo/issues?label=incident");
  CHECK(has(html, "only <b>incident</b>"));
  CHECK(has(html, "?state=closed&amp;label=incident"));
  CHECK(has(html, "told"));
  CHECK_FALSE(has(page("/sre-space/demo/issues?label=none"), "class=\"row\""));
}

TEST_CASE_FIXTURE(Fixture,
                  "pages: the search finds by words and qualifiers, and says what it misses") {
  const std::string list = "/sre-space/demo/issues";
  CHECK(has(page(list + "?q=TOLD"), "class=\"row\""));
  CHECK(has(page(list + "?q=label%3Aincident%20told"), "class=\"row\""));
  CHECK(has(page(list + "?q=told"), "?state=closed&amp;q=told"));
  CHECK(has(page(list + "?q=nowhere"), "No issue matches."));
  CHECK(has(page(list + "?q=is%3Aclosed"), "No issue matches."));
  CHECK(has(page(list + "?q=is%3Aodd"), "does not understand <b>is:odd</b>"));
  CHECK(has(page(list + "?q=%22%3E%3Cscript%3E"), "value=\"&quot;&gt;&lt;script&gt;\""));
}

TEST_CASE_FIXTURE(Fixture, "pages: an issue is closed as not planned") {
  sign_in("t-owner");
  const std::string token = form_token();
  CHECK(status(kThread + "/comment",
               {{"form_token", token}, {"text", ""}, {"state", "not_planned"}}) == 303);
  CHECK(issue()["state_reason"] == "not_planned");
  CHECK(has(page(), "closed this as not planned"));
}

// ---- Pull requests ----

struct PullFixture : Fixture {
  const std::string repo = "/repos/sre-space/demo";
  const httplib::Headers owner = {{"Authorization", "Bearer t-owner"}};
  std::string head;  // The head's sha.

  Json call(const std::string& method, const std::string& path, const Json& body, int expected) {
    httplib::Request request;
    request.method = method;
    request.path = repo + path;
    request.headers = owner;
    request.body = body.dump();
    request.set_header("Content-Type", "application/json");
    const auto result = client->send(request);
    REQUIRE(result);
    CAPTURE(result->body);
    CHECK(result->status == expected);
    return result->body.empty() ? Json() : Json::parse(result->body);
  }
  // Pull request 2, whose file and branch would be HTML.
  PullFixture() {
    const std::string branch = "fix/<b>&amp;";
    const Json main = call("GET", "/git/ref/heads/main", Json::object(), 200);
    call("POST", "/git/refs", {{"ref", "refs/heads/" + branch}, {"sha", main["object"]["sha"]}},
         201);
    const Json file = {{"path", "a/<i>.txt"},
                       {"content", "<script>alert(1)</script>\nif (a\u202E b)\n"}};
    const Json tree =
        call("POST", "/git/trees", {{"base_tree", main["object"]["sha"]}, {"tree", {file}}}, 201);
    const Json commit = call("POST", "/git/commits",
                             {{"message", "m"},
                              {"tree", tree["sha"]},
                              {"parents", Json::array({main["object"]["sha"]})}},
                             201);
    head = commit["sha"].get<std::string>();
    call("PATCH", "/git/refs/heads/fix%2F%3Cb%3E%26amp%3B", {{"sha", head}}, 200);
    call("POST", "/pulls", {{"title", "the fix"}, {"head", branch}, {"base", "main"}}, 201);
  }
};

const std::string kPull = "/sre-space/demo/pull/2";

TEST_CASE_FIXTURE(PullFixture,
                  "pages: a pull request shows its branches, checks and diff, escaped") {
  call("PUT", "/branches/main/protection",
       {{"required_status_checks", {{"strict", false}, {"contexts", {"replay"}}}}}, 200);
  call("POST", "/statuses/" + head,
       {{"state", "failure"}, {"context", "<lint>"}, {"description", "no <b>"}}, 201);
  const std::string html = page(kPull);
  CHECK(has(html, "wants to merge 1 commit into <code>main</code>"));
  CHECK(has(html, "fix/&lt;b&gt;&amp;amp;"));
  CHECK(has(html, "a/&lt;i&gt;.txt"));
  CHECK(has(html, "+&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(has(html, "&lt;lint&gt;"));
  CHECK(has(html, "no &lt;b&gt;"));
  CHECK(has(html, "+if (a b) <i class=\"bad\">⚠ hidden characters</i>"));
  CHECK(has(html, "Expected, not heard of yet"));
  CHECK(has(html, "Merging is blocked"));
  for (const char* raw : {"<script>alert", "<lint>", "a/<i>", "fix/<b>"})
    CHECK_FALSE(has(html, raw));
  CHECK(has(page(kPull + ".diff"), "+++ b/a/<i>.txt"));
  const auto raw = client->Get("/sre-space/demo/raw/fix/%3Cb%3E%26amp%3B/a/%3Ci%3E.txt");
  REQUIRE(raw);
  CHECK(raw->body.starts_with("<script>alert(1)</script>\n"));
  CHECK(raw->get_header_value("Content-Type") == "text/plain; charset=utf-8");
  CHECK(raw->get_header_value("X-Content-Type-Options") == "nosniff");
  for (const char* path : {"/raw/main/../../etc/passwd", "/raw/main/nothing", "/raw/main",
                           "/raw/main/..%2F..%2Fx", "/pull/99", "/issues/1.diff"}) {
    CAPTURE(path);
    CHECK(client->Get(("/sre-space/demo" + std::string(path)).c_str())->status == 404);
  }
}

TEST_CASE_FIXTURE(PullFixture, "pages: issues and pull requests have lists of their own") {
  CHECK(has(page("/sre-space/demo/pulls"), "href=\"/sre-space/demo/pull/2\""));
  CHECK_FALSE(has(page("/sre-space/demo/pulls"), "told"));
  CHECK_FALSE(has(page("/sre-space/demo/issues"), "the fix"));
  const auto moved = client->Get("/sre-space/demo/issues/2");
  CHECK(moved->status == 302);
  CHECK(moved->get_header_value("Location") == kPull);
  CHECK(client->Get("/sre-space/demo/pull/1")->get_header_value("Location") == kThread);
}

TEST_CASE_FIXTURE(PullFixture, "pages: who may write squashes what is ready, at the sha shown") {
  const std::string deed = "/sre-space/demo/issues/2/merge";
  CHECK_FALSE(has(page(kPull), "Squash and merge"));
  sign_in("t-read");
  CHECK_FALSE(has(page(kPull), "Squash and merge"));
  CHECK(status(deed, {{"form_token", form_token()}, {"sha", head}}) == 403);
  sign_in("t-owner");
  CHECK(has(page(kPull), "Squash and merge"));
  CHECK(status(deed, {{"form_token", form_token()}, {"sha", std::string(40, '0')}}) == 409);
  CHECK(status(deed, {{"form_token", form_token()}, {"sha", head}}) == 303);
  const std::string html = page(kPull);
  CHECK(has(html, ">Merged</span>"));
  CHECK(has(html, "merged 1 commit into"));
  CHECK_FALSE(has(html, "Reopen"));
  CHECK_FALSE(has(html, "Squash and merge"));
  CHECK(has(page("/sre-space/demo/pulls?state=closed"), "merged after"));
}

}  // namespace
}  // namespace forge::pages_test
