// What is read in a pull request of a coding agent before anything of it runs. Pure. It is a sieve
// for what must never pass, by words and paths: what passes is not thereby good.
#pragma once

#include <string>
#include <vector>

#include "escalation/work_copy.h"

namespace escalation {

struct GuardFinding {
  std::string rule;  // paths | link | judges | telemetry | headers | summary | mttr | unread
  std::string what;
};

// Empty: nothing is wrong.
// - paths, link: what may not be touched, built in or in `forbidden`.
// - judges: files that judge the change itself: ./run, ./test, tools/, bench/, .github/, and chaos/
//   but for chaos/demo/; in tests/ nothing may be taken away.
// - telemetry: less set-up of traces and metrics than before, over all its files.
// - headers: less passing on of headers in the files that speak to Kafka.
// - summary, mttr: its text lacks a summary or the expected MTTR effect.
// - unread: a file that could not be looked into.
[[nodiscard]] std::vector<GuardFinding> judge_pull(const std::string& body,
                                                   const std::vector<ChangedFile>& files,
                                                   const std::vector<std::string>& forbidden);

}  // namespace escalation
