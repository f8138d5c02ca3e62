// The worker's git over TLS and through proxies, as an Enterprise server behind a company's proxy
// wants it: nginx speaks TLS with a certificate of an authority of our own and has the forge
// behind.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "base/hash.h"
#include "forge/forge.h"
#include "gitops/worker.h"
#include "tests/integration/private_nginx.h"
#include "tests/support/keys.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tunnel_proxy.h"

namespace gitops {
namespace {

using base::ErrorCode;

const support::Key& authority_key() {
  static const support::Key key = support::make_key();
  return key;
}
const support::Key& server_key() {
  static const support::Key key = support::make_key();
  return key;
}

// Secrets of a scene: none of them may stand in an error.
const std::string kSecrets[] = {"t-owner", "p:w", "cDp3", "wrong-one"};

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  std::unique_ptr<forge::Forge> forge;
  int port = 0;
  pid_t nginx = 0;

  // `host`: the certificate's name for the server.
  explicit Scene(const char* host = "DNS:localhost") {
    forge::Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.tokens = {{"t-owner", "sre-space"}};
    auto opened = forge::Forge::open(options, clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    const auto authority = support::make_certificate(authority_key().get(), "Our authority");
    const auto stranger = support::make_certificate(server_key().get(), "A stranger");
    const auto own = support::make_certificate(server_key().get(), "ghe", authority.get(),
                                               authority_key().get(), host);
    testing::write_file(folder.file("ca.pem"), support::pem_of(authority.get()));
    testing::write_file(folder.file("stranger.pem"), support::pem_of(stranger.get()));
    testing::write_file(folder.file("server.pem"), support::pem_of(own.get()));
    testing::write_file(folder.file("server.key"), support::pem_of(server_key().get()));
    start_nginx();
  }
  ~Scene() {
    ::kill(nginx, SIGTERM);
    ::waitpid(nginx, nullptr, 0);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void start_nginx() {
    testing::FreePort free;
    port = free.port();
    const std::string& at = folder.path();
    std::string conf = "daemon off;\nworker_processes 1;\nerror_log " + at + "/error.log;\npid " +
                       at + "/pid;\nevents {}\nhttp {\n  access_log off;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      conf += std::string("  ") + kind + "_temp_path " + at + "/tmp;\n";
    conf += "  server {\n    listen " + free.address() + " ssl;\n    ssl_certificate " + at +
            "/server.pem;\n    ssl_certificate_key " + at +
            "/server.key;\n    location / { proxy_pass " + forge->url() + "; }\n  }\n}\n";
    testing::write_file(at + "/nginx.conf", conf);
    std::string words[] = {"nginx", "-c", at + "/nginx.conf"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    free.release();
    REQUIRE(::posix_spawnp(&nginx, "nginx", nullptr, nullptr, argv, environ) == 0);
    REQUIRE(testing::Nginx::wait_for([&] {
      httplib::Client client("127.0.0.1", port);  // Plain words to TLS: 400, once it listens.
      return client.Get("/") != nullptr;
    }));
  }

  WorkerOptions options() const {
    WorkerOptions options;
    options.program = {GITOPS_WORKER};
    options.folder = folder.file("copy");
    options.remote.url = "https://localhost:" + std::to_string(port) + "/sre-space/demo.git";
    options.remote.token = "t-owner";
    options.remote.ca_file = folder.file("ca.pem");
    return options;
  }
  CommitPlan plan(const git::Sha& base) const {
    CommitPlan plan;
    plan.base_branch = "main";
    plan.base = base;
    plan.files = {{"deploy/compose.yaml", "a: 1\n"}};
    plan.allowed = {"deploy/"};
    plan.author = plan.committer = {"sre-space", "bot@sre-space.invalid",
                                    base::wall_from_ms(1'795'200'000'000)};
    plan.message = "deploy: change a\n";
    plan.branch = "fix-inc-12-01JCXH";
    return plan;
  }
  // Reads, pushes and deletes: every way there is.
  void works(const WorkerOptions& options) const {
    const Worker worker(options);
    const auto readme = worker.read("main", "README.md", {"README.md"});
    REQUIRE_MESSAGE(readme.ok(), (readme.ok() ? "" : readme.error().message));
    const auto made = worker.propose(plan(readme->head));
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    REQUIRE(worker.fix_branches().ok());
    CHECK(worker.fix_branches()->size() == 1);
    const auto removed = worker.remove("fix-inc-12-01JCXH", *made);
    CHECK_MESSAGE(removed.ok(), (removed.ok() ? "" : removed.error().message));
  }
};

base::Error error_of(const WorkerOptions& options) {
  const auto listed = Worker(options).fix_branches();
  REQUIRE_FALSE(listed.ok());
  for (const auto& secret : kSecrets) {
    CAPTURE(listed.error().message);
    CHECK(listed.error().message.find(secret) == std::string::npos);
  }
  return listed.error();
}

bool says(const base::Error& error, const std::string& words) {
  CAPTURE(error.message);
  CAPTURE(words);
  return error.message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("gitops: a server of an authority of one's own is trusted by ca_file alone") {
  if (!testing::has_nginx("git over TLS")) return;
  const Scene scene;
  scene.works(scene.options());
  auto options = scene.options();
  options.remote.ca_file = scene.folder.file("stranger.pem");
  const auto stranger = error_of(options);
  CHECK(stranger.code == ErrorCode::unavailable);
  CHECK(says(stranger, "not trusted"));
  CHECK(says(stranger, "github.ca_file"));
  CHECK(says(stranger, "stranger.pem"));
  options.remote.ca_file.clear();
  const auto system = error_of(options);
  CHECK(system.code == ErrorCode::unavailable);
  CHECK(says(system, "github.ca_file"));
  for (const char* file : {"none.pem", "server.key"}) {
    CAPTURE(std::string(file));
    options.remote.ca_file = scene.folder.file(file);
    const auto unread = error_of(options);
    CHECK(unread.code == ErrorCode::invalid);
    CHECK(says(unread, "github.ca_file: read "));
  }
}

TEST_CASE("gitops: a certificate for another name is not trusted") {
  if (!testing::has_nginx("git over TLS")) return;
  const Scene scene("DNS:ghe.example.org");
  const auto error = error_of(scene.options());
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(says(error, "not for this name"));
}

TEST_CASE("gitops: through a proxy, TLS ends at the server and no secret stays behind") {
  if (!testing::has_nginx("git over TLS")) return;
  const Scene scene;
  const support::TunnelProxy proxy("Basic " + base::base64("al@ice:p:w"));
  auto options = scene.options();
  options.remote.proxy = "http://127.0.0.1:" + std::to_string(proxy.port);
  options.remote.proxy_user = "al@ice";
  options.remote.proxy_password = "p:w";
  SUBCASE("every way there is") {
    scene.works(options);
    REQUIRE_FALSE(proxy.heads().empty());
    for (const auto& head : proxy.heads()) {
      CHECK(head.starts_with("CONNECT localhost:" + std::to_string(scene.port) + " "));
      CHECK(head.find("t-owner") == std::string::npos);
      CHECK(head.find(base::base64("x-access-token:t-owner")) == std::string::npos);
    }
  }
  SUBCASE("a wrong password is said") {
    options.remote.proxy_password = "wrong-one";
    const auto error = error_of(options);
    CHECK(error.code == ErrorCode::denied);
    CHECK(says(error, "see github.proxy"));
    CHECK(says(error, options.remote.proxy));
  }
  SUBCASE("so is none") {
    options.remote.proxy_user.clear();
    options.remote.proxy_password.clear();
    CHECK(says(error_of(options), "see github.proxy"));
  }
  SUBCASE("the tunnel does not make a certificate trusted") {
    options.remote.ca_file = scene.folder.file("stranger.pem");
    const auto error = error_of(options);
    CHECK(error.code == ErrorCode::unavailable);
    CHECK(says(error, "not trusted"));
  }
  SUBCASE("a proxy that is not there") {
    options.remote.proxy = "http://127.0.0.1:1";
    const auto error = error_of(options);
    CHECK(error.code == ErrorCode::unavailable);
    CHECK(says(error, "through the proxy http://127.0.0.1:1"));
  }
}

}  // namespace gitops
