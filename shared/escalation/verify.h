// Judges a coding agent's pull request: guards first, then the chaos suite on its head, and says so
// on it by a comment and a commit status. What was not checked is said as well. Adapter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/redact.h"
#include "base/result.h"
#include "base/time.h"
#include "escalation/pull_guard.h"
#include "github/github.h"
#include "github/workshop.h"

namespace escalation {

inline constexpr const char* kStatusContext = "sre-space/verify-jules-pr";
inline constexpr const char* kExperiments = "oom oom crash hang latency cpu dependency";

struct VerifyOptions {
  std::string folder;  // For the checkout; it is removed afterwards.
  std::vector<std::string> forbidden;
  bool runs_suite = false;  // The pull request's code is built and runs on this host.
  std::string experiments = kExperiments;
  // In the checkout's root, with the experiments behind it; its exit code tells. The files that
  // judge are those of the base (pull_guard.h).
  std::vector<std::string> suite = {"./run", "--once", "--json", "--experiments"};
  // An executable of ours: where nothing but the demo differs, its roles heal the commit's demo, and
  // only that is built. Empty: everything is built and started from the commit.
  std::string program;
  base::Duration within = std::chrono::hours(1);
  std::vector<std::string> environment;  // "NAME=value" for the suite.
  base::Redactor redactor;               // Of what the suite wrote.
};

enum class SuiteResult { not_asked, no_demo, refused_before, passed, failed };

struct Verdict {
  std::int64_t pull = 0;
  std::string sha;
  std::vector<GuardFinding> findings;
  SuiteResult suite = SuiteResult::not_asked;
  std::string suite_words;  // Its last ones.
  std::string experiments;  // That were to be healed.
  bool builds_demo_alone = false;
  int files = 0;

  [[nodiscard]] bool ok() const { return findings.empty() && suite == SuiteResult::passed; }
  // "success", "failure", or "pending": nothing is wrong, but the suite was not run.
  [[nodiscard]] std::string state() const;
};

// Errors: those of GitHub and of read_pull(); a status that could not be set or a comment that
// could not be written is one too.
[[nodiscard]] base::Result<Verdict> verify_pull(std::int64_t number, const VerifyOptions& options,
                                                github::Workshop& workshop, github::Github& github);
// For people; the comment's text. Pure.
[[nodiscard]] std::string report_of(const Verdict& verdict);
// One line. Pure.
[[nodiscard]] std::string summary_of(const Verdict& verdict);

}  // namespace escalation
