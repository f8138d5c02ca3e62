// People's votes on what the Fixer did: the 👍 and 👎 on the comments of actions, made into events.
// Pure; a part of the Scribe. Memory weighs them; they decide nothing.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agents/scribe/steering.h"
#include "github/github.h"
#include "incident/incident.h"

namespace scribe {

// The reactions to the comment of this action.
struct LookVotes {
  incident::IncidentId incident = 0;
  std::string op;
  std::int64_t comment = 0;
};
struct SeenVotes {
  incident::IncidentId incident = 0;
  std::string op;
  std::optional<Fault> fault;
  std::vector<github::Reaction> reactions;  // Without our own.
};

// One vote each: whoever gives both has given none. Bots have none.
[[nodiscard]] incident::VotesCounted count_votes(const std::string& op,
                                                 const std::vector<github::Reaction>& reactions);

// Not thread-safe. Actions of incidents that are open or ended less than a day ago are looked at,
// one after the other, once in `every`; 0: never.
class Votes {
 public:
  explicit Votes(base::Duration every) : every_(every) {}

  // `comment_of(incident, n)`: the id of the comment of its n-th action, from 1; 0: there is none.
  template <class CommentOf>
  void plan(const incident::Book& book, base::Now now, CommentOf comment_of) {
    if (every_ <= base::Duration(0) || !queue_.empty() || now.boot < next_) return;
    next_ = now.boot + every_;
    for (const auto& [id, entry] : book.entries()) {
      if (!counts(entry.incident, now)) continue;
      int n = 0;
      for (const auto& attempt : entry.incident.attempts) {
        const std::int64_t comment = comment_of(id, ++n);
        if (comment != 0) queue_.push_back({id, attempt.intent.op, comment});
      }
    }
  }
  void absorb(const SeenVotes& seen);  // Without a fault.

  [[nodiscard]] std::optional<LookVotes> look() const;
  [[nodiscard]] std::optional<base::Instant> look_at() const;  // The next round.
  // What the ledger does not know yet.
  [[nodiscard]] std::vector<std::pair<incident::IncidentId, incident::VotesCounted>> news(
      const incident::Book& book);

 private:
  static bool counts(const incident::Incident& incident, base::Now now);

  const base::Duration every_;
  base::Instant next_;
  std::deque<LookVotes> queue_;
  std::map<std::string, std::pair<incident::IncidentId, incident::VotesCounted>> seen_;  // By op.
};

}  // namespace scribe
