// The ledger: the append-only log of typed events that all roles share, and beside it what must be
// as durable as the log: blobs by hash, the inbox of what came from outside, and leases. The port;
// on one host it is ledger::SqliteLedger. Format: docs/formats/ledger.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "incident/event.h"

namespace ledger {

// An event in the log. Positions start at 1, grow by one per event and never have gaps.
struct Record {
  std::int64_t position = 0;
  incident::Event event;
};

// An event to be appended. The ledger fills in nothing: id, role and times are the writer's.
struct Draft {
  incident::Event event;
  // Changes the state of its incident: refused (conflict) when another state-changing event of the
  // incident stands after the position the writer had read.
  bool changes_state = false;
};

// Something that came from outside (an alert, a webhook), kept exactly once before it is
// acknowledged.
struct Delivery {
  std::int64_t position = 0;  // 0 in deliver().
  std::string source;         // "webhook", …
  std::string delivery;       // The sender's id of it; equal ids of a source are one delivery.
  std::string body;           // Raw bytes.
  base::WallTime received;
};

// How long a delivery that was taken is kept, so that a repetition is known as one.
// Source of the number: RELIABILITY.md section 3, row 8.
inline constexpr base::Millis kDeliveryKept = std::chrono::hours(24 * 30);

struct Lease {
  std::int64_t epoch = 0;  // Grows with every change of holder.
  std::string holder;
  base::WallTime expires;
};

// Thread-safe. Errors of all: unavailable (locked, disk full: nothing was written), corrupt (the
// file fails its checks), and in writes `unknown` (the commit's outcome cannot be told; read back
// by id).
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Appends all drafts and blobs in one fsynced transaction, or none; answers the position of the
  // last. `seen` is the position up to which the writer has read. Drafts whose event id already
  // stands in the log are skipped, so repeating an append is safe. Errors besides: conflict (see
  // Draft), denied (the role does not own the event).
  virtual base::Result<std::int64_t> append(const std::vector<Draft>& drafts, std::int64_t seen,
                                            const std::vector<std::string>& blobs = {}) = 0;
  // Records after `position`, oldest first, at most `limit`.
  virtual base::Result<std::vector<Record>> read(std::int64_t position, int limit = 1000) = 0;
  // Position of the newest record; 0 when there is none.
  virtual base::Result<std::int64_t> head() = 0;
  // The blob whose blob_hash() this is. Errors besides: not_found.
  virtual base::Result<std::string> blob(const std::string& hash) = 0;

  // Keeps a delivery; false when it was there already (same id, or same body within the source).
  virtual base::Result<bool> deliver(const Delivery& delivery) = 0;
  virtual base::Result<std::vector<Delivery>> deliveries(std::int64_t after, int limit = 100) = 0;
  // Forgets deliveries of a source up to that position that came before that time, at most `limit`,
  // oldest first; answers how many. What is forgotten no longer makes an equal one a repetition.
  virtual base::Result<int> forget(const std::string& source, std::int64_t up_to,
                                   base::WallTime before, int limit) = 0;

  // Takes or renews the lease for `duration`: free, expired or already `holder`'s. A new holder
  // gets a new epoch. Errors besides: conflict (somebody else holds it).
  virtual base::Result<Lease> acquire(const std::string& name, const std::string& holder,
                                      base::Duration duration) = 0;
  virtual base::Result<std::optional<Lease>> lease(const std::string& name) = 0;

  // Checks the hash chain of the whole log. Errors: corrupt (names the first bad position).
  virtual base::Status verify() = 0;
};

// The name under which append() keeps a blob: its SHA-256 in hex.
[[nodiscard]] std::string blob_hash(std::string_view bytes);

}  // namespace ledger
