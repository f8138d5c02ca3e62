// Tier 3 as it runs: the Scribe's own main, a real ledger, the real forge, a real command.
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "agents/scribe/wire.h"
#include "base/id.h"
#include "forge/forge.h"
#include "github/embedded_users.h"
#include "github/rest_github.h"
#include "github/workshop.h"
#include "ledger/sqlite_ledger.h"
#include "role/role.h"
#include "tests/support/temporary_folder.h"

namespace scribe_agent_test {
namespace {

using namespace incident;
using namespace std::chrono_literals;

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  config::Config config;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<forge::Forge> forge;
  std::jthread scribe;
  int code = -1;

  Scene() {
    // Only the Scribe's descriptor shall see it: before any thread.
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, nullptr);
    config.state_dir = folder.file("state");
    config.ledger = config.state_dir + "/ledger.db";
    config.mode = config::Mode::approve;
    config.limits.issue_spacing = 0ms;
    config.escalation.agent = config::CodingAgent::command;
    config.escalation.command = {"/bin/sh", "-c", "cat > seen.md"};
    config::Service service;
    service.name = service.container = "policy";
    service.health.emplace();
    service.health->url = "http://127.0.0.1:8002/health";
    config.services = {service};
    ledger = ledger::open_sqlite({config.ledger}, clock).value();
    forge::Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    const auto users = github::embedded_users(config.state_dir, random);
    REQUIRE(users.ok());
    for (const auto& user : *users) {
      options.tokens[user.token] = user.login;
      if (const auto role = forge::parse_role(user.role)) options.roles[user.login] = *role;
    }
    owner_token = users->front().token;
    auto opened = forge::Forge::open(options, clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    config.forge_port = forge->port();
    scribe = std::jthread(
        [this] { code = scribe::run(config, base::Logger("scribe", base::LogLevel::error)); });
  }
  ~Scene() {
    ::kill(::getpid(), SIGTERM);
    scribe.join();
    CHECK(code == 0);
  }

  void tell(incident::Role owner, Payload what) {
    Book book;
    const auto records = ledger->read(0, 100'000);
    for (const auto& record : *records) book.absorb(record.event);
    role::Drafter drafter(book, owner, random, clock.now());
    drafter.add(1, std::move(what));
    REQUIRE(ledger->append(drafter.take(), records->empty() ? 0 : records->back().position).ok());
  }

  // The outcome of the hand-over, as soon as the ledger has it.
  std::optional<Event> await_outcome(base::Duration within) {
    auto wakeup = ledger::Wakeup::open(config.ledger, "test");
    REQUIRE(wakeup.ok());
    const auto end = clock.now().boot + within;
    while (clock.now().boot < end) {
      std::string op;
      const auto records = ledger->read(0, 100'000);
      for (const auto& record : *records) {
        const auto& what = record.event.what;
        const auto* intended = std::get_if<GithubIntended>(&what);
        if (intended != nullptr && intended->kind == "hand_over") op = intended->op;
        const auto* done = std::get_if<GithubDone>(&what);
        const auto* failed = std::get_if<GithubFailed>(&what);
        if (!op.empty() &&
            ((done != nullptr && done->op == op) || (failed != nullptr && failed->op == op)))
          return record.event;
      }
      pollfd ready{(*wakeup)->descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 1000);
      (*wakeup)->drain();
    }
    return std::nullopt;
  }
  std::string owner_token;
};

TEST_CASE_FIXTURE(Scene,
                  "an architectural cause becomes a pull request by the configured command") {
  Signal signal;
  signal.service = "policy";
  signal.at = clock.now().wall;
  DiagnosisMade made;
  made.failure = FailureClass::high_latency;
  made.culprit = "policy";
  made.persistence = Persistence::architectural;
  tell(incident::Role::scout, IncidentOpened{signal, Severity::high, "f", ""});
  tell(incident::Role::brain, EvidenceCollected{{{"E1", "log", "slow", {"12 s"}}}});
  tell(incident::Role::brain, made);
  tell(incident::Role::fixer, Escalated{"a person", "no action mends it"});
  const auto outcome = await_outcome(60s);
  REQUIRE(outcome);
  const auto* done = std::get_if<GithubDone>(&outcome->what);
  const auto* failed = std::get_if<GithubFailed>(&outcome->what);
  REQUIRE_MESSAGE(done != nullptr, (failed == nullptr ? std::string() : failed->error));
  const github::RestOptions rest{
      .line = {.api = forge->url()}, .repository = "sre-space/demo", .token = owner_token};
  const auto workshop = github::make_rest_workshop(rest, clock);
  REQUIRE(workshop.ok());
  const auto pull = (*workshop)->get_pull(done->number);
  REQUIRE(pull.ok());
  CHECK(pull->head_branch.starts_with("jules-fix-"));
  CHECK(pull->state == "open");
}

}  // namespace
}  // namespace scribe_agent_test
