#include "runbook/runbook.h"

#include <algorithm>
#include <set>

#include "base/names.h"
#include "base/text.h"

namespace runbook {
namespace {

using incident::Action;
using incident::FailureClass;

constexpr base::NameTable<StepKind, 12> kSteps{{{StepKind::restart, "restart"},
                                                {StepKind::scale_up, "scale_up"},
                                                {StepKind::scale_down, "scale_down"},
                                                {StepKind::rollback, "rollback"},
                                                {StepKind::revert_config, "revert_config"},
                                                {StepKind::clear_queue, "clear_queue"},
                                                {StepKind::pull_request, "pull_request"},
                                                {StepKind::escalate, "escalate"},
                                                {StepKind::notify, "notify"},
                                                {StepKind::wait, "wait"},
                                                {StepKind::verify, "verify"},
                                                {StepKind::noop, "noop"}}};

constexpr base::NameTable<Field, 3> kFields{{{Field::memory_limit, "memory_limit"},
                                             {Field::cpu_limit, "cpu_limit"},
                                             {Field::replicas, "replicas"}}};

bool applies(const Condition& when, const Situation& situation) {
  const auto has = [](const auto& list, const auto& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  if (!has(when.failures, situation.failure)) return false;
  if (!when.services.empty() && !has(when.services, situation.service)) return false;
  return !when.engine_restarts || *when.engine_restarts == situation.engine_restarts;
}

std::string at(const Runbook& runbook, int line, const std::string& what) {
  return runbook.file + ":" + std::to_string(line) + ": " + what;
}

std::string not_known(const Catalogue& catalogue, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& one : catalogue) names.push_back(one.name);
  const std::string near = base::nearest_word(name, names);
  return "no runbook is named \"" + name + "\"" +
         (near.empty() ? "" : "; did you mean \"" + near + "\"?");
}

// Whether the runbook can be reached from itself by its failures and recurrences.
bool is_circular(const Catalogue& catalogue, const Runbook& start) {
  std::set<std::string> seen;
  std::vector<std::string> open{start.name};
  while (!open.empty()) {
    const Runbook* one = find(catalogue, open.back());
    open.pop_back();
    if (one == nullptr) continue;
    std::vector<std::string> next{one->on_failure};
    if (one->on_recurrence) next.push_back(one->on_recurrence->run);
    for (const auto& name : next) {
      if (name == start.name) return true;
      if (!name.empty() && seen.insert(name).second) open.push_back(name);
    }
  }
  return false;
}

std::string joined(const std::vector<std::string>& words, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? std::string(" ") + last + " " : ", ";
    text += words[i];
  }
  return text;
}

// Its first action, when that is possible: what comes later may be left out, what comes first not.
int first_action(const Runbook& runbook, const Situation& situation) {
  for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
    if (action_of(runbook.steps[i].kind))
      return situation.possible(runbook.steps[i]) ? static_cast<int>(i) : -1;
  }
  return -1;
}

std::string condition_in_words(const Condition& when) {
  std::vector<std::string> failures;
  for (const auto failure : when.failures) failures.emplace_back(incident::to_string(failure));
  std::string text = "when the diagnosis is " + joined(failures, "or");
  if (!when.services.empty()) text += ", of " + joined(when.services, "or");
  if (when.engine_restarts)
    text += *when.engine_restarts ? ", and a restart policy brings the container back"
                                  : ", and no restart policy brings the container back";
  return text;
}

}  // namespace

std::string_view to_string(StepKind kind) { return base::name_in(kSteps, kind); }
std::optional<StepKind> parse_step_kind(std::string_view text) {
  return base::value_in(kSteps, text);
}
std::vector<std::string> step_kinds() {
  std::vector<std::string> names;
  for (const auto& [kind, name] : kSteps) names.emplace_back(name);
  return names;
}
std::string_view to_string(Field field) { return base::name_in(kFields, field); }
std::optional<Field> parse_field(std::string_view text) { return base::value_in(kFields, text); }

bool is_change(StepKind kind) {
  const auto action = action_of(kind);
  return action && *action != Action::escalate && *action != Action::noop;
}

std::optional<Action> action_of(StepKind kind) { return incident::parse_action(to_string(kind)); }

const Runbook* find(const Catalogue& catalogue, std::string_view name) {
  const auto found = std::find_if(catalogue.begin(), catalogue.end(),
                                  [&](const auto& one) { return one.name == name; });
  return found == catalogue.end() ? nullptr : &*found;
}

int next_action(const Runbook& runbook, int from, const Situation& situation) {
  for (std::size_t i = static_cast<std::size_t>(from); i < runbook.steps.size(); ++i) {
    const Step& step = runbook.steps[i];
    if (action_of(step.kind) && situation.possible(step)) return static_cast<int>(i);
  }
  return -1;
}

const Runbook& follow(const Catalogue& catalogue, const Runbook& runbook,
                      const Situation& situation) {
  const Runbook* one = &runbook;
  for (std::size_t steps = 0; steps < catalogue.size() && one->on_recurrence; ++steps) {
    if (situation.occurrences(one->on_recurrence->within) < one->on_recurrence->at) break;
    const Runbook* next = find(catalogue, one->on_recurrence->run);
    if (next == nullptr || first_action(*next, situation) < 0) break;
    one = next;
  }
  return *one;
}

std::vector<const Runbook*> choose(const Catalogue& catalogue, const Situation& situation) {
  std::vector<const Runbook*> chosen;
  for (const auto& runbook : catalogue) {
    if (!runbook.when || !applies(*runbook.when, situation)) continue;
    const Runbook* one = &follow(catalogue, runbook, situation);
    const bool is_new = std::find(chosen.begin(), chosen.end(), one) == chosen.end();
    if (is_new && first_action(*one, situation) >= 0) chosen.push_back(one);
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const auto* a, const auto* b) { return a->rank > b->rank; });
  return chosen;
}

std::vector<std::string> find_faults(const Catalogue& catalogue) {
  std::vector<std::string> faults;
  std::set<std::string> names;
  std::set<FailureClass> covered;
  for (const auto& one : catalogue) {
    if (!names.insert(one.name).second)
      faults.push_back(at(one, 1, "runbook: \"" + one.name + "\" is given twice"));
    if (one.when) covered.insert(one.when->failures.begin(), one.when->failures.end());
    if (!one.on_failure.empty() && find(catalogue, one.on_failure) == nullptr)
      faults.push_back(
          at(one, one.line_of_failure, "on_failure: " + not_known(catalogue, one.on_failure)));
    if (one.on_recurrence && find(catalogue, one.on_recurrence->run) == nullptr)
      faults.push_back(at(one, one.on_recurrence->line,
                          "on_recurrence.run: " + not_known(catalogue, one.on_recurrence->run)));
    if (is_circular(catalogue, one))
      faults.push_back(
          at(one, 1, "runbook: \"" + one.name + "\" leads back to itself: it would never end"));
  }
  for (const auto failure : incident::failure_classes()) {
    if (failure == FailureClass::nothing_wrong || covered.contains(failure)) continue;
    faults.push_back("no runbook covers the class " + std::string(incident::to_string(failure)));
  }
  return faults;
}

std::vector<std::string> find_unused(const Catalogue& catalogue) {
  std::vector<std::string> unused;
  for (const auto& one : catalogue) {
    const bool is_named = std::any_of(catalogue.begin(), catalogue.end(), [&](const auto& other) {
      return other.on_failure == one.name ||
             (other.on_recurrence && other.on_recurrence->run == one.name);
    });
    if (!one.when && !is_named)
      unused.push_back(
          at(one, 1, "runbook: never used: it has no `when`, and no other leads here"));
  }
  return unused;
}

std::string describe(const Step& step) {
  switch (step.kind) {
    case StepKind::restart:
      return "restart the container";
    case StepKind::scale_up:
      return "add " + std::to_string(step.by) + (step.by == 1 ? " replica" : " replicas") +
             (step.at_most > 0 ? ", to at most " + std::to_string(step.at_most) : "");
    case StepKind::scale_down:
      return "take away " + std::to_string(step.by) + (step.by == 1 ? " replica" : " replicas") +
             (step.at_most > 0 ? ", to not fewer than " + std::to_string(step.at_most) : "");
    case StepKind::rollback:
      return "bring back the image and configuration from before the last deploy";
    case StepKind::revert_config:
      return "open a pull request that reverts the commit which caused it";
    case StepKind::clear_queue:
      return "clear the service's queue by its configured call";
    case StepKind::pull_request: {
      std::string times = std::to_string(step.times);
      times.erase(times.find_last_not_of('0') + 1);
      if (times.ends_with('.')) times.pop_back();
      return "open a pull request that sets " + std::string(to_string(step.field)) + " to " +
             times + " times its value" + (step.most.empty() ? "" : ", at most " + step.most);
    }
    case StepKind::escalate:
      return "call a person" + (step.text.empty() ? "" : ": " + step.text);
    case StepKind::notify:
      return "say in the issue: " + step.text;
    case StepKind::wait:
      return "wait " + base::format_duration(step.time);
    case StepKind::verify:
      return "prove the symptom gone" + (step.time.count() > 0
                                             ? " for " + base::format_duration(step.time)
                                             : " for the configured soak time");
    case StepKind::noop:
      return "do nothing and watch";
  }
  base::fail_ensure("a step of no kind");
}

std::string explain(const Runbook& runbook) {
  std::string text = runbook.name + ": " + runbook.title + "\n\nStands " +
                     (runbook.when ? condition_in_words(*runbook.when)
                                   : std::string("only where another runbook leads here")) +
                     ".\n" + runbook.reason + "\n\n";
  for (std::size_t i = 0; i < runbook.steps.size(); ++i)
    text += "  " + std::to_string(i + 1) + ". " + describe(runbook.steps[i]) + "\n";
  text += "\nRisk: " + runbook.risk + ". Proof: " + runbook.proof + ". Undo: " + runbook.undo +
          ".\nWhen it fails: " +
          (runbook.on_failure.empty() ? std::string("a person is called")
                                      : "the runbook " + runbook.on_failure + " is tried") +
          ".\n";
  if (const auto& again = runbook.on_recurrence)
    text += "From number " + std::to_string(again->at) + " of its kind within " +
            base::format_duration(again->within) + " on, the runbook " + again->run +
            " stands in.\n";
  return text;
}

}  // namespace runbook
