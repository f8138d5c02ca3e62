// What changes what a service is: pull requests, rollbacks, replicas, queues; and that each is taken
// back when it does not help.
#include "tests/unit/fixer_scene.h"

using namespace fixer_test;

namespace {

// A plan to raise the memory limit by pull request, with everything that it needs.
struct PullScene : Scene {
  // `on_failure`: the runbook that follows.
  explicit PullScene(const std::string& on_failure = "") {
    config::Gitops gitops;
    gitops.file = "compose.yaml";
    gitops.merge_by_us = true;
    gitops.merge_after = 1min;
    config.services[0].gitops = gitops;
    begin();
    IncidentOpened opened;
    opened.signal.service = "a";
    opened.signal.confirmed_by = {"engine state"};
    stage->write(Role::scout, 1, opened);
    DiagnosisMade made;
    made.failure = FailureClass::oom;
    made.confidence = 0.97;
    stage->write(Role::brain, 1, made);
    MenuEntry entry;
    entry.action = Action::pull_request;
    entry.service = "a";
    entry.container = kId;
    entry.seen_started_at = "t1";
    entry.runbook = "leak-raise-limit";
    entry.on_failure = on_failure;
    entry.change = {"memory_limit", 64, 96};
    stage->write(Role::brain, 1, PlanMade{"p1", 1, stage->now.wall + 5min, {entry}});
    stage->step();
  }
  void pull() {
    stage->write(Role::scribe, 1, PrOpened{op(), 7, "url", "fix-inc-1-x", "abc"});
    stage->step();
  }
  void merge() {
    pull();
    stage->write(Role::scribe, 1, PrMerged{op(), "def"});
    stage->step();
  }
  void changed(const std::string& snapshot = "before") {
    answer(warden::Performed{warden::Outcome::done, "t2", kId, snapshot});
  }
};

struct FollowedScene : PullScene {
  FollowedScene() : PullScene("raise-taken-back") {}
};

}  // namespace

TEST_CASE_FIXTURE(
    PullScene, "a pull request is intended, and nothing is asked of the warden before its merge") {
  const auto intent = stage->last<ActionIntended>();
  CHECK(intent.action == Action::pull_request);
  CHECK(intent.change.to == 96);
  pull();
  stage->run(1h - 44min);
  CHECK(state() == State::acting);
  CHECK(performed().empty());
  SUBCASE("it does not keep others from being healed") {
    plan(2, "b");
    stage->step();
    CHECK(performed().size() == 1);
  }
  SUBCASE("nobody merges it: a person is called") {
    stage->run(1min);
    CHECK(state() == State::escalated);
    CHECK(stage->last<Escalated>().reason.starts_with("Pull request #7 is not merged after"));
  }
  SUBCASE("it is closed: a person has decided") {
    stage->write(Role::scribe, 1, PrClosed{op(), "closed by ada"});
    stage->run(1s);
    CHECK(state() == State::escalated);
    CHECK(stage->last<ActionFailed>().error == "the pull request: closed by ada");
  }
  CHECK(stage->all<ActionIntended>().size() <= 2);
}

TEST_CASE_FIXTURE(PullScene, "a person's merge is waited for by people, not by us") {
  config.services[0].gitops->merge_by_us = false;
  pull();
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason.starts_with("Pull request #7 waits for a person"));
  MenuEntry again = stage->incident(1).plan->menu[0];
  plan(2, "a");
  stage->write(Role::brain, 2, PlanMade{"p2", 2, stage->now.wall + 5min, {again}});
  stage->step();
  CHECK(stage->last<PlanRefused>().guard == "pull_requests");
}

TEST_CASE_FIXTURE(PullScene, "after the merge the guards are asked what forbids any effect now") {
  pull();
  SUBCASE("a stop, until it is cleared") {
    stage->stop_file = true;
    merge();
    stage->run(10s);
    CHECK(performed().empty());
    stage->stop_file = false;
    stage->run(3s);
    CHECK(performed().size() == 1);
  }
  SUBCASE("another operation, until it has its outcome") {
    const auto pull_op = op();
    plan(2, "b");
    stage->step();
    REQUIRE(performed().size() == 1);
    stage->write(Role::scribe, 1, PrMerged{pull_op, "def"});
    stage->run(3s);
    CHECK(performed().size() == 1);
    done();
    stage->run(3s);
    CHECK(performed().size() == 2);
  }
  SUBCASE("a window: a person has it") {
    config.maintenance = {{{"a"}, 0x7F, 0, 24 * 60, ""}};
    merge();
    stage->run(1s);
    CHECK(performed().empty());
    CHECK(state() == State::escalated);
    CHECK(stage->last<ActionFailed>().error ==
          "the guard maintenance refuses to bring the merged value to a: a is frozen: every day "
          "00:00 to 24:00 UTC");
  }
}

TEST_CASE_FIXTURE(PullScene, "the merged value is brought to the container and proven") {
  merge();
  REQUIRE(performed().size() == 1);
  const auto operation = performed()[0].operation;
  CHECK(operation.verb == warden::Verb::set_limits);
  CHECK(operation.memory_bytes == 96);
  CHECK(operation.op == op());
  SUBCASE("what is not known is asked again, as the same operation") {
    answer(error(base::ErrorCode::unknown));
    stage->run(3s);
    CHECK(performed().size() == 2);
    CHECK(performed()[1].operation.op == op());
    CHECK(state() == State::acting);
  }
  SUBCASE("after a crash it is asked again") {
    begin();
    stage->run(3s);
    REQUIRE(performed().size() == 1);
    CHECK(performed()[0].operation.op == operation.op);
  }
  SUBCASE("what the warden's rules refuse goes to a person") {
    answer(error(base::ErrorCode::denied, "rule bounds: 96 is above 80"));
    stage->run(1s);
    CHECK(state() == State::escalated);
  }
  SUBCASE("a stop is waited for") {
    answer(error(base::ErrorCode::denied, "rule stop: set"));
    stage->run(10s);
    CHECK(state() == State::acting);
    CHECK(performed().size() == 2);
  }
  changed();
  if (state() == State::escalated) return;
  CHECK(state() == State::verifying);
  CHECK(stage->last<ActionDone>().snapshot == "before");
  first_good_and_passed();
  CHECK(state() == State::resolved);
}

TEST_CASE_FIXTURE(PullScene, "a change that is not proven is taken back, once") {
  merge();
  changed();
  const auto change = op();
  stage->write(Role::scout, 1, VerificationFailed{change, "sick again"});
  SUBCASE("not while a stop is set") {
    stage->write(Role::person, 0, StopSet{"x", "ada"});
    stage->run(5s);
    CHECK(performed().size() == 1);
    stage->write(Role::person, 0, StopCleared{"ada"});
  }
  stage->step();
  REQUIRE(performed().size() == 2);
  const auto undo = performed()[1].operation;
  CHECK(undo.verb == warden::Verb::recreate);
  CHECK(undo.snapshot == "before");
  CHECK(stage->last<ActionIntended>().undoes == change);
  SUBCASE("also by a Fixer that was started anew") {
    begin();
    stage->run(3s);
    REQUIRE(performed().size() == 1);
    CHECK(performed()[0].operation.op == undo.op);
  }
  SUBCASE("although the warden's cooldown lasts longer than the proof did") {
    answer(error(base::ErrorCode::denied, "rule cooldown: scaled 14s ago, the cooldown is 30s"));
    CHECK(state() == State::acting);
    stage->run(3s);
    REQUIRE(performed().size() == 3);
    CHECK(performed()[2].operation.op == undo.op);
  }
  answer(warden::Performed{warden::Outcome::done, "t3", kId, "after"});
  CHECK(state() == State::escalated);
  CHECK(stage->last<UndoDone>().op == change);
  CHECK(stage->last<Escalated>().reason ==
        "The fix is not proven and was taken back: sick again. The new value is still in git: pull "
        "request #7 wants a revert");
}

TEST_CASE_FIXTURE(PullScene, "where a workflow deploys, the value is waited for on the container") {
  config.services[0].gitops->deploy = config::Gitops::Deploy::workflow;
  container.state = RunState::running;
  container.memory_limit_bytes = 64;
  merge();
  look_for(5s);
  CHECK(performed().empty());
  CHECK(state() == State::acting);
  SUBCASE("it comes") {
    container.memory_limit_bytes = 96;
    look_for(5s);
    CHECK(state() == State::verifying);
    CHECK(stage->last<ActionDone>().container == kId);
  }
  SUBCASE("it does not") {
    stage->run(16min);
    CHECK(state() == State::escalated);
    CHECK(stage->last<Escalated>().reason == "The deploy did not bring the value to a for 15min.");
  }
  CHECK(performed().empty());
}

namespace {

// A plan of one change, with the runbook that follows when it does not help.
struct ChangeScene : Scene {
  bool more = false;  // The runbook goes on after it.
  void plan_change(Action action, const std::string& on_failure = "") {
    IncidentOpened opened;
    opened.signal.service = "a";
    opened.signal.confirmed_by = {"engine state"};
    stage->write(Role::scout, 1, opened);
    DiagnosisMade made;
    made.failure = FailureClass::bad_deploy;
    made.confidence = 0.97;
    made.commit = "c0ffee1";
    stage->write(Role::brain, 1, made);
    MenuEntry entry;
    entry.action = action;
    entry.service = "a";
    entry.container = kId;
    entry.seen_started_at = "t1";
    entry.runbook = "r";
    entry.on_failure = on_failure;
    entry.more = more;
    if (action == Action::rollback) entry.snapshot = "version before";
    if (action == Action::revert_config) entry.commit = "c0ffee1";
    if (action == Action::scale_up) entry.change = {"replicas", 1, 2};
    stage->write(Role::brain, 1, PlanMade{"p1", 1, stage->now.wall + 5min, {entry}});
    stage->step();
  }
  void changed(const std::string& container, const std::string& snapshot) {
    answer(warden::Performed{warden::Outcome::done, "t2", container, snapshot});
  }
  void disprove() {
    stage->write(Role::scout, 1, VerificationFailed{op(), "still sick"});
    stage->step();
  }
};

}  // namespace

TEST_CASE_FIXTURE(ChangeScene,
                  "a rollback makes the container as it was, and is taken back in vain") {
  plan_change(Action::rollback);
  REQUIRE(performed().size() == 1);
  CHECK(performed()[0].operation.verb == warden::Verb::recreate);
  CHECK(performed()[0].operation.snapshot == "version before");
  const auto first = op();
  const std::string made(64, 'b');
  changed(made, "as deployed");
  CHECK(state() == State::verifying);
  SUBCASE("proven") {
    first_good_and_passed();
    CHECK(state() == State::resolved);
    CHECK(performed().size() == 1);
  }
  SUBCASE("not proven") {
    disprove();
    REQUIRE(performed().size() == 2);
    const auto undo = performed()[1].operation;
    CHECK(undo.verb == warden::Verb::recreate);
    CHECK(undo.snapshot == "as deployed");
    CHECK(undo.container == made);
    CHECK(stage->last<ActionIntended>().undoes == first);
    answer(warden::Performed{warden::Outcome::done, "t3", std::string(64, 'c'), "x"});
    CHECK(state() == State::escalated);
    CHECK(stage->last<UndoDone>().op == first);
  }
}

TEST_CASE_FIXTURE(ChangeScene, "replicas are asked for by number, and taken away when in vain") {
  plan_change(Action::scale_up, "restart-it");
  REQUIRE(performed().size() == 1);
  CHECK(performed()[0].operation.verb == warden::Verb::scale);
  CHECK(performed()[0].operation.count == 2);
  SUBCASE("not proven: as before, then the runbook that follows") {
    changed(kId, "x");
    disprove();
    REQUIRE(performed().size() == 2);
    CHECK(performed()[1].operation.verb == warden::Verb::scale);
    CHECK(performed()[1].operation.count == 1);
    CHECK(stage->last<ActionIntended>().action == Action::scale_down);
    changed(kId, "x");
    CHECK(state() == State::diagnosing);
    CHECK(stage->all<Escalated>().empty());
  }
  SUBCASE("made and undone by the warden three times: it will not be") {
    for (int i = 0; i < 3; ++i) {
      CHECK(state() == State::acting);
      answer(error(base::ErrorCode::conflict, "no room"));
      stage->run(3s);
    }
    CHECK(state() == State::diagnosing);
    CHECK(stage->last<ActionFailed>().error == "conflict: no room");
    CHECK(performed().size() == 3);
  }
  SUBCASE("not known: asked for again, as the same operation") {
    answer(error(base::ErrorCode::unknown));
    stage->run(3s);
    REQUIRE(performed().size() == 2);
    CHECK(performed()[1].operation.op == performed()[0].operation.op);
  }
}

TEST_CASE_FIXTURE(ChangeScene, "a queue is never cleared twice") {
  plan_change(Action::clear_queue);
  REQUIRE(performed().size() == 1);
  CHECK(performed()[0].operation.verb == warden::Verb::clear_queue);
  SUBCASE("done") {
    changed(kId, "");
    CHECK(state() == State::verifying);
    disprove();
    CHECK(state() == State::escalated);  // What is gone cannot be brought back.
    return;
  }
  SUBCASE("no answer") { answer(error(base::ErrorCode::unknown, "no answer")); }
  SUBCASE("a Fixer that was started anew knows of no answer") {
    begin();
    stage->run(1s);
    CHECK(performed().empty());
  }
  stage->run(20s);
  CHECK(performed().size() <= 1);
  CHECK(state() == State::escalated);
  CHECK(stage->last<Escalated>().reason.starts_with("The queue may have been cleared"));
}

TEST_CASE_FIXTURE(ChangeScene, "a commit is reverted in git; the container follows by a deploy") {
  plan_change(Action::revert_config);
  CHECK(performed().empty());
  CHECK(stage->last<ActionIntended>().commit == "c0ffee1");
  stage->write(Role::scout, 0, DeploySeen{"a", kId, "img:2", "sha256:2", false, "s2"});
  config::Gitops gitops;
  gitops.merge_by_us = true;
  config.services[0].gitops = gitops;
  stage->write(Role::scribe, 1, PrOpened{op(), 7, "url", "fix-inc-1-x", "abc"});
  stage->run(1min);
  CHECK(state() == State::acting);
  stage->write(Role::scribe, 1, PrMerged{op(), "def"});
  stage->run(1min);
  CHECK(state() == State::acting);
  SUBCASE("which comes") {
    stage->write(Role::scout, 0,
                 DeploySeen{"a", std::string(64, 'b'), "img:1", "sha256:1", false, "s1"});
    stage->step();
    CHECK(state() == State::verifying);
  }
  SUBCASE("which does not come") {
    stage->run(15min);
    CHECK(state() == State::escalated);
    CHECK(stage->last<Escalated>().reason ==
          "The commit is reverted, but no deploy brought that to a for 15min.");
  }
  CHECK(performed().empty());
}

TEST_CASE_FIXTURE(ChangeScene, "after a rollback of its own, a reverted commit needs no deploy") {
  more = true;
  plan_change(Action::rollback);
  const std::string made(64, 'b');
  changed(made, "as deployed");
  stage->write(Role::scout, 1, VerificationPassed{op(), 10, 3, ""});
  REQUIRE(state() == State::diagnosing);
  MenuEntry entry;
  entry.action = Action::revert_config;
  entry.service = "a";
  entry.container = made;
  entry.commit = "c0ffee1";
  stage->write(Role::brain, 1, PlanMade{"p2", 2, stage->now.wall + 5min, {entry}});
  stage->step();
  stage->write(Role::scribe, 1, PrMerged{op(), "def"});
  stage->run(3s);
  CHECK(state() == State::verifying);
  CHECK(stage->last<ActionDone>().container == made);
  CHECK(performed().size() == 1);
}

TEST_CASE_FIXTURE(ChangeScene,
                  "a merged revert that waits for a deploy keeps nobody from healing") {
  config::Gitops gitops;
  gitops.merge_by_us = true;
  config.services[0].gitops = gitops;
  plan_change(Action::revert_config);
  stage->write(Role::scribe, 1, PrOpened{op(), 7, "url", "fix-inc-1-x", "abc"});
  stage->write(Role::scribe, 1, PrMerged{op(), "def"});
  stage->run(1s);
  plan(2, "b");
  stage->step();
  CHECK(performed().size() == 1);
}

TEST_CASE_FIXTURE(FollowedScene, "a limit that was taken back needs no deploy when git follows") {
  merge();
  changed();
  stage->write(Role::scout, 1, VerificationFailed{op(), "sick again"});
  stage->step();
  answer(warden::Performed{warden::Outcome::done, "t3", kId, "after"});
  REQUIRE(state() == State::diagnosing);
  MenuEntry entry;
  entry.action = Action::revert_config;
  entry.service = "a";
  entry.container = kId;
  entry.commit = "def";  // That was merged.
  stage->write(Role::brain, 1, PlanMade{"p9", 2, stage->now.wall + 5min, {entry}});
  stage->step();
  stage->write(Role::scribe, 1, PrMerged{op(), "beef"});
  stage->run(3s);
  CHECK(state() == State::verifying);
}
