#include <algorithm>

#include "agents/brain/verdict.h"

namespace brain {
namespace {

using incident::Deploys;
using incident::FailureClass;
using incident::Incident;
using incident::Signal;
using incident::SignalKind;

constexpr base::Millis kSuspectFor = std::chrono::minutes(20);  // So long a deploy is suspect.
constexpr base::Millis kCalmBefore = std::chrono::hours(24);
constexpr base::Millis kLeftBehindFor = std::chrono::minutes(10);
constexpr base::Millis kLeftBehindSoon = std::chrono::minutes(1);
constexpr base::Millis kLastsFor = std::chrono::hours(24 * 7);
constexpr int kCascades = 3;
constexpr double kSure = 0.93, kUnsure = 0.84;

// Incidents of the service's own that began within `time` before `until`, and that another deploy
// does not explain.
int troubles(const Findings& findings, base::WallTime until, base::Millis time) {
  int count = 0;
  for (const auto& [id, entry] : findings.book.entries()) {
    const Incident& other = entry.incident;
    const Signal& signal = other.signal;
    if (id == findings.incident.id || signal.service != findings.incident.signal.service) continue;
    if (other.root != 0 || signal.kind == SignalKind::asked || signal.at >= until) continue;
    const bool is_explained = other.diagnosis && is_of_a_deploy(other.diagnosis->failure);
    if (is_explained || signal.by_person) continue;
    count += until - signal.at <= time ? 1 : 0;
  }
  return count;
}

std::string short_of(const std::string& id) {
  const auto at = id.find(':');
  return id.substr(at == std::string::npos ? 0 : at + 1, 12);
}

// When our own action or a deploy gave the service a new life; nothing: not lately.
std::optional<base::WallTime> reborn(const Findings& findings, const std::string& service) {
  std::optional<base::WallTime> latest;
  const auto note = [&](base::WallTime at) {
    if (!latest || *latest < at) latest = at;
  };
  if (const auto* deploy = findings.deploys.latest(service)) note(deploy->at);
  for (const auto& [id, entry] : findings.book.entries()) {
    for (const auto& attempt : entry.incident.attempts) {
      const auto action = attempt.intent.action;
      const bool begins_life =
          action == incident::Action::restart || action == incident::Action::rollback;
      if (attempt.intent.service == service && begins_life && attempt.ended_at &&
          attempt.state == incident::OperationState::done)
        note(*attempt.ended_at);
    }
  }
  return latest;
}

}  // namespace

bool is_of_a_deploy(FailureClass failure) {
  return failure == FailureClass::bad_deploy || failure == FailureClass::config_error;
}

std::string describe(const Deploys::Deploy& deploy) {
  std::string text;
  if (!deploy.is_seen)
    text = "a deploy was reported, the container is the one of before";
  else if (deploy.before.image_id == deploy.after.image_id)
    text = "the same image, made in another way (" + short_of(deploy.before.container) +
           " before, " + short_of(deploy.after.container) + " now)";
  else
    text = "image " + deploy.before.image + " (" + short_of(deploy.before.image_id) +
           ") was replaced by " + deploy.after.image + " (" + short_of(deploy.after.image_id) + ")";
  if (!deploy.after.version.empty()) text += ", version " + deploy.after.version;
  if (!deploy.after.commit.empty()) text += ", commit " + deploy.after.commit;
  return text;
}

// The sick container is the one that was deployed; its death may have been told sooner than that it
// is a new one. The word that a deploy failed is only of the one that the Scout saw it to be.
const Deploys::Deploy* suspect_deploy(const Findings& findings) {
  const Signal& signal = findings.incident.signal;
  const auto* deploy = findings.deploys.of(signal.service, signal.container);
  const auto* latest = findings.deploys.latest(signal.service);
  if (latest != nullptr && (!latest->is_seen || signal.container.empty())) deploy = latest;
  if (deploy == nullptr || signal.at - deploy->at > kSuspectFor) return nullptr;
  const bool is_it = signal.kind != SignalKind::deploy_failed ||
                     std::find(signal.confirmed_by.begin(), signal.confirmed_by.end(),
                               incident::kDeploySeenToo) != signal.confirmed_by.end();
  return is_it ? deploy : nullptr;
}

std::optional<Verdict> judge_deploy(const Findings& findings, const Verdict& shown) {
  const Signal& signal = findings.incident.signal;
  const auto* deploy = suspect_deploy(findings);
  const bool is_failed = signal.kind == SignalKind::deploy_failed;
  if (deploy == nullptr) {
    if (!is_failed) return std::nullopt;
    return Verdict{FailureClass::bad_deploy,
                   kSure,
                   "deployer_says_failed",
                   "The deploy did not succeed, says who made it. The container is the one of "
                   "before.",
                   {}};
  }
  Verdict verdict = shown;
  const bool is_config = deploy->is_seen && deploy->before.image_id == deploy->after.image_id;
  verdict.failure = is_config ? FailureClass::config_error : FailureClass::bad_deploy;
  verdict.commit = deploy->after.commit;
  verdict.rule = is_failed ? "deployer_says_failed" : "sick_since_deploy";
  const int before = troubles(findings, deploy->at, kCalmBefore);
  verdict.confidence = before == 0 ? kSure : kUnsure;
  const auto since = std::max(base::Duration(signal.at - deploy->at), base::Duration(0));
  verdict.explanation = "Sick since the deploy " + base::format_duration(since) +
                        " before: " + describe(*deploy) + ". What it shows: " + shown.explanation;
  if (before == 0)
    verdict.ruled_out.push_back("an older fault: no trouble of it is known of the 24 hours before");
  else
    verdict.explanation +=
        " But it had trouble " + std::to_string(before) + " times in the 24 hours before, too.";
  return verdict;
}

// Connections to what is gone, or names looked up once: only a new life of its own helps.
std::optional<Verdict> judge_left_behind(const Findings& findings, const Verdict& shown) {
  const Signal& signal = findings.incident.signal;
  const bool may_be = signal.kind == SignalKind::probe_error ||
                      (signal.kind == SignalKind::probe_timeout && signal.probe == "path") ||
                      signal.kind == SignalKind::latency_above_bound;
  const auto* service = config::find_service(findings.config, signal.service);
  if (!may_be || service == nullptr) return std::nullopt;
  for (const auto& needed : service->depends_on) {
    const auto since = reborn(findings, needed);
    if (!since || findings.now - *since > kLeftBehindFor) continue;
    if (signal.at - *since > kLeftBehindSoon) continue;  // It was well with the new one.
    if (findings.book.open_of(needed, true) != nullptr) continue;
    Verdict verdict = shown;
    verdict.failure = FailureClass::dependency_down;
    verdict.culprit = needed;
    verdict.confidence = signal.confirmed_by.empty() ? 0.6 : 0.92;
    verdict.rule = "dependency_was_replaced";
    verdict.explanation = needed + ", which it calls, began a new life at " +
                          base::format_utc(*since) + " and is well since; " + signal.service +
                          " still fails, as one does that holds on to what is gone.";
    verdict.ruled_out = {needed + " is sick: it has no open incident"};
    return verdict;
  }
  return std::nullopt;
}

bool is_architectural(const Findings& findings, FailureClass failure) {
  int cascades = 0;
  for (const auto& [id, entry] : findings.book.entries()) {
    const Incident& other = entry.incident;
    if (id >= findings.incident.id || findings.incident.signal.at - other.signal.at > kLastsFor)
      continue;
    if (other.signal.service != findings.incident.signal.service || other.root != 0) continue;
    // A fix that was to last did not.
    const bool was_fixed =
        other.outcome && other.outcome->proven && other.diagnosis &&
        other.diagnosis->failure == failure &&
        other.outcome->action == incident::to_string(incident::Action::pull_request);
    if (was_fixed) return true;
    // Nothing keeps its failures from those who call it.
    const auto& entries = findings.book.entries();
    cascades += std::any_of(entries.upper_bound(id), entries.end(),
                            [&](const auto& item) { return item.second.incident.root == id; })
                    ? 1
                    : 0;
  }
  return cascades >= kCascades;
}

}  // namespace brain
