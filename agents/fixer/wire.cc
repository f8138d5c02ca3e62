#include "agents/fixer/wire.h"

#include "agents/fixer/fixer.h"
#include "agents/fixer/opa_server.h"
#include "base/failpoint.h"
#include "role/process.h"
#include "warden/socket_warden.h"

namespace fixer {
namespace {

base::Result<warden::Performed> perform(warden::Warden& warden,
                                        const warden::Operation& operation) {
  if (base::failpoint("fixer.perform.before"))
    return base::Error{base::ErrorCode::unavailable, "perform: failpoint"};
  auto performed = warden.perform(operation);
  if (base::failpoint("fixer.perform.after"))
    return base::Error{base::ErrorCode::unknown, "perform: the reply was dropped by a failpoint"};
  return performed;
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  auto desk = role::open_desk(config, "fixer");
  if (!desk) return role::exit_code(desk.error(), log);
  base::SystemRandom random;
  Fixer fixer(config, random);
  role::Mailbox<Answer> mailbox;
  warden::SocketWarden warden(role::warden_socket(config, "fixer"));
  OpaServer opa(config.opa);
  HostGauge gauge(config.engine_host);
  role::Workers workers(2);
  auto& ledger = *(*desk)->ledger;
  // The supervisor runs one Fixer per state folder, so its next process takes over at once.
  const std::string holder = "fixer of " + config.state_dir;
  const auto dispatch = [&](const std::string& key, const Request& request) {
    if (std::holds_alternative<KeepLease>(request))
      return mailbox.post(key, Leased{ledger.acquire("fixer", holder, kLease)});
    if (std::holds_alternative<LookAtHost>(request)) return mailbox.post(key, gauge.look());
    workers.submit([&, key, request] {
      if (const auto* act = std::get_if<Perform>(&request)) {
        mailbox.post(key, PerformedOp{act->operation.op, perform(warden, act->operation)});
      } else if (const auto* ask = std::get_if<AskOpinion>(&request)) {
        mailbox.post(
            key, OpinionGiven{ask->question.incident, ask->question.plan, opa.ask(ask->question)});
      } else {
        const auto& look = std::get<Observe>(request);
        mailbox.post(key, Observed{look.op, warden.inspect(look.container)});
      }
    });
  };
  role::Loop<Fixer> loop(fixer, (*desk)->outside(config, log, stop), mailbox, key_of, dispatch);
  return role::exit_code(loop.run(), log);
}

}  // namespace fixer
