#include "agents/scribe/umbrella.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "agents/scribe/card.h"
#include "agents/scribe/markdown.h"

namespace scribe {
namespace {

using incident::Book;
using incident::IncidentId;

constexpr IncidentId kLinesMax = 100;  // Of one comment: it stays far below GitHub's limit.
constexpr std::string_view kPrefix = "umbrella/", kToldIn = "; told in issue #";

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

// The same before and after incident.closed: nothing is edited for that.
std::string line_of(const Book::Entry& entry) {
  const auto& incident = entry.incident;
  std::string line = "- incident " + std::to_string(incident.id) + ": " +
                     code(incident.signal.service, 80) + " " + symptom(incident.signal) + ": " +
                     std::string(incident::to_string(road_end(entry)));
  if (incident.diagnosis) line += ", " + std::string(to_string(incident.diagnosis->failure));
  if (!incident.held_by.empty()) line += ", held by " + code(incident.held_by, 40);
  return line + "\n";
}

std::string card_of(const Flood& flood) {
  std::string text = flood.is_over && flood.waiting.empty()
                         ? "🟢 **The flood is over**\n\n"
                         : "🌊 **More incidents than issues**\n\n";
  text += "At most " + std::to_string(flood.per_hour) +
          " incidents in an hour get an issue of their own. The others have a line each in the "
          "comments below; they are detected, diagnosed and healed as always. Those that still go "
          "on when there is room get an issue of their own, and their line goes; those that ended "
          "before stay here.\n\n| | |\n|---|---|\n";
  text += "| Waiting for an issue | " + std::to_string(flood.waiting.size()) + " |\n";
  text += "| Ended, told here alone | " + std::to_string(flood.ended.size()) + " |\n\n";
  return text +
         "All of them: `sre-space incidents`; one of them: `sre-space incidents show <number>`. To "
         "stop everything: `sre-space stop`.\n";
}

}  // namespace

std::string umbrella_key(IncidentId incident) {
  return "incidents:" + std::to_string((incident - 1) / kLinesMax);
}

Thread project_umbrella(const Flood& flood) {
  Thread thread;
  thread.incident = kUmbrella;
  thread.wanted = !flood.waiting.empty();
  thread.title =
      "[INCIDENTS] More than the hour has issues for, part " + std::to_string(flood.number);
  thread.body = card_of(flood);
  thread.labels = {"incident", kUmbrellaLabel};
  std::vector<const Book::Entry*> all = flood.waiting;
  all.insert(all.end(), flood.ended.begin(), flood.ended.end());
  std::sort(all.begin(), all.end(),
            [](const auto* a, const auto* b) { return a->incident.id < b->incident.id; });
  for (const auto* entry : all) {
    const std::string key = umbrella_key(entry->incident.id);
    if (thread.comments.empty() || thread.comments.back().key != key)
      thread.comments.push_back({key, "📋 **Incidents without an issue of their own**\n\n"});
    thread.comments.back().body += line_of(*entry);
  }
  thread.closed = flood.is_over && flood.waiting.empty();
  thread.state_reason = "completed";
  return thread;
}

std::string in_ledger(const UmbrellaKey& key) {
  return std::string(kPrefix) + std::to_string(key.number) + "/" + key.key;
}

std::optional<UmbrellaKey> parse_umbrella_key(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const std::size_t slash = text.find('/');
  UmbrellaKey key;
  if (slash == std::string_view::npos || !read_number(text.substr(0, slash), key.number))
    return std::nullopt;
  key.key = text.substr(slash + 1);
  return key;
}

std::string told_in(std::string_view state, std::int64_t issue) {
  return std::string(state) + std::string(kToldIn) + std::to_string(issue);
}

std::int64_t parse_told_in(std::string_view reason) {
  const std::size_t at = reason.rfind(kToldIn);
  std::int64_t issue = 0;
  if (at == std::string_view::npos || !read_number(reason.substr(at + kToldIn.size()), issue))
    return 0;
  return issue;
}

}  // namespace scribe
