// The real client for pull requests against the real forge: the contract.
#include <doctest/doctest.h>

#include "base/hash.h"
#include "forge/forge.h"
#include "github/pulls.h"
#include "github/rest_client.h"
#include "github/rest_github.h"
#include "tests/fakes/github_contract.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace {

const std::string kRepo = "/repos/sre-space/demo";

// The text of a field, read without a parser: all of it is the forge's own.
std::string field(const std::string& json, const std::string& name, std::size_t from = 0) {
  const std::string key = "\"" + name + "\":\"";
  const auto at = json.find(key, from);
  REQUIRE(at != std::string::npos);
  return json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size());
}

TEST_CASE("the real client's pull requests and the real forge keep the contract") {
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
  const auto line = github::RestClient::make(options.line).value();
  const auto send = [&](const char* method, const std::string& path, const std::string& body) {
    const auto reply = line->exchange({method, kRepo + path, body}, "Bearer owner-token");
    REQUIRE(reply.ok());
    CAPTURE(reply->body);
    REQUIRE(reply->status / 100 == 2);
    return reply->body;
  };
  int files = 0;
  const auto put = [&](const std::string& branch) {
    const std::string body = send(
        "PUT", "/contents/f" + std::to_string(++files) + ".md",
        R"({"message":"m","content":")" + base::base64("x") + R"(","branch":")" + branch + "\"}");
    return field(body, "sha", body.find("\"commit\":"));
  };
  const std::string main = field(send("GET", "/git/ref/heads/main", ""), "sha");
  const fakes::PullWorld world{
      [&](const std::string& branch) {
        if (files == 0)
          send("POST", "/git/refs",
               R"({"ref":"refs/heads/)" + branch + R"(","sha":")" + main + "\"}");
        put(branch);
        return field(send("GET", "/git/ref/heads/" + branch, ""), "sha");
      },
      [&](const std::string& sha, const std::string& name, github::CheckState state) {
        const char* word = state == github::CheckState::green ? "success" : "failure";
        send("POST", "/statuses/" + sha,
             std::string(R"({"state":")") + word + R"(","context":")" + name + "\"}");
      },
      [&](const std::string& branch, const std::string& name) {
        send("PUT", "/branches/" + branch + "/protection",
             R"({"required_status_checks":{"strict":false,"contexts":[")" + name + "\"]}}");
      }};
  auto pulls = github::make_rest_pulls(options, clock);
  REQUIRE(pulls.ok());
  fakes::check_pulls(**pulls, world);
  options.repository = "no repository";
  CHECK_FALSE(github::make_rest_pulls(options, clock).ok());
}

}  // namespace
