// What the ledger, the stop file and the configuration say about a service now: read anew for each
// operation, so that a stop is seen before the very next effect. Adapter.
#pragma once

#include <mutex>
#include <string>

#include "agents/warden/gate.h"
#include "config/config.h"
#include "incident/incident.h"
#include "ledger/ledger.h"

namespace warden {

// Thread-safe.
class LedgerStanding {
 public:
  LedgerStanding(const config::Config& config, ledger::Ledger& ledger, std::string stop_file);
  // Errors: those of the ledger, upon which nothing may be done; not_found for an unknown service.
  [[nodiscard]] base::Result<Standing> of(const std::string& service);
  // Reads what the ledger has more, so that an operation has little left to read.
  void keep_up();

 private:
  base::Status catch_up();

  const config::Config& config_;
  ledger::Ledger& ledger_;
  const std::string stop_file_;
  std::mutex mutex_;  // Guards: book_, position_.
  incident::Book book_;
  std::int64_t position_ = 0;
};

}  // namespace warden
