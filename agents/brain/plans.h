// The plan that follows from a diagnosis: the menu that the runbooks offer here. Pure: the same
// findings, diagnosis and runbooks give the same plan hash. How it is ranked:
// docs/formats/rules.md.
#pragma once

#include "agents/brain/rules.h"
#include "runbook/runbook.h"

namespace brain {

// Where an incident stands in a runbook that is under way. `runbook` is borrowed from the
// catalogue.
struct Position {
  const runbook::Runbook* runbook = nullptr;
  int step = 0;  // Of the action that comes next.
};

// The next action of the runbook that the incident is in, or the first of the one that follows a
// failure; nothing when none is under way, or nothing more of it is possible here.
[[nodiscard]] std::optional<Position> find_position(const Findings& findings,
                                                    const incident::DiagnosisMade& diagnosis,
                                                    const runbook::Catalogue& catalogue);

// What a wait before that action still asks for; zero: nothing.
[[nodiscard]] base::Duration wait_before(const Position& position);

// `generation` starts at 1 and grows with each plan of the incident. Without a position the
// runbooks that apply make the menu; with one its action comes first. Asking a person is always
// offered.
[[nodiscard]] incident::PlanMade make_plan(const Findings& findings,
                                           const incident::DiagnosisMade& diagnosis, int generation,
                                           const runbook::Catalogue& catalogue,
                                           std::optional<Position> position = std::nullopt);

// Numbers the entries and makes the hash.
void seal(incident::PlanMade& plan, incident::IncidentId incident);

}  // namespace brain
