// `sre-space incidents approve`, `stop` and `resume` on a real ledger: what is written, and by
// whom.
#include <doctest/doctest.h>

#include <filesystem>

#include "agents/cli/commands.h"
#include "ledger/sqlite_ledger.h"
#include "role/role.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

using namespace incident;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  cli::Context context{
      "", {}, false, base::LogLevel::error, base::Logger("cli", base::LogLevel::error)};

  Fixture() {
    context.config.state_dir = folder.path();
    context.config.ledger = folder.file("ledger.db");
  }
  std::unique_ptr<ledger::Ledger> open() {
    auto ledger = ledger::open_sqlite({context.config.ledger, false}, clock);
    REQUIRE(ledger.ok());
    return std::move(*ledger);
  }
  Book book() {
    Book made;
    const auto records = open()->read(0);
    REQUIRE(records.ok());
    for (const auto& record : *records) made.absorb(record.event);
    return made;
  }
  void write(Role role, Payload what, IncidentId id = 1) {
    const auto known = book();
    role::Drafter drafter(known, role, random, clock.now());
    auto ledger = open();
    REQUIRE(ledger->append(drafter.add(id, std::move(what)).take(), *ledger->head()).ok());
  }
  void wait_for_approval() {
    IncidentOpened opened;
    opened.signal.service = "policy";
    write(Role::scout, opened);
    write(Role::scribe, IssueOpened{31, "http://127.0.0.1/31"});
    MenuEntry restart;
    restart.action = Action::restart;
    restart.service = "policy";
    write(Role::brain, PlanMade{"4f9a03be", 1, clock.now().wall + 5min, {restart}});
    write(Role::fixer, ApprovalAsked{"4f9a03be", clock.now().wall + 30min});
  }
  State state() { return book().find(1)->state; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an approval is recorded once, by a person, for this plan") {
  wait_for_approval();
  CHECK(cli::run_incidents_approve(context, "1", "00000000") == 1);
  CHECK(cli::run_incidents_approve(context, "7", "4f9a03be") == 1);
  CHECK(cli::run_incidents_approve(context, "x", "4f9a03be") == 1);
  CHECK(state() == State::awaiting_approval);
  CHECK(cli::run_incidents_approve(context, "31", "4f9a03be") == 0);  // By the issue's number.
  const auto known = book();
  CHECK(known.find(1)->state == State::planned);
  const auto& given = known.entries().at(1).events.back();
  CHECK(given.role == Role::person);
  CHECK(std::get<ApprovalGiven>(given.what).plan == "4f9a03be");
  CHECK(cli::run_incidents_approve(context, "1", "4f9a03be") == 1);  // Not twice.
  CHECK(open()->verify().ok());
}

TEST_CASE_FIXTURE(Fixture, "without a ledger the commands say so and make none") {
  CHECK(cli::run_incidents_list(context) == 1);
  CHECK(cli::run_incidents_show(context, "1") == 1);
  CHECK(cli::run_incidents_approve(context, "1", "4f9a03be") == 1);
  CHECK_FALSE(std::filesystem::exists(context.config.ledger));
}

TEST_CASE_FIXTURE(Fixture, "an incident is listed, shown and replayed, for people and machines") {
  wait_for_approval();
  for (const bool json : {false, true}) {
    context.json = json;
    CHECK(cli::run_incidents_list(context) == 0);
    CHECK(cli::run_incidents_show(context, "1") == 0);
    CHECK(cli::run_incidents_replay(context, "1") == 0);
    CHECK(cli::run_incidents_replay(context, "99") == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "stop leaves two marks, resume takes both away") {
  wait_for_approval();
  CHECK(cli::run_stop(context, "moving house") == 0);
  CHECK(std::filesystem::exists(folder.file("STOP")));
  REQUIRE(book().stop());
  CHECK(book().stop()->reason == "moving house");
  CHECK(cli::run_stop(context, "") == 0);
  CHECK(cli::run_resume(context) == 0);
  CHECK_FALSE(std::filesystem::exists(folder.file("STOP")));
  CHECK_FALSE(book().stop());
  CHECK(cli::run_resume(context) == 0);  // Repeating is harmless.
}

TEST_CASE_FIXTURE(Fixture,
                  "a stop works by its file when the ledger cannot be written, and says so") {
  std::filesystem::create_directory(folder.file("blocked.db"));
  context.config.ledger = folder.file("blocked.db");  // A folder is no ledger.
  CHECK(cli::run_stop(context, "x") == 1);
  CHECK(std::filesystem::exists(folder.file("STOP")));
}
