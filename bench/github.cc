// How many issues the forge shows and how many comments it keeps in a second, beside what the
// machine could do at best, and whether a million comments slow down the first page. Run by
// bench/github; docs/formats/bench.md says what the numbers are.
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/http_load.h"
#include "bench/report_codec.h"
#include "forge/forge.h"
#include "http/http.h"

namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;

constexpr int kIssues = 1000;
constexpr int kSmall = 1000;  // Comments of the first issue before the million comes.
constexpr int kReaders = 8;
constexpr int kWriters = 32;
constexpr int kPages = 200;  // Times each page is asked for.
const std::string kToken = "bench-token";
const std::string kIssuesPath = "/repos/sre-space/bench/issues";
const std::string kText =
    "The container was restarted and has answered every probe since then. "
    "Memory stands at 212 MB of 512 MB, the error rate at zero. "
    "This comment is as long as most of those the agents write in a thread.";

struct Options {
  std::string folder;
  double seconds = 5;
  int comments = 1'000'000;
};

base::Result<std::unique_ptr<forge::Forge>> open_forge(const std::string& path,
                                                       const base::Clock& clock) {
  forge::Options options;
  options.database_path = path;
  options.port = 0;
  options.repository = "sre-space/bench";
  options.tokens = {{kToken, "sre-space"}};
  options.requests_per_hour = 1'000'000'000;
  return forge::Forge::open(std::move(options), clock);
}

// Runs statements of several lines on a file of its own connection.
class File {
 public:
  explicit File(const std::string& path) { sqlite3_open(path.c_str(), &handle_); }
  ~File() { sqlite3_close(handle_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  base::Status run(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return Error{ErrorCode::unavailable,
                 "run \"" + sql.substr(0, 60) + "\": " + sqlite3_errmsg(handle_)};
  }

 private:
  sqlite3* handle_ = nullptr;
};

// `count` comments, spread over all issues or all on the first one.
std::string make_comments(int count, const std::string& issue) {
  return "INSERT INTO comments (issue_id, author_id, body, created_ms, updated_ms)"
         " WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < " +
         std::to_string(count) + ") SELECT " + issue + ", 1, '" + kText +
         "', 1763646756000 + i, 1763646756000 + i FROM n;";
}

// Durable inserts one after the other, as a program with nothing to share would do them.
base::Result<double> measure_inserts(const std::string& path, base::Duration span) {
  File file(path);
  for (const char* const sql :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
        "CREATE TABLE comments (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"}) {
    if (base::Status done = file.run(sql); !done.ok()) return done.error();
  }
  const std::string insert = "INSERT INTO comments (body) VALUES ('" + kText + "')";
  const auto begin = std::chrono::steady_clock::now();
  int count = 0;
  for (; std::chrono::steady_clock::now() < begin + span; ++count) {
    if (base::Status done = file.run(insert); !done.ok()) return done.error();
  }
  return count / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The same server, threads and size of answer, without anything behind them.
base::Result<bench::Load> measure_static(base::Duration span) {
  http::ServerOptions options;
  options.threads = 16;
  const std::string body(4096, 'x');
  http::Server server(options, [&](const http::Request&) {
    return http::make_response(200, "application/json", body);
  });
  if (base::Status started = server.start(); !started.ok()) return started.error();
  return bench::run_load(server.port(), kReaders, span, 200, [](int, int) {
    return bench::make_request("GET", "/static", kToken, "");
  });
}

bench::Load measure_page(int port, const std::string& path) {
  // One client, so that what is measured is the page and no queue. The span only bounds it.
  int left = kPages;
  const std::string request = bench::make_request("GET", path, kToken, "");
  bench::Load load;
  std::vector<double> ms;
  while (left > 0) {
    const bench::Load part = bench::run_load(port, 1, 20ms, 200, [&](int, int) { return request; });
    load.failed += part.failed;
    ms.push_back(part.ms.p50);
    left -= 10;
  }
  load.ms = bench::spread_of(std::move(ms));
  return load;
}

const char* const kPagePaths[] = {"/1/comments?per_page=30",
                                  "/comments?per_page=30&sort=updated&direction=desc",
                                  "/comments?per_page=30", "?per_page=30"};

base::Result<bench::ForgeReport> measure(const Options& options) {
  const base::SystemClock clock;
  const auto span =
      std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(options.seconds));
  bench::ForgeReport report;
  report.comments = options.comments;
  const std::string path = options.folder + "/forge.db";
  if (auto made = open_forge(path, clock); !made.ok()) return made.error();
  {
    File file(path);
    base::Status filled = file.run(
        "BEGIN; INSERT INTO issues (repo_id, number, author_id, title, body, is_open, state_reason,"
        " created_ms, updated_ms) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < " +
        std::to_string(kIssues) + ") SELECT 1, i, 1, 'issue ' || i, '" + kText +
        "', 1, '', 1763646756000 + i, 1763646756000 + i FROM n;" + make_comments(kSmall, "1") +
        "COMMIT;");
    if (!filled.ok()) return filled.error();
  }
  std::fputs("reads and writes\n", stderr);
  auto plain = measure_static(span);
  if (!plain.ok()) return plain.error();
  report.static_reads = *plain;
  auto inserts = measure_inserts(options.folder + "/raw.db", span);
  if (!inserts.ok()) return inserts.error();
  report.raw_inserts_per_second = *inserts;
  auto forge = open_forge(path, clock);
  if (!forge.ok()) return forge.error();
  int port = (*forge)->port();
  report.reads = bench::run_load(port, kReaders, span, 200, [](int client, int n) {
    const int number = (client * 131 + n * 7) % kIssues + 1;
    return bench::make_request("GET", kIssuesPath + "/" + std::to_string(number), kToken, "");
  });
  std::vector<bench::Load> before;
  for (const char* page : kPagePaths) before.push_back(measure_page(port, kIssuesPath + page));
  const std::string body = "{\"body\":\"" + kText + "\"}";
  report.writes = bench::run_load(port, kWriters, span, 201, [&](int client, int n) {
    const int number = (client * 31 + n) % (kIssues - 1) + 2;
    return bench::make_request("POST", kIssuesPath + "/" + std::to_string(number) + "/comments",
                               kToken, body);
  });
  forge->reset();
  std::fprintf(stderr, "%d comments\n", options.comments);
  {
    File file(path);
    base::Status filled = file.run(
        "PRAGMA synchronous = OFF; BEGIN;" + make_comments(options.comments / 2, "1") +
        make_comments(options.comments / 2, "i % " + std::to_string(kIssues) + " + 1") + "COMMIT;");
    if (!filled.ok()) return filled.error();
  }
  forge = open_forge(path, clock);
  if (!forge.ok()) return forge.error();
  port = (*forge)->port();
  for (std::size_t i = 0; i < std::size(kPagePaths); ++i) {
    const bench::Load after = measure_page(port, kIssuesPath + kPagePaths[i]);
    report.pages.push_back(
        {kPagePaths[i], before[i].ms, after.ms, before[i].failed + after.failed});
  }
  return report;
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--folder")
      options.folder = argv[i + 1];
    else if (name == "--seconds")
      options.seconds = std::atof(argv[i + 1]);
    else if (name == "--comments")
      options.comments = std::atoi(argv[i + 1]);
    else
      return false;
  }
  return argc % 2 == 1 && !options.folder.empty() && options.seconds > 0 && options.comments >= 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    std::fputs("usage: bench-github --folder FOLDER [--seconds S] [--comments N]\n", stderr);
    return 2;
  }
  const auto report = measure(options);
  if (!report.ok()) {
    std::fprintf(stderr, "bench-github: %s\n", report.error().message.c_str());
    return 1;
  }
  std::puts(bench::encode(*report).c_str());
  return report->ok() ? 0 : 1;
}
