// What past incidents say about the one at hand. Pure: the caller passes hits, cases and the time.
// Recall proposes and never authorises: an attacker who plants incidents can at most reorder a menu
// that rules computed. Only outcomes proven by verification are recommended; failures count
// against.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "memory/case.h"

namespace memory {

// The embedder keeps another fault under 0.43 and the same fault on another service at 0.54 or
// more (embedder.h; held by tests); this lies between them.
inline constexpr double kSimilarityMin = 0.5;
// Free text shares only single features with a case; chance alone gives 0.04 (one standard
// deviation).
inline constexpr double kTextSimilarityMin = 0.1;
inline constexpr std::size_t kMatchesMax = 5;
// How many of the nearest cases are counted; enough that one service's bad week is counted whole.
inline constexpr std::size_t kCandidatesMax = 64;
// Opinions order what is near equal; they never outweigh what was proven.
inline constexpr double kVoteWeight = 0.1;
inline constexpr int kVotesMax = 5;
// Older cases describe another system: they can be searched, but no longer advise.
inline constexpr std::chrono::days kCaseLifetime{90};

struct Hit {
  std::int64_t incident = 0;
  double similarity = 0;  // Cosine, -1..1.
};

struct Match {
  Case past;
  double similarity = 0;
};

// One action against one failure class, over all matching cases.
struct Advice {
  std::string failure_class;
  std::string action;
  int worked = 0;          // Proven.
  int tried = 0;           // At least 1.
  int votes = 0;           // People for less people against, at most kVotesMax from each case.
  double similarity = 0;   // Of the best match.
  std::int64_t issue = 0;  // Of the best proven match, else 0.

  bool operator==(const Advice&) const = default;
};

// "restart worked 1 of 1"
[[nodiscard]] std::string to_text(const Advice& advice);

struct Recall {
  std::vector<Match> matches;  // At most kMatchesMax, most similar first, among equals the latest.
  std::vector<Advice>
      advice;  // Best first: success rate (w + 1)/(t + 2) × similarity; the rate is Laplace's. A
               // vote counts as kVoteWeight of a try that worked, or of one that did not.

  // The best advice that was proven at least once and in at least half of its tries; else null.
  [[nodiscard]] const Advice* recommended() const;
};

struct RecallRules {
  base::WallTime now;
  std::int64_t exclude_incident = 0;  // The incident at hand: it is no precedent of itself.
  std::set<std::int64_t> purged;      // Taken back by a person.
};

using Cases = std::unordered_map<std::int64_t, Case>;  // By incident.

// Hits without a case, below kSimilarityMin, excluded, purged or older than kCaseLifetime are left
// out.
[[nodiscard]] Recall make_recall(const std::vector<Hit>& hits, const Cases& cases,
                                 const RecallRules& rules);

}  // namespace memory
