#include "base/redact.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <set>

#include "base/secret_shapes.h"

namespace base {

// Text with, for each byte, the piece of the original that it stands for.
struct Redactor::View {
  std::string bytes;
  std::vector<std::uint32_t> begin, end;

  void reserve(std::size_t size) {
    bytes.reserve(size);
    begin.reserve(size);
    end.reserve(size);
  }
  void add(char c, std::size_t from, std::size_t to) {
    bytes += c;
    begin.push_back(static_cast<std::uint32_t>(from));
    end.push_back(static_cast<std::uint32_t>(to));
  }
  // The bytes [from, to) of `other` as one.
  void add(char c, const View& other, std::size_t from, std::size_t to) {
    add(c, other.begin[from], other.end[to - 1]);
  }
};

namespace {

using View = Redactor::View;

constexpr int kDepthMax = 2;         // Encodings in one another.
constexpr std::size_t kRunMin = 11;  // Base64 characters that hold kSecretMin bytes.
constexpr std::size_t kCompactMin =
    12;  // Letters and digits of a secret, to be known without the rest.

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Both alphabets.
int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::uint64_t start_of(const char* bytes) {
  std::uint64_t start = 0;
  std::memcpy(&start, bytes, sizeof start);
  return start;
}

View view_of(std::string_view text) {
  View view;
  view.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) view.add(text[i], i, i + 1);
  return view;
}

// ---- Escapes
// ------------------------------------------------------------------------------------

// One character that was written as an escape: how long that was, and its code; 0 when it is none.
struct Escape {
  std::size_t length = 0;
  unsigned code = 0;
  bool vanishes = false;
};

Escape numbered(std::string_view text, std::size_t lead, std::size_t most, unsigned base) {
  Escape escape;
  std::size_t at = lead;
  for (; at < text.size() && at < lead + most; ++at) {
    const int digit = hex_digit(text[at]);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) break;
    escape.code = escape.code * base + static_cast<unsigned>(digit);
  }
  escape.length = at > lead ? at : 0;
  return escape;
}

Escape backslash(std::string_view text) {
  if (text.size() < 2) return {};
  const char next = text[1];
  if (next == 'u' || next == 'x') {
    const std::size_t digits = next == 'u' ? 4 : 2;
    const Escape escape = numbered(text, 2, digits, 16);
    return escape.length == digits + 2 ? escape : Escape{};
  }
  if (next == 'n') return {2, '\n', false};
  if (next == 'r') return {2, '\r', false};
  if (next == 't') return {2, '\t', false};
  if (next == '\n') return {2, 0, true};
  if (static_cast<unsigned char>(next) < 0x80 && std::ispunct(static_cast<unsigned char>(next)))
    return {2, static_cast<unsigned char>(next), false};
  return {};
}

Escape entity(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kNamed[] = {
      {"&amp;", '&'},  {"&lt;", '<'},     {"&gt;", '>'},    {"&quot;", '"'}, {"&apos;", '\''},
      {"&nbsp;", ' '}, {"&equals;", '='}, {"&colon;", ':'}, {"&sol;", '/'},  {"&lowbar;", '_'}};
  for (const auto& [name, c] : kNamed) {
    if (text.starts_with(name)) return {name.size(), static_cast<unsigned char>(c), false};
  }
  if (!text.starts_with("&#")) return {};
  const bool is_hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  Escape escape = is_hex ? numbered(text, 3, 6, 16) : numbered(text, 2, 7, 10);
  if (escape.length != 0 && escape.length < text.size() && text[escape.length] == ';')
    ++escape.length;
  return escape;
}

// What nobody sees: zero-width characters, bidi marks, the soft hyphen, control characters.
Escape unseen(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) < 0x20 && byte(0) != '\n' && byte(0) != '\t' && byte(0) != '\r') return {1, 0, true};
  if (byte(0) == 0xC2 && byte(1) == 0xAD) return {2, 0, true};
  if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return {3, 0, true};
  if (byte(0) != 0xE2) return {};
  const bool marks = byte(1) == 0x80 &&
                     ((byte(2) >= 0x8B && byte(2) <= 0x8F) || (byte(2) >= 0xAA && byte(2) <= 0xAE));
  const bool joiners = byte(1) == 0x81 && byte(2) >= 0xA0 && byte(2) <= 0xAF;
  return marks || joiners ? Escape{3, 0, true} : Escape{};
}

Escape escape_at(std::string_view text) {
  switch (text.front()) {
    case '%': {
      const Escape escape = numbered(text, 1, 2, 16);
      return escape.length == 3 ? escape : Escape{};
    }
    case '\\':
      return backslash(text);
    case '&':
      return entity(text);
    default:
      return unseen(text);
  }
}

// One layer of escapes taken off; `changed` tells whether there was any.
View unescaped(const View& from, bool& changed) {
  View view;
  const std::string_view text = from.bytes;
  changed = false;
  for (std::size_t i = 0; i < text.size();) {
    const Escape escape = escape_at(text.substr(i));
    if (escape.length == 0) {
      view.add(text[i], from, i, i + 1);
      ++i;
      continue;
    }
    changed = true;
    if (!escape.vanishes) {  // Beyond one byte it is no part of a secret of ours.
      const char c = escape.code < 0x100 ? static_cast<char>(escape.code) : '\x1A';
      view.add(c, from, i, i + escape.length);
    }
    i += escape.length;
  }
  return view;
}

// Letters and digits alone, however they are separated.
View compact(const View& from) {
  View view;
  view.reserve(from.bytes.size());
  for (std::size_t i = 0; i < from.bytes.size(); ++i) {
    if (is_letter_or_digit(from.bytes[i])) view.add(from.bytes[i], from, i, i + 1);
  }
  return view;
}

// ---- Encodings
// ----------------------------------------------------------------------------------

// The places of the digits of one run of an encoding, in the bytes of a view.
using Run = std::vector<std::size_t>;

// Runs of base64 characters, each alone and, where lines are wrapped, joined with the next ones.
std::vector<Run> base64_runs(const std::string& text) {
  std::vector<Run> runs;
  Run joined, line;
  int pieces = 0;
  const auto end_line = [&] {
    if (line.size() >= kRunMin) runs.push_back(line);
    if (!line.empty()) ++pieces;
    joined.insert(joined.end(), line.begin(), line.end());
    line.clear();
  };
  const auto end_run = [&] {
    end_line();
    if (pieces > 1 && joined.size() >= kRunMin) runs.push_back(joined);
    joined.clear();
    pieces = 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (base64_digit(text[i]) >= 0) {
      line.push_back(i);
    } else if (text[i] == '\n' || text[i] == '\r') {
      end_line();
    } else {
      end_run();
    }
  }
  end_run();
  return runs;
}

View decoded_base64(const View& from, const Run& run, std::size_t first) {
  View view;
  view.reserve(run.size());
  unsigned bits = 0;
  int held = 0;
  std::size_t started = first;
  for (std::size_t i = first; i < run.size(); ++i) {
    if (held == 0) started = i;
    bits = (bits << 6U) | static_cast<unsigned>(base64_digit(from.bytes[run[i]]));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const char c = static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
    view.add(c, from.begin[run[started]], from.end[run[i]]);
    started = i;  // Its last bits, if any, begin the next byte.
  }
  return view;
}

bool separates_hex(char c) { return c == ' ' || c == ':' || c == '-' || c == ',' || c == '\n'; }

// Runs of hex digits; between two of them up to three separators or "0x".
std::vector<Run> hex_runs(const std::string& text) {
  std::vector<Run> runs;
  Run run;
  std::size_t gap = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool prefix = text[i] == '0' && i + 1 < text.size() && (text[i + 1] | 0x20) == 'x';
    if (prefix) {
      ++i;
    } else if (hex_digit(text[i]) >= 0) {
      run.push_back(i);
      gap = 0;
    } else if (run.empty() || !separates_hex(text[i]) || ++gap > 3) {
      if (run.size() >= 2 * kSecretMin) runs.push_back(run);
      run.clear();
      gap = 0;
    }
  }
  if (run.size() >= 2 * kSecretMin) runs.push_back(run);
  return runs;
}

View decoded_hex(const View& from, const Run& run, std::size_t first) {
  View view;
  view.reserve(run.size() / 2);
  for (std::size_t i = first; i + 1 < run.size(); i += 2) {
    const int code = hex_digit(from.bytes[run[i]]) * 16 + hex_digit(from.bytes[run[i + 1]]);
    view.add(static_cast<char>(code), from.begin[run[i]], from.end[run[i + 1]]);
  }
  return view;
}

bool is_printable(char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t'; }

// What a wrong decoding leaves has hardly ever so many printable bytes in a row.
bool may_hold_text(std::string_view bytes) {
  std::size_t run = 0;
  for (const char c : bytes) {
    run = is_printable(c) ? run + 1 : 0;
    if (run == kSecretMin) return true;
  }
  return false;
}

bool ends_line(std::string_view rest) {
  return rest.empty() || rest.front() == '\n' || rest.front() == '\r' ||
         rest.starts_with("\xE2\x80\xA6");  // "…"
}

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) {
  std::sort(secrets.begin(), secrets.end());
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  for (const auto& secret : secrets) {
    if (secret.size() < kSecretMin) continue;
    needles_.push_back({secret, false});
    all_printable_ = all_printable_ && std::all_of(secret.begin(), secret.end(), is_printable);
    const std::string letters = compact(view_of(secret)).bytes;
    if (letters.size() >= kCompactMin) needles_.push_back({letters, true});
  }
  for (std::size_t i = 0; i < needles_.size(); ++i)
    by_start_[start_of(needles_[i].bytes.data())].push_back(i);
}

void Redactor::find_known(const View& view, bool compact_only, std::vector<Range>& found) const {
  const std::string_view text = view.bytes;
  for (std::size_t at = 0; at + kSecretMin <= text.size(); ++at) {
    const auto starts = by_start_.find(start_of(text.data() + at));
    if (starts == by_start_.end()) continue;
    for (const std::size_t index : starts->second) {
      const Needle& needle = needles_[index];
      if (needle.is_compact != compact_only) continue;
      const auto differ = std::mismatch(needle.bytes.begin(), needle.bytes.end(),
                                        text.begin() + static_cast<std::ptrdiff_t>(at), text.end());
      const auto same = static_cast<std::size_t>(differ.first - needle.bytes.begin());
      const bool is_cut = !compact_only && ends_line(text.substr(at + same));
      if (same == needle.bytes.size() || is_cut)
        found.push_back({view.begin[at], view.end[at + same - 1]});
    }
  }
}

void Redactor::find(const View& view, int depth, std::vector<Range>& found) const {
  if (view.bytes.size() < 3) return;
  if (depth > 0 && all_printable_ && !may_hold_text(view.bytes)) return;
  View layer = view;
  for (int layers = 0; layers < 3; ++layers) {
    for (const auto& [begin, end] : secret_shapes(layer.bytes))
      found.push_back({layer.begin[begin], layer.end[end - 1]});
    if (!needles_.empty()) {
      find_known(layer, false, found);
      find_known(compact(layer), true, found);
    }
    if (depth < kDepthMax) {
      for (const auto& run : base64_runs(layer.bytes)) {
        for (std::size_t first = 0; first < 4; ++first)
          find(decoded_base64(layer, run, first), depth + 1, found);
      }
      for (const auto& run : hex_runs(layer.bytes)) {
        for (std::size_t first = 0; first < 2; ++first)
          find(decoded_hex(layer, run, first), depth + 1, found);
      }
    }
    bool changed = false;
    View next = unescaped(layer, changed);
    if (!changed) return;
    layer = std::move(next);
  }
}

std::string Redactor::redact(std::string_view text) const {
  std::vector<Range> found;
  find(view_of(text), 0, found);
  if (found.empty()) return std::string(text);
  std::sort(found.begin(), found.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t done = 0;
  for (const auto& range : found) {
    if (range.end <= done) continue;
    if (range.begin >= done) {
      out += text.substr(done, range.begin - done);
      if (range.begin > done || done == 0) out += kRedacted;
    }
    done = range.end;
  }
  return out + std::string(text.substr(done));
}

bool names_secret(std::string_view variable) {
  static constexpr std::string_view kTelling[] = {"TOKEN", "SECRET", "PASSWORD",   "PASSWD",
                                                  "PWD_",  "_KEY",   "CREDENTIAL", "PASSPHRASE"};
  std::string name(variable);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name.ends_with("_FILE") || name.ends_with("_PATH")) return false;
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&](auto word) { return name.find(word) != std::string::npos; });
}

std::vector<std::string> secrets_in(const char* const* environment) {
  std::vector<std::string> secrets;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view line = *environment;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = line.substr(equals + 1);
    if (value.starts_with('/') || value.size() < kSecretMin) continue;
    if (names_secret(line.substr(0, equals))) secrets.emplace_back(value);
  }
  return secrets;
}

}  // namespace base
