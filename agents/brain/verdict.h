// What a rule says before the causal path is drawn, and the rules that look beyond the symptom: at
// deploys, and at what became of a dependency. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/brain/rules.h"

namespace brain {

struct Verdict {
  incident::FailureClass failure = incident::FailureClass::unknown;
  double confidence = 0.5;
  std::string rule, explanation;
  std::vector<std::string> ruled_out;
  std::string commit = {};   // That caused it; empty: none, or not known.
  std::string culprit = {};  // Empty: the service itself.
};

// The deploy that the symptom may come from: it brought what runs, no more than 20 minutes before;
// nullptr: there is none.
[[nodiscard]] const incident::Deploys::Deploy* suspect_deploy(const Findings& findings);
// `shown`: what the symptom alone would be called. Nothing when no deploy explains it.
[[nodiscard]] std::optional<Verdict> judge_deploy(const Findings& findings, const Verdict& shown);
// The class says that a deploy of its own made the service sick.
[[nodiscard]] bool is_of_a_deploy(incident::FailureClass failure);
// What was deployed, in one line.
[[nodiscard]] std::string describe(const incident::Deploys::Deploy& deploy);

// Its dependency has begun a new life, and it still fails although that one is well.
[[nodiscard]] std::optional<Verdict> judge_left_behind(const Findings& findings,
                                                       const Verdict& shown);

// No restart and no limit ever cures it: the code has to change.
[[nodiscard]] bool is_architectural(const Findings& findings, incident::FailureClass failure);

}  // namespace brain
