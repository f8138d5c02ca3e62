#include "agents/brain/wire.h"

#include <algorithm>

#include "agents/brain/brain.h"
#include "role/process.h"
#include "telemetry/telemetry_codec.h"
#include "warden/socket_warden.h"

namespace brain {
namespace {

constexpr int kLogLines = 20;

base::Result<telemetry::Snapshot> read_snapshot(ledger::Ledger& ledger, const std::string& hash) {
  const auto bytes = ledger.blob(hash);
  if (!bytes) return bytes.error();
  return telemetry::decode(*bytes);
}

base::Result<Target> read_target(warden::Warden& warden, const std::string& service) {
  const auto listing = warden.list();
  if (!listing) return listing.error();
  const auto replicas =
      std::count_if(listing->replicas.begin(), listing->replicas.end(), [&](const auto& member) {
        return member.service == service && member.container.state == engine::RunState::running;
      });
  for (const auto& member : listing->members) {
    if (member.service == service)
      return Target{member.container.id, member.container.started_at, static_cast<int>(replicas)};
  }
  return base::Error{base::ErrorCode::not_found,
                     "container of " + service + ": the engine has none by its selector"};
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  auto desk = role::open_desk(config, "brain");
  if (!desk) return role::exit_code(desk.error(), log);
  auto runbooks = runbook::load_catalogue(config.workflows);
  if (!runbooks) return role::exit_code(runbooks.error(), log);
  base::SystemRandom random;
  Brain brain(config, random, *std::move(runbooks));
  role::Mailbox<Answer> mailbox;
  warden::SocketWarden warden(role::warden_socket(config, "brain"));
  role::Workers workers(2);
  const auto dispatch = [&](const std::string& key, const Request& request) {
    if (const auto* read = std::get_if<ReadSnapshot>(&request)) {  // 0.1 ms: not worth a thread.
      return mailbox.post(key,
                          SnapshotRead{read->hash, read_snapshot(*(*desk)->ledger, read->hash)});
    }
    if (const auto* container = std::get_if<ReadContainer>(&request)) {
      return workers.submit([&, key, asked = *container] {
        mailbox.post(
            key, ContainerRead{asked.incident, asked.service, read_target(warden, asked.service)});
      });
    }
    const auto read = std::get<ReadLog>(request);
    workers.submit([&, key, read] {
      mailbox.post(key, LogRead{read.incident, warden.log_tail(read.container, kLogLines)});
    });
  };
  role::Loop<Brain> loop(brain, (*desk)->outside(config, log, stop), mailbox, key_of, dispatch);
  return role::exit_code(loop.run(), log);
}

}  // namespace brain
