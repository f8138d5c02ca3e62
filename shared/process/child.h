// One child program from start to end: input in, output out, with a deadline. It knows nothing of
// us but what it is given: no files, signal settings or environment of ours, a process group of its
// own, which is ended with all in it when the time is over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace process {

struct Limits {
  std::uint64_t memory_bytes = 2ULL << 30U;  // Of addresses.
  std::uint64_t file_bytes = 256ULL << 20U;  // Of each file it writes.
  std::chrono::seconds cpu{60};
};

struct Call {
  std::string name;                      // For errors: "git http-backend".
  std::vector<std::string> words;        // The program, looked up in PATH, and its arguments.
  std::vector<std::string> environment;  // "NAME=value"; nothing else.
  std::string_view input;                // Its standard input, from memory.
  std::size_t output_max = 0;            // Bytes of its standard output.
  std::chrono::steady_clock::time_point deadline;
  int stop_fd = -1;  // Readable: end it now. -1: nobody stops it early.
  Limits limits;
};

// Its standard output; what it prints on standard error is dropped. Waits for its end; no child
// outlives the call. Thread-safe. Errors: unavailable (it could not be started, or it was stopped),
// timeout, unknown (more output than `output_max`); it may have acted in all but the first.
[[nodiscard]] base::Result<std::string> run(const Call& call);

}  // namespace process
