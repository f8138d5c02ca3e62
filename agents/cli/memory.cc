// `sre-space memory`: searching what is remembered, and making the memory anew from the ledger.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agents/cli/commands.h"
#include "agents/memory/memory_role.h"
#include "base/json.h"
#include "ledger/sqlite_ledger.h"
#include "memory/store.h"

namespace cli {
namespace {

constexpr std::size_t kShown = 10;

int complain(const base::Error& error) {
  std::fprintf(stderr, "sre-space: %s\n", error.message.c_str());
  return 1;
}

std::string folder(const Context& context) { return context.config.state_dir + "/memory"; }

}  // namespace

int run_memory_search(const Context& context, const std::string& text) {
  const auto opened = memory::MemoryStore::open(folder(context), memory::MemoryStore::Access::read);
  if (!opened) return complain(opened.error());
  nlohmann::json list = nlohmann::json::array();
  for (const auto& match : opened->store->search_text(text, kShown)) {
    const auto& past = match.past;
    list.push_back({{"incident", past.incident},
                    {"issue", past.issue},
                    {"service", past.symptom.service},
                    {"failure_class", past.failure_class},
                    {"action", past.action},
                    {"proven", past.proven},
                    {"similarity", match.similarity}});
    if (context.json) continue;
    std::printf("%.2f  incident %lld  issue %lld  %-16s %-20s %s %s\n", match.similarity,
                static_cast<long long>(past.incident), static_cast<long long>(past.issue),
                past.failure_class.c_str(), past.symptom.service.c_str(), past.action.c_str(),
                past.proven ? "worked" : "is not proven");
  }
  if (context.json)
    std::printf("%s\n", base::dump_json({{"matches", list}}).c_str());
  else if (list.empty())
    std::printf("Nothing like that is remembered.\n");
  return 0;
}

int run_memory_rebuild(const Context& context) {
  const base::SystemClock clock;
  auto ledger = ledger::open_sqlite({context.config.ledger, true}, clock);
  if (!ledger) return complain(ledger.error());
  incident::Book book;
  std::int64_t position = 0;
  while (true) {
    const auto records = (*ledger)->read(position);
    if (!records) return complain(records.error());
    if (records->empty()) break;
    for (const auto& record : *records) book.absorb(record.event), position = record.position;
  }
  std::vector<memory::Case> cases;
  for (const auto& [id, entry] : book.entries()) {
    if (entry.incident.indexed) cases.push_back(memory_role::case_of(entry.incident));
  }
  const auto opened = memory::MemoryStore::open(folder(context));
  if (!opened) return complain(opened.error());
  if (auto rebuilt = opened->store->rebuild(cases, position); !rebuilt)
    return complain(rebuilt.error());
  if (context.json)
    std::printf("{\"cases\":%zu}\n", cases.size());
  else
    std::printf("Rebuilt from the ledger: %zu incidents are remembered.\n", cases.size());
  return 0;
}

}  // namespace cli
