// The JSON of what the memory keeps on disk: the records of cases.log and the note beside the
// index. Pure. Unknown fields are ignored; a missing or wrong one is an error, since every record
// was ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "memory/case.h"

namespace memory {

inline constexpr int kCaseLogVersion = 1;

// The first record of a log.
struct LogHeader {
  int version = kCaseLogVersion;
};
// A case, and the ledger position that had been read when it was written.
struct CaseRecord {
  Case past;
  std::int64_t position = 0;
};
// A person took the case of this incident back; it never advises again.
struct PurgeRecord {
  std::int64_t incident = 0;
};
using LogRecord = std::variant<LogHeader, CaseRecord, PurgeRecord>;

[[nodiscard]] std::string encode_record(const LogRecord& record);  // One line, without its newline.
// Errors: corrupt (no record of ours).
[[nodiscard]] base::Result<LogRecord> decode_record(std::string_view text);

// What an index file must be to be believed.
struct IndexNote {
  std::string file;    // Beside the note, "index-….hnsw".
  std::string sha256;  // Of the file, 64 hex digits.
  std::string model;   // The embedder's id.
  std::int64_t dimensions = 0;
  // The labels of each vector, by its number in the file: equal vectors are kept once.
  std::vector<std::vector<std::int64_t>> labels;
  std::int64_t records = 0;   // How many records of the case log it holds …
  std::string seal;           // … and the seal of the last of them.
  std::int64_t position = 0;  // The ledger position read when it was saved.

  bool operator==(const IndexNote&) const = default;
};

[[nodiscard]] std::string encode_note(const IndexNote& note);
// Errors: corrupt.
[[nodiscard]] base::Result<IndexNote> decode_note(std::string_view text);

}  // namespace memory
