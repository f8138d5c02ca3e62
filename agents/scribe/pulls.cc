#include "agents/scribe/pulls.h"

#include <algorithm>

#include "gitops/branches.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr std::string_view kPullKey = "pull:";
constexpr int kTriesMax = 3;
constexpr base::Duration kAgainMin = std::chrono::seconds(1), kAgainMax = std::chrono::minutes(10);
constexpr int kIdleFactor = 20;  // An abandoned one is looked at so much less often.

const Attempt* pull_attempt(const Book& book, IncidentId id, const std::string& op) {
  const auto* incident = book.find(id);
  return incident == nullptr ? nullptr : find_attempt(*incident, op);
}

bool is_open(const Attempt& attempt) {
  return attempt.pull && attempt.merged.empty() && attempt.closed.empty();
}
// The Fixer still wants it.
bool is_wanted(const Attempt& attempt) { return attempt.state == OperationState::intent; }

void wake_by(std::optional<base::Instant>& wake, base::Instant at) {
  if (!wake || at < *wake) wake = at;
}

std::string short_sha(const std::string& sha) { return sha.substr(0, 12); }

gitops::Remediation remediation_of(const Incident& incident, const ActionIntended& intent,
                                   base::WallTime at) {
  gitops::Remediation all;
  all.issue = static_cast<int>(incident.issue);
  all.incident = std::to_string(incident.id);
  all.operation = intent.op;
  all.service = intent.service;
  if (incident.diagnosis) {
    all.failure_class = std::string(to_string(incident.diagnosis->failure));
    all.why = incident.diagnosis->explanation;
  }
  for (const auto& one : incident.evidence) all.evidence.push_back({one.id, one.text});
  all.plan_hash = intent.plan;
  all.proof = intent.action == Action::revert_config
                  ? "The container is as before that commit, and the symptom stays away."
                  : "The running container has the new value, and the symptom stays away.";
  all.outcomes = {{gitops::Result::open, at, ""}};
  return all;
}

std::string refusal_of(const Fault& fault) {
  return std::string(base::to_string(fault.code)) + ": " + fault.message;
}

// Another answer may come another time.
bool is_trouble(base::ErrorCode code) {
  return code == base::ErrorCode::unavailable || code == base::ErrorCode::timeout ||
         code == base::ErrorCode::unknown;
}

}  // namespace

std::string ledger_key(const PullWrite& write) { return std::string(kPullKey) + write.action; }

// ---- Facts in ----------------------------------------------------------------------------------

void FixPulls::absorb(const Event& event, const Incident& incident) {
  if (const auto* intended = std::get_if<ActionIntended>(&event.what)) {
    if (!is_pull(intended->action)) return;
    Track& track = tracks_[intended->op];
    track.incident = event.incident;
    track.remediation = remediation_of(incident, *intended, event.at);
  }
  if (const auto* issue = std::get_if<IssueOpened>(&event.what)) {
    for (auto& [op, track] : tracks_) {  // The intent may have been faster.
      if (track.incident == event.incident && track.remediation.issue <= 0)
        track.remediation.issue = static_cast<int>(issue->number);
    }
  }
  if (const auto* opened = std::get_if<PrOpened>(&event.what)) {
    const auto found = tracks_.find(opened->op);
    if (found != tracks_.end()) found->second.opened_at = event.at;
  }
}

bool FixPulls::absorb_operation(const Event& event) {
  if (const auto* intended = std::get_if<GithubIntended>(&event.what)) {
    if (!intended->key.starts_with(kPullKey)) return false;
    const std::string action = intended->key.substr(kPullKey.size());
    open_[intended->op] = {intended->kind, action};
    if (intended->kind == "merge_pull") tracks_[action].merge_intended = true;
    return true;
  }
  const auto track_of = [&](const std::string& op) -> Track* {
    const auto found = open_.find(op);
    return found == open_.end() ? nullptr : &tracks_[found->second.second];
  };
  if (const auto* done = std::get_if<GithubDone>(&event.what)) {
    Track* track = track_of(done->op);
    if (track == nullptr) return false;
    track->ended.insert(open_.at(done->op).first);
    open_.erase(done->op);
    return true;
  }
  if (const auto* failed = std::get_if<GithubFailed>(&event.what)) {
    Track* track = track_of(failed->op);
    if (track == nullptr) return false;
    const bool is_refusal =
        !failed->error.starts_with("unavailable") && !failed->error.starts_with("timeout");
    if (is_refusal) ++track->refusals[open_.at(failed->op).first];
    return true;  // What becomes of it may still be said by op.held.
  }
  if (const auto* unknown = std::get_if<GithubUnknown>(&event.what))
    return track_of(unknown->op) != nullptr;
  if (const auto* held = std::get_if<OpHeld>(&event.what)) {
    Track* track = track_of(held->op);
    if (track == nullptr) return false;
    track->ended.insert(open_.at(held->op).first);
    return true;
  }
  return false;
}

std::vector<Payload> FixPulls::absorb(const PullWritten& written, base::Now now) {
  Track& track = tracks_[written.action];
  std::vector<Payload> events;
  const auto later = [&] {
    track.backoff = std::clamp(track.backoff * 2, kAgainMin, kAgainMax);
    track.retry_at = now.boot + track.backoff;
  };
  track.seen.reset();
  track.look_at = now.boot;
  if (written.fault && is_trouble(written.fault->code)) {
    later();
    const bool is_unknown = written.fault->code == base::ErrorCode::unknown;
    if (is_unknown) events.emplace_back(GithubUnknown{written.op, written.fault->message});
    if (!is_unknown) events.emplace_back(GithubFailed{written.op, refusal_of(*written.fault)});
    return events;
  }
  std::string refusal = written.refusal;
  if (refusal.empty() && written.fault) refusal = refusal_of(*written.fault);
  if (refusal.empty()) {
    track.backoff = base::Duration(0);
    events.emplace_back(GithubDone{written.op, written.number, written.url});
  } else {
    events.emplace_back(GithubFailed{written.op, refusal});
    later();
  }
  if (written.kind == "open_pull") {
    const std::string branch =
        track.remediation.issue > 0
            ? gitops::fix_branch(track.remediation.issue, written.action).value()
            : "";
    if (written.number != 0)
      events.emplace_back(
          PrOpened{written.action, written.number, written.url, branch, written.head});
    if (!refusal.empty()) events.emplace_back(PrClosed{written.action, refusal});
    return events;
  }
  if (written.kind == "merge_pull" && refusal.empty()) {
    events.emplace_back(PrMerged{written.action, written.commit});
  }
  const int times = track.refusals[written.kind] + 1;
  if (refusal.empty() || times < kTriesMax) return events;
  if (written.kind == "merge_pull") {
    events.emplace_back(PrClosed{
        written.action, "refused " + std::to_string(times) + " times to be merged: " + refusal});
  } else {
    events.emplace_back(
        OpHeld{written.op, "refused " + std::to_string(times) + " times: " + refusal});
  }
  return events;
}

void FixPulls::absorb(const SeenPull& seen, base::Now now) {
  Track& track = tracks_[seen.action];
  track.look_at = now.boot + every_ * (seen.fault ? 10 : 1);
  if (!seen.fault) track.seen = seen;
}

// ---- Decisions out -----------------------------------------------------------------------------

const PullPlace* FixPulls::place_of(const Attempt& attempt) const {
  const auto found = places_.find(attempt.intent.service);
  return found == places_.end() ? nullptr : &found->second;
}

std::string FixPulls::misfit(const Attempt& attempt, const Track& track) const {
  const Change& change = attempt.intent.change;
  if (attempt.intent.action == Action::pull_request && change.field != "memory_limit")
    return "nothing is known of a change of \"" + change.field + "\" by pull request";
  const PullPlace* place = place_of(attempt);
  if (place == nullptr)
    return "services." + attempt.intent.service + ".gitops: the configuration names no file";
  if (track.remediation.issue <= 0)
    return "";  // Still to come: the Fixer's patience ends the wait.
  const auto branch = gitops::fix_branch(track.remediation.issue, attempt.intent.op);
  if (!branch) return branch.error().message;
  if (redactor_.redact(*branch) != *branch) return "its branch would hold what looks like a secret";
  return "";
}

FixPulls::News FixPulls::news(const Book& book) const {
  News all;
  for (const auto& [op, track] : tracks_) {
    const Attempt* attempt = pull_attempt(book, track.incident, op);
    if (attempt == nullptr || !attempt->closed.empty() || !attempt->merged.empty()) continue;
    if (!attempt->pull) {
      const std::string why = is_wanted(*attempt) ? misfit(*attempt, track) : "";
      if (!why.empty()) all.emplace_back(track.incident, PrClosed{op, why});
      continue;
    }
    if (!track.seen) continue;
    const github::Pull& pull = track.seen->pull;
    if (pull.merged) {
      all.emplace_back(track.incident, PrMerged{op, pull.merge_commit});
    } else if (pull.state == "closed") {
      const auto& by = track.seen->closed_by;
      all.emplace_back(track.incident, PrClosed{op, "closed by " + (by.empty() ? "somebody" : by)});
    } else if (pull.head != attempt->pull->head) {
      all.emplace_back(track.incident,
                       PrClosed{op, "its head is " + short_sha(pull.head) + ", not " +
                                        short_sha(attempt->pull->head) +
                                        " as we made it: a person decides about it"});
    }
  }
  return all;
}

PullWrite FixPulls::opening(const Attempt& attempt, const Track& track) const {
  PullWrite write;
  write.incident = track.incident;
  write.kind = "open_pull";
  write.action = attempt.intent.op;
  write.branch = gitops::fix_branch(track.remediation.issue, attempt.intent.op).value();
  write.order = {*place_of(attempt), attempt.intent.change, attempt.intent.commit,
                 track.remediation,  attempt.intended_at,   write.branch};
  return write;
}

std::optional<PullWrite> FixPulls::merging(const Attempt& attempt, const Track& track,
                                           base::Now now,
                                           std::optional<base::Instant>& wake) const {
  const PullPlace* place = place_of(attempt);
  if (place == nullptr || !place->merge_by_us || !is_wanted(attempt)) return std::nullopt;
  const auto due = track.opened_at + std::chrono::duration_cast<base::Millis>(place->merge_after);
  if (now.wall < due) {
    wake_by(wake, now.boot + (due - now.wall));
    return std::nullopt;
  }
  const bool is_ready = track.seen && track.seen->pull.state == "open" &&
                        track.seen->pull.head == attempt.pull->head &&
                        track.seen->pull.base_branch == place->branch &&
                        track.seen->verdict.is_green;
  if (!is_ready) return std::nullopt;
  PullWrite write;
  write.kind = "merge_pull";
  write.title =
      redactor_.redact(track.seen->pull.title) + " (#" + std::to_string(attempt.pull->number) + ")";
  return write;
}

std::set<std::string> FixPulls::open_branches(const Book& book) const {
  std::set<std::string> all;
  for (const auto& [op, track] : tracks_) {
    const Attempt* attempt = pull_attempt(book, track.incident, op);
    if (attempt == nullptr) continue;
    if (is_open(*attempt)) all.insert(attempt->pull->branch);
    if (!attempt->pull && attempt->closed.empty() && track.remediation.issue > 0) {
      if (const auto branch = gitops::fix_branch(track.remediation.issue, op)) all.insert(*branch);
    }
  }
  return all;
}

// After the merge, whoever made it.
std::optional<PullWrite> FixPulls::cleaning(const Book& book, const Attempt& attempt,
                                            const Track& track) const {
  if (attempt.merged.empty()) return std::nullopt;
  PullWrite write;
  if (track.merge_intended && !track.ended.contains("add_label")) {
    write.kind = "add_label";
    return write;
  }
  if (track.ended.contains("delete_branch")) return std::nullopt;
  write.kind = "delete_branch";
  write.open = open_branches(book);
  return write;
}

std::optional<PullWrite> FixPulls::next(const Book& book, bool stopped, base::Now now,
                                        std::optional<base::Instant>& wake) const {
  for (const auto& [op, track] : tracks_) {
    const Attempt* attempt = pull_attempt(book, track.incident, op);
    if (attempt == nullptr) continue;
    const bool may_act = !stopped && book.find(track.incident)->held_by.empty();
    std::optional<PullWrite> write;
    if (!attempt->pull && attempt->closed.empty() && is_wanted(*attempt)) {
      const bool fits = track.remediation.issue > 0 && misfit(*attempt, track).empty();
      if (may_act && fits) write = opening(*attempt, track);
    } else if (is_open(*attempt)) {
      if (may_act) write = merging(*attempt, track, now, wake);
    } else if (attempt->pull) {
      write = cleaning(book, *attempt, track);
    }
    if (!write) continue;
    if (now.boot < track.retry_at) {
      wake_by(wake, track.retry_at);
      continue;
    }
    write->incident = track.incident;
    write->action = op;
    if (attempt->pull) {
      write->number = attempt->pull->number;
      write->branch = attempt->pull->branch;
      write->head = attempt->pull->head;
    }
    return write;
  }
  return std::nullopt;
}

std::optional<LookPull> FixPulls::look(const Book& book, base::Now now,
                                       std::optional<base::Instant>& wake) const {
  for (const auto& [op, track] : tracks_) {
    const Attempt* attempt = pull_attempt(book, track.incident, op);
    if (attempt == nullptr || !is_open(*attempt)) continue;
    const bool is_idle = track.seen && !is_wanted(*attempt);
    const auto at = is_idle ? track.look_at + every_ * (kIdleFactor - 1) : track.look_at;
    if (now.boot < at) {
      wake_by(wake, at);
      continue;
    }
    const PullPlace* place = place_of(*attempt);
    const bool with_checks = place != nullptr && place->merge_by_us;
    return LookPull{track.incident, op, attempt->pull->number,
                    place == nullptr ? "" : place->branch, with_checks};
  }
  return std::nullopt;
}

}  // namespace scribe
