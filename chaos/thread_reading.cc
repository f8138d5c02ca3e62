#include "chaos/thread_reading.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace chaos {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) { return base::split(text, '\n'); }

// The cells of "| a | b |", trimmed; empty when the line is no row.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  line = base::trim(line);
  if (line.size() < 2 || line.front() != '|' || line.back() != '|') return cells;
  for (const auto cell : base::split(line.substr(1, line.size() - 2), '|')) {
    cells.emplace_back(base::trim(cell));
  }
  return cells;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t value = 0;
  for (const char c : text.substr(0, 12)) {
    if (c < '0' || c > '9') break;
    value = value * 10 + (c - '0');
  }
  return value;
}

void read_card(const std::string& body, Reading& reading) {
  const std::pair<std::string_view, std::optional<base::WallTime>*> phases[] = {
      {"detected", &reading.detected}, {"planned", &reading.planned},
      {"acted", &reading.acted},       {"healthy", &reading.healthy},
      {"resolved", &reading.resolved}, {"closed", &reading.closed}};
  for (const auto line : lines_of(body)) {
    const auto cells = cells_of(line);
    if (cells.size() == 2 && cells[0] == "Incident") reading.incident = number_in(cells[1]);
    if (cells.size() != 3) continue;
    for (const auto& [name, time] : phases) {
      if (cells[0] == name) *time = base::parse_utc(cells[1]);
    }
  }
}

// "MITIGATION: RESTART policy-service", where the name may be escaped for Markdown.
void read_mitigation(std::string_view body, Reading& reading) {
  constexpr std::string_view kMark = "MITIGATION: ";
  for (const auto line : lines_of(body)) {
    if (!line.starts_with(kMark)) continue;
    const auto words = base::split(base::trim(line.substr(kMark.size())), ' ');
    reading.action = base::to_lower_ascii(words[0]);
    reading.action_target = words.size() > 1 ? words[1] : "";
    std::erase(reading.action_target, '\\');
  }
}

void read_recall(std::string_view body, Reading& reading) {
  constexpr std::string_view kMark = "issue #";
  for (auto at = body.find(kMark); at != body.npos; at = body.find(kMark, at + 1)) {
    const auto issue = number_in(body.substr(at + kMark.size()));
    auto& known = reading.seen_before;
    if (issue > 0 && std::find(known.begin(), known.end(), issue) == known.end()) {
      known.push_back(issue);
    }
  }
}

// The operation in `<!-- sre op=ID k=… -->`, which the body must begin with; empty for a person's.
std::string operation_of(std::string_view body) {
  constexpr std::string_view kMark = "<!-- sre op=";
  if (!body.starts_with(kMark)) return "";
  const auto rest = body.substr(kMark.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string without_marker(std::string_view body) {
  if (!body.starts_with("<!--")) return std::string(body);
  const auto end = body.find('\n');
  return end == body.npos ? "" : std::string(base::trim(body.substr(end)));
}

}  // namespace

Reading read_thread(const Thread& thread) {
  Reading reading;
  read_card(thread.issue.body, reading);
  reading.is_closed = thread.issue.state == "closed" && thread.issue.state_reason == "completed";
  for (const auto& label : thread.issue.labels) {
    if (label.starts_with("class: ")) reading.failure_class = label.substr(7);
  }
  std::map<std::string, int> operations, kinds;
  ++operations[operation_of(thread.issue.body)];
  for (const auto& comment : thread.comments) {
    const std::string operation = operation_of(comment.body);
    if (operation.empty()) continue;  // A person's words are not the product's.
    ++operations[operation];
    const std::string body = without_marker(comment.body);
    const auto begins = [&](const char* sign) {
      if (!body.starts_with(sign)) return false;
      ++kinds[sign];
      return true;
    };
    if (begins("📚")) {
      reading.has_recall = true;
      read_recall(body, reading);
    }
    if (begins("🧠")) read_mitigation(body, reading);
    if (begins("🛠")) reading.has_action = true;
    if (begins("✅")) reading.has_proof = true;
    if (begins("📝")) reading.has_postmortem = true;
  }
  reading.has_diagnosis = !reading.failure_class.empty() && !reading.action.empty();
  for (const auto& [operation, count] : operations) {
    if (!operation.empty() && count > 1) reading.doubled.push_back("operation " + operation);
  }
  for (const char* sign : {"📚", "🧠", "✅", "📝"}) {
    if (kinds[sign] > 1) reading.doubled.push_back(std::string("comment ") + sign);
  }
  return reading;
}

}  // namespace chaos
