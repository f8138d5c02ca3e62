#include "agents/warden/watcher.h"

#include <algorithm>
#include <atomic>

namespace warden {
namespace {

using engine::EventKind;

constexpr base::Duration kBackoffFirst = std::chrono::milliseconds(100);
constexpr base::Duration kBackoffMax = std::chrono::seconds(5);
constexpr base::Duration kCheap = std::chrono::milliseconds(100);  // Of one round of samples.
constexpr std::size_t kStrangersMax = 4096;
constexpr std::size_t kSamplersMax = 8;

// Whether the container runs after this; nothing when the event does not say.
std::optional<bool> runs_after(EventKind kind) {
  switch (kind) {
    case EventKind::start:
    case EventKind::restart:
    case EventKind::unpause:
      return true;
    case EventKind::die:
    case EventKind::pause:
    case EventKind::destroy:
      return false;
    case EventKind::create:
    case EventKind::oom:
    case EventKind::kill:
    case EventKind::stop:
    case EventKind::health_status:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Watcher::Watcher(const Roster& roster, engine::ContainerEngine& engine, Hub& hub,
                 Performer& performer, Rhythm rhythm, const base::Logger& log)
    : roster_(roster),
      engine_(engine),
      hub_(hub),
      performer_(performer),
      rhythm_(rhythm),
      log_(log),
      follower_([this](const std::stop_token& stop) { follow(stop); }),
      monitor_([this](const std::stop_token& stop) { monitor(stop); }) {}

Watcher::~Watcher() {
  follower_.request_stop();
  monitor_.request_stop();
  std::stop_source stream;
  {
    const std::lock_guard lock(mutex_);
    stream = stream_;
  }
  stream.request_stop();
}

bool Watcher::wait(const std::stop_token& stop, base::Duration duration) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

void Watcher::follow(const std::stop_token& stop) {
  base::Duration backoff = kBackoffFirst;
  bool told = false;
  while (!stop.stop_requested()) {
    std::stop_token stream;
    {
      const std::lock_guard lock(mutex_);
      stream_ = std::stop_source();
      stream = stream_.get_token();
    }
    // The destructor may have ended the stream before this one.
    if (stop.stop_requested()) return;
    const auto status = engine_.follow(
        [&] {
          backoff = kBackoffFirst;
          told = false;
          on_connected();
        },
        [&](const engine::Event& event) { return on_event(event); }, stream);
    if (stop.stop_requested()) return;
    std::string reason = status.ok() ? "event stream ended" : status.error().message;
    {
      const std::lock_guard lock(mutex_);
      connected_ = false;
      if (!silence_.empty()) reason = std::exchange(silence_, "");
    }
    if (!told) {
      log_.warn("engine lost", {{"reason", reason}});
      hub_.publish(Lost{reason});
    }
    told = true;
    if (!wait(stop, backoff)) return;
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

void Watcher::on_connected() {
  const auto all = engine_.list();
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
    strangers_.clear();
    if (all.ok()) known_.clear();
    for (const auto& container : all.ok() ? all.value() : std::vector<engine::Container>()) {
      const auto service = roster_.service_of(container);
      const bool running = container.state == engine::RunState::running;
      if (service) known_[container.id] = {*service, running};
    }
  }
  log_.info("engine connected");
  for (const auto& service : all.ok() ? roster_.pick(*all).missing : std::vector<std::string>()) {
    log_.warn("no container of this service; the others are watched", {{"service", service}});
  }
  hub_.publish(Connected{});
}

std::optional<std::string> Watcher::service_of(const engine::Event& event) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(event.id);
    if (found != known_.end()) return found->second.service;
    if (strangers_.contains(event.id)) return std::nullopt;
  }
  auto service = roster_.service_named(event.name);
  if (!service && roster_.selects_by_label()) {
    const auto container = engine_.inspect(event.id);
    if (container) service = roster_.service_of(container.value());
  }
  const std::lock_guard lock(mutex_);
  if (service) {
    known_[event.id] = {*service, false};
  } else if (lasting_name(event.name) == event.name) {  // Else it will have another name soon.
    if (strangers_.size() >= kStrangersMax) strangers_.clear();
    strangers_.insert(event.id);
  }
  return service;
}

bool Watcher::on_event(const engine::Event& event) {
  const auto service = service_of(event);
  if (!service) {
    // Its name is enough for a look; the listing says what it is.
    const auto replicated = roster_.replicated_named(event.name);
    const bool changes = runs_after(event.kind).has_value() || event.kind == EventKind::create;
    if (replicated && changes) hub_.publish(Replicated{*replicated});
    return true;
  }
  hub_.publish(Happened{*service, event});
  const std::lock_guard lock(mutex_);
  if (event.kind == EventKind::destroy) {
    known_.erase(event.id);
  } else if (const auto running = runs_after(event.kind)) {
    known_[event.id].running = *running;
  }
  return true;
}

void Watcher::monitor(const std::stop_token& stop) {
  base::Duration until_sample{0};
  while (wait(stop, rhythm_.tick)) {
    performer_.settle();
    listen_for_life();
    until_sample -= rhythm_.tick;
    if (until_sample <= base::Duration(0)) until_sample = sample();
  }
}

// A hung engine keeps its stream open and silent; only a question shows it.
void Watcher::listen_for_life() {
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return;
  }
  const auto alive = engine_.version();
  if (alive.ok()) return;
  std::stop_source stream;
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return;
    silence_ = alive.error().message;
    stream = stream_;
  }
  stream.request_stop();
}

// Samples all running members; answers how long to wait for the next round.
base::Duration Watcher::sample() {
  std::vector<std::pair<engine::ContainerId, std::string>> members;
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return rhythm_.tick;
    for (const auto& [id, known] : known_) {
      if (known.running) members.emplace_back(id, known.service);
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < members.size(); i = next++) {
      auto stats = engine_.stats(members[i].first);
      if (stats.ok()) hub_.publish(Sampled{members[i].second, std::move(*stats)});
      // Slow: others help, for the engine takes a second each.
      if (std::chrono::steady_clock::now() - begin > kCheap) return;
    }
  };
  work();
  if (next < members.size()) {
    std::vector<std::jthread> samplers;
    const auto left = std::min(members.size() - next, kSamplersMax);
    const auto rest = [&] {
      for (std::size_t i = next++; i < members.size(); i = next++) {
        auto stats = engine_.stats(members[i].first);
        if (stats.ok()) hub_.publish(Sampled{members[i].second, std::move(*stats)});
      }
    };
    for (std::size_t i = 0; i < left; ++i) samplers.emplace_back(rest);
  }
  const bool cheap = std::chrono::steady_clock::now() - begin < kCheap;
  return cheap ? rhythm_.tick : rhythm_.calm;
}

}  // namespace warden
