#include "agents/scout/wire.h"

#include "agents/scout/prober.h"
#include "agents/scout/scout.h"
#include "role/process.h"
#include "warden/socket_warden.h"

namespace scout {
namespace {

constexpr base::Duration kWardenRetry = std::chrono::milliseconds(100);

// Follows the warden's stream for ever; a warden that is gone is asked again until it is back.
void follow(warden::Warden& warden, role::Mailbox<Answer>& mailbox, const base::Logger& log,
            const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  bool lost = false;
  while (!stop.stop_requested()) {
    const auto ended = warden.follow(
        [&](const warden::Notice& notice) {
          lost = false;
          mailbox.post("", notice);
          return true;
        },
        stop);
    if (stop.stop_requested()) return;
    const std::string reason = ended ? "the stream ended" : ended.error().message;
    if (!lost) {
      log.warn("the warden cannot be heard; nothing is known of containers until it can",
               {{"reason", reason}});
      mailbox.post("", warden::Notice(warden::Lost{reason}));
    }
    lost = true;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kWardenRetry, [] { return false; });
  }
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  auto desk = role::open_desk(config, "scout");
  if (!desk) return role::exit_code(desk.error(), log);
  auto& clock = (*desk)->clock;
  base::SystemRandom random;
  Scout scout(config, random);
  role::Mailbox<Answer> mailbox;
  warden::SocketWarden warden(role::warden_socket(config, "scout"));
  Prober prober(clock, [&](const StartProbe& probe, Probed answer) {
    mailbox.post(key_of(Request(probe)), std::move(answer));
  });
  role::Workers workers(4);
  const auto dispatch = [&](const std::string& key, const Request& request) {
    if (const auto* probe = std::get_if<StartProbe>(&request)) return prober.start(*probe);
    workers.submit([&, key, request] {
      if (const auto* inspect = std::get_if<Inspect>(&request)) {
        mailbox.post(key, Inspected{inspect->service, inspect->id, warden.inspect(inspect->id)});
      } else if (const auto* keep = std::get_if<Keep>(&request)) {
        mailbox.post(key, Kept{keep->service, keep->id, warden.keep(keep->id)});
      } else {
        mailbox.post(key, Listed{warden.list()});
      }
    });
  };
  const std::jthread follower(
      [&](const std::stop_token& token) { follow(warden, mailbox, log, token); });
  auto outside = (*desk)->outside(config, log, stop);
  outside.inboxes = {"webhook", "deploy", std::string(incident::kWishSource)};
  log.info("scout watches", {{"services", static_cast<std::int64_t>(config.services.size())}});
  role::Loop<Scout> loop(scout, outside, mailbox, key_of, dispatch);
  return role::exit_code(loop.run(), log);
}

}  // namespace scout
