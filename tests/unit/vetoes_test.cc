// What the guards refused in a week, and what became of it.
#include "agents/cli/vetoes.h"

#include <doctest/doctest.h>

using namespace incident;
using namespace std::chrono_literals;

namespace {

const auto kNow = base::wall_from_ms(1795182756000);

struct Log {
  Book book;
  void tell(IncidentId id, Payload what, base::Millis before = 1h) {
    const auto at = kNow - before;
    book.absorb({"e", id, Role::scout, at, base::instant_from_ms(1), std::move(what)});
  }
  // A restart of the service was planned, and refused by that guard.
  void refuse(IncidentId id, const std::string& guard, base::Millis before, bool retry = false,
              const std::string& service = "shop") {
    IncidentOpened opened;
    opened.signal.service = service;
    tell(id, opened, before);
    MenuEntry entry;
    entry.action = Action::restart;
    entry.service = service;
    tell(id, PlanMade{"p" + std::to_string(id), 1, kNow, {entry}}, before);
    tell(id, PlanRefused{"p" + std::to_string(id), guard, "values " + std::to_string(id), retry},
         before);
  }
};

}  // namespace

TEST_CASE("vetoes: by guard, service and action, the most frequent first, of one week") {
  Log log;
  log.refuse(1, "mode", 2h);
  log.refuse(2, "mode", 1h);
  log.refuse(3, "cooldown", 1h);
  log.refuse(4, "mode", 24h * 8);
  log.refuse(5, "freshness", 1h, true);  // Planned anew: nothing was kept back.
  log.refuse(6, "mode", 3h, false, "till");
  log.tell(1, SelfHealed{"gone"});
  const auto all = cli::list_vetoes(log.book, kNow);
  REQUIRE(all.size() == 3);
  CHECK(all[0].guard == "mode");
  CHECK(all[0].service == "shop");
  CHECK(all[0].action == "restart");
  CHECK(all[0].times == 2);
  CHECK(all[0].by_itself == 1);
  CHECK(all[0].values == "values 2");
  CHECK(all[0].latest == kNow - 1h);
  CHECK(all[1].guard == "cooldown");
  CHECK(all[2].service == "till");
  CHECK(cli::list_vetoes(Book{}, kNow).empty());
}
