// From the value of a plan to a commit and the texts of its pull request. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/redact.h"
#include "base/result.h"
#include "base/time.h"
#include "gitops/remediation.h"
#include "gitops/repository.h"
#include "incident/event.h"

namespace scribe {

// Where a service's value stands, and what may become of a pull request for it.
struct PullPlace {
  std::string file, branch;
  std::string memory_limit;  // Path in the file.
  bool merge_by_us = false;
  base::Duration merge_after{0};
  std::int64_t memory_min = 0, memory_max = 0;  // Bytes.
};

struct PullOrder {
  PullPlace place;
  incident::Change change;          // Not of a revert.
  std::string commit;               // That is reverted; empty: none, a value is changed.
  gitops::Remediation remediation;  // But for its change.
  base::WallTime at;                // Of the intent: the commit's time.
  std::string branch;
};

struct PullPlan {
  gitops::CommitPlan commit;
  std::string title, body;
};

// `bytes` as the file writes it: in the unit of `like`, or in a smaller one where that is none.
[[nodiscard]] std::string written_like(std::string_view like, std::int64_t bytes);

// `file` is the place's file at the head of its branch. The same order and file make the same plan.
// Errors: not_found (no such value), conflict (another value than the one that the plan started
// from: both are said), denied (beyond the bounds; a secret would be written), invalid.
[[nodiscard]] base::Result<PullPlan> plan_pull(const PullOrder& order, const gitops::FileAt& file,
                                               const base::Redactor& redactor);

// The same for the commit that is taken back. Errors: denied (a secret would be written).
[[nodiscard]] base::Result<PullPlan> plan_revert(const PullOrder& order,
                                                 const gitops::Reverted& reverted,
                                                 const base::Redactor& redactor);

}  // namespace scribe
