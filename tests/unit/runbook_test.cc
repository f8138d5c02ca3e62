// Runbooks: what a file may say, what its mistakes are called, and which runbook is chosen.
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "base/text.h"
#include "runbook/catalogue.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

namespace {

using incident::FailureClass;
using runbook::Runbook;
using runbook::Situation;

const std::string kGood = R"(runbook: mine
title: A title
when: {failure: [oom]}
risk: low
rank: 0.5
reason: It helps.
steps:
  - restart
  - wait: {for: 2s}
  - verify: {soak: 10s}
proof: the probe passes
undo: none needed
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> names(const std::vector<const Runbook*>& chosen) {
  std::vector<std::string> out;
  for (const auto* one : chosen) out.push_back(one->name);
  return out;
}

Situation situation(FailureClass failure, int occurrences = 1, bool engine_restarts = false) {
  Situation made;
  made.failure = failure;
  made.service = "a";
  made.engine_restarts = engine_restarts;
  made.occurrences = [occurrences](base::Duration) { return occurrences; };
  return made;
}

// Shipped names for `made`; the means a configuration gives are the actions named here.
std::vector<std::string> chosen(Situation made, const std::set<std::string>& means) {
  made.possible = [means](const runbook::Step& step) {
    return means.contains(std::string(to_string(step.kind)));
  };
  return names(runbook::choose(runbook::shipped(), made));
}

const std::set<std::string> kAll = {"restart",      "scale_up",      "scale_down",
                                    "rollback",     "revert_config", "clear_queue",
                                    "pull_request", "escalate",      "noop"};

TEST_CASE("a runbook is read with its steps and their parameters") {
  const auto read = runbook::parse_runbook(kGood, "runbooks/mine.yaml");
  REQUIRE(read.ok());
  CHECK(read->name == "mine");
  REQUIRE(read->steps.size() == 3);
  CHECK(read->steps[0].kind == runbook::StepKind::restart);
  CHECK(read->steps[1].time == std::chrono::seconds(2));
  CHECK(read->steps[2].time == std::chrono::seconds(10));
  CHECK(read->on_failure.empty());
  const auto text = runbook::explain(*read);
  CHECK(text.find("when the diagnosis is oom") != text.npos);
  CHECK(text.find("2. wait 2s") != text.npos);
  CHECK(text.find("a person is called") != text.npos);
}

TEST_CASE("a mistake is named with file, line, field and the nearest right word") {
  const struct {
    std::string from, to, said;
  } rows[] = {
      {"risk: low", "risk: lwo", "mine.yaml:4: risk: unknown word \"lwo\"; did you mean \"low\"?"},
      {"risk: low", "risks: low", "mine.yaml:4: risks: unknown field; did you mean \"risk\"?"},
      {"[oom]", "[oomm]",
       "mine.yaml:3: when.failure: unknown word \"oomm\"; did you mean \"oom\"?"},
      {"[oom]", "[]", "mine.yaml:3: when.failure: is empty"},
      {"- restart", "- restrat",
       "mine.yaml:8: steps[0]: no step is named \"restrat\"; did you mean \"restart\"?"},
      {"- restart", "- run: {command: rm -rf /}",
       "mine.yaml:8: steps[0]: no step is named \"run\""},
      {"- restart", "- restart: {command: ls}",
       "mine.yaml:8: steps[0].restart.command: unknown field"},
      {"- restart", "- {restart: {}, wait: {for: 1s}}", "mine.yaml:8: steps[0]: must be a step"},
      {"{for: 2s}", "{}", "mine.yaml:9: steps[1].wait.for: is missing"},
      {"{for: 2s}", "{for: 20m}", "mine.yaml:9: steps[1].wait.for:"},
      {"  - restart\n", "  - restart\n  - scale_up\n",
       "mine.yaml:9: steps[1]: comes before the step at line 8 is proven"},
      {"  - verify: {soak: 10s}\n", "", "mine.yaml:8: steps: end without `- verify`"},
      {"  - restart\n", "  - notify: {text: hello}\n",
       "mine.yaml:10: steps[2]: has nothing to prove"},
      {"  - restart\n", "  - escalate\n", "mine.yaml:8: steps[0]: must be the last step"},
      {"- restart", "- pull_request: {field: memory, times: 2}",
       "mine.yaml:8: steps[0].pull_request.field: unknown word \"memory\""},
      {"- restart", "- pull_request: {field: memory_limit, times: 9}",
       "mine.yaml:8: steps[0].pull_request.times:"},
      {"- restart", "- pull_request: {field: memory_limit, times: 2, at_most: lots}",
       "mine.yaml:8: steps[0].pull_request.at_most: must be a quantity"},
      {"- restart", "- scale_up: {by: 6}", "mine.yaml:8: steps[0].scale_up.by:"},
      {"runbook: mine", "runbook: other", "mine.yaml:1: runbook: must be the name of its file"},
      {"rank: 0.5", "rank: 1.5", "mine.yaml:5: rank:"},
      {"risk: low\n", "risk: low\nrisk: high\n", "mine.yaml:5: risk:"},
      {"title: A title", "title: &a [*a]", "mine.yaml:2: aliases"},
      {"title: A title", "title: [", "mine.yaml:"},
      {"proof: the probe passes\n", "", "mine.yaml:1: proof: is missing"},
      {"undo: none needed", "undo: none needed\non_recurrence: {at: 1, run: x}",
       "mine.yaml:13: on_recurrence.at:"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.to);
    const auto read = runbook::parse_runbook(with(row.from, row.to), "mine.yaml");
    REQUIRE_FALSE(read.ok());
    CHECK_MESSAGE(read.error().message.find(row.said) != std::string::npos, read.error().message);
  }
}

TEST_CASE("a hostile file ends in a message, not in memory") {
  std::string deep = "runbook: ";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  const std::string bomb =
      "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\nrunbook: mine\n";
  for (const std::string& text :
       {deep, bomb, std::string("&a [*a]"), std::string(2 << 20, 'x'), std::string("\0\xff", 2)}) {
    CHECK_FALSE(runbook::parse_runbook(text, "mine.yaml").ok());
  }
}

TEST_CASE("the shipped runbooks are without fault and cover every class") {
  CHECK(runbook::find_faults(runbook::shipped()).empty());
  CHECK(runbook::find_unused(runbook::shipped()).empty());
  CHECK(runbook::shipped().size() >= 12);
  for (const auto failure : incident::failure_classes()) {
    if (failure == FailureClass::nothing_wrong) continue;
    CAPTURE(incident::to_string(failure));
    CHECK_FALSE(chosen(situation(failure), kAll).empty());
  }
}

TEST_CASE("the runbook is chosen by class, recurrence, restart policy and means") {
  using Names = std::vector<std::string>;
  const std::set<std::string> restart_only = {"restart", "escalate", "noop"};
  const struct {
    Situation when;
    std::set<std::string> means;
    Names expected;
  } rows[] = {
      {situation(FailureClass::oom), kAll, {"oom-restart"}},
      {situation(FailureClass::oom, 2), kAll, {"oom-restart"}},
      {situation(FailureClass::oom, 3), kAll, {"leak-raise-limit"}},
      {situation(FailureClass::oom, 3), restart_only, {"leak-raise-limit"}},
      {situation(FailureClass::oom, 1, true), kAll, {"policy-brings-it-back", "oom-restart"}},
      {situation(FailureClass::high_latency), kAll, {"slow-restart"}},
      {situation(FailureClass::high_latency, 2), kAll, {"slow-again"}},
      {situation(FailureClass::cpu_saturation, 3), kAll, {"cpu-scale-up"}},
      {situation(FailureClass::cpu_saturation, 3), restart_only, {"cpu-restart"}},
      {situation(FailureClass::bad_deploy), kAll, {"bad-deploy-rollback", "config-error-revert"}},
      {situation(FailureClass::config_error), {"revert_config"}, {"config-error-revert"}},
      {situation(FailureClass::bad_deploy), restart_only, {}},
      {situation(FailureClass::crash_loop, 1, true), kAll, {"crash-loop"}},
      {situation(FailureClass::nothing_wrong), kAll, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(incident::to_string(row.when.failure));
    CHECK(chosen(row.when, row.means) == row.expected);
  }
}

TEST_CASE("a step that is not possible here is left out, the first one never") {
  const auto* leak = runbook::find(runbook::shipped(), "leak-raise-limit");
  REQUIRE(leak != nullptr);
  Situation here = situation(FailureClass::oom, 3);
  CHECK(runbook::next_action(*leak, 0, here) == 0);
  CHECK(runbook::next_action(*leak, 1, here) == 2);
  here.possible = [](const auto& step) { return step.kind == runbook::StepKind::restart; };
  CHECK(runbook::next_action(*leak, 1, here) == -1);
}

TEST_CASE("own runbooks stand in for shipped ones; what only the set shows is told") {
  support::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.file(name)) << text;
  };
  std::string own = with("runbook: mine", "runbook: oom-restart");
  write("oom-restart.yaml", own);
  auto loaded = runbook::load_catalogue(folder.path());
  REQUIRE(loaded.ok());
  CHECK(loaded->size() == runbook::shipped().size());
  CHECK(runbook::find(*loaded, "oom-restart")->title == "A title");
  CHECK(runbook::find_unused(*loaded).size() == 1);  // What only the replaced one led to.

  const struct {
    std::string text, said;
  } rows[] = {
      {kGood + "on_failure: ask-a-persn\n",
       "mine.yaml:13: on_failure: no runbook is named \"ask-a-persn\"; did you mean "
       "\"ask-a-person\"?"},
      {kGood + "on_recurrence: {at: 3, run: nobody-at-all}\n", "mine.yaml:13: on_recurrence.run:"},
      {kGood + "on_failure: mine\n", "leads back to itself"},
  };
  for (const auto& row : rows) {
    write("mine.yaml", row.text);
    loaded = runbook::load_catalogue(folder.path());
    REQUIRE_FALSE(loaded.ok());
    CHECK_MESSAGE(loaded.error().message.find(row.said) != std::string::npos,
                  loaded.error().message);
  }
  CHECK(runbook::load_catalogue(folder.path() + "/nowhere").error().code ==
        base::ErrorCode::not_found);
}

}  // namespace
