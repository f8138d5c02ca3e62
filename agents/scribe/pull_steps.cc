// The Scribe's pull requests among its other writes.
#include "agents/scribe/scribe.h"

namespace scribe {

void Scribe::take(const PullWritten& written, base::Now now) {
  write_at_ = now.boot + options_.post_spacing;
  const bool is_trouble = written.fault && (written.fault->code == base::ErrorCode::unavailable ||
                                            written.fault->code == base::ErrorCode::timeout ||
                                            written.fault->code == base::ErrorCode::unknown);
  if (is_trouble && !written.is_of_git) troubled(*written.fault, now);
  if (!is_trouble) answered();
  outcomes_[written.op] = Outcome{written.incident, pulls_.absorb(written, now)};
}

void Scribe::take(const SeenPull& seen, base::Now now) {
  pulls_.absorb(seen, now);
  const bool is_trouble = seen.fault && (seen.fault->code == base::ErrorCode::unavailable ||
                                         seen.fault->code == base::ErrorCode::timeout);
  if (is_trouble) return troubled(*seen.fault, now);
  answered();
}

void Scribe::record_pulls(const role::View& view, Output& out) {
  for (const auto& [id, event] : pulls_.news(book_)) {
    role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
    drafter.add(id, event);
    out.units.push_back({drafter.take(), {}, {}});
  }
}

std::optional<PullWrite> Scribe::next_pull(const role::View& view, Output& out) const {
  std::optional<base::Instant> wake;
  auto write = pulls_.next(book_, book_.stop().has_value() || view.stop_file, view.now, wake);
  if (wake) out.wake_by(*wake);
  return write;
}

void Scribe::begin_pull(PullWrite write, const role::View& view, Output& out) {
  write.op = base::make_ulid(view.now.wall, random_);
  in_flight_ = write.op;
  role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
  drafter.add(write.incident, incident::GithubIntended{write.op, write.kind, ledger_key(write),
                                                       digest_of(write.branch + write.head)});
  out.units.push_back({drafter.take(), {}, {std::move(write)}});
}

void Scribe::watch_pulls(const role::View& view, Output& out) {
  if (!reachable_ || view.busy("pull")) return;
  if (view.now.boot < quiet_until_) return out.wake_by(quiet_until_);
  std::optional<base::Instant> wake;
  if (const auto look = pulls_.look(book_, view.now, wake)) out.ask(*look);
  if (wake) out.wake_by(*wake);
}

}  // namespace scribe
