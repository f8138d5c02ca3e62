// The memory of incidents: the cases, their vectors, and how far the ledger has been read into
// them. Adapter.
//
// The ledger is the truth and everything here can be made again from it. In its directory stand
//   cases.log        one sealed line per record (memory/sealed.h, memory/case_codec.h), chained,
//   fsynced index-….hnsw     the vector index, index.note the sealed line that vouches for it
//   (memory/index.h) cases.damaged    the last log that failed its check, kept for a person lock
//   held by the process that writes
// The index is a cache of the log: a start loads it and adds what the log has more; when it is
// missing, damaged or of another model, it is made again from the log. The log is a cache of the
// ledger: when it is damaged the store starts empty at position 0, so that reading the ledger from
// position() repairs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "memory/case.h"
#include "memory/recall.h"

namespace memory {

// Thread-safe: recall and search run beside each other and wait only for changes.
class MemoryStore {
 public:
  enum class Access {
    write,  // One process at a time.
    read,   // Beside a writer, as it is at this moment; changes nothing on disk, every change is
            // denied.
  };
  struct Opened {
    std::unique_ptr<MemoryStore> store;
    bool needs_rebuild =
        false;  // The log was damaged: read the ledger from position 0, or call rebuild().
    std::string
        note;  // What was wrong and what was done, for one log line; empty when all was well.
  };
  // Makes the directory when it is missing. Errors: conflict (another writer lives); invalid (the
  // log is of a newer version); unavailable (the directory cannot be used); with Access::read also
  // corrupt and not_found.
  [[nodiscard]] static base::Result<Opened> open(const std::filesystem::path& directory,
                                                 Access access = Access::write);
  ~MemoryStore();  // Saves nothing: what was remembered is on disk already.

  // Remembers a case, durably; a case of the same incident is replaced, an equal one changes
  // nothing. `position` is the ledger's, of the event that completed it, and becomes position() if
  // that is lower. Errors: invalid (no positive incident); unavailable (nothing was remembered);
  // denied.
  [[nodiscard]] base::Status remember(const Case& past, std::int64_t position);

  // What the past says about `symptom` at `now`; `exclude_incident` is the one at hand, 0 for none.
  [[nodiscard]] Recall recall(const Symptom& symptom, base::WallTime now,
                              std::int64_t exclude_incident) const;

  // At most `limit` cases that fit a person's words, best first. Old ones too, purged ones not.
  [[nodiscard]] std::vector<Match> search_text(std::string_view text, std::size_t limit) const;

  // Replaces everything by `cases`, as read from the ledger up to `position`. Purges stay.
  // Errors: as remember(); unavailable leaves the old log.
  [[nodiscard]] base::Status rebuild(const std::vector<Case>& cases, std::int64_t position);

  // Takes the case of `incident` back for good: it is never recalled or found again, whether it is
  // remembered already or only later. Errors: unavailable; denied.
  [[nodiscard]] base::Status purge(std::int64_t incident);

  // The ledger position up to which everything has been read. set_position() is durable only with
  // the next save_index() or remember(): forgetting it costs a second reading. It never goes back.
  [[nodiscard]] std::int64_t position() const;
  void set_position(std::int64_t position);

  // Saves the index and the position; call it when stopping. remember() does so itself every
  // kSaveEvery cases. Errors: unavailable; denied.
  [[nodiscard]] base::Status save_index();
  static constexpr std::int64_t kSaveEvery = 64;

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::optional<Case> find(std::int64_t incident) const;

 private:
  struct Impl;
  explicit MemoryStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace memory
