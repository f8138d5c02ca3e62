// A fault, the one remedy that the runbooks know for it, and whether that helps: fully, only for a
// moment, or not at all. However it ends and whatever dies meanwhile, what was changed is proven or
// is as it was before.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace simulation {

enum class Remedy {
  right,  // It helps.
  wrong,  // It helps nothing.
  half,   // It seems to, and the symptom is back before the proof is over.
};
[[nodiscard]] const char* to_string(Remedy remedy);

struct UndoCase {
  std::string name, service;
  runbook::StepKind action;  // The runbooks' first one for every failure.
  Malady malady;             // `afflicts`: what the remedy that helps takes away.
  // Where it only strikes, and a new life of the container cures it.
  bool is_strike = false;
  std::optional<Version> deploy{};          // Brings it.
  std::optional<runbook::StepKind> then{};  // What follows where that is not proven.
  std::optional<Malady> harm{};  // Of a remedy that does not help; else the malady stays.
  int by = 1;                    // Replicas more.
  bool restarts_first = false;   // The action is the second step, after a proven restart.
  std::function<void(World&)> prepare{};
};
[[nodiscard]] const std::vector<UndoCase>& undo_cases();

// Its world; the fault comes after 3 s.
[[nodiscard]] std::unique_ptr<Simulation> make_simulation(const UndoCase& one, Remedy remedy,
                                                          std::uint64_t seed);
// Until all is over; what is broken then.
[[nodiscard]] std::vector<std::string> live_to_the_end(Simulation& simulation);
// One of the cases, with what a seed makes of it: the remedy, who dies and when, an engine that is
// away or hangs for a while, GitHub's and the ledger's bad moments, a stop.
struct UndoDay {
  const UndoCase* one = nullptr;
  std::string name;
  std::unique_ptr<Simulation> simulation;
};
[[nodiscard]] UndoDay make_undo_day(std::uint64_t seed);
[[nodiscard]] std::vector<std::string> live_through(const UndoDay& day);

// How the incident of the case's service ended: "resolved", "escalated", …
[[nodiscard]] std::string ending_of(Simulation& simulation, const UndoCase& one);

}  // namespace simulation
