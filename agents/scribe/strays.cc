// The Scribe's part for issues of ours that are not, or no longer, an incident's thread: those that
// are full and continued in another, and twins that came to light after they had been given up;
// comments likewise.
#include <tuple>

#include "agents/scribe/markers.h"
#include "agents/scribe/scribe.h"
#include "agents/scribe/umbrella.h"

namespace scribe {

void Scribe::hear_issues(const Heard& heard) {
  std::map<std::string, incident::IncidentId> lost;
  for (const auto& [id, telling] : tellings_) {
    for (const auto& op : telling.outbox.lost()) lost.emplace(op, id);
  }
  for (const auto& issue : heard.issues) {
    const auto found = lost.find(operation_in(issue.body));
    if (found != lost.end() && (heard.login.empty() || issue.author == heard.login)) {
      Write opened;
      opened.incident = found->second;
      opened.kind = "open_issue";
      Telling& telling = tellings_[found->second];
      const bool ours = has_marker(issue.body, marker_of(opened, found->first));
      if (ours && issue.state == "open" && telling.outbox.issue() != 0 &&
          telling.twins.insert(issue.number).second)
        telling.settled = false;
    }
    if (issue.comments < options_.comments_max || issue.state != "open") continue;
    for (auto& [id, telling] : tellings_) {
      if (id <= kControl || telling.outbox.issue() != issue.number) continue;
      telling.full_issue = issue.number;
      telling.settled = false;
    }
  }
}

// A list that lags shows a comment only after it was given up and written anew.
void Scribe::hear_twins(const Heard& heard) {
  std::map<std::string, std::pair<incident::IncidentId, std::string>> lost;
  for (const auto& [id, telling] : tellings_) {
    for (const auto& [op, key] : telling.outbox.lost_comments())
      lost.emplace(op, std::pair(id, key));
  }
  if (lost.empty()) return;
  for (const auto& comment : heard.comments) {
    const bool is_ours = heard.login.empty() || heard.voices.contains(comment.author);
    const auto found = lost.find(operation_in(comment.body));
    if (!is_ours || found == lost.end()) continue;
    Write made;
    made.kind = "comment";
    std::tie(made.incident, made.key) = found->second;
    if (!has_marker(comment.body, marker_of(made, found->first))) continue;
    Telling& telling = tellings_[made.incident];
    if (telling.comment_twins.insert(comment.id).second) telling.settled = false;
  }
}

std::vector<Stray> Scribe::strays_of(const Telling& telling) {
  std::vector<Stray> strays;
  const auto& formers = telling.outbox.formers();
  for (std::size_t i = 0; i < formers.size(); ++i) {
    const bool last = i + 1 == formers.size();
    strays.push_back({formers[i], continued_in(last ? telling.outbox.issue() : formers[i + 1])});
  }
  for (const auto twin : telling.twins) {
    strays.push_back({twin, "♊ **The same incident** has its thread in #" +
                                std::to_string(telling.outbox.issue()) +
                                ": this issue came to light late, and is closed.\n"});
  }
  return strays;
}

}  // namespace scribe
