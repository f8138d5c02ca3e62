// Scout's proofs: whether a fix, or a recovery by itself, holds for the soak time.
#include <algorithm>

#include "agents/scout/scout.h"

namespace scout {
namespace {

using incident::Incident;
using incident::State;

constexpr int kTriesTold = 10;  // Failed tries in the ledger per proof.

// What was acted on for the sake of the proven service, when it is another one; else empty.
std::string helper_of(const Incident& incident) {
  if (incident.attempts.empty() || !incident.verification) return "";
  const auto& acted = incident.attempts.back().intent;
  const bool other =
      acted.op == incident.verification->op && acted.service != incident.verification->service;
  return other ? acted.service : "";
}

bool began_a_life(const Incident& incident) {
  return !incident.attempts.empty() &&
         incident.attempts.back().intent.action == incident::Action::restart;
}

// As many replicas as the last action brought the service to; nothing when it was no scaling.
std::optional<int> replicas_wanted(const Incident& incident) {
  if (incident.attempts.empty() || !incident.verification) return std::nullopt;
  const auto& last = incident.attempts.back().intent;
  if (last.op != incident.verification->op || !is_scaling(last)) return std::nullopt;
  return static_cast<int>(last.change.to);
}

// What a good answer may take, in ms: as configured, and never more than when the symptom showed.
std::optional<std::int64_t> bound_of(const Proof& proof, const ProbeWatch& probe) {
  std::optional<std::int64_t> bound;
  if (probe.settings.latency_bound) bound = base::to_ms(*probe.settings.latency_bound);
  if (proof.bound_ms > 0 && probe.name == proof.probe)
    bound = std::min(bound.value_or(proof.bound_ms), proof.bound_ms);
  return bound;
}

// Why the symptom cannot be seen any more, whatever else is well; empty when it can. Nobody is
// cured by breaking the thermometer.
std::string blinded(const Incident& incident, const Watch* watch, base::Duration cpu_window,
                    base::Now now) {
  if (watch == nullptr) return "the service is not configured any more";
  const auto& signal = incident.signal;
  const bool has_probe = signal.probe.empty() ||
                         std::any_of(watch->probes().begin(), watch->probes().end(),
                                     [&](const auto& probe) { return probe.name == signal.probe; });
  if (!has_probe)
    return "the probe that showed it, " + signal.probe + ", is not configured any more";
  const bool by_engine = signal.kind == incident::SignalKind::engine_unhealthy;
  if (by_engine && watch->container && watch->container->health != engine::HealthState::healthy)
    return "the engine's own health check does not say healthy";
  const bool by_cpu = signal.kind == incident::SignalKind::cpu_at_limit;
  if (by_cpu && !watch->is_cpu_measured(cpu_window, now)) return "its CPU is not measured now";
  return "";
}

}  // namespace

// Who can tell whether a service is well: its own probes or, without any, those of its callers.
std::set<std::string> Scout::judges_of(const std::string& service) const {
  const auto own = watches_.find(service);
  if (own != watches_.end() && !own->second.probes().empty()) return {service};
  std::set<std::string> judges;
  for (const auto& [name, watch] : watches_) {
    const auto& needs = watch.service().depends_on;
    if (std::find(needs.begin(), needs.end(), service) == needs.end() || watch.probes().empty())
      continue;
    judges.insert(name);
  }
  return judges;
}

void Scout::judge(Proof& proof, const Watch& watch, const telemetry::ProbeSample& sample,
                  base::Instant at) const {
  const auto target = watches_.find(proof.service);
  if (target != watches_.end() && target->second.down) return;
  if (target != watches_.end() && target->second.started && at < *target->second.started) return;
  const auto probe = std::find_if(watch.probes().begin(), watch.probes().end(),
                                  [&](const auto& p) { return p.name == sample.probe; });
  if (probe == watch.probes().end()) return;
  ++proof.tries;
  const auto who = watch.service().name + " " + sample.probe;
  if (sample.result != telemetry::ProbeResult::ok &&
      sample.result != telemetry::ProbeResult::slow) {
    proof.last_bad = who + ": " + std::string(telemetry::to_string(sample.result));
    if (++proof.bad_in_row[who] >= probe->settings.fails && proof.first_good) {
      proof.failure = "sick again after the first good probe: " + proof.last_bad;
    }
    return;
  }
  proof.bad_in_row[who] = 0;
  const auto bound = bound_of(proof, *probe);
  if (bound && sample.latency_ms > *bound) {  // Neither proof nor relapse: slow() judges a window.
    proof.last_bad =
        who + ": slower than " + base::format_duration(std::chrono::milliseconds(*bound));
    return;
  }
  ++proof.good;
  proof.worst_ms = std::max(proof.worst_ms, sample.latency_ms);
  if (proof.first_good || (!proof.probe.empty() && proof.probe != sample.probe)) return;
  proof.first_good = at;
  proof.first_latency_ms = sample.latency_ms;
}

Proof& Scout::proof_of(const Incident& incident, base::Now now) {
  const auto& asked = *incident.verification;
  auto& proof = proofs_[incident.id];
  if (proof.service == asked.service && proof.op == asked.op &&
      proof.asked.time_since_epoch().count() != 0)
    return proof;
  proof = Proof{};
  proof.op = asked.op;
  proof.service = asked.service;
  proof.asked = now.boot;
  if (judges_of(asked.service).contains(incident.signal.service))
    proof.probe = incident.signal.probe, proof.bound_ms = incident.signal.bound_ms;
  for (const auto& [name, watch] : watches_) {
    if (watch.failing(now) != nullptr) proof.red_before.insert(name);
  }
  // What was probed between the start and this moment counts too; a change of a running container
  // has no start, and counts from here.
  if (!began_a_life(incident)) return proof;
  for (const auto& name : judges_of(asked.service)) {
    const auto watch = watches_.find(name);
    // Where another service was started, nothing tells those from before the start apart.
    if (watch == watches_.end() || asked.op.empty() || !helper_of(incident).empty()) continue;
    for (const auto& probe : watch->second.probes()) {
      for (const auto& [at, sample] : probe.ring) judge(proof, watch->second, sample, at);
    }
  }
  return proof;
}

// Empty when the fix is proven; otherwise what is still missing.
std::string Scout::missing_for_pass(const Proof& proof, const Incident& incident,
                                    base::Now now) const {
  const auto soak = incident.verification->soak;
  const auto watch = watches_.find(proof.service);
  if (watch == watches_.end()) return "the service is not configured any more";
  const Watch& target = watch->second;
  const auto symptomatic = watches_.find(incident.signal.service);
  auto why = blinded(incident, symptomatic == watches_.end() ? nullptr : &symptomatic->second,
                     config_.limits.cpu_window, now);
  if (!why.empty()) return why;
  if (engine_lost_) return "the engine cannot be heard";
  const auto changed = image_changed_.find(proof.service);
  // Another one is what a revert asks for.
  const bool is_wanted = !incident.attempts.empty() &&
                         incident.attempts.back().intent.action == incident::Action::revert_config;
  const bool is_ours =
      is_wanted || (target.container && incident::is_made_here(incident, target.container->id));
  if (changed != image_changed_.end() && changed->second >= incident.reached.at("opened").at &&
      !is_ours)
    return "another image answers than the one that was sick";
  if (target.down || !target.container || target.container->state != engine::RunState::running)
    return "the container does not run";
  if (const auto helper = watches_.find(helper_of(incident)); helper != watches_.end()) {
    const Watch& other = helper->second;
    if (other.down || !other.container || other.container->state != engine::RunState::running)
      return helper->first + " does not run";
    if (other.failing(now) != nullptr) return helper->first + " is failing";
  }
  if (const auto wanted = replicas_wanted(incident); wanted && replicas_of(proof.service) < *wanted)
    return std::to_string(replicas_of(proof.service)) + " of " + std::to_string(*wanted) +
           " replicas run";
  // Who scales may do so because it is slow: that is to be no worse, not cured at once.
  const bool is_wish = incident::is_wish(incident);
  if (judges_of(proof.service).empty()) return now.boot - proof.asked >= soak ? "" : "soak time";
  if (!proof.first_good)
    return "no good probe yet" + (proof.last_bad.empty() ? "" : " (" + proof.last_bad + ")");
  if (now.boot - *proof.first_good < soak) return "soak time";
  if (proof.good < config_.limits.soak_probes_min)
    return "fewer good probes than " + std::to_string(config_.limits.soak_probes_min);
  for (const auto& name : judges_of(proof.service)) {
    const Watch& judge = watches_.at(name);
    if (!is_wish && judge.slow(now) != nullptr) return name + " is still slower than its bound";
    if (judge.failing(now) != nullptr) return name + " is failing";
    if (!judge.looks_healthy(std::chrono::seconds(1), now))
      return "not every probe of " + name + " has a good answer now";
  }
  if (!is_wish && target.cpu_at_limit(config_.limits.cpu_window, now))
    return "CPU is still at its limit";
  for (const auto& [name, other] : watches_) {
    if (name != proof.service && other.failing(now) != nullptr && !proof.red_before.contains(name))
      return name + " got worse";
  }
  return "";
}

void Scout::decide_proofs(const role::View& view, Output& output) {
  std::erase_if(proofs_, [&](const auto& item) {
    const auto* incident = book_.find(item.first);
    return incident == nullptr || !incident::is_due(*incident, incident::Command::verify);
  });
  for (const auto id : book_.live()) {
    const Incident& incident = *book_.find(id);
    if (incident.state != State::verifying || incident.failed || !incident.verification) continue;
    Proof& proof = proof_of(incident, view.now);
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    if (proof.first_good) {
      if (!incident.first_good)
        drafter.add(id, incident::VerificationTried{proof.op, std::max(proof.tries, 1), true,
                                                    proof.first_latency_ms, "first good probe"});
    } else if (!proof.first_good && proof.tries > proof.tries_told &&
               proof.tries_told < kTriesTold) {
      proof.tries_told = proof.tries;
      drafter.add(id, incident::VerificationTried{proof.op, proof.tries, false, 0, proof.last_bad});
    }
    const auto missing = missing_for_pass(proof, incident, view.now);
    const auto deadline = config_.limits.verify_deadline +
                          (proof.first_good ? incident.verification->soak * 2 : base::Duration(0));
    if (missing.empty()) {
      const std::string detail = judges_of(proof.service).empty()
                                     ? "no probe is configured: proven by the engine's state alone"
                                     : "";
      drafter.add(id, incident::VerificationPassed{proof.op, proof.good, proof.worst_ms, detail});
    } else if (!proof.failure.empty()) {
      drafter.add(id, incident::VerificationFailed{proof.op, proof.failure});
    } else if (view.now.boot - proof.asked > deadline) {
      drafter.add(id, incident::VerificationFailed{
                          proof.op,
                          "not proven within " + base::format_duration(deadline) + ": " + missing});
    }
    output.wake_by(view.now.boot + kBurstMax);
    auto drafts = drafter.take();
    if (!drafts.empty()) output.units.push_back({std::move(drafts), {}, {}});
  }
}

// An incident nobody has acted on, whose service is well again for the soak time, healed by itself.
void Scout::decide_recoveries(const role::View& view, Output& output) {
  std::erase_if(healthy_since_,
                [&](const auto& item) { return !book_.live().contains(item.first); });
  for (const auto id : book_.live()) {
    const Incident& incident = *book_.find(id);
    const bool waiting = incident.state == State::open || incident.state == State::diagnosing ||
                         incident.state == State::planned ||
                         incident.state == State::awaiting_approval ||
                         incident.state == State::escalated;
    const auto watch = watches_.find(incident.signal.service);
    // What somebody said of a deploy does not go away by itself.
    const bool is_said = incident::is_word(incident);
    // Nor does a runbook end that has proven a step and waits to go on, or for a merge.
    const bool is_under_way =
        incident.passed || (incident.plan && !incident::is_over(incident.state) &&
                            incident.plan->menu.front().step > 0);
    const bool waits_for_merge = !incident.attempts.empty() && incident.attempts.back().pull &&
                                 incident.attempts.back().merged.empty() &&
                                 incident.attempts.back().closed.empty();
    bool well = waiting && !is_said && !is_under_way && !waits_for_merge &&
                watch != watches_.end() && !engine_lost_ &&
                blinded(incident, &watch->second, config_.limits.cpu_window, view.now).empty();
    if (well) {
      for (const auto& name : judges_of(incident.signal.service)) {
        const Watch& judge = watches_.at(name);
        well = well && judge.looks_healthy(std::chrono::seconds(1), view.now) &&
               judge.slow(view.now) == nullptr;
      }
      well = well && !watch->second.down && watch->second.container &&
             watch->second.container->state == engine::RunState::running &&
             !watch->second.cpu_at_limit(config_.limits.cpu_window, view.now) &&
             !symptom_of(watch->second, view.now);
    }
    if (!well) {
      healthy_since_.erase(id);
      continue;
    }
    const auto since = healthy_since_.try_emplace(id, view.now.boot).first->second;
    output.wake_by(view.now.boot + kBurstMax);
    if (view.now.boot - since < config_.limits.soak) continue;
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    drafter.add(id, incident::SelfHealed{"The symptom is gone and stayed away for " +
                                         base::format_duration(config_.limits.soak) + "."});
    output.units.push_back({drafter.take(), {}, {}});
  }
}

}  // namespace scout
