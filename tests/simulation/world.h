// The world around the roles, in virtual time: containers with their faults, an engine that can be
// lost or hang, the warden with its real gate in front of it, probes, GitHub and the memory's
// store. The world outlives every role: what was sent to it goes on when the sender dies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agents/fixer/host.h"
#include "agents/memory/memory_role.h"
#include "agents/warden/gate.h"
#include "agents/warden/roster.h"
#include "agents/warden/standing.h"
#include "config/config.h"
#include "memory/embedder.h"
#include "memory/recall.h"
#include "policy/opa.h"
#include "telemetry/telemetry.h"
#include "tests/fakes/fake_github.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/simulation/timeline.h"
#include "warden/warden.h"

namespace simulation {

enum class Fault { crash, oom, hang, slow, busy, person_stop };
[[nodiscard]] const char* to_string(Fault fault);

enum class Ailment { none, hung, slow, busy };  // Of a running process; a restart cures all.
enum class EngineHealth { well, hung, down };

struct Effect {  // That the warden let through to the engine.
  base::Now at;
  std::string op, container, service;
  std::int64_t head = 0;  // Of the ledger at that moment.
  bool stopped = false;   // The ledger said stop at that moment.
};
struct Start {  // A process that came up because of an operation.
  base::Instant at;
  std::string op, container;
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

  // ---- Bad days
  void strike(const std::string& service, Fault fault);
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

  [[nodiscard]] std::string started_at_now(const engine::ContainerId& id) {
    return find(id)->container.started_at;
  }

  fakes::FakeGithub github;
  MemoryShelf shelf;
  fixer::HostLoad host{10, 10};
  policy::Opinion opinion{true, ""};  // Of the policy server, where the configuration has one.
  bool gate_ignores_stop = false;     // A planted bug.

 private:
  struct Box {
    engine::Container container;
    std::string service;
    Ailment ailment = Ailment::none;
    base::Instant started{};
    bool in_work = false;  // The engine is at it.
    bool stopped_by_person = false;
  };
  struct EngineCall;
  using CallPtr = std::shared_ptr<EngineCall>;

  void tell(warden::Notice notice);
  void emit(engine::EventKind kind, const Box& box, const std::string& signal = "");
  void run(Box& box);
  void end(Box& box, int exit_code, bool oom);
  void return_by_policy(const std::string& service);
  void sample();
  template <class T>
  bool engine_answers(const Reply<T>& reply);
  Box* find(const engine::ContainerId& id);
  void judge(const warden::Operation& operation, const Reply<warden::Performed>& reply, int life);
  void finish(const warden::Operation& operation, const base::Status& status,
              const Reply<warden::Performed>& reply, int life);
  void settle();
  void call(const CallPtr& call);
  void stop_phase(const CallPtr& call);
  void die_phase(const CallPtr& call);
  void start_phase(const CallPtr& call);
  bool may_go_on(const CallPtr& call, void (World::*phase)(const CallPtr&));
  static void answer(const CallPtr& call, const base::Status& status);

  const config::Config& config_;
  Timeline& timeline_;
  fakes::MemoryLedger& ledger_;
  warden::Roster roster_;
  std::map<std::string, Box> boxes_;  // By service.
  EngineHealth engine_ = EngineHealth::well;
  int engine_life_ = 0;
  std::vector<std::function<void()>> parked_;  // Goes on when the engine is well again.
  bool warden_up_ = true;
  int warden_life_ = 0;
  std::unique_ptr<warden::LedgerStanding> standing_;
  std::map<engine::ContainerId, std::optional<warden::Settling>> taken_;
  std::function<void(warden::Notice)> receive_;
  std::int64_t lives_ = 0;
  std::vector<Effect> effects_;
  std::vector<Start> starts_;
};

}  // namespace simulation
