// The Scribe's calls and the real forge: by whom a comment is written and found again, an app that
// signs in, webhooks that arrive at the console, and those that did not.
#include <doctest/doctest.h>
#include <httplib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "agents/cli/remote_checks.h"
#include "agents/console/console.h"
#include "agents/scribe/github_adapter.h"
#include "forge/forge.h"
#include "github/hooks.h"
#include "github/rest_github.h"
#include "ledger/sqlite_ledger.h"
#include "role/loop.h"
#include "tests/support/keys.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace scribe_github_test {
namespace {

using namespace std::chrono_literals;
using scribe::Request;

constexpr const char* kSecret = "0123456789abcdef";
constexpr const char* kMarker = "<!-- sre:op=OP1 sig=0123 -->";

struct Scene {
  base::SystemClock clock;
  support::TemporaryFolder folder;
  support::Key key = support::make_key();
  std::unique_ptr<forge::Forge> forge;

  Scene() {
    forge::Options wanted;
    wanted.database_path = folder.file("forge.db");
    wanted.port = 0;
    wanted.tokens = {{"owner-token", "sre-space"},
                     {"brain-token", "sre-brain"},
                     {"memory-token", "sre-memory"},
                     {"reader-token", "reader"},
                     {"eve-token", "eve"}};
    wanted.roles = {{"sre-brain", forge::Role::write},
                    {"reader", forge::Role::read},
                    {"eve", forge::Role::write}};
    forge::App app;
    app.id = 4711;
    app.slug = "sre-app";
    app.public_keys = {support::public_pem_of(key.get())};
    wanted.apps = {app};
    auto opened = forge::Forge::open(wanted, clock);
    REQUIRE(opened.ok());
    forge = std::move(opened).value();
  }

  github::RestOptions options(const std::string& token) const {
    return {.line = {.api = forge->url()}, .repository = "sre-space/demo", .token = token};
  }
  std::unique_ptr<github::Github> as(const std::string& token) const {
    return github::make_rest_github(options(token), clock).value();
  }
  github::RestOptions as_app() const {
    auto options = this->options("");
    options.app = {"4711", "4711", support::pem_of(key.get()), ""};
    return options;
  }
};

scribe::Write comment_of(const std::string& key, const std::string& body) {
  scribe::Write write;
  write.op = "OP1";
  write.incident = 1;
  write.kind = "comment";
  write.key = key;
  write.issue = 1;
  write.body = body;
  return write;
}

TEST_CASE_FIXTURE(Scene,
                  "an agent's comment is written by its own voice, and found whoever wrote it") {
  const auto common = as("owner-token"), brain = as("brain-token"), memory = as("memory-token"),
             nobody = as("revoked"), eve = as("eve-token");
  REQUIRE(common->open_issue({"t", "b", {}}).ok());
  scribe::Around around;
  around.voices = {{"brain", brain.get()}, {"fixer", nobody.get()}, {"memory", memory.get()}};
  scribe::GithubCalls calls(*common, around);
  struct Row {
    const char* key;
    const char* author;
  };
  const Row rows[] = {
      {"comment:diagnosis:1", "sre-brain"},    {"comment:postmortem:1", "sre-brain"},
      {"comment:action:1", "sre-space"},        // GitHub knows the fixer's token no more.
      {"comment:memory:1", "sre-space"},        // It may not write here.
      {"comment:verification:1", "sre-space"},  // The scout has none.
      {"comment:answer:1", "sre-space"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.key);
    const auto answer = calls.carry_out(Request(comment_of(row.key, "words")));
    const auto& written = std::get<scribe::Written>(answer);
    REQUIRE_FALSE(written.fault.has_value());
    CHECK(common->get_comment(written.number)->author == row.author);
    auto edit = comment_of(row.key, "other words");
    edit.kind = "edit_comment";
    edit.comment = written.number;
    CHECK_FALSE(std::get<scribe::Written>(calls.carry_out(Request(edit))).fault.has_value());
    CHECK(common->get_comment(written.number)->body == "other words");
  }
  // Recovery: the marker in a comment of anyone of us, and of nobody else while we know us all.
  scribe::Around known;
  known.voices = {{"brain", brain.get()}};
  scribe::GithubCalls knowing(*common, known);
  scribe::Observe observe;
  observe.op = "OP1";
  observe.issue = 1;
  observe.marker = kMarker;
  const auto found = [&](scribe::GithubCalls& by) {
    return std::get<scribe::Observed>(by.carry_out(Request(observe))).number;
  };
  const std::string marked = std::string(kMarker) + "\nwords";
  REQUIRE(eve->comment(1, marked).ok());
  CHECK(found(knowing) == 0);
  const auto by_brain = brain->comment(1, marked);
  CHECK(found(knowing) == by_brain->id);
  // What the brain says is nothing that a person ordered.
  scribe::Ask ask;
  ask.incident = 1;
  ask.comment = by_brain->id;
  CHECK(std::get<scribe::Asked>(knowing.carry_out(Request(ask))).is_ours);
}

TEST_CASE_FIXTURE(Scene,
                  "an app signs in to the forge, writes as itself, and is found by its marker") {
  auto github = github::make_rest_github(as_app(), clock);
  REQUIRE(github.ok());
  const auto issue = (*github)->open_issue({"t", "b", {"incident"}});
  REQUIRE_MESSAGE(issue.ok(), issue.error().message);
  CHECK(issue->author == "sre-app[bot]");
  scribe::GithubCalls calls(**github);
  const auto written = std::get<scribe::Written>(
      calls.carry_out(Request(comment_of("comment:diagnosis:1", std::string(kMarker) + "\nw"))));
  REQUIRE_FALSE(written.fault.has_value());
  scribe::Observe observe;
  observe.op = "OP1";
  observe.issue = 1;
  observe.marker = kMarker;
  CHECK(std::get<scribe::Observed>(calls.carry_out(Request(observe))).number == written.number);
  scribe::Ask ask;
  ask.comment = written.number;
  CHECK(std::get<scribe::Asked>(calls.carry_out(Request(ask))).said->is_bot);
}

TEST_CASE_FIXTURE(Scene, "the doctor goes the Scribe's way, and says who writes") {
  config::Config config;
  config.github.repository = "sre-space/demo";
  config.github.api = forge->url();
  config.github.token = "owner-token";
  using cli::CheckStatus;
  CHECK(cli::check_github(config).status == CheckStatus::ok);
  config.github.token = "reader-token";
  CHECK(cli::check_github(config).status == CheckStatus::warn);
  config.github.token = "revoked";
  CHECK(cli::check_github(config).status == CheckStatus::fail);
  const std::string file = folder.file("app.pem");
  std::ofstream(file) << support::pem_of(key.get());
  config.github.app = {"4711", "4711", file, ""};
  const auto app = cli::check_github(config);
  CHECK(app.status == CheckStatus::ok);
  CHECK(app.detail == "sre-space/demo can be written as app 4711");
  config.github.app->installation = "1";
  CHECK(cli::check_github(config).detail.find("github.app.installation") != std::string::npos);
  config.github.tokens = {{"brain", "brain-token"}, {"fixer", "revoked"}};
  const auto voices = cli::check_voices(config);
  REQUIRE(voices.size() == 2);
  CHECK(voices[0].status == CheckStatus::ok);
  CHECK(voices[0].detail == "writes as sre-brain");
  CHECK(voices[1].status == CheckStatus::warn);
}

struct HookScene : Scene {
  std::unique_ptr<ledger::Ledger> ledger =
      ledger::open_sqlite({folder.file("ledger.db"), false}, clock).value();
  std::unique_ptr<console::Console> console = start_console(0);
  const int port = console->port();
  std::int64_t hook = make_hook();

  std::unique_ptr<console::Console> start_console(int at) {
    console::Options options;
    options.port = at;
    options.github = {{kSecret}, "sre-space/demo"};
    auto started = console::Console::start(options, *ledger, clock,
                                           base::Logger("console", base::LogLevel::error));
    REQUIRE(started.ok());
    return std::move(started).value();
  }
  std::int64_t make_hook() {
    httplib::Client client(forge->url());
    const std::string body = R"({"events":["issues","issue_comment"],"config":{"url":)"
                             R"("http://127.0.0.1:)" +
                             std::to_string(port) +
                             R"(/github/webhook","content_type":"json","secret":")" + kSecret +
                             R"("}})";
    const auto made =
        client.Post("/repos/sre-space/demo/hooks", {{"Authorization", "Bearer owner-token"}}, body,
                    "application/json");
    REQUIRE(made);
    REQUIRE(made->status == 201);
    return std::atoll(made->body.substr(made->body.find("\"id\":") + 5).c_str());
  }
  template <class Check>
  bool comes_true(Check check) {
    for (const auto end = clock.now().boot + 10s; clock.now().boot < end;) {
      if (check()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
};

// A Scribe in its loop, that looks of its own accord only once an hour.
class Running {
 public:
  explicit Running(HookScene& scene) : stop_(eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this, &scene] { run(scene); });
  }
  ~Running() {
    (void)eventfd_write(stop_, 1);
    thread_ = {};
    close(stop_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  void run(HookScene& scene) const {
    const std::string path = scene.folder.file("ledger.db");
    const base::Logger log("scribe", base::LogLevel::error);
    base::SystemRandom random;
    auto ledger = ledger::open_sqlite({path, false}, scene.clock);
    auto wakeup = ledger::Wakeup::open(path, "scribe");
    if (!ledger || !wakeup) return;
    const auto reader = scene.as("owner-token"), writer = scene.as("owner-token");
    scribe::Options options;
    options.marker_key = "secret";
    options.post_spacing = 0ms;
    options.control_every = 1h;
    options.steer_every = 1h;
    scribe::Scribe scribe(options, random);
    role::Mailbox<scribe::Answer> mailbox;
    scribe::GithubAdapter adapter({*reader}, {*writer}, mailbox);
    role::Loop<scribe::Scribe> loop(
        scribe, {**ledger, **wakeup, scene.clock, log, stop_, "", {"github"}}, mailbox,
        scribe::key_of,
        [&](const std::string& name, const Request& request) { adapter.dispatch(name, request); });
    (void)loop.run();
  }

  int stop_;
  std::jthread thread_;
};

TEST_CASE_FIXTURE(HookScene, "a command travels by webhook: issue, console, ledger, Scribe") {
  using namespace incident;  // NOLINT: event names follow.
  base::SeededRandom random(1);
  Book none;
  Signal signal;
  signal.service = "policy";
  signal.at = clock.now().wall;
  role::Drafter drafter(none, incident::Role::scout, random, clock.now());
  drafter.add(1, IncidentOpened{signal, Severity::high, "f", ""});
  REQUIRE(ledger->append(drafter.take(), 0).ok());
  const Running running(*this);
  std::int64_t issue = 0;
  std::string command;
  const auto read = [&] {
    const auto records = ledger->read(0, 1000);
    for (const auto& record : *records) {
      const auto* opened = std::get_if<IssueOpened>(&record.event.what);
      if (opened != nullptr && record.event.incident == 1)
        issue = opened->number;  // Not control's.
      if (const auto* said = std::get_if<OperatorCommanded>(&record.event.what))
        command = said->command + " by " + said->by;
    }
  };
  REQUIRE(comes_true([&] { return read(), issue != 0; }));
  REQUIRE(as("eve-token")->comment(issue, "/hold it looks odd").ok());
  CHECK(comes_true([&] { return read(), !command.empty(); }));
  CHECK(command == "/hold it looks odd by eve");
}

TEST_CASE_FIXTURE(HookScene, "what the console missed is asked for again, and arrives once") {
  const auto github = as("owner-token");
  REQUIRE(github->open_issue({"t", "b", {}}).ok());
  CHECK(comes_true([&] { return ledger->deliveries(0)->size() == 1; }));
  console->stop();
  REQUIRE(github->comment(1, "/hold").ok());
  auto hooks = github::make_rest_hooks(options("owner-token"), hook, clock);
  REQUIRE(hooks.ok());
  const auto attempts = [&](int failed) {
    const auto all = (*hooks)->list_deliveries({});
    int found = 0;
    if (all) {
      for (const auto& one : *all) found += one.event == "issue_comment" && one.status_code == 0;
    }
    return found == failed;
  };
  REQUIRE(comes_true([&] { return attempts(1); }));
  console = start_console(port);
  scribe::Around around;
  around.hooks = hooks->get();
  scribe::GithubCalls calls(*github, around);
  const auto later = [&](base::Duration by) {
    return clock.now().wall + std::chrono::duration_cast<base::Millis>(by);
  };
  const auto catch_up = [&](base::WallTime now) {
    return std::get<scribe::CaughtUp>(calls.carry_out(Request(scribe::CatchUp{now})));
  };
  CHECK_FALSE(catch_up(later(2min)).fault.has_value());
  CHECK(comes_true([&] { return ledger->deliveries(0)->size() == 2; }));
  // The forge writes down that it arrived after the console has it.
  CHECK(comes_true(
      [&] { return github::missed(*(*hooks)->list_deliveries({}), later(2min)).empty(); }));
  CHECK_FALSE(catch_up(later(4min)).fault.has_value());
  CHECK(ledger->deliveries(0)->size() == 2);
  // Somebody without the right to see them stops nothing but this.
  auto denied = github::make_rest_hooks(options("eve-token"), hook, clock);
  std::string told;
  around.hooks = denied->get();
  around.on_hooks_failed = [&](const base::Error& error) { told = error.message; };
  scribe::GithubCalls without(*github, around);
  CHECK(std::get<scribe::CaughtUp>(without.carry_out(Request(scribe::CatchUp{later(2min)})))
            .fault.has_value());
  CHECK(told.find("deliveries") != std::string::npos);
}

}  // namespace
}  // namespace scribe_github_test
