// Tests of the SQLite ledger between processes: wake-ups, writers side by side, writers that die.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "base/id.h"
#include "ledger/sqlite_ledger.h"
#include "tests/support/child.h"
#include "tests/support/ledger_drafts.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

using support::Child;

namespace {

struct Fixture {
  support::TemporaryFolder folder;
  std::string path = folder.file("ledger.db");
  base::SystemClock clock;

  std::unique_ptr<ledger::Ledger> open() {
    auto opened = ledger::open_sqlite({path}, clock);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
    return std::move(opened).value();
  }
  std::int64_t now_ns() const { return clock.now().boot.time_since_epoch().count(); }
};

// All records, checked to stand at 1, 2, 3, …; by id.
std::map<std::string, std::int64_t> positions(ledger::Ledger& ledger) {
  std::map<std::string, std::int64_t> found;
  std::int64_t last = 0;
  while (true) {
    const auto records = ledger.read(last);
    REQUIRE(records.ok());
    if (records->empty()) return found;
    for (const auto& record : *records) {
      CHECK(record.position == last + 1);
      last = record.position;
      CHECK(found.emplace(record.event.id, record.position).second);
    }
  }
}

double percentile_ms(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "wake-up: another process learns of every append") {
  constexpr int kAppends = 200;
  auto ledger = open();
  Child listener(LEDGER_PROGRAM, {"listen", path, "brain", std::to_string(kAppends)});
  REQUIRE(listener.line() == "ready");
  std::vector<double> append_ms, awake_ms, after_ms;
  for (int i = 1; i <= kAppends; ++i) {
    const auto begun = now_ns();
    REQUIRE(ledger->append({support::signal("E" + std::to_string(i))}, 0).ok());
    const auto answered = now_ns();
    const auto line = listener.line();
    REQUIRE(line.has_value());
    long long position = 0, woken = 0;
    REQUIRE(std::sscanf(line->c_str(), "%lld %lld", &position, &woken) == 2);
    CHECK(position == i);
    append_ms.push_back(static_cast<double>(answered - begun) / 1e6);
    awake_ms.push_back(static_cast<double>(woken - begun) / 1e6);
    after_ms.push_back(static_cast<double>(woken - answered) / 1e6);
  }
  CHECK(listener.wait() == 0);
  const auto both = [](const std::vector<double>& values) {
    return "p50 " + std::to_string(percentile_ms(values, 0.5)) + " ms, p99 " +
           std::to_string(percentile_ms(values, 0.99)) + " ms";
  };
  // Below zero: the other process was awake before the writer had its answer.
  MESSAGE("append with fsync: ", both(append_ms), "; call to other process awake: ", both(awake_ms),
          "; answer to other process awake: ", both(after_ms));
}

TEST_CASE_FIXTURE(Fixture,
                  "wake-up: the socket of a reader that was killed is swept by the next append") {
  auto ledger = open();
  {
    Child listener(LEDGER_PROGRAM, {"listen", path, "brain", "1"});
    REQUIRE(listener.line() == "ready");
    listener.kill();
  }
  const auto sockets = [&] {
    const auto begin = std::filesystem::directory_iterator(path + ".wake");
    return std::distance(begin, std::filesystem::directory_iterator());
  };
  CHECK(sockets() == 1);
  REQUIRE(ledger->append({support::signal("a")}, 0).ok());
  CHECK(sockets() == 0);
}

TEST_CASE_FIXTURE(Fixture, "processes: four start and append at once, and nobody is turned away") {
  constexpr int kRounds = 12, kEvents = 40;
  for (int round = 0; round < kRounds; ++round) {
    path = folder.file("round-" + std::to_string(round) + ".db");  // Made by whoever comes first.
    std::vector<std::unique_ptr<Child>> writers;
    for (const char* name : {"a", "b", "c", "d"}) {
      writers.push_back(std::make_unique<Child>(
          LEDGER_PROGRAM, std::vector<std::string>{"append", path, name, std::to_string(kEvents)}));
    }
    for (auto& writer : writers) CHECK(writer->wait() == 0);
    auto ledger = open();
    CHECK(positions(*ledger).size() == 4 * kEvents);
    CHECK(ledger->verify().ok());
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "processes: of many that decide at once on the same knowledge one wins") {
  auto one = open(), two = open();
  int won = 0;
  for (int i = 0; i < 20; ++i) {
    const auto seen = one->head().value();
    const auto id = std::to_string(i);
    won += one->append({support::change("one-" + id)}, seen).ok() ? 1 : 0;
    const auto late = two->append({support::change("two-" + id)}, seen);
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == base::ErrorCode::conflict);
  }
  CHECK(won == 20);
}

TEST_CASE_FIXTURE(Fixture, "kill -9: forty dead writers lose nothing that was acknowledged") {
  constexpr int kKills = 40;
  base::SeededRandom random(9);
  std::map<std::string, std::int64_t> acknowledged;
  std::size_t unacknowledged = 0;
  for (int i = 0; i < kKills; ++i) {
    const std::string name = "w" + std::to_string(i);
    std::vector<std::string> lines;
    {
      Child writer(LEDGER_PROGRAM, {"write", path, name});
      const auto wanted = 1 + random.next() % 12;
      while (lines.size() < wanted) {
        auto line = writer.line();
        REQUIRE(line.has_value());
        lines.push_back(*line);
      }
      usleep(static_cast<useconds_t>(random.next() %
                                     3000));  // Any moment of its work is a good one to die.
      writer.kill();
      while (auto line = writer.line(0)) lines.push_back(*line);
    }
    for (const auto& line : lines) {
      const auto space = line.find(' ');
      acknowledged[line.substr(space + 1)] = std::stoll(line.substr(0, space));
    }
    auto ledger = open();
    const auto found = positions(*ledger);
    for (const auto& [id, position] : acknowledged) {
      CAPTURE(id);
      const auto kept = found.find(id);
      REQUIRE(kept != found.end());
      CHECK(kept->second == position);
    }
    std::size_t mine = 0;
    for (int n = 0;; ++n, ++mine) {  // All or nothing: the parts of an append stand together.
      const std::string id = name + "-" + std::to_string(n);
      if (!found.contains(id)) {
        CHECK_FALSE(found.contains(id + "a"));
        break;
      }
      if (n % 3 != 0) continue;
      CHECK(found.contains(id + "a"));
      CHECK(found.contains(id + "b"));
      CHECK(ledger->blob(ledger::blob_hash("blob of " + id)).ok());
    }
    CHECK(mine >= lines.size());
    unacknowledged += mine - lines.size();
    const auto checked = ledger->verify();
    CHECK_MESSAGE(checked.ok(), (checked.ok() ? "" : checked.error().message));
    CHECK(ledger->append({support::signal("after-" + name)}, 0).ok());
  }
  MESSAGE(kKills, " kills: ", acknowledged.size(), " acknowledged appends, none lost; ",
          unacknowledged, " committed without an answer");
}

TEST_CASE_FIXTURE(
    Fixture, "full disk: refused as unavailable, nothing half written, and it works again after") {
  Child child(LEDGER_PROGRAM, {"fill", folder.path()});
  const auto first = child.line();
  REQUIRE(first.has_value());
  if (*first == "no small disk can be mounted here") {
    std::printf("SKIPPED: full disk: %s\n", first->c_str());
    CHECK_MESSAGE((geteuid() != 0 && getenv("CI") == nullptr), "skipped where it must run");
    return;
  }
  CHECK(*first == "error unavailable");
  CHECK(child.line() == "head is right");
  CHECK(child.line() == "works again");
  CHECK(child.line() == "chain is right");
  CHECK(child.wait() == 0);
}
