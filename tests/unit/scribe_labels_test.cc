// Labels, votes and teams: what people do on an issue without a word.
#include "agents/scribe/votes.h"
#include "tests/unit/scribe_steered.h"

using namespace scribe_test;

namespace {

TEST_CASE("labels: `hold` of somebody with the right write holds, taking it off resumes") {
  Steered world;
  await_approval(world);
  const std::pair<const char*, bool> people[] = {
      {"dave", false}, {"carol", false}, {"bob", true}, {"alice", true}, {"nobody", false}};
  for (const auto& [login, may] : people) {
    CAPTURE(login);
    world.github.set_label(login, 1, "hold", true);
    world.settle(5s);
    CHECK(world.incident(1).held_by == (may ? login : ""));
    world.restart();
    world.settle(5s);
    CHECK(world.incident(1).held_by == (may ? login : ""));
    world.github.set_label("root", 1, "hold", false);
    world.settle(5s);
    CHECK(world.incident(1).held_by.empty());
  }
  CHECK(world.count<OperatorCommanded>() == 4);
  world.github.set_label("helper[bot]", 1, "hold", true, true);
  world.settle(5s);
  CHECK(world.incident(1).held_by.empty());
}

TEST_CASE("labels: taking `hold` off ends no hold that somebody asked for in words") {
  Steered world;
  await_approval(world);
  world.github.set_label("bob", 1, "hold", true);
  world.settle(5s);
  world.github.say("alice", 1, "/hold");
  world.settle(5s);
  world.github.set_label("bob", 1, "hold", false);
  world.settle(5s);
  CHECK(world.incident(1).held_by == "alice");
  world.github.say("alice", 1, "/resume");
  world.settle(5s);
  CHECK(world.incident(1).held_by.empty());
}

TEST_CASE("labels: a hold set or taken off while the Scribe is away counts when it is back") {
  Steered world;
  await_approval(world);
  world.github.set_down(true);
  world.github.set_label("bob", 1, "hold", true);
  world.settle(60s);
  CHECK(world.incident(1).held_by.empty());
  world.github.set_down(false);
  world.restart();
  world.settle(20s);
  CHECK(world.incident(1).held_by == "bob");
  world.github.set_label("bob", 1, "hold", false);
  world.restart();
  world.settle(20s);
  CHECK(world.incident(1).held_by.empty());
  CHECK(world.count<OperatorCommanded>() == 2);
}

TEST_CASE("labels: sre:stop on an incident's issue is a stop, whoever may label") {
  Steered world;
  world.options.make_control_issue = true;
  world.restart();
  await_approval(world);
  world.settle(5s);
  world.github.set_label("dave", 1, "sre:stop", true);
  world.settle(5s);
  CHECK_FALSE(world.book().stop());
  world.github.set_label("dave", 1, "sre:stop", false);
  world.settle(5s);
  world.github.set_label("carol", 1, "sre:stop", true);
  world.settle(5s);
  REQUIRE(world.book().stop());
  CHECK(world.book().stop()->reason == "the label sre:stop is on issue #1");
  for (int life = 0; life < 3; ++life) {  // No restart lifts it.
    world.restart();
    world.settle(5s);
    CHECK(world.book().stop());
  }
  CHECK(world.ledger.count<StopSet>() == 1);
  CHECK(world.ledger.count<StopCleared>() == 0);
  world.github.set_label("carol", 1, "sre:stop", false);
  world.settle(5s);
  CHECK_FALSE(world.book().stop());
}

TEST_CASE("labels: sre:stop on an issue that nobody touched for months outlives a restart") {
  Steered world;
  world.options.make_control_issue = true;
  world.restart();
  await_approval(world);
  world.github.set_label("carol", 1, "sre:stop", true);
  world.settle(5s);
  REQUIRE(world.book().stop());
  world.clock.advance(90 * 24h);
  for (int life = 0; life < 3; ++life) {
    world.restart();
    world.settle(10s);
    CHECK(world.book().stop());
  }
  CHECK(world.ledger.count<StopCleared>() == 0);
  world.github.set_label("carol", 1, "sre:stop", false);
  world.settle(5s);
  CHECK_FALSE(world.book().stop());
}

TEST_CASE("votes: one for each person, none for bots, and the last word counts") {
  using github::Reaction;
  const auto tally = [](std::vector<Reaction> reactions) {
    const auto counted = scribe::count_votes("OP", reactions);
    return std::pair(counted.up, counted.down);
  };
  CHECK(tally({}) == std::pair(0, 0));
  CHECK(tally({{1, "+1", "ada", false}, {2, "+1", "ada", false}}) == std::pair(1, 0));
  CHECK(tally({{1, "+1", "ada", false}, {2, "-1", "ada", false}}) == std::pair(0, 0));
  CHECK(tally({{1, "+1", "ada", false}, {2, "-1", "bob", false}, {3, "-1", "eve", false}}) ==
        std::pair(1, 2));
  CHECK(tally({{1, "+1", "robot", true}, {2, "heart", "ada", false}}) == std::pair(0, 0));
}

TEST_CASE("votes: the ledger knows them, once for each change, until a day after the end") {
  Steered world;
  world.options.votes_every = 5s;
  world.restart();
  await_approval(world);
  world.tell(1, ApprovalGiven{kPlan, "alice"});
  world.tell(1, ActionIntended{"OP1", kPlan, 1, Action::restart, "policy", "c", "before", {}});
  world.settle(5s);
  std::int64_t comment = 0;
  for (const auto& one : world.thread()) {
    if (one.body.find("**Fixer action**") != std::string::npos) comment = one.id;
  }
  REQUIRE(comment != 0);
  world.github.react("alice", comment, "+1");
  world.github.react("bob", comment, "-1");
  world.github.react("dave", comment, "+1");
  world.github.react("helper[bot]", comment, "+1", true);
  world.github.react("sre-space-bot", comment, "+1");
  world.settle(30s);
  CHECK(world.incident(1).attempts.at(0).votes_up == 2);
  CHECK(world.incident(1).attempts.at(0).votes_down == 1);
  CHECK(world.count<VotesCounted>() == 1);
  world.restart();
  world.settle(30s);
  CHECK(world.count<VotesCounted>() == 1);
  world.github.take_back("bob", comment);
  world.settle(30s);
  CHECK(world.count<VotesCounted>() == 2);
  CHECK(world.incident(1).attempts.at(0).votes_down == 0);
  world.tell(1, StoodDown{"enough", "alice"});
  world.settle(30s);
  REQUIRE(world.incident(1).state == State::closed);
  world.github.react("carol", comment, "+1");
  world.settle(30s);
  CHECK(world.incident(1).attempts.at(0).votes_up == 3);
  world.clock.advance(25h);
  world.github.react("root", comment, "+1");
  world.settle(30s);
  CHECK(world.count<VotesCounted>() == 3);
}

TEST_CASE("approvers: only those named approve, members of a team as long as they are") {
  struct Row {
    const char* login;
    const char* team;  // Member of it.
    bool may;
  };
  for (const Row& row :
       {Row{"alice", "", false}, Row{"alice", "acme/ops", true}, Row{"alice", "acme/dev", false},
        Row{"root", "", true}, Row{"bob", "acme/ops", false}}) {  // The right is needed as well.
    CAPTURE(row.login);
    CAPTURE(row.team);
    Steered world;
    world.approvers = {"ROOT", "@acme/ops"};
    world.restart();
    await_approval(world);
    if (*row.team != '\0') world.github.set_member(row.team, row.login, true);
    world.github.say(row.login, 1, "/approve a1b2c3d4");
    world.settle(5s);
    CHECK(world.count<ApprovalGiven>() == (row.may ? 1 : 0));
    CHECK(world.count<OperatorCommanded>() == 1);
  }
  Steered world;
  world.approvers = {"@acme/ops"};
  world.restart();
  await_approval(world);
  world.github.set_member("acme/ops", "alice", true);
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.github.set_member("acme/ops", "alice", false);  // Before it is read.
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 0);
}

}  // namespace
