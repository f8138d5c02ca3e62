// GitHub's webhooks at a running console: stored before they are answered, once, and by no other
// way in.
#include <doctest/doctest.h>
#include <httplib.h>

#include <string>

#include "agents/console/console.h"
#include "base/hash.h"
#include "ledger/sqlite_ledger.h"
#include "tests/support/temporary_folder.h"

namespace {

constexpr const char* kSecret = "0123456789abcdef";

struct Scene {
  base::SystemClock clock;
  support::TemporaryFolder folder;
  std::unique_ptr<ledger::Ledger> ledger =
      ledger::open_sqlite({folder.file("ledger.db"), false}, clock).value();
  std::unique_ptr<console::Console> console;

  explicit Scene(const std::string& secret = kSecret) {
    console::Options options;
    options.port = 0;
    options.key = "the key of the console";
    options.github = {{secret}, "acme/infra"};
    auto started = console::Console::start(options, *ledger, clock,
                                           base::Logger("console", base::LogLevel::error));
    REQUIRE(started.ok());
    console = std::move(started).value();
  }
  int post(const std::string& delivery, const std::string& body,
           const std::string& secret = kSecret, const std::string& host = "sre.acme.example") {
    httplib::Client client("127.0.0.1", console->port());
    const httplib::Headers headers = {
        {"Host", host},
        {"X-GitHub-Delivery", delivery},
        {"X-GitHub-Event", "issues"},
        {"X-Hub-Signature-256", "sha256=" + base::hmac_sha256_hex(secret, body)}};
    const auto reply = client.Post("/github/webhook", headers, body, "application/json");
    return reply ? reply->status : 0;
  }
  std::size_t inbox() { return ledger->deliveries(0)->size(); }
};

std::string issue(int number) {
  return R"({"action":"opened","issue":{"number":)" + std::to_string(number) +
         R"(},"repository":{"full_name":"acme/infra"}})";
}

TEST_CASE_FIXTURE(Scene, "a webhook is kept once, by its id and by its body, and needs no key") {
  CHECK(post("a", issue(1)) == 200);
  REQUIRE(inbox() == 1);
  CHECK(ledger->deliveries(0)->front().source == "github");
  CHECK(post("a", issue(1)) == 200);  // Redelivered.
  CHECK(post("b", issue(1)) == 200);  // Replayed: the id is not signed.
  CHECK(inbox() == 1);
  CHECK(post("c", issue(2)) == 200);
  CHECK(inbox() == 2);
}

TEST_CASE_FIXTURE(Scene, "what is not signed, too large or not POST leaves nothing behind") {
  CHECK(post("a", issue(1), "another secret") == 401);
  CHECK(post("b", std::string(console::kGithubBytesMax + 1, ' ')) == 413);
  httplib::Client client("127.0.0.1", console->port());
  CHECK(client.Get("/github/webhook")->status == 401);  // As every other path without a key.
  CHECK(inbox() == 0);
}

TEST_CASE("without a secret there is no door") {
  Scene scene("");
  CHECK(scene.post("a", issue(1), "") == 404);
  CHECK(scene.inbox() == 0);
}

TEST_CASE_FIXTURE(Scene, "a console that is going away answers none as kept") {
  CHECK(post("a", issue(1)) == 200);
  console->stop();
  CHECK(post("b", issue(2)) == 0);
  CHECK(inbox() == 1);
}

}  // namespace
