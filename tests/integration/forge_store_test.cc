// The forge's store under many threads: one commit for all that wait, each stored or undone by
// itself; and the counters that pages rely on, in new and in older files.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "forge/sqlite_store.h"
#include "forge/turnstile.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace forge::store_test {
namespace {

const base::WallTime kNow = base::wall_from_ms(1'763'646'756'000);

struct Scene {
  support::TemporaryFolder folder;
  std::string path = folder.file("forge.db");
  std::unique_ptr<SqliteStore> store;
  User user;
  Repository repository;

  Scene() { open(); }
  void open() {
    store.reset();
    auto opened = SqliteStore::open(path);
    REQUIRE(opened.ok());
    store = std::move(*opened);
    REQUIRE(store
                ->run([&] {
                  user = store->ensure_user("o", kNow);
                  repository = store->ensure_repository(user, "r", kNow);
                  return true;
                })
                .ok());
  }
  // Runs one statement on a connection of its own.
  void execute(const char* sql) const {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(handle);
  }
  struct Counts {
    int open = 0, closed = 0, comments = 0, of_first = 0;
    bool operator==(const Counts&) const = default;
  };
  Counts counters() {
    Counts counts;
    CHECK(store
              ->read([&] {
                IssueFilter filter;
                counts.open = store->count_issues(repository, filter);
                filter.state = IssueState::closed;
                counts.closed = store->count_issues(repository, filter);
                counts.comments = store->count_comments(repository, {});
                if (const auto first = store->find_issue(repository, 1)) {
                  counts.of_first = first->comments;
                }
              })
              .ok());
    return counts;
  }
  // The same, counted row by row: a filter that everything passes.
  Counts counted() {
    Counts counts;
    CHECK(store
              ->read([&] {
                IssueFilter filter;
                filter.known_at = kNow + base::Millis(1);
                counts.open = store->count_issues(repository, filter);
                filter.state = IssueState::closed;
                counts.closed = store->count_issues(repository, filter);
                CommentFilter comments;
                comments.known_at = kNow + base::Millis(1);
                counts.comments = store->count_comments(repository, comments);
                comments.issue_number = 1;
                counts.of_first = store->count_comments(repository, comments);
              })
              .ok());
    return counts;
  }
  // Three issues, one closed; five comments, one of them removed again.
  void fill() {
    REQUIRE(store
                ->run([&] {
                  Issue first = store->add_issue(repository, user, "a", std::nullopt, kNow);
                  Issue second = store->add_issue(repository, user, "b", std::nullopt, kNow);
                  Issue third = store->add_issue(repository, user, "c", std::nullopt, kNow);
                  third.is_open = false;
                  store->save_issue(third);
                  store->save_issue(third);  // Once more changes nothing.
                  for (int i = 0; i < 3; ++i) store->add_comment(first, user, "x", kNow);
                  store->add_comment(second, user, "x", kNow);
                  store->remove_comment(store->add_comment(first, user, "gone", kNow).id);
                  return true;
                })
                .ok());
  }
};

TEST_CASE("counters follow what comes, goes and turns, and what is undone") {
  Scene scene;
  scene.fill();
  const Scene::Counts wanted{2, 1, 4, 3};
  CHECK(scene.counters() == wanted);
  CHECK(scene.counted() == wanted);
  CHECK(scene.store
            ->run([&] {
              scene.store->add_issue(scene.repository, scene.user, "no", std::nullopt, kNow);
              return false;
            })
            .ok());
  CHECK(scene.counters() == wanted);
}

TEST_CASE("a file without counters is counted once when it is opened") {
  Scene scene;
  scene.fill();
  scene.store.reset();
  scene.execute(
      "DROP TRIGGER comment_added; DROP TRIGGER comment_removed; DROP TRIGGER issue_added;"
      "DROP TRIGGER issue_turned; DROP INDEX comments_by_update; DROP INDEX issues_by_update;"
      "ALTER TABLE issues DROP COLUMN comments; ALTER TABLE repos DROP COLUMN issues;"
      "ALTER TABLE repos DROP COLUMN open_issues; ALTER TABLE repos DROP COLUMN comments;"
      "DROP TABLE review_comments;"
      "PRAGMA user_version = 3");
  scene.open();
  CHECK(scene.counters() == Scene::Counts{2, 1, 4, 3});
  CHECK(scene.counters() == scene.counted());
}

TEST_CASE("the turnstile: many threads, each one's work stored or undone by itself") {
  constexpr int kThreads = 8;
  constexpr int kRounds = 25;
  Scene scene;
  Turnstile turnstile(*scene.store);
  std::atomic<int> stored = 0;
  std::atomic<int> seen = 0;
  std::atomic<int> thrown = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < kRounds; ++round) {
          const bool is_kept = (thread + round) % 3 != 0;
          const base::Status passed = turnstile.pass(true, [&] {
            const base::Status run = scene.store->run([&] {
              scene.store->add_issue(scene.repository, scene.user, "t", std::nullopt, kNow);
              return is_kept;
            });
            if (run.ok() && is_kept) ++stored;
          });
          if (!passed.ok()) return;
          const base::Status read = turnstile.pass(false, [&] {
            static_cast<void>(scene.store->read([&] {
              IssueFilter filter;
              if (scene.store->count_issues(scene.repository, filter) > 0) ++seen;
            }));
          });
          if (!read.ok()) return;
          try {
            static_cast<void>(turnstile.pass(
                round % 2 == 0, [] { throw std::runtime_error("only for who asked"); }));
          } catch (const std::runtime_error&) {
            ++thrown;
          }
        }
      });
    }
  }
  CHECK(thrown == kThreads * kRounds);
  CHECK(seen > 0);
  CHECK(scene.counters().open == stored);
  scene.open();  // As another process finds it.
  CHECK(scene.counters().open == stored);
  CHECK(scene.counters() == scene.counted());
}

TEST_CASE("a batch whose commit fails has stored nothing, and says so to all in it") {
  Scene scene;
  Turnstile turnstile(*scene.store);
  scene.execute(
      "CREATE TABLE parents (id INTEGER PRIMARY KEY); CREATE TABLE children (parent INTEGER"
      " REFERENCES parents DEFERRABLE INITIALLY DEFERRED); CREATE TRIGGER orphan AFTER INSERT ON"
      " issues WHEN NEW.title = 'orphan' BEGIN INSERT INTO children VALUES (99); END;");
  const auto add = [&](const char* title) {
    return turnstile.pass(true, [&] {
      static_cast<void>(scene.store->run([&] {
        scene.store->add_issue(scene.repository, scene.user, title, std::nullopt, kNow);
        return true;
      }));
    });
  };
  CHECK(add("before").ok());
  CHECK(add("orphan").error().code == base::ErrorCode::unavailable);
  CHECK(scene.counters().open == 1);
  CHECK(add("after").ok());
  CHECK(scene.counters().open == 2);
}

}  // namespace
}  // namespace forge::store_test
