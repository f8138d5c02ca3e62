// The world around the roles, in virtual time: containers with their faults, an engine that can be
// lost or hang, the real warden in front of it, what stands before replicas, probes, GitHub and the
// memory's store. The world outlives every role: what was sent to it goes on when the sender dies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agents/fixer/host.h"
#include "agents/memory/memory_role.h"
#include "agents/warden/performer.h"
#include "agents/warden/roster.h"
#include "agents/warden/standing.h"
#include "config/config.h"
#include "engine/snapshot_codec.h"
#include "memory/embedder.h"
#include "memory/recall.h"
#include "policy/opa.h"
#include "telemetry/telemetry.h"
#include "tests/fakes/fake_git.h"
#include "tests/fakes/fake_github.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/simulation/fiber.h"
#include "tests/simulation/timeline.h"
#include "warden/warden.h"

namespace simulation {

enum class Fault { crash, oom, hang, slow, busy, person_stop, errors };
[[nodiscard]] const char* to_string(Fault fault);

// Of a running process; a restart cures all.
enum class Ailment { none, hung, slow, busy, errors, left_behind };
enum class EngineHealth { well, hung, down };

// A fault that no restart cures: it comes back for as long as it afflicts.
struct Malady {
  Fault fault = Fault::crash;
  base::Duration after{0};  // From the start that it afflicts until it shows.
  // Whether a container that is made so, beside so many running replicas, has it; empty: each.
  std::function<bool(const engine::SnapshotFacts& made, int replicas)> afflicts{};
  bool is_everywhere = false;  // Replicas have it too.
};
// What a deploy brings; empty or 0: as before.
struct Version {
  std::string image{}, environment{};
  std::int64_t memory_bytes = 0;
};

struct Effect {  // That the warden let through to the engine: the first one of each try.
  base::Now at;  // Of the gate's word, as all that follows.
  std::string op, container, service;
  std::int64_t head = 0;  // Of the ledger.
  bool stopped = false;   // The ledger said stop.
  warden::Verb verb = warden::Verb::restart;
};
struct Start {  // A process that came up because of an operation.
  base::Instant at;
  std::string op, container;
  warden::Verb verb = warden::Verb::restart;
};

// The memory's store without its files.
class MemoryShelf {
 public:
  void remember(const memory::Case& past);
  [[nodiscard]] incident::MemoryRecalled recall(const memory::Symptom& symptom, base::WallTime now,
                                                std::int64_t exclude) const;

 private:
  memory::Cases cases_;
  std::map<std::int64_t, memory::Vector> vectors_;
};

class World {
 public:
  World(const config::Config& config, Timeline& timeline, fakes::MemoryLedger& ledger);
  ~World();

  // ---- Bad days
  void strike(const std::string& service, Fault fault);
  void strike_replica(const std::string& service, int index, Fault fault);
  void curse(const std::string& service, Malady malady);
  // Whoever calls a service holds on to the life it has, and fails once that has ended.
  void let_hold_on(const std::string& service) { holding_on_.insert(service); }
  // Somebody else replaces the container.
  void deploy(const std::string& service, const Version& version);
  // Replicas that are there from the beginning.
  void add_replicas(const std::string& service, int count);
  void set_engine(EngineHealth health);
  void kill_warden();
  void start_warden();
  [[nodiscard]] bool is_well(const std::string& service) const;

  // ---- What roles ask. Each reply comes once, later; an empty reply function is allowed.
  template <class T>
  using Reply = std::function<void(base::Result<T>)>;
  void list(Reply<warden::Listing> reply);
  void inspect(const engine::ContainerId& id, Reply<warden::Member> reply);
  void keep(const engine::ContainerId& id, Reply<std::string> reply);
  void log_tail(const engine::ContainerId& id, Reply<std::vector<std::string>> reply);
  void perform(const warden::Operation& operation, Reply<warden::Performed> reply);
  void probe(const std::string& service, const std::string& probe, base::Duration timeout,
             std::function<void(telemetry::ProbeSample)> reply);
  void follow(std::function<void(warden::Notice)> receive);  // Replaces an earlier follower.

  // ---- What checks look at
  [[nodiscard]] const std::vector<Effect>& effects() const { return effects_; }
  [[nodiscard]] const std::vector<Start>& starts() const { return starts_; }
  // How all containers of a service are made, its replicas and what is left over too; equal ones
  // are made alike, byte by byte.
  [[nodiscard]] std::string creation(const std::string& service) const;
  // The same when the first operation on it began; nothing: there was none.
  [[nodiscard]] std::optional<std::string> creation_before(const std::string& service) const;
  // Whom the balancer sends requests to that does not run, or whom it leaves out; empty: neither.
  [[nodiscard]] std::string misled(const std::string& service) const;
  // Two containers ran where there may be one.
  [[nodiscard]] const std::vector<std::string>& collisions() const { return collisions_; }
  [[nodiscard]] int engine_effects() const { return engine_effects_; }

  [[nodiscard]] std::string started_at_now(const engine::ContainerId& id) {
    return find(id)->container.started_at;
  }

  // Called before each effect that the warden has sent to the engine, by number; it may schedule.
  std::function<void(int number)> on_engine_effect;
  // What the engine cannot do, by its word ("create", "start", …) and the container's name.
  std::function<std::optional<base::Error>(const std::string& verb, const std::string& name)>
      obstacle;
  fakes::FakeGithub github;
  fakes::FakeGit git{github};
  MemoryShelf shelf;
  fixer::HostLoad host{10, 10};
  policy::Opinion opinion{true, ""};  // Of the policy server, where the configuration has one.
  // Planted bugs.
  bool gate_ignores_stop = false;
  bool balancer_is_deaf = false;
  bool engine_keeps_the_removed = false;  // As if the warden forgot to remove what it replaced.

 private:
  struct Box {
    engine::Container container;
    std::string snapshot;  // How it is made.
    std::string service;   // Whose it is, whatever it is called now.
    int replica = 0;       // Which one; 0: the service's own.
    std::string address;
    Ailment ailment = Ailment::none;
    base::Instant started{};
    bool in_work = false;  // The engine is at it.
    bool stopped_by_person = false;
    bool is_cursed = false;      // Its ailment is one of a malady.
    std::string malady_awaited;  // The life in which it will show.
  };
  struct EngineCall;
  using CallPtr = std::shared_ptr<EngineCall>;
  // What the warden is at: one operation, or a look of its own.
  struct Job {
    warden::Operation operation{};
    std::string service{};
    base::Now at{};
    std::int64_t head = 0;
    bool stopped = false;
    bool is_noted = false;            // Its first effect.
    std::function<void()> end, lost;  // Called outside when it is done, or the warden dies.
    std::unique_ptr<Fiber> fiber;
  };
  using JobPtr = std::shared_ptr<Job>;
  class Line;     // The warden's line to the engine.
  class Balance;  // What stands before the replicas.
  class Network;  // Virtual connections, virtual time.

  // ---- Containers
  void make_containers();
  void tell(warden::Notice notice);
  void emit(engine::EventKind kind, const Box& box, const std::string& signal = "");
  engine::ContainerId next_id();
  Box& add(const engine::ContainerId& id, const std::string& snapshot);
  void read_facts(Box& box) const;
  void run(Box& box);
  void end(Box& box, int exit_code, bool oom);
  void hit(Box& box, Fault fault);
  void remove(Box& box);
  void return_by_policy(const engine::ContainerId& id);
  void reconsider(const std::string& service);
  void reconsider(Box& box, const Malady& malady);
  [[nodiscard]] bool afflicts(const Malady& malady, const Box& box) const;
  void leave_behind(const std::string& service);
  void sample();
  [[nodiscard]] int running_replicas(const std::string& service) const;
  Box* find(const std::string& id_or_name);
  Box* find_replica(const std::string& service, int index);
  // The one that has the service's published port; nullptr: nobody listens.
  [[nodiscard]] const Box* serving(const std::string& service) const;
  [[nodiscard]] const Box* behind_balancer(const std::string& service);
  [[nodiscard]] telemetry::ProbeResult look_at(const Box* box) const;

  // ---- The engine
  template <class T>
  bool engine_answers(const Reply<T>& reply);
  void read(const std::function<void()>& look, const std::function<void(base::Error)>& failed);
  [[nodiscard]] std::vector<engine::Container> all() const;
  void call(const CallPtr& call);
  void stop_phase(const CallPtr& call);
  void die_phase(const CallPtr& call);
  void start_phase(const CallPtr& call);
  void change_phase(const CallPtr& call);
  bool may_go_on(const CallPtr& call, void (World::*phase)(const CallPtr&));
  base::Status create(const engine::ContainerId& id, const std::string& snapshot);
  static void answer(const CallPtr& call, const base::Status& status);

  // ---- The warden
  void begin(const JobPtr& job, std::function<void()> body);
  template <class T>
  void begin_asked(const warden::Operation& operation, std::function<base::Result<T>()> ask,
                   Reply<T> reply);
  void resume(const JobPtr& job);
  template <class T>
  T await(const std::function<void(std::function<void(T)>)>& begin);
  void pause(base::Duration time);
  base::Status effect(EngineCall wanted);
  void note_effect();
  base::Result<warden::Standing> standing_of(const std::string& service);
  void refresh_front();

  const config::Config& config_;
  Timeline& timeline_;
  fakes::MemoryLedger& ledger_;
  warden::Roster roster_;
  std::map<engine::ContainerId, Box> boxes_;
  std::map<std::string, Malady> maladies_;  // By service.
  std::set<std::string> holding_on_;
  std::map<std::string, std::vector<std::string>> upstreams_;  // By service: addresses.
  std::size_t turn_ = 0;                                       // Of the balancer.
  EngineHealth engine_ = EngineHealth::well;
  int engine_life_ = 0;
  int ids_ = 0, engine_effects_ = 0;
  std::vector<std::function<void()>> parked_;  // Goes on when the engine is well again.
  bool warden_up_ = true;
  int warden_life_ = 0;
  base::Logger log_{"warden", base::LogLevel::error};
  std::string folder_;  // Of the warden.
  std::unique_ptr<Line> line_;
  std::unique_ptr<Balance> balance_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<warden::LedgerStanding> standing_;
  std::unique_ptr<warden::Changes> changes_;
  std::unique_ptr<warden::Performer> performer_;
  std::vector<JobPtr> jobs_;
  JobPtr job_;  // That has its turn.
  bool is_unsettled_ = false, is_settling_ = false, is_refreshing_ = false;
  std::map<engine::ContainerId, std::string> known_;  // By the warden's watcher: the service.
  std::function<void(warden::Notice)> receive_;
  std::int64_t lives_ = 0;
  std::vector<Effect> effects_;
  std::vector<Start> starts_;
  std::map<std::string, std::string> before_;  // By service.
  std::vector<std::string> collisions_;
};

}  // namespace simulation
