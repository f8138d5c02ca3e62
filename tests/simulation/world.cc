#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>

namespace simulation {

using engine::ContainerId;
using engine::EventKind;
using engine::RunState;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kListens = 30ms;
constexpr const char* kReplicaPort = "8000";

// As the engine's own words of a container. `name` and `environment` have nothing to be escaped.
std::string words_of(const std::string& name, const std::string& image,
                     const std::string& environment, std::int64_t memory) {
  const std::string memory_text = std::to_string(memory), swap = std::to_string(2 * memory);
  return R"({"Id":")" + std::string(64, 'a') + R"(","Name":"/)" + name + R"(","Image":"sha256:)" +
         image + R"(","Config":{"Image":")" + image + R"(","Hostname":"demo","Env":["MODE=)" +
         environment + R"("],"Labels":{"who":"demo"}},"HostConfig":{"Memory":)" + memory_text +
         R"(,"MemorySwap":)" + swap +
         R"(,"NanoCpus":500000000,"NetworkMode":"net"},"NetworkSettings":{"Networks":{"net":{}}}})";
}

}  // namespace

const char* to_string(Fault fault) {
  switch (fault) {
    case Fault::crash:
      return "crash";
    case Fault::oom:
      return "oom";
    case Fault::hang:
      return "hang";
    case Fault::slow:
      return "latency";
    case Fault::busy:
      return "cpu";
    case Fault::person_stop:
      return "person_stop";
    case Fault::errors:
      return "errors";
  }
  return "";
}

// ---- Memory ------------------------------------------------------------------------------------

void MemoryShelf::remember(const memory::Case& past) {
  cases_[past.incident] = past;
  vectors_[past.incident] = memory::embed(past.symptom);
}

incident::MemoryRecalled MemoryShelf::recall(const memory::Symptom& symptom, base::WallTime now,
                                             std::int64_t exclude) const {
  const auto wanted = memory::embed(symptom);
  std::vector<memory::Hit> hits;
  for (const auto& [id, vector] : vectors_)
    hits.push_back({id, memory::similarity_of(wanted, vector)});
  std::stable_sort(hits.begin(), hits.end(),
                   [](const auto& a, const auto& b) { return a.similarity > b.similarity; });
  const auto found = memory::make_recall(hits, cases_, {now, exclude, {}});
  incident::MemoryRecalled recalled;
  for (const auto& match : found.matches) {
    const auto& past = match.past;
    recalled.matches.push_back({past.incident, past.issue, past.symptom.service, past.failure_class,
                                past.action, past.proven, match.similarity});
  }
  if (const auto* best = found.recommended())
    recalled.action = best->action, recalled.worked = best->worked, recalled.tried = best->tried;
  return recalled;
}

// ---- Containers --------------------------------------------------------------------------------

void World::make_containers() {
  for (const auto& service : config_.services) {
    Box& box =
        add(next_id(),
            engine::make_snapshot(words_of(service.container, "demo:1", "good", 64 << 20)).value());
    run(box);
    box.started -= 10s;
    if (config::is_balanced(config_, service.name))
      upstreams_[service.name] = {box.address + ":" + kReplicaPort};
  }
}

ContainerId World::next_id() {
  char id[65];
  std::snprintf(id, sizeof id, "%060d%04x", 0, 0xa000 + ++ids_);
  return id;
}

World::Box& World::add(const ContainerId& id, const std::string& snapshot) {
  Box& box = boxes_[id];
  box.container.id = id;
  box.snapshot = snapshot;
  box.address = "10.0.0." + std::to_string(std::stoi(id.substr(61), nullptr, 16));
  read_facts(box);
  return box;
}

void World::read_facts(Box& box) const {
  const auto facts = engine::read_snapshot(box.snapshot).value();
  auto& container = box.container;
  container.name = facts.name;
  container.image = facts.image;
  container.image_id = facts.image_id;
  container.memory_limit_bytes = facts.memory_limit_bytes;
  container.cpu_limit = facts.cpu_limit;
  container.labels = facts.labels;
  box.replica = warden::replica_index(container);
  const auto service = box.replica > 0
                           ? roster_.replicated(container)
                           : roster_.service_named(warden::lasting_name(container.name));
  box.service = service.value_or("");
}

int World::running_replicas(const std::string& service) const {
  return static_cast<int>(std::count_if(boxes_.begin(), boxes_.end(), [&](const auto& item) {
    const Box& box = item.second;
    return box.container.state == RunState::running && box.replica > 0 && box.service == service;
  }));
}

World::Box* World::find(const std::string& id_or_name) {
  if (const auto found = boxes_.find(id_or_name); found != boxes_.end()) return &found->second;
  for (auto& [id, box] : boxes_) {
    if (box.container.name == id_or_name) return &box;
  }
  return nullptr;
}

World::Box* World::find_replica(const std::string& service, int index) {
  for (auto& [id, box] : boxes_) {
    if (box.replica != index || box.service != service) continue;
    if (index > 0 || warden::lasting_name(box.container.name) == box.container.name) return &box;
  }
  return nullptr;
}

const World::Box* World::serving(const std::string& service) const {
  for (const auto& [id, box] : boxes_) {
    const bool has_port = box.replica == 0 && box.service == service;
    if (has_port && box.container.state == RunState::running) return &box;
  }
  return nullptr;
}

void World::run(Box& box) {
  const bool is_own = box.replica == 0 && !box.service.empty();
  if (const Box* other = is_own ? serving(box.service) : nullptr; other != nullptr && other != &box)
    collisions_.push_back(box.container.name + " starts beside " + other->container.name);
  box.container.state = RunState::running;
  box.container.started_at = "life " + std::to_string(++lives_);
  box.container.exit_code = 0;
  box.container.oom_killed = false;
  box.container.pid = static_cast<int>(1000 + lives_);
  box.ailment = Ailment::none;
  box.is_cursed = box.stopped_by_person = false;
  box.started = timeline_.now().boot;
  emit(EventKind::start, box);
  if (is_own) leave_behind(box.service);
  for (const auto& [name, malady] : maladies_) reconsider(name);
}

void World::end(Box& box, int exit_code, bool oom) {
  box.container.state = RunState::exited;
  box.container.exit_code = exit_code;
  box.container.oom_killed = oom;
  box.container.pid = 0;
  box.container.finished_at = base::format_utc(timeline_.now().wall);
  box.ailment = Ailment::none;
  if (oom) emit(EventKind::oom, box);
  emit(EventKind::die, box);
}

void World::remove(Box& box) {
  emit(EventKind::destroy, box);
  boxes_.erase(box.container.id);
}

void World::emit(EventKind kind, const Box& box, const std::string& signal) {
  if (engine_ == EngineHealth::down) return;  // Nobody keeps events for later.
  engine::Event event;
  event.kind = kind;
  event.id = box.container.id;
  event.name = box.container.name;
  event.time_ns = base::to_ms(timeline_.now().wall) * 1'000'000;
  event.signal = signal;
  if (kind == EventKind::die) event.exit_code = box.container.exit_code;
  // The warden's watcher knows a container by its id from its first event under a name of ours on.
  if (const auto named = roster_.service_named(event.name)) known_.try_emplace(event.id, *named);
  const auto found = known_.find(event.id);
  if (found == known_.end()) return;
  const auto deliver = [this, notice = warden::Notice(warden::Happened{found->second, event})] {
    tell(notice);
  };
  if (kind == EventKind::destroy) known_.erase(found);
  if (engine_ == EngineHealth::hung)
    parked_.emplace_back(deliver);
  else
    deliver();
}

void World::tell(warden::Notice notice) {
  if (!warden_up_ || !receive_) return;
  timeline_.after(2ms, [this, life = warden_life_, notice = std::move(notice)] {
    if (warden_up_ && life == warden_life_ && receive_) receive_(notice);
  });
}

void World::return_by_policy(const engine::ContainerId& id) {
  timeline_.after(100ms, [this, id] {
    Box* box = find(id);
    if (box == nullptr || box->container.state != RunState::restarting) return;
    ++box->container.restart_count;
    run(*box);
  });
}

void World::hit(Box& box, Fault fault) {
  if (box.container.state != RunState::running) return;
  switch (fault) {
    case Fault::crash:
      end(box, 137, false);  // As by SIGKILL: at a later look it could be a person's stop.
      break;
    case Fault::oom:
      end(box, 137, true);
      break;
    case Fault::hang:
      box.ailment = Ailment::hung;
      return;
    case Fault::slow:
      box.ailment = Ailment::slow;
      return;
    case Fault::busy:
      box.ailment = Ailment::busy;
      return;
    case Fault::errors:
      box.ailment = Ailment::errors;
      return;
    case Fault::person_stop:
      emit(EventKind::kill, box, "15");
      end(box, 143, false);
      emit(EventKind::stop, box);
      box.stopped_by_person = true;
      return;
  }
  if (box.container.restart_policy == engine::RestartPolicy::no) return;
  box.container.state = RunState::restarting;
  return_by_policy(box.container.id);
}

void World::strike(const std::string& service, Fault fault) { strike_replica(service, 0, fault); }

void World::strike_replica(const std::string& service, int index, Fault fault) {
  if (Box* box = find_replica(service, index)) hit(*box, fault);
}

void World::curse(const std::string& service, Malady malady) {
  maladies_[service] = std::move(malady);
  reconsider(service);
}

bool World::afflicts(const Malady& malady, const Box& box) const {
  if (box.replica > 0 && !malady.is_everywhere) return false;
  return !malady.afflicts || malady.afflicts(engine::read_snapshot(box.snapshot).value(),
                                             running_replicas(box.service));
}

void World::reconsider(const std::string& service) {
  const auto found = maladies_.find(service);
  if (found == maladies_.end()) return;
  for (auto& [id, box] : boxes_) {
    if (box.service == service && box.container.state == RunState::running)
      reconsider(box, found->second);
  }
}

// Whether the malady has the container as it is made now, and what stands beside it; it shows once
// in each life.
void World::reconsider(Box& box, const Malady& malady) {
  if (!afflicts(malady, box)) {
    if (std::exchange(box.is_cursed, false)) box.ailment = Ailment::none;
    box.malady_awaited.clear();
    return;
  }
  const auto life = box.container.started_at;
  if (std::exchange(box.malady_awaited, life) == life) return;
  timeline_.after(malady.after, [this, life, id = box.container.id] {
    Box* sick = find(id);
    if (sick == nullptr || sick->malady_awaited != life || sick->container.started_at != life)
      return;
    const auto still = maladies_.find(sick->service);
    if (still == maladies_.end() || !afflicts(still->second, *sick)) return;
    hit(*sick, still->second.fault);
    sick->is_cursed = true;
  });
}

void World::leave_behind(const std::string& service) {
  for (const auto& name : holding_on_) {
    const auto& needs = config::find_service(config_, name)->depends_on;
    if (std::find(needs.begin(), needs.end(), service) == needs.end()) continue;
    Box* caller = find_replica(name, 0);
    if (caller != nullptr && caller->container.state == RunState::running)
      caller->ailment = Ailment::left_behind;
  }
}

// As people do it who deploy: the new one is made, takes the place of the old one, and is started.
void World::deploy(const std::string& service, const Version& version) {
  Box* old = find_replica(service, 0);
  if (old == nullptr) return;
  const auto name = old->container.name;
  const auto text = engine::make_snapshot(words_of(
      name, version.image.empty() ? old->container.image : version.image, version.environment,
      version.memory_bytes == 0 ? old->container.memory_limit_bytes : version.memory_bytes));
  if (old->container.state == RunState::running) hit(*old, Fault::person_stop);
  remove(*old);
  Box& box = add(next_id(), text.value());
  emit(EventKind::create, box);
  run(box);
}

void World::add_replicas(const std::string& service, int count) {
  for (int index = 1; index <= count; ++index) {
    const auto text =
        engine::with_overrides(find_replica(service, 0)->snapshot,
                               {.name = warden::replica_name(service, index),
                                .image = {},
                                .labels = {{std::string(warden::kReplicaLabel), service}},
                                .replica = true});
    Box& box = add(next_id(), text.value());
    run(box);
    upstreams_[service].push_back(box.address + ":" + kReplicaPort);
  }
}

bool World::is_well(const std::string& service) const {
  bool is_there = false, well = true;
  for (const auto& [id, box] : boxes_) {
    if (box.service != service) continue;
    is_there = true;
    well = well && (box.stopped_by_person ||
                    (box.container.state == RunState::running && box.ailment == Ailment::none));
  }
  return is_there && well;
}

std::string World::creation(const std::string& service) const {
  std::vector<std::string> lines;
  for (const auto& [id, box] : boxes_) {
    if (box.service != service) continue;
    const auto facts = engine::read_snapshot(box.snapshot).value();
    lines.push_back(box.container.name + " of " + facts.image + " " + facts.image_id + " " +
                    std::to_string(facts.memory_limit_bytes) + " " + facts.creation_hash);
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += line + "; ";
  return text;
}

std::optional<std::string> World::creation_before(const std::string& service) const {
  const auto found = before_.find(service);
  return found == before_.end() ? std::nullopt : std::optional(found->second);
}

std::string World::misled(const std::string& service) const {
  const auto found = upstreams_.find(service);
  if (found == upstreams_.end()) return "";
  std::multiset<std::string> wanted, there(found->second.begin(), found->second.end());
  for (const auto& [id, box] : boxes_) {
    if (box.service == service && box.container.state == RunState::running)
      wanted.insert(box.address + ":" + kReplicaPort);
  }
  if (wanted == there || wanted.empty()) return "";
  std::string text = "requests go to";
  for (const auto& address : there) text += " " + address;
  text += ", there runs";
  for (const auto& address : wanted) text += " " + address;
  return text;
}

// ---- The network -------------------------------------------------------------------------------

telemetry::ProbeResult World::look_at(const Box* box) const {
  const bool listens = box != nullptr && box->container.state == RunState::running &&
                       timeline_.now().boot - box->started >= kListens;
  if (!listens) return telemetry::ProbeResult::refused;
  if (box->ailment == Ailment::hung) return telemetry::ProbeResult::timeout;
  if (box->ailment == Ailment::errors) return telemetry::ProbeResult::error;
  return telemetry::ProbeResult::ok;
}

// The next one in turn; nullptr: nobody has that address any more.
const World::Box* World::behind_balancer(const std::string& service) {
  const auto found = upstreams_.find(service);
  if (found == upstreams_.end() || found->second.empty()) return serving(service);
  const auto& address = found->second[turn_++ % found->second.size()];
  for (const auto& [id, box] : boxes_) {
    if (box.address + ":" + kReplicaPort == address) return &box;
  }
  return nullptr;
}

void World::probe(const std::string& service, const std::string& probe, base::Duration timeout,
                  std::function<void(telemetry::ProbeSample)> reply) {
  using telemetry::ProbeResult;
  telemetry::ProbeSample sample;
  sample.at = timeline_.now().wall;
  sample.probe = probe;
  base::Duration takes = 2ms;
  const bool through = probe == "path";
  const Box* box = through ? behind_balancer(service) : serving(service);
  sample.result = look_at(box);
  if (through && upstreams_.contains(service) && sample.result == ProbeResult::refused)
    sample.result = ProbeResult::error;  // The balancer's own word.
  sample.connected = sample.result != ProbeResult::refused;
  if (sample.result == ProbeResult::error) sample.status = 502;
  if (through && box != nullptr && box->ailment == Ailment::left_behind)
    sample.result = ProbeResult::error, sample.status = 500;
  std::vector<std::string> behind = config::find_service(config_, service)->depends_on;
  while (through && sample.result == ProbeResult::ok && !behind.empty()) {
    const auto name = behind.back();
    behind.pop_back();
    const Box* next = behind_balancer(name);
    const auto seen = look_at(next);
    const bool is_left = next != nullptr && next->ailment == Ailment::left_behind;
    if (seen == ProbeResult::refused || seen == ProbeResult::error || is_left)
      sample.result = ProbeResult::error, sample.status = 502;
    if (seen == ProbeResult::timeout) sample.result = seen;
    if (next != nullptr && next->ailment == Ailment::slow) takes += 600ms;
    for (const auto& other : config::find_service(config_, name)->depends_on)
      behind.push_back(other);
  }
  if (sample.result == ProbeResult::ok) sample.status = 200;
  if (box != nullptr && box->ailment == Ailment::busy) takes += 20ms;
  if (through && box != nullptr && box->ailment == Ailment::slow) takes += 600ms;
  if (sample.result == ProbeResult::timeout) takes = timeout;
  sample.latency_ms = base::to_ms(takes);
  timeline_.after(takes, [reply = std::move(reply), sample] { reply(sample); });
}

}  // namespace simulation
