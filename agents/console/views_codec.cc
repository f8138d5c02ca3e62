#include "agents/console/views_codec.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "agents/console/sentences.h"
#include "base/json.h"
#include "base/text.h"
#include "incident/event_codec.h"

namespace console {
namespace {

using incident::Incident;
using nlohmann::json;
using Entry = incident::Book::Entry;

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json phases(const Incident& incident) {
  json out = json::object();
  for (const Phase phase : kPhases) {
    const auto ms = phase_ms(incident, phase);
    out[std::string(to_string(phase))] = ms ? json(*ms) : json(nullptr);
  }
  return out;
}

// What the list, the frames and the page show of an incident.
json summary(const Chronicle& chronicle, const Entry& entry) {
  const Incident& incident = entry.incident;
  const Story& story = *chronicle.story(incident.id);
  json out = {
      {"id", incident.id},
      {"container", base::clean_text(incident.signal.container_name)},
      {"service", base::clean_text(incident.signal.service)},
      {"status", to_string(chronicle.word(incident.id))},
      {"state", incident::to_string(incident.state)},
      {"ended_as", incident::is_over(incident.state) ? json(incident::to_string(story.before_close))
                                                     : json(nullptr)},
      {"severity", incident::to_string(incident.severity)},
      {"timestamp", base::format_utc(entry.events.front().at)},
      {"updated", base::format_utc(entry.events.back().at)},
      {"fault_at", base::format_utc(incident.signal.at)},
      {"symptom", sentence(entry.events.front())},
      {"signals", incident.signals},
      {"issue", incident.issue == 0 ? json(nullptr) : json(incident.issue)},
      {"url", text_or_null(incident.issue_url)},
      {"root", incident.root == 0 ? json(nullptr) : json(incident.root)},
      {"phases_ms", phases(incident)},
      {"over_ms", story.over_ms ? json(*story.over_ms) : json(nullptr)}};
  out["failure_class"] =
      incident.diagnosis ? json(incident::to_string(incident.diagnosis->failure)) : json(nullptr);
  out["action"] = incident.attempts.empty()
                      ? json(nullptr)
                      : json(incident::to_string(incident.attempts.back().intent.action));
  return out;
}

json timeline_entry(const incident::Event& event, const Mark& mark) {
  return {{"id", event.id},
          {"position", mark.position},
          {"ts", base::format_utc(event.at)},
          {"at_ms", base::to_ms(event.at)},
          {"since_fault_ms", mark.since_fault_ms},
          {"role", incident::to_string(event.role)},
          {"event", incident::name_of(event.what)},
          {"status", to_string(mark.word)},
          {"state", incident::to_string(mark.state)},
          {"bookkeeping", is_bookkeeping(event.what)},
          {"message", sentence(event)}};
}

json stop(const Chronicle& chronicle, const Situation& situation) {
  const auto& set = chronicle.book().stop();
  if (!set && !situation.has_stop_file) return nullptr;
  return {{"reason", set ? base::clean_text(set->reason) : ""},
          {"by", set ? base::clean_text(set->by) : "stop file"}};
}

json open_counts(const Chronicle& chronicle) {
  int open = 0, needs_person = 0;
  for (const auto& [id, entry] : chronicle.book().entries()) {
    open += incident::is_over(entry.incident.state) ? 0 : 1;
    needs_person += entry.incident.state == incident::State::escalated ||
                            entry.incident.state == incident::State::awaiting_approval
                        ? 1
                        : 0;
  }
  return {
      {"total", chronicle.book().entries().size()}, {"open", open}, {"needs_person", needs_person}};
}

json health(const Chronicle& chronicle, const Situation& situation) {
  json roles = json::array();
  bool is_whole = !situation.ledger_error;
  for (const auto& role : situation.roles) {
    is_whole = is_whole && role.state == "running";
    roles.push_back({{"role", role.role}, {"state", role.state}, {"restarts", role.restarts}});
  }
  return {{"status", is_whole ? "ok" : "degraded"},
          {"mode", situation.mode},
          {"version", situation.version},
          {"ws_clients", situation.websocket_clients},
          {"stop", stop(chronicle, situation)},
          {"incidents", open_counts(chronicle)},
          {"roles", std::move(roles)},
          {"ledger",
           {{"position", chronicle.position()},
            {"readable", !situation.ledger_error},
            {"error", situation.ledger_error ? json(*situation.ledger_error) : json(nullptr)}}}};
}

std::string frame(std::string_view type, incident::IncidentId incident, json data,
                  base::WallTime at) {
  return base::dump_json({{"type", type},
                          {"incident_id", incident == 0 ? json(nullptr) : json(incident)},
                          {"data", std::move(data)},
                          {"timestamp", base::format_utc(at)}});
}

}  // namespace

bool is_stopped(const Chronicle& chronicle, const Situation& situation) {
  return chronicle.book().stop().has_value() || situation.has_stop_file;
}

std::string encode_health(const Chronicle& chronicle, const Situation& situation) {
  return base::dump_json(health(chronicle, situation));
}

std::string encode_overview(const Chronicle& chronicle, const Situation& situation) {
  json services = json::array();
  for (const auto& service : situation.services) {
    const Incident* open = chronicle.book().open_of(service.name);
    std::int64_t count = 0;
    for (const auto& [id, entry] : chronicle.book().entries())
      count += entry.incident.signal.service == service.name ? 1 : 0;
    services.push_back(
        {{"name", service.name},
         {"container", service.container},
         {"incident", open == nullptr ? json(nullptr) : json(open->id)},
         {"state", open == nullptr ? json(nullptr) : json(incident::to_string(open->state))},
         {"incidents", count}});
  }
  json out = health(chronicle, situation);
  out["services"] = std::move(services);
  out["forge_url"] = text_or_null(situation.forge_url);
  out["now"] = base::format_utc(situation.now);
  return base::dump_json(out);
}

base::Result<int> parse_limit(std::string_view text) {
  if (text.empty()) return kListDefault;
  int limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > kListMax) {
    return base::Error{base::ErrorCode::invalid,
                       "limit must be a number from 1 to " + std::to_string(kListMax)};
  }
  return limit;
}

std::string encode_list(const Chronicle& chronicle, int limit) {
  json incidents = json::array();
  const auto& entries = chronicle.book().entries();
  for (auto it = entries.rbegin(); it != entries.rend() && limit > 0; ++it, --limit) {
    incidents.push_back(summary(chronicle, it->second));
  }
  return base::dump_json({{"total", entries.size()},
                          {"position", chronicle.position()},
                          {"incidents", std::move(incidents)}});
}

base::Result<std::string> encode_incident(const Chronicle& chronicle, std::string_view id) {
  incident::IncidentId number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  const auto& entries = chronicle.book().entries();
  const auto found =
      error == std::errc() && end == id.data() + id.size() ? entries.find(number) : entries.end();
  if (found == entries.end()) {
    return base::Error{base::ErrorCode::not_found,
                       "there is no incident " + base::clean_text(base::cut_utf8(id, 40))};
  }
  const Entry& entry = found->second;
  const Story& story = *chronicle.story(number);
  json out = incident::to_json(entry.incident);
  out.update(summary(chronicle, entry));
  json timeline = json::array();
  for (std::size_t i = 0; i < entry.events.size(); ++i)
    timeline.push_back(timeline_entry(entry.events[i], story.marks[i]));
  out["timeline"] = std::move(timeline);
  out["position"] = chronicle.position();
  return base::dump_json(out);
}

std::string encode_frame(const Chronicle& chronicle, const ledger::Record& record) {
  const auto& event = record.event;
  json data = {{"position", record.position},
               {"incident", nullptr},
               {"entry", nullptr},
               {"stop", stop(chronicle, {})}};
  const auto found = chronicle.book().entries().find(event.incident);
  const bool is_about_one = found != chronicle.book().entries().end();
  if (is_about_one) {
    data["incident"] = summary(chronicle, found->second);
    data["entry"] = timeline_entry(event, chronicle.story(event.incident)->marks.back());
  }
  return frame(frame_type(event.what), is_about_one ? event.incident : 0, std::move(data),
               event.at);
}

std::string encode_heartbeat(const Chronicle& chronicle, const Situation& situation) {
  return frame("heartbeat", 0, health(chronicle, situation), situation.now);
}

}  // namespace console
