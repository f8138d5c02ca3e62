// Tests of the SQLite ledger in one process, on real files.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/hash.h"
#include "base/id.h"
#include "incident/event_codec.h"
#include "ledger/sqlite_ledger.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/support/ledger_drafts.h"
#include "tests/support/print.h"
#include "tests/support/samples.h"
#include "tests/support/temporary_folder.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using support::change;
using support::draft;
using support::signal;

namespace {

class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] base::Now now() const override { return {wall, base::Instant(0ns)}; }
  base::WallTime wall = base::wall_from_ms(1'000'000);
};

struct Fixture {
  support::TemporaryFolder folder;
  std::string path = folder.file("ledger.db");
  FakeClock clock;

  std::unique_ptr<ledger::Ledger> open() {
    auto opened = ledger::open_sqlite({path}, clock);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
    return std::move(opened).value();
  }
  // One run of the test on the real ledger, one on the fake that other tests use: both keep the
  // contract.
  std::unique_ptr<ledger::Ledger> either() {
    SUBCASE("in memory") { return std::make_unique<fakes::MemoryLedger>(&clock); }
    SUBCASE("SQLite") { return open(); }
    return open();
  }
};

// Runs SQL behind the ledger's back.
void meddle(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  char* error = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error);
  CHECK_MESSAGE(code == SQLITE_OK, sql, ": ", std::string(error == nullptr ? "" : error));
  sqlite3_free(error);
  sqlite3_close(db);
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> ids(const std::vector<ledger::Record>& records) {
  std::vector<std::string> found;
  for (const auto& record : records) found.push_back(record.event.id);
  return found;
}

// The event as text, for comparison.
std::string text_of(const incident::Event& event) { return incident::to_json(event).dump(); }

template <class T>
ErrorCode code_of(const T& result) {
  REQUIRE_FALSE(result.ok());
  return result.error().code;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "ledger: what was appended is read back, in order and without gaps") {
  auto ledger = open();
  CHECK(ledger->head().value() == 0);
  CHECK(ledger->read(0)->empty());
  std::vector<ledger::Draft> drafts;
  const auto all = samples::all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto role = incident::Role::scout;
    for (const auto candidate :
         {incident::Role::scout, incident::Role::memory, incident::Role::brain,
          incident::Role::fixer, incident::Role::scribe}) {
      if (incident::may_write(candidate, all[i])) role = candidate;
    }
    drafts.push_back(
        draft("E" + std::to_string(i), role, all[i], i % 3 == 0, static_cast<std::int64_t>(i % 4)));
  }
  CHECK(ledger->append({drafts.begin(), drafts.begin() + 5}, 0).value() == 5);
  CHECK(ledger->append({drafts.begin() + 5, drafts.end()}, 5).value() ==
        static_cast<std::int64_t>(drafts.size()));

  ledger = open();  // And again from the file.
  const auto records = ledger->read(0);
  REQUIRE(records.ok());
  REQUIRE(records->size() == drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const auto& event = (*records)[i].event;
    CHECK((*records)[i].position == static_cast<std::int64_t>(i) + 1);
    CHECK(text_of(event) == text_of(drafts[i].event));
    CHECK(event.boot == drafts[i].event.boot);
  }
  CHECK(ids(*ledger->read(3, 2)) == std::vector<std::string>{"E3", "E4"});
  CHECK(ledger->read(static_cast<std::int64_t>(drafts.size()))->empty());
  CHECK(ledger->head().value() == static_cast<std::int64_t>(drafts.size()));
  CHECK(ledger->verify().ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "ledger: who decided on old knowledge is refused, who only tells is not") {
  auto ledger = either();
  CHECK(ledger->append({change("first")}, 0).value() == 1);
  CHECK(code_of(ledger->append({change("late")}, 0)) == ErrorCode::conflict);
  CHECK(ledger->append({signal("news")}, 0).ok());      // Changes no state: just appends.
  CHECK(ledger->append({change("other", 2)}, 0).ok());  // Another incident.
  CHECK(ledger->append({change("informed")}, 1)
            .ok());  // Later events that change nothing do not matter.
  CHECK(code_of(ledger->append({change("again")}, 1)) == ErrorCode::conflict);
  const auto refused = ledger->append({change("again", 2)}, 1);
  CHECK(code_of(refused) == ErrorCode::conflict);
  CHECK(refused.error().message.find("append escalated") != std::string::npos);
  CHECK(ids(*ledger->read(0)) == std::vector<std::string>{"first", "news", "other", "informed"});
}

TEST_CASE_FIXTURE(Fixture,
                  "ledger: several changes of one incident in one append are one decision") {
  auto ledger = either();
  CHECK(ledger->append({change("a"), change("b"), change("c")}, 0).value() == 3);
}

TEST_CASE_FIXTURE(Fixture, "ledger: an append is all or nothing, blobs included") {
  auto ledger = either();
  REQUIRE(ledger->append({change("first")}, 0).ok());
  const std::string blob = "sixty seconds of probes";
  CHECK(code_of(ledger->append({signal("x"), signal("y"), change("late")}, 0, {blob})) ==
        ErrorCode::conflict);
  CHECK(code_of(ledger->append(
            {signal("x"), draft("z", incident::Role::brain, incident::SignalAdded{})}, 1,
            {blob})) == ErrorCode::denied);
  CHECK(ledger->head().value() == 1);
  CHECK(code_of(ledger->blob(ledger::blob_hash(blob))) == ErrorCode::not_found);
  CHECK(ledger->append({signal("x")}, 1, {blob}).ok());  // After a refusal the ledger works on.
  CHECK(ledger->blob(ledger::blob_hash(blob)).value() == blob);
}

TEST_CASE_FIXTURE(Fixture, "ledger: an event is kept once however often it is appended") {
  auto ledger = either();
  CHECK(ledger->append({signal("a"), signal("b")}, 0).value() == 2);
  CHECK(ledger->append({signal("a"), signal("b")}, 0).value() == 2);
  CHECK(ledger->append({signal("b"), signal("c"), signal("c")}, 0).value() == 3);
  CHECK(ids(*ledger->read(0)) == std::vector<std::string>{"a", "b", "c"});
  CHECK(ledger->append({change("d")}, 3).ok());
  CHECK(ledger->append({change("d")}, 0).ok());  // A repeat is no conflict with itself.
  CHECK(ledger->verify().ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "ledger: an event from a role that does not own it is denied and named") {
  auto ledger = either();
  const auto refused =
      ledger->append({draft("a", incident::Role::brain, incident::VerificationPassed{})}, 0);
  CHECK(code_of(refused) == ErrorCode::denied);
  CHECK(refused.error().message == "append verification.passed: role brain does not own it");
  CHECK(
      ledger
          ->append(
              {draft("b", incident::Role::console, incident::StopSet{"fire", "ada"}, false, 0)}, 0)
          .ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "ledger: a blob is found by its hash, kept once, and never served damaged") {
  auto ledger = open();
  const std::string bytes("any \0 bytes \xff", 13), empty;
  CHECK(ledger->append({}, 0, {bytes, empty, bytes}).value() == 0);  // Blobs alone are fine.
  CHECK(ledger->append({signal("a")}, 0, {bytes}).ok());
  CHECK(ledger->blob(base::sha256_hex(bytes)).value() == bytes);
  CHECK(ledger->blob(base::sha256_hex(empty)).value().empty());
  CHECK(code_of(ledger->blob("no such hash")) == ErrorCode::not_found);
  meddle(path, "UPDATE blobs SET bytes = 'other' WHERE hash = '" + base::sha256_hex(bytes) + "'");
  CHECK(code_of(ledger->blob(base::sha256_hex(bytes))) == ErrorCode::corrupt);
}

TEST_CASE_FIXTURE(Fixture, "inbox: a delivery is kept once, by its id and by its body") {
  auto ledger = either();
  const auto deliver = [&](const char* source, const char* id, std::string body) {
    return ledger->deliver({0, source, id, std::move(body), base::wall_from_ms(5000)}).value();
  };
  CHECK(deliver("webhook", "1", "fire"));
  CHECK_FALSE(deliver("webhook", "1", "fire"));
  CHECK_FALSE(deliver("webhook", "1", "another text under the same id"));
  CHECK_FALSE(deliver("webhook", "2", "fire"));  // The same text under another id.
  CHECK(deliver("github", "1", "fire"));         // Another source has ids of its own.
  CHECK(deliver("webhook", "3", std::string("\0\xff", 2)));
  const auto kept = ledger->deliveries(0);
  REQUIRE(kept.ok());
  REQUIRE(kept->size() == 3);
  CHECK((*kept)[0].body == "fire");
  CHECK((*kept)[0].received == base::wall_from_ms(5000));
  CHECK((*kept)[1].source == "github");
  CHECK((*kept)[2].body == std::string("\0\xff", 2));
  CHECK((*kept)[0].position < (*kept)[1].position);
  CHECK(ledger->deliveries((*kept)[0].position)->size() == 2);
  CHECK(ledger->deliveries(0, 1)->size() == 1);
  CHECK(ledger->deliveries((*kept)[2].position)->empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "inbox: what is forgotten is old, taken, of that source and not too much") {
  auto ledger = either();
  const auto at = [](int second) { return base::wall_from_ms(1000 * second); };
  const auto deliver = [&](const char* source, int id) {
    const std::string name = std::to_string(id);
    return ledger->deliver({0, source, name, "body " + name, at(id)}).value();
  };
  for (int i = 1; i <= 5; ++i) REQUIRE(deliver("github", i));
  REQUIRE(deliver("webhook", 1));
  const auto positions = [&] {
    std::vector<std::int64_t> found;
    const auto kept = ledger->deliveries(0).value();
    for (const auto& one : kept) found.push_back(one.position);
    return found;
  };
  using Positions = std::vector<std::int64_t>;
  CHECK(ledger->forget("github", 6, at(1), 10).value() == 0);  // "Before" is not "at".
  CHECK(ledger->forget("github", 6, at(4), 2).value() == 2);
  CHECK(positions() == Positions{3, 4, 5, 6});
  CHECK(ledger->forget("github", 3, at(100), 10).value() == 1);  // Later ones are not taken yet.
  CHECK(positions() == Positions{4, 5, 6});
  CHECK(deliver("github", 1));        // Was forgotten, so it is new,
  CHECK_FALSE(deliver("github", 4));  // and this was not.
  CHECK(positions() == Positions{4, 5, 6, 7});
  CHECK(ledger->deliveries(5)->size() == 2);
  CHECK(ledger->forget("github", 7, at(100), 10).value() == 3);
  CHECK(deliver("github", 9));
  CHECK(positions() == Positions{6, 8});  // A position is never given again.
}

TEST_CASE_FIXTURE(Fixture, "leases: one holder at a time, a new epoch for each new one") {
  auto ledger = either();
  CHECK_FALSE(ledger->lease("fixer").value().has_value());
  CHECK(ledger->acquire("fixer", "one", 10s)->epoch == 1);
  CHECK(ledger->acquire("scribe", "two", 10s)->epoch == 1);  // Names do not meet.
  clock.wall += 9s;
  const auto refused = ledger->acquire("fixer", "two", 10s);
  CHECK(code_of(refused) == ErrorCode::conflict);
  CHECK(refused.error().message.find("fixer") != std::string::npos);
  CHECK(ledger->acquire("fixer", "one", 10s)->epoch == 1);  // Renewed.
  clock.wall += 9s;
  CHECK(code_of(ledger->acquire("fixer", "two", 10s)) == ErrorCode::conflict);
  clock.wall += 1s;  // Expired at this very moment.
  const auto taken = ledger->acquire("fixer", "two", 5s);
  REQUIRE(taken.ok());
  CHECK(taken->epoch == 2);
  CHECK(taken->expires == clock.wall + 5s);
  CHECK(code_of(ledger->acquire("fixer", "one", 10s)) ==
        ErrorCode::conflict);  // The old one is told.
  clock.wall += 60s;
  CHECK(ledger->acquire("fixer", "two", 5s)->epoch ==
        2);  // Late, but nobody else came: no change of holder.
  CHECK(ledger->acquire("fixer", "two", 5s)->epoch == 2);
  clock.wall += 60s;
  CHECK(ledger->acquire("fixer", "one", 5s)->epoch == 3);
  const auto known = ledger->lease("fixer");
  CHECK(known.value()->holder == "one");
  CHECK(known.value()->epoch == 3);
}

TEST_CASE_FIXTURE(Fixture, "leases: outlive the process") {
  REQUIRE(open()->acquire("fixer", "one", 10s).ok());
  auto ledger = open();
  CHECK(ledger->lease("fixer").value()->holder == "one");
  CHECK(code_of(ledger->acquire("fixer", "two", 10s)) == ErrorCode::conflict);
}

TEST_CASE_FIXTURE(Fixture, "chain: any change of any field of the past is found, at its position") {
  const char* changes[] = {"payload = replace(payload, 'n5', 'n6')",
                           "id = 'another'",
                           "incident = incident + 1",
                           "role = 'brain'",
                           "name = 'deploy.seen'",
                           "at_ms = at_ms + 1",
                           "boot_ns = boot_ns - 1",
                           "changes_state = 1",
                           "hash = replace(hash, substr(hash, 1, 1), 'z')"};
  for (const char* change : changes) {
    CAPTURE(change);
    support::TemporaryFolder own;
    path = own.file("ledger.db");
    auto ledger = open();
    for (int i = 1; i <= 9; ++i) REQUIRE(ledger->append({signal("n" + std::to_string(i))}, 0).ok());
    REQUIRE(ledger->verify().ok());
    meddle(path, std::string("UPDATE events SET ") + change + " WHERE position = 5");
    const auto checked = ledger->verify();
    CHECK(code_of(checked) == ErrorCode::corrupt);
    CHECK(checked.error().message.find("position 5") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "chain: a removed, moved or inserted event is found") {
  const std::pair<const char*, const char*> changes[] = {
      {"DELETE FROM events WHERE position = 1", "position 2"},
      {"DELETE FROM events WHERE position = 4", "position 5"},
      {"UPDATE events SET position = 12 WHERE position = 6", "position 7"},
      {"INSERT INTO events SELECT 10,'x',incident,role,name,at_ms,boot_ns,0,payload,hash FROM "
       "events WHERE position = 9",
       "position 10"},
      {"UPDATE events SET position = -position WHERE position IN (2, 3); "
       "UPDATE events SET position = 5 + position WHERE position < 0",
       "position 2"},
  };
  for (const auto& [change, where] : changes) {
    CAPTURE(change);
    support::TemporaryFolder own;
    path = own.file("ledger.db");
    auto ledger = open();
    for (int i = 1; i <= 9; ++i) REQUIRE(ledger->append({signal("n" + std::to_string(i))}, 0).ok());
    meddle(path, change);
    const auto checked = ledger->verify();
    CHECK(code_of(checked) == ErrorCode::corrupt);
    CHECK(checked.error().message.find(where) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "read: an event that this version cannot read is corrupt, never skipped") {
  auto ledger = open();
  for (const char* id : {"a", "b", "c"}) REQUIRE(ledger->append({signal(id)}, 0).ok());
  for (const char* change :
       {"name = 'no.such'", "payload = '{'", "payload = '[]'", "role = 'king'"}) {
    CAPTURE(change);
    support::TemporaryFolder own;
    const auto copy = own.file("ledger.db");
    meddle(path, "VACUUM INTO '" + copy + "'");
    meddle(copy, std::string("UPDATE events SET ") + change + " WHERE position = 2");
    const auto other = ledger::open_sqlite({copy}, clock);
    REQUIRE(other.ok());
    const auto records = other.value()->read(0);
    CHECK(code_of(records) == ErrorCode::corrupt);
    CHECK(records.error().message.find("event 2") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "damage: flipped bytes of the file are found or harmless, never believed") {
  std::string whole;
  {
    auto ledger = open();
    for (int i = 1; i <= 40; ++i)
      REQUIRE(ledger->append({signal("event number " + std::to_string(i))}, 0).ok());
    whole = [&] {
      std::string text;
      const auto records = ledger->read(0);
      for (const auto& record : records.value()) text += text_of(record.event);
      return text;
    }();
  }
  const auto intact = read_file(path);
  base::SeededRandom random(37);
  int found = 0, harmless = 0;
  for (int i = 0; i < 300; ++i) {
    auto bytes = intact;
    if (i % 5 == 0) {
      bytes.resize(random.next() % bytes.size());
    } else {
      bytes[random.next() % bytes.size()] ^= static_cast<char>(1u << (random.next() % 8));
    }
    const auto copy = folder.file("damaged-" + std::to_string(i) + ".db");
    write_file(copy, bytes);
    const auto opened = ledger::open_sqlite({copy}, clock);
    if (!opened) {
      ++found;
      continue;
    }
    const auto checked = opened.value()->verify();
    const auto records = opened.value()->read(0);
    if (!checked || !records) {
      ++found;
      continue;
    }
    std::string text;
    for (const auto& record : records.value()) text += text_of(record.event);
    CAPTURE(i);
    // A file cut to nothing is a new one; everything else must still say what was written.
    if (!bytes.empty()) CHECK(text == whole);
    ++harmless;
  }
  MESSAGE("300 damaged files: ", found, " found, ", harmless, " harmless");
  CHECK(found > 100);
}

TEST_CASE_FIXTURE(
    Fixture, "open: a file of a newer version is refused, both versions named, and left alone") {
  open();
  meddle(path, "PRAGMA user_version = 99");
  const auto opened = ledger::open_sqlite({path}, clock);
  CHECK(code_of(opened) == ErrorCode::invalid);
  CHECK(opened.error().message.find("schema 99") != std::string::npos);
  CHECK(opened.error().message.find("knows " + std::to_string(ledger::kSchemaVersion)) !=
        std::string::npos);
}

TEST_CASE_FIXTURE(
    Fixture,
    "open: with room made, a commit lengthens no file, and nothing is left of the making") {
  open();
  meddle(path, "INSERT INTO blobs VALUES('room', 'of a process that was killed')");
  std::vector<std::unique_ptr<ledger::Ledger>> all;
  for (int i = 0; i < 3; ++i) {
    auto opened = ledger::open_sqlite({path, false, true}, clock);
    REQUIRE(opened.ok());
    all.push_back(std::move(*opened));
  }
  const auto size = [&] { return std::filesystem::file_size(path + "-wal"); };
  const auto before = size();
  CHECK(before >= 4u << 20);
  for (int i = 0; i < 50; ++i) {
    auto& one = all[static_cast<std::size_t>(i) % all.size()];
    REQUIRE(one->append({signal("s" + std::to_string(i))}, i).ok());
  }
  CHECK(size() == before);
  CHECK(code_of(all.front()->blob("room")) == ErrorCode::not_found);
  CHECK(all.front()->verify().ok());
}

TEST_CASE_FIXTURE(Fixture, "open: a folder that cannot be written is told with the way out") {
  write_file(folder.file("file"), "not a folder");
  for (const auto& where :
       {folder.file("file") + "/ledger.db", std::string("/proc/no/ledger.db")}) {
    const auto opened = ledger::open_sqlite({where}, clock);
    CAPTURE(where);
    CHECK(code_of(opened) == ErrorCode::unavailable);
    CHECK(opened.error().message.find(where) != std::string::npos);
    CHECK(opened.error().message.find("`state`") != std::string::npos);
  }
  std::filesystem::create_directories(path);  // A folder where the file should be.
  CHECK(code_of(ledger::open_sqlite({path}, clock)) == ErrorCode::unavailable);
}

TEST_CASE_FIXTURE(Fixture, "open: what is no ledger is corrupt, and its bytes are not touched") {
  for (const std::string& bytes : {std::string("hello"), std::string(10'000, 'x'),
                                   std::string("SQLite format 3\0 but no more", 28)}) {
    write_file(path, bytes);
    const auto opened = ledger::open_sqlite({path}, clock);
    CHECK(code_of(opened) == ErrorCode::corrupt);
    CHECK(opened.error().message.find(path) != std::string::npos);
    CHECK(read_file(path) == bytes);
  }
}

TEST_CASE_FIXTURE(
    Fixture, "open: a ledger in its folder is made on the way, and an absent one is not read") {
  CHECK(code_of(ledger::open_sqlite({path, true}, clock)) == ErrorCode::not_found);
  path = folder.file("deep/er/ledger.db");
  auto ledger = open();
  REQUIRE(ledger->append({signal("a")}, 0).ok());
  const auto looking = ledger::open_sqlite({path, true}, clock);
  REQUIRE(looking.ok());
  CHECK(looking.value()->head().value() == 1);
  CHECK_FALSE(looking.value()->append({signal("b")}, 1).ok());
  CHECK(ledger->head().value() == 1);
}

TEST_CASE_FIXTURE(Fixture, "threads: one ledger serves many at once") {
  auto ledger = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&ledger, t] {
        for (int i = 0; i < 50; ++i) {
          (void)ledger->append({signal(std::to_string(t) + "-" + std::to_string(i))}, 0);
          (void)ledger->read(0, 10);
          (void)ledger->acquire("lease", "me", 1s);
        }
      });
    }
  }
  CHECK(ledger->head().value() == 200);
  CHECK(ledger->verify().ok());
}

TEST_CASE_FIXTURE(
    Fixture,
    "wake-up: the descriptor is readable after an append and after a delivery, until drained") {
  auto ledger = open();
  auto opened = ledger::Wakeup::open(path, "scout");
  REQUIRE(opened.ok());
  auto wakeup = std::move(opened).value();
  const auto rung = [&] {
    char byte = 0;
    return read(wakeup->descriptor(), &byte, 1) == 1;
  };
  CHECK_FALSE(rung());
  REQUIRE(ledger->append({signal("a")}, 0).ok());
  CHECK(rung());
  REQUIRE(ledger->deliver({0, "webhook", "1", "body", {}}).value());
  CHECK(rung());
  CHECK(code_of(ledger->append({draft("b", incident::Role::brain, incident::SignalAdded{})}, 0)) ==
        ErrorCode::denied);
  CHECK_FALSE(rung());  // Nothing was written.
  for (int i = 0; i < 600; ++i)
    (void)ledger->append({signal("c" + std::to_string(i % 3))}, 0);  // Overfull is fine.
  wakeup->drain();
  CHECK_FALSE(rung());
}

TEST_CASE_FIXTURE(Fixture,
                  "wake-up: a reader takes its socket away, and a foreign file is left alone") {
  auto ledger = open();
  const auto folder_of_sockets = path + ".wake";
  {
    const auto wakeup = ledger::Wakeup::open(path, "brain");
    REQUIRE(wakeup.ok());
    CHECK_FALSE(std::filesystem::is_empty(folder_of_sockets));
  }
  CHECK(std::filesystem::is_empty(folder_of_sockets));
  write_file(folder_of_sockets + "/notes.txt", "kept");
  REQUIRE(ledger->append({signal("a")}, 0).ok());
  CHECK(std::filesystem::exists(folder_of_sockets + "/notes.txt"));
}

TEST_CASE_FIXTURE(Fixture, "wake-up: a path that no socket can have is told") {
  path = folder.file(std::string(120, 'x') + "/ledger.db");
  auto ledger = open();
  CHECK(ledger->append({signal("a")}, 0).ok());  // The ledger itself works.
  const auto opened = ledger::Wakeup::open(path, "scout");
  CHECK(code_of(opened) == ErrorCode::unavailable);
  CHECK(opened.error().message.find("shorter") != std::string::npos);
}
