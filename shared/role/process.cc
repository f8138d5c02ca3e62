#include "role/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/ensure.h"

namespace role {

StopSignal::StopSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  base::ensure(descriptor_ >= 0, "no signalfd could be made");
}

StopSignal::~StopSignal() { close(descriptor_); }

void StopSignal::wait() const {
  pollfd descriptor{descriptor_, POLLIN, 0};
  while (poll(&descriptor, 1, -1) <= 0) {
  }
}

Outside Desk::outside(const config::Config& config, const base::Logger& log,
                      const StopSignal& stop) const {
  return {*ledger, *wakeup, clock, log, stop.descriptor(), stop_file(config), {}};
}

base::Result<std::unique_ptr<Desk>> open_desk(const config::Config& config,
                                              const std::string& role) {
  auto desk = std::make_unique<Desk>();
  auto ledger = ledger::open_sqlite({config.ledger, false, true}, desk->clock);
  if (!ledger) return ledger.error();
  desk->ledger = std::move(*ledger);
  auto wakeup = ledger::Wakeup::open(config.ledger, role);
  if (!wakeup) return wakeup.error();
  desk->wakeup = std::move(*wakeup);
  return desk;
}

std::string stop_file(const config::Config& config) { return config.state_dir + "/STOP"; }
std::string warden_socket(const config::Config& config, const std::string& role) {
  return config.state_dir + "/warden/" + role + ".sock";
}

int exit_code(const base::Status& status, const base::Logger& log) {
  if (status) return 0;
  log.error("the role ends", {{"error", status.error().message}});
  return 1;
}

}  // namespace role
