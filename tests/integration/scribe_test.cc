// The Scribe as it runs: its real loop on a real ledger file, the real client, the real forge.
#include "agents/scribe/scribe.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <optional>
#include <thread>

#include "agents/scribe/github_adapter.h"
#include "agents/scribe/key_file.h"
#include "forge/faults.h"
#include "forge/forge.h"
#include "github/embedded_users.h"
#include "github/rest_client.h"
#include "github/rest_github.h"
#include "ledger/sqlite_ledger.h"
#include "role/loop.h"
#include "tests/support/budget_guard.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace scribe_forge_test {
namespace {

using namespace incident;
using namespace std::chrono_literals;

enum class Pace { quick, shipped };  // As on the embedded forge, or within GitHub's limits.

// One process's worth of Scribe, in a thread.
class Running {
 public:
  Running(const std::string& ledger_path, const std::string& api, const std::string& key,
          Pace pace = Pace::quick)
      : pace_(pace), stop_(eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this, ledger_path, api, key] { run(ledger_path, api, key); });
  }
  ~Running() {
    const std::uint64_t one = 1;
    (void)!write(stop_, &one, sizeof one);
    thread_ = {};
    close(stop_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  void run(const std::string& ledger_path, const std::string& api, const std::string& key) {
    const base::SystemClock clock;
    const base::Logger log("scribe", base::LogLevel::error);
    base::SystemRandom random;
    auto ledger = ledger::open_sqlite({ledger_path}, clock);
    auto wakeup = ledger::Wakeup::open(ledger_path, "scribe");
    const github::RestOptions target{
        .line = {.api = api}, .repository = "sre-space/demo", .token = "owner-token"};
    auto reader = github::make_rest_github(target, clock);
    auto writer = github::make_rest_github(target, clock);
    if (!ledger || !wakeup || !reader || !writer) return;
    scribe::Options options;
    options.marker_key = key;
    options.depends_on = {{"policy-service", {"user-service"}}, {"user-service", {}}};
    if (pace_ == Pace::quick) {
      options.card_every = 100ms;
      options.post_spacing = 0ms;
    }
    options.miss_gap = 100ms;
    options.backoff_max = 500ms;
    options.steer_every = options.votes_every = 100ms;
    options.control_every = 200ms;
    scribe::Scribe scribe(options, random);
    role::Mailbox<scribe::Answer> mailbox;
    scribe::GithubAdapter adapter({**reader}, {**writer}, mailbox);
    role::Loop<scribe::Scribe> loop(scribe, {**ledger, **wakeup, clock, log, stop_, "", {}},
                                    mailbox, scribe::key_of,
                                    [&](const std::string& name, const scribe::Request& request) {
                                      adapter.dispatch(name, request);
                                    });
    const auto ended = loop.run();
    CHECK_MESSAGE(ended.ok(), (ended.ok() ? "" : ended.error().message));
  }

  const Pace pace_;
  int stop_;
  std::jthread thread_;
};

struct Scene {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  std::string path = folder.file("ledger.db");
  std::map<std::string, std::string> tokens;  // Of the forge's people, by login.
  std::string key = *scribe::load_or_make_key(folder.file("scribe.key"), random);
  std::unique_ptr<ledger::Ledger> ledger = ledger::open_sqlite({path}, clock).value();
  std::shared_ptr<forge::Faults> faults = std::make_shared<forge::Faults>();
  std::unique_ptr<forge::Forge> forge = start_forge(0);

  std::unique_ptr<forge::Forge> start_forge(int port) {
    forge::Options wanted;
    wanted.database_path = folder.file("forge.db");
    wanted.port = port;
    wanted.tokens = {{"owner-token", "sre-space"}};
    wanted.faults = faults;
    const auto users = github::embedded_users(folder.file(""), random);
    REQUIRE(users.ok());
    for (const auto& user : *users) {
      wanted.tokens[user.token] = user.login;
      tokens[user.login] = user.token;
      if (const auto role = forge::parse_role(user.role)) wanted.roles[user.login] = *role;
    }
    auto opened = forge::Forge::open(wanted, clock);
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }

  void tell(IncidentId id, incident::Role owner, const Payload& what) {
    for (;;) {  // The Scribe may change the incident at the same moment: then read it again.
      Book book;
      const auto records = ledger->read(0, 100'000);
      for (const auto& record : *records) book.absorb(record.event);
      role::Drafter drafter(book, owner, random, clock.now());
      drafter.add(id, what);
      const auto told =
          ledger->append(drafter.take(), records->empty() ? 0 : records->back().position);
      if (told.ok()) return;
      REQUIRE(told.error().code == base::ErrorCode::conflict);
    }
  }

  void tell_life(IncidentId id) {
    using R = incident::Role;
    const std::string op = "OP" + std::to_string(id);
    Signal signal;
    signal.service = "policy-service";
    signal.container = std::string(64, 'c');
    signal.oom_killed = true;
    signal.exit_code = 137;
    signal.at = clock.now().wall;
    DiagnosisMade made;
    made.failure = FailureClass::oom;
    made.culprit = "policy-service";
    made.confidence = 0.97;
    PlanMade plan;
    plan.hash = "a1b2c3d4";
    plan.menu = {
        {"A1", Action::restart, "policy-service", "c", "s", "low", "none needed", "it died", 0, 0}};
    tell(id, R::scout, IncidentOpened{signal, Severity::high, "f", ""});
    tell(id, R::memory, MemoryRecalled{{}, "", 0, 0});
    tell(id, R::brain, EvidenceCollected{{{"E1", "log", "last lines", {"Killed @octocat"}}}});
    tell(id, R::brain, made);
    tell(id, R::brain, plan);
    tell(id, R::fixer,
         ActionIntended{op, "a1b2c3d4", 1, Action::restart, "policy-service", "c", "before", {}});
    tell(id, R::fixer, ActionDone{op, "after", false});
    tell(id, R::fixer, VerificationAsked{op, "policy-service", clock.now().wall, 1s});
    tell(id, R::scout, VerificationTried{op, 1, true, 4, ""});
    tell(id, R::scout, VerificationPassed{op, 20, 31, ""});
    tell(id, R::fixer, IncidentResolved{op, "restart", true});
    tell(id, R::brain, PostmortemWritten{"It ran out of memory."});
    tell(id, R::memory, MemoryIndexed{"oom", "restart", true});
  }

  State state_of(IncidentId id) {
    Book book;
    const auto records = ledger->read(0, 100'000);
    for (const auto& record : *records) book.absorb(record.event);
    return book.find(id) == nullptr ? State::open : book.find(id)->state;
  }
  bool is_closed_within(IncidentId id, base::Duration limit) {
    const auto end = clock.now().boot + limit;
    while (clock.now().boot < end) {
      if (state_of(id) == State::closed) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  std::unique_ptr<github::Github> as(const std::string& token) {
    auto github = github::make_rest_github(
        {.line = {.api = forge->url()}, .repository = "sre-space/demo", .token = token}, clock);
    return std::move(github).value();
  }
  std::unique_ptr<github::Github> reader() { return as("owner-token"); }
  std::int64_t say(const std::string& login, const std::string& body) {
    const auto said = as(tokens.at(login))->comment(issue, body);
    REQUIRE(said.ok());
    return said->id;
  }
  void set_state(const std::string& login, const char* state) {
    github::IssueEdit edit;
    edit.state = state;
    REQUIRE(as(tokens.at(login))->edit_issue(issue, edit).ok());
  }
  void react(const std::string& login, std::int64_t comment, const std::string& content) {
    const auto line = github::RestClient::make({.api = forge->url()}).value();
    const auto reply = line->exchange(
        {.method = "POST",
         .path = "/repos/sre-space/demo/issues/comments/" + std::to_string(comment) + "/reactions",
         .body = R"({"content":")" + content + "\"}"},
        "Bearer " + tokens.at(login));
    REQUIRE(reply.ok());
    REQUIRE(reply->status / 100 == 2);
  }
  template <class T>
  std::vector<T> told() {
    std::vector<T> found;
    const auto records = ledger->read(0, 100'000);
    for (const auto& record : *records) {
      if (const auto* what = std::get_if<T>(&record.event.what)) found.push_back(*what);
    }
    return found;
  }
  bool comes(const std::function<bool()>& what, base::Duration limit = 10s) {
    for (const auto end = clock.now().boot + limit; clock.now().boot < end;) {
      if (what()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  std::int64_t issue = 0;
  // Waits for the incident's own; the control issue may be made before it.
  bool has_issue(IncidentId id) {
    return comes([&] {
      Book book;
      const auto records = ledger->read(0, 100'000);
      for (const auto& record : *records) book.absorb(record.event);
      issue = book.find(id) == nullptr ? 0 : book.find(id)->issue;
      return issue != 0;
    });
  }
  std::vector<github::Issue> issues() {
    github::IssueQuery query;
    query.label = "incident";
    return *reader()->list_issues(query);
  }
};

TEST_CASE("scribe on the forge: one incident, told and closed in under a second") {
  Scene scene;
  std::optional<Running> scribe;
  scribe.emplace(scene.path, scene.forge->url(), scene.key);
  const auto start = scene.clock.now().boot;
  scene.tell_life(1);
  REQUIRE(scene.is_closed_within(1, 10s));
  const auto took = scene.clock.now().boot - start;
  MESSAGE("closed after " << base::format_duration(took));
  CHECK(took < 3s);
  scribe.reset();
  const auto issues = scene.issues();
  REQUIRE(issues.size() == 1);
  CHECK(issues.front().state == "closed");
  const auto comments = *scene.reader()->list_comments(issues.front().number);
  CHECK(comments.size() == 5);
}

TEST_CASE(
    "scribe on the forge: at the shipped pace no budget is broken, limits and lost replies or "
    "not") {
  Scene scene;
  const support::BudgetGuard guard(*scene.forge);
  scene.faults->fail_write(2, forge::WriteFault::lost_reply);
  scene.faults->fail_write(5, forge::WriteFault::committed_502);
  {
    const Running scribe(scene.path, scene.forge->url(), scene.key, Pace::shipped);
    scene.tell_life(1);
    REQUIRE(scene.comes([&] { return scene.forge->writes().total >= 3; }, 20s));
    scene.faults->limit_writes(1, 2);
    REQUIRE(scene.is_closed_within(1, 60s));
  }
  MESSAGE("written " << scene.forge->writes().total << " times");
  const auto issues = scene.issues();
  REQUIRE(issues.size() == 1);
  CHECK(issues.front().state == "closed");
  CHECK(scene.reader()->list_comments(issues.front().number)->size() == 5);
}

TEST_CASE("scribe on the forge: the forge is away while all happens, and the Scribe starts anew") {
  Scene scene;
  const int port = scene.forge->port();
  scene.forge.reset();
  const std::string api = "http://127.0.0.1:" + std::to_string(port);
  {
    const Running scribe(scene.path, api, scene.key);
    scene.tell_life(1);
    scene.tell_life(2);
    CHECK_FALSE(scene.is_closed_within(1, 1s));
  }
  const Running scribe(scene.path, api, scene.key);
  scene.forge = scene.start_forge(port);
  REQUIRE(scene.is_closed_within(1, 10s));
  REQUIRE(scene.is_closed_within(2, 10s));
  const auto issues = scene.issues();
  REQUIRE(issues.size() == 2);
  for (const auto& issue : issues) CHECK(scene.reader()->list_comments(issue.number)->size() == 5);
}

TEST_CASE("scribe on the forge: people approve, hold and close by their rights") {
  using R = incident::Role;
  Scene scene;
  std::optional<Running> scribe;
  scribe.emplace(scene.path, scene.forge->url(), scene.key);
  Signal signal;
  signal.service = "policy-service";
  signal.at = scene.clock.now().wall;
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  made.culprit = "policy-service";
  PlanMade plan;
  plan.hash = "a1b2c3d4";
  plan.menu = {
      {"A1", Action::restart, "policy-service", "c", "s", "low", "none needed", "it died", 0, 0}};
  scene.tell(1, R::scout, IncidentOpened{signal, Severity::high, "f", ""});
  scene.tell(1, R::brain, made);
  scene.tell(1, R::brain, plan);
  scene.tell(1, R::fixer, ApprovalAsked{"a1b2c3d4", scene.clock.now().wall + 30min});
  REQUIRE(scene.has_issue(1));
  const auto commands = [&](std::size_t n) {
    return scene.comes([&] { return scene.told<OperatorCommanded>().size() == n; });
  };

  scene.say("dave", "/approve a1b2c3d4");
  scene.say("bob", "/approve a1b2c3d4");
  scene.say("alice", "> /approve a1b2c3d4");
  scene.say("alice", "/approve 00000000");
  scene.say("carol", "/hold while I look");
  REQUIRE(commands(4));
  CHECK(scene.told<ApprovalGiven>().empty());
  CHECK(scene.state_of(1) == State::awaiting_approval);
  CHECK(scene.told<OperatorCommanded>().back().refusal.empty());

  const auto start = scene.clock.now().boot;
  scene.say("alice", "/approve a1b2c3d4");
  REQUIRE(scene.comes([&] { return scene.told<ApprovalGiven>().size() == 1; }));
  MESSAGE("approved after " << base::format_duration(scene.clock.now().boot - start));
  CHECK(scene.told<ApprovalGiven>().front().by == "alice");
  CHECK(scene.state_of(1) == State::planned);

  scribe.reset();  // A new process hears the same thread and counts nothing twice.
  scribe.emplace(scene.path, scene.forge->url(), scene.key);
  scene.say("alice", "/approve a1b2c3d4");
  REQUIRE(commands(6));
  CHECK(scene.told<ApprovalGiven>().size() == 1);
  CHECK_FALSE(scene.told<OperatorCommanded>().back().refusal.empty());

  scene.set_state("carol", "closed");
  REQUIRE(scene.is_closed_within(1, 10s));
  CHECK(scene.told<StoodDown>().front().by == "carol");
  scene.set_state("alice", "open");
  REQUIRE(scene.comes([&] { return scene.state_of(1) == State::diagnosing; }));
  CHECK(scene.told<IncidentReopened>().size() == 1);
  scene.say("alice", "/close");
  REQUIRE(scene.is_closed_within(1, 10s));
  REQUIRE(scene.comes([&] { return scene.issues().front().state == "closed"; }));
  scribe.reset();
  int refused = 0;
  for (const auto& said : scene.told<OperatorCommanded>()) refused += said.refusal.empty() ? 0 : 1;
  CHECK(refused == 4);
}

TEST_CASE("scribe on the forge: people ask for a restart, a person, a dry run, by their rights") {
  using R = incident::Role;
  Scene scene;
  std::optional<Running> scribe;
  scribe.emplace(scene.path, scene.forge->url(), scene.key);
  Signal signal;
  signal.service = "policy-service";
  signal.at = scene.clock.now().wall;
  DiagnosisMade made;
  made.failure = FailureClass::hang;
  made.culprit = "policy-service";
  PlanMade plan;
  plan.hash = "a1b2c3d4";
  plan.menu = {
      {"A1", Action::restart, "policy-service", "c", "s", "low", "none needed", "it hangs", 0, 0}};
  scene.tell(1, R::scout, IncidentOpened{signal, Severity::high, "f", ""});
  scene.tell(1, R::brain, made);
  scene.tell(1, R::brain, plan);
  scene.tell(1, R::fixer, Escalated{"person", "nothing confirms it"});
  REQUIRE(scene.has_issue(1));
  const auto commands = [&](std::size_t n) {
    return scene.comes([&] { return scene.told<OperatorCommanded>().size() == n; });
  };
  const auto shows = [&](const std::string& words) {
    return scene.comes([&] {
      const auto all = *scene.reader()->list_comments(scene.issue);
      return std::any_of(all.begin(), all.end(), [&](const auto& comment) {
        return comment.body.find(words) != std::string::npos;
      });
    });
  };

  scene.say("carol", "/restart policy-service");  // It takes maintain.
  scene.say("bob", "/rollback");
  scene.say("alice", "/restart polcy-service");
  scene.say("alice", "/rollback");
  REQUIRE(commands(4));
  for (const auto& said : scene.told<OperatorCommanded>()) CHECK_FALSE(said.refusal.empty());
  CHECK(shows("the nearest name is"));
  CHECK(shows("no action was carried out"));
  CHECK(scene.state_of(1) == State::escalated);

  scene.say("alice", "/restart user-service");
  REQUIRE(commands(5));
  CHECK(scene.told<OperatorCommanded>().back().refusal.empty());
  PlanMade asked = plan;
  asked.hash = "feedbeef";
  asked.asked_by = "alice";
  asked.menu[0].service = "user-service";
  scene.tell(1, R::brain, asked);
  CHECK(scene.state_of(1) == State::planned);
  CHECK(shows("Plan `feedbeef` restarts `user-service`"));
  scribe.reset();  // A new process hears the same thread and asks for nothing again.
  scribe.emplace(scene.path, scene.forge->url(), scene.key);
  scene.say("carol", "/escalate");
  REQUIRE(commands(6));
  scene.tell(1, R::fixer, Escalated{"carol", "Asked for on the issue by /escalate."});
  CHECK(shows("Handed to `carol`"));
  scene.say("carol", "/dry-run");
  REQUIRE(commands(7));
  scene.tell(1, R::fixer, PlanJudged{"feedbeef", "carol", {{"A1", "refuse", "cooldown", "1 s"}}});
  CHECK(shows("would be refused: the guard `cooldown` says 1 s"));
  scene.say("alice", "/restart policy-service");
  REQUIRE(commands(8));
  CHECK(shows("in dry run since carol asked for it"));
}

TEST_CASE("key file: made once, kept, refused when damaged") {
  const support::TemporaryFolder folder;
  base::SystemRandom random;
  const auto first = scribe::load_or_make_key(folder.file("scribe.key"), random);
  REQUIRE(first.ok());
  CHECK(first->size() == 64);
  CHECK(*scribe::load_or_make_key(folder.file("scribe.key"), random) == *first);
  CHECK(scribe::load_or_make_key(folder.file("no/such/folder/key"), random).error().code ==
        base::ErrorCode::unavailable);
  REQUIRE(truncate(folder.file("scribe.key").c_str(), 10) == 0);
  CHECK(scribe::load_or_make_key(folder.file("scribe.key"), random).error().code ==
        base::ErrorCode::corrupt);
}

TEST_CASE("scribe on the forge: people hold and stop by labels, and vote by reactions") {
  using R = incident::Role;
  Scene scene;
  const Running scribe(scene.path, scene.forge->url(), scene.key);
  Signal signal;
  signal.service = "policy-service";
  signal.at = scene.clock.now().wall;
  scene.tell(1, R::scout, IncidentOpened{signal, Severity::high, "f", ""});
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  scene.tell(1, R::brain, made);
  PlanMade plan;
  plan.hash = "a1b2c3d4";
  plan.menu = {
      {"A1", Action::restart, "policy-service", "c", "s", "low", "none needed", "it died", 0, 0}};
  scene.tell(1, R::brain, plan);
  REQUIRE(scene.has_issue(1));

  REQUIRE(scene.as(scene.tokens.at("bob"))->add_labels(scene.issue, {"hold"}).ok());
  REQUIRE(scene.comes([&] { return scene.told<OperatorCommanded>().size() == 1; }));
  CHECK(scene.told<OperatorCommanded>().back().command == "/hold by label");
  CHECK(scene.told<OperatorCommanded>().back().by == "bob");
  REQUIRE(scene.as(scene.tokens.at("bob"))->remove_label(scene.issue, "hold").ok());
  REQUIRE(scene.comes([&] { return scene.told<OperatorCommanded>().size() == 2; }));
  CHECK(scene.told<OperatorCommanded>().back().command == "/resume by label");
  REQUIRE(scene.as(scene.tokens.at("carol"))->add_labels(scene.issue, {"sre:stop"}).ok());
  REQUIRE(scene.comes([&] { return scene.told<StopSet>().size() == 1; }));
  REQUIRE(scene.as(scene.tokens.at("carol"))->remove_label(scene.issue, "sre:stop").ok());
  REQUIRE(scene.comes([&] { return scene.told<StopCleared>().size() == 1; }));

  scene.tell(1, R::fixer,
             ActionIntended{"OP", "a1b2c3d4", 1, Action::restart, "policy-service", "c", "b", {}});
  std::int64_t action = 0;
  REQUIRE(scene.comes([&] {
    const auto comments = scene.reader()->list_comments(scene.issue);
    for (const auto& one : comments.value()) {
      if (one.body.find("**Fixer action**") != std::string::npos) action = one.id;
    }
    return action != 0;
  }));
  scene.react("alice", action, "+1");
  scene.react("bob", action, "-1");
  scene.react("dave", action, "+1");
  REQUIRE(scene.comes([&] {
    const auto votes = scene.told<VotesCounted>();
    return !votes.empty() && votes.back().up == 2 && votes.back().down == 1;
  }));
}

}  // namespace
}  // namespace scribe_forge_test
