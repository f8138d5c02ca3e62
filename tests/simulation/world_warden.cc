// The engine's calls, which take their time, and the real warden that makes them: it runs as a
// fiber, and dies in the middle of what it does when its process is killed.
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/ensure.h"
#include "tests/simulation/world.h"

namespace simulation {

using base::Error;
using base::ErrorCode;
using engine::Container;
using engine::ContainerId;
using engine::EventKind;
using engine::RunState;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kEngineLag = 5ms;
constexpr base::Duration kReadDeadline = 3s;
constexpr base::Duration kEffectDeadline = 10s;  // And the grace.
constexpr base::Duration kDies = 10ms, kComesUp = 150ms;
constexpr base::Duration kDecides = 100us;  // The moment before a call is sent.
constexpr base::Duration kRefreshEvery = 5s;

// In memory where there is such a folder: nothing is to outlive the run.
std::string make_folder() {
  std::error_code ignored;
  const bool has_memory = std::filesystem::is_directory("/dev/shm", ignored);
  std::string name = (has_memory ? "/dev/shm" : "/tmp") + std::string("/sre-world-XXXXXX");
  base::ensure(::mkdtemp(name.data()) != nullptr, "no temporary folder could be made");
  return name;
}

}  // namespace

// ---- The engine --------------------------------------------------------------------------------

struct World::EngineCall {
  std::string verb, name;  // As the engine's own words; of the container, where it has none yet.
  ContainerId id;
  base::Duration grace{0};
  std::function<base::Status()> change{};  // Of a container that need not stop or start for it.
  std::string op{};
  warden::Verb of = warden::Verb::restart;
  int engine_life = 0;
  bool answered = false;
  std::function<void(base::Status)> done{};
};

void World::set_engine(EngineHealth health) {
  const auto was = std::exchange(engine_, health);
  if (was == health) return;
  if (health == EngineHealth::down) {
    ++engine_life_;
    parked_.clear();
    for (auto& [id, box] : boxes_) box.in_work = false;
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
  timeline_.after(kEffectDeadline + call->grace, [call] {
    answer(call, Error{ErrorCode::unknown, "no answer"});
  });
  if (call->change)
    timeline_.after(kEngineLag, [this, call] { change_phase(call); });
  else
    stop_phase(call);
}

void World::change_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::change_phase)) return;
  if (obstacle) {
    if (auto error = obstacle(call->verb, call->name)) return answer(call, *std::move(error));
  }
  answer(call, call->change());
}

void World::stop_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::stop_phase)) return;
  Box* box = find(call->id);
  if (box == nullptr) return answer(call, Error{ErrorCode::not_found, "no such container"});
  if (box->in_work) {
    timeline_.after(20ms, [this, call] { stop_phase(call); });
    return;
  }
  if (obstacle) {
    if (auto error = obstacle(call->verb, box->container.name))
      return answer(call, *std::move(error));
  }
  const bool running = box->container.state == RunState::running;
  if (running ? call->verb == "start" : call->verb == "stop") return answer(call, {});
  box->in_work = true;
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
  Box* box = find(call->id);
  if (box == nullptr) return answer(call, Error{ErrorCode::not_found, "no such container"});
  if (box->container.state == RunState::running) {
    const bool hung = box->ailment == Ailment::hung;
    if (hung) emit(EventKind::kill, *box, "9");
    end(*box, hung ? 137 : 143, false);
    emit(EventKind::stop, *box);
  }
  if (call->verb == "stop") {
    box->in_work = false;
    return answer(call, {});
  }
  timeline_.after(kComesUp, [this, call] { start_phase(call); });
}

void World::start_phase(const CallPtr& call) {
  if (!may_go_on(call, &World::start_phase)) return;
  Box* box = find(call->id);
  if (box == nullptr) return answer(call, Error{ErrorCode::not_found, "no such container"});
  box->in_work = false;
  run(*box);
  starts_.push_back({timeline_.now().boot, call->op, call->id, call->of});
  if (call->verb == "restart") emit(EventKind::restart, *box);
  answer(call, {});
}

base::Status World::create(const ContainerId& id, const std::string& snapshot) {
  const auto facts = engine::read_snapshot(snapshot).value();
  if (find(facts.name) != nullptr) return Error{ErrorCode::conflict, "engine: the name is taken"};
  Box& box = add(id, snapshot);
  box.container.started_at = "0001-01-01T00:00:00Z";
  emit(EventKind::create, box);
  return {};
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

void World::read(const std::function<void()>& look, const std::function<void(Error)>& failed) {
  const Reply<bool> reply = [failed](const base::Result<bool>& none) { failed(none.error()); };
  if (engine_answers(reply)) timeline_.after(kEngineLag, look);
}

// ---- What roles ask ----------------------------------------------------------------------------

std::vector<Container> World::all() const {
  std::vector<Container> found;
  for (const auto& [id, box] : boxes_) found.push_back(box.container);
  return found;
}

void World::list(Reply<warden::Listing> reply) {
  if (!engine_answers(reply)) return;
  timeline_.after(kEngineLag,
                  [reply, listing = roster_.pick(all())] { reply(listing); });  // As it was.
}

void World::inspect(const ContainerId& id, Reply<warden::Member> reply) {
  if (!engine_answers(reply)) return;
  timeline_.after(kEngineLag, [this, id, reply] {
    const Box* box = find(id);
    const auto service = box == nullptr ? std::nullopt : roster_.service_of(box->container);
    if (!service) return reply(Error{ErrorCode::not_found, "no such container"});
    reply(warden::Member{*service, box->container});
  });
}

void World::log_tail(const ContainerId& id, Reply<std::vector<std::string>> reply) {
  if (!engine_answers(reply)) return;
  timeline_.after(kEngineLag, [this, id, reply] {
    const Box* box = find(id);
    if (box == nullptr) return reply(Error{ErrorCode::not_found, "no such container"});
    reply(std::vector<std::string>{"listening on 8080", "request served"});
  });
}

void World::keep(const ContainerId& id, Reply<std::string> reply) {
  inspect(id, [this, reply](const base::Result<warden::Member>& member) {
    if (!member) return reply(member.error());
    begin_asked<std::string>(
        {}, [this, container = member->container] { return performer_->keep(container); }, reply);
  });
}

void World::perform(const warden::Operation& operation, Reply<warden::Performed> reply) {
  begin_asked<warden::Performed>(
      operation, [this, operation] { return performer_->perform(operation); },
      [this, reply](const base::Result<warden::Performed>& performed) {
        is_unsettled_ |= !performed && performed.error().code == ErrorCode::unknown;
        reply(performed);
      });
}

// ---- Fibers ------------------------------------------------------------------------------------

void World::resume(const JobPtr& job) {
  const auto was = std::exchange(job_, job);
  job->fiber->resume();
  job_ = was;
  if (!job->fiber->has_ended()) return;
  std::erase(jobs_, job);
  if (job->end) job->end();
}

void World::begin(const JobPtr& job, std::function<void()> body) {
  job->fiber = std::make_unique<Fiber>(std::move(body));
  jobs_.push_back(job);
  resume(job);
}

template <class T>
void World::begin_asked(const warden::Operation& operation, std::function<base::Result<T>()> ask,
                        Reply<T> reply) {
  if (!warden_up_)
    return timeline_.after(1ms, [reply] { reply(Error{ErrorCode::unavailable, "no warden"}); });
  auto job = std::make_shared<Job>();
  job->operation = operation;
  job->lost = [this, reply] {
    timeline_.after(1ms, [reply] { reply(Error{ErrorCode::unknown, "the warden went away"}); });
  };
  begin(job, [ask = std::move(ask), reply, job = job.get()] {
    job->end = [reply, answer = ask()] { reply(answer); };
  });
}

// The turn goes back until `begin` has its answer.
template <class T>
T World::await(const std::function<void(std::function<void(T)>)>& begin) {
  struct Waiting {
    std::optional<T> value;
    JobPtr job;  // While it waits.
  };
  const auto waiting = std::make_shared<Waiting>();
  begin([this, waiting](T value) {
    if (waiting->value) return;
    waiting->value.emplace(std::move(value));
    if (const auto job = std::exchange(waiting->job, nullptr)) resume(job);
  });
  if (!waiting->value) {
    waiting->job = job_;
    struct Forget {  // A dead one is resumed by nobody.
      Waiting& waiting;
      ~Forget() { waiting.job.reset(); }
    } forget{*waiting};
    waiting->job->fiber->wait();
  }
  return *std::move(waiting->value);
}

void World::pause(base::Duration time) {
  (void)await<bool>([&](const std::function<void(bool)>& done) {
    timeline_.after(time, [done] { done(true); });
  });
}

base::Status World::effect(EngineCall wanted) {
  ++engine_effects_;
  if (on_engine_effect) on_engine_effect(engine_effects_);
  pause(kDecides);
  note_effect();
  auto sent = std::make_shared<EngineCall>(std::move(wanted));
  sent->op = job_->operation.op;
  sent->of = job_->operation.verb;
  return await<base::Status>([&](const std::function<void(base::Status)>& done) {
    sent->done = done;
    call(sent);
  });
}

// The first effect of a try; what the gate knew when it let it pass.
void World::note_effect() {
  Job& job = *job_;
  if (job.operation.op.empty() || std::exchange(job.is_noted, true)) return;
  before_.try_emplace(job.service, creation(job.service));
  effects_.push_back({job.at, job.operation.op, job.operation.container, job.service, job.head,
                      job.stopped, job.operation.verb});
}

base::Result<warden::Standing> World::standing_of(const std::string& service) {
  auto standing = standing_->of(service);
  Job& job = *job_;
  job.service = service;
  job.at = timeline_.now();
  job.head = *ledger_.head();
  job.stopped = !standing || standing->stopped;
  if (standing && gate_ignores_stop) standing->stopped = false;
  return standing;
}

// ---- The warden --------------------------------------------------------------------------------

class World::Line final : public engine::ContainerEngine {
 public:
  explicit Line(World& world) : world_(world) {}

  base::Result<std::string> version() override { return std::string("simulated"); }
  base::Result<std::vector<Container>> list() override {
    return look<std::vector<Container>>([this] { return world_.all(); });
  }
  base::Result<Container> inspect(const std::string& id_or_name) override {
    return of<Container>(id_or_name, [](const Box& box) { return box.container; });
  }
  base::Result<std::string> snapshot(const ContainerId& id) override {
    return of<std::string>(id, [](const Box& box) { return box.snapshot; });
  }
  base::Result<std::map<std::string, std::string>> addresses(const ContainerId& id) override {
    using Addresses = std::map<std::string, std::string>;
    return of<Addresses>(id, [](const Box& box) {
      return box.container.state == RunState::running ? Addresses{{"net", box.address}}
                                                      : Addresses{};
    });
  }
  base::Result<std::vector<std::string>> log_tail(const ContainerId&, int) override {
    return Error{ErrorCode::unavailable, "asked of the world directly"};
  }
  base::Result<engine::Stats> stats(const ContainerId&) override {
    return Error{ErrorCode::unavailable, "told by the world directly"};
  }
  base::Status follow(const std::function<void()>&,
                      const std::function<bool(const engine::Event&)>&, std::stop_token) override {
    return Error{ErrorCode::unavailable, "told by the world directly"};
  }

  base::Status start(const ContainerId& id) override {
    return world_.effect({.verb = "start", .name = {}, .id = id});
  }
  base::Status restart(const ContainerId& id, base::Duration grace) override {
    return world_.effect({.verb = "restart", .name = {}, .id = id, .grace = grace});
  }
  base::Status stop(const ContainerId& id, base::Duration grace) override {
    return world_.effect({.verb = "stop", .name = {}, .id = id, .grace = grace});
  }
  base::Result<ContainerId> create_from(const std::string& snapshot,
                                        const engine::Overrides& overrides) override {
    const auto wanted = engine::with_overrides(snapshot, overrides);
    if (!wanted) return wanted.error();
    const auto id = world_.next_id();
    const auto made = world_.effect(
        {.verb = "create",
         .name = overrides.name,
         .id = id,
         .change = [world = &world_, id, text = *wanted] { return world->create(id, text); }});
    if (!made.ok()) return made.error();
    return id;
  }
  base::Status rename(const ContainerId& id, const std::string& name) override {
    return change("rename", id, [world = &world_, name](Box& box) -> base::Status {
      if (world->find(name) != nullptr) return Error{ErrorCode::conflict, "the name is taken"};
      box.snapshot = engine::with_overrides(box.snapshot, {.name = name, .image = {}}).value();
      world->read_facts(box);
      return {};
    });
  }
  base::Status remove(const ContainerId& id) override {
    return change("remove", id, [world = &world_](Box& box) -> base::Status {
      if (box.container.state == RunState::running) return Error{ErrorCode::conflict, "it runs"};
      if (!world->engine_keeps_the_removed) world->remove(box);
      return {};
    });
  }
  base::Status update_limits(const ContainerId& id, const engine::ResourceLimits& limits) override {
    return change("update", id, [world = &world_, limits](Box& box) -> base::Status {
      const auto name = box.container.name;
      box.snapshot =
          engine::with_overrides(box.snapshot, {.name = name, .image = {}, .limits = limits})
              .value();
      world->read_facts(box);
      world->reconsider(box.service);
      return {};
    });
  }

 private:
  template <class T>
  base::Result<T> look(const std::function<base::Result<T>()>& read) {
    return world_.await<base::Result<T>>([&](const std::function<void(base::Result<T>)>& done) {
      world_.read([done, read] { done(read()); }, [done](const Error& error) { done(error); });
    });
  }
  template <class T>
  base::Result<T> of(const std::string& id, std::function<T(const Box&)> read) {
    return look<T>([world = &world_, id, read = std::move(read)]() -> base::Result<T> {
      const Box* box = world->find(id);
      if (box == nullptr) return Error{ErrorCode::not_found, "engine: no such container"};
      return read(*box);
    });
  }
  base::Status change(const std::string& verb, const ContainerId& id,
                      std::function<base::Status(Box&)> make) {
    const Box* box = world_.find(id);
    return world_.effect(
        {.verb = verb,
         .name = box == nullptr ? "" : box->container.name,
         .id = id,
         .change = [world = &world_, id, make = std::move(make)]() -> base::Status {
           Box* there = world->find(id);
           if (there == nullptr) return Error{ErrorCode::not_found, "none such"};
           return make(*there);
         }});
  }

  World& world_;
};

// It takes what it is told, as nginx does of a file without fault.
class World::Balance final : public warden::Front {
 public:
  explicit Balance(World& world) : world_(world) {}
  [[nodiscard]] int port_of(const std::string& service) const override {
    return config::is_balanced(world_.config_, service) ? 8000 : 0;
  }
  base::Status set(const std::string& service, const std::vector<std::string>& addresses) override {
    world_.pause(kEngineLag);
    if (!world_.balancer_is_deaf) world_.upstreams_[service] = addresses;
    return {};
  }
  [[nodiscard]] base::Duration drain() const override { return 100ms; }

 private:
  World& world_;
};

class World::Network final : public warden::Reach {
 public:
  explicit Network(World& world) : world_(world) {}
  bool accepts(const std::string& address, int) override {
    return std::any_of(world_.boxes_.begin(), world_.boxes_.end(), [&](const auto& item) {
      return item.second.address == address &&
             world_.look_at(&item.second) != telemetry::ProbeResult::refused;
    });
  }
  [[nodiscard]] base::Instant now() const override { return world_.timeline_.now().boot; }
  void pause(base::Duration time) override { world_.pause(time); }

 private:
  World& world_;
};

World::World(const config::Config& config, Timeline& timeline, fakes::MemoryLedger& ledger)
    : github(timeline),
      config_(config),
      timeline_(timeline),
      ledger_(ledger),
      roster_(config.services, config.exclude),
      folder_(make_folder()),
      line_(std::make_unique<Line>(*this)),
      balance_(std::make_unique<Balance>(*this)),
      network_(std::make_unique<Network>(*this)) {
  start_warden();
  make_containers();
  timeline_.after(1s, [this] { sample(); });
  if (config_.balancer) timeline_.after(kRefreshEvery, [this] { refresh_front(); });
}

World::~World() {
  for (const auto& job : jobs_) job->fiber->cancel();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// What it was at ends where it waits; what the engine was sent goes on.
void World::kill_warden() {
  if (!warden_up_) return;
  warden_up_ = false;
  ++warden_life_;
  for (const auto& job : std::exchange(jobs_, {})) {
    job->fiber->cancel();
    if (job->lost) job->lost();
  }
  is_settling_ = is_refreshing_ = false;
  if (receive_)
    timeline_.after(1ms, [this] { receive_(warden::Lost{"the warden cannot be heard"}); });
}

void World::start_warden() {
  warden_up_ = true;
  standing_ = std::make_unique<warden::LedgerStanding>(config_, ledger_, "");
  warden::ChangeOptions options;
  options.folder = folder_;
  for (const auto& service : config_.services) options.bounds[service.name] = service.bounds;
  options.scale_cooldown = config_.limits.scale_cooldown;
  if (config_.balancer) options.front = balance_.get();
  options.reach = network_.get();
  performer_.reset();
  changes_ = std::make_unique<warden::Changes>(std::move(options), *line_, timeline_, log_);
  performer_ = std::make_unique<warden::Performer>(
      roster_, *line_, [this](const std::string& service) { return standing_of(service); },
      timeline_, log_, changes_.get());
  is_unsettled_ = false;
  known_.clear();
  for (const auto& [id, box] : boxes_) {
    if (const auto service = roster_.service_of(box.container)) known_[id] = *service;
  }
  if (engine_ == EngineHealth::well) tell(warden::Connected{});
}

void World::follow(std::function<void(warden::Notice)> receive) {
  receive_ = std::move(receive);
  if (engine_ == EngineHealth::well)
    tell(warden::Connected{});
  else
    tell(warden::Lost{"engine lost"});
}

// What the warden's watcher does each second.
void World::sample() {
  timeline_.after(1s, [this] { sample(); });
  if (!warden_up_) return;
  if (is_unsettled_ && !std::exchange(is_settling_, true)) {
    const auto job = std::make_shared<Job>();
    job->end = [this] { is_settling_ = false; };
    begin(job, [this] { performer_->settle(); });
  }
  if (engine_ != EngineHealth::well) return;
  for (const auto& [id, box] : boxes_) {
    if (box.container.state != RunState::running || box.replica > 0) continue;
    const bool busy = box.ailment == Ailment::busy;
    tell(warden::Sampled{
        box.service,
        {id, timeline_.now().wall, 8 << 20, box.container.memory_limit_bytes, busy ? 50.0 : 3.0}});
  }
}

void World::refresh_front() {
  timeline_.after(kRefreshEvery, [this] { refresh_front(); });
  if (!warden_up_ || std::exchange(is_refreshing_, true)) return;
  const auto job = std::make_shared<Job>();
  job->end = [this] { is_refreshing_ = false; };
  begin(job, [this] {
    const auto all = line_->list();
    if (!all) return;
    for (const auto& member : roster_.pick(*all).members)
      changes_->refresh(member.service, member.container.id);
  });
}

}  // namespace simulation
