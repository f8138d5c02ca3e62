#include "tests/fakes/fake_engine.h"

#include <algorithm>
#include <cstdio>

namespace fakes {

using base::Error;
using base::ErrorCode;
using engine::Container;
using engine::ContainerId;
using engine::EventKind;
using engine::RunState;

std::string FakeEngine::next_time() {
  ++time_;
  return base::format_utc(base::wall_from_ms(1'700'000'000'000 + time_));
}

void FakeEngine::emit(EventKind kind, const Container& container) {
  engine::Event event;
  event.kind = kind;
  event.id = container.id;
  event.name = container.name;
  event.time_ns = 1'700'000'000'000'000'000 + ++time_;
  if (kind == EventKind::die) event.exit_code = container.exit_code;
  events_.push_back(event);
  changed_.notify_all();
}

void FakeEngine::run(Container& container) {
  container.state = RunState::running;
  container.started_at = next_time();
  container.exit_code = 0;
  container.oom_killed = false;
  container.pid = 1000 + static_cast<int>(time_);
  emit(EventKind::start, container);
}

void FakeEngine::end(Container& container, int exit_code) {
  container.state = RunState::exited;
  container.exit_code = exit_code;
  container.finished_at = next_time();
  container.pid = 0;
  emit(EventKind::die, container);
}

ContainerId FakeEngine::add(const std::string& name, const std::string& label,
                            const std::string& label_value) {
  const std::lock_guard lock(mutex_);
  char id[65];
  std::snprintf(id, sizeof id, "%064x", ++ids_);
  Container container;
  container.id = id;
  container.name = name;
  container.image = "fake:latest";
  container.memory_limit_bytes = 64 << 20;
  if (!label.empty()) container.labels[label] = label_value;
  emit(EventKind::create, container);
  run(container);
  containers_[id] = container;
  return id;
}

void FakeEngine::remove(const ContainerId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  if (found->second.state == RunState::running) end(found->second, 137);
  emit(EventKind::destroy, found->second);
  containers_.erase(found);
}

void FakeEngine::set_health(Health health) {
  const std::lock_guard lock(mutex_);
  health_ = health;
  if (health == Health::down) ++downs_;
  if (health == Health::well) {
    for (const auto& [verb, id] : std::exchange(delayed_, {})) (void)effect_now(verb, id);
  }
  changed_.notify_all();
}

void FakeEngine::set_log(const ContainerId& id, std::vector<std::string> lines) {
  const std::lock_guard lock(mutex_);
  logs_[id] = std::move(lines);
}

void FakeEngine::change(const ContainerId& id, const std::function<void(Container&)>& change) {
  const std::lock_guard lock(mutex_);
  change(containers_.at(id));
}

void FakeEngine::crash(const ContainerId& id, int exit_code, bool oom) {
  const std::lock_guard lock(mutex_);
  Container& container = containers_.at(id);
  container.oom_killed = oom;
  if (oom) emit(EventKind::oom, container);
  end(container, exit_code);
}

void FakeEngine::kill(const ContainerId& id, const std::string& signal) {
  const std::lock_guard lock(mutex_);
  Container& container = containers_.at(id);
  emit(EventKind::kill, container);
  events_.back().signal = signal;
  end(container, 137);
}

std::vector<std::string> FakeEngine::effects() const {
  const std::lock_guard lock(mutex_);
  return effects_;
}

void FakeEngine::on_effect(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  on_effect_ = std::move(call);
}

base::Status FakeEngine::readable() const {
  if (health_ == Health::down) return Error{ErrorCode::unavailable, "engine: cannot connect"};
  if (health_ == Health::hung) return Error{ErrorCode::timeout, "engine: no answer"};
  return {};
}

base::Result<std::string> FakeEngine::version() {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  return std::string("fake (API 1.41)");
}

base::Result<std::vector<Container>> FakeEngine::list() {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  std::vector<Container> out;
  for (const auto& [id, container] : containers_) out.push_back(container);
  return out;
}

base::Result<Container> FakeEngine::inspect(const std::string& id_or_name) {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  for (const auto& [id, container] : containers_) {
    if (id == id_or_name || container.name == id_or_name) return container;
  }
  return Error{ErrorCode::not_found, "engine: no such container"};
}

base::Result<std::vector<std::string>> FakeEngine::log_tail(const ContainerId& id, int lines) {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  if (!containers_.contains(id)) return Error{ErrorCode::not_found, "engine: no such container"};
  const auto found = logs_.find(id);
  if (found == logs_.end()) return std::vector<std::string>();
  const auto& all = found->second;
  const auto keep = std::min(all.size(), static_cast<std::size_t>(std::max(lines, 0)));
  return std::vector<std::string>(all.end() - static_cast<std::ptrdiff_t>(keep), all.end());
}

base::Result<engine::Stats> FakeEngine::stats(const ContainerId& id) {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  const auto found = containers_.find(id);
  if (found == containers_.end()) return Error{ErrorCode::not_found, "engine: no such container"};
  engine::Stats out;
  out.id = id;
  out.at = base::wall_from_ms(1'700'000'000'000 + ++time_);
  out.memory_bytes = 8 << 20;
  out.memory_limit_bytes = found->second.memory_limit_bytes;
  out.cpu_percent = 1;
  return out;
}

base::Status FakeEngine::effect_now(const std::string& verb, const ContainerId& id) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return Error{ErrorCode::not_found, "engine: no such container"};
  Container& container = found->second;
  const bool running = container.state == RunState::running;
  if (verb == "start") {
    if (!running) run(container);
    return {};
  }
  if (running) {
    emit(EventKind::kill, container);
    events_.back().signal = "15";
    end(container, 143);
    emit(EventKind::stop, container);
  }
  run(container);
  emit(EventKind::restart, container);
  return {};
}

base::Status FakeEngine::effect(const std::string& verb, const ContainerId& id) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    call = on_effect_;
  }
  if (call) call();
  const std::lock_guard lock(mutex_);
  if (health_ == Health::down) return Error{ErrorCode::unavailable, "engine: cannot connect"};
  effects_.push_back(verb + " " + id);
  if (health_ == Health::well) return effect_now(verb, id);
  delayed_.emplace_back(verb, id);
  return Error{ErrorCode::unknown, "engine: no answer"};
}

base::Status FakeEngine::start(const ContainerId& id) { return effect("start", id); }

base::Status FakeEngine::restart(const ContainerId& id, base::Duration) {
  return effect("restart", id);
}

base::Status FakeEngine::follow(const std::function<void()>& connected,
                                const std::function<bool(const engine::Event&)>& receive,
                                std::stop_token stop) {
  std::size_t position = 0;
  int downs = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto status = readable(); !status.ok()) return status.error();
    position = events_.size();
    downs = downs_;
  }
  connected();
  while (true) {
    engine::Event event;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] {
        return downs_ != downs || (health_ == Health::well && position < events_.size());
      });
      if (stop.stop_requested()) return {};
      if (downs_ != downs) return Error{ErrorCode::unavailable, "engine: event stream ended"};
      event = events_[position++];
    }
    if (!receive(event)) return {};
  }
}

}  // namespace fakes
