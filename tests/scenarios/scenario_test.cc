// Plays every .txt file of this folder through the state chart. The form of a scenario: README.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "incident/event_codec.h"
#include "tests/support/print.h"

using namespace incident;

namespace {

struct Line {
  std::string where;  // "crash.txt:3"
  Event event;
  std::string state;
  std::vector<std::string> checks;
};

// The role that may write the event, so that a scenario cannot tell an impossible story.
Role owner_of(const Payload& what) {
  for (const Role role : {Role::scout, Role::memory, Role::brain, Role::fixer, Role::scribe}) {
    if (may_write(role, what)) return role;
  }
  return Role::person;
}

std::string first_word(std::string_view& text) {
  text = base::trim(text);
  const auto end = std::min(text.find(' '), text.size());
  std::string word(text.substr(0, end));
  text.remove_prefix(end);
  return word;
}

// Reads "<time> [<incident>] <event> [<payload>] -> <state>[; <check>]...".
base::Result<Line> parse(std::string where, std::string_view text, std::size_t number) {
  const auto wrong = [&](const std::string& what) {
    return base::Error{base::ErrorCode::invalid, where + ": " + what};
  };
  const auto arrow = text.rfind(" -> ");
  if (arrow == std::string_view::npos) return wrong("no \" -> \"");
  std::string_view left = text.substr(0, arrow), right = text.substr(arrow + 4);
  Line line;
  const auto time = first_word(left);
  const auto since = base::parse_duration(time);
  if (!since && time != "0ms") return wrong("\"" + time + "\" is not a time");
  std::string name = first_word(left);
  line.event.incident = 1;
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    line.event.incident = std::stoll(name);
    name = first_word(left);
  }
  const auto payload = base::trim(left);
  auto what = decode(name, payload.empty() ? "{}" : payload);
  if (!what) return wrong(what.error().message);
  line.event.id = "E" + std::to_string(number);
  line.event.what = *what;
  line.event.role = owner_of(line.event.what);
  const auto ms = base::to_ms(since.value_or(base::Duration(0)));
  line.event.at = base::wall_from_ms(1'795'182'756'000 + ms);
  line.event.boot = base::instant_from_ms(10'000 + ms);
  bool first = true;
  for (const auto part : base::split(right, ';')) {
    if (first)
      line.state = base::trim(part);
    else
      line.checks.emplace_back(base::trim(part));
    first = false;
  }
  line.where = std::move(where);
  return line;
}

// "decide, call_person", in the order of the enum; "nothing" for none.
std::string names(std::vector<Command> commands) {
  std::sort(commands.begin(), commands.end());
  std::string text;
  for (const Command command : commands)
    text += (text.empty() ? "" : ", ") + std::string(to_string(command));
  return text.empty() ? "nothing" : text;
}

void check_stop(const Book& book, const std::string& check) {
  if (check == "stopped")
    CHECK(book.stop().has_value());
  else if (check == "running")
    CHECK_FALSE(book.stop().has_value());
  else
    FAIL_CHECK("unknown check of a stop: " << check);
}

void check(const Step& step, const Event& event, const std::string& text) {
  std::string_view rest = text;
  const auto word = first_word(rest);
  const std::string wanted(base::trim(rest));
  if (word == "due")
    CHECK(names(due(step.incident)) == wanted);
  else if (word == "newly")
    CHECK(names(step.commands) == wanted);
  else if (word == "changed")
    CHECK(step.changed);
  else if (word == "unchanged")
    CHECK_FALSE(step.changed);
  else if (word == "reason")
    CHECK_MESSAGE(step.reason.find(wanted) != std::string::npos, "the reason is: ", step.reason);
  else if (word == "phase") {
    const auto found = step.incident.reached.find(wanted);
    const bool now = found != step.incident.reached.end() && found->second.boot == event.boot;
    CHECK_MESSAGE(now, "phase not reached now: ", wanted);
  } else {
    FAIL_CHECK("unknown check: " << text);
  }
}

std::vector<Line> read_scenario(const std::filesystem::path& path) {
  std::vector<Line> lines;
  std::ifstream file(path);
  REQUIRE(file.good());
  std::string text;
  for (std::size_t number = 1; std::getline(file, text); ++number) {
    if (base::trim(text).empty() || text[0] == '#') continue;
    auto line = parse(path.filename().string() + ":" + std::to_string(number), text, number);
    if (!line)
      FAIL_CHECK(line.error().message);
    else
      lines.push_back(line.value());
  }
  REQUIRE_FALSE(lines.empty());
  return lines;
}

std::string fold(const std::vector<Line>& lines) {
  Book book;
  for (const auto& line : lines) book.absorb(line.event);
  std::string text;
  for (const auto& [id, entry] : book.entries()) text += canonical(entry.incident) + "\n";
  return text;
}

void play(const std::filesystem::path& path) {
  const auto lines = read_scenario(path);
  Book book;
  for (const auto& line : lines) {
    INFO(line.where);
    const Step step = book.absorb(line.event);
    if (line.event.incident == 0) {
      for (const auto& text : line.checks) check_stop(book, text);
      continue;
    }
    CHECK(to_string(step.incident.state) == line.state);
    for (const auto& text : line.checks) check(step, line.event, text);
  }
  CHECK(fold(lines) == fold(lines));
}

}  // namespace

TEST_CASE("scenarios: each goes as it is written") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SRE_SCENARIOS)) {
    const auto& path = entry.path();
    if (path.extension() == ".txt" && path.stem() != "CMakeLists") files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  CHECK(files.size() >= 13);
  for (const auto& file : files) {
    INFO(file.filename().string());
    play(file);
  }
}

TEST_CASE("scenarios: a wrong line is told with file and number") {
  const auto error = [](std::string_view text) {
    const auto line = parse("x.txt:7", text, 7);
    return line.ok() ? std::string() : line.error().message;
  };
  CHECK(error("0ms incident.opened {} -> open").empty());
  CHECK(error("0ms incident.opened {}").find("x.txt:7") == 0);
  CHECK(error("soon incident.opened {} -> open").find("soon") != std::string::npos);
  CHECK(error("0ms incident.begun {} -> open").find("incident.begun") != std::string::npos);
  CHECK(error("0ms incident.opened {\"severity\":7} -> open").find("severity") !=
        std::string::npos);
}
