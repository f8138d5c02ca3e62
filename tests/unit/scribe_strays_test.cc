// Issues of ours that are not the incident's thread: full ones, and twins that came to light late.
#include "tests/unit/scribe_steered.h"

using namespace scribe_test;
using fakes::Fault;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Small : Steered {
  Small() {
    options.comments_max = 10;
    restart();
  }
  void fill(std::int64_t issue) {
    for (int i = 0; i < 10; ++i) github.say("dave", issue, "me too");
    clock.advance(1s);
    github.set_label("dave", issue, "noise", true);  // Whatever changes it makes it heard.
    settle(20s);
  }
};

void check_continued(Small& world) {
  const auto issues = world.issues();
  REQUIRE(issues.size() == 2);
  CHECK(issues[0].state == "closed");
  CHECK(issues[0].state_reason == "not_planned");
  CHECK(world.incident(1).issue == 2);
  int links = 0;
  for (const auto& comment : world.thread())
    links += has(comment.body, "**Continued** in #2") ? 1 : 0;
  CHECK(links == 1);
  CHECK(has(issues[1].body, "The thread before this: #1."));
  CHECK(std::count(issues[1].labels.begin(), issues[1].labels.end(), "Status: Awaiting-Approval") ==
        1);
  CHECK(std::count(issues[1].labels.begin(), issues[1].labels.end(), "class: oom") == 1);
}

TEST_CASE("roll-over: a full issue is continued in another, with links both ways") {
  Small world;
  await_approval(world);
  const auto before = world.thread().size();
  world.fill(1);
  check_continued(world);
  CHECK(world.incident(1).state ==
        State::awaiting_approval);  // Closing the full one is no closing.
  world.github.say("alice", 2, "/approve a1b2c3d4");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
  world.tell(1, ActionIntended{"OP1", kPlan, 1, Action::restart, "policy", "c", "before", {}});
  world.settle(5s);
  CHECK(world.thread().size() == before + 11);  // Nothing more in the full one.
  const auto comments = world.github.list_comments(2);
  REQUIRE(comments.ok());
  CHECK(std::any_of(comments->begin(), comments->end(),
                    [](const auto& one) { return has(one.body, "**Fixer action**"); }));
  world.fill(2);
  CHECK(world.issues().size() == 3);
  CHECK(world.incident(1).issue == 3);
  CHECK(has(world.issues()[2].body, "The thread before this: #2."));
  world.github.say("alice", 3, "/close");
  world.settle(20s);
  CHECK(world.incident(1).state == State::closed);
  for (const auto& issue : world.issues()) CHECK(issue.state == "closed");
}

TEST_CASE("roll-over: a hold by label outlives it, and ends by the label on the new issue") {
  Small world;
  await_approval(world);
  world.github.set_label("bob", 1, "hold", true);
  world.settle(5s);
  world.fill(1);
  world.settle(60s);
  CHECK(world.incident(1).issue == 2);
  CHECK(world.incident(1).held_by == "bob");
  const int calls = world.github.calls();
  world.settle(60s);
  CHECK(world.github.calls() - calls < 190);  // Three lists a second, and no more questions.
  for (const bool on : {true, false}) {
    world.github.set_label("bob", 2, "hold", on);
    world.settle(5s);
    CHECK(world.incident(1).held_by == (on ? "bob" : ""));
  }
}

TEST_CASE("roll-over: killed at any point, there is one continuation") {
  for (const Crash kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    for (int nth = 1; nth <= 12; ++nth) {
      CAPTURE(nth);
      Small world;
      await_approval(world);
      world.crash_at(kind, nth);
      world.fill(1);
      world.settle(20s);
      check_continued(world);
    }
  }
}

TEST_CASE("roll-over: every bad answer to its writes leaves one continuation") {
  for (const Fault fault :
       {Fault::commit_then_502, Fault::drop_reply, Fault::lost_502, Fault::refused}) {
    for (int nth = 0; nth < 4; ++nth) {
      CAPTURE(nth);
      Small world;
      await_approval(world);
      int seen = 0;
      world.github.on_each_write([&]() -> std::optional<Fault> {
        return seen++ == nth ? std::optional(fault) : std::nullopt;
      });
      world.fill(1);
      world.settle(20s);
      check_continued(world);
    }
  }
}

TEST_CASE("janitor: a twin that comes to light late is closed with a link within 5 minutes") {
  Steered world;
  world.options.steer_every = 15s;
  world.options.miss_gap = 30s;
  world.restart();
  world.github.set_list_lag(3min);  // Longer than we look for it.
  world.github.script({Fault::drop_reply});
  Signal signal;
  signal.service = "policy";
  world.tell(1, IncidentOpened{signal, Severity::high, "f", ""});
  world.settle(2min);
  CHECK(world.incident(1).issue == 2);
  world.settle(6min);  // The lag, and then 5 minutes at most.
  const auto issues = world.issues();
  REQUIRE(issues.size() == 2);
  CHECK(issues[0].state == "closed");
  CHECK(issues[1].state == "open");
  const auto comments = world.thread();
  REQUIRE(comments.size() == 1);
  CHECK(has(comments[0].body, "has its thread in #2"));
  CHECK_FALSE(is_over(world.incident(1).state));
  world.restart();
  world.settle(5min);
  CHECK(world.thread().size() == 1);
}

TEST_CASE("janitor: somebody else's issue with our words is left alone") {
  Steered world;
  world.restart();
  world.github.set_list_lag(3min);
  world.github.script({Fault::lost_502});
  Signal signal;
  signal.service = "policy";
  world.tell(1, IncidentOpened{signal, Severity::high, "f", ""});
  world.settle(2min);
  REQUIRE(world.issues().empty());
  world.settle(4min);
  const auto ours = world.issues();
  REQUIRE(ours.size() == 1);
  auto copy = ours[0].body;
  REQUIRE(world.github.open_issue({"a copy", copy, {"incident"}}).ok());
  world.settle(6min);
  CHECK(world.issues()[1].state == "open");  // A marker of this operation is no lost one's.
}

}  // namespace
