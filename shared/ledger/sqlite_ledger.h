// The ledger of one host: a SQLite file in WAL mode with synchronous=FULL, shared by all processes.
// After each commit every reader's socket in `<file>.wake/` gets one datagram (measured: 0.04 ms);
// a wake-up is a hint, readers also look once a second.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "ledger/ledger.h"

namespace ledger {

inline constexpr int kSchemaVersion = 1;

struct SqliteOptions {
  std::string path;        // Created, with its folder, when absent.
  bool read_only = false;  // For tools that only look.
  // Lets the write-ahead log grow to its full size at once (40 ms), for processes that stay: a
  // commit that makes the file longer takes a third longer and makes the disk's journal busy.
  bool make_room = false;
};

// Errors: unavailable (folder not writable, disk full), corrupt, invalid (the file was written by a
// newer version: the message names both versions).
[[nodiscard]] base::Result<std::unique_ptr<Ledger>> open_sqlite(const SqliteOptions& options,
                                                                const base::Clock& clock);

// A reader's end of the wake-ups: a datagram socket of its own in `<file>.wake/`. The descriptor
// becomes readable after another process appended. Not thread-safe.
class Wakeup {
 public:
  // Errors: unavailable (the folder cannot be written).
  static base::Result<std::unique_ptr<Wakeup>> open(const std::string& ledger_path,
                                                    const std::string& reader);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void drain();  // Swallows what is queued.

 private:
  Wakeup(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

}  // namespace ledger
