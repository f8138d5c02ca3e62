#include "agents/console/scaling_codec.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/names.h"
#include "base/text.h"

namespace console {
namespace {

using base::Error;
using base::ErrorCode;
using incident::Incident;
using incident::State;
using nlohmann::json;

constexpr int kUpDefault = 2;
constexpr int kAskedMax = 1000;
constexpr int kLookedAt = 100;  // Newest incidents; a wish is one of them or long over.

constexpr base::NameTable<Progress, 5> kProgresses{{{Progress::pending, "pending"},
                                                    {Progress::done, "done"},
                                                    {Progress::unchanged, "unchanged"},
                                                    {Progress::refused, "refused"},
                                                    {Progress::failed, "failed"}}};

Error invalid(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

base::Result<int> parse_count(std::string_view text, bool is_up) {
  if (text.empty()) return is_up ? kUpDefault : 0;
  int count = 0;
  const int least = is_up ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || count < least || count > kAskedMax)
    return invalid("count must be a number from " + std::to_string(least) + " to " +
                   std::to_string(kAskedMax));
  return std::min(count, warden::kReplicasMax);
}

const Incident* find_wish(const incident::Book& book, const std::string& fingerprint) {
  int looked = 0;
  for (auto it = book.entries().rbegin(); it != book.entries().rend() && looked < kLookedAt;
       ++it, ++looked) {
    if (it->second.incident.fingerprint == fingerprint) return &it->second.incident;
  }
  return nullptr;
}

bool is_superseded(const incident::Book& book, incident::IncidentId id) {
  const auto& events = book.entries().at(id).events;
  return std::any_of(events.begin(), events.end(), [](const auto& event) {
    const auto* done = std::get_if<incident::ActionDone>(&event.what);
    return done != nullptr && done->superseded;
  });
}

}  // namespace

std::string_view to_string(Progress progress) { return base::name_in(kProgresses, progress); }

std::string Scaling::command() const { return "/scale " + service + " " + std::to_string(count); }

base::Result<Scaling> parse_scaling(const http::Request& request, bool is_up,
                                    const std::vector<std::string>& balanced) {
  const auto count = parse_count(request.query_value("count"), is_up);
  if (!count) return count.error();
  Scaling scaling{std::string(request.query_value("service")), *count, is_up};
  const std::string choice = "; what can be scaled: " + listed(balanced);
  if (scaling.service.empty() && balanced.size() == 1) scaling.service = balanced.front();
  if (scaling.service.empty()) return invalid("service must be given" + choice);
  if (std::ranges::find(balanced, scaling.service) == balanced.end())
    return invalid("nothing sends requests to replicas of \"" +
                   base::clean_text(base::cut_utf8(scaling.service, 60)) + "\"" + choice);
  return scaling;
}

std::string objection_to(const Scaling& scaling, int running) {
  const bool is_other_way = scaling.is_up ? scaling.count < running : scaling.count > running;
  if (!is_other_way) return "";
  return std::to_string(running) + " replicas of " + scaling.service +
         " run: " + std::to_string(scaling.count) + " is the other way, POST /scale/" +
         (scaling.is_up ? "down" : "up");
}

Fulfilment fulfilment_of(const incident::Book& book, const std::string& fingerprint) {
  const Incident* wish = find_wish(book, fingerprint);
  if (wish == nullptr) return {};
  Fulfilment found{Progress::pending, wish->id, ""};
  const auto* last = wish->attempts.empty() ? nullptr : &wish->attempts.front();
  if (last != nullptr && last->state == incident::OperationState::done) {
    found.progress = is_superseded(book, wish->id) ? Progress::unchanged : Progress::done;
  } else if (last != nullptr && last->state == incident::OperationState::failed) {
    found.progress = Progress::failed;
    found.words = last->error;
  } else if (wish->state == State::escalated) {
    found.progress = last == nullptr ? Progress::refused : Progress::failed;
    found.words = wish->escalation ? wish->escalation->reason : "";
  } else if (incident::is_over(wish->state)) {
    found.progress = Progress::refused;
    found.words = wish->ending;
  } else if (wish->refused) {
    found.words = "It waits: " + wish->refused->values;
  }
  return found;
}

std::string encode_scaled(const Scaling& scaling, const Fulfilment& fulfilment,
                          const std::vector<std::string>& replicas) {
  const bool is_done =
      fulfilment.progress == Progress::done || fulfilment.progress == Progress::unchanged;
  json out = {{"status", to_string(fulfilment.progress)},
              {"service", scaling.service},
              {"count", scaling.count},
              {"incident", fulfilment.incident},
              {"replicas", replicas},
              {"lb_configured", is_done}};
  const auto words = base::clean_text(fulfilment.words);
  if (!is_done) out[fulfilment.progress == Progress::pending ? "detail" : "error"] = words;
  return base::dump_json(out);
}

}  // namespace console
