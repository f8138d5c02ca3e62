// The doctor and the ledger on a real file: whole, of another version, damaged, stopped.
#include "agents/cli/ledger_checks.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "ledger/sqlite_ledger.h"
#include "tests/support/ledger_drafts.h"
#include "tests/support/temporary_folder.h"

using cli::CheckStatus;

namespace {

struct Fixture {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  config::Config config;

  Fixture() {
    config.state_dir = folder.path();
    config.ledger = folder.file("ledger.db");
  }
  void write(std::vector<ledger::Draft> drafts) {
    auto ledger = ledger::open_sqlite({config.ledger, false}, clock);
    REQUIRE(ledger.ok());
    REQUIRE((*ledger)->append(drafts, 0).ok());
  }
  void meddle(const char* sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(config.ledger.c_str(), &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  }
  cli::Check first() { return cli::check_ledger(config).at(0); }
  cli::Check stop() { return cli::check_ledger(config).at(1); }
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "none yet: it will be made, and the doctor makes none") {
  CHECK(first().status == CheckStatus::ok);
  CHECK(holds(first().detail, "will be made by up"));
  CHECK(stop().detail == "not set");
  CHECK_FALSE(std::filesystem::exists(config.ledger));
}

TEST_CASE_FIXTURE(Fixture, "whole: counted, the chain checked") {
  write({support::signal("one"), support::signal("two")});
  CHECK(first().status == CheckStatus::ok);
  CHECK(holds(first().detail, "2 events, the hash chain holds"));
}

TEST_CASE_FIXTURE(Fixture, "of a newer version: both versions are named") {
  write({support::signal("one")});
  meddle("PRAGMA user_version=9");
  CHECK(first().status == CheckStatus::fail);
  CHECK(holds(first().detail, "newer version (schema 9"));
  CHECK(holds(first().hint, "version"));
}

TEST_CASE_FIXTURE(Fixture, "meddled with: the position is named") {
  write({support::signal("one"), support::signal("two"), support::signal("three")});
  meddle("UPDATE events SET payload = replace(payload, 'two', 'TWO') WHERE position = 2");
  CHECK(first().status == CheckStatus::fail);
  CHECK(holds(first().detail, "position 2"));
}

TEST_CASE_FIXTURE(Fixture, "no ledger at all") {
  std::ofstream(config.ledger) << std::string(8192, 'x');
  CHECK(first().status == CheckStatus::fail);
}

TEST_CASE_FIXTURE(Fixture, "the stop is told, from the ledger and from the file") {
  write({support::draft("s", incident::Role::person, incident::StopSet{"moving house", "ada"},
                        false, 0)});
  CHECK(stop().status == CheckStatus::warn);
  CHECK(stop().detail == "set, nothing acts: moving house (by ada)");
  write({support::draft("c", incident::Role::person, incident::StopCleared{"ada"}, false, 0)});
  CHECK(stop().status == CheckStatus::ok);
  std::ofstream(folder.file("STOP")) << "";
  CHECK(stop().detail == "set, nothing acts: the stop file exists");
}
