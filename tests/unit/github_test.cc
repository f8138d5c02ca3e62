#include "github/github.h"

#include <doctest/doctest.h>

#include "github/github_codec.h"
#include "github/rest_github.h"
#include "tests/fakes/fake_github.h"
#include "tests/fakes/github_contract.h"
#include "tests/support/print.h"

namespace {

using base::ErrorCode;

class StillClock final : public base::Clock {
 public:
  base::Now now() const override {
    return {base::wall_from_ms(1'795'182'756'000), base::instant_from_ms(1'000)};
  }
};

TEST_CASE("github: what an answer means") {
  const auto code = [](int status, bool is_write, std::string message = "",
                       std::string remaining = "") {
    github::AnswerFacts facts;
    facts.status = status;
    facts.message = std::move(message);
    facts.remaining = std::move(remaining);
    return github::classify(facts, is_write, "POST /x").error.code;
  };
  CHECK(code(400, true) == ErrorCode::invalid);
  CHECK(code(401, true) == ErrorCode::denied);
  CHECK(code(403, true) == ErrorCode::denied);
  CHECK(code(403, true, "You have exceeded a secondary rate limit") == ErrorCode::unavailable);
  CHECK(code(403, true, "API Rate Limit exceeded") == ErrorCode::unavailable);
  CHECK(code(403, true, "", "0") == ErrorCode::unavailable);
  CHECK(code(404, true) == ErrorCode::not_found);
  CHECK(code(409, true) == ErrorCode::conflict);
  CHECK(code(410, true) == ErrorCode::not_found);
  CHECK(code(422, true) == ErrorCode::invalid);
  CHECK(code(429, true) == ErrorCode::unavailable);
  CHECK(code(301, true) == ErrorCode::invalid);
  CHECK(code(408, true) == ErrorCode::unknown);
  CHECK(code(500, true) == ErrorCode::unknown);
  CHECK(code(502, true) == ErrorCode::unknown);
  CHECK(code(502, false) == ErrorCode::unavailable);
}

TEST_CASE("github: how long a limit lasts") {
  const auto wait = [](std::string retry_after, std::string remaining, std::string reset) {
    github::AnswerFacts facts;
    facts.status = 429;
    facts.retry_after = std::move(retry_after);
    facts.remaining = std::move(remaining);
    facts.reset = std::move(reset);
    facts.now = base::wall_from_ms(1'000'000);
    return base::to_ms(github::classify(facts, true, "x").retry_after) / 1000;
  };
  CHECK(wait("17", "", "") == 17);
  CHECK(wait("17", "0", "1100") == 17);
  CHECK(wait("", "0", "1100") == 101);
  CHECK(wait("", "0", "900") == 1);    // Past already.
  CHECK(wait("", "5", "1100") == 60);  // A secondary limit without a hint.
  CHECK(wait("soon", "", "") == 60);
  CHECK(wait("-3", "", "") == 1);
  CHECK(wait("99999999999", "", "") == 24 * 3600);
}

TEST_CASE("github codec: GitHub's shapes, and damaged ones") {
  const auto issue = github::decode_issue(
      R"({"id":9,"number":3,"title":"t","body":null,"state":"closed","state_reason":"completed",
          "labels":[{"name":"incident"},"plain"],"user":{"login":"bot"},"html_url":"u",
          "created_at":"2026-11-20T13:52:36Z","updated_at":"2026-11-20T13:52:37Z"})");
  REQUIRE(issue.ok());
  CHECK(issue->number == 3);
  CHECK(issue->body.empty());
  CHECK(issue->labels == std::vector<std::string>{"incident", "plain"});
  CHECK(issue->author == "bot");
  CHECK(base::to_ms(issue->updated_at - issue->created_at) == 1000);
  for (const char* damaged : {"", "{}", "[]", "null", "7", "{\"number\":\"3\"}", "{\"number\":3",
                              "{\"number\":-1,\"state\":\"open\"}"}) {
    CAPTURE(damaged);
    CHECK_FALSE(github::decode_issue(damaged).ok());
  }
  for (const char* damaged : {"", "{}", "[{}]", "[7]", "[{\"id\":\"x\"}]", "[null]"}) {
    CAPTURE(damaged);
    CHECK_FALSE(github::decode_comments(damaged).ok());
  }
  const auto page = github::decode_issues(
      R"([{"number":1,"state":"open"},{"number":2,"state":"open","pull_request":{}}])");
  REQUIRE(page.ok());
  CHECK(page->issues.size() == 1);
  CHECK(page->entries == 2);
  CHECK(github::decode_refusal("<html>oops").message == "<html>oops");
  CHECK(github::decode_refusal(R"({"message":"m","errors":[{"code":"already_exists"}]})")
            .codes.at(0) == "already_exists");
  github::IssueEdit edit;
  edit.state = "closed";
  edit.state_reason = "completed";
  CHECK(github::encode(edit) == R"({"state":"closed","state_reason":"completed"})");
}

TEST_CASE("rest github: refuses what cannot be right, without naming the token") {
  const StillClock clock;
  const auto made = [&](std::string api, std::string repository, std::string token) {
    github::RestOptions options;
    options.line.api = std::move(api);
    options.repository = std::move(repository);
    options.token = std::move(token);
    const auto github = github::make_rest_github(options, clock);
    if (!github) CHECK(github.error().message.find("secret") == std::string::npos);
    return github.ok();
  };
  CHECK(made("https://api.github.com", "owner/name", "secret"));
  CHECK(made("https://ghe.example/api/v3/", "owner/na.me", "secret"));
  CHECK(made("http://127.0.0.1:7081", "sre-space/demo", ""));
  CHECK_FALSE(made("ftp://x", "o/n", ""));
  CHECK_FALSE(made("https://", "o/n", ""));
  CHECK_FALSE(made("https://user@host", "o/n", ""));
  CHECK_FALSE(made("https://h\r\nX: y", "o/n", ""));
  CHECK_FALSE(made("https://h", "o", ""));
  CHECK_FALSE(made("https://h", "o/n/m", ""));
  CHECK_FALSE(made("https://h", "o/../x", ""));
  CHECK_FALSE(made("https://h", "o/..", ""));
  CHECK_FALSE(made("https://h", "o/n?x", ""));
  CHECK_FALSE(made("https://h", "o/n", "secret\r\nX: y"));
  CHECK_FALSE(made("https://h", "o/n", "secret token"));
}

TEST_CASE("rest github: nobody there is not applied") {
  const StillClock clock;
  github::RestOptions options;
  options.line.api = "http://127.0.0.1:1";
  options.repository = "o/n";
  auto github = github::make_rest_github(options, clock);
  REQUIRE(github.ok());
  CHECK((*github)->comment(1, "x").error().code == ErrorCode::unavailable);
  CHECK((*github)->get_issue(1).error().code == ErrorCode::unavailable);
}

TEST_CASE("fake github keeps the contract") {
  const StillClock clock;
  fakes::FakeGithub github(clock);
  fakes::check_github(github);
}

}  // namespace
