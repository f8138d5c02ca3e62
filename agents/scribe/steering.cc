#include "agents/scribe/steering.h"

#include <algorithm>

#include "agents/scribe/handover.h"
#include "agents/scribe/thread.h"
#include "base/text.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr base::Duration kLag = std::chrono::minutes(2);  // Lists may be late by so much.
// Twins are looked for among issues (strays.cc): a list that lags by so much still shows them.
constexpr auto kIssueLag = base::Millis(std::chrono::minutes(10));
constexpr base::Duration kReopenings = std::chrono::hours(24 * 30);  // Looked for at the start.
constexpr std::size_t kCursorMoves =
    50;                          // Entries: below, the same question, answered by "unchanged".
constexpr int kRefusedMax = 10;  // For want of rights, per incident.

std::string name_of(IncidentId incident, const char* kind, std::int64_t id) {
  return "i" + std::to_string(incident) + "-" + kind + "-" + std::to_string(id);
}
base::WallTime earlier(base::WallTime at) {
  return at - std::chrono::duration_cast<base::Millis>(kLag);
}
std::string comment_id(IncidentId incident, std::int64_t id) {
  return name_of(incident, "comment", id);
}

}  // namespace

// ---- Facts in ----------------------------------------------------------------------------------

void Steering::absorb(const Event& event) {
  if (const auto* opened = std::get_if<IssueOpened>(&event.what))
    incidents_[opened->number] = event.incident;
  const auto* order = std::get_if<OperatorCommanded>(&event.what);
  if (order != nullptr && order->refusal.empty()) {  // The latest word tells whose hold it is.
    if (order->command == kHoldByLabel)
      held_by_label_.insert(event.incident);
    else if (const auto verb = verb_of(*order);
             verb == "/hold" || verb == "/resume" || verb == "/dry-run")
      held_by_label_.erase(event.incident);
  }
  if (!event.id.starts_with("i" + std::to_string(event.incident) + "-")) return;
  recorded_.insert(event.id);
  const auto* said = std::get_if<OperatorCommanded>(&event.what);
  if (said == nullptr || said->refusal.empty()) return;
  ++refusals_[event.incident];
  refused_at_.emplace(event.id, event.at);
}

void Steering::absorb(const Heard& heard, const Book& book, base::Now now) {
  listen_at_ = now.boot + every_;
  heard_ = true;
  for (const auto& comment : heard.comments) hear(comment, book);
  for (const auto& issue : heard.issues) hear(issue, book);
  if (heard.stopped) hear_stops(*heard.stopped);
  // The question stays the same as long as its answer is short: then "unchanged" costs nothing.
  if (heard.comments.size() >= kCursorMoves)
    comments_since_ = earlier(heard.comments.back().updated_at);
  base::WallTime newest{};
  for (const auto& issue : heard.issues) newest = std::max(newest, issue.updated_at);
  if (!issues_since_ || heard.issues.size() >= kCursorMoves)
    issues_since_ = std::max(newest, issues_since_.value_or(now.wall)) - kIssueLag;
}

void Steering::hear(const github::Comment& comment, const Book& book) {
  const auto found = incidents_.find(comment.issue);
  if (found == incidents_.end() || comment.is_bot || !parse_command(comment.body)) return;
  const Incident* incident = book.find(found->second);
  if (incident == nullptr || incident->state == State::closed) return;
  const auto passed = passed_over_.find(comment.id);
  if (passed != passed_over_.end() && passed->second == comment.updated_at) return;
  if (recorded_.contains(comment_id(incident->id, comment.id))) return;
  queue_.emplace(comment.id, incident->id);
}

void Steering::hear(const github::Issue& issue, const Book& book) {
  const auto found = incidents_.find(issue.number);
  const Incident* incident = found == incidents_.end() ? nullptr : book.find(found->second);
  if (incident == nullptr) return;
  hear_label(issue, incident->id, kStopLabel, stops_.contains(issue.number));
  if (incident->issue != issue.number) return;  // Continued elsewhere.
  if (!agent_label_.empty()) hear_label(issue, incident->id, agent_label_, false);
  if (goes_on(incident->state))
    hear_label(issue, incident->id, kHoldLabel, held_by_label_.contains(incident->id));
  const bool closed = issue.state == "closed";
  const bool surprises = closed ? goes_on(incident->state) : incident->state == State::closed;
  if (!surprises) return;
  looks_[incident->id] = issue.number;  // Each time: lists may lag behind one another.
}

// A stop on an issue that nobody touched for long is on no list of what changed.
void Steering::hear_stops(const std::vector<github::Issue>& issues) {
  stops_heard_ = true;
  for (const auto& issue : issues) {
    const auto found = incidents_.find(issue.number);
    if (found != incidents_.end())
      hear_label(issue, found->second, kStopLabel, stops_.contains(issue.number));
  }
}

// `before`: whether it is taken for on while nobody has looked.
void Steering::hear_label(const github::Issue& issue, IncidentId incident, const std::string& label,
                          bool before) {
  const bool on = std::find(issue.labels.begin(), issue.labels.end(), label) != issue.labels.end();
  const auto judged = judged_.try_emplace({issue.number, label}, before).first;
  if (judged->second != on) label_looks_[{issue.number, label}] = incident;
}

void Steering::absorb(const SeenLabel& seen) {
  label_looks_.erase({seen.issue, seen.label});
  bool& judged = judged_[{seen.issue, seen.label}];
  if (!seen.change) {  // Lists lag behind one another: at the next hearing. But what was taken for
    judged = false;    // on, and has no history here, was on the issue before this one.
    return;
  }
  judged = seen.change->added;
  const bool by_person = !seen.is_ours && !seen.change->is_bot;
  if (seen.label == kStopLabel) {
    if (!seen.change->added)
      stops_.erase(seen.issue);
    else if (by_person && seen.right >= github::Right::triage)
      stops_.insert(seen.issue);
  } else if (seen.label == agent_label_) {
    if (by_person && seen.change->added && seen.right >= github::Right::maintain)
      seen_label_ = seen;
  } else if (by_person && seen.right >= github::Right::write) {
    seen_label_ = seen;
  }
}

std::optional<bool> Steering::stop_word() const {
  if (!is_on()) return false;
  if (!stops_.empty()) return true;
  const bool looks = std::any_of(label_looks_.begin(), label_looks_.end(),
                                 [](const auto& look) { return look.first.second == kStopLabel; });
  if (!heard_ || looks) return std::nullopt;
  return false;
}

void Steering::absorb(const Asked& asked) {
  queue_.erase(asked.comment);
  asked_ = asked;
}

void Steering::absorb(const SeenWho& seen) {
  looks_.erase(seen.incident);
  seen_ = seen;
}

// ---- Decisions out -----------------------------------------------------------------------------

std::vector<Steering::Drafts> Steering::drafts(const Book& book, base::Random& random,
                                               base::Now now) {
  std::vector<Drafts> all;
  if (asked_) {
    auto unit = heed(*asked_, book, random, now);
    if (unit)
      all.push_back(*std::move(unit));
    else
      asked_.reset();
  }
  if (seen_) {
    auto unit = heed(*seen_, book, random, now);
    if (unit)
      all.push_back(*std::move(unit));
    else
      seen_.reset();
  }
  if (seen_label_) {
    auto unit = heed(*seen_label_, book, random, now);
    if (unit)
      all.push_back(*std::move(unit));
    else
      seen_label_.reset();
  }
  return all;
}

// Nothing: it stands in the ledger already, or leads to nothing.
std::optional<Steering::Drafts> Steering::heed(const Asked& asked, const Book& book,
                                               base::Random& random, base::Now now) {
  const Incident* incident = book.find(asked.incident);
  std::string id = comment_id(asked.incident, asked.comment);
  if (incident == nullptr || recorded_.contains(id)) return std::nullopt;
  const auto events = judge(asked, *incident, now.wall, services_);
  if (asked.said) passed_over_[asked.comment] = asked.said->updated_at;
  if (events.empty()) return std::nullopt;
  const Verb verb = parse_command(asked.said->body)->verb;
  const std::string refusal = "i" + std::to_string(asked.incident) + "-refused-" +
                              asked.said->author + std::string(to_string(verb));
  const auto refused = refused_at_.find(refusal);
  // Refused once, a comment stays so, whatever its author may do by then.
  if (refused != refused_at_.end() && asked.said->created_at <= refused->second)
    return std::nullopt;
  if (asked.right < needed_right(verb)) {  // One polite answer, however often it is said.
    if (refused != refused_at_.end() || refusals_[asked.incident] >= kRefusedMax)
      return std::nullopt;
    id = refusal;
  }
  role::Drafter drafter(book, incident::Role::scribe, random, now);
  for (const auto& event : events) {
    const bool first = &event == &events.front();
    drafter.add_as(first ? id : id + "-effect", asked.incident, event);
  }
  return drafter.take();
}

std::optional<Steering::Drafts> Steering::heed(const SeenWho& seen, const Book& book,
                                               base::Random& random, base::Now now) {
  const Incident* incident = book.find(seen.incident);
  if (incident == nullptr || !seen.change || seen.is_ours || seen.change->is_bot)
    return std::nullopt;
  const std::string id = name_of(seen.incident, "event", seen.change->id);
  const bool counts =
      seen.change->closed ? goes_on(incident->state) : incident->state == State::closed;
  if (!counts || recorded_.contains(id)) return std::nullopt;
  role::Drafter drafter(book, incident::Role::scribe, random, now);
  if (seen.change->closed)
    drafter.add_as(id, seen.incident, StoodDown{"The issue was closed by hand.", seen.change->by});
  else
    drafter.add_as(id, seen.incident, IncidentReopened{seen.change->by});
  return drafter.take();
}

std::optional<Steering::Drafts> Steering::heed(const SeenLabel& seen, const Book& book,
                                               base::Random& random, base::Now now) {
  const Incident* incident = book.find(seen.incident);
  const std::string id = name_of(seen.incident, "event", seen.change->id);
  if (incident == nullptr || recorded_.contains(id)) return std::nullopt;
  role::Drafter drafter(book, incident::Role::scribe, random, now);
  if (seen.label == agent_label_) {  // Of an incident that is over too.
    drafter.add_as(id, seen.incident, OperatorCommanded{kAgentByLabel, seen.change->by});
    return drafter.take();
  }
  if (!goes_on(incident->state)) return std::nullopt;
  // Taking it off ends the hold that it began, and no other.
  if (!seen.change->added && !held_by_label_.contains(seen.incident)) return std::nullopt;
  drafter.add_as(
      id, seen.incident,
      OperatorCommanded{seen.change->added ? kHoldByLabel : kResumeByLabel, seen.change->by});
  return drafter.take();
}

std::optional<Listen> Steering::listen(const Book& book, base::Now now) const {
  if (!is_on() || now.boot < listen_at_) return std::nullopt;
  Listen listen;
  listen.all_stops = !stops_heard_;
  listen.issues_since =
      issues_since_.value_or(now.wall - std::chrono::duration_cast<base::Millis>(kReopenings));
  for (const auto id : book.live()) {
    const Incident& incident = *book.find(id);
    if (incident.issue == 0 || incident.state == State::closed) continue;
    const auto opened = earlier(incident.reached.at("opened").at);
    listen.comments_since = std::min(listen.comments_since.value_or(opened), opened);
  }
  if (listen.comments_since && comments_since_)
    listen.comments_since = std::max(*listen.comments_since, *comments_since_);
  return listen;
}

// One at a time, so that each is judged by what the one before it changed.
std::optional<Ask> Steering::ask() const {
  if (asked_ || queue_.empty()) return std::nullopt;
  return Ask{queue_.begin()->second, queue_.begin()->first};
}

std::optional<LookLabel> Steering::look_label() const {
  if (seen_label_ || label_looks_.empty()) return std::nullopt;
  const auto& [labelled, incident] = *label_looks_.begin();
  return LookLabel{incident, labelled.first, labelled.second};
}

std::optional<LookWho> Steering::look() const {
  if (seen_ || looks_.empty()) return std::nullopt;
  return LookWho{looks_.begin()->first, looks_.begin()->second};
}

}  // namespace scribe
