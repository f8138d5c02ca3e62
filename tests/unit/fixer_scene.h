// A Fixer with a ledger in memory, and a warden that answers as the test says.
#pragma once

#include <doctest/doctest.h>

#include "agents/fixer/fixer.h"
#include "tests/support/print.h"
#include "tests/support/role_stage.h"

namespace fixer_test {

using namespace incident;
using namespace std::chrono_literals;
using engine::RunState;
using fixer::KeepLease;
using fixer::Observe;
using fixer::Perform;

using Stage = support::RoleStage<fixer::Fixer>;

inline const std::string kId(64, 'a');

inline base::Error error(base::ErrorCode code, const std::string& message = "x") {
  return {code, message};
}

// Services a to e, mode auto, spacing and cooldown 0 unless a test says otherwise.
struct Scene {
  config::Config config;
  fakes::MemoryLedger ledger;
  base::SeededRandom random{1};
  std::optional<fixer::Fixer> role;
  std::optional<Stage> stage;
  bool lease = true;
  engine::Container container;  // As the warden would see it.
  int ids = 0;

  Scene() {
    config.mode = config::Mode::automatic;
    config.limits.cooldown = 0s;
    config.limits.spacing = 0s;
    config.limits.service_actions_per_hour = config.limits.global_actions_per_hour = 100;
    config.limits.service_actions_per_day = config.limits.global_actions_per_day = 100;
    config.limits.blast_radius_percent = 100;
    config.limits.auto_tiers = {1, 2};
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      config::Service service;
      service.name = name;
      config.services.push_back(service);
    }
    container.id = kId;
    container.state = RunState::exited;
    container.started_at = "t1";
    begin();
  }
  // Starts the Fixer, or starts it again on the same log with nothing remembered.
  void begin() {
    const auto now =
        stage ? stage->now
              : base::Now{base::wall_from_ms(1795182756000), base::instant_from_ms(5'000'000)};
    role.emplace(config, random);
    stage.emplace(*role, ledger, &fixer::key_of);
    stage->now = now;
    stage->on_request = [this](const std::string& key, const fixer::Request& request) {
      if (!std::holds_alternative<KeepLease>(request)) return;
      const ledger::Lease held{7, "fixer", stage->now.wall + 10s};
      stage->answer(key, fixer::Leased{lease ? base::Result<ledger::Lease>(held)
                                             : error(base::ErrorCode::conflict)});
    };
    stage->step();
  }
  void plan(IncidentId id = 1, const std::string& service = "a", Action action = Action::restart,
            SignalKind kind = SignalKind::container_died) {
    IncidentOpened opened;
    opened.signal.kind = kind;
    opened.signal.service = service;
    opened.signal.container_name = service + "-1";
    opened.signal.confirmed_by = {"engine state"};
    stage->write(Role::scout, id, opened);
    plan_again(id, service, action);
  }
  void plan_again(IncidentId id, const std::string& service = "a", Action action = Action::restart,
                  const std::string& hash = "p1") {
    DiagnosisMade made;
    made.failure = FailureClass::crash;
    made.confidence = 0.97;
    stage->write(Role::brain, id, made);
    MenuEntry entry;
    entry.action = action;
    entry.service = service;
    entry.container = kId;
    entry.seen_started_at = "t1";
    entry.reason = "a person decides";
    stage->write(Role::brain, id, PlanMade{hash, 1, stage->now.wall + 5min, {entry}});
  }
  [[nodiscard]] std::vector<Perform> performed() const { return stage->sent<Perform>(); }
  [[nodiscard]] std::string op() const { return stage->last<ActionIntended>().op; }
  void answer(base::Result<warden::Performed> result) {
    const auto op = performed().back().operation.op;
    stage->answer("perform:" + op, fixer::PerformedOp{op, std::move(result)});
    stage->step();
  }
  void done() { answer(warden::Performed{warden::Outcome::done, "t2"}); }
  // Answers looks as long as they are asked, every few milliseconds of virtual time.
  void look_for(base::Duration duration) {
    for (base::Duration passed{0}; passed < duration; passed += 20ms) {
      stage->run(20ms);
      if (stage->in_flight.contains("observe:" + op())) {
        stage->answer("observe:" + op(), fixer::Observed{op(), warden::Member{"a", container}});
        stage->step();
      }
    }
  }
  void first_good_and_passed() {
    stage->write(Role::scout, 1, VerificationTried{op(), 1, true, 1, ""});
    stage->write(Role::scout, 1, VerificationPassed{op(), 10, 1, ""});
    stage->step();
  }
  State state(IncidentId id = 1) { return stage->incident(id).state; }
};

}  // namespace fixer_test
