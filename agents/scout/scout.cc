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

constexpr int kTriesTold = 10;  // Failed tries in the ledger per proof.
constexpr base::Duration kInspectRetry =
    std::chrono::milliseconds(200);  // After an inspect without an answer.
constexpr base::Duration kPersonSettles =
    std::chrono::seconds(1);  // A person's restart is over by then.
constexpr base::Duration kRepeatsTold = std::chrono::seconds(5);
constexpr base::Duration kConfirmedFor =
    std::chrono::seconds(2);  // An inspection counts for so long.
constexpr base::Duration kBlindFor =
    std::chrono::seconds(5);  // Engine lost: probes alone may tell.
constexpr base::Duration kStartGrace =
    std::chrono::seconds(10);  // A young process may not listen yet.
constexpr base::Duration kAlertFresh = std::chrono::seconds(60);
constexpr base::Duration kBurstMax = std::chrono::milliseconds(250);
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
      return incident::Severity::high;
    case SignalKind::restarted_by_engine:
      return incident::Severity::medium;
  }
  return incident::Severity::high;
}

std::string number(double value) {
  auto text = std::to_string(value);
  return text.substr(0, text.find('.') + 2);
}

std::string describe_death(const engine::Container& container) {
  std::string text = "container " + container.name + " is not running: exit code " +
                     std::to_string(container.exit_code);
  if (container.oom_killed) text += ", killed by the kernel for want of memory";
  return text;
}

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* probe = std::get_if<StartProbe>(&request))
    return "probe:" + std::to_string(probe->number);
  if (const auto* inspect = std::get_if<Inspect>(&request)) return "inspect:" + inspect->service;
  return "list";
}

Scout::Scout(const config::Config& config, base::Random& random)
    : config_(config), random_(random) {
  for (const auto& service : config.services) watches_.emplace(service.name, Watch(service));
}

// ---- Absorbing
// -------------------------------------------------------------------------------------

void Scout::absorb(const ledger::Record& record, base::Now now) {
  book_.absorb(record.event);
  forget_told(record.event);
  follow_action(record.event, now);
  if (const auto* seen = std::get_if<incident::DeploySeen>(&record.event.what)) {
    deployed_[seen->service] = {seen->container, seen->image_id};
  }
}

// From the intent on, the container is in our own hands: probing into the gap harms. Once the
// operation has ended, its start must be seen; where none was (it had started before, or nothing
// was done), the engine is asked, lest it stay unprobed for ever.
void Scout::follow_action(const incident::Event& event, base::Now now) {
  const auto* incident = book_.find(event.incident);
  if (incident == nullptr || incident->attempts.empty()) return;
  const auto watch = watches_.find(incident->attempts.back().intent.service);
  if (watch == watches_.end()) return;
  if (std::holds_alternative<incident::ActionIntended>(event.what) &&
      incident->state == State::acting)
    watch->second.end_life();
  const bool ended = std::holds_alternative<incident::ActionDone>(event.what) ||
                     std::holds_alternative<incident::ActionFailed>(event.what);
  if (!ended || !watch->second.down) return;
  relist_ = true;
  relist_after_ = now.boot + kStartSeen;
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
    if (const auto* incident = book_.find(event.incident)) deaths_.erase(incident->signal.service);
  }
}

void Scout::absorb(const ledger::Delivery& delivery, base::Now now) {
  if (now.wall - delivery.received > kAlertFresh) return;
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
  if (running && (watch.down || first_look || !watch.probes().empty())) {
    const bool idle = std::none_of(watch.probes().begin(), watch.probes().end(),
                                   [](const auto& p) { return p.next.has_value(); });
    if (watch.down ? new_life || !watch.death_seen : idle) watch.begin_life(now);
  }
  if (!running) found_not_running(watch, first_look, now);
}

// It stands still and nobody saw why: at the first look, or because its end fell into a gap of the
// stream. An exit by signal or without error may be a person's decision.
void Scout::found_not_running(Watch& watch, bool first_look, base::Now now) {
  const auto& container = *watch.container;
  if (first_look ? watch.death_seen : watch.down) return;
  watch.end_life();
  const bool ended = container.state == engine::RunState::exited ||
                     container.state == engine::RunState::restarting;
  const bool by_fault =
      container.oom_killed ||
      (container.exit_code != 0 && container.exit_code != 137 && container.exit_code != 143);
  if (!ended || !by_fault || watch.kill_at || deaths_.contains(watch.service().name)) return;
  const bool will_return = container.state == engine::RunState::restarting;
  if (will_return) watch.engine_restarts.push_back(now.boot);
  deaths_[watch.service().name] = {
      signal_of(watch, will_return ? SignalKind::restarted_by_engine : SignalKind::found_stopped,
                now),
      false};
}

void Scout::listed(const Listed& answer, base::Now now) {
  if (!answer.listing) {
    relist_ = true;
    relist_after_ = now.boot + kInspectRetry;
    return;
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
    if (watch != watches_.end()) watch->second.container.reset();
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
      by_person};
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
// ---------------------------------------------------------------------------------------

bool Scout::is_ours(const Watch& watch, base::Now now) const {
  if (!watch.death_killed) return false;
  const auto* incident = book_.open_of(watch.service().name, false);
  if (incident == nullptr || incident->attempts.empty()) return false;
  const auto& last = incident->attempts.back();
  if (incident->state == State::acting) return true;
  return incident->state == State::verifying && last.ended_at &&
         now.wall - *last.ended_at < kOursFor;
}

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

// A dependency shows trouble too, or has not answered well since ours began: its own incident may
// explain ours, so it gets time to open.
bool Scout::is_upstream_suspicious(const Watch& watch, base::Instant since, base::Now now) const {
  for (const auto& name : watch.service().depends_on) {
    const auto found = watches_.find(name);
    if (found == watches_.end()) continue;
    const Watch& upstream = found->second;
    const bool dead = upstream.confirm_death || deaths_.contains(name);
    const bool doubtful = !upstream.down && upstream.container &&
                          (upstream.suspicious(now) || !upstream.answered_well_since(since));
    if (book_.open_of(name, false) == nullptr && (dead || doubtful)) return true;
    if (is_upstream_suspicious(upstream, since, now)) return true;
  }
  return false;
}

Signal Scout::signal_of(const Watch& watch, SignalKind kind, base::Now now) const {
  Signal signal;
  signal.kind = kind;
  signal.service = watch.service().name;
  signal.at = now.wall;
  signal.cpu_percent = watch.last_cpu_percent();
  signal.memory_bytes = watch.last_memory();
  signal.restart_count = watch.restarts_within(config_.limits.policy_restarts_window, now);
  signal.engine_restarts = kind == SignalKind::restarted_by_engine;
  if (!watch.container) return signal;
  const auto& container = *watch.container;
  signal.container = container.id;
  signal.container_name = container.name;
  signal.image = container.image;
  signal.started_at = container.started_at;
  signal.memory_limit_bytes = container.memory_limit_bytes;
  if (kind == SignalKind::container_died || kind == SignalKind::found_stopped ||
      kind == SignalKind::restarted_by_engine) {
    signal.exit_code = container.exit_code;
    signal.oom_killed = container.oom_killed;
    signal.detail = describe_death(container);
    signal.confirmed_by = {"engine state"};
    if (kind == SignalKind::restarted_by_engine)
      signal.detail = "container " + container.name + " died and its restart policy brings it back";
    if (watch.death_seen) signal.at = watch.died_at;
  }
  return signal;
}

// What besides the failed probes says that a running container is sick.
std::vector<std::string> Scout::second_signals(const Watch& watch, base::Now now) const {
  std::vector<std::string> signals;
  if (watch.cpu_at_zero(now)) signals.emplace_back("stats: CPU at 0");
  if (watch.cpu_at_limit(config_.limits.cpu_window, now))
    signals.emplace_back("stats: CPU at its limit");
  for (const auto& [name, caller] : watches_) {
    const auto& needs = caller.service().depends_on;
    const bool calls = std::find(needs.begin(), needs.end(), watch.service().name) != needs.end();
    if (calls && caller.failing(now) != nullptr)
      signals.push_back("caller: the probe of " + name + " fails");
  }
  return signals;
}

Signal Scout::failing_signal(const Watch& watch, const ProbeWatch& probe, base::Now now) const {
  const auto& last = probe.ring.back().second;
  const auto kind = last.result == telemetry::ProbeResult::refused   ? SignalKind::probe_refused
                    : last.result == telemetry::ProbeResult::timeout ? SignalKind::probe_timeout
                                                                     : SignalKind::probe_error;
  auto signal = signal_of(watch, kind, now);
  signal.at = probe.failing_since_wall;
  signal.probe = probe.name;
  signal.detail = probe.name + " probe failed " + std::to_string(probe.failed_in_row) +
                  (probe.failed_in_row == 1 ? " time: " : " times in a row: ") +
                  std::string(telemetry::to_string(last.result));
  if (last.status != 0) signal.detail += ", status " + std::to_string(last.status);
  if (last.connected && kind == SignalKind::probe_timeout)
    signal.confirmed_by.push_back("tcp connects, nothing answers");
  for (auto& second : second_signals(watch, now)) signal.confirmed_by.push_back(std::move(second));
  return signal;
}

Signal Scout::slow_signal(const Watch& watch, const ProbeWatch& probe, base::Now now) const {
  const auto window = probe.settings.window;
  auto signal = signal_of(watch, SignalKind::latency_above_bound, now);
  signal.probe = probe.name;
  signal.at = now.wall - std::chrono::duration_cast<base::Millis>(window);
  for (const auto& [at, sample] : probe.ring) {
    if (now.boot - at <= window) signal.latency_ms = std::max(signal.latency_ms, sample.latency_ms);
  }
  signal.detail = probe.name + " answers slower than " +
                  base::format_duration(*probe.settings.latency_bound) + " for " +
                  base::format_duration(window) + ", worst " + std::to_string(signal.latency_ms) +
                  "ms";
  signal.confirmed_by.push_back("every sample of the window");
  return signal;
}

std::optional<Signal> Scout::symptom_of(const Watch& watch, base::Now now) const {
  if (watch.down) return std::nullopt;
  if (const auto* probe = watch.failing(now)) {
    const bool young = watch.started && now.boot - *watch.started < kStartGrace;
    if (probe->ring.back().second.result == telemetry::ProbeResult::refused && young)
      return std::nullopt;
    return failing_signal(watch, *probe, now);
  }
  if (const auto* probe = watch.slow(now)) return slow_signal(watch, *probe, now);
  if (watch.cpu_at_limit(config_.limits.cpu_window, now)) {
    auto signal = signal_of(watch, SignalKind::cpu_at_limit, now);
    signal.at = now.wall - std::chrono::duration_cast<base::Millis>(config_.limits.cpu_window);
    signal.detail = "CPU at its limit for " + base::format_duration(config_.limits.cpu_window) +
                    ": " + number(signal.cpu_percent) + " %";
    signal.confirmed_by.push_back("every sample of the window");
    return signal;
  }
  if (watch.container && watch.container->health == engine::HealthState::unhealthy) {
    auto signal = signal_of(watch, SignalKind::engine_unhealthy, now);
    signal.detail = "the engine's own health check says unhealthy";
    return signal;
  }
  return std::nullopt;
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
  const auto& bound = probe->settings.latency_bound;
  if (bound && sample.latency_ms >
                   base::to_ms(*bound)) {  // Neither proof nor relapse: slow() judges a window.
    proof.last_bad = who + ": slower than " + base::format_duration(*bound);
    return;
  }
  ++proof.good;
  proof.worst_ms = std::max(proof.worst_ms, sample.latency_ms);
  if (proof.first_good || (!proof.probe.empty() && proof.probe != sample.probe)) return;
  proof.first_good = at;
  proof.first_latency_ms = sample.latency_ms;
}

// ---- Deciding
// --------------------------------------------------------------------------------------

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
  for (auto& [name, watch] : watches_) {
    decide_inspections(watch, view, output);
    decide_deaths(watch, view, output);
    decide_symptoms(watch, view, output);
    decide_probes(watch, view, output);
  }
  decide_proofs(view, output);
  decide_recoveries(view, output);
  decide_deploys(view, output);
  decide_repeats(view, output);
  return output;
}

void Scout::decide_inspections(Watch& watch, const role::View& view, Output& output) {
  const auto& name = watch.service().name;
  if (!watch.container || view.busy("inspect:" + name)) return;
  const bool fresh = confirmed_.contains(name) && view.now.boot - confirmed_[name] < kConfirmedFor;
  const bool symptom =
      !fresh && book_.open_of(name) == nullptr && symptom_of(watch, view.now).has_value();
  if (!watch.confirm_death && !symptom) return;
  if (view.now.boot < inspect_after_[name]) return output.wake_by(inspect_after_[name]);
  inspect_asked_[name] = view.now.boot;
  output.ask(Inspect{name, watch.container->id});
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

void Scout::decide_deaths(Watch& watch, const role::View& view, Output& output) {
  const auto& name = watch.service().name;
  const auto found = deaths_.find(name);
  if (found == deaths_.end()) return;
  const auto death = found->second;
  const auto* incident = book_.open_of(name);
  for (auto& [id, proof] : proofs_) {
    if (proof.service == name && incident != nullptr && id == incident->id && !death.by_person)
      proof.failure = "it died again: " + death.signal.detail;
  }
  auto signal = death.signal;
  signal.by_person = death.by_person;
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
  auto signal = book_.open_of(name) == nullptr ? symptom_of(watch, view.now) : std::nullopt;
  if (!signal) {
    held_back_.erase(name);
    return;
  }
  const auto confirmed = confirmed_.find(name);
  if (confirmed != confirmed_.end() && view.now.boot - confirmed->second < kConfirmedFor) {
    signal->confirmed_by.push_back("engine: running");
  } else if (!engine_lost_ || view.now.boot - *engine_lost_ < kBlindFor) {
    return;  // The engine will tell; decide_inspections has asked.
  }
  const auto seen = held_back_.try_emplace(name, view.now.boot).first->second;
  const bool own_process =
      (signal->kind == SignalKind::probe_timeout && signal->probe == "health") ||
      signal->kind == SignalKind::cpu_at_limit;
  const auto* probe = watch.failing(view.now);
  const bool wait =
      !own_process &&
      is_upstream_suspicious(watch, probe != nullptr ? probe->failing_since : seen, view.now);
  if (wait && view.now.boot - seen < kHeldBackFor) return output.wake_by(view.now.boot + kBurstMax);
  raise(watch, *std::move(signal), view, output);
}

void Scout::raise(Watch& watch, Signal signal, const role::View& view, Output& output) {
  role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
  if (const auto* open =
          book_.open_of(watch.service().name)) {  // Counted there, with what is not told yet.
    const int untold = repeats_.contains(open->id) ? repeats_[open->id].count : 0;
    output.units.push_back(
        {drafter.add(open->id, incident::SignalAdded{signal, untold + 1}).take(), {}, {}});
    return;
  }
  const std::string snapshot = telemetry::encode(watch.snapshot());
  const auto kind = signal.kind;
  incident::IncidentOpened opened{
      std::move(signal), severity_of(kind),
      watch.service().name + ":" + std::string(incident::to_string(kind)),
      base::sha256_hex(snapshot)};
  output.units.push_back({drafter.add(opening_++, std::move(opened)).take(), {snapshot}, {}});
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
    proof.probe = incident.signal.probe;
  for (const auto& [name, watch] : watches_) {
    if (watch.failing(now) != nullptr) proof.red_before.insert(name);
  }
  // What was probed between the start and this moment counts too.
  for (const auto& name : judges_of(asked.service)) {
    const auto watch = watches_.find(name);
    if (watch == watches_.end() || asked.op.empty()) continue;
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
  if (engine_lost_) return "the engine cannot be heard";
  if (target.down || !target.container || target.container->state != engine::RunState::running)
    return "the container does not run";
  if (judges_of(proof.service).empty()) return now.boot - proof.asked >= soak ? "" : "soak time";
  if (!proof.first_good)
    return "no good probe yet" + (proof.last_bad.empty() ? "" : " (" + proof.last_bad + ")");
  if (now.boot - *proof.first_good < soak) return "soak time";
  if (proof.good < config_.limits.soak_probes_min)
    return "fewer good probes than " + std::to_string(config_.limits.soak_probes_min);
  for (const auto& name : judges_of(proof.service)) {
    const Watch& judge = watches_.at(name);
    if (judge.slow(now) != nullptr) return name + " is still slower than its bound";
    if (judge.failing(now) != nullptr) return name + " is failing";
    if (!judge.looks_healthy(std::chrono::seconds(1), now))
      return "not every probe of " + name + " has a good answer now";
  }
  if (target.cpu_at_limit(config_.limits.cpu_window, now)) return "CPU is still at its limit";
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
    bool well = waiting && watch != watches_.end() && !engine_lost_;
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

void Scout::decide_deploys(const role::View& view, Output& output) {
  for (const auto& [name, watch] : watches_) {
    if (!watch.container) continue;
    const std::pair<std::string, std::string> seen{watch.container->id, watch.container->image_id};
    const auto known = deployed_.find(name);
    if (known != deployed_.end() && known->second == seen) continue;
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    drafter.add(0, incident::DeploySeen{name, seen.first, watch.container->image, seen.second});
    output.units.push_back({drafter.take(), {}, {}});
  }
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
