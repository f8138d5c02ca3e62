// Memory as a role, on a store that is gone and comes back: recall before the diagnosis, each ended
// incident once, everything made again from the ledger.
#include "agents/memory/memory_role.h"

#include <doctest/doctest.h>

#include "memory/embedder.h"
#include "tests/support/print.h"
#include "tests/support/role_stage.h"

using namespace incident;
using namespace std::chrono_literals;
using memory_role::MemoryRole;
using memory_role::RecallFor;
using memory_role::Remember;

namespace {

// The real vectors and the real counting, without an index or a disk.
struct Store {
  memory::Cases cases;
  int writes = 0;

  void remember(const memory::Case& past) {
    const auto known = cases.find(past.incident);
    if (known != cases.end() && known->second == past) return;
    cases.insert_or_assign(past.incident, past);
    ++writes;
  }
  memory::Recall recall(const memory::Symptom& symptom, base::WallTime now,
                        IncidentId except) const {
    const auto wanted = memory::embed(symptom);
    std::vector<memory::Hit> hits;
    for (const auto& [id, past] : cases)
      hits.push_back({id, memory::similarity_of(wanted, memory::embed(past.symptom))});
    return memory::make_recall(hits, cases, {now, except, {}});
  }
};

struct Scene {
  fakes::MemoryLedger ledger;
  base::SeededRandom random{1};
  Store store;
  bool works = true;
  std::optional<MemoryRole> role;
  std::optional<support::RoleStage<MemoryRole>> stage;

  Scene() { begin(); }
  void begin() {
    const auto now =
        stage ? stage->now
              : base::Now{base::wall_from_ms(1795182756000), base::instant_from_ms(5'000'000)};
    role.emplace(random);
    stage.emplace(*role, ledger, &memory_role::key_of);
    stage->now = now;
    stage->on_request = [this](const std::string& key, const memory_role::Request& request) {
      if (const auto* wanted = std::get_if<RecallFor>(&request)) {
        return stage->answer(
            key, memory_role::Recalled{wanted->incident,
                                       memory_role::told_of(store.recall(
                                           wanted->symptom, stage->now.wall, wanted->incident))});
      }
      const auto& past = std::get<Remember>(request).past;
      if (works) store.remember(past);
      stage->answer(
          key, memory_role::Remembered{
                   past.incident,
                   works ? base::Status() : base::Error{base::ErrorCode::unavailable, "full"}});
    };
    stage->run(1ms);
  }
  void open(IncidentId id, const std::string& service = "policy", bool oom = true,
            SignalKind kind = SignalKind::container_died) {
    IncidentOpened opened;
    opened.signal.kind = kind;
    opened.signal.service = service;
    opened.signal.image = "demo:1";
    if (kind == SignalKind::container_died)
      opened.signal.exit_code = 137, opened.signal.oom_killed = oom;
    if (kind != SignalKind::container_died) opened.signal.probe = "path";
    stage->write(Role::scout, id, opened);
    stage->run(1ms);
  }
  void diagnose(IncidentId id, FailureClass failure = FailureClass::oom,
                const std::string& restarted = "policy") {
    DiagnosisMade made;
    made.failure = failure;
    stage->write(Role::brain, id, made);
    MenuEntry restart;
    restart.action = Action::restart;
    stage->write(Role::brain, id, PlanMade{"p", 1, stage->now.wall, {restart}});
    ActionIntended intent;
    intent.op = "op" + std::to_string(id);
    intent.service = restarted;
    stage->write(Role::fixer, id, intent);
  }
  void heal(IncidentId id, FailureClass failure = FailureClass::oom, std::int64_t issue = 0) {
    diagnose(id, failure);
    const auto op = "op" + std::to_string(id);
    if (issue != 0) stage->write(Role::scribe, id, IssueOpened{issue, "u"});
    stage->write(Role::fixer, id, ActionDone{op, "t2", false});
    stage->write(Role::fixer, id, VerificationAsked{op, "policy", stage->now.wall, 5s});
    stage->write(Role::scout, id, VerificationPassed{op, 10, 1, ""});
    stage->write(Role::fixer, id, IncidentResolved{op, "restart", true});
    stage->run(1ms);
  }
  // What is recalled for an incident of its own number that is opened now.
  MemoryRecalled recalled(IncidentId id) {
    stage->run(1ms);
    const auto found = stage->incident(id).recalled;
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Scene, "the first outage recalls nothing, and says so at once") {
  open(1);
  CHECK(recalled(1).matches.empty());
  CHECK(recalled(1).tried == 0);
  CHECK(stage->all<MemoryRecalled>().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "the second equal outage: seen before, issue #12, restart worked 1 of 1") {
  open(1);
  heal(1, FailureClass::oom, 12);
  REQUIRE(stage->all<MemoryIndexed>().size() == 1);
  CHECK(stage->last<MemoryIndexed>().failure == "oom");
  CHECK(stage->last<MemoryIndexed>().proven);
  stage->run(10min);
  open(2);
  const auto seen = recalled(2);
  REQUIRE(seen.matches.size() == 1);
  CHECK(seen.matches[0].incident == 1);
  CHECK(seen.matches[0].issue == 12);
  CHECK(seen.matches[0].similarity > 0.95);
  CHECK(seen.action == "restart");
  CHECK(seen.worked == 1);
  CHECK(seen.tried == 1);
}

TEST_CASE_FIXTURE(Scene,
                  "the same fault elsewhere is recalled with less similarity, another one not") {
  open(1);
  heal(1);
  open(2, "user");
  open(3, "policy", false, SignalKind::latency_above_bound);
  REQUIRE(recalled(2).matches.size() == 1);
  CHECK(recalled(2).matches[0].similarity < 0.95);
  CHECK(recalled(2).matches[0].similarity > memory::kSimilarityMin);
  CHECK(recalled(3).matches.empty());
}

TEST_CASE_FIXTURE(Scene, "a store that was deleted is made again from the ledger at the start") {
  for (IncidentId id = 1; id <= 3; ++id) {
    open(id);
    heal(id, FailureClass::oom, 10 + id);
  }
  const auto before = store.cases;
  store = {};
  begin();
  CHECK(store.cases == before);
  CHECK(stage->all<MemoryIndexed>().size() == 3);  // The log is not told again.
  open(4);
  CHECK(recalled(4).tried == 3);
}

TEST_CASE_FIXTURE(Scene, "a start with the store in order changes nothing in it") {
  open(1);
  heal(1);
  store.writes = 0;
  begin();
  CHECK(store.writes == 0);
}

TEST_CASE_FIXTURE(Scene, "a store that fails for a while loses nothing") {
  works = false;
  open(1);
  heal(1);
  CHECK(stage->all<MemoryIndexed>().empty());
  const auto asked = stage->sent<Remember>().size();
  stage->run(900ms);
  CHECK(stage->sent<Remember>().size() == asked);  // Not in a hurry.
  works = true;
  stage->run(2s);
  CHECK(stage->all<MemoryIndexed>().size() == 1);
  SUBCASE("also when it fails while it is made again") {
    store = {};
    works = false;
    begin();
    stage->run(2s);
    works = true;
    stage->run(2s);
    CHECK(store.cases.size() == 1);
  }
}

TEST_CASE_FIXTURE(Scene, "all outcomes are remembered, only proven ones recommended") {
  open(1);
  diagnose(1);
  stage->write(Role::fixer, 1, ActionDone{"op1", "t2", false});
  stage->write(Role::fixer, 1, VerificationAsked{"op1", "policy", stage->now.wall, 5s});
  stage->write(Role::scout, 1, VerificationFailed{"op1", "sick again"});
  stage->write(Role::fixer, 1, Escalated{"person", "not proven"});
  stage->run(1ms);
  CHECK_FALSE(stage->last<MemoryIndexed>().proven);
  open(2);
  REQUIRE(recalled(2).matches.size() == 1);
  CHECK_FALSE(recalled(2).matches[0].proven);
  CHECK(recalled(2).matches[0].action == "restart");
  CHECK(recalled(2).action.empty());
}

TEST_CASE_FIXTURE(Scene, "an action that was never applied says nothing of it") {
  open(1);
  diagnose(1);
  stage->write(Role::fixer, 1, ActionFailed{"op1", "denied"});
  stage->write(Role::fixer, 1, Escalated{"person", "denied"});
  stage->run(1ms);
  CHECK(stage->last<MemoryIndexed>().action == "noop");
}

TEST_CASE_FIXTURE(Scene, "the restart of another service teaches nothing of this one's") {
  open(1);
  diagnose(1, FailureClass::oom, "user");
  stage->write(Role::fixer, 1, ActionDone{"op1", "t2", false});
  stage->write(Role::fixer, 1, VerificationAsked{"op1", "policy", stage->now.wall, 5s});
  stage->write(Role::scout, 1, VerificationPassed{"op1", 10, 1, ""});
  stage->write(Role::fixer, 1, IncidentResolved{"op1", "restart", true});
  stage->run(1ms);
  CHECK(stage->last<MemoryIndexed>().action == "noop");
  CHECK_FALSE(stage->last<MemoryIndexed>().proven);
}

TEST_CASE_FIXTURE(Scene, "an issue opened late still belongs to the case") {
  open(1);
  heal(1);
  CHECK(store.cases.at(1).issue == 0);
  stage->write(Role::scribe, 1, IssueOpened{7, "u"});
  stage->run(1ms);
  CHECK(store.cases.at(1).issue == 7);
  CHECK(stage->all<MemoryIndexed>().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "people's votes belong to the case, early or late") {
  open(1);
  diagnose(1);
  stage->write(Role::scribe, 1, VotesCounted{"op1", 3, 1});
  heal(1);
  CHECK(store.cases.at(1).votes == 2);
  stage->write(Role::scribe, 1, VotesCounted{"op1", 3, 4});
  stage->run(1ms);
  CHECK(store.cases.at(1).votes == -1);
  stage->write(Role::scribe, 1, VotesCounted{"another", 9, 0});
  stage->run(1ms);
  CHECK(store.cases.at(1).votes == -1);
  CHECK(stage->all<MemoryIndexed>().size() == 1);
}

TEST_CASE_FIXTURE(Scene, "what follows from another incident, or was never diagnosed, is no case") {
  open(1);
  open(2, "web");
  stage->write(Role::brain, 2, IncidentJoined{1, "follows"});
  open(3, "user");
  stage->write(Role::scout, 3, SelfHealed{"gone"});
  stage->run(1ms);
  CHECK(store.cases.empty());
}

TEST_CASE_FIXTURE(Scene, "killed between store and log: remembered once, indexed once") {
  open(1);

  diagnose(1);
  stage->write(Role::fixer, 1, Escalated{"person", "x"});
  store.remember(memory_role::case_of(stage->incident(1)));  // The effect, without its record.
  store.writes = 0;
  begin();
  CHECK(store.writes == 0);
  CHECK(stage->all<MemoryIndexed>().size() == 1);
}
