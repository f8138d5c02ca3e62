#include "agents/warden/standing.h"

#include <unistd.h>

#include <algorithm>

namespace warden {

LedgerStanding::LedgerStanding(const config::Config& config, ledger::Ledger& ledger, std::string stop_file)
    : config_(config), ledger_(ledger), stop_file_(std::move(stop_file)) {}

base::Result<Standing> LedgerStanding::of(const std::string& service) {
  const auto* configured = config::find_service(config_, service);
  if (configured == nullptr) return base::Error{base::ErrorCode::not_found, "standing of " + service + ": no such service"};
  const std::lock_guard lock(mutex_);
  if (auto read = catch_up(); !read) return read.error();
  const auto lease = ledger_.lease("fixer");
  if (!lease) return lease.error();
  Standing standing;
  standing.stopped = book_.stop().has_value() || access(stop_file_.c_str(), F_OK) == 0;
  standing.mode = config::mode_of(config_, *configured);
  // A person's approval stands in the Fixer's plan; the warden's part is that the mode permits acting at all.
  if (standing.mode == config::Mode::approve) standing.mode = config::Mode::automatic;
  standing.fixer_epoch = lease->has_value() ? (*lease)->epoch : 0;
  standing.excluded = std::find(config_.exclude.begin(), config_.exclude.end(), service) != config_.exclude.end();
  standing.protect = configured->protect;
  return standing;
}

void LedgerStanding::keep_up() {
  const std::lock_guard lock(mutex_);
  (void)catch_up();  // An error freezes the next operation, which meets it again.
}

base::Status LedgerStanding::catch_up() {
  while (true) {
    auto records = ledger_.read(position_);
    if (!records) return records.error();
    if (records->empty()) return {};
    for (const auto& record : *records) {
      book_.absorb(record.event);
      position_ = record.position;
    }
  }
}

}  // namespace warden
