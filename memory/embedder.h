// Turns a symptom, or a person's words, into a vector whose cosine with another says how alike the
// faults are. Pure and deterministic: no model, no network, the same bytes in give the same floats.
//
// Method: signed feature hashing with four probes per feature (Weinberger et al., "Feature Hashing
// for Large Scale Multitask Learning", ICML 2009, sections 3 and 4) of three groups of features,
// each group in dimensions of its own and of a fixed share of the squared length:
//   fault    dims   0..127  0.64  what failed: one dimension per known fault; exit code, probe
//   error log      dims 128..319  0.22  templates of the log lines: word 1- and 2-grams, sublinear
//   frequency context  dims 320..383  0.14  service and image
// The shares are budgets: no log line, whatever it says, can move a cosine by more than the log's.
// A group without features gives its share to the others in proportion.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memory/case.h"

namespace memory {

inline constexpr std::size_t kDimensions = 384;
// Names everything that decides a vector. A change of the embedder must change it.
inline constexpr std::string_view kModelId = "hash-384-v1";

// Only the last lines of a log, and the beginning of each, are looked at and stored.
inline constexpr std::size_t kLogLinesMax = 40;
inline constexpr std::size_t kLogLineBytesMax = 400;

using Vector = std::array<float, kDimensions>;  // Norm 1 (within float rounding).

// The symptom as it is embedded and stored: logs cut to the limits, all text made safe. Idempotent.
[[nodiscard]] Symptom trim_symptom(const Symptom& symptom);

// Same fault on the same service: 0.95 or more, whatever the numbers in its logs. Same fault on
// another service: 0.54 to 0.93. Another fault: under 0.43, even on the same service with the same
// logs.
[[nodiscard]] Vector embed(const Symptom& symptom);

// A person's words in the same space: fault words ("oom", "out of memory", "hangs"), services,
// words of logs. Empty when the text has no word at all.
[[nodiscard]] std::optional<Vector> embed_text(std::string_view text);

// Cosine of two vectors of norm 1 and equal length: -1..1.
[[nodiscard]] double similarity_of(std::span<const float> a, std::span<const float> b);

// The words of a log line, lower case, with whatever varies between equal events replaced: "<n>"
// stands for one or more adjacent tokens with a digit (numbers, times, addresses, hex, ids),
// "<path>" for paths.
[[nodiscard]] std::vector<std::string> template_of(std::string_view line);

}  // namespace memory
