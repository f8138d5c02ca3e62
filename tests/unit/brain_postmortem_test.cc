// The post-mortem says what the events say, no more: each time and action, no person, no foreign
// markup.
#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "agents/brain/brain.h"
#include "tests/support/print.h"

using namespace incident;
using namespace std::chrono_literals;

namespace {

MenuEntry a_restart() {
  MenuEntry entry;
  entry.action = Action::restart;
  return entry;
}

struct Story {
  Book book;
  std::vector<Event> events;
  base::WallTime now = base::wall_from_ms(1795182756000);

  void tell(base::Millis after, Role role, Payload what) {
    now += after;
    events.push_back({"e" + std::to_string(events.size()), 1, role, now,
                      base::instant_from_ms(base::to_ms(now) - 1795182000000), std::move(what)});
    book.absorb(events.back());
  }
  const Incident& incident() const { return *book.find(1); }
  std::string text() const { return brain::write_postmortem(incident()); }
};

ActionIntended intent(const std::string& op) {
  ActionIntended made;
  made.op = op;
  made.service = "policy";
  return made;
}

Story outage(const std::string& detail = "container policy-1 is not running: exit code 137",
             const std::string& error = "unavailable: no engine") {
  Story story;
  IncidentOpened opened;
  opened.signal.service = "policy";
  opened.signal.detail = detail;
  opened.signal.at = story.now - 22ms;
  story.tell(0ms, Role::scout, opened);
  DiagnosisMade made;
  made.failure = FailureClass::oom;
  made.explanation = "The kernel killed the process.";
  story.tell(21ms, Role::brain, made);
  story.tell(1ms, Role::brain, PlanMade{"p1", 1, story.now + 5min, {a_restart()}});
  story.tell(2ms, Role::fixer, ApprovalAsked{"p1", story.now + 30min});
  story.tell(3s, Role::person, ApprovalGiven{"p1", "Ada Lovelace"});
  story.tell(2ms, Role::fixer, intent("01OP1"));
  story.tell(5ms, Role::fixer, ActionFailed{"01OP1", error});
  story.tell(200ms, Role::fixer, intent("01OP2"));
  story.tell(210ms, Role::fixer, ActionDone{"01OP2", "t2", false});
  story.tell(1ms, Role::fixer, VerificationAsked{"01OP2", "policy", story.now, 5s});
  story.tell(30ms, Role::scout, VerificationTried{"01OP2", 1, true, 3, "ok"});
  story.tell(5s, Role::scout, VerificationPassed{"01OP2", 21, 14, ""});
  story.tell(1ms, Role::fixer, IncidentResolved{"01OP2", "restart", true});
  return story;
}

std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    found.insert(it->str());
  return found;
}

}  // namespace

TEST_CASE("every time in it is the fault's or an event's, and every phase is there") {
  const auto story = outage();
  std::set<std::string> known{base::format_utc(story.incident().signal.at)};
  for (const auto& event : story.events) known.insert(base::format_utc(event.at));
  const auto told = matches(story.text(), R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  CHECK(told.size() ==
        10);  // Fault, opened, diagnosed, planned, 2 x intended and ended, healthy, resolved.
  for (const auto& time : told) CHECK_MESSAGE(known.contains(time), time);
}

TEST_CASE("each line's distance from the fault agrees with its time") {
  const auto text = outage().text();
  CHECK(text.find("2026-11-20T13:52:35.978Z (+0ms) fault") != std::string::npos);
  CHECK(text.find("2026-11-20T13:52:36.000Z (+22ms) detected") != std::string::npos);
}

TEST_CASE("every operation in it is one of the record, with what came of it") {
  const auto text = outage().text();
  CHECK(matches(text, "01OP\\d") == std::set<std::string>{"01OP1", "01OP2"});
  CHECK(text.find("operation 01OP1: proven not applied") != std::string::npos);
  CHECK(text.find("operation 01OP2: the engine accepted it") != std::string::npos);
  CHECK(text.find("`restart` of policy, operation 01OP2. One operation before was proven not "
                  "applied. Proven by 21 good probes, the slowest 14 ms.") != std::string::npos);
}

TEST_CASE("nobody is named") { CHECK(outage().text().find("Ada") == std::string::npos); }

TEST_CASE("text from outside opens nothing") {
  const std::string evil =
      "x\n\n# Owned\n- [ ] task\n```sh\n<img src=x>\x1b[31m\xe2\x80\xae @all\r\nFixes #1";
  const auto text = outage(evil, evil).text();
  CHECK(text.find("\n# ") == std::string::npos);
  CHECK(text.find("\n- [") == std::string::npos);
  CHECK(text.find("```") == std::string::npos);
  CHECK(text.find('<') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK(text.find("Fixes #1") ==
        text.rfind("Fixes #1"));  // The symptom's line only, never the engine's message.
}

TEST_CASE("an incomplete record gives an incomplete text, never a wrong one") {
  Story story;
  IncidentOpened opened;
  opened.signal.service = "policy";
  story.tell(0ms, Role::scout, opened);
  const auto text = story.text();
  CHECK(text.find("**Cause.** Not known.") != std::string::npos);
  CHECK(text.find("Nothing was done") != std::string::npos);
}
