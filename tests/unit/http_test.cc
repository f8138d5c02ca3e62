// Routing, addresses and queries: pure text in, text out.
#include "http/http.h"

#include <doctest/doctest.h>

#include <string>

#include "http/router.h"
#include "http/url.h"

namespace http {
namespace {

Router make_router() {
  Router router;
  const auto named = [](std::string name) {
    return [name](const Request&, const Params& params) {
      std::string body = name;
      for (const auto& [key, value] : params) body += " " + key + "=" + value;
      return make_response(200, "text/plain", body);
    };
  };
  router.add("GET", "/", named("root"));
  router.add("GET", "/repos/{owner}/{repo}/issues", named("list"));
  router.add("POST", "/repos/{owner}/{repo}/issues", named("create"));
  router.add("GET", "/repos/{owner}/{repo}/issues/{number}", named("get"));
  router.add("PATCH", "/repos/{owner}/{repo}/issues/{number}", named("edit"));
  router.add("GET", "/repos/{owner}/{repo}/issues/comments", named("comments"));
  router.add("DELETE", "/repos/{owner}/{repo}/labels/{name}", named("unlabel"));
  return router;
}

Response ask(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return make_router().route(request);
}

TEST_CASE("router: a path and method find their handler and its decoded parameters") {
  struct Row {
    const char* method;
    const char* path;
    int status;
    const char* body;
  };
  for (const Row& row : {
           Row{"GET", "/", 200, "root"},
           Row{"GET", "/repos/a/b/issues", 200, "list owner=a repo=b"},
           Row{"GET", "/repos/a/b/issues/", 200, "list owner=a repo=b"},
           Row{"POST", "/repos/a/b/issues", 200, "create owner=a repo=b"},
           Row{"HEAD", "/repos/a/b/issues/7", 200, "get number=7 owner=a repo=b"},
           Row{"GET", "/repos/a/b/issues/comments", 200, "comments owner=a repo=b"},
           Row{"DELETE", "/repos/a/b/labels/Status%3A%20Fixed", 200,
               "unlabel name=Status: Fixed owner=a repo=b"},
           Row{"DELETE", "/repos/a/b/labels/a%2Fb", 200, "unlabel name=a/b owner=a repo=b"},
           Row{"GET", "/nothing", 404, "Not Found\n"},
           Row{"GET", "/repos/a//issues", 404, "Not Found\n"},
           Row{"GET", "/repos/a/b/issues/7/x", 404, "Not Found\n"},
           Row{"GET", "/repos/a/%zz/issues", 400, "Bad Request\n"},
           Row{"GET", "/repos/a/%00/issues", 400, "Bad Request\n"},
       }) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    const Response response = ask(row.method, row.path);
    CHECK(response.status == row.status);
    CHECK(response.body == row.body);
  }
}

TEST_CASE("router: a known path with another method is 405 and names the methods allowed") {
  const Response response = ask("PUT", "/repos/a/b/issues");
  CHECK(response.status == 405);
  CHECK(response.headers.back() == std::pair<std::string, std::string>("Allow", "GET, POST"));
}

TEST_CASE("query: names and values are decoded, a raw '=' stays in the value") {
  const auto pairs = parse_query("a=1&b=x%20y+z&c=abc==&&d&e=");
  REQUIRE(pairs);
  CHECK(*pairs == Pairs{{"a", "1"}, {"b", "x y z"}, {"c", "abc=="}, {"d", ""}, {"e", ""}});
  CHECK_FALSE(parse_query("a=%2"));
  CHECK_FALSE(parse_query("a=%g1"));
  CHECK(parse_query("")->empty());
}

TEST_CASE("target: origin and absolute form; anything else is refused") {
  CHECK(parse_target("/a%20b?x=1#top")->path == "/a%20b");
  CHECK(parse_target("/a?x=1#top")->query == Pairs{{"x", "1"}});
  CHECK(parse_target("http://host:1/a?b=c")->path == "/a");
  CHECK(parse_target("http://host")->path == "/");
  for (const char* bad : {"", "*", "host:443", "ftp://x/", "/?a=%"}) CHECK_FALSE(parse_target(bad));
}

TEST_CASE("percent encoding survives a round trip of every byte but NUL") {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_encode("Status: Fixed/1") == "Status%3A%20Fixed%2F1");
}

TEST_CASE("origin: only the host that was asked is the same") {
  CHECK(is_same_origin("", "127.0.0.1:7080"));
  CHECK(is_same_origin("http://127.0.0.1:7080", "127.0.0.1:7080"));
  CHECK(is_same_origin("http://Example.org", "example.org:80"));
  CHECK(is_same_origin("https://example.org", "example.org:443"));
  CHECK_FALSE(is_same_origin("http://evil.example", "127.0.0.1:7080"));
  CHECK_FALSE(is_same_origin("http://127.0.0.1:7081", "127.0.0.1:7080"));
  CHECK_FALSE(is_same_origin("null", "127.0.0.1:7080"));
  CHECK_FALSE(is_same_origin("http://127.0.0.1:7080.evil.example", "127.0.0.1:7080"));
}

TEST_CASE("request: headers are found in any case, the first one wins") {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-one", "2"}};
  CHECK(request.header("x-ONE") == "1");
  CHECK(request.header("absent").empty());
}

}  // namespace
}  // namespace http
