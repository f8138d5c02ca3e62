#include "memory/sealed.h"

#include <optional>

#include "base/hash.h"

namespace memory {
namespace {

constexpr std::size_t kSealLength = 64;

std::string seal_of(std::string_view previous, std::string_view payload) {
  return base::sha256_hex(std::string(previous) + " " + std::string(payload));
}

// `line` without its newline, cut into its two parts; unchecked.
std::optional<SealedLine> cut_line(std::string_view line, std::size_t end) {
  if (line.size() < kSealLength + 1 || line[kSealLength] != ' ') return std::nullopt;
  return SealedLine{line.substr(0, kSealLength), line.substr(kSealLength + 1), end};
}

}  // namespace

std::string seal_line(std::string_view previous, std::string_view payload) {
  return seal_of(previous, payload) + " " + std::string(payload) + "\n";
}

base::Result<SealedText> read_sealed(std::string_view text) {
  SealedText result;
  std::string_view previous;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', result.length)) {
    const auto line = cut_line(text.substr(result.length, end - result.length), end + 1);
    if (!line || seal_of(previous, line->payload) != line->seal) {
      return base::Error{
          base::ErrorCode::corrupt,
          "line " + std::to_string(result.lines.size() + 1) + " does not fit its seal"};
    }
    previous = line->seal;
    result.length = end + 1;
    result.lines.push_back(*line);
  }
  return result;
}

std::vector<SealedLine> salvage_sealed(std::string_view text) {
  std::vector<SealedLine> good;
  std::string_view previous;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', start)) {
    const auto line = cut_line(text.substr(start, end - start), end + 1);
    start = end + 1;
    if (!line) continue;
    if (seal_of(previous, line->payload) == line->seal) good.push_back(*line);
    previous = line->seal;
  }
  return good;
}

}  // namespace memory
