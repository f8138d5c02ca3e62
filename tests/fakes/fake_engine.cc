#include "tests/fakes/fake_engine.h"

#include <algorithm>
#include <cstdio>

#include "engine/snapshot_codec.h"

namespace fakes {

using base::Error;
using base::ErrorCode;
using engine::Container;
using engine::ContainerId;
using engine::EventKind;
using engine::RunState;

namespace {

Error nobody() { return {ErrorCode::not_found, "engine: no such container"}; }

}  // namespace

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

ContainerId FakeEngine::next_id() {
  char id[65];
  std::snprintf(id, sizeof id, "%064x", ++ids_);
  return id;
}

Container* FakeEngine::find(const ContainerId& id) {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : &found->second;
}

bool FakeEngine::is_taken(const std::string& name) const {
  return std::ranges::any_of(containers_,
                             [&](const auto& entry) { return entry.second.name == name; });
}

ContainerId FakeEngine::add(const std::string& name, const std::string& label,
                            const std::string& label_value) {
  const std::lock_guard lock(mutex_);
  const ContainerId id = next_id();
  Container container;
  container.id = id;
  container.name = name;
  container.image = "fake:latest";
  container.image_id = "sha256:fa4e";
  container.memory_limit_bytes = 64 << 20;
  if (!label.empty()) container.labels[label] = label_value;
  emit(EventKind::create, container);
  run(container);
  containers_[id] = container;
  const std::string labels = label.empty() ? "" : "\"" + label + "\":\"" + label_value + "\"";
  snapshots_[id] =
      engine::make_snapshot(
          R"({"Id":")" + id + R"(","Name":"/)" + name +
          R"(","Image":"sha256:fa4e","Config":{"Image":"fake:latest","Hostname":")" +
          id.substr(0, 12) + R"(","Env":["A=)" + name + R"("],"Labels":{)" + labels +
          R"(}},"HostConfig":{"Memory":67108864,"MemorySwap":134217728,"NanoCpus":0,)" +
          R"("NetworkMode":"net"},"NetworkSettings":{"Networks":{"net":{}}}})")
          .value();
  return id;
}

void FakeEngine::destroy(const ContainerId& id) {
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
    for (const auto& change : std::exchange(delayed_, {})) (void)change();
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

base::Status FakeEngine::start_now(const ContainerId& id) {
  Container* container = find(id);
  if (container == nullptr) return nobody();
  if (container->state != RunState::running) run(*container);
  return {};
}

base::Status FakeEngine::stop_now(const ContainerId& id) {
  Container* container = find(id);
  if (container == nullptr) return nobody();
  if (container->state != RunState::running) return {};
  emit(EventKind::kill, *container);
  events_.back().signal = "15";
  end(*container, 143);
  emit(EventKind::stop, *container);
  return {};
}

base::Status FakeEngine::restart_now(const ContainerId& id) {
  if (auto stopped = stop_now(id); !stopped.ok()) return stopped;
  Container& container = *find(id);
  run(container);
  emit(EventKind::restart, container);
  return {};
}

base::Status FakeEngine::remove_now(const ContainerId& id) {
  const Container* container = find(id);
  if (container == nullptr) return nobody();
  if (container->state == RunState::running) return Error{ErrorCode::conflict, "engine: it runs"};
  emit(EventKind::destroy, *container);
  containers_.erase(id);
  snapshots_.erase(id);
  return {};
}

base::Status FakeEngine::rename_now(const ContainerId& id, const std::string& name) {
  Container* container = find(id);
  if (container == nullptr) return nobody();
  if (is_taken(name)) return Error{ErrorCode::conflict, "engine: the name is taken"};
  container->name = name;
  snapshots_[id] = engine::with_overrides(snapshots_[id], {.name = name, .image = {}}).value();
  return {};
}

base::Status FakeEngine::update_now(const ContainerId& id, const engine::ResourceLimits& limits) {
  Container* container = find(id);
  if (container == nullptr) return nobody();
  snapshots_[id] = engine::with_overrides(snapshots_[id],
                                          {.name = container->name, .image = {}, .limits = limits})
                       .value();
  const auto facts = engine::read_snapshot(snapshots_[id]).value();
  container->memory_limit_bytes = facts.memory_limit_bytes;
  container->cpu_limit = facts.cpu_limit;
  return {};
}

base::Status FakeEngine::create_now(const ContainerId& id, const std::string& snapshot) {
  const auto facts = engine::read_snapshot(snapshot).value();
  if (is_taken(facts.name)) return Error{ErrorCode::conflict, "engine: the name is taken"};
  Container container;
  container.id = id;
  container.name = facts.name;
  container.image = facts.image;
  container.image_id = facts.image_id;
  container.started_at = "0001-01-01T00:00:00Z";
  container.memory_limit_bytes = facts.memory_limit_bytes;
  container.cpu_limit = facts.cpu_limit;
  container.labels = facts.labels;
  emit(EventKind::create, container);
  containers_[id] = container;
  snapshots_[id] = snapshot;
  return {};
}

base::Status FakeEngine::effect(const std::string& verb, const std::string& what,
                                const Change& change) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    call = on_effect_;
  }
  if (call) call();
  const std::lock_guard lock(mutex_);
  if (health_ == Health::down) return Error{ErrorCode::unavailable, "engine: cannot connect"};
  if (auto failing = failing_.extract(verb)) return failing.mapped();
  effects_.push_back(verb + " " + what);
  if (health_ == Health::well) return change();
  delayed_.push_back(change);
  return Error{ErrorCode::unknown, "engine: no answer"};
}

void FakeEngine::fail_next(const std::string& verb, Error error) {
  const std::lock_guard lock(mutex_);
  failing_.insert_or_assign(verb, std::move(error));
}

base::Status FakeEngine::start(const ContainerId& id) {
  return effect("start", id, [this, id] { return start_now(id); });
}

base::Status FakeEngine::restart(const ContainerId& id, base::Duration) {
  return effect("restart", id, [this, id] { return restart_now(id); });
}

base::Status FakeEngine::stop(const ContainerId& id, base::Duration) {
  return effect("stop", id, [this, id] { return stop_now(id); });
}

base::Status FakeEngine::remove(const ContainerId& id) {
  return effect("remove", id, [this, id] { return remove_now(id); });
}

base::Status FakeEngine::rename(const ContainerId& id, const std::string& name) {
  return effect("rename", id + " " + name, [this, id, name] { return rename_now(id, name); });
}

base::Status FakeEngine::update_limits(const ContainerId& id,
                                       const engine::ResourceLimits& limits) {
  return effect("update", id, [this, id, limits] { return update_now(id, limits); });
}

base::Result<ContainerId> FakeEngine::create_from(const std::string& snapshot,
                                                  const engine::Overrides& overrides) {
  const auto wanted = engine::with_overrides(snapshot, overrides);
  if (!wanted) return wanted.error();
  ContainerId id;
  {
    const std::lock_guard lock(mutex_);
    id = next_id();
  }
  const auto made =
      effect("create", overrides.name, [this, id, text = *wanted] { return create_now(id, text); });
  if (!made.ok()) return made.error();
  return id;
}

base::Result<std::string> FakeEngine::snapshot(const ContainerId& id) {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  const auto found = snapshots_.find(id);
  if (found == snapshots_.end()) return nobody();
  return found->second;
}

base::Result<std::map<std::string, std::string>> FakeEngine::addresses(const ContainerId& id) {
  const std::lock_guard lock(mutex_);
  if (const auto status = readable(); !status.ok()) return status.error();
  const Container* container = find(id);
  if (container == nullptr) return nobody();
  std::map<std::string, std::string> out;
  // Its number, which is unique here.
  if (container->state == RunState::running) {
    out["net"] = "10.0.0." + std::to_string(std::stoi(id.substr(60), nullptr, 16));
  }
  return out;
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
