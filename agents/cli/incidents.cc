// `sre-space incidents`: what the ledger knows, told to a person or as JSON. Reads the ledger only.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agents/cli/commands.h"
#include "base/json.h"
#include "incident/event_codec.h"
#include "ledger/sqlite_ledger.h"

namespace cli {
namespace {

using incident::Book;
using incident::Incident;

struct Read {
  Book book;
  std::vector<ledger::Record> records;
};

base::Result<Read> read_ledger(const Context& context, const base::Clock& clock) {
  auto ledger = ledger::open_sqlite({context.config.ledger, true}, clock);
  if (!ledger) return ledger.error().in("nothing has run here yet, or `state` names another folder");
  Read read;
  std::int64_t position = 0;
  while (true) {
    auto records = (*ledger)->read(position);
    if (!records) return records.error();
    if (records->empty()) return read;
    for (auto& record : *records) {
      read.book.absorb(record.event);
      position = record.position;
      read.records.push_back(std::move(record));
    }
  }
}

int complain(const base::Error& error) {
  std::fprintf(stderr, "sre-space: %s\n", error.message.c_str());
  return 1;
}

void print(const nlohmann::json& value) { std::printf("%s\n", base::dump_json(value).c_str()); }

std::string failure_of(const Incident& incident) {
  return incident.diagnosis ? std::string(incident::to_string(incident.diagnosis->failure)) : "-";
}

// By incident number first, then by issue number.
const Incident* find(const Book& book, const std::string& text) {
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != '\0') return nullptr;
  if (const auto* incident = book.find(number)) return incident;
  for (const auto& [id, entry] : book.entries()) {
    if (entry.incident.issue == number) return &entry.incident;
  }
  return nullptr;
}

int not_found(const std::string& incident) {
  std::fprintf(stderr, "sre-space: there is no incident %s; `sre-space incidents list` shows all\n", incident.c_str());
  return 1;
}

}  // namespace

int run_incidents_list(const Context& context) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [id, entry] : read->book.entries()) list.push_back(incident::to_json(entry.incident));
    print({{"incidents", list}});
    return 0;
  }
  if (read->book.entries().empty()) std::printf("No incident yet.\n");
  for (const auto& [id, entry] : read->book.entries()) {
    const auto& incident = entry.incident;
    std::printf("%4lld  %-12s  issue %-4lld  %-16s  %-20s  %s\n", static_cast<long long>(id), std::string(incident::to_string(incident.state)).c_str(),
                static_cast<long long>(incident.issue), failure_of(incident).c_str(), incident.signal.service.c_str(), base::format_utc(incident.signal.at).c_str());
  }
  return 0;
}

int run_incidents_show(const Context& context, const std::string& text) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  const auto* incident = find(read->book, text);
  if (incident == nullptr) return not_found(text);
  const auto& events = read->book.entries().at(incident->id).events;
  if (context.json) {
    auto shown = incident::to_json(*incident);
    shown["timeline"] = nlohmann::json::array();
    for (const auto& event : events) shown["timeline"].push_back(incident::to_json(event));
    print(shown);
    return 0;
  }
  std::printf("Incident %lld: %s, %s\n", static_cast<long long>(incident->id), incident->signal.service.c_str(), std::string(incident::to_string(incident->state)).c_str());
  std::printf("  what    %s\n  class   %s\n  issue   %s\n", incident->signal.detail.c_str(), failure_of(*incident).c_str(),
              incident->issue == 0 ? "none" : incident->issue_url.c_str());
  const auto start = events.front().boot;
  for (const auto& event : events) {
    std::printf("  %s  +%7lldms  %-7s  %s\n", base::format_utc(event.at).c_str(), static_cast<long long>(base::to_ms(event.boot - start)),
                std::string(incident::to_string(event.role)).c_str(), std::string(incident::name_of(event.what)).c_str());
  }
  return 0;
}

// Recomputes the incident from its events alone, twice, and says whether both agree byte for byte.
int run_incidents_replay(const Context& context, const std::string& text) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  const auto* incident = find(read->book, text);
  if (incident == nullptr) return not_found(text);
  const auto& events = read->book.entries().at(incident->id).events;
  nlohmann::json steps = nlohmann::json::array();
  Book book;
  for (const auto& event : events) {
    const auto step = book.absorb(event);
    steps.push_back({{"event", std::string(incident::name_of(event.what))}, {"role", std::string(incident::to_string(event.role))},
                     {"state", std::string(incident::to_string(step.incident.state))}, {"reason", step.reason}});
  }
  const bool same = incident::canonical(*book.find(incident->id)) == incident::canonical(*incident);
  if (context.json) {
    print({{"incident", incident->id}, {"same", same}, {"steps", steps}, {"result", incident::to_json(*book.find(incident->id))}});
  } else {
    for (const auto& step : steps) {
      std::printf("%-24s %-8s -> %-18s %s\n", base::get_string(step, "event").c_str(), base::get_string(step, "role").c_str(),
                  base::get_string(step, "state").c_str(), base::get_string(step, "reason").c_str());
    }
    std::printf(same ? "The replay gives the same incident, byte for byte.\n" : "THE REPLAY DIFFERS from the stored fold.\n");
  }
  return same ? 0 : 1;
}

}  // namespace cli
