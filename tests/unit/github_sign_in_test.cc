// How an app signs in, and the way to GitHub: what needs no network.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "github/address.h"
#include "github/app_jwt.h"
#include "github/github_codec.h"
#include "github/hooks.h"
#include "tests/support/keys.h"
#include "tests/support/print.h"

namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

constexpr std::int64_t kNowS = 1'795'182'756;
const base::Now kNow{base::wall_from_ms(kNowS * 1000), base::instant_from_ms(5'000)};

TEST_CASE("an app's JWT is what GitHub asks for, signed by RS256") {
  const auto key = support::make_key();
  for (const auto form : {support::PemForm::pkcs1, support::PemForm::pkcs8}) {
    const auto jwt = github::make_app_jwt("4711", support::pem_of(key.get(), form), kNow.wall);
    REQUIRE(jwt.ok());
    const auto parts = base::split(*jwt, '.');
    REQUIRE(parts.size() == 3);
    CHECK(base::decode_base64url(parts[0]) == R"({"alg":"RS256","typ":"JWT"})");
    CHECK(base::decode_base64url(parts[1]) == "{\"exp\":" + std::to_string(kNowS - 60 + 540) +
                                                  ",\"iat\":" + std::to_string(kNowS - 60) +
                                                  ",\"iss\":\"4711\"}");
    const std::string text = std::string(parts[0]) + "." + std::string(parts[1]);
    const auto signature = base::decode_base64url(parts[2]).value_or("");
    CHECK(support::verifies(key.get(), text, signature));
    CHECK_FALSE(support::verifies(key.get(), text + "x", signature));
    CHECK_FALSE(support::verifies(support::make_key().get(), text, signature));
    CHECK(jwt->find_first_of("+/=\n") == std::string::npos);
  }
}

TEST_CASE("what is no key of an app is refused, and never shown") {
  const auto short_key = support::make_key(1024);
  const std::string whole = support::pem_of(support::make_key().get());
  const std::vector<std::string> wrong = {
      "", "secret", whole.substr(0, whole.size() / 2), support::pem_of(short_key.get()),
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n"
      "\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"};
  for (const auto& pem : wrong) {
    CAPTURE(pem);
    const auto jwt = github::make_app_jwt("1", pem, kNow.wall);
    REQUIRE_FALSE(jwt.ok());
    CHECK(jwt.error().code == ErrorCode::invalid);
    CHECK(jwt.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("an installation's token is renewed after 50 of its 60 minutes") {
  using github::TokenState;
  struct Row {
    const char* name;
    base::Duration expires_in, asked_after;
    TokenState state;
  };
  const Row rows[] = {
      {"at once", 60min, 0s, TokenState::fresh},
      {"before 50 minutes", 60min, 50min - 1s, TokenState::fresh},
      {"at 50 minutes", 60min, 50min, TokenState::renewable},
      {"before its end", 60min, 60min - 1s, TokenState::renewable},
      {"at its end", 60min, 60min, TokenState::ended},
      {"a shorter one, before", 30min, 20min - 1s, TokenState::fresh},
      {"a shorter one, after", 30min, 20min, TokenState::renewable},
      {"our clock is an hour ahead", -1min, 50min - 1s, TokenState::fresh},
      {"our clock is an hour behind", 120min, 50min, TokenState::renewable},
      {"our clock is an hour behind, later", 120min, 60min, TokenState::ended},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto expires = kNow.wall + std::chrono::duration_cast<base::Millis>(row.expires_in);
    const auto held = github::hold_token("ghs_x", expires, kNow);
    CHECK((github::state_of(held, kNow.boot + row.asked_after) == row.state));
  }
  CHECK((github::state_of({}, kNow.boot) == TokenState::ended));
}

TEST_CASE("an installation's token is read with the right it gives") {
  const auto read = [](const char* json) { return github::decode_installation_token(json); };
  const auto whole = read(
      R"({"token":"ghs_1","expires_at":"2026-11-20T14:52:36Z","permissions":{"issues":"write"}})");
  REQUIRE(whole.ok());
  CHECK(whole->token == "ghs_1");
  CHECK(base::format_utc(whole->expires_at, false) == "2026-11-20T14:52:36Z");
  CHECK(whole->may_write_issues);
  CHECK(read(R"({"token":"t"})")->may_write_issues);
  CHECK_FALSE(read(R"({"token":"t","permissions":{"issues":"read"}})")->may_write_issues);
  CHECK_FALSE(read(R"({"token":"t","permissions":{"metadata":"read"}})")->may_write_issues);
  CHECK_FALSE(read("{}").ok());
  CHECK_FALSE(read(R"({"token":"a\r\nX: y"})").ok());
  CHECK_FALSE(read("[").ok());
}

TEST_CASE("addresses of GitHub, with port and path") {
  const auto address = github::parse_api("https://GHE.acme.com:8443/api/v3/");
  REQUIRE(address.has_value());
  CHECK(address->origin == "https://GHE.acme.com:8443");
  CHECK(address->host == "ghe.acme.com");
  CHECK(address->port == 8443);
  CHECK(address->tls);
  CHECK(address->prefix == "/api/v3");
  CHECK(github::parse_api("https://api.github.com")->port == 443);
  CHECK(github::parse_api("http://127.0.0.1")->port == 80);
  CHECK(github::parse_api("http://[::1]:7081/x")->host == "::1");
  for (const char* wrong :
       {"", "https://", "ftp://x", "api.github.com", "https://u@h", "https://h?q", "https://h#f",
        "https://h:0", "https://h:99999", "https://h:x", "https://[::1", "https://h h"}) {
    CAPTURE(wrong);
    CHECK_FALSE(github::parse_api(wrong).has_value());
  }
}

TEST_CASE("addresses of proxies, with user and password") {
  const auto proxy = github::parse_proxy("http://al%40ice:p%3Aw:x@proxy.acme.com:3128/");
  REQUIRE(proxy.has_value());
  CHECK(proxy->host == "proxy.acme.com");
  CHECK(proxy->port == 3128);
  CHECK(proxy->user == "al@ice");
  CHECK(proxy->password == "p:w:x");
  CHECK(github::parse_proxy("http://10.0.0.7")->port == 80);
  CHECK(github::parse_proxy("http://10.0.0.7")->user.empty());
  for (const char* wrong :
       {"", "proxy:3128", "https://p:1", "socks5://p:1", "http://", "http://u@p", "http://:w@p",
        "http://u:@p", "http://u:%0d%0aX@p", "http://u:%4@p", "http://p:1/path", "http://p:1?x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(github::parse_proxy(wrong).has_value());
  }
}

TEST_CASE("NO_PROXY names hosts, what is below them, and ports") {
  struct Row {
    const char* api;
    const char* list;
    bool direct;
  };
  const Row rows[] = {
      {"https://api.github.com", "", false},
      {"https://api.github.com", "*", true},
      {"https://api.github.com", "github.com", true},
      {"https://api.github.com", ".github.com", true},
      {"https://api.github.com", " x.y , *.GitHub.com ", true},
      {"https://api.github.com", "hub.com", false},
      {"https://api.github.com", "api.github.com:443", true},
      {"https://api.github.com", "api.github.com:8443", false},
      {"https://api.github.com", "api.github.com.evil", false},
      {"https://10.0.0.7:8443", "10.0.0.7", true},
      {"https://127.0.0.1:8443", "", true},
      {"https://localhost", "", true},
      {"https://127.0.0.1.evil.com", "", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.api);
    CAPTURE(row.list);
    CHECK(github::goes_direct(*github::parse_api(row.api), row.list) == row.direct);
  }
}

TEST_CASE("webhooks that never arrived: which attempts are made again") {
  const auto ago = [](base::Duration by) {
    return kNow.wall - std::chrono::duration_cast<base::Millis>(by);
  };
  using Deliveries = std::vector<github::HookDelivery>;
  struct Row {
    const char* name;
    Deliveries deliveries;
    std::vector<std::int64_t> again;
  };
  const Row rows[] = {
      {"none", {}, {}},
      {"arrived", {{1, "a", ago(5min), 200, "issues"}}, {}},
      {"refused by us", {{1, "a", ago(5min), 503, "issues"}}, {1}},
      {"nobody there", {{1, "a", ago(5min), 0, "issue_comment"}}, {1}},
      {"perhaps under way", {{1, "a", ago(1min), 0, "issues"}}, {}},
      {"of no use", {{1, "a", ago(5min), 0, "push"}}, {}},
      {"too old", {{1, "a", ago(72h), 0, "issues"}}, {}},
      {"arrived when sent again",
       {{2, "a", ago(3min), 202, "issues"}, {1, "a", ago(5min), 0, "issues"}},
       {}},
      {"the latest attempt counts",
       {{2, "a", ago(3min), 0, "issues"}, {1, "a", ago(5min), 0, "issues"}},
       {2}},
      {"four attempts are enough",
       {{4, "a", ago(2min), 0, "issues"},
        {3, "a", ago(3min), 0, "issues"},
        {2, "a", ago(4min), 0, "issues"},
        {1, "a", ago(5min), 0, "issues"}},
       {}},
      {"oldest first",
       {{9, "b", ago(3min), 0, "issues"}, {7, "a", ago(5min), 500, "issues"}},
       {7, 9}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(github::missed(row.deliveries, kNow.wall) == row.again);
  }
  Deliveries many;
  for (int i = 0; i < 30; ++i) many.push_back({i + 1, std::to_string(i), ago(1h), 0, "issues"});
  CHECK(github::missed(many, kNow.wall).size() == 10);
}

}  // namespace
