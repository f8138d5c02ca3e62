#include "agents/scout/scout.h"

#include <algorithm>

#include "agents/scout/alert_codec.h"
#include "base/hash.h"
#include "telemetry/telemetry_codec.h"

namespace scout {
namespace {

using incident::Incident;
using incident::Signal;
using incident::SignalKind;
using incident::State;

constexpr base::Duration kInspectRetry =
    std::chrono::milliseconds(200);  // After an inspect without an answer.
constexpr base::Duration kPersonSettles =
    std::chrono::seconds(1);  // A person's restart is over by then.
constexpr base::Duration kRepeatsTold = std::chrono::seconds(5);
constexpr base::Duration kConfirmedFor =
    std::chrono::seconds(2);  // An inspection counts for so long.
constexpr base::Duration kBlindFor =
    std::chrono::seconds(30);  // Engine lost: probes alone may tell.
constexpr base::Duration kEventsCome =
    std::chrono::seconds(5);  // An engine that hung tells late what happened meanwhile.
constexpr base::Duration kVersionFirst =
    std::chrono::milliseconds(500);  // So long a symptom waits for the word of a deploy.
constexpr base::Duration kPlannedBy = std::chrono::seconds(1);  // Brain and Fixer need less.
constexpr base::Duration kEndedLately =
    std::chrono::minutes(5);  // An older stop was there before us: nobody's news.
constexpr base::Duration kAlertFresh = std::chrono::seconds(60);
constexpr base::Duration kOursFor =
    std::chrono::seconds(2);  // Events of our own restart trail so long.
constexpr base::Duration kBurstFor =
    std::chrono::seconds(30);  // Then a start is probed as configured.
constexpr base::Duration kUrgedAgain = std::chrono::seconds(1);  // Alerts within are one.
constexpr base::Duration kHeldBackFor =
    std::chrono::seconds(15);  // A dependency has so long to explain.
constexpr base::Duration kStartSeen =
    std::chrono::milliseconds(300);  // After an action; else it is looked for.

incident::Severity severity_of(SignalKind kind) {
  switch (kind) {
    case SignalKind::container_died:
    case SignalKind::found_stopped:
    case SignalKind::probe_timeout:
    case SignalKind::probe_refused:
      return incident::Severity::critical;
    case SignalKind::probe_error:
    case SignalKind::latency_above_bound:
    case SignalKind::cpu_at_limit:
    case SignalKind::engine_unhealthy:
    case SignalKind::deploy_failed:
      return incident::Severity::high;
    case SignalKind::restarted_by_engine:
      return incident::Severity::medium;
    case SignalKind::asked:
      return incident::Severity::low;
  }
  return incident::Severity::high;
}

// By the engine's clock, which is this host's.
bool ended_lately(const engine::Container& container, base::Now now) {
  const auto finished = base::parse_utc(container.finished_at);
  return finished && now.wall - *finished < kEndedLately;
}

// No dependency can cause it.
bool shows_own_fault(const Signal& signal) {
  switch (signal.kind) {
    case SignalKind::container_died:
    case SignalKind::found_stopped:
    case SignalKind::restarted_by_engine:
    case SignalKind::cpu_at_limit:
    case SignalKind::deploy_failed:
    case SignalKind::asked:
      return true;
    case SignalKind::probe_timeout:
      return signal.probe == "health";
    case SignalKind::probe_refused:
    case SignalKind::probe_error:
    case SignalKind::latency_above_bound:
    case SignalKind::engine_unhealthy:
      return false;
  }
  return false;
}

// Opened without a word of the engine.
bool is_blind(const Incident& incident) {
  const auto& seen = incident.signal.confirmed_by;
  return std::none_of(seen.begin(), seen.end(),
                      [](const auto& by) { return by.starts_with("engine"); });
}

// The container is stopped for it.
bool ends_a_life(incident::Action action) {
  return action == incident::Action::restart || action == incident::Action::rollback;
}

// Nobody has decided what to do about it.
bool is_undecided(const Incident& incident) {
  return incident.state == State::open || incident.state == State::diagnosing ||
         incident.state == State::planned;
}

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* probe = std::get_if<StartProbe>(&request))
    return "probe:" + std::to_string(probe->number);
  if (const auto* inspect = std::get_if<Inspect>(&request)) return "inspect:" + inspect->service;
  if (const auto* keep = std::get_if<Keep>(&request)) return "keep:" + keep->service;
  return "list";
}

Scout::Scout(const config::Config& config, base::Random& random)
    : config_(config), random_(random) {
  for (const auto& service : config.services) watches_.emplace(service.name, Watch(service));
}

// ---- Absorbing

void Scout::absorb(const ledger::Record& record, base::Now now) {
  book_.absorb(record.event);
  forget_told(record.event);
  follow_action(record.event, now);
  follow_deploy(record.event);
  follow_wish(record.event);
}

// From the intent on, a container that is stopped is in our own hands: probing into the gap harms.
// Once the operation has ended, its start must be seen; where none was (it had started before, or
// nothing was done), the engine is asked, lest it stay unprobed for ever.
void Scout::follow_action(const incident::Event& event, base::Now now) {
  const auto* incident = book_.find(event.incident);
  if (incident == nullptr || incident->attempts.empty()) return;
  const auto watch = watches_.find(incident->attempts.back().intent.service);
  if (watch == watches_.end()) return;
  if (std::holds_alternative<incident::ActionIntended>(event.what) &&
      incident->state == State::acting && ends_a_life(incident->attempts.back().intent.action))
    watch->second.end_life();
  const bool ended = std::holds_alternative<incident::ActionDone>(event.what) ||
                     std::holds_alternative<incident::ActionFailed>(event.what);
  if (!ended || (!watch->second.down && !is_scaling(incident->attempts.back().intent))) return;
  relist_ = true;
  relist_after_ = now.boot + kStartSeen;
}

bool is_scaling(const incident::ActionIntended& intent) {
  return intent.change.field == "replicas";
}

int Scout::replicas_of(const std::string& service) const {
  const auto found = replicas_.find(service);
  return found == replicas_.end() ? 0 : found->second;
}

// Deaths and repeats are kept until the log tells of them, so that a refused append loses nothing.
void Scout::forget_told(const incident::Event& event) {
  if (const auto* opened = std::get_if<incident::IncidentOpened>(&event.what))
    deaths_.erase(opened->signal.service);
  if (const auto* added = std::get_if<incident::SignalAdded>(&event.what)) {
    if (added->signal.exit_code) deaths_.erase(added->signal.service);
    const auto repeats = repeats_.find(event.incident);
    if (repeats != repeats_.end()) {
      repeats->second.count = std::max(0, repeats->second.count - added->count);
      repeats->second.told = event.boot;
    }
  }
  if (std::holds_alternative<incident::StoodDown>(event.what)) {
    const auto* incident = book_.find(event.incident);
    if (incident != nullptr && !incident::is_wish(*incident))
      deaths_.erase(incident->signal.service);
  }
}

void Scout::absorb(const ledger::Delivery& delivery, base::Now now) {
  if (delivery.source == "deploy") return hear_of_deploy(delivery);
  if (delivery.source == incident::kWishSource) return hear_of_wish(delivery, now);
  if (delivery.source != "webhook" || now.wall - delivery.received > kAlertFresh) return;
  const auto alert = decode_alert(delivery.body);
  if (!alert) return;
  for (auto& [name, watch] : watches_) {
    if (alert->subject != name && alert->subject != watch.service().container) continue;
    const bool urged = watch.alerted && now.boot - *watch.alerted < kUrgedAgain;
    if (urged) continue;  // A flood of alerts is no flood of probes.
    watch.alerted = now.boot;
    if (watch.down) continue;
    for (auto& probe : watch.probes()) {
      if (probe.next) probe.next = now.boot;
    }
  }
}

void Scout::absorb(const Answer& answer, base::Now now) {
  if (const auto* notice = std::get_if<warden::Notice>(&answer)) heard(*notice, now);
  if (const auto* probe = std::get_if<Probed>(&answer)) probed(*probe, now);
  if (const auto* list = std::get_if<Listed>(&answer)) listed(*list, now);
  if (const auto* inspection = std::get_if<Inspected>(&answer)) inspected(*inspection, now);
  if (const auto* keep = std::get_if<Kept>(&answer)) kept(*keep, now);
}

void Scout::heard(const warden::Notice& notice, base::Now now) {
  if (std::holds_alternative<warden::Connected>(notice)) {
    engine_lost_.reset();
    relist_ = true;
    relist_after_ = now.boot;
  }
  if (std::holds_alternative<warden::Lost>(notice) && !engine_lost_) engine_lost_ = now.boot;
  if (const auto* event = std::get_if<warden::Happened>(&notice)) happened(*event, now);
  if (const auto* sample = std::get_if<warden::Sampled>(&notice)) sampled(*sample, now);
  if (std::holds_alternative<warden::Replicated>(notice)) {
    relist_ = true;
    relist_after_ = now.boot;
  }
}

void Scout::sampled(const warden::Sampled& notice, base::Now now) {
  const auto watch = watches_.find(notice.service);
  if (watch == watches_.end()) return;
  watch->second.add(notice.stats, now);
  if (watch->second.cpu_at_limit(config_.limits.cpu_window, now)) repeat(watch->second, now);
}

void Scout::happened(const warden::Happened& notice, base::Now now) {
  const auto found = watches_.find(notice.service);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  watch.add(notice.event, now);
  switch (notice.event.kind) {
    case engine::EventKind::die:
      watch.died_at = base::wall_from_ms(notice.event.time_ns / 1'000'000);
      watch.end_life();
      watch.death_seen = true;
      watch.death_killed = watch.was_killed(now.boot);
      if (is_ours(watch, now)) break;
      watch.confirm_death = true;
      // A person's own restart passes through a moment of death: look when it has settled.
      inspect_after_[notice.service] = watch.death_killed ? now.boot + kPersonSettles : now.boot;
      break;
    case engine::EventKind::start:
    case engine::EventKind::unpause:
      watch.begin_life(now);
      watch.latest = notice.event.id;
      inspect_after_[notice.service] = now.boot;
      confirmed_.erase(notice.service);
      if (watch.container)
        watch.container->state = engine::RunState::running, watch.container->started_at.clear();
      relist_ = true;  // The new start time is needed before anything may be done to this life.
      relist_after_ = now.boot;
      break;
    case engine::EventKind::pause:
      watch.end_life();
      break;
    case engine::EventKind::create:
    case engine::EventKind::destroy:
      relist_ = true;
      relist_after_ = now.boot;
      break;
    case engine::EventKind::health_status:
      if (watch.container) watch.container->health = notice.event.health;
      break;
    case engine::EventKind::restart:
    case engine::EventKind::oom:
    case engine::EventKind::kill:
    case engine::EventKind::stop:
      break;
  }
}

// Read before the container's start, which has been heard of since.
bool Scout::is_stale(const Watch& watch, const engine::Container& container, base::Instant asked) {
  return container.state != engine::RunState::running && watch.started && !watch.down &&
         asked <= *watch.started;
}

// What the engine says now. Called for every list and inspection.
void Scout::learned(Watch& watch, const engine::Container& container, base::Now now) {
  const bool running = container.state == engine::RunState::running;
  const bool first_look = !watch.container || watch.container->id != container.id;
  const bool new_life = first_look || watch.container->started_at != container.started_at;
  watch.container = container;
  watch.missing = false;
  if (running && (watch.down || first_look || !watch.probes().empty())) {
    const bool idle = std::none_of(watch.probes().begin(), watch.probes().end(),
                                   [](const auto& p) { return p.next.has_value(); });
    if (watch.down ? new_life || !watch.death_seen : idle) watch.begin_life(now);
  }
  if (!running) found_not_running(watch, first_look, now);
}

// It stands still and nobody saw why: at the first look, or because its end fell into a gap of the
// stream. An exit by signal or without error may be a person's decision: that is told, unless it is
// known or long past, but as nothing confirms a fault nobody acts on it.
void Scout::found_not_running(Watch& watch, bool first_look, base::Now now) {
  const auto& container = *watch.container;
  if (first_look ? watch.death_seen : watch.down) return;
  watch.end_life();
  const bool ended = container.state == engine::RunState::exited ||
                     container.state == engine::RunState::restarting;
  const bool by_fault =
      container.oom_killed ||
      (container.exit_code != 0 && container.exit_code != 137 && container.exit_code != 143);
  if (!ended || watch.kill_at || deaths_.contains(watch.service().name)) return;
  if (!by_fault && (is_told(container) || (first_look && !ended_lately(container, now)))) return;
  const bool will_return = container.state == engine::RunState::restarting;
  if (will_return) watch.engine_restarts.push_back(now.boot);
  auto signal = signal_of(
      watch, will_return ? SignalKind::restarted_by_engine : SignalKind::found_stopped, now);
  Pending pending;
  if (!by_fault && !will_return) {
    pending.not_before = now.boot + kEventsCome;
    signal.confirmed_by.clear();
    signal.detail += "; it ended while nobody was listening, so a person may have stopped it";
  }
  pending.signal = std::move(signal);
  deaths_[watch.service().name] = std::move(pending);
}

// An incident speaks of this life of the container already.
bool Scout::is_told(const engine::Container& container) const {
  const auto& entries = book_.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& item) {
    const Signal& signal = item.second.incident.signal;
    return signal.kind != SignalKind::asked && signal.container == container.id &&
           signal.started_at == container.started_at;
  });
}

void Scout::listed(const Listed& answer, base::Now now) {
  if (!answer.listing) {
    relist_ = true;
    relist_after_ = now.boot + kInspectRetry;
    return;
  }
  replicas_.clear();
  for (const auto& replica : answer.listing->replicas) {
    if (replica.container.state == engine::RunState::running) ++replicas_[replica.service];
  }
  for (const auto& member : answer.listing->members) {
    const auto watch = watches_.find(member.service);
    if (watch == watches_.end()) continue;
    if (is_stale(watch->second, member.container, list_asked_))
      relist_ = true, relist_after_ = now.boot;
    else
      learned(watch->second, member.container, now);
  }
  for (const auto& service : answer.listing->missing) {
    const auto watch = watches_.find(service);
    if (watch == watches_.end()) continue;
    watch->second.container.reset();
    watch->second.missing = true;
  }
}

void Scout::inspected(const Inspected& answer, base::Now now) {
  const auto found = watches_.find(answer.service);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  if (!answer.member) {
    inspect_after_[answer.service] = now.boot + kInspectRetry;
    if (answer.member.error().code == base::ErrorCode::not_found)
      watch.confirm_death = false, relist_ = true, relist_after_ = now.boot;
    return;
  }
  const auto& container = answer.member->container;
  if (is_stale(watch, container, inspect_asked_[answer.service]))
    return;  // What made us ask makes us ask again.
  const bool deadly = std::exchange(watch.confirm_death, false);
  const bool by_person = deadly && watch.death_killed;
  learned(watch, container, now);
  const bool running = container.state == engine::RunState::running;
  if (running) confirmed_[answer.service] = now.boot;
  // The intent may have been read only after the death that it caused.
  if (!deadly || is_ours(watch, now)) return;
  const bool policy = container.restart_policy != engine::RestartPolicy::no && !by_person;
  if (policy) watch.engine_restarts.push_back(now.boot);
  if (running && !policy) return;  // A person's own restart, or somebody was faster.
  const bool will_return = policy && (running || container.state == engine::RunState::restarting);
  deaths_[answer.service] = {
      signal_of(watch, will_return ? SignalKind::restarted_by_engine : SignalKind::container_died,
                now),
      by_person,
      {},
      now.boot};
}

void Scout::probed(const Probed& answer, base::Now now) {
  const auto found = watches_.find(answer.service);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  // Boot time of the probe's start, from its age in UTC: both were read together when it was sent.
  const base::Instant at =
      now.boot - std::max(base::Duration(now.wall - answer.sample.at), base::Duration(0));
  const bool counts = !watch.down && (!watch.started || at >= *watch.started);
  watch.add(answer.sample, at, now);
  if (!counts) return;
  for (auto& probe : watch.probes()) {
    if (probe.name != answer.sample.probe || probe.burst.count() == 0) continue;
    probe.burst = now.boot - *watch.started > kBurstFor ? base::Duration(0)
                                                        : std::min(probe.burst * 3 / 2, kBurstMax);
    if (probe.burst.count() > 0) probe.next = now.boot + probe.burst;
  }
  for (auto& [id, proof] : proofs_) {
    if (judges_of(proof.service).contains(answer.service)) judge(proof, watch, answer.sample, at);
  }
  repeat(watch, now);
}

// The symptom of an incident that nobody is treating goes on: it is counted there.
void Scout::repeat(const Watch& watch, base::Now now) {
  const auto* incident = book_.open_of(watch.service().name);
  if (incident == nullptr || incident->state == State::acting ||
      incident->state == State::verifying)
    return;
  auto signal = symptom_of(watch, now);
  if (!signal) return;
  auto& repeats = repeats_[incident->id];
  repeats.signal = *std::move(signal);
  ++repeats.count;
}

// ---- Judging

bool Scout::is_ours(const Watch& watch, base::Now now) const {
  if (!watch.death_killed) return false;
  const auto* incident = book_.open_of(watch.service().name, false);
  if (incident == nullptr || incident->attempts.empty() || incident::waits_for_pull(*incident))
    return false;
  const auto& last = incident->attempts.back();
  if (incident->state == State::acting) return true;
  return incident->state == State::verifying && last.ended_at &&
         now.wall - *last.ended_at < kOursFor;
}

// ---- Deciding

role::Output<Request> Scout::decide(const role::View& view) {
  Output output;
  opening_ = book_.next_id();
  if (relist_ && !view.busy("list")) {
    if (view.now.boot >= relist_after_) {
      relist_ = false;
      list_asked_ = view.now.boot;
      output.ask(List{});
    } else {
      output.wake_by(relist_after_);
    }
  }
  decide_deploys(view, output);
  decide_reports(view, output);
  for (auto& [name, watch] : watches_) {
    decide_inspections(watch, view, output);
    decide_deaths(watch, view, output);
    decide_symptoms(watch, view, output);
    decide_probes(watch, view, output);
  }
  decide_proofs(view, output);
  decide_recoveries(view, output);
  decide_repeats(view, output);
  decide_wishes(view, output);
  return output;
}

void Scout::decide_inspections(Watch& watch, const role::View& view, Output& output) {
  const auto& name = watch.service().name;
  if (!watch.container || view.busy("inspect:" + name)) return;
  const bool fresh = confirmed_.contains(name) && view.now.boot - confirmed_[name] < kConfirmedFor;
  const auto signal = fresh ? std::nullopt : symptom_of(watch, view.now);
  const bool symptom = signal && home_of(*signal) == nullptr;
  if (!watch.confirm_death && !symptom) return;
  if (view.now.boot < inspect_after_[name]) return output.wake_by(inspect_after_[name]);
  inspect_asked_[name] = view.now.boot;
  // A new container may have died before any list told of it.
  const bool is_of_latest = watch.confirm_death && !watch.latest.empty();
  output.ask(Inspect{name, is_of_latest ? watch.latest : watch.container->id});
}

void Scout::decide_probes(Watch& watch, const role::View& view, Output& output) {
  for (auto& probe : watch.probes()) {
    if (!probe.next) continue;
    if (*probe.next <= view.now.boot) {
      output.ask(StartProbe{watch.service().name, probe.name, next_probe_++, probe.settings.url,
                            probe.settings.timeout});
      // On a grid: one that waits does not delay the next; missed slots are not made up for.
      const auto every = probe.burst.count() > 0
                             ? std::max<base::Duration>(probe.settings.every, kBurstMax)
                             : probe.settings.every;
      probe.next = *probe.next + every;
      if (*probe.next <= view.now.boot) probe.next = view.now.boot + every;
    }
    output.wake_by(*probe.next);
  }
}

// The open incident that the signal belongs to; nullptr when it needs one of its own. Being joined
// to a dependency's incident explains echoes of it, not that the service's own process fails
// besides; and what was given to a person while the engine could not be heard, or for a symptom
// alone, says nothing of a death (a hung engine says "running" of the dead until it has caught up).
// Nor does one say anything of it that only waits for the merge of its pull request.
const Incident* Scout::home_of(const Signal& signal) const {
  const auto* open = book_.open_of(signal.service);
  if (open == nullptr || !shows_own_fault(signal)) return open;
  if (incident::waits_aside(*open)) return nullptr;
  const bool was_blind = is_blind(*open);
  const bool was_symptom = !is_death(open->signal.kind) && is_death(signal.kind) &&
                           !signal.by_person && !signal.confirmed_by.empty();
  const bool is_news = open->state == State::escalated && (was_blind || was_symptom);
  const auto watch = watches_.find(signal.service);
  const bool sees = !engine_lost_ && watch != watches_.end() && watch->second.container;
  return open->root != 0 || (is_news && sees) ? nullptr : open;
}

void Scout::decide_deaths(Watch& watch, const role::View& view, Output& output) {
  const auto& name = watch.service().name;
  const auto found = deaths_.find(name);
  if (found == deaths_.end()) return;
  const auto death = found->second;
  if (view.now.boot < death.not_before) return output.wake_by(death.not_before);
  const bool is_guess = death.signal.confirmed_by.empty();
  if (is_guess && watch.confirm_death) return;  // The engine is being asked of the same death.
  auto signal = death.signal;
  signal.by_person = death.by_person;
  const auto* incident = home_of(signal);
  // What was opened without the engine's word, or for a symptom, may be on its way to a person:
  // only then is this news. A symptom's plan comes at once; without a Brain the death is told all
  // the same.
  if (!is_guess && !death.by_person && incident != nullptr && is_undecided(*incident)) {
    if (is_blind(*incident)) return;
    const auto until = death.heard + kPlannedBy;
    if (!is_death(incident->signal.kind) && view.now.boot < until) return output.wake_by(until);
  }
  for (auto& [id, proof] : proofs_) {
    if (proof.service == name && incident != nullptr && id == incident->id && !death.by_person)
      proof.failure = "it died again: " + death.signal.detail;
  }
  if (!death.by_person) return raise(watch, std::move(signal), view, output);
  // Recorded and left alone. The record is made once; without an issue, since nothing is to be
  // done.
  role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
  incident::IncidentId id = incident != nullptr ? incident->id : opening_++;
  if (incident == nullptr) {
    incident::IncidentOpened opened{signal, incident::Severity::low, name + ":stopped_by_person",
                                    ""};
    drafter.add(id, opened);
  }
  drafter.add(id, incident::StoodDown{"A person stopped the container; it stays stopped.",
                                      "engine kill event"});
  output.units.push_back({drafter.take(), {}, {}});
}

void Scout::decide_symptoms(Watch& watch, const role::View& view, Output& output) {
  const auto& name = watch.service().name;
  auto signal = symptom_of(watch, view.now);
  if (!signal || home_of(*signal) != nullptr) {
    held_back_.erase(name);
    return;
  }
  const auto confirmed = confirmed_.find(name);
  if (confirmed != confirmed_.end() && view.now.boot - confirmed->second < kConfirmedFor) {
    signal->confirmed_by.push_back("engine: running");
  } else if (watch.missing && !engine_lost_) {
    signal->detail += "; the engine has no such container";
  } else if (!engine_lost_ || view.now.boot - *engine_lost_ < kBlindFor) {
    return;  // The engine will tell; decide_inspections has asked.
  }
  const auto seen = held_back_.try_emplace(name, view.now.boot).first->second;
  const auto* probe = watch.failing(view.now);
  const bool wait =
      !shows_own_fault(*signal) &&
      is_upstream_suspicious(watch, probe != nullptr ? probe->failing_since : seen, view.now);
  if (wait && view.now.boot - seen < kHeldBackFor) return output.wake_by(view.now.boot + kBurstMax);
  raise(watch, *std::move(signal), view, output);
}

void Scout::raise(Watch& watch, Signal signal, const role::View& view, Output& output) {
  role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
  if (const auto* open = home_of(signal)) {  // Counted there, with what is not told yet.
    const int untold = repeats_.contains(open->id) ? repeats_[open->id].count : 0;
    output.units.push_back(
        {drafter.add(open->id, incident::SignalAdded{signal, untold + 1}).take(), {}, {}});
    return;
  }
  // Whether it is a new version decides about the diagnosis: that is told first.
  const auto keeping = keeping_.find(watch.service().name);
  const bool is_awaited = keeping != keeping_.end() && is_new_version(watch) &&
                          view.now.boot < keeping->second.since + kVersionFirst;
  if (is_awaited) return output.wake_by(keeping->second.since + kVersionFirst);
  const std::string snapshot = telemetry::encode(watch.snapshot());
  const auto kind = signal.kind;
  incident::IncidentOpened opened{
      std::move(signal), severity_of(kind),
      watch.service().name + ":" + std::string(incident::to_string(kind)),
      base::sha256_hex(snapshot)};
  output.units.push_back({drafter.add(opening_++, std::move(opened)).take(), {snapshot}, {}});
}

void Scout::decide_repeats(const role::View& view, Output& output) {
  std::erase_if(repeats_, [&](const auto& item) {
    const auto* incident = book_.find(item.first);
    return incident == nullptr ||
           (incident::is_over(incident->state) && incident->state != State::escalated);
  });
  for (const auto& [id, repeats] : repeats_) {
    if (repeats.count == 0 || deaths_.contains(repeats.signal.service))
      continue;  // A death tells them along.
    if (repeats.told && view.now.boot - *repeats.told < kRepeatsTold) {
      output.wake_by(*repeats.told + kRepeatsTold);
      continue;
    }
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    drafter.add(id, incident::SignalAdded{repeats.signal, repeats.count});
    output.units.push_back({drafter.take(), {}, {}});
  }
}

}  // namespace scout
