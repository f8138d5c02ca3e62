// What no pull request of a coding agent gets past: each rule with its example and its look-alike.
#include "escalation/pull_guard.h"

#include <doctest/doctest.h>

#include <set>

#include "escalation/verify.h"

using escalation::ChangedFile;

namespace {

const std::string kBody =
    "## Summary\nA circuit breaker around the policy call.\n\n## Expected MTTR effect\n"
    "From 90 s to none, since the quote service answers without it.\n";

ChangedFile file(std::string path, std::string before, std::string after) {
  ChangedFile made;
  made.path = std::move(path);
  made.before = std::move(before);
  made.after = std::move(after);
  return made;
}

std::set<std::string> rules_of(const std::vector<ChangedFile>& files,
                               const std::string& body = kBody) {
  std::set<std::string> rules;
  for (const auto& one : escalation::judge_pull(body, files, {"secrets/"})) rules.insert(one.rule);
  return rules;
}

const std::string kTelemetry = "from opentelemetry import trace\nprovider = TracerProvider()\n";
const std::string kKafka =
    "producer = KafkaProducer()\nproducer.send('t', v, headers=carry(headers))\n";

TEST_CASE("guard: what a good change does passes") {
  CHECK(rules_of({file("app/quote.py", kTelemetry + kKafka, kTelemetry + "breaker()\n" + kKafka),
                  file("tests/quote_test.py", "def test_a():\n  pass\n",
                       "def test_a():\n  pass\ndef test_b():\n  pass\n"),
                  file("chaos/demo/service.cc", "a", "b")})
            .empty());
  // Moved to another file is not removed.
  CHECK(rules_of({file("app/quote.py", kTelemetry, "import setup\n"),
                  file("app/setup.py", "", kTelemetry)})
            .empty());
}

TEST_CASE("guard: what must never pass is named by its rule") {
  struct Case {
    const char* rule;
    ChangedFile change;
  };
  const Case cases[] = {
      {"telemetry", file("app/quote.py", kTelemetry, "")},
      {"telemetry", file("app/quote.py", kTelemetry,
                         "# from opentelemetry import trace\n# provider = TracerProvider()\n")},
      {"headers",
       file("app/quote.py", kKafka, "producer = KafkaProducer()\nproducer.send('t', v)\n")},
      {"paths", file(".github/workflows/ci.yml", "a", "b")},
      {"paths", file("secrets/key", "", "b")},
      {"paths", file("CODEOWNERS", "a", "b")},
      {"paths", file("../outside", "a", "b")},
      {"judges", file("run", "a", "b")},
      {"judges", file("tools/demo-up", "a", "b")},
      {"judges", file("chaos/experiments/oom.yaml", "limit: 20s", "limit: 2000s")},
      {"judges", file("tests/quote_test.py", "assert x == 1\n", "assert True\n")},
      {"judges", file("tests/quote_test.py", "assert x == 1\n", "")}};
  for (const auto& one : cases) {
    CAPTURE(one.change.path);
    CAPTURE(std::string(one.rule));
    CHECK(rules_of({one.change}).contains(one.rule));
  }
  ChangedFile link = file("app/a", "", "");
  link.is_link = true;
  CHECK(rules_of({link}) == std::set<std::string>{"link"});
  ChangedFile cut = file("app/a.bin", "", "");
  cut.is_cut = true;
  CHECK(rules_of({cut}) == std::set<std::string>{"unread"});
}

TEST_CASE("guard: the text must say what was done and what it will bring") {
  const std::vector<ChangedFile> none = {file("app/a.py", "a", "b")};
  CHECK(rules_of(none, "") == std::set<std::string>{"summary", "mttr"});
  CHECK(rules_of(none, "Summary: a breaker around the policy call, nothing else.") ==
        std::set<std::string>{"mttr"});
  CHECK(rules_of(none, "summary mttr") == std::set<std::string>{"summary", "mttr"});
}

TEST_CASE(
    "verdict: only a suite that passed makes it a success, and the report says what was not") {
  escalation::Verdict verdict;
  verdict.sha = "abc";
  CHECK(verdict.state() == "pending");
  CHECK_FALSE(verdict.ok());
  CHECK(escalation::report_of(verdict).find("**Not run**") != std::string::npos);
  verdict.suite = escalation::SuiteResult::passed;
  CHECK(verdict.state() == "success");
  CHECK(verdict.ok());
  CHECK(escalation::report_of(verdict).find("**Not checked**") != std::string::npos);
  verdict.suite = escalation::SuiteResult::failed;
  verdict.suite_words = "```\n@everybody";
  CHECK(verdict.state() == "failure");
  CHECK(escalation::report_of(verdict).find("````\n```\n@everybody") != std::string::npos);
  verdict.findings = {{"paths", "x"}};
  verdict.suite = escalation::SuiteResult::passed;
  CHECK(verdict.state() == "failure");
}

}  // namespace
