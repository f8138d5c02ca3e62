#include "tests/simulation/world.h"

#include <algorithm>

#include "base/hash.h"

namespace simulation {

using base::Error;
using base::ErrorCode;
using engine::EventKind;
using engine::RunState;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kEngineLag = 5ms;
constexpr base::Duration kReadDeadline = 3s;
constexpr base::Duration kEffectDeadline = 10s;  // And the grace.
constexpr base::Duration kDies = 10ms, kComesUp = 150ms, kListens = 30ms;

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

World::World(const config::Config& config, Timeline& timeline, fakes::MemoryLedger& ledger)
    : github(timeline),
      config_(config),
      timeline_(timeline),
      ledger_(ledger),
      roster_(config.services, config.exclude) {
  start_warden();
  for (const auto& service : config.services) {
    Box box;
    box.service = service.name;
    box.container.id = std::string(63, 'a') + static_cast<char>('0' + boxes_.size());
    box.container.name = service.container;
    box.container.image = "demo:1";
    box.container.image_id = "sha256:1";
    box.container.memory_limit_bytes = 64 << 20;
    box.container.cpu_limit = 0.5;
    run(box);
    box.started -= 10s;
    boxes_[service.name] = box;
  }
  timeline_.after(1s, [this] { sample(); });
}

void World::run(Box& box) {
  box.container.state = RunState::running;
  box.container.started_at = "life " + std::to_string(++lives_);
  box.container.exit_code = 0;
  box.container.oom_killed = false;
  box.container.pid = static_cast<int>(1000 + lives_);
  box.ailment = Ailment::none;
  box.stopped_by_person = false;
  box.started = timeline_.now().boot;
  emit(EventKind::start, box);
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

void World::emit(EventKind kind, const Box& box, const std::string& signal) {
  if (engine_ == EngineHealth::down) return;  // Nobody keeps events for later.
  engine::Event event;
  event.kind = kind;
  event.id = box.container.id;
  event.name = box.container.name;
  event.time_ns = base::to_ms(timeline_.now().wall) * 1'000'000;
  event.signal = signal;
  if (kind == EventKind::die) event.exit_code = box.container.exit_code;
  const auto deliver = [this, notice = warden::Notice(warden::Happened{box.service, event})] {
    tell(notice);
  };
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

void World::return_by_policy(const std::string& service) {
  timeline_.after(100ms, [this, service] {
    Box& box = boxes_.at(service);
    if (box.container.state != RunState::restarting) return;
    ++box.container.restart_count;
    run(box);
  });
}

void World::strike(const std::string& service, Fault fault) {
  Box& box = boxes_.at(service);
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
    case Fault::person_stop:
      emit(EventKind::kill, box, "15");
      end(box, 143, false);
      emit(EventKind::stop, box);
      box.stopped_by_person = true;
      return;
  }
  if (box.container.restart_policy == engine::RestartPolicy::no) return;
  box.container.state = RunState::restarting;
  return_by_policy(service);
}

bool World::is_well(const std::string& service) const {
  const Box& box = boxes_.at(service);
  return box.stopped_by_person ||
         (box.container.state == RunState::running && box.ailment == Ailment::none);
}

// ---- The engine --------------------------------------------------------------------------------

void World::set_engine(EngineHealth health) {
  const auto was = std::exchange(engine_, health);
  if (was == health) return;
  if (health == EngineHealth::down) {
    ++engine_life_;
    parked_.clear();
    for (auto& [name, box] : boxes_) box.in_work = false;
    tell(warden::Lost{"event stream ended"});
  }
  if (health == EngineHealth::hung) {  // The warden finds out by asking.
    timeline_.after(2s, [this, life = warden_life_] {
      if (engine_ == EngineHealth::hung && life == warden_life_) tell(warden::Lost{"no answer"});
    });
  }
  if (health != EngineHealth::well) return;
  for (auto& parked : std::exchange(parked_, {})) parked();
  tell(warden::Connected{});
}

struct World::EngineCall {
  engine::ContainerId id;
  std::string op;
  base::Duration grace{0};
  bool restart = false;
  int engine_life = 0;
  bool answered = false;
  std::function<void(base::Status)> done;
};

void World::answer(const CallPtr& call, const base::Status& status) {
  if (std::exchange(call->answered, true)) return;
  call->done(status);
}

// False when the engine died or hangs meanwhile: then the rest never happens, or later.
bool World::may_go_on(const CallPtr& call, void (World::*phase)(const CallPtr&)) {
  if (call->engine_life != engine_life_) {
    answer(call, Error{ErrorCode::unknown, "the connection broke"});
    return false;
  }
  if (engine_ == EngineHealth::well) return true;
  parked_.emplace_back([this, call, phase] { (this->*phase)(call); });
  return false;
}

void World::call(const CallPtr& call) {
  if (engine_ == EngineHealth::down)
    return answer(call, Error{ErrorCode::unavailable, "engine: cannot connect"});
  call->engine_life = engine_life_;
  timeline_.after(kEffectDeadline + call->grace,
                  [call] { answer(call, Error{ErrorCode::unknown, "no answer"}); });
  stop_phase(call);
}

void World::stop_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::stop_phase)) return;
  Box* box = find(call->id);
  if (box == nullptr) return answer(call, Error{ErrorCode::not_found, "no such container"});
  if (box->in_work) {
    timeline_.after(20ms, [this, call] { stop_phase(call); });
    return;
  }
  box->in_work = true;
  const bool running = box->container.state == RunState::running;
  if (running && !call->restart) {
    box->in_work = false;
    return answer(call, {});
  }
  if (!running) {
    timeline_.after(kComesUp, [this, call] { start_phase(call); });
    return;
  }
  emit(EventKind::kill, *box, "15");
  timeline_.after(box->ailment == Ailment::hung ? call->grace : kDies,
                  [this, call] { die_phase(call); });
}

void World::die_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::die_phase)) return;
  Box& box = *find(call->id);
  if (box.container.state == RunState::running) {
    const bool hung = box.ailment == Ailment::hung;
    if (hung) emit(EventKind::kill, box, "9");
    end(box, hung ? 137 : 143, false);
    emit(EventKind::stop, box);
  }
  timeline_.after(kComesUp, [this, call] { start_phase(call); });
}

void World::start_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::start_phase)) return;
  Box& box = *find(call->id);
  box.in_work = false;
  run(box);
  starts_.push_back({timeline_.now().boot, call->op, call->id});
  if (call->restart) emit(EventKind::restart, box);
  answer(call, {});
}

void World::sample() {
  timeline_.after(1s, [this] { sample(); });
  if (engine_ != EngineHealth::well || !warden_up_) return;
  settle();
  for (const auto& [name, box] : boxes_) {
    if (box.container.state != RunState::running) continue;
    const bool busy = box.ailment == Ailment::busy;
    tell(warden::Sampled{
        name, {box.container.id, timeline_.now().wall, 8 << 20, 64 << 20, busy ? 50.0 : 3.0}});
  }
}

// ---- The warden --------------------------------------------------------------------------------

void World::kill_warden() {
  if (!warden_up_) return;
  warden_up_ = false;
  ++warden_life_;
  taken_.clear();
  if (receive_)
    timeline_.after(1ms, [this] { receive_(warden::Lost{"the warden cannot be heard"}); });
}

void World::start_warden() {
  warden_up_ = true;
  standing_ = std::make_unique<warden::LedgerStanding>(config_, ledger_, "");
  if (engine_ == EngineHealth::well) tell(warden::Connected{});
}

void World::follow(std::function<void(warden::Notice)> receive) {
  receive_ = std::move(receive);
  if (engine_ == EngineHealth::well)
    tell(warden::Connected{});
  else
    tell(warden::Lost{"engine lost"});
}

World::Box* World::find(const engine::ContainerId& id) {
  for (auto& [name, box] : boxes_) {
    if (box.container.id == id) return &box;
  }
  return nullptr;
}

// When it cannot answer, it arranges the answer and says false.
template <class T>
bool World::engine_answers(const Reply<T>& reply) {
  if (!warden_up_ || engine_ == EngineHealth::down) {
    timeline_.after(1ms, [reply] { reply(Error{ErrorCode::unavailable, "cannot connect"}); });
    return false;
  }
  if (engine_ == EngineHealth::well) return true;
  timeline_.after(kReadDeadline, [reply] { reply(Error{ErrorCode::timeout, "no answer"}); });
  return false;
}

void World::list(Reply<warden::Listing> reply) {
  if (!engine_answers(reply)) return;
  warden::Listing listing;
  for (const auto& [name, box] : boxes_) listing.members.push_back({name, box.container});
  timeline_.after(kEngineLag, [reply, listing] { reply(listing); });
}

void World::inspect(const engine::ContainerId& id, Reply<warden::Member> reply) {
  if (!engine_answers(reply)) return;
  timeline_.after(kEngineLag, [this, id, reply] {
    const Box* box = find(id);
    if (box == nullptr) return reply(Error{ErrorCode::not_found, "no such container"});
    reply(warden::Member{box->service, box->container});
  });
}

void World::keep(const engine::ContainerId& id, Reply<std::string> reply) {
  inspect(id, [reply](const base::Result<warden::Member>& member) {
    if (!member) return reply(member.error());
    const auto& container = member->container;
    reply(base::sha256_hex(container.name + container.image_id +
                           std::to_string(container.memory_limit_bytes)));
  });
}

void World::log_tail(const engine::ContainerId& id, Reply<std::vector<std::string>> reply) {
  if (!engine_answers(reply)) return;
  timeline_.after(kEngineLag, [this, id, reply] {
    const Box* box = find(id);
    if (box == nullptr) return reply(Error{ErrorCode::not_found, "no such container"});
    reply(std::vector<std::string>{"listening on 8080", "request served"});
  });
}

void World::perform(const warden::Operation& operation, Reply<warden::Performed> reply) {
  if (!warden_up_)
    return timeline_.after(1ms, [reply] { reply(Error{ErrorCode::unavailable, "no warden"}); });
  const auto [found, entered] = taken_.try_emplace(operation.container);
  if (!entered) {
    return timeline_.after(
        1ms, [reply] { reply(Error{ErrorCode::denied, "rule traffic: another operation"}); });
  }
  const int life = warden_life_;
  inspect(operation.container,
          [this, operation, reply, life](const base::Result<warden::Member>& member) {
            if (life != warden_life_)
              return reply(Error{ErrorCode::unknown, "the warden went away"});
            if (member) return judge(operation, reply, life);
            taken_.erase(operation.container);
            reply(member.error());
          });
}

void World::judge(const warden::Operation& operation, const Reply<warden::Performed>& reply,
                  int life) {
  const Box& box = *find(operation.container);
  warden::Situation situation;
  situation.now = timeline_.now().wall;
  situation.container = box.container;
  bool stopped = true;
  if (auto standing = standing_->of(box.service)) {
    stopped = standing->stopped;
    situation.standing = *standing;
    if (gate_ignores_stop) situation.standing->stopped = false;
  }
  const auto decision = warden::decide(operation, situation);
  if (const auto* refusal = std::get_if<warden::Refusal>(&decision)) {
    taken_.erase(operation.container);
    return reply(refusal->error());
  }
  const auto step = std::get<warden::Step>(decision);
  if (step == warden::Step::superseded) {
    taken_.erase(operation.container);
    return reply(warden::Performed{warden::Outcome::superseded, box.container.started_at});
  }
  effects_.push_back(
      {timeline_.now(), operation.op, operation.container, box.service, *ledger_.head(), stopped});
  auto engine_call = std::make_shared<EngineCall>();
  engine_call->id = operation.container;
  engine_call->op = operation.op;
  engine_call->grace = operation.grace;
  engine_call->restart = step == warden::Step::restart;
  engine_call->done = [this, operation, reply, life](const base::Status& status) {
    finish(operation, status, reply, life);
  };
  call(engine_call);
}

void World::finish(const warden::Operation& operation, const base::Status& status,
                   const Reply<warden::Performed>& reply, int life) {
  if (life != warden_life_) return reply(Error{ErrorCode::unknown, "the warden went away"});
  if (!status && status.error().code == ErrorCode::unknown) {
    taken_[operation.container].emplace(operation.seen_started_at, operation.grace);
    return reply(status.error());
  }
  taken_.erase(operation.container);
  if (!status) return reply(status.error());
  inspect(operation.container, [operation, reply](const base::Result<warden::Member>& member) {
    if (!member) return reply(Error{ErrorCode::unknown, "accepted, not seen since"});
    if (member->container.started_at == operation.seen_started_at)
      return reply(Error{ErrorCode::unknown, "StartedAt is the same"});
    reply(warden::Performed{warden::Outcome::done, member->container.started_at});
  });
}

void World::settle() {
  for (auto item = taken_.begin(); item != taken_.end();) {
    auto& settling = item->second;
    const bool settled =
        settling && settling->observe(find(item->first)->container, timeline_.now().boot);
    item = settled ? taken_.erase(item) : std::next(item);
  }
}

// ---- The network -------------------------------------------------------------------------------

void World::probe(const std::string& service, const std::string& probe, base::Duration timeout,
                  std::function<void(telemetry::ProbeSample)> reply) {
  telemetry::ProbeSample sample;
  sample.at = timeline_.now().wall;
  sample.probe = probe;
  base::Duration takes = 2ms;
  const auto look = [&](const Box& box) {
    const bool listens =
        box.container.state == RunState::running && timeline_.now().boot - box.started >= kListens;
    if (!listens) return telemetry::ProbeResult::refused;
    if (box.ailment == Ailment::hung) return telemetry::ProbeResult::timeout;
    return telemetry::ProbeResult::ok;
  };
  const Box& box = boxes_.at(service);
  sample.result = look(box);
  sample.connected = sample.result != telemetry::ProbeResult::refused;
  std::vector<std::string> behind = config::find_service(config_, service)->depends_on;
  while (probe == "path" && sample.result == telemetry::ProbeResult::ok && !behind.empty()) {
    const Box& next = boxes_.at(behind.back());
    behind.pop_back();
    const auto seen = look(next);
    if (seen == telemetry::ProbeResult::refused)
      sample.result = telemetry::ProbeResult::error, sample.status = 502;
    if (seen == telemetry::ProbeResult::timeout) sample.result = seen;
    if (next.ailment == Ailment::slow) takes += 600ms;
    for (const auto& name : config::find_service(config_, next.service)->depends_on)
      behind.push_back(name);
  }
  if (sample.result == telemetry::ProbeResult::ok) sample.status = 200;
  if (box.ailment == Ailment::busy) takes += 20ms;
  if (probe == "path" && box.ailment == Ailment::slow) takes += 600ms;
  if (sample.result == telemetry::ProbeResult::timeout) takes = timeout;
  sample.latency_ms = base::to_ms(takes);
  timeline_.after(takes, [reply = std::move(reply), sample] { reply(sample); });
}

}  // namespace simulation
