// Fault × remedy × death: each fault with a remedy that helps, helps for a moment, or not at all;
// undisturbed, with the Fixer killed after each of its steps, and with the Fixer or the warden
// killed before and during each call of the engine. SRE_CASE=text: only cases with that in their
// name; SRE_FULL: every death instead of a part; SRE_LOG: the undisturbed runs' ledgers.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <iostream>

#include "tests/simulation/checks.h"
#include "tests/simulation/undo_case.h"

namespace {

using namespace simulation;

struct Undisturbed {
  std::vector<std::int64_t> steps;  // Positions of what the Fixer wrote.
  int engine_calls = 0;
  std::string ending;
};

class Matrix {
 public:
  void try_case(const UndoCase& one, Remedy remedy) {
    const std::string name = one.name + ", " + to_string(remedy);
    const auto undisturbed = watch(one, remedy, name);
    for (const auto step : undisturbed.steps) {
      for (const bool lost : {false, true}) {
        if (is_skipped()) continue;
        run(one, remedy, name + ": Fixer killed after event " + std::to_string(step), lost,
            [&](Simulation& simulation) {
              simulation.kill_once({"fixer", step, lost});
            });
      }
    }
    for (int call = 1; call <= undisturbed.engine_calls; ++call) {
      for (const char* role : {"fixer", "warden"}) {
        for (const bool sent : {false, true}) {
          if (is_skipped()) continue;
          run(one, remedy,
              name + ": " + role + " killed " + (sent ? "during" : "before") + " engine call " +
                  std::to_string(call),
              !sent, [&](Simulation& simulation) {
                simulation.kill_at_engine_call(role, call, sent, !sent);
              });
        }
      }
    }
  }
  [[nodiscard]] int runs() const { return runs_; }
  [[nodiscard]] const std::map<std::string, int>& endings() const { return endings_; }

 private:
  // Every eleventh one, in turn.
  bool is_skipped() { return std::getenv("SRE_FULL") == nullptr && ++considered_ % 11 != 0; }

  Undisturbed watch(const UndoCase& one, Remedy remedy, const std::string& name) {
    const auto simulation = make_simulation(one, remedy, 7);
    const auto broken = live_to_the_end(*simulation);
    if (std::getenv("SRE_LOG") != nullptr) print_log(*simulation, std::cout);
    note(name, broken);
    Undisturbed seen;
    for (const auto& record : simulation->ledger().all()) {
      if (record.event.role == incident::Role::fixer) seen.steps.push_back(record.position);
    }
    seen.engine_calls = simulation->world().engine_effects();
    seen.ending = ending_of(*simulation, one);
    if (std::getenv("SRE_LOG") != nullptr) std::cout << name << ": " << seen.ending << "\n";
    ++endings_[std::string(to_string(remedy)) + " " + seen.ending];
    return seen;
  }

  void run(const UndoCase& one, Remedy remedy, const std::string& name, bool lost,
           const std::function<void(Simulation&)>& disturb) {
    if (failures_ > 20) return;
    const auto simulation = make_simulation(one, remedy, 7);
    disturb(*simulation);
    note(name + (lost ? ", requests lost" : ""), live_to_the_end(*simulation));
  }

  void note(const std::string& name, const std::vector<std::string>& broken) {
    ++runs_;
    if (broken.empty()) return;
    ++failures_;
    FAIL_CHECK(name << join(broken));
  }

  int runs_ = 0, failures_ = 0, considered_ = 0;
  std::map<std::string, int> endings_;
};

// ---- Are the checks worth anything? The bugs live here; the product has none of them.

bool is_undo(const ledger::Draft& draft) {
  const auto* intended = std::get_if<incident::ActionIntended>(&draft.event.what);
  return intended != nullptr && !intended->undoes.empty();
}

void escalate_without_undo(Simulation& simulation) {
  simulation.fixer->tamper.does = [](role::Output<fixer::Request>& output, auto&, base::Now) {
    for (auto& unit : output.units) {
      if (unit.drafts.empty() || !is_undo(unit.drafts.front())) continue;
      unit.drafts.front().event.what = incident::Escalated{"person", "The fix is not proven."};
      unit.requests.clear();
    }
  };
}

// To what ran first, whatever ran before the fix.
void undo_by_the_wrong_snapshot(Simulation& simulation) {
  simulation.fixer->tamper.does = [&simulation](role::Output<fixer::Request>& output, auto&,
                                                base::Now) {
    for (auto& unit : output.units) {
      if (unit.drafts.empty() || !is_undo(unit.drafts.front())) continue;
      const auto& service =
          std::get<incident::ActionIntended>(unit.drafts.front().event.what).service;
      for (const auto& record : simulation.ledger().all()) {
        const auto* seen = std::get_if<incident::DeploySeen>(&record.event.what);
        if (seen == nullptr || seen->service != service) continue;
        std::get<fixer::Perform>(unit.requests.front()).operation.snapshot = seen->snapshot;
        break;
      }
    }
  };
}

void tell_no_snapshot(Simulation& simulation) {
  simulation.fixer->tamper.gets = [](fixer::Answer& answer) {
    auto* performed = std::get_if<fixer::PerformedOp>(&answer);
    if (performed != nullptr && performed->result) performed->result->snapshot.clear();
    return true;
  };
}

struct UndoBug {
  const char* name;
  const char* of;  // The case that shows it.
  Remedy remedy;
  const char* caught_by;  // Part of the violation it must cause.
  std::function<void(Simulation&)> plant;
};
const UndoBug kUndoBugs[] = {
    {"the Fixer calls a person and takes nothing back", "slow under load, a replica more",
     Remedy::wrong, "is left changed", escalate_without_undo},
    {"the Fixer takes it back to another snapshot", "bad deploy is slow, rollback", Remedy::half,
     "is left changed", undo_by_the_wrong_snapshot},
    {"nobody tells what was there before", "bad deploy hangs, rollback", Remedy::wrong,
     "is left changed", tell_no_snapshot},
    {"the warden forgets to remove what it replaced", "bad deploy hangs, rollback", Remedy::right,
     "left a container behind",
     [](Simulation& simulation) { simulation.world().engine_keeps_the_removed = true; }},
    {"the balancer is not told of the replica", "busy, a replica more", Remedy::right,
     "requests go to", [](Simulation& simulation) { simulation.world().balancer_is_deaf = true; }},
};

const UndoCase& find_case(const std::string& name) {
  for (const auto& one : undo_cases()) {
    if (one.name == name) return one;
  }
  base::fail_ensure("no such case");
}

}  // namespace

TEST_CASE("every planted bug of the undo is caught") {
  for (const auto& bug : kUndoBugs) {
    const auto simulation = make_simulation(find_case(bug.of), bug.remedy, 7);
    bug.plant(*simulation);
    const auto broken = join(live_to_the_end(*simulation));
    CHECK_MESSAGE(broken.find(bug.caught_by) != std::string::npos, std::string(bug.name)
                                                                       << ": " << broken);
  }
  std::cout << std::size(kUndoBugs) << " planted bugs\n";
}

TEST_CASE("what was changed is proven or is as before, whatever the remedy and whoever dies") {
  const char* only = std::getenv("SRE_CASE");
  Matrix matrix;
  for (const auto& one : undo_cases()) {
    if (only != nullptr && one.name.find(only) == std::string::npos) continue;
    for (const auto remedy : {Remedy::right, Remedy::wrong, Remedy::half})
      matrix.try_case(one, remedy);
  }
  std::cout << matrix.runs() << " runs of " << undo_cases().size() << " faults:";
  for (const auto& [ending, count] : matrix.endings())
    std::cout << " " << count << " " << ending << ",";
  std::cout << " undisturbed\n";
}
