#include "chaos/witness.h"

#include <algorithm>

#include "chaos/web.h"

namespace chaos {

using std::chrono::milliseconds;

Witness::Witness(engine::ContainerEngine& engine, const base::Clock& clock)
    : engine_(engine),
      clock_(clock),
      prober_([this](const std::stop_token& stop) { probe(stop); }),
      follower_([this](const std::stop_token& stop) { follow(stop); }) {}

Witness::~Witness() = default;

void Witness::follow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto ended = engine_.follow(
        [this] {
          const std::lock_guard lock(mutex_);
          connected_ = true;
          changed_.notify_all();
        },
        [this](const engine::Event& event) {
          const std::lock_guard lock(mutex_);
          events_.push_back(event);
          if (event.id == watched_ && event.kind == engine::EventKind::start) is_started_ = true;
          changed_.notify_all();
          return true;
        },
        stop);
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) return;
    ++gaps_;
    changed_.wait_for(lock, stop, milliseconds(200), [] { return false; });
  }
}

void Witness::probe(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::string url;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return is_started_ && !healthy_at_; })) return;
      url = url_;
    }
    const auto answer = web_get(url, milliseconds(500));
    std::unique_lock lock(mutex_);
    if (answer.ok() && answer->status < 400) {
      if (is_started_ && url == url_) healthy_at_ = clock_.now().wall;
    } else {
      changed_.wait_for(lock, stop, milliseconds(10), [] { return false; });
    }
  }
}

bool Witness::wait_connected(base::Duration patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return connected_; });
}

void Witness::watch(const engine::ContainerId& id, const std::string& url) {
  const std::lock_guard lock(mutex_);
  events_.clear();
  watched_ = id;
  url_ = url;
  is_started_ = false;
  healthy_at_.reset();
}

std::vector<engine::Event> Witness::events_of(const engine::ContainerId& id) const {
  const std::lock_guard lock(mutex_);
  std::vector<engine::Event> found;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
               [&](const auto& event) { return event.id == id; });
  return found;
}

int Witness::count(const engine::ContainerId& id, engine::EventKind kind) const {
  const auto events = events_of(id);
  return static_cast<int>(std::count_if(events.begin(), events.end(),
                                        [&](const auto& event) { return event.kind == kind; }));
}

std::optional<base::WallTime> Witness::first(const engine::ContainerId& id,
                                             engine::EventKind kind) const {
  for (const auto& event : events_of(id)) {
    if (event.kind == kind) return base::wall_from_ms(event.time_ns / 1'000'000);
  }
  return std::nullopt;
}

std::optional<base::WallTime> Witness::healthy_at() const {
  const std::lock_guard lock(mutex_);
  return healthy_at_;
}

int Witness::gaps() const {
  const std::lock_guard lock(mutex_);
  return gaps_;
}

void Witness::wait_event(base::Duration patience) const {
  std::unique_lock lock(mutex_);
  const auto before = events_.size();
  changed_.wait_for(lock, patience, [&] { return events_.size() != before; });
}

}  // namespace chaos
