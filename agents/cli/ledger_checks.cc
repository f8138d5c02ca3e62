#include "agents/cli/ledger_checks.h"

#include <filesystem>
#include <optional>

#include "incident/incident.h"
#include "ledger/sqlite_ledger.h"

namespace cli {
namespace {

std::string hint_for(base::ErrorCode code) {
  if (code == base::ErrorCode::invalid)
    return "run the version that wrote it, or set another state folder";
  if (code == base::ErrorCode::corrupt) {
    return "put the file aside or bring back a copy of it; nothing acts on a damaged ledger";
  }
  return "give this user the right to read it";
}

Check failed(const base::Error& error) {
  return {"ledger", CheckStatus::fail, error.message, hint_for(error.code)};
}

base::Result<std::optional<incident::StopSet>> read_stop(ledger::Ledger& ledger) {
  incident::Book book;
  std::int64_t position = 0;
  while (true) {
    const auto records = ledger.read(position);
    if (!records) return records.error();
    if (records->empty()) return book.stop();
    for (const auto& record : *records) {
      book.absorb(record.event);
      position = record.position;
    }
  }
}

Check stop_check(bool file, const std::optional<incident::StopSet>& stop) {
  if (!file && !stop) return {"stop", CheckStatus::ok, "not set", ""};
  const std::string why = stop ? stop->reason + " (by " + stop->by + ")" : "the stop file exists";
  return {"stop", CheckStatus::warn, "set, nothing acts: " + why, "sre-space resume clears it"};
}

}  // namespace

std::vector<Check> check_ledger(const config::Config& config) {
  const std::string& path = config.ledger;
  std::error_code error;
  const bool stop_file = std::filesystem::exists(config.state_dir + "/STOP", error);
  if (!std::filesystem::exists(path, error)) {
    return {{"ledger", CheckStatus::ok, path + " will be made by up", ""},
            stop_check(stop_file, {})};
  }
  const base::SystemClock clock;
  const auto ledger = ledger::open_sqlite({path, true}, clock);
  if (!ledger) return {failed(ledger.error())};
  const auto head = (*ledger)->head();
  if (!head) return {failed(head.error())};
  const std::string events = std::to_string(*head) + (*head == 1 ? " event" : " events");
  if (*head > kLedgerCheckedMax) {
    return {{"ledger", CheckStatus::ok, path + ": " + events + ", too many to check each here", ""},
            stop_check(stop_file, {})};
  }
  if (const auto whole = (*ledger)->verify(); !whole) return {failed(whole.error())};
  const auto stop = read_stop(**ledger);
  if (!stop) return {failed(stop.error())};
  return {{"ledger", CheckStatus::ok, path + ": " + events + ", the hash chain holds", ""},
          stop_check(stop_file, *stop)};
}

}  // namespace cli
