// What roles may ask of the warden, the only door to the container engine. Reads are for scout,
// brain and fixer, each over a unix socket of its own; effects for fixer only; the console has the
// listing alone. Format:
// docs/formats/warden.md. The types are pure; warden::SocketWarden is the client over the socket.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"

namespace warden {

// A container that the configuration names, and the service it belongs to.
struct Member {
  std::string service;
  engine::Container container;
};

// All members, and the configured services of which no container was found. Replicas stand apart:
// they serve beside their service's own container and are nobody's target.
struct Listing {
  std::vector<Member> members;
  std::vector<std::string> missing;
  std::vector<Member> replicas{};
};

inline constexpr int kReplicasMax = 5;
// Its value is the service.
inline constexpr std::string_view kReplicaLabel = "sre-space.replica-of";
[[nodiscard]] std::string replica_name(std::string_view service, int index);  // From 1.
// Which replica of which service a container is, by label and name; 0: none.
[[nodiscard]] int replica_index(const engine::Container& container);

// The service that a container of this name would be a replica of; empty: of none. A name alone
// makes no replica.
[[nodiscard]] std::string_view replica_named(std::string_view container_name);

// What flows on the merged stream. `Connected` comes first and after each gap: list again. `Lost`
// says the engine cannot be heard: from then on nothing is known (not: everything is sick).
struct Connected {};
struct Lost {
  std::string reason;
};
struct Happened {
  std::string service;
  engine::Event event;
};
struct Sampled {
  std::string service;
  engine::Stats stats;
};
// A replica of the service came, started, ended or left: list again.
struct Replicated {
  std::string service;
};
using Notice = std::variant<Connected, Lost, Happened, Sampled, Replicated>;

enum class Verb {
  restart,
  start,
  recreate,     // Replaces the container by one made from a stored snapshot.
  set_limits,   // Memory and CPU, at once and for good.
  scale,        // To so many replicas beside the service's own container.
  clear_queue,  // The call that the service's configuration names. Never to be repeated.
};
[[nodiscard]] std::string_view to_string(Verb verb);
[[nodiscard]] std::optional<Verb> parse_verb(std::string_view text);

// One effect, as the Fixer recorded it as intended.
struct Operation {
  std::string op;          // ULID.
  std::int64_t epoch = 0;  // Of the fixer's lease; an older one than the ledger's is refused.
  std::string plan_hash;
  base::WallTime expires;  // Refused after.
  Verb verb = Verb::restart;
  engine::ContainerId container;
  std::string seen_started_at;  // What the Fixer saw: another value now means somebody was faster.
  base::Duration grace{0};      // Between TERM and KILL.
  std::string snapshot{};       // recreate: hash of a stored one of the same container.
  std::int64_t memory_bytes = 0;  // set_limits; 0: as it is.
  double cpu = 0;                 // set_limits, cores; 0: as it is.
  int count = 0;                  // scale: replicas.
};

enum class Outcome {
  done,        // The engine accepted and the container runs with another StartedAt.
  superseded,  // It already ran with another StartedAt: nothing was sent.
};

[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view text);

struct Performed {
  Outcome outcome = Outcome::done;
  std::string started_at;           // After.
  engine::ContainerId container{};  // After; another one when it was replaced.
  std::string snapshot{};  // Hash under which the warden keeps what was there before; may be empty.
};

// Errors of all calls: unavailable (warden or engine not reachable, nothing sent), timeout (reads),
// not_found (no such container among the configured ones), denied.
class Warden {
 public:
  virtual ~Warden() = default;
  virtual base::Result<Listing> list() = 0;
  virtual base::Result<Member> inspect(const engine::ContainerId& id) = 0;
  virtual base::Result<std::vector<std::string>> log_tail(const engine::ContainerId& id,
                                                          int lines) = 0;
  // Keeps how the container is made now; answers the hash by which `recreate` names it. Besides:
  // unavailable also when it could not be written down.
  virtual base::Result<std::string> keep(const engine::ContainerId& id) = 0;
  // Hands on notices until `receive` returns false or `stop` is requested; returns an error when
  // the warden goes away (call again).
  virtual base::Status follow(const std::function<bool(const Notice&)>& receive,
                              std::stop_token stop) = 0;
  // Besides: denied (stopped, mode, epoch, expired, not allowed, another operation of the container
  // is still unknown: the message names the rule), conflict, unknown (sent, no answer: observe
  // first).
  virtual base::Result<Performed> perform(const Operation& operation) = 0;
};

}  // namespace warden
