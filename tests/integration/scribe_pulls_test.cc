// A value changed by pull request, for real: the Scribe's loop, the real client, the worker's
// process with its real git, the real forge.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <latch>
#include <optional>
#include <thread>

#include "agents/scribe/github_adapter.h"
#include "agents/scribe/key_file.h"
#include "agents/scribe/worker_git.h"
#include "base/hash.h"
#include "forge/forge.h"
#include "github/rest_client.h"
#include "ledger/sqlite_ledger.h"
#include "role/loop.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace scribe_pulls_test {
namespace {

using namespace incident;
using namespace std::chrono_literals;

const std::string kCompose =
    "# ours\nservices:\n  policy-service:\n    image: policy:1\n    mem_limit: 64m  # small\n"
    "  user-service:\n    mem_limit: 64m\n";
constexpr std::int64_t kMegabyte = 1 << 20;

std::string text_in(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const auto at = json.find(key);
  REQUIRE_MESSAGE(at != std::string::npos, json);
  return json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size());
}

// One process's worth of Scribe, in a thread.
class Proposer {
 public:
  Proposer(const support::TemporaryFolder& folder, const std::string& api, const std::string& key)
      : stop_(eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this, &folder, api, key] { run(folder, api, key); });
  }
  ~Proposer() {
    const std::uint64_t one = 1;
    (void)!write(stop_, &one, sizeof one);
    thread_ = {};
    close(stop_);
  }
  Proposer(const Proposer&) = delete;
  Proposer& operator=(const Proposer&) = delete;

 private:
  void run(const support::TemporaryFolder& folder, const std::string& api,
           const std::string& key) const {
    const base::SystemClock clock;
    const base::Logger log("scribe", base::LogLevel::error);
    base::SystemRandom random;
    auto ledger = ledger::open_sqlite({folder.file("ledger.db")}, clock);
    auto wakeup = ledger::Wakeup::open(folder.file("ledger.db"), "scribe");
    const github::RestOptions target{
        .line = {.api = api}, .repository = "sre-space/demo", .token = "owner-token"};
    auto github = github::make_rest_github(target, clock);
    auto writer = github::make_rest_github(target, clock);
    auto pulls = github::make_rest_pulls(target, clock);
    auto git =
        scribe::make_worker_git({{GITOPS_WORKER}, folder.file("gitops"), stop_}, target, clock);
    if (!ledger || !wakeup || !github || !writer || !pulls || !git) return;
    scribe::Options options;
    options.marker_key = key;
    options.redactor = base::Redactor({"owner-token"});
    options.card_every = options.miss_gap = options.steer_every = 100ms;
    options.post_spacing = 0ms;
    options.make_control_issue = false;
    options.backoff_max = 500ms;
    options.control_every = 200ms;
    options.pulls_every = 100ms;
    options.places["policy-service"] = {
        "deploy/compose.yaml", "main",         "services.policy-service.mem_limit", true, 0s,
        16 * kMegabyte,        512 * kMegabyte};
    scribe::PullCalls calls(**writer, **pulls, **git, options.redactor);
    scribe::Scribe scribe(options, random);
    role::Mailbox<scribe::Answer> mailbox;
    scribe::Around writing;
    writing.pulls = &calls;
    scribe::GithubAdapter adapter({**github}, {**writer, std::move(writing)}, mailbox);
    role::Loop<scribe::Scribe> loop(scribe, {**ledger, **wakeup, clock, log, stop_, "", {}},
                                    mailbox, scribe::key_of,
                                    [&](const std::string& name, const scribe::Request& request) {
                                      adapter.dispatch(name, request);
                                    });
    (void)loop.run();
  }

  int stop_;
  std::jthread thread_;
};

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  std::string key = *scribe::load_or_make_key(folder.file("scribe.key"), random);
  std::unique_ptr<ledger::Ledger> ledger =
      ledger::open_sqlite({folder.file("ledger.db")}, clock).value();
  std::unique_ptr<forge::Forge> forge;
  std::unique_ptr<github::RestClient> line;

  Scene() {
    forge::Options wanted;
    wanted.database_path = folder.file("forge.db");
    wanted.port = 0;
    wanted.tokens = {{"owner-token", "sre-space"}, {"alice-token", "alice"}};
    wanted.roles["alice"] = *forge::parse_role("admin");
    auto opened = forge::Forge::open(wanted, clock);
    REQUIRE(opened.ok());
    forge = std::move(opened).value();
    line = github::RestClient::make({.api = forge->url()}).value();
    send("PUT", "/contents/deploy/compose.yaml",
         R"({"message":"m","branch":"main","content":")" + base::base64(kCompose) + "\"}");
  }

  std::string send(const std::string& method, const std::string& path, const std::string& body,
                   const std::string& token = "alice-token") {
    const auto reply =
        line->exchange({method, "/repos/sre-space/demo" + path, body}, "Bearer " + token);
    REQUIRE(reply.ok());
    REQUIRE_MESSAGE(reply->status / 100 == 2, reply->body);
    return reply->body;
  }
  std::string file(const std::string& path, const std::string& ref) {
    const auto body = send("GET", "/contents/" + path + "?ref=" + ref, "");
    std::string text = text_in(body, "content");
    for (auto at = text.find("\\n"); at != std::string::npos; at = text.find("\\n"))
      text.erase(at, 2);
    return base::decode_base64(text).value_or("not base64");
  }
  Book book() {
    Book book;
    const auto records = ledger->read(0, 100'000);
    for (const auto& record : *records) book.absorb(record.event);
    return book;
  }
  void tell(IncidentId id, incident::Role owner, Payload what) {
    for (;;) {  // Until nobody else writes at the same moment.
      const auto records = ledger->read(0, 100'000);
      Book book;
      for (const auto& record : *records) book.absorb(record.event);
      role::Drafter drafter(book, owner, random, clock.now());
      drafter.add(id, what);
      if (ledger->append(drafter.take(), records->empty() ? 0 : records->back().position).ok())
        return;
    }
  }
  bool comes(const std::function<bool()>& what, base::Duration limit = 20s) {
    for (const auto end = clock.now().boot + limit; clock.now().boot < end;) {
      if (what()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  Attempt attempt() {
    const auto all = book().find(1)->attempts;
    return all.empty() ? Attempt{} : all.front();
  }
  void intend() {
    using R = incident::Role;
    Signal signal;
    signal.service = "policy-service";
    signal.at = clock.now().wall;
    DiagnosisMade made;
    made.failure = FailureClass::oom;
    made.culprit = "policy-service";
    made.explanation = "It ran out of memory; its log says owner-token.";
    PlanMade plan;
    plan.hash = "a1b2c3d4";
    plan.menu = {
        {"A1", Action::pull_request, "policy-service", "c", "s", "medium", "revert", "oom", 0, 0}};
    plan.menu.front().change = {"memory_limit", 64 * kMegabyte, 96 * kMegabyte};
    tell(1, R::scout, IncidentOpened{signal, Severity::high, "f", ""});
    tell(1, R::brain, EvidenceCollected{{{"E1", "engine_state", "OOMKilled is true", {}}}});
    tell(1, R::brain, made);
    tell(1, R::brain, plan);
    REQUIRE(comes([&] { return book().find(1)->issue != 0; }));
    ActionIntended intended{base::make_ulid(clock.now().wall, random),
                            plan.hash,
                            1,
                            Action::pull_request,
                            "policy-service",
                            "c",
                            "s",
                            {}};
    intended.change = plan.menu.front().change;
    tell(1, R::fixer, intended);
  }
};

TEST_CASE("scribe and git: a limit is raised by pull request, and nothing else changes") {
  Scene scene;
  std::optional<Proposer> scribe;
  scribe.emplace(scene.folder, scene.forge->url(), scene.key);
  scene.intend();
  const auto start = scene.clock.now().boot;
  REQUIRE(scene.comes([&] { return !scene.attempt().merged.empty(); }));
  MESSAGE("merged " << base::format_duration(scene.clock.now().boot - start)
                    << " after the intent");
  const auto attempt = scene.attempt();
  REQUIRE(attempt.pull);
  std::string expected = kCompose;
  expected.replace(expected.find("64m"), 3, "96m");
  CHECK(scene.file("deploy/compose.yaml", "main") == expected);
  const std::string record = scene.file("remediations/fix-1.yaml", "main");
  CHECK(record.find(attempt.intent.op) != std::string::npos);
  CHECK(record.find("owner-token") == std::string::npos);
  CHECK(text_in(scene.send("GET", "/git/ref/heads/main", ""), "sha") == attempt.merged);
  // Its branch goes afterwards.
  REQUIRE(scene.comes([&] {
    const auto refs = scene.send("GET", "/git/matching-refs/heads/fix-inc-", "");
    return refs.find("fix-inc-") == std::string::npos;
  }));
  const auto pull = scene.send("GET", "/pulls/" + std::to_string(attempt.pull->number), "");
  CHECK(pull.find("\"merged\":true") != std::string::npos);
  CHECK(pull.find("Auto-Merged") != std::string::npos);
  CHECK(pull.find("owner-token") == std::string::npos);
}

// A git that has begun to answer and does not end before it is let go.
class SlowGit final : public scribe::GitPort {
 public:
  base::Result<gitops::FileAt> read(const std::string&, const std::string&,
                                    const std::vector<std::string>&) override {
    begun.count_down();
    let_go.wait();
    return base::Error{base::ErrorCode::unavailable, "slow"};
  }
  base::Result<gitops::Reverted> reverted(const std::string&, const std::string&,
                                          const std::vector<std::string>&) override {
    return never();
  }
  base::Result<git::Sha> propose(const gitops::CommitPlan&) override { return never(); }
  base::Result<std::vector<gitops::BranchAt>> fix_branches() override { return never(); }
  base::Status remove(const std::string&, const git::Sha&) override { return never(); }

  std::latch begun{1}, let_go{1};

 private:
  static base::Error never() { return {base::ErrorCode::invalid, "not asked for here"}; }
};

TEST_CASE("scribe and git: people are heard while git takes its time") {
  const Scene scene;
  const github::RestOptions target{
      .line = {.api = scene.forge->url()}, .repository = "sre-space/demo", .token = "owner-token"};
  const auto github = github::make_rest_github(target, scene.clock).value();
  const auto writer = github::make_rest_github(target, scene.clock).value();
  const auto pulls = github::make_rest_pulls(target, scene.clock).value();
  SlowGit git;
  scribe::PullCalls calls(*writer, *pulls, git, base::Redactor());
  role::Mailbox<scribe::Answer> mailbox;
  scribe::Around writing;
  writing.pulls = &calls;
  scribe::GithubAdapter adapter({*github}, {*writer, std::move(writing)}, mailbox);
  scribe::PullWrite write;
  write.kind = "open_pull";
  write.branch = "fix-inc-1-a";
  adapter.dispatch("write", write);
  git.begun.wait();
  adapter.dispatch("listen", scribe::Listen{});
  const auto next = [&] {
    pollfd posted{mailbox.descriptor(), POLLIN, 0};
    return poll(&posted, 1, 20'000) == 1 ? mailbox.take().at(0).first : "";
  };
  const auto first = next();
  git.let_go.count_down();
  CHECK(first == "listen");
  CHECK(next() == "write");
}

TEST_CASE("scribe and git: started anew at any moment, one pull request; a person closes it") {
  Scene scene;
  scene.send("PUT", "/branches/main/protection",
             R"({"required_status_checks":{"strict":false,"contexts":["build"]}})");
  std::optional<Proposer> scribe;
  scribe.emplace(scene.folder, scene.forge->url(), scene.key);
  scene.intend();
  for (base::Duration life = 100ms; !scene.attempt().pull; life = life * 3 / 2) {
    scribe.emplace(scene.folder, scene.forge->url(), scene.key);
    (void)scene.comes([&] { return scene.attempt().pull.has_value(); }, life);
  }
  const auto pull = *scene.attempt().pull;
  const auto listed = scene.send("GET", "/pulls?state=all", "");
  const auto first = listed.find("\"ref\":\"fix-inc-1-");
  REQUIRE_MESSAGE(first != std::string::npos, listed);
  CHECK(listed.find("\"ref\":\"fix-inc-1-", first + 1) == std::string::npos);
  CHECK(text_in(scene.send("GET", "/git/ref/heads/" + pull.branch, ""), "sha") == pull.head);
  scene.send("PATCH", "/pulls/" + std::to_string(pull.number), R"({"state":"closed"})");
  REQUIRE(scene.comes([&] { return !scene.attempt().closed.empty(); }));
  CHECK(scene.attempt().closed == "closed by alice");
  CHECK(scene.attempt().merged.empty());
  CHECK(scene.file("deploy/compose.yaml", "main") == kCompose);
}

}  // namespace
}  // namespace scribe_pulls_test
