// The checker that holds the forge's clients to a budget: it must see each planted break, and none
// where there is none.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "forge/budget_checker.h"
#include "forge/faults.h"

namespace forge {
namespace {

using namespace std::chrono_literals;

struct HandClock final : base::Clock {
  base::Now time{base::wall_from_ms(1'763'646'756'000), base::instant_from_ms(1'000'000)};
  [[nodiscard]] base::Now now() const override { return time; }
  void pass(base::Duration span) {
    time.boot += span;
    time.wall += std::chrono::duration_cast<base::Millis>(span);
  }
};

// One call after `pause`; `wait` is what its answer says.
struct Step {
  base::Duration pause;
  CallKind kind;
  base::Duration wait{0};
};

std::vector<std::string> broken_rules(const std::vector<Step>& steps, CallBudget budget = {}) {
  HandClock clock;
  BudgetChecker checker(clock, budget);
  for (const Step& step : steps) {
    clock.pass(step.pause);
    checker.begin("scribe", step.kind);
    checker.end("scribe", step.kind, step.wait);
  }
  std::vector<std::string> rules;
  for (const Violation& violation : checker.violations()) {
    rules.emplace_back(to_string(violation.rule));
  }
  return rules;
}

std::vector<Step> repeat(int times, Step step) {
  return std::vector<Step>(static_cast<std::size_t>(times), step);
}

TEST_CASE("the checker catches each planted break and nothing else") {
  using enum CallKind;
  const std::vector<std::string> none;
  CHECK(broken_rules(repeat(240, {15s, content})) == none);  // 4 a minute, 240 an hour.
  CHECK(broken_rules(repeat(241, {14'900ms, content})) ==
        std::vector<std::string>{"content per hour"});
  CHECK(broken_rules(repeat(40, {1s, content})) == none);
  CHECK(broken_rules(repeat(41, {1s, content})) == std::vector<std::string>{"content per minute"});
  CHECK(broken_rules(repeat(60, {1s, write})) == none);  // Labels and edits make nothing new.
  CHECK(broken_rules(repeat(450, {1ms, read})) == none);
  CHECK(broken_rules(repeat(451, {1ms, read})) == std::vector<std::string>{"points per minute"});
  CHECK(broken_rules({{0s, write}, {985ms, write}}) == none);
  CHECK(broken_rules({{0s, write}, {979ms, content}}) == std::vector<std::string>{"spacing"});
  CHECK(broken_rules({{0s, write, 5s}, {4999ms, read}}) == std::vector<std::string>{"retry after"});
  CHECK(broken_rules({{0s, write, 5s}, {5s, write}}) == none);
  CHECK(broken_rules({{0s, write, 5s}, {99ms, read}}) == none);  // It was on its way.
  CHECK(broken_rules({{0s, write, 5s}, {99ms, read, 5s}, {1ms, read}}) ==
        std::vector<std::string>{"retry after"});
  CHECK(broken_rules({{0s, write, 60s}, {1s, write, 1s}, {30s, write}}) ==
        std::vector<std::string>{"retry after", "retry after"});  // The longer wait stands.
}

TEST_CASE("a minute's points: a write is five reads") {
  std::vector<Step> steps = repeat(40, {1s, CallKind::write});
  const std::vector<Step> reads = repeat(251, {1ms, CallKind::read});
  steps.insert(steps.end(), reads.begin(), reads.end());
  CHECK(broken_rules(steps) == std::vector<std::string>{"points per minute"});
}

TEST_CASE("two writes at once are seen, of one caller only") {
  HandClock clock;
  BudgetChecker checker(clock, {.spacing = 0s});
  checker.begin("scribe", CallKind::write);
  checker.begin("somebody", CallKind::write);
  checker.begin("scribe", CallKind::read);
  CHECK(checker.violations().empty());
  checker.begin("scribe", CallKind::content);
  REQUIRE(checker.violations().size() == 1);
  CHECK(checker.violations()[0].rule == BudgetRule::writes_in_flight);
  CHECK(checker.violations()[0].caller == "scribe");
  checker.end("scribe", CallKind::content, 0s);
  checker.end("scribe", CallKind::write, 0s);
  checker.begin("scribe", CallKind::write);
  CHECK(checker.violations().size() == 1);
}

TEST_CASE("the report finds the worst minute and hour wherever they lie") {
  HandClock clock;
  BudgetChecker checker(clock, {});
  const auto write = [&](base::Duration pause) {
    clock.pass(pause);
    checker.begin("scribe", CallKind::write);
    checker.end("scribe", CallKind::write, 0s);
  };
  for (int i = 0; i < 10; ++i) write(60s);  // One a minute: windows never hold two.
  CHECK(checker.report().worst_minute == 1);
  CHECK(checker.report().worst_hour == 10);
  write(3060s);
  for (int i = 0; i < 4; ++i) write(14s);  // Five within 57 s.
  const WriteReport report = checker.report();
  CHECK(report.worst_minute == 5);
  CHECK(report.worst_hour == 14);
  CHECK(report.total == 15);
}

TEST_CASE("what counts as content") {
  CHECK(classify_call("GET", "/repos/o/r/issues") == CallKind::read);
  CHECK(classify_call("POST", "/repos/o/r/issues") == CallKind::content);
  CHECK(classify_call("POST", "/api/v3/repos/o/r/issues/1/comments") == CallKind::content);
  CHECK(classify_call("POST", "/repos/o/r/pulls") == CallKind::content);
  CHECK(classify_call("POST", "/repos/o/r/issues/1/labels") == CallKind::write);
  CHECK(classify_call("PATCH", "/repos/o/r/issues/1") == CallKind::write);
}

TEST_CASE("scripted chance comes from its seed alone, at the rate asked for") {
  const auto faults_of = [](std::uint64_t seed) {
    Faults faults;
    faults.fail_writes(seed, 30);
    std::string played;
    for (int i = 0; i < 1000; ++i) {
      const auto fault = faults.next_write().fault;
      played += fault ? static_cast<char>('0' + static_cast<int>(*fault)) : '-';
    }
    return played;
  };
  const std::string first = faults_of(7);
  CHECK(first == faults_of(7));
  CHECK(first != faults_of(8));
  for (const char kind : {'0', '1', '2', '3'}) {
    CHECK(first.find(kind) != std::string::npos);
  }
  const auto failed = static_cast<int>(first.size()) -
                      static_cast<int>(std::count(first.begin(), first.end(), '-'));
  CHECK(failed > 240);
  CHECK(failed < 360);
}

}  // namespace
}  // namespace forge
