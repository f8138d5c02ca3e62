// What a person may approve at the command line, and what they are told otherwise.
#include "agents/cli/approval.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace incident;
using namespace std::chrono_literals;

namespace {

const base::WallTime kNow = base::wall_from_ms(1795182756000);

Incident waiting() {
  Incident made;
  made.id = 12;
  made.state = State::awaiting_approval;
  made.plan = PlanMade{"4f9a03be", 1, kNow - 1min, {}};  // The plan's own time does not count here.
  made.asked = ApprovalAsked{"4f9a03be", kNow + 1min};
  return made;
}

}  // namespace

TEST_CASE("the plan that is waited with can be approved until its offer ends") {
  CHECK_FALSE(cli::why_not_approved(waiting(), "4f9a03be", kNow));
  CHECK_FALSE(cli::why_not_approved(waiting(), "4f9a03be", kNow + 1min));
  CHECK(cli::why_not_approved(waiting(), "4f9a03be", kNow + 1min + 1ms) ==
        "plan 4f9a03be of incident 12 was offered until 2026-11-20T13:53:36Z");
}

TEST_CASE("another plan, a part of a hash, or nothing is refused by name") {
  for (const char* plan : {"4f9a03bf", "4f9a", "", "4F9A03BE"}) {
    CHECK(cli::why_not_approved(waiting(), plan, kNow) ==
          "incident 12 waits for an approval of plan 4f9a03be, not of " + std::string(plan));
  }
  CHECK(cli::why_not_approved(waiting(), "\x1b[31mred", kNow)->find('\x1b') == std::string::npos);
}

TEST_CASE("an incident that does not wait says in which state it is") {
  for (const auto state : {State::planned, State::acting, State::closed, State::escalated}) {
    auto incident = waiting();
    incident.state = state;
    CHECK(cli::why_not_approved(incident, "4f9a03be", kNow) ==
          "incident 12 does not wait for an approval: its state is " +
              std::string(to_string(state)));
  }
}
