#include "tests/fakes/memory_ledger.h"

#include <algorithm>

#include "base/hash.h"

namespace fakes {

using base::Error;
using base::ErrorCode;
using incident::name_of;

base::Result<std::int64_t> MemoryLedger::append(const std::vector<ledger::Draft>& drafts,
                                                std::int64_t seen,
                                                const std::vector<std::string>& blobs) {
  const std::lock_guard lock(mutex_);
  std::optional<ErrorCode> fault;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
    if (*fault != ErrorCode::unknown) return Error{*fault, "append: as the test wishes"};
  }
  if (auto allowed = check(drafts, seen); !allowed) return allowed.error();
  for (const auto& bytes : blobs) blobs_[base::sha256_hex(bytes)] = bytes;
  for (const auto& draft : drafts) {
    if (!ids_.insert(draft.event.id).second) continue;
    const auto position = static_cast<std::int64_t>(records_.size()) + 1;
    records_.push_back({position, draft.event});
    if (draft.changes_state) changed_[draft.event.incident] = position;
  }
  if (fault) return Error{*fault, "append: written, but the writer is not told"};
  return static_cast<std::int64_t>(records_.size());
}

base::Status MemoryLedger::check(const std::vector<ledger::Draft>& drafts,
                                 std::int64_t seen) const {
  for (const auto& draft : drafts) {
    const std::string name(name_of(draft.event.what));
    if (!incident::may_write(draft.event.role, draft.event.what)) {
      return Error{ErrorCode::denied, "append " + name + ": role " +
                                          std::string(incident::to_string(draft.event.role)) +
                                          " does not own it"};
    }
    if (!draft.changes_state || ids_.contains(draft.event.id)) continue;
    const auto last = changed_.find(draft.event.incident);
    if (last != changed_.end() && last->second > seen) {
      return Error{ErrorCode::conflict, "append " + name + ": the state of the incident changed"};
    }
  }
  return {};
}

base::Result<std::vector<ledger::Record>> MemoryLedger::read(std::int64_t position, int limit) {
  const std::lock_guard lock(mutex_);
  const auto size = static_cast<std::int64_t>(records_.size());
  const auto from = std::clamp<std::int64_t>(position, 0, size);
  const auto to = std::min(size, from + limit);
  return std::vector<ledger::Record>(records_.begin() + from, records_.begin() + to);
}

base::Result<std::int64_t> MemoryLedger::head() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(records_.size());
}

base::Result<std::string> MemoryLedger::blob(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(hash);
  if (found == blobs_.end()) return Error{ErrorCode::not_found, "read blob " + hash};
  return found->second;
}

base::Result<bool> MemoryLedger::deliver(const ledger::Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : inbox_) {
    if (known.source != delivery.source) continue;
    if (known.delivery == delivery.delivery || known.body == delivery.body) return false;
  }
  inbox_.push_back(delivery);
  inbox_.back().position = ++delivered_;
  return true;
}

base::Result<std::vector<ledger::Delivery>> MemoryLedger::deliveries(std::int64_t after,
                                                                     int limit) {
  const std::lock_guard lock(mutex_);
  const auto from = std::find_if(inbox_.begin(), inbox_.end(),
                                 [&](const auto& one) { return one.position > after; });
  const auto to = from + std::min<std::ptrdiff_t>(limit, inbox_.end() - from);
  return std::vector<ledger::Delivery>(from, to);
}

base::Result<int> MemoryLedger::forget(const std::string& source, std::int64_t up_to,
                                       base::WallTime before, int limit) {
  const std::lock_guard lock(mutex_);
  int forgotten = 0;
  std::erase_if(inbox_, [&](const ledger::Delivery& one) {
    const bool is_old = one.source == source && one.position <= up_to && one.received < before;
    if (is_old && forgotten < limit) return ++forgotten > 0;
    return false;
  });
  return forgotten;
}

base::Result<ledger::Lease> MemoryLedger::acquire(const std::string& name,
                                                  const std::string& holder,
                                                  base::Duration duration) {
  const std::lock_guard lock(mutex_);
  const base::WallTime now = clock_ == nullptr ? base::WallTime{} : clock_->now().wall;
  const auto known = leases_.find(name);
  if (known != leases_.end() && known->second.holder != holder && known->second.expires > now) {
    return Error{ErrorCode::conflict, "acquire lease " + name + ": " + known->second.holder};
  }
  ledger::Lease lease;
  lease.holder = holder;
  lease.expires = now + std::chrono::duration_cast<base::Millis>(duration);
  lease.epoch =
      known == leases_.end() ? 1 : known->second.epoch + (known->second.holder == holder ? 0 : 1);
  leases_[name] = lease;
  return lease;
}

base::Result<std::optional<ledger::Lease>> MemoryLedger::lease(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = leases_.find(name);
  return known == leases_.end() ? std::optional<ledger::Lease>() : std::optional(known->second);
}

void MemoryLedger::fail_appends(std::vector<ErrorCode> codes) {
  const std::lock_guard lock(mutex_);
  faults_.assign(codes.begin(), codes.end());
}

std::vector<ledger::Record> MemoryLedger::all() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

void MemoryLedger::cut_after(std::int64_t position) {
  const std::lock_guard lock(mutex_);
  while (static_cast<std::int64_t>(records_.size()) > position) {
    ids_.erase(records_.back().event.id);
    records_.pop_back();
  }
  for (auto& [incident, last] : changed_) last = std::min(last, position);
}

}  // namespace fakes
