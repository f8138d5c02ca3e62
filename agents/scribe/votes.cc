#include "agents/scribe/votes.h"

#include <algorithm>
#include <set>

namespace scribe {
namespace {

constexpr base::Duration kLateVotes = std::chrono::hours(24);

const incident::Attempt* attempt_of(const incident::Book& book, incident::IncidentId id,
                                    const std::string& op) {
  const auto* incident = book.find(id);
  if (incident == nullptr) return nullptr;
  const auto& all = incident->attempts;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.intent.op == op; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

incident::VotesCounted count_votes(const std::string& op,
                                   const std::vector<github::Reaction>& reactions) {
  std::set<std::string> up, down;
  for (const auto& reaction : reactions) {
    if (reaction.is_bot || reaction.by.empty()) continue;
    if (reaction.content == "+1") up.insert(reaction.by);
    if (reaction.content == "-1") down.insert(reaction.by);
  }
  const auto both =
      std::count_if(up.begin(), up.end(), [&](const auto& by) { return down.contains(by); });
  return {op, static_cast<int>(static_cast<std::ptrdiff_t>(up.size()) - both),
          static_cast<int>(static_cast<std::ptrdiff_t>(down.size()) - both)};
}

bool Votes::counts(const incident::Incident& incident, base::Now now) {
  const auto closed = incident.reached.find("closed");
  return incident.state != incident::State::closed || closed == incident.reached.end() ||
         now.wall - closed->second.at < kLateVotes;
}

void Votes::absorb(const SeenVotes& seen) {
  std::erase_if(queue_, [&](const LookVotes& one) { return one.op == seen.op; });
  seen_[seen.op] = {seen.incident, count_votes(seen.op, seen.reactions)};
}

std::optional<LookVotes> Votes::look() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.front();
}

std::optional<base::Instant> Votes::look_at() const {
  if (every_ <= base::Duration(0)) return std::nullopt;
  return next_;
}

std::vector<std::pair<incident::IncidentId, incident::VotesCounted>> Votes::news(
    const incident::Book& book) {
  std::erase_if(seen_, [&](const auto& item) {
    const auto& [id, counted] = item.second;
    const auto* attempt = attempt_of(book, id, item.first);
    return attempt == nullptr ||
           (attempt->votes_up == counted.up && attempt->votes_down == counted.down);
  });
  std::vector<std::pair<incident::IncidentId, incident::VotesCounted>> all;
  for (const auto& [op, one] : seen_) all.push_back(one);
  return all;
}

}  // namespace scribe
