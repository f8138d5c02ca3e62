// Commands that make somebody act: /restart, /rollback, /escalate, /dry-run, as the issue shows
// them.
#include "tests/unit/scribe_steered.h"

using namespace scribe_test;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string all_said(Steered& world) {
  std::string all;
  for (const auto& comment : world.thread()) all += comment.body;
  return all;
}

// As the Brain answers a /restart.
void plan_restart(World& world, const std::string& by, const std::string& service = "policy") {
  PlanMade plan = plan_of("feedbeef");
  plan.menu[0].service = service;
  plan.menu[0].reason = "asked by " + by;
  plan.asked_by = by;
  plan.expires = world.clock.now().wall + 5min;
  world.tell(1, plan);
}

void escalate(Steered& world) {
  world.tell(1, Escalated{"person", "the budget is spent"});
  world.settle(5s);
  REQUIRE(world.incident(1).state == State::escalated);
}

}  // namespace

TEST_CASE("/restart: one comment says what was asked and, once it is made, which plan it is") {
  for (const bool escalated : {false, true}) {
    CAPTURE(escalated);
    Steered world;
    await_approval(world);
    if (escalated) escalate(world);
    world.github.say("alice", 1, "/restart policy it hangs");
    world.settle(3s);
    CHECK_FALSE(world.incident(1).action_asked);  // One name, and nothing more.
    CHECK(says(all_said(world), "it names no service, or more than one"));
    world.github.say("alice", 1, "/restart policy\nit hangs");
    world.settle(5s);
    REQUIRE(world.incident(1).action_asked);
    CHECK(world.incident(1).action_asked->by == "alice");
    CHECK(world.answers("🔁 **Restart asked** by `alice`") == 1);
    plan_restart(world, "alice");
    world.settle(5s);
    CHECK(world.incident(1).state == State::planned);
    CHECK(world.incident(1).approval->by == "alice");
    CHECK(world.answers("🔁 **Restart asked** by `alice`") == 1);
    CHECK(says(all_said(world), "Plan `feedbeef` restarts `policy`"));
    CHECK(says(all_said(world), "MITIGATION: RESTART policy"));
    world.tell(1, PlanRefused{"feedbeef", "cooldown", "2min after the last action", false});
    world.tell(1, Escalated{"alice", "The guard cooldown refuses to act: 2min"});
    world.settle(5s);
    CHECK(says(all_said(world), "The guard `cooldown` said no to plan `feedbeef`: 2min"));
    CHECK(says(all_said(world), "Handed to `alice`"));
    const int writes = world.github.writes();
    world.restart();
    world.settle(10s);
    CHECK(world.github.writes() == writes);
    CHECK_FALSE(world.incident(1).action_asked);  // It counted once.
  }
}

TEST_CASE("/restart: whoever is refused learns why, and nothing changes") {
  struct Row {
    const char* line;
    std::function<void(Steered&)> before;
    const char* reason;
  };
  const auto nothing = [](Steered&) {};
  const auto act = [](Steered& world) {
    world.tell(1, ActionIntended{"OP1", kPlan, 1, Action::restart, "policy", "c", "before", {}});
  };
  const Row rows[] = {
      {"/restart", nothing, "it names no service"},
      {"/restart polcy", nothing, "the nearest name is \"policy\""},
      {"/restart billing", nothing, "neither this incident's service"},
      {"/restart `policy`", nothing, "no service is called"},
      {"/restart $(reboot)", nothing, "no service is called"},
      {"/restart policy", [](Steered& world) { world.tell(1, OperatorCommanded{"/hold", "bob"}); },
       "held by bob; /resume first"},
      {"/restart policy",
       [](Steered& world) { world.tell(1, OperatorCommanded{"/dry-run", "bob"}); },
       "in dry run since bob asked for it"},
      {"/restart policy",
       [](Steered& world) { world.tell(1, OperatorCommanded{"/restart user", "bob"}); },
       "another restart is asked for"},
      {"/restart policy", act, "comes to its outcome first"},
      {"/restart policy",
       [&](Steered& world) {
         act(world);
         world.tell(1, ActionDone{"OP1", "t2", false});
         world.tell(1, VerificationAsked{"OP1", "policy", world.clock.now().wall, 5s});
       },
       "comes to its outcome first"},
      {"/restart policy",
       [](Steered& world) {
         world.approvers = {"root"};
         world.restart();
       },
       "only the approvers"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    CAPTURE(row.reason);
    Steered world;
    await_approval(world);
    row.before(world);
    const bool was_asked = world.incident(1).action_asked.has_value();
    const State state = world.incident(1).state;
    world.github.say("alice", 1, row.line);
    world.settle(5s);
    CHECK(world.answers("💬 **Not done**") == 1);
    const auto& events = world.book().entries().at(1).events;
    const auto said = std::find_if(events.rbegin(), events.rend(), [](const auto& event) {
      return std::holds_alternative<OperatorCommanded>(event.what);
    });
    REQUIRE(said != events.rend());
    CHECK(says(std::get<OperatorCommanded>(said->what).refusal, row.reason));
    CHECK(world.incident(1).action_asked.has_value() == was_asked);
    CHECK(world.incident(1).state == state);
  }
}

TEST_CASE("/restart: it comes unedited, in time, and counts once whatever crashes") {
  Steered world;
  await_approval(world);
  const auto edited = world.github.say("alice", 1, "/why");
  world.clock.advance(1ms);
  world.github.rewrite(edited, "/restart policy");
  world.settle(5s);
  CHECK_FALSE(world.incident(1).action_asked);
  CHECK(says(all_said(world), "an edited comment approves nothing"));
  world.github.set_down(true);
  world.github.say("alice", 1, "/restart policy");
  world.clock.advance(31min);
  world.github.set_down(false);
  world.settle(40s);
  CHECK_FALSE(world.incident(1).action_asked);
  CHECK(says(all_said(world), "it is more than 30 minutes old"));
  for (const auto kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    for (int nth = 1; nth <= 4; ++nth) {
      CAPTURE(nth);
      Steered other;
      await_approval(other);
      other.github.say("alice", 1, "/restart user");
      other.crash_at(kind, nth);
      other.settle(10s);
      REQUIRE(other.incident(1).action_asked);
      plan_restart(other, "alice", "user");
      other.restart();
      other.settle(10s);
      CHECK_FALSE(other.incident(1).action_asked);
      CHECK(other.count<OperatorCommanded>() == 1);
      CHECK(other.answers("🔁 **Restart asked**") == 1);
    }
  }
}

TEST_CASE("/escalate: a person has it, and /resume says what that means") {
  Steered world;
  await_approval(world);
  world.github.say("carol", 1, "/escalate");
  world.settle(5s);
  REQUIRE(world.incident(1).escalation_asked_by == "carol");
  world.tell(1, Escalated{"carol", "Asked for on the issue by /escalate."});
  world.settle(5s);
  CHECK(says(all_said(world), "Handed to `carol`"));
  const auto labels = world.issues()[0].labels;
  CHECK(std::count(labels.begin(), labels.end(), "Status: Needs-Human") == 1);
  world.github.say("carol", 1, "/escalate");
  world.github.say("alice", 1, "/resume");
  world.settle(5s);
  CHECK(says(all_said(world), "a person has this incident already"));
  CHECK(says(all_said(world), "nothing is held, and a person has this incident"));
  world.github.say("carol", 1, "/hold");
  world.settle(5s);
  world.github.say("alice", 1, "/resume");
  world.settle(5s);
  CHECK(world.incident(1).held_by.empty());
  CHECK(world.incident(1).state == State::escalated);
}

TEST_CASE("/rollback: a restart has nothing to take back") {
  Steered world;
  await_approval(world);
  world.tell(1, ActionIntended{"OP1", kPlan, 1, Action::restart, "policy", "c", "before", {}});
  world.github.say("alice", 1, "/rollback");
  world.settle(5s);
  CHECK(says(all_said(world), "the last action has no outcome yet"));
  world.tell(1, ActionDone{"OP1", "t2", false});
  world.github.say("alice", 1, "/rollback");
  world.settle(5s);
  CHECK(says(all_said(world), "the last action was the restart of policy"));
  CHECK(says(all_said(world), "there is nothing to take back"));
  Incident other = world.incident(1);
  other.attempts.back().intent.action = Action::rollback;
  CHECK(says(objection_to_rollback(other), "nothing is kept of what was there before"));
  other.attempts.back().snapshot = "hash";
  CHECK(objection_to_rollback(other).empty());
}

TEST_CASE("/dry-run: one comment, into which the guards' word is put") {
  Steered world;
  await_approval(world);
  world.github.say("carol", 1, "/dry-run");
  world.settle(5s);
  CHECK(world.incident(1).held_by == "carol");
  CHECK(world.answers("🧪 **Dry run**, asked by `carol`") == 1);
  CHECK(says(all_said(world), "is put in here"));
  CHECK(says(world.issues()[0].body, "Dry run"));
  world.tell(1, PlanJudged{kPlan, "carol", {{"A1", "refuse", "cooldown", "2min of 10min"}}});
  world.settle(5s);
  CHECK(world.answers("🧪 **Dry run**, asked by `carol`") == 1);
  CHECK(says(all_said(world),
            "| A1 | restart | `policy` | `c` | low | none needed | would be refused: the guard "
            "`cooldown` says 2min of 10min |"));
  CHECK_FALSE(says(all_said(world), "is put in here"));
  world.github.set_label("bob", 1, "hold", true);  // Taking a label off ends no dry run.
  world.settle(5s);
  world.github.say("carol", 1, "/dry-run");
  world.settle(5s);
  world.github.set_label("bob", 1, "hold", false);
  world.settle(5s);
  CHECK(world.incident(1).dry_run);
  CHECK_FALSE(world.incident(1).held_by.empty());
  world.github.say("alice", 1, "/resume");
  world.settle(5s);
  CHECK_FALSE(world.incident(1).dry_run);
  CHECK(world.incident(1).held_by.empty());
}

TEST_CASE("a comment that a lagging list showed too late is folded, once, and no other is") {
  Steered world;
  await_approval(world);
  world.github.set_list_lag(60s);
  world.github.script({fakes::Fault::commit_then_502});
  world.tell(1, PlanRefused{kPlan, "stop", "the stop is set", false});
  world.settle(30s);
  world.github.set_list_lag(0s);
  const auto copied = world.thread().back().body;
  world.github.say("mallory", 1, copied);  // A marker that somebody copied is nobody's.
  world.settle(30s);
  CHECK(world.answers("🛠 **Fixer: plan refused**") == 1);
  CHECK(world.answers("♊ This comment came to light late") == 1);
  CHECK(world.thread().back().body == copied);
  const int writes = world.github.writes();
  for (int life = 0; life < 2; ++life) {
    world.restart();
    world.settle(10s);
  }
  CHECK(world.github.writes() == writes);
}

TEST_CASE("steering: where it takes two, the same person does not count twice") {
  Steered world;
  await_approval(world);
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.settle(5s);
  world.tell(1, ApprovalAsked{kPlan, world.clock.now().wall + 30min});  // It takes another one.
  world.settle(5s);
  CHECK(says(all_said(world), "It takes another person besides."));
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
  CHECK(says(all_said(world), "you approved it already, and it takes another person besides"));
  world.github.say("root", 1, "/approve a1b2c3d4");
  world.settle(5s);
  CHECK(world.incident(1).approvals.size() == 2);
  CHECK_FALSE(says(all_said(world), "It takes another person besides."));
  CHECK(says(all_said(world), "Approved by `root`"));
}
