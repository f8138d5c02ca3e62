// Lines that show damage: "<64 hex digits> <payload>\n", where the digits are the SHA-256 of the
// seal before it and the payload. Chained, they also show lost, doubled and swapped lines. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace memory {

// `payload` has no newline. `previous` is the seal of the line before, empty for the first.
[[nodiscard]] std::string seal_line(std::string_view previous, std::string_view payload);

struct SealedLine {
  std::string_view seal;     // 64 hex digits.
  std::string_view payload;  // Both look into the text that was read.
  std::size_t end = 0;       // Offset behind its newline.
};

struct SealedText {
  std::vector<SealedLine> lines;
  std::size_t length =
      0;  // Up to here the text is whole lines; a rest is a write that was cut off.
};

// Errors: corrupt (a whole line whose seal does not fit, with its number).
[[nodiscard]] base::Result<SealedText> read_sealed(std::string_view text);

// What can still be trusted of a damaged text: the lines whose seal fits the seal text before them.
[[nodiscard]] std::vector<SealedLine> salvage_sealed(std::string_view text);

}  // namespace memory
