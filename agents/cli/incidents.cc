// `sre-space incidents`: what the ledger knows, told to a person or as JSON. Only `approve` writes.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agents/cli/approval.h"
#include "agents/cli/commands.h"
#include "agents/cli/vetoes.h"
#include "agents/console/sentences.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
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
  if (!ledger)
    return ledger.error().in("nothing has run here yet, or `state` names another folder");
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
  std::fprintf(stderr, "sre-space: there is no incident %s; `sre-space incidents list` shows all\n",
               base::clean_text(base::cut_utf8(incident, 60)).c_str());
  return 1;
}

// Text that came from outside, fit for a terminal.
std::string shown(const std::string& text) {
  std::string line = base::clean_text(text);
  for (char& c : line) c = c == '\n' ? ' ' : c;
  return line;
}

std::string issue_of(const Incident& incident) {
  return incident.issue == 0 ? "-" : "#" + std::to_string(incident.issue);
}

void print_facts(const Incident& incident) {
  std::printf("Incident %lld: %s, %s\n", static_cast<long long>(incident.id),
              incident.signal.service.c_str(),
              std::string(incident::to_string(incident.state)).c_str());
  std::printf("  what    %s\n  class   %s\n", shown(incident.signal.detail).c_str(),
              failure_of(incident).c_str());
  if (incident.diagnosis)
    std::printf("  cause   %s\n", shown(incident.diagnosis->explanation).c_str());
  std::printf("  issue   %s\n", incident.issue == 0 ? "none" : shown(incident.issue_url).c_str());
  if (incident.plan && !incident.plan->menu.empty()) {
    const auto& choice = incident.plan->menu.front();
    std::printf("  plan    %s: %s %s\n", incident.plan->hash.c_str(),
                std::string(incident::to_string(choice.action)).c_str(), choice.service.c_str());
  }
  if (incident.state == incident::State::awaiting_approval && incident.plan) {
    std::printf("  waits   sre-space incidents approve %lld %s\n",
                static_cast<long long>(incident.id), incident.plan->hash.c_str());
  }
}

void print_evidence(const Incident& incident) {
  if (!incident.evidence.empty()) std::printf("Evidence\n");
  for (const auto& item : incident.evidence) {
    std::printf("  %-4s %-12s %s\n", item.id.c_str(), item.kind.c_str(), shown(item.text).c_str());
    for (const auto& line : item.lines) std::printf("       | %s\n", shown(line).c_str());
  }
}

void print_timeline(const std::vector<incident::Event>& events) {
  std::printf("Timeline\n");
  const auto start = events.front().boot;
  for (const auto& event : events) {
    if (console::is_bookkeeping(event.what)) continue;
    std::printf("  %s  +%7lldms  %-7s  %s\n", base::format_utc(event.at).c_str(),
                static_cast<long long>(base::to_ms(event.boot - start)),
                std::string(incident::to_string(event.role)).c_str(),
                console::sentence(event).c_str());
  }
}

base::Status give_approval(const Context& context, const base::Clock& clock,
                           const Incident& incident, std::int64_t seen) {
  base::SystemRandom random;
  auto ledger = ledger::open_sqlite({context.config.ledger, false}, clock);
  if (!ledger) return ledger.error();
  const auto now = clock.now();
  ledger::Draft draft;
  draft.event = {base::make_ulid(now.wall, random),
                 incident.id,
                 incident::Role::person,
                 now.wall,
                 now.boot,
                 incident::ApprovalGiven{incident.plan->hash, "command line"}};
  draft.changes_state = true;
  auto appended = (*ledger)->append({draft}, seen);
  return appended ? base::Status() : base::Status(appended.error());
}

}  // namespace

int run_incidents_list(const Context& context) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [id, entry] : read->book.entries())
      list.push_back(incident::to_json(entry.incident));
    print({{"incidents", list}});
    return 0;
  }
  if (read->book.entries().empty()) std::printf("No incident yet.\n");
  const auto& entries = read->book.entries();
  for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
    const auto& incident = it->second.incident;
    std::printf("%4lld  %-17s  issue %-5s  %-16s  %-20s  %s\n", static_cast<long long>(incident.id),
                std::string(incident::to_string(incident.state)).c_str(),
                issue_of(incident).c_str(), failure_of(incident).c_str(),
                incident.signal.service.c_str(), base::format_utc(incident.signal.at).c_str());
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
  print_facts(*incident);
  print_evidence(*incident);
  print_timeline(events);
  return 0;
}

int run_incidents_vetoes(const Context& context) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  const auto vetoes = list_vetoes(read->book, clock.now().wall);
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& veto : vetoes) {
      list.push_back({{"guard", veto.guard},
                      {"service", veto.service},
                      {"action", veto.action},
                      {"times", veto.times},
                      {"by_itself", veto.by_itself},
                      {"values", veto.values},
                      {"latest", base::format_utc(veto.latest)}});
    }
    print({{"days", 7}, {"vetoes", list}});
    return 0;
  }
  if (vetoes.empty()) std::printf("The guards refused nothing in the last 7 days.\n");
  for (const auto& veto : vetoes) {
    std::printf(
        "%3d x  %-14s would have been %s of %s; %d ended by themselves\n       last %s: %s\n",
        veto.times, veto.guard.c_str(), veto.action.c_str(), veto.service.c_str(), veto.by_itself,
        base::format_utc(veto.latest).c_str(), shown(veto.values).c_str());
  }
  return 0;
}

int run_incidents_approve(const Context& context, const std::string& text,
                          const std::string& plan) {
  const base::SystemClock clock;
  auto read = read_ledger(context, clock);
  if (!read) return complain(read.error());
  const auto* incident = find(read->book, text);
  if (incident == nullptr) return not_found(text);
  if (const auto why = why_not_approved(*incident, plan, clock.now().wall)) {
    std::fprintf(stderr, "sre-space: %s\n", why->c_str());
    return 1;
  }
  const auto given = give_approval(context, clock, *incident, read->records.back().position);
  if (!given) {
    const bool changed = given.error().code == base::ErrorCode::conflict;
    return complain(changed ? base::Error{given.error().code,
                                          "the incident has changed meanwhile; look again with "
                                          "`sre-space incidents show " +
                                              std::to_string(incident->id) + "`"}
                            : given.error());
  }
  const auto& choice = incident->plan->menu.front();
  if (context.json)
    print({{"incident", incident->id}, {"plan", incident->plan->hash}, {"state", "planned"}});
  else
    std::printf("Approved: %s of %s will be done as far as stop, limits and guards permit.\n",
                std::string(incident::to_string(choice.action)).c_str(), choice.service.c_str());
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
    steps.push_back({{"event", std::string(incident::name_of(event.what))},
                     {"role", std::string(incident::to_string(event.role))},
                     {"state", std::string(incident::to_string(step.incident.state))},
                     {"reason", step.reason}});
  }
  const bool same = incident::canonical(*book.find(incident->id)) == incident::canonical(*incident);
  if (context.json) {
    print({{"incident", incident->id},
           {"same", same},
           {"steps", steps},
           {"result", incident::to_json(*book.find(incident->id))}});
  } else {
    for (const auto& step : steps) {
      std::printf("%-24s %-8s -> %-18s %s\n", base::get_string(step, "event").c_str(),
                  base::get_string(step, "role").c_str(), base::get_string(step, "state").c_str(),
                  base::get_string(step, "reason").c_str());
    }
    std::printf(same ? "The replay gives the same incident, byte for byte.\n"
                     : "THE REPLAY DIFFERS from the stored fold.\n");
  }
  return same ? 0 : 1;
}

}  // namespace cli
