// What GitHub sends to the console's door: who is let in, and what is made of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "agents/console/github_door.h"
#include "base/hash.h"
#include "github/webhook_codec.h"

namespace console {
namespace {

constexpr const char* kSecret = "a secret of the webhook";
constexpr const char* kOld = "the one that was before";

const std::string kComment =
    R"({"action":"created","issue":{"number":7},"comment":{"id":1,"body":"/approve x"},)"
    R"("repository":{"full_name":"Acme/Infra"}})";

http::Request webhook(const std::string& body, const std::string& secret = kSecret,
                      const std::string& event = "issue_comment") {
  http::Request request;
  request.method = "POST";
  request.path = "/github/webhook";
  request.body = body;
  request.headers = {{"X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"},
                     {"X-GitHub-Event", event},
                     {"X-Hub-Signature-256", "sha256=" + base::hmac_sha256_hex(secret, body)}};
  return request;
}
void set(http::Request& request, const std::string& name, const std::string& value) {
  for (auto& header : request.headers) {
    if (header.first == name) header.second = value;
  }
}

const GithubDoor kDoor{{kSecret, kOld}, "acme/infra"};

}  // namespace

TEST_CASE("github door: the published example of a signature fits") {
  const std::string signature =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  CHECK(github::is_signed("Hello, World!", signature, {"It's a Secret to Everybody"}));
  CHECK_FALSE(github::is_signed("Hello, World?", signature, {"It's a Secret to Everybody"}));
}

TEST_CASE("github door: what is signed by one of two secrets is kept as a hint alone") {
  for (const char* secret : {kSecret, kOld}) {
    const auto verdict = judge_github(webhook(kComment, secret), kDoor);
    CHECK(verdict.status == 200);
    CHECK(verdict.delivery == "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    CHECK(verdict.hint.find("/approve") == std::string::npos);
    CHECK(verdict.hint.find(base::sha256_hex(kComment)) != std::string::npos);
    const auto hint = github::decode_hint(verdict.hint);
    REQUIRE(hint.ok());
    CHECK(hint->event == "issue_comment");
    CHECK(hint->action == "created");
    CHECK(hint->issue == 7);
  }
}

TEST_CASE("github door: no byte may be another, in the body or in the signature") {
  const auto good = webhook(kComment);
  for (std::size_t i = 0; i < kComment.size(); ++i) {
    auto request = good;
    request.body[i] = static_cast<char>(request.body[i] ^ 1);
    CHECK(judge_github(request, kDoor).status == 401);
  }
  const std::string signature(good.header("X-Hub-Signature-256"));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto wrong = signature;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    auto request = good;
    set(request, "X-Hub-Signature-256", wrong);
    CHECK(judge_github(request, kDoor).status == 401);
  }
}

TEST_CASE("github door: who is not let in, and what is of no use") {
  struct Row {
    const char* name;
    http::Request request;
    int status;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* name, int status, auto change) {
    rows.push_back({name, webhook(kComment), status});
    change(rows.back().request);
  };
  add("no signature", 401, [](auto& r) { set(r, "X-Hub-Signature-256", ""); });
  add("its beginning alone", 401, [](auto& r) { set(r, "X-Hub-Signature-256", "sha256="); });
  add("SHA-1 alone", 401, [](auto& r) { r.headers[2] = {"X-Hub-Signature", "sha1=00"}; });
  add("another's secret", 401, [](auto& r) { r = webhook(kComment, "another's secret"); });
  add("an empty secret", 401, [](auto& r) { r = webhook(kComment, ""); });
  add("no delivery", 400, [](auto& r) { set(r, "X-GitHub-Delivery", ""); });
  add("a delivery of two words", 400, [](auto& r) { set(r, "X-GitHub-Delivery", "a b"); });
  add("another event in the header", 400, [](auto& r) { set(r, "X-GitHub-Event", "issues"); });
  add("no event in the header", 400, [](auto& r) { set(r, "X-GitHub-Event", ""); });
  add("no JSON", 400, [](auto& r) { r = webhook("what?"); });
  add("an issue without number", 400,
      [](auto& r) { r = webhook(R"({"action":"opened","issue":{}})", kSecret, "issues"); });
  add("an event of tomorrow", 202,
      [](auto& r) { r = webhook(R"({"new":1})", kSecret, "tomorrow"); });
  add("a star", 202, [](auto& r) {
    r = webhook(R"({"action":"created","repository":{"full_name":"acme/infra"}})", kSecret,
                "repository");
  });
  add("another repository", 202, [](auto& r) {
    r = webhook(R"({"action":"opened","issue":{"number":1},"repository":{"full_name":"a/b"}})",
                kSecret, "issues");
  });
  add("a ping", 200, [](auto& r) { r = webhook(R"({"zen":"x","hook_id":1})", kSecret, "ping"); });
  add("too large", 413, [](auto& r) { r = webhook(std::string(kGithubBytesMax + 1, ' ')); });
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto verdict = judge_github(row.request, kDoor);
    CHECK(verdict.status == row.status);
    CHECK(verdict.delivery.empty());
    CHECK_FALSE(verdict.message.empty());
  }
  CHECK(judge_github(webhook(kComment, ""), {{"", ""}, "acme/infra"}).status == 404);
  CHECK(judge_github(webhook(kComment, ""), {{}, "acme/infra"}).status == 404);
}

TEST_CASE("github door: a form carries the same hint as JSON") {
  std::string form = "payload=";
  for (const char c : kComment) {
    constexpr const char* kHex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    form += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  auto request = webhook(form);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  const auto verdict = judge_github(request, kDoor);
  CHECK(verdict.status == 200);
  CHECK(verdict.hint == judge_github(webhook(kComment), kDoor).hint);
}

TEST_CASE("github door: the event of every published payload is known by its body") {
  const std::filesystem::path folder = "../shared/data/github-webhooks/payloads";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("SKIPPED (optional): no payloads at " << folder.string());
    return;
  }
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string body((std::istreambuf_iterator<char>(file)), {});
    CAPTURE(entry.path().string());
    const std::string event = entry.path().parent_path().filename().string();
    const auto hint = github::decode_webhook(body);
    REQUIRE(hint.ok());
    CHECK(hint->event == event);
    const bool of_issue = event == "issues" || event == "issue_comment";
    CHECK((hint->issue > 0) == of_issue);
    const GithubDoor door{{kSecret}, hint->repository};
    CHECK(judge_github(webhook(body, kSecret, event), door).status ==
          (of_issue || event == "ping" ? 200 : 202));
    ++files;
  }
  CHECK(files >= 129);
}

}  // namespace console
