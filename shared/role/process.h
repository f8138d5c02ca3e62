// What every role's process does alike: end on SIGTERM or SIGINT through a descriptor, hold the
// lifeline to the supervisor elsewhere (up/lifeline.h), open the ledger with patience.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "ledger/sqlite_ledger.h"
#include "role/loop.h"

namespace role {

// Blocks SIGTERM and SIGINT in this and all later threads. Construct first in main, before any
// thread starts; the descriptor becomes readable when one of them arrives.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void wait() const;  // Until a signal arrives.

 private:
  int descriptor_;
};

// The ledger and wake-ups of one role.
struct Desk {
  base::SystemClock clock;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<ledger::Wakeup> wakeup;

  [[nodiscard]] Outside outside(const config::Config& config, const base::Logger& log,
                                const StopSignal& stop) const;
};

// Errors: those of open_sqlite() and Wakeup::open().
[[nodiscard]] base::Result<std::unique_ptr<Desk>> open_desk(const config::Config& config,
                                                            const std::string& role);
// Where `sre-space stop` leaves its mark besides the ledger.
[[nodiscard]] std::string stop_file(const config::Config& config);
// The warden's socket for a role.
[[nodiscard]] std::string warden_socket(const config::Config& config, const std::string& role);

// The exit code of a role's main: 0 when it ended as asked, else 1 and one line in the log.
[[nodiscard]] int exit_code(const base::Status& status, const base::Logger& log);

}  // namespace role
