// The product's own way to sign in as a GitHub App, against the forge that checks it.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "forge/faults.h"
#include "forge/forge.h"
#include "github/rest_github.h"
#include "tests/support/keys.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace forge::app_test {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  support::Key first = support::make_key();
  support::Key second = support::make_key();
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::unique_ptr<Forge> forge;

  Scene() { open({support::public_pem_of(first.get())}, 0); }
  void open(std::vector<std::string> keys, int port) {
    forge.reset();
    Options options;
    options.database_path = folder.file("forge.db");
    options.port = port;
    options.tokens = {{"t-owner", "sre-space"}};
    options.apps = {{7, "keeper", std::move(keys), Role::write}};
    options.faults = faults;
    auto opened = Forge::open(std::move(options), clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
  }
  std::unique_ptr<github::Github> sign_in(const std::string& key, const std::string& next = "") {
    github::RestOptions options;
    options.line.api = forge->url();
    options.repository = "sre-space/demo";
    options.app = github::AppIdentity{"7", "7", key, next};
    auto made = github::make_rest_github(options, clock);
    REQUIRE(made.ok());
    return std::move(*made);
  }
};

TEST_CASE("the product's app opens issues as a bot") {
  Scene scene;
  const auto app = scene.sign_in(support::pem_of(scene.first.get()));
  const auto issue = app->open_issue({"t", "b", {"incident"}});
  REQUIRE(issue.ok());
  CHECK(issue->author == "keeper[bot]");
  const auto comment = app->comment(issue->number, "c");
  REQUIRE(comment.ok());
  CHECK(comment->is_bot);
  CHECK(app->get_user().error().code == ErrorCode::denied);
  CHECK(*app->get_right("sre-space") == github::Right::admin);
}

TEST_CASE("keys rotate: old and new are taken side by side, one that was taken away is denied") {
  Scene scene;
  const int port = scene.forge->port();
  CHECK(scene.sign_in(support::pem_of(scene.second.get()))->get_issue(1).error().code ==
        ErrorCode::denied);
  scene.open(
      {support::public_pem_of(scene.first.get()), support::public_pem_of(scene.second.get())},
      port);
  CHECK(scene.sign_in(support::pem_of(scene.first.get()))->open_issue({"t", "b", {}}).ok());
  CHECK(scene.sign_in(support::pem_of(scene.second.get()))->get_issue(1).ok());
  scene.open({support::public_pem_of(scene.second.get())}, port);
  CHECK(scene.sign_in(support::pem_of(scene.first.get()))->get_issue(1).error().code ==
        ErrorCode::denied);
  CHECK(scene.sign_in(support::pem_of(scene.first.get()), support::pem_of(scene.second.get()))
            ->get_issue(1)
            .ok());
}

TEST_CASE("a token that a restart has ended is asked for anew, once") {
  Scene scene;
  const auto app = scene.sign_in(support::pem_of(scene.first.get()));
  REQUIRE(app->open_issue({"t", "b", {}}).ok());
  scene.open({support::public_pem_of(scene.first.get())}, scene.forge->port());
  CHECK(app->get_issue(1).ok());
  CHECK(scene.forge->writes().total == 1);  // The token.
  CHECK(app->comment(1, "c").ok());
  CHECK(scene.forge->writes().total == 2);
}

TEST_CASE("a forge is not opened with an app whose key is none") {
  const base::SystemClock clock;
  const support::TemporaryFolder folder;
  for (const std::vector<std::string>& keys :
       {std::vector<std::string>{}, {""}, {"-----BEGIN PUBLIC KEY-----\nAAAA\n"}}) {
    Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.apps = {{7, "keeper", keys, Role::write}};
    const auto opened = Forge::open(std::move(options), clock);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace forge::app_test
