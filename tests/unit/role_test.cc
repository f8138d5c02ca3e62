// Tests of what a role is made of: drafts, the mailbox, the workers. No disk, no waiting by time.
#include "role/role.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <future>

#include "role/mailbox.h"
#include "tests/support/print.h"
#include "tests/support/samples.h"

using namespace incident;

namespace {

const base::Now kNow{base::wall_from_ms(5000), base::instant_from_ms(70)};

Event at(std::int64_t ms, Payload what, IncidentId incident = 1) {
  return {"E" + std::to_string(ms),  incident,       Role::scout, base::wall_from_ms(ms),
          base::instant_from_ms(ms), std::move(what)};
}

struct Fixture {
  Book book;
  base::SeededRandom random{1};
  role::Drafter drafter(Role role) { return {book, role, random, kNow}; }
};

bool readable(int descriptor) {
  pollfd ready{descriptor, POLLIN, 0};
  return poll(&ready, 1, 0) == 1;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "drafter: fills in id, role and times") {
  const auto drafts = drafter(Role::scout).add(1, IncidentOpened{}).add(1, SignalAdded{}).take();
  REQUIRE(drafts.size() == 2);
  for (const auto& draft : drafts) {
    CHECK(draft.event.id.size() == 26);
    CHECK(draft.event.incident == 1);
    CHECK(draft.event.role == Role::scout);
    CHECK(draft.event.at == kNow.wall);
    CHECK(draft.event.boot == kNow.boot);
  }
  CHECK(drafts[0].event.id != drafts[1].event.id);
  CHECK(drafter(Role::scout).add_as("fixed", 0, StopSet{}).take()[0].event.id == "fixed");
}

TEST_CASE_FIXTURE(Fixture,
                  "drafter: knows by the chart what changes the state, one draft after the other") {
  book.absorb(at(1, IncidentOpened{}));
  PlanMade plan;
  plan.hash = "p1";
  plan.menu.resize(1);
  const auto changes = [](const std::vector<ledger::Draft>& drafts) {
    std::vector<bool> found;
    for (const auto& draft : drafts) found.push_back(draft.changes_state);
    return found;
  };
  using Changes = std::vector<bool>;
  CHECK(changes(drafter(Role::brain)
                    .add(1, EvidenceCollected{})
                    .add(1, DiagnosisMade{})
                    .add(1, plan)
                    .take()) == Changes{true, true, true});
  // The second evidence finds the incident diagnosing already; the outcome is of an operation
  // nobody intended.
  CHECK(changes(
            drafter(Role::brain).add(1, EvidenceCollected{}).add(1, EvidenceCollected{}).take()) ==
        Changes{true, false});
  CHECK(changes(drafter(Role::fixer).add(1, ActionDone{"op1", "", false}).take()) ==
        Changes{false});
  CHECK(changes(drafter(Role::scribe)
                    .add(1, IssueOpened{})
                    .add(0, StopSet{})
                    .add(9, IncidentClosed{})
                    .take()) == Changes{false, false, false});
  CHECK(changes(drafter(Role::scout).add(2, IncidentOpened{}).add(2, SelfHealed{}).take()) ==
        Changes{true, true});
  CHECK(book.find(1)->state ==
        State::open);  // Drafts are plans: the book learns from the ledger alone.
  CHECK(book.find(2) == nullptr);
}

TEST_CASE("output: the earliest wish to be woken wins") {
  role::Output<int> output;
  CHECK_FALSE(output.wake_at.has_value());
  for (const int ms : {30, 10, 20}) output.wake_by(base::instant_from_ms(ms));
  CHECK(output.wake_at == base::instant_from_ms(10));
  output.ask(7);
  REQUIRE(output.units.size() == 1);
  CHECK(output.units[0].drafts.empty());
  CHECK(output.units[0].requests == std::vector<int>{7});
}

TEST_CASE("mailbox: answers come in order, and the descriptor tells of them until they are taken") {
  role::Mailbox<int> mailbox;
  CHECK_FALSE(readable(mailbox.descriptor()));
  mailbox.post("a", 1);
  mailbox.post("", 2);
  CHECK(readable(mailbox.descriptor()));
  const auto taken = mailbox.take();
  REQUIRE(taken.size() == 2);
  CHECK(taken[0] == std::pair<std::string, int>("a", 1));
  CHECK(taken[1] == std::pair<std::string, int>("", 2));
  CHECK_FALSE(readable(mailbox.descriptor()));
  CHECK(mailbox.take().empty());
}

TEST_CASE("mailbox: many threads post and nothing is lost") {
  role::Mailbox<int> mailbox;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) mailbox.post("k", i);
      });
    }
  }
  CHECK(mailbox.take().size() == 4000);
}

TEST_CASE("workers: calls begin in the order given") {
  std::vector<int> order;
  std::promise<void> done;
  role::Workers workers(1);
  for (int i = 0; i < 5; ++i) workers.submit([&, i] { order.push_back(i); });
  workers.submit([&] { done.set_value(); });
  done.get_future().wait();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("workers: the end waits for the call under way, and the next does not begin") {
  std::promise<void> begun, go;
  bool finished = false, another = false;
  std::jthread helper;
  {
    role::Workers workers(1);
    workers.submit([&] {
      begun.set_value();
      go.get_future().wait();
      finished = true;
    });
    begun.get_future().wait();
    helper = std::jthread([&] { go.set_value(); });
  }
  CHECK(finished);
  {
    role::Workers none(0);  // Nobody to run it: given back unrun.
    none.submit([&] { another = true; });
  }
  CHECK_FALSE(another);
}
