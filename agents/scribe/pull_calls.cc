#include "agents/scribe/pull_calls.h"

#include <algorithm>

#include "base/failpoint.h"

namespace scribe {
namespace {

constexpr std::size_t kBranchesKept = 5;

template <class T>
Fault fault_in(const github::Result<T>& result) {
  const auto failure = result.failure();
  return {failure.error.code, failure.error.message, failure.retry_after};
}

// What git says: trouble that may pass, or why it will never be.
void say(PullWritten& written, const base::Error& error) {
  const bool may_pass =
      error.code == base::ErrorCode::unavailable || error.code == base::ErrorCode::timeout ||
      error.code == base::ErrorCode::unknown || error.code == base::ErrorCode::corrupt;
  if (may_pass) {
    written.fault = Fault{base::ErrorCode::unavailable, "git: " + error.message, {}};
    written.is_of_git = true;
  } else {
    written.refusal = error.message;
  }
}

template <class T>
void say(PullWritten& written, const github::Result<T>& result) {
  written.fault = fault_in(result);
}

void take(PullWritten& written, const github::Pull& pull) {
  written.number = pull.number;
  written.url = pull.url;
  written.head = pull.head;
}

std::string operation_in(const std::string& branch) { return branch.substr(branch.rfind('-') + 1); }

}  // namespace

PullWritten PullCalls::carry_out(const PullWrite& write) {
  PullWritten written;
  written.op = write.op;
  written.incident = write.incident;
  written.kind = write.kind;
  written.action = write.action;
  if (base::failpoint("scribe.pull.before")) {
    written.fault = Fault{base::ErrorCode::unavailable, "failpoint before the write", {}};
    return written;
  }
  if (write.kind == "open_pull") open(write, written);
  if (write.kind == "merge_pull") merge(write, written);
  if (write.kind == "delete_branch") clean_up(write, written);
  if (write.kind == "add_label") {
    const auto added = github_.add_labels(write.number, {kAutoMerged});
    if (!added) say(written, added);
  }
  if (base::failpoint("scribe.pull.after")) {
    written.fault = Fault{base::ErrorCode::unknown, "failpoint after the write", {}};
  }
  return written;
}

// Whatever of it stands already, from a time whose answer was lost, is taken as it is.
void PullCalls::open(const PullWrite& write, PullWritten& written) {
  const auto listed = pulls_.list_pulls(write.branch);
  if (!listed) return say(written, listed);
  const github::Pull* known = listed->empty() ? nullptr : &listed->front();
  if (known != nullptr) take(written, *known);
  if (known != nullptr && known->state != "open") return;  // Somebody decided already.
  const auto& place = write.order.place;
  const auto plan = this->plan(write.order);
  if (!plan) return say(written, plan.error());
  const auto head = git_.propose(plan->commit);
  if (!head) return say(written, head.error());
  if (base::failpoint("scribe.pull.pushed")) {
    written.fault = Fault{base::ErrorCode::unavailable, "failpoint after the push", {}};
    return;
  }
  if (known != nullptr) {
    if (known->head != *head) written.refusal = "its branch holds another commit than ours";
    return;
  }
  const auto opened = pulls_.open_pull({plan->title, plan->body, write.branch, place.branch});
  if (opened) return take(written, *opened);
  say(written, opened);
  if (opened.error().code != base::ErrorCode::invalid) return;
  // There may be one that the list did not show yet.
  const auto again = pulls_.list_pulls(write.branch);
  if (!again) return say(written, again);
  if (again->empty()) return;
  written.fault.reset();
  take(written, again->front());
  if (written.head != *head && again->front().state == "open")
    written.refusal = "its branch holds another commit than ours";
}

base::Result<PullPlan> PullCalls::plan(const PullOrder& order) {
  const auto& place = order.place;
  if (!order.commit.empty()) {
    const auto reverted = git_.reverted(place.branch, order.commit, {place.file});
    if (!reverted) return reverted.error();
    return plan_revert(order, *reverted, redactor_);
  }
  const auto file = git_.read(place.branch, place.file, {place.file});
  if (!file) return file.error();
  return plan_pull(order, *file, redactor_);
}

void PullCalls::merge(const PullWrite& write, PullWritten& written) {
  const auto merged = pulls_.merge_pull(write.number, write.head, write.title);
  written.number = write.number;
  if (merged) {
    written.commit = *merged;
  } else {
    say(written, merged);
  }
}

// The branch goes if it still is what was merged, and so do old ones of which nothing is open.
void PullCalls::clean_up(const PullWrite& write, PullWritten& written) {
  written.number = write.number;
  const auto removed = git_.remove(write.branch, write.head);
  if (!removed.ok()) return say(written, removed.error());
  auto branches = git_.fix_branches();
  if (!branches) return say(written, branches.error());
  std::sort(branches->begin(), branches->end(), [](const auto& a, const auto& b) {
    return operation_in(a.name) > operation_in(b.name);  // Operations sort by time.
  });
  for (std::size_t i = kBranchesKept; i < branches->size(); ++i) {
    const auto& old = (*branches)[i];
    if (write.open.contains(old.name)) continue;
    const auto gone = git_.remove(old.name, old.sha);
    if (!gone.ok()) return say(written, gone.error());
  }
}

SeenPull PullCalls::carry_out(const LookPull& look) {
  SeenPull seen;
  seen.incident = look.incident;
  seen.action = look.action;
  const auto pull = pulls_.get_pull(look.number);
  if (!pull) {
    seen.fault = fault_in(pull);
    return seen;
  }
  seen.pull = *pull;
  if (!pull->merged && pull->state == "closed") {
    const auto changes = github_.list_state_changes(look.number);
    if (!changes) seen.fault = fault_in(changes);
    if (changes && !changes->empty()) seen.closed_by = changes->back().by;
    return seen;
  }
  if (pull->state != "open" || !look.with_checks) return seen;
  const auto required = pulls_.required_checks(look.base);
  if (!required) {
    seen.fault = fault_in(required);
    return seen;
  }
  const auto checks = pulls_.list_checks(pull->head);
  if (!checks) {
    seen.fault = fault_in(checks);
    return seen;
  }
  seen.verdict = github::judge_checks(*checks, *required);
  return seen;
}

}  // namespace scribe
