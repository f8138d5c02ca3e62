// People's votes among the Scribe's other work.
#include "agents/scribe/scribe.h"

namespace scribe {

using incident::IncidentId;

void Scribe::take(const SeenVotes& seen, base::Now now) {
  if (seen.fault) return troubled(*seen.fault, now);
  answered();
  votes_.absorb(seen);
}

void Scribe::record_votes(const role::View& view, Output& out) {
  for (const auto& [id, counted] : votes_.news(book_)) {
    role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
    drafter.add(id, counted);
    out.units.push_back({drafter.take(), {}, {}});
  }
}

void Scribe::count_votes(const role::View& view, Output& out) {
  if (!reachable_ || view.busy("votes")) return;
  if (view.now.boot < quiet_until_) return out.wake_by(quiet_until_);
  votes_.plan(book_, view.now, [this](IncidentId id, int n) -> std::int64_t {
    const auto telling = tellings_.find(id);
    if (telling == tellings_.end()) return 0;
    const auto* kept = telling->second.outbox.comment("action:" + std::to_string(n));
    return kept == nullptr ? 0 : kept->id;
  });
  if (const auto look = votes_.look()) return out.ask(*look);
  if (const auto at = votes_.look_at()) out.wake_by(*at);
}

}  // namespace scribe
