// A ledger in memory, for tests and simulation: the same rules as the real one (owners, conflicts,
// repeated ids, leases), no file, and faults on demand.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "ledger/ledger.h"

namespace fakes {

// Thread-safe. Wakes nobody: who drives a role step by step reads after each append.
class MemoryLedger final : public ledger::Ledger {
 public:
  // `clock` decides when a lease has expired; without one no lease ever does.
  explicit MemoryLedger(const base::Clock* clock = nullptr) : clock_(clock) {}

  base::Result<std::int64_t> append(const std::vector<ledger::Draft>& drafts, std::int64_t seen,
                                    const std::vector<std::string>& blobs = {}) override;
  base::Result<std::vector<ledger::Record>> read(std::int64_t position, int limit = 1000) override;
  base::Result<std::int64_t> head() override;
  base::Result<std::string> blob(const std::string& hash) override;
  base::Result<bool> deliver(const ledger::Delivery& delivery) override;
  base::Result<std::vector<ledger::Delivery>> deliveries(std::int64_t after,
                                                         int limit = 100) override;
  base::Result<int> forget(const std::string& source, std::int64_t up_to, base::WallTime before,
                           int limit) override;
  base::Result<ledger::Lease> acquire(const std::string& name, const std::string& holder,
                                      base::Duration duration) override;
  base::Result<std::optional<ledger::Lease>> lease(const std::string& name) override;
  base::Status verify() override { return {}; }

  // The next calls of append() each answer one of these errors, in this order, and write nothing,
  // but for `unknown`: then the drafts are written and the writer is not told.
  void fail_appends(std::vector<base::ErrorCode> codes);
  // Everything that stands in the log, for checks.
  [[nodiscard]] std::vector<ledger::Record> all() const;
  // How many events of payload type T stand in the log.
  template <class T>
  [[nodiscard]] int count() const {
    int found = 0;
    for (const auto& record : all()) found += std::holds_alternative<T>(record.event.what) ? 1 : 0;
    return found;
  }
  // Forgets everything after `position`: the log as a crash at that moment would have left it.
  void cut_after(std::int64_t position);

 private:
  base::Status check(const std::vector<ledger::Draft>& drafts, std::int64_t seen) const;

  const base::Clock* clock_;
  mutable std::mutex mutex_;
  // Guards: everything below.
  std::vector<ledger::Record> records_;
  std::set<std::string> ids_;
  std::map<incident::IncidentId, std::int64_t> changed_;  // Position of the last change of state.
  std::map<std::string, std::string> blobs_;
  std::vector<ledger::Delivery> inbox_;
  std::int64_t delivered_ = 0;  // The newest delivery's position, forgotten or not.
  std::map<std::string, ledger::Lease> leases_;
  std::deque<base::ErrorCode> faults_;
};

}  // namespace fakes
