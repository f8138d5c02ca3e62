// What the Fixer asks of the world and what it is answered: plain values. Pure.
#pragma once

#include <string>
#include <variant>

#include "agents/fixer/host.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "policy/opa.h"
#include "warden/warden.h"

namespace fixer {

struct Perform {
  warden::Operation operation;
};
// Look at the container of an operation whose outcome is not known.
struct Observe {
  std::string op;
  engine::ContainerId container;
};
struct KeepLease {};
// Ask the policy server.
struct AskOpinion {
  policy::Question question;
};
// How full is the host? Asked with every renewal of the lease.
struct LookAtHost {};
using Request = std::variant<Perform, Observe, KeepLease, AskOpinion, LookAtHost>;
[[nodiscard]] std::string key_of(const Request& request);

struct PerformedOp {
  std::string op;
  base::Result<warden::Performed> result;
};
struct Observed {
  std::string op;
  base::Result<warden::Member> member;
};
struct Leased {
  base::Result<ledger::Lease> lease;
};
struct OpinionGiven {
  incident::IncidentId incident = 0;
  std::string plan;
  policy::Opinion opinion;
};
using Answer = std::variant<PerformedOp, Observed, Leased, OpinionGiven, HostLoad>;

}  // namespace fixer
