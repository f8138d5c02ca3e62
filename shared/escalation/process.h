// Runs a coding agent's program: no shell, nothing of our environment, an end in any case. Adapter.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace escalation {

struct Program {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value"; nothing else is passed on.
  std::string folder;                    // Where it works.
  std::string input;                     // File for its standard input.
  std::string marker;  // One of `environment`: whoever has it at the end is killed.
  base::Duration within{0};
  std::size_t output_max = 4 << 20;  // Bytes; more, and it is killed.
  int stop_descriptor = -1;          // Readable: it is killed.
};

enum class Ending { exited, out_of_time, too_much_output, stopped };

struct Ended {
  Ending how = Ending::exited;
  int code = 0;        // Of its exit; 128 + signal.
  std::string output;  // The last 4,000 bytes of stdout and stderr.
};

// Blocks. Its process group and whatever carries the marker are gone afterwards. Errors: not_found
// (there is no such program), unavailable (no process could be made).
[[nodiscard]] base::Result<Ended> run_program(const Program& program);
// Kills all processes of ours whose environment has this line.
void kill_marked(const std::string& marker);

}  // namespace escalation
