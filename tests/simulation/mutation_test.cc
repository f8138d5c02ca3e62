// Are the checks worth anything? Each planted bug must be caught by at least one of a few bad days,
// and by the right check. The bugs live here, in hooks around the roles; the product has none of
// them.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "tests/simulation/bad_day.h"
#include "tests/simulation/checks.h"

namespace {

using namespace simulation;
using namespace std::chrono_literals;

struct Mutation {
  const char* name;
  const char* caught_by;  // Part of the violation it must cause.
  std::function<void(Simulation&)> plant;
  std::function<void(Simulation&)> provoke;  // What the day must bring besides.
};

template <class Payload, class Request>
void drop_drafts(role::Output<Request>& output) {
  for (auto& unit : output.units) {
    std::erase_if(unit.drafts, [](const auto& draft) {
      return std::holds_alternative<Payload>(draft.event.what);
    });
  }
  std::erase_if(output.units,
                [](const auto& unit) { return unit.drafts.empty() && unit.requests.empty(); });
}

// After its start it sends every operation without outcome again, with what it sees now.
void resend_without_observing(Simulation& simulation) {
  simulation.fixer->tamper.does = [&simulation](role::Output<fixer::Request>& output,
                                                fixer::Fixer& fixer, base::Now) {
    for (const auto id : fixer.book().live()) {
      const auto& incident = *fixer.book().find(id);
      if (incident.state != incident::State::acting) continue;
      const auto& intent = incident.attempts.back().intent;
      warden::Operation again{
          intent.op,        intent.epoch, intent.plan, intent.expires, warden::Verb::restart,
          intent.container, "",           0ms};
      again.seen_started_at = simulation.world().started_at_now(intent.container);
      output.ask(fixer::Perform{again});
    }
  };
}

void retry_unknown_posts(Simulation& simulation) {
  simulation.scribe->tamper.gets = [](scribe::Answer& answer) {
    auto* written = std::get_if<scribe::Written>(&answer);
    if (written != nullptr && written->fault && written->fault->code == base::ErrorCode::unknown)
      written->fault->code = base::ErrorCode::unavailable;
    return true;
  };
}

void open_twice(Simulation& simulation) {
  simulation.scout->tamper.does = [](role::Output<scout::Request>& output, scout::Scout&,
                                     base::Now) {
    std::vector<role::Unit<scout::Request>> copies;
    for (const auto& unit : output.units) {
      for (const auto& draft : unit.drafts) {
        if (!std::holds_alternative<incident::IncidentOpened>(draft.event.what)) continue;
        auto copy = draft;
        copy.event.id[25] = copy.event.id[25] == 'A' ? 'B' : 'A';
        copy.event.incident += 1;
        copies.push_back({{copy}, unit.blobs, {}});
      }
    }
    for (auto& copy : copies) output.units.push_back(std::move(copy));
  };
}

void deaf_to_stop(Simulation& simulation) {
  simulation.fixer->tamper.hears = [](const ledger::Record& record) {
    return !std::holds_alternative<incident::StopSet>(record.event.what);
  };
}

// Every death is taken for one of our own making.
void all_deaths_are_ours(Simulation& simulation) {
  simulation.scout->tamper.gets = [](scout::Answer& answer) {
    auto* inspected = std::get_if<scout::Inspected>(&answer);
    if (inspected != nullptr && inspected->member &&
        inspected->member->container.state != engine::RunState::running)
      return false;
    auto* listed = std::get_if<scout::Listed>(&answer);
    if (listed != nullptr && listed->listing) {
      std::erase_if(listed->listing->members, [](const auto& member) {
        return member.container.state != engine::RunState::running;
      });
    }
    const auto* notice = std::get_if<warden::Notice>(&answer);
    const auto* happened = notice != nullptr ? std::get_if<warden::Happened>(notice) : nullptr;
    return happened == nullptr || happened->event.kind != engine::EventKind::die;
  };
}

// The ledger cannot be written just when the Fixer intends.
void act_without_record(Simulation& simulation) {
  simulation.fixer->tamper.acts_without_record = true;
  simulation.fixer->tamper.does = [&simulation, times = 0](auto& output, auto&, base::Now) mutable {
    for (const auto& unit : output.units) {
      for (const auto& draft : unit.drafts) {
        if (std::holds_alternative<incident::ActionIntended>(draft.event.what) && ++times <= 3)
          simulation.ledger().fail_appends({base::ErrorCode::unavailable});
      }
    }
  };
}

void generous_budget(Simulation& simulation) {
  auto config = simulation.config();
  config.limits.service_actions_per_hour = config.limits.global_actions_per_hour = 1000;
  simulation.fixer_config = config;
}

void crash_all(Simulation& simulation) {
  for (const auto& service : simulation.config().services) {
    for (const auto at : {5s, 15s, 25s, 35s, 45s, 55s}) {
      simulation.at(at, [&simulation, name = service.name] {
        simulation.world().strike(name, Fault::crash);
      });
    }
  }
}

void stop_in_between(Simulation& simulation) {
  simulation.at(4s, [&simulation] { simulation.set_stop(true); });
  simulation.at(5s, [&simulation] { simulation.world().strike("policy-service", Fault::crash); });
  simulation.at(20s, [&simulation] { simulation.set_stop(false); });
}

void nothing(Simulation&) {}

const Mutation kMutations[] = {
    {"the Fixer sends an intent again without looking", "sent to the engine twice",
     resend_without_observing,
     [](Simulation& simulation) {
       crash_all(simulation);
       for (const auto at : {15s, 25s, 35s})
         simulation.at(at + 60ms, [&simulation] { simulation.kill("fixer", false); });
     }},
    {"the Scribe writes again what is unknown", "twice", retry_unknown_posts,
     [](Simulation& simulation) {
       simulation.at(5s,
                     [&simulation] { simulation.world().strike("policy-service", Fault::crash); });
       simulation.at(5s + 100ms, [&simulation] {
         simulation.world().github.script(
             std::vector<fakes::Fault>(12, fakes::Fault::commit_then_502));
       });
     }},
    {"Scout opens every incident twice", "opens beside another", open_twice, crash_all},
    {"the Fixer does not hear the stop", "intended while the stop is set", deaf_to_stop,
     stop_in_between},
    {"neither Fixer nor warden hear the stop", "an effect while the stop was durable",
     [](Simulation& simulation) {
       deaf_to_stop(simulation);
       simulation.world().gate_ignores_stop = true;
     },
     stop_in_between},
    {"every death is taken for our own doing", "nobody knows", all_deaths_are_ours, crash_all},
    {"the Fixer acts although the ledger refused its intent", "without a durable intent",
     act_without_record, crash_all},
    {"the Fixer has no budget", "budget of", generous_budget, crash_all},
    {"Brain writes no post-mortem", "ends as resolved",
     [](Simulation& simulation) {
       simulation.brain->tamper.does = [](auto& output, auto&, base::Now) {
         drop_drafts<incident::PostmortemWritten>(output);
       };
     },
     nothing},
    {"the Fixer calls nobody", "never comes to rest",
     [](Simulation& simulation) {
       simulation.fixer->tamper.does = [](auto& output, auto&, base::Now) {
         drop_drafts<incident::Escalated>(output);
       };
     },
     crash_all},
    {"the Scribe never edits a comment", "not up to date",
     [](Simulation& simulation) {
       simulation.scribe->tamper.does = [](role::Output<scribe::Request>& output, auto&,
                                           base::Now) {
         std::erase_if(output.units, [](const auto& unit) {
           return !unit.requests.empty() &&
                  std::holds_alternative<scribe::Write>(unit.requests[0]) &&
                  std::get<scribe::Write>(unit.requests[0]).kind == "edit_comment";
         });
       };
     },
     crash_all},
};

config::Config strict_config() {
  auto config = demo_config();
  config.limits.service_actions_per_hour = 2;
  config.limits.global_actions_per_hour = 4;
  return config;
}

// The violations of a few days of the mutant; of the healthy product when `plant` is empty.
std::vector<std::string> days_of(const Mutation& mutation, bool planted) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Simulation simulation(strict_config(), seed);
    if (planted) mutation.plant(simulation);
    mutation.provoke(simulation);
    auto broken = live_through(simulation, seed);
    const bool caught = std::any_of(broken.begin(), broken.end(), [&](const auto& line) {
      return line.find(mutation.caught_by) != std::string::npos;
    });
    if (planted ? caught : !broken.empty()) return broken;
  }
  return {};
}

}  // namespace

TEST_CASE("every planted bug is caught") {
  for (const auto& mutation : kMutations) {
    CHECK_MESSAGE(!days_of(mutation, true).empty(), std::string(mutation.name) << " is not caught");
  }
  std::cout << std::size(kMutations) << " planted bugs\n";
}

TEST_CASE("on the same days the product without them breaks nothing") {
  for (const auto& mutation : kMutations) {
    const auto broken = days_of(mutation, false);
    CHECK_MESSAGE(broken.empty(), "day of: " << std::string(mutation.name) << join(broken));
  }
}
