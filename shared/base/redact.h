// Takes secrets out of text that leaves the house. Two kinds: our own, known by value, and
// strangers' by their common shapes. Both are found as they are and encoded: base64 (either
// alphabet, any alignment, wrapped), hex (either case, with separators), percent, JSON, HTML and
// Markdown escapes, up to two encodings deep, and beside or inside other text. Pure. Time grows
// with the text's length alone: nothing backtracks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace base {

inline constexpr std::string_view kRedacted = "[redacted]";
// Shorter secrets are not looked for by value: what is as short stands in innocent text too.
inline constexpr std::size_t kSecretMin = 8;

// Copyable; const calls are thread-safe.
class Redactor {
 public:
  Redactor() : Redactor(std::vector<std::string>{}) {}  // By shapes alone.
  explicit Redactor(std::vector<std::string> secrets);

  // `text` with each secret replaced by kRedacted. At a line's end the first kSecretMin bytes of
  // one of ours are enough: whoever cut the line may have cut the secret. Doing it twice changes
  // nothing.
  [[nodiscard]] std::string redact(std::string_view text) const;

  struct View;  // redact.cc

 private:
  struct Needle {
    std::string bytes;
    bool is_compact = false;  // Letters and digits alone: found whatever stands between them.
  };
  // One piece of `view` found secret, in bytes of the original text.
  struct Range {
    std::size_t begin = 0, end = 0;
  };
  void find(const View& view, int depth, std::vector<Range>& found) const;
  void find_known(const View& view, bool compact, std::vector<Range>& found) const;

  std::vector<Needle> needles_;
  bool all_printable_ = true;  // So are all secrets: other bytes need no look.
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_start_;  // First 8 bytes.
};

// Whether a variable's name says that it holds a secret: …TOKEN, …PASSWORD, API_KEY and the like.
[[nodiscard]] bool names_secret(std::string_view variable);
// Values of the variables whose names say so, of "NAME=value" lines as an environment has them.
[[nodiscard]] std::vector<std::string> secrets_in(const char* const* environment);

}  // namespace base
