#include "memory/recall.h"

#include <algorithm>
#include <cmath>

namespace memory {
namespace {

std::vector<Match> matching(const std::vector<Hit>& hits, const Cases& cases,
                            const RecallRules& rules) {
  std::vector<Match> matches;
  std::set<std::int64_t> seen;
  for (const Hit& hit : hits) {
    const auto found = cases.find(hit.incident);
    if (found == cases.end() || !(hit.similarity >= kSimilarityMin))
      continue;  // A NaN is no match.
    if (hit.incident == rules.exclude_incident || rules.purged.contains(hit.incident)) continue;
    if (rules.now - found->second.resolved_at > kCaseLifetime) continue;
    if (seen.insert(hit.incident).second) matches.push_back({found->second, hit.similarity});
  }
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    if (a.similarity != b.similarity) return a.similarity > b.similarity;
    if (a.past.resolved_at != b.past.resolved_at) return a.past.resolved_at > b.past.resolved_at;
    return a.past.incident > b.past.incident;
  });
  return matches;
}

double score_of(const Advice& advice) {
  const double opinion = kVoteWeight * advice.votes;
  return (advice.worked + 1.0 + std::max(opinion, 0.0)) / (advice.tried + 2.0 + std::abs(opinion)) *
         advice.similarity;
}

// `matches` are most similar first, so the first of a kind is its best.
std::vector<Advice> count_outcomes(const std::vector<Match>& matches) {
  std::vector<Advice> list;
  for (const auto& [past, similarity] : matches) {
    if (past.action.empty()) continue;
    auto known = std::find_if(list.begin(), list.end(), [&past = past](const Advice& advice) {
      return advice.failure_class == past.failure_class && advice.action == past.action;
    });
    if (known == list.end())
      known = list.insert(list.end(), {past.failure_class, past.action, 0, 0, 0, similarity, 0});
    known->tried += 1;
    known->votes += std::clamp(past.votes, -kVotesMax, kVotesMax);
    known->worked += past.proven ? 1 : 0;
    if (past.proven && known->issue == 0) known->issue = past.issue;
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Advice& a, const Advice& b) { return score_of(a) > score_of(b); });
  return list;
}

}  // namespace

std::string to_text(const Advice& advice) {
  return advice.action + " worked " + std::to_string(advice.worked) + " of " +
         std::to_string(advice.tried);
}

const Advice* Recall::recommended() const {
  const auto good = [](const Advice& item) {
    return item.worked > 0 && 2 * item.worked >= item.tried;
  };
  const auto best = std::find_if(advice.begin(), advice.end(), good);
  return best == advice.end() ? nullptr : &*best;
}

Recall make_recall(const std::vector<Hit>& hits, const Cases& cases, const RecallRules& rules) {
  Recall recall;
  recall.matches = matching(hits, cases, rules);
  recall.advice = count_outcomes(recall.matches);
  if (recall.matches.size() > kMatchesMax) recall.matches.resize(kMatchesMax);
  return recall;
}

}  // namespace memory
