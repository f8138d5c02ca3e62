// The way to GitHub as firms have it: signing in as an app, proxies, an authority of one's own, an
// Enterprise server under a path. Against servers of our own on this machine.
#include <doctest/doctest.h>
#include <httplib.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "github/app_jwt.h"
#include "github/rest_github.h"
#include "tests/support/keys.h"
#include "tests/support/manual_clock.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tunnel_proxy.h"

namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

// A little GitHub under /api/v3 that knows one app by one public key, or one token.
class LittleGithub {
 public:
  explicit LittleGithub(std::unique_ptr<httplib::Server> server) : server_(std::move(server)) {
    server_->Post("/api/v3/app/installations/12/access_tokens",
                  [this](const auto& request, auto& response) { give_token(request, response); });
    server_->Get("/api/v3/repos/o/n/issues/5", [this](const auto& request, auto& response) {
      seen.push_back(request.get_header_value("Authorization"));
      proxy_secrets.push_back(request.get_header_value("Proxy-Authorization"));
      if (seen.back() != "Bearer " + token) {
        response.status = 401;
        return response.set_content(R"({"message":"Bad credentials"})", "application/json");
      }
      response.set_content(R"({"number":5,"state":"open","title":"t"})", "application/json");
    });
    server_->Get("/api/v3/repos/o/n/issues/7", [](const auto&, auto& response) {
      response.status = 429;
      response.set_header("Retry-After", "30");
      response.set_content(R"({"message":"You have exceeded a secondary rate limit"})",
                           "application/json");
    });
    server_->Get("/api/v3/repos/o/n/issues/6", [](const auto&, auto& response) {
      response.set_redirect("/api/v3/repos/o/n/issues/5", 302);
    });
    port = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();  // It cannot be stopped before.
  }
  ~LittleGithub() { server_->stop(); }
  LittleGithub(const LittleGithub&) = delete;
  LittleGithub& operator=(const LittleGithub&) = delete;

  // Touched by the server's threads only while a request is under way.
  int port = 0;
  std::string token = "the-token";
  std::vector<std::string> seen, proxy_secrets;
  EVP_PKEY* app_key = nullptr;
  int tokens_given = 0, keys_refused = 0;
  int token_status = 201;
  std::string rights = R"({"issues":"write"})";
  std::string expires_at = "2026-11-20T14:52:36Z";

 private:
  void give_token(const httplib::Request& request, httplib::Response& response) {
    const std::string bearer = request.get_header_value("Authorization");
    const auto dot = bearer.rfind('.');
    const std::string signature = base::decode_base64url(bearer.substr(dot + 1)).value_or("");
    if (!support::verifies(app_key, bearer.substr(7, dot - 7), signature)) {
      ++keys_refused;
      response.status = 401;
      return response.set_content(R"({"message":"A JSON web token could not be decoded"})",
                                  "application/json");
    }
    response.status = token_status;
    if (token_status != 201) return response.set_content("{}", "application/json");
    token = "ghs_" + std::to_string(++tokens_given);
    response.set_content("{\"token\":\"" + token + "\",\"expires_at\":\"" + expires_at +
                             "\",\"permissions\":" + rights + "}",
                         "application/json");
  }

  std::unique_ptr<httplib::Server> server_;
  std::jthread thread_;
};

github::RestOptions options_for(const LittleGithub& server, const char* scheme = "http") {
  github::RestOptions options;
  options.line.api =
      std::string(scheme) + "://127.0.0.1:" + std::to_string(server.port) + "/api/v3";
  options.repository = "o/n";
  options.token = "the-token";
  return options;
}

// ---- An app ------------------------------------------------------------------------------------

// Made once: each takes a tenth of a second.
const support::Key& key_of_ours() {
  static const support::Key key = support::make_key();
  return key;
}
const support::Key& key_of_another() {
  static const support::Key key = support::make_key();
  return key;
}

struct AppScene {
  support::ManualClock clock;
  const support::Key &key = key_of_ours(), &other_key = key_of_another();
  LittleGithub server{std::make_unique<httplib::Server>()};
  AppScene() { server.app_key = key.get(); }

  std::unique_ptr<github::Github> sign_in(EVP_PKEY* first, EVP_PKEY* second = nullptr) {
    auto options = options_for(server);
    options.app = {"7", "12", support::pem_of(first),
                   second == nullptr ? "" : support::pem_of(second)};
    auto made = github::make_rest_github(options, clock);
    REQUIRE(made.ok());
    return std::move(made).value();
  }
};

TEST_CASE_FIXTURE(AppScene, "an app fetches a token once, and a new one after 50 minutes") {
  const auto github = sign_in(key.get());
  for (int i = 0; i < 3; ++i) REQUIRE(github->get_issue(5).ok());
  CHECK(server.tokens_given == 1);
  clock.advance(50min - 1s);
  REQUIRE(github->get_issue(5).ok());
  CHECK(server.tokens_given == 1);
  clock.advance(1s);
  REQUIRE(github->get_issue(5).ok());
  CHECK(server.tokens_given == 2);
  CHECK(server.seen.back() == "Bearer ghs_2");
}

TEST_CASE_FIXTURE(AppScene, "an app lives on its old token while no new one is given") {
  const auto github = sign_in(key.get());
  REQUIRE(github->get_issue(5).ok());
  server.token_status = 503;
  clock.advance(55min);
  CHECK(github->get_issue(5).ok());
  clock.advance(5min);
  const auto late = github->get_issue(5);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::unavailable);
  // Not "unknown": nothing was sent.
  CHECK(github->comment(5, "x").error().code == ErrorCode::unavailable);
  server.token_status = 201;
  CHECK(github->get_issue(5).ok());
}

TEST_CASE_FIXTURE(AppScene, "a token that is refused is renewed, and the call repeated once") {
  const auto github = sign_in(key.get());
  REQUIRE(github->get_issue(5).ok());
  server.token = "revoked";
  CHECK(github->get_issue(5).ok());
  CHECK(server.tokens_given == 2);
}

TEST_CASE_FIXTURE(AppScene,
                  "while keys rotate, either of two opens, and the one that did is kept") {
  for (const bool first_is_old : {true, false}) {
    CAPTURE(first_is_old);
    server.keys_refused = 0;
    const auto github =
        first_is_old ? sign_in(other_key.get(), key.get()) : sign_in(key.get(), other_key.get());
    REQUIRE(github->get_issue(5).ok());
    clock.advance(50min);
    REQUIRE(github->get_issue(5).ok());
    CHECK(server.keys_refused == (first_is_old ? 1 : 0));
  }
}

TEST_CASE_FIXTURE(AppScene, "why an app may not write is said clearly, without its key") {
  struct Row {
    const char* name;
    int status;
    const char* rights;
    bool known_key;
    ErrorCode code;
    const char* says;
  };
  const Row rows[] = {
      {"unknown keys", 201, "{}", false, ErrorCode::denied, "github.app.private_key"},
      {"no installation", 404, "{}", true, ErrorCode::denied, "has no installation 12"},
      {"suspended", 403, "{}", true, ErrorCode::denied, "suspended"},
      {"may only read", 201, R"({"issues":"read"})", true, ErrorCode::denied, "issues: write"},
      {"down", 502, "{}", true, ErrorCode::unavailable, "502"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    server.token_status = row.status;
    server.rights = row.rights;
    EVP_PKEY* used = row.known_key ? key.get() : other_key.get();
    const auto answer = sign_in(used, other_key.get())->comment(5, "x");
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == row.code);
    CHECK(answer.error().message.find(row.says) != std::string::npos);
    CHECK(answer.error().message.find("PRIVATE") == std::string::npos);
  }
}

// ---- TLS and proxies ---------------------------------------------------------------------------

struct TlsScene {
  base::SystemClock clock;
  support::TemporaryFolder folder;
  const support::Key &authority_key = key_of_another(), &key = key_of_ours();
  support::Certificate authority = support::make_certificate(authority_key.get(), "Our authority");
  support::Certificate certificate =
      support::make_certificate(key.get(), "ghe", authority.get(), authority_key.get());
  LittleGithub server{std::make_unique<httplib::SSLServer>(certificate.get(), key.get())};
  github::RestOptions options = options_for(server, "https");

  TlsScene() {
    std::ofstream(folder.file("ca.pem")) << support::pem_of(authority.get());
    const auto stranger = support::make_certificate(key.get(), "A stranger");
    std::ofstream(folder.file("stranger.pem")) << support::pem_of(stranger.get());
    options.line.ca_file = folder.file("ca.pem");
  }
  github::Result<github::Issue> look(std::int64_t issue = 5) {
    auto made = github::make_rest_github(options, clock);
    REQUIRE(made.ok());
    return (*made)->get_issue(issue);
  }
};

TEST_CASE_FIXTURE(TlsScene, "a server of an authority of one's own is trusted by ca_file alone") {
  const auto issue = look();
  CHECK_MESSAGE(issue.ok(), (issue ? "" : issue.error().message));
  for (const char* file : {"", "stranger.pem"}) {
    CAPTURE(file);
    options.line.ca_file = *file == '\0' ? "" : folder.file(file);
    const auto refused = look();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().message.find("not trusted") != std::string::npos);
  }
  CHECK(server.seen.size() == 1);  // The token was shown to nobody else.
  options.line.ca_file = folder.file("none.pem");
  CHECK(github::make_rest_github(options, clock).error().code == ErrorCode::invalid);
}

TEST_CASE_FIXTURE(TlsScene, "a certificate for another name is not trusted") {
  options.line.api = "https://localhost:" + std::to_string(server.port) + "/api/v3";
  const auto refused = look();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("not trusted") != std::string::npos);
  CHECK(server.seen.empty());
}

TEST_CASE_FIXTURE(TlsScene, "through a proxy, TLS ends at GitHub and no secret stays behind") {
  const std::string login = "Basic " + base::base64("al@ice:p:w");
  support::TunnelProxy proxy(login);
  options.line.proxy = "http://al%40ice:p%3Aw@127.0.0.1:" + std::to_string(proxy.port);
  const auto issue = look();
  CHECK_MESSAGE(issue.ok(), (issue ? "" : issue.error().message));
  const auto heads = proxy.heads();
  REQUIRE(heads.size() == 1);
  CHECK(heads[0].starts_with("CONNECT 127.0.0.1:" + std::to_string(server.port) + " "));
  CHECK(heads[0].find("the-token") == std::string::npos);
  REQUIRE(server.proxy_secrets.size() == 1);
  CHECK(server.proxy_secrets[0].empty());  // Nor does GitHub see the proxy's password.
  SUBCASE("lists too") {
    auto made = github::make_rest_github(options, clock);
    CHECK((*made)->list_comments(5).error().code == ErrorCode::not_found);
    CHECK(proxy.heads().size() == 2);
  }
  SUBCASE("a wrong password is said") {
    options.line.proxy = "http://alice:wrong-one@127.0.0.1:" + std::to_string(proxy.port);
    const auto refused = look();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::denied);
    CHECK(refused.error().message.find("github.proxy") != std::string::npos);
    CHECK(refused.error().message.find("wrong-one") == std::string::npos);
  }
  SUBCASE("the tunnel does not make a certificate trusted") {
    options.line.ca_file = folder.file("stranger.pem");
    const auto refused = look();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().message.find("could not trust its certificate") != std::string::npos);
    CHECK(server.seen.size() == 1);
  }
  SUBCASE("a proxy that is not there: nothing was sent") {
    options.line.proxy = "http://127.0.0.1:1";
    auto made = github::make_rest_github(options, clock);
    CHECK((*made)->comment(5, "x").error().code == ErrorCode::unavailable);
  }
  SUBCASE("a proxy that finds nobody: nothing was sent") {
    options.line.api = "https://127.0.0.1:1";
    auto made = github::make_rest_github(options, clock);
    CHECK((*made)->comment(5, "x").error().code == ErrorCode::unavailable);
  }
}

TEST_CASE("lines of one account leave GitHub alone when one of them was told to") {
  LittleGithub server(std::make_unique<httplib::Server>());
  const base::SystemClock clock;
  auto options = options_for(server);
  options.line.quiet = std::make_shared<github::Quiet>();
  const auto one = github::make_rest_github(options, clock).value();
  const auto other = github::make_rest_github(options, clock).value();
  const auto stranger = github::make_rest_github(options_for(server), clock).value();
  REQUIRE(other->get_issue(5).ok());
  CHECK(one->get_issue(7).failure().retry_after == 30s);
  const auto held = other->get_issue(5);
  REQUIRE_FALSE(held.ok());
  CHECK(held.error().code == ErrorCode::unavailable);
  CHECK(held.error().message.find("left alone") != std::string::npos);
  CHECK(held.failure().retry_after > 20s);
  CHECK(held.failure().retry_after <= 30s);
  CHECK(other->comment(5, "x").error().code == ErrorCode::unavailable);  // Nothing was sent.
  CHECK(server.seen.size() == 1);
  CHECK(stranger->get_issue(5).ok());
}

TEST_CASE("a plain address goes through a proxy too, and its password to the proxy alone") {
  const base::SystemClock clock;
  LittleGithub server(std::make_unique<httplib::Server>());
  support::TunnelProxy proxy("Basic " + base::base64("u:p"));
  auto options = options_for(server);
  options.line.proxy = "http://u:p@127.0.0.1:" + std::to_string(proxy.port);
  auto made = github::make_rest_github(options, clock);
  CHECK((*made)->get_issue(5).ok());
  REQUIRE(proxy.heads().size() == 1);
  CHECK(proxy.heads()[0].starts_with("GET http://127.0.0.1:" + std::to_string(server.port) +
                                     "/api/v3/repos/o/n/issues/5 HTTP/1.1\r\n"));
}

TEST_CASE_FIXTURE(TlsScene, "a redirect is an answer like another: it is not followed") {
  const auto answer = look(6);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == ErrorCode::invalid);
  CHECK(server.seen.empty());
}

}  // namespace
