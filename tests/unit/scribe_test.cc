#include "agents/scribe/scribe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "agents/scribe/markers.h"
#include "tests/support/print.h"
#include "tests/unit/scribe_world.h"

namespace {

using namespace scribe_test;
using fakes::Fault;

Signal died(std::string service) {
  Signal signal;
  signal.service = std::move(service);
  signal.container = std::string(64, 'c');
  signal.oom_killed = true;
  signal.exit_code = 137;
  return signal;
}

DiagnosisMade oom(std::string culprit = "policy") {
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  made.culprit = std::move(culprit);
  made.confidence = 0.97;
  made.rule = "oom_killed";
  return made;
}

PlanMade plan() {
  PlanMade made;
  made.hash = "a1b2c3d4";
  made.menu = {{"A1", Action::restart, "policy", "c", "s", "low", "none needed", "it died", 0, 0}};
  return made;
}

// A whole incident, one function per event, so that a test can do something between any two.
std::vector<Payload> healed_life() {
  return {IncidentOpened{died("policy"), Severity::high, "policy/died", ""},
          MemoryRecalled{{}, "", 0, 0},
          EvidenceCollected{{{"E1", "log", "last line", {"Killed"}}}},
          oom(),
          plan(),
          ActionIntended{"OP", "a1b2c3d4", 1, Action::restart, "policy", "c", "before", {}},
          ActionDone{"OP", "after", false},
          VerificationAsked{"OP", "policy", {}, 5s},
          VerificationTried{"OP", 1, true, 4, ""},
          VerificationPassed{"OP", 20, 31, ""},
          IncidentResolved{"OP", "restart", true},
          PostmortemWritten{"It ran out of memory."},
          MemoryIndexed{"oom", "restart", true}};
}

const std::vector<std::string> kHealedComments = {"📚 **Memory context**", "🧠 **Brain diagnosis**",
                                                  "🛠 **Fixer action**", "✅ **Verification**",
                                                  "📝 **Post-mortem**"};

std::string without_marker(const std::string& body) { return body.substr(body.find('\n') + 1); }

// One issue, closed, told completely and once, and everything recorded.
void check_healed(World& world) {
  const auto issues = world.issues();
  REQUIRE(issues.size() == 1);
  const auto& issue = issues.front();
  CHECK(issue.state == "closed");
  CHECK(issue.state_reason == "completed");
  CHECK(issue.title == "[INCIDENT] policy: ran out of memory and was killed (exit code 137)");
  CHECK(std::set<std::string>(issue.labels.begin(), issue.labels.end()) ==
        std::set<std::string>{"incident", "service: policy", "severity: high",
                              "Status: AI-Resolved", "class: oom", "Learning: Indexed"});
  const auto comments = *world.github.list_comments(issue.number);
  REQUIRE(comments.size() == kHealedComments.size());
  for (std::size_t i = 0; i < comments.size(); ++i)
    CHECK(without_marker(comments[i].body).starts_with(kHealedComments[i]));
  // What stands there is what the events say, to the letter.
  const auto& entry = world.book().entries().at(1);
  const auto thread = scribe::project(entry, world.book(), {});
  CHECK(without_marker(issue.body) == thread.body);
  for (std::size_t i = 0; i < comments.size(); ++i)
    CHECK(without_marker(comments[i].body) == thread.comments[i].body);
  CHECK(world.incident(1).state == State::closed);
  CHECK(world.incident(1).issue == issue.number);
  CHECK(world.ledger.count<IssueOpened>() == 1);
  CHECK(world.ledger.count<IncidentClosed>() == 1);
}

TEST_CASE("scribe: a healed incident becomes one closed issue") {
  World world;
  for (auto& event : healed_life()) {
    world.tell(1, event);
    world.settle(500ms);
  }
  world.settle();
  check_healed(world);
  const int writes = world.github.writes();
  world.restart();
  world.settle();
  CHECK(world.github.writes() == writes);  // A new process finds nothing left to write.
}

TEST_CASE("scribe: told at once, it collapses to the final state") {
  World world;
  for (auto& event : healed_life()) world.tell(1, event);
  world.settle();
  check_healed(world);
  CHECK(world.github.writes() <= 12);
}

TEST_CASE("scribe: healing goes first, but the telling does not wait for long") {
  for (const bool acts : {true, false}) {
    CAPTURE(acts);
    World world;
    world.options.healing_first = 1s;
    world.restart();
    world.settle(2s);
    for (auto& event : healed_life()) {
      const bool acted = std::holds_alternative<VerificationAsked>(event);
      if (acted) world.settle(400ms);
      CHECK(world.issues().empty());
      if (acted && !acts) break;
      world.tell(1, event);
      if (acted) break;
    }
    world.settle(50ms);
    CHECK(world.issues().empty() == !acts);
    world.settle(600ms);
    CHECK(world.issues().size() == 1);
  }
}

TEST_CASE("scribe: every write meets every bad day") {
  for (const auto fault : {Fault::commit_then_502, Fault::lost_502, Fault::drop_reply,
                           Fault::rate_limited, Fault::refused}) {
    for (std::size_t nth = 0; nth < 14; ++nth) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(nth);
      World world;
      for (auto& event : healed_life()) world.tell(1, event);
      bool armed = false;
      for (int turns = 0; turns < 400; ++turns) {
        if (!armed && world.github.writes() == static_cast<int>(nth)) {
          world.github.script({fault});
          armed = true;
        }
        if (!world.step()) world.clock.advance(50ms);
      }
      world.settle();
      check_healed(world);
    }
  }
}

TEST_CASE("scribe: three bad days in a row at every write") {
  World world;
  for (auto& event : healed_life()) world.tell(1, event);
  for (int turns = 0; turns < 600; ++turns) {
    if (turns % 3 == 0) world.github.script({static_cast<Fault>(turns / 3 % 5)});
    if (!world.step()) world.clock.advance(100ms);
  }
  world.github.script({});
  world.settle(60s);
  check_healed(world);
}

TEST_CASE("scribe: killed at every point, it misses nothing and doubles nothing") {
  for (const auto kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    int points = 0;
    for (int nth = 1; nth < 60; ++nth) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(nth);
      World world;
      world.crash_at(kind, nth);
      for (auto& event : healed_life()) {
        world.tell(1, event);
        world.settle(300ms);
      }
      world.settle();
      check_healed(world);
      if (!world.crashed()) break;  // There are no more such points.
      ++points;
    }
    CHECK(points >= 10);
  }
}

TEST_CASE("scribe: killed after an effect whose lists lag") {
  World world;
  world.options.miss_gap = 10s;
  world.restart();
  world.github.set_list_lag(8s);
  for (auto& event : healed_life()) world.tell(1, event);
  for (int nth = 1; nth <= 6; ++nth) {
    world.crash_at(Crash::after_effect, 1);
    world.settle(40s);
  }
  world.settle(60s);
  check_healed(world);
}

TEST_CASE("scribe: the ledger's own bad days") {
  for (const auto code : {ErrorCode::unavailable, ErrorCode::conflict, ErrorCode::unknown}) {
    for (std::size_t nth = 0; nth < 30; nth += 3) {
      CAPTURE(code);
      CAPTURE(nth);
      World world;
      for (auto& event : healed_life()) world.tell(1, event);
      for (std::size_t turns = 0; turns < 100; ++turns) {
        if (turns == nth) world.ledger.fail_appends({code});
        if (!world.step()) world.clock.advance(50ms);
      }
      world.settle();
      check_healed(world);
    }
  }
}

TEST_CASE("scribe: GitHub is away for a minute while the incident is healed") {
  World world;
  world.settle(2s);
  world.github.set_down(true);
  for (auto& event : healed_life()) {
    world.tell(1, event);
    world.settle(5s);
  }
  CHECK(world.incident(1).state == State::resolved);
  CHECK(world.ledger.count<GithubIntended>() <= 1);  // No noise while nobody answers.
  world.github.set_down(false);
  world.settle(20s);
  check_healed(world);
}

TEST_CASE("scribe: no call inside a rate limit's window") {
  World world;
  world.settle(3s);
  world.tell(1, healed_life().front());
  world.github.script({Fault::rate_limited});
  while (world.ledger.count<GithubFailed>() == 0) {
    if (!world.step()) world.clock.advance(1ms);
  }
  const int calls = world.github.calls();
  const auto limited = world.clock.now().boot;
  while (world.clock.now().boot - limited < 1900ms) {
    if (!world.step()) world.clock.advance(10ms);
  }
  CHECK(world.github.calls() == calls);
  world.settle(5s);
  CHECK(world.issues().size() == 1);
}

TEST_CASE("scribe: posts keep their distance, in their order") {
  World world;
  world.options.post_spacing = 1s;
  world.restart();
  for (auto& event : healed_life()) world.tell(1, event);
  world.settle();
  check_healed(world);
  const auto posts = world.github.posts();
  for (std::size_t i = 1; i < posts.size(); ++i) CHECK(posts[i] - posts[i - 1] >= 1s);
}

TEST_CASE("scribe: a downstream incident joined in time gets no issue") {
  World world;
  world.options.depends_on = {{"policy", {"user"}}};
  world.restart();
  world.settle(2s);
  world.tell(1, IncidentOpened{died("user"), Severity::high, "u", ""});
  world.settle(100ms);
  CHECK(world.issues().size() == 1);  // The root's is there at once.
  Signal slow = died("policy");
  slow.kind = SignalKind::probe_timeout;
  world.tell(2, IncidentOpened{slow, Severity::high, "p", ""});
  world.settle(1500ms);
  CHECK(world.issues().size() == 1);
  world.tell(2, IncidentJoined{1, "user is down"});
  world.settle(5s);
  CHECK(world.issues().size() == 1);
  CHECK(world.incident(2).state == State::closed);
  CHECK(world.incident(2).issue == 0);
  const auto comments = *world.github.list_comments(1);
  REQUIRE(comments.size() == 1);
  CHECK(comments.front().body.find("incident 2: `policy`") != std::string::npos);
}

TEST_CASE(
    "scribe: a downstream incident seen before its root waits too, and is told when none comes") {
  World world;
  world.options.depends_on = {{"policy", {"user"}}};
  world.restart();
  world.settle(2s);
  Signal slow = died("policy");
  slow.kind = SignalKind::probe_timeout;
  world.tell(1, IncidentOpened{slow, Severity::high, "p", ""});
  world.settle(1800ms);
  CHECK(world.issues().empty());
  world.settle(1s);
  CHECK(world.issues().size() == 1);
}

TEST_CASE("scribe: joined after its issue was opened, the issue is closed") {
  World world;
  world.tell(1, IncidentOpened{died("user"), Severity::high, "u", ""});
  world.tell(2, IncidentOpened{died("policy"), Severity::high, "p", ""});
  world.settle(5s);
  CHECK(world.issues().size() == 2);
  world.tell(2, IncidentJoined{1, "user is down"});
  world.settle();
  CHECK(world.issues().at(1).state == "closed");
  CHECK(world.issues().at(1).state_reason == "not_planned");
  CHECK(world.incident(2).state == State::closed);
}

TEST_CASE("scribe: joined while the opening of its issue has no outcome") {
  for (const auto fault : {Fault::drop_reply, Fault::lost_502}) {
    World world;
    world.settle(2s);
    world.tell(1, IncidentOpened{died("policy"), Severity::high, "p", ""});
    world.github.script({fault});
    while (world.ledger.count<GithubUnknown>() == 0) {
      if (!world.step()) world.clock.advance(1ms);
    }
    world.tell(1, IncidentJoined{9, "user is down"});
    world.settle();
    CHECK(world.incident(1).state == State::closed);
    const auto issues = world.issues();
    CHECK(issues.size() == (fault == Fault::drop_reply ? 1 : 0));
    if (!issues.empty()) CHECK(issues.front().state == "closed");
  }
}

TEST_CASE("scribe: stood down before an issue: none, and closed at once") {
  World world;
  world.github.set_down(true);
  world.tell(1, IncidentOpened{died("policy"), Severity::high, "p", ""});
  world.tell(1, StoodDown{"docker stop", "a person"});
  world.settle(2s);
  CHECK(world.incident(1).state == State::closed);
  world.github.set_down(false);
  world.settle();
  CHECK(world.issues().empty());
}

TEST_CASE("scribe: an escalated incident stays open and asks for a person") {
  World world;
  world.tell(1, IncidentOpened{died("policy"), Severity::high, "p", ""});
  world.tell(1, oom());
  world.tell(1, Escalated{"on-call", "budget spent"});
  world.settle();
  const auto issue = world.issues().at(0);
  CHECK(issue.state == "open");
  CHECK(std::count(issue.labels.begin(), issue.labels.end(), "Status: Needs-Human") == 1);
  CHECK(world.github.list_comments(1)->size() == 2);
}

TEST_CASE("scribe: closes without memory after ten seconds; the label comes later") {
  World world;
  auto life = healed_life();
  const auto indexed = life.back();
  life.pop_back();
  for (auto& event : life) world.tell(1, event);
  world.settle(9s);
  CHECK(world.issues().at(0).state == "open");
  world.settle(3s);
  CHECK(world.issues().at(0).state == "closed");
  CHECK(world.incident(1).state == State::closed);
  world.tell(1, indexed);
  world.settle();
  check_healed(world);
}

TEST_CASE("scribe: the card and labels move at most once in a while, and always at the end") {
  World world;
  world.options.card_every = 1s;
  world.restart();
  world.settle(2s);
  auto life = healed_life();
  world.tell(1, life.front());
  world.settle(100ms);
  int edits = 0;
  for (int i = 0; i < 50; ++i) {
    world.tell(1, SignalAdded{died("policy"), 1});
    world.settle(100ms);
  }
  for (const auto& record : world.ledger.all()) {
    const auto* intended = std::get_if<GithubIntended>(&record.event.what);
    edits += intended != nullptr && intended->key == "card" ? 1 : 0;
  }
  CHECK(edits >= 4);
  CHECK(edits <= 6);
  world.settle(2s);
  CHECK(world.issues().at(0).body.find("| Signals | 51 |") != std::string::npos);
}

TEST_CASE("scribe: a comment that a person deleted is not written again") {
  World world;
  auto life = healed_life();
  for (std::size_t i = 0; i < 5; ++i) world.tell(1, life[i]);
  world.settle(2s);
  const auto comments = *world.github.list_comments(1);
  REQUIRE(comments.size() == 2);
  world.github.delete_comment(comments[1].id);
  world.tell(1, EvidenceCollected{{{"E2", "log", "more", {}}}});
  world.settle(30s);
  CHECK(world.ledger.count<OpHeld>() == 1);
  for (std::size_t i = 5; i < life.size(); ++i) world.tell(1, life[i]);
  world.settle(30s);
  CHECK(world.github.list_comments(1)->size() == 4);
  CHECK(world.incident(1).state == State::closed);
}

TEST_CASE("scribe: a person's labels stay") {
  World world;
  auto life = healed_life();
  world.tell(1, life.front());
  world.settle(1s);
  REQUIRE(world.github.add_labels(1, {"ours-too"}).ok());
  for (std::size_t i = 1; i < life.size(); ++i) world.tell(1, life[i]);
  world.settle();
  const auto labels = world.issues().at(0).labels;
  CHECK(std::count(labels.begin(), labels.end(), "ours-too") == 1);
}

TEST_CASE("scribe: the stop label sets the stop, and takes back only its own") {
  World world;
  const auto control = world.github.open_issue({"control", "b", {"sre:control"}})->number;
  world.settle(3s);
  CHECK_FALSE(world.book().stop().has_value());
  REQUIRE(world.github.add_labels(control, {"sre:stop"}).ok());
  world.settle(3s);
  REQUIRE(world.book().stop().has_value());
  CHECK(world.book().stop()->by == "github");
  CHECK(world.ledger.count<StopSet>() == 1);
  REQUIRE(world.github.remove_label(control, "sre:stop").ok());
  world.settle(3s);
  CHECK_FALSE(world.book().stop().has_value());
  world.tell(0, StopSet{"maintenance", "ada"});
  world.settle(5s);
  CHECK(world.book().stop().has_value());  // Not ours to take back.
  CHECK(world.ledger.count<StopCleared>() == 1);
}

TEST_CASE("scribe: an unreadable or closed control issue clears no stop") {
  World world;
  const auto control =
      world.github.open_issue({"control", "b", {"sre:control", "sre:stop"}})->number;
  world.settle(3s);
  REQUIRE(world.book().stop().has_value());
  world.github.set_down(true);
  world.settle(10s);
  CHECK(world.book().stop().has_value());
  world.github.set_down(false);
  github::IssueEdit close;
  close.state = "closed";
  REQUIRE(world.github.edit_issue(control, close).ok());
  world.settle(10s);
  CHECK(world.book().stop().has_value());
}

TEST_CASE("scribe: makes the control issue once, and tells the stop in it") {
  World world;
  world.options.make_control_issue = true;
  world.restart();
  world.settle(3s);
  world.restart();
  world.settle(3s);
  REQUIRE(world.issues().size() == 1);
  CHECK(world.issues().at(0).labels == std::vector<std::string>{"sre:control"});
  world.tell(0, StopSet{"maintenance", "ada"});
  world.settle(3s);
  CHECK(world.issues().at(0).body.find("**stopped** by `ada`") != std::string::npos);
  world.tell(1, healed_life().front());
  world.settle(3s);
  CHECK(world.issues().at(1).body.find("control issue (#1)") != std::string::npos);
}

TEST_CASE("scribe: five incidents at once are each told once") {
  World world;
  for (auto& event : healed_life()) {
    for (IncidentId id = 1; id <= 5; ++id) world.tell(id, event);
    world.settle(120ms);
  }
  world.settle(30s);
  const auto issues = world.issues();
  REQUIRE(issues.size() == 5);
  for (const auto& issue : issues) {
    CHECK(issue.state == "closed");
    CHECK(world.github.list_comments(issue.number)->size() == kHealedComments.size());
  }
}

TEST_CASE("scribe: a marker of somebody else's is not adopted") {
  World world;
  fakes::FakeGithub stranger(world.clock, "stranger");
  const std::string line = scribe::marker({"OP", true, 1, "issue"}, "secret");
  REQUIRE(stranger.open_issue({"t", line + "\nb", {}}).ok());
  scribe::Observe observe;
  observe.op = "OP";
  observe.marker = line;
  // The stranger's repository, read with our login: what it holds is by another author.
  class Mixed final : public github::Github {
   public:
    explicit Mixed(fakes::FakeGithub& inner) : inner_(inner) {}
    github::Result<github::User> get_user() override { return github::User{1, "sre-space-bot"}; }
    github::Result<github::Issue> open_issue(const github::NewIssue& i) override {
      return inner_.open_issue(i);
    }
    github::Result<github::Issue> edit_issue(std::int64_t n, const github::IssueEdit& e) override {
      return inner_.edit_issue(n, e);
    }
    github::Result<github::Issue> get_issue(std::int64_t n) override { return inner_.get_issue(n); }
    github::Result<std::vector<github::Comment>> list_comments_since(base::WallTime t) override {
      return inner_.list_comments_since(t);
    }
    github::Result<github::Comment> get_comment(std::int64_t n) override {
      return inner_.get_comment(n);
    }
    github::Result<github::Right> get_right(const std::string& l) override {
      return inner_.get_right(l);
    }
    github::Result<std::vector<github::StateChange>> list_state_changes(std::int64_t n) override {
      return inner_.list_state_changes(n);
    }
    github::Result<std::vector<github::LabelChange>> list_label_changes(std::int64_t n) override {
      return inner_.list_label_changes(n);
    }
    github::Result<std::vector<github::Reaction>> list_reactions(std::int64_t n) override {
      return inner_.list_reactions(n);
    }
    github::Result<bool> is_team_member(const std::string& o, const std::string& t,
                                        const std::string& l) override {
      return inner_.is_team_member(o, t, l);
    }
    github::Result<std::vector<github::Issue>> list_issues(const github::IssueQuery&) override {
      return inner_.list_issues({});
    }
    github::Result<github::Comment> comment(std::int64_t n, const std::string& b) override {
      return inner_.comment(n, b);
    }
    github::Result<github::Comment> edit_comment(std::int64_t n, const std::string& b) override {
      return inner_.edit_comment(n, b);
    }
    github::Result<std::vector<github::Comment>> list_comments(std::int64_t n) override {
      return inner_.list_comments(n);
    }
    github::Status add_labels(std::int64_t n, const std::vector<std::string>& l) override {
      return inner_.add_labels(n, l);
    }
    github::Status remove_label(std::int64_t n, const std::string& l) override {
      return inner_.remove_label(n, l);
    }
    github::Status create_label(const github::Label& l) override { return inner_.create_label(l); }

   private:
    fakes::FakeGithub& inner_;
  } mixed(stranger);
  scribe::GithubCalls with_mixed(mixed);
  CHECK(std::get<scribe::Observed>(with_mixed.carry_out(scribe::Request(observe))).number == 0);
  scribe::GithubCalls as_stranger(stranger);
  CHECK(std::get<scribe::Observed>(as_stranger.carry_out(scribe::Request(observe))).number == 1);
}

}  // namespace
