// The Scribe's part for floods: when an incident has no issue of its own to hope for this hour.
#include <algorithm>

#include "agents/scribe/scribe.h"
#include "agents/scribe/umbrella.h"

namespace scribe {

using incident::IncidentId;

// Operations of incident 0 are the control issue's or, by their keys, the umbrella's.
void Scribe::absorb_shared(const incident::Event& event) {
  const auto* intended = std::get_if<incident::GithubIntended>(&event.what);
  const auto key = intended == nullptr ? std::nullopt : parse_umbrella_key(intended->key);
  Telling& umbrella = tellings_[kUmbrella];
  if (key) {
    if (key->number > umbrella_) {  // A new one.
      umbrella_ = key->number;
      umbrella.outbox = Outbox();
    }
    incident::Event local = event;
    std::get<incident::GithubIntended>(local.what).key = key->key;
    if (key->number == umbrella_) umbrella.outbox.absorb(local);
  } else {  // Whose operation it ends, an outbox knows by itself.
    if (intended == nullptr) umbrella.outbox.absorb(event);
    tellings_[kControl].outbox.absorb(event);
  }
  for (const IncidentId id : {kUmbrella, kControl}) tellings_[id].settled = false;
  umbrella.stale = true;
}

// From when on an incident may get an issue of its own; nothing: now.
std::optional<base::Instant> Scribe::issue_at(base::Now now) const {
  return issue_budget_.free_at(now);
}

void Scribe::refresh_umbrella(base::Now now) {
  Telling& telling = tellings_[kUmbrella];
  const bool full = issue_at(now).has_value();
  if (full != flooded_) telling.stale = true;
  flooded_ = full;
  const bool none = telling.outbox.issue() == 0 && !telling.outbox.open();
  if (!full && (none || telling.outbox.is_closed())) telling.thread = Thread();
  if (!telling.stale || (!full && (none || telling.outbox.is_closed()))) return;
  telling.stale = telling.settled = false;
  Flood flood;
  flood.number = umbrella_;
  flood.per_hour = options_.issues_per_hour;
  flood.is_over = !full;
  const std::int64_t issue = telling.outbox.issue();
  for (const auto& [id, entry] : book_.entries()) {
    const auto told = told_in_.find(id);
    if (told != told_in_.end()) {
      if (told->second == issue) flood.ended.push_back(&entry);
      continue;
    }
    if (entry.incident.state == incident::State::closed || entry.incident.issue != 0) continue;
    Telling& own = tellings_[id];
    refresh(id, own);
    const bool waits = own.thread.wanted && own.outbox.issue() == 0 && !own.outbox.open();
    if (waits && full) flood.waiting.push_back(&entry);
  }
  if (telling.outbox.is_closed() && !flood.waiting.empty()) {
    flood.number = ++umbrella_;
    flood.ended.clear();
    telling.outbox = Outbox();
  }
  telling.thread = project_umbrella(flood);
}

// The incident's line as it is now stands on GitHub.
bool Scribe::is_told_in_umbrella(IncidentId id) const {
  const auto found = tellings_.find(kUmbrella);
  if (found == tellings_.end() || found->second.stale) return false;
  const auto& [outbox, thread] = std::tie(found->second.outbox, found->second.thread);
  if (outbox.issue() == 0 || outbox.is_closed()) return false;
  const std::string key = umbrella_key(id);
  const auto* kept = outbox.comment(key);
  const std::string begin = "- incident " + std::to_string(id) + ": ";
  return kept != nullptr && kept->id != 0 &&
         std::any_of(thread.comments.begin(), thread.comments.end(), [&](const auto& comment) {
           return comment.key == key && digest_of(comment.body) == kept->digest &&
                  comment.body.find("\n" + begin) != std::string::npos;
         });
}

}  // namespace scribe
