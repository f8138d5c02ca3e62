// What people read of a fix by pull request: its title and body, and the record that lies beside
// the change in the repository. Pure. Foreign text (keys, values, evidence, a service's name) is
// made harmless here, in YAML by an emitter, in Markdown by shared/markdown; it is not redacted:
// whoever calls has passed every text through base::Redactor before.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "gitops/change.h"

namespace gitops {

inline constexpr int kRemediationVersion = 1;

struct Evidence {
  std::string id;       // "E1".
  std::string summary;  // One line.
};

// What became of the fix after the merge, as it was seen.
enum class Result { open, merged, proven, disproven, reverted, closed };
[[nodiscard]] std::string_view to_string(Result result);

struct Outcome {
  Result result = Result::open;
  base::WallTime at;
  std::string detail;  // "memory limit of the running container: 128 MiB".
};

// A commit that is taken back instead of a value changed.
struct TakenBack {
  std::string commit;   // Whole.
  std::string subject;  // Of its message; foreign.
  std::vector<std::string> files;
};

struct Remediation {
  int issue = 0;
  std::string incident;
  std::string operation;
  std::string service;
  std::string failure_class;  // "oom".
  Change change;              // Unless a commit is taken back.
  std::optional<TakenBack> taken_back = std::nullopt;
  std::string why;  // The diagnosis, in a sentence or two.
  std::vector<Evidence> evidence;
  std::string plan_hash;
  std::string proof;              // What will be seen when it helped.
  std::vector<Outcome> outcomes;  // Oldest first.
};

// "remediations/fix-12.yaml". `issue` counts from 1: anything else aborts.
[[nodiscard]] std::string remediation_path(int issue);
// The file's text, the same for the same values. Format: docs/formats/gitops.md.
[[nodiscard]] std::string remediation_text(const Remediation& remediation);

// "[SRE-AUTO-FIX] services.api.mem_limit: 64m → 128m", or "[SRE-AUTO-FIX] Revert 0123456789ab: its
// subject"; at most 200 bytes.
[[nodiscard]] std::string pull_title(const Remediation& remediation);
// What changes, why, the evidence, the proof plan, how to revert. Links to no issue but the
// incident's, which the merge leaves open: only proof closes it. `base` is the branch it goes to.
[[nodiscard]] std::string pull_body(const Remediation& remediation, std::string_view base);
// The commit's: title line, blank, the change and "For #12.".
[[nodiscard]] std::string commit_message(const Remediation& remediation);

}  // namespace gitops
