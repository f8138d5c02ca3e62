#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "agents/scribe/markdown.h"
#include "agents/scribe/markers.h"
#include "agents/scribe/thread.h"
#include "tests/support/print.h"
#include "tests/unit/scribe_hostile.h"
#include "tests/unit/scribe_reader.h"

namespace {

using namespace incident;
using namespace scribe_test;

// A book that is told events in order, 100 ms apart unless said otherwise.
class Story {
 public:
  Story& tell(IncidentId id, Payload what, std::int64_t after_ms = 100) {
    ms_ += after_ms;
    Event event;
    event.id = std::to_string(++count_);
    event.incident = id;
    event.at = base::wall_from_ms(kStart + ms_);
    event.boot = base::instant_from_ms(50'000 + ms_);
    event.what = std::move(what);
    book.absorb(event);
    return *this;
  }
  scribe::Thread thread(IncidentId id = 1) const {
    return scribe::project(book.entries().at(id), book, {});
  }

  Book book;

 private:
  std::int64_t ms_ = 0;
  int count_ = 0;
};

Evidence logs(std::vector<std::string> lines) {
  return {"E1", "log", "the last lines", std::move(lines)};
}

Story healed() {
  Story story;
  story.tell(1, IncidentOpened{oom_signal(), Severity::high, "policy-service/died", ""})
      .tell(1,
            MemoryRecalled{
                {{7, 12, "policy-service", "oom", "restart", true, 0.98}}, "restart", 1, 1},
            5)
      .tell(1, EvidenceCollected{{logs({"allocating 10 MB", "Killed"})}}, 5)
      .tell(1, oom_diagnosis(), 1)
      .tell(1, restart_plan(), 1)
      .tell(1, IssueOpened{13, "http://forge/13"}, 1)
      .tell(1,
            ActionIntended{"OP",
                           "a1b2c3d4",
                           1,
                           Action::restart,
                           "policy-service",
                           std::string(64, 'a'),
                           "before",
                           {}},
            5)
      .tell(1, ActionDone{"OP", "after", false}, 200)
      .tell(1,
            VerificationAsked{"OP", "policy-service", base::wall_from_ms(kStart),
                              std::chrono::seconds(5)},
            1)
      .tell(1, VerificationTried{"OP", 1, true, 4, "200"}, 30)
      .tell(1, VerificationPassed{"OP", 20, 31, "20 of 20"}, 5000)
      .tell(1, IncidentResolved{"OP", "restart", true}, 1)
      .tell(1, PostmortemWritten{"## What happened\n\nIt ran out of memory."}, 10);
  return story;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const scribe::Comment& comment(const scribe::Thread& thread, const std::string& key) {
  for (const auto& one : thread.comments) {
    if (one.key == key) return one;
  }
  FAIL("no comment " << key);
  return thread.comments.front();
}

std::vector<std::string> keys(const scribe::Thread& thread) {
  std::vector<std::string> all;
  for (const auto& one : thread.comments) all.push_back(one.key);
  return all;
}

TEST_CASE("thread: a healed out-of-memory incident") {
  const auto thread = healed().thread();
  CHECK(thread.wanted);
  CHECK(thread.title ==
        "[INCIDENT] policy-service: ran out of memory and was killed (exit code 137)");
  CHECK(thread.closed);
  CHECK(thread.state_reason == "completed");
  CHECK(keys(thread) == std::vector<std::string>{"memory:1", "diagnosis:1", "action:1",
                                                 "verification:1", "postmortem:1"});
  CHECK(thread.labels == std::vector<std::string>{"incident", "service: policy-service",
                                                  "severity: high", "Status: AI-Resolved",
                                                  "class: oom"});
  CHECK(has(comment(thread, "memory:1").body, "Seen before, issue #12, restart worked 1 of 1"));
  CHECK(has(comment(thread, "memory:1").body, "0.98"));
  const auto& diagnosis = comment(thread, "diagnosis:1").body;
  CHECK(has(diagnosis, "🧠 **Brain diagnosis**"));
  CHECK(has(diagnosis, "1. `memory limit` → `policy-service` (E1)"));
  CHECK(has(diagnosis, "```text\nallocating 10 MB\nKilled\n```"));
  CHECK(diagnosis.ends_with("\nMITIGATION: RESTART policy-service\n"));
  const auto& action = comment(thread, "action:1").body;
  CHECK(has(action, "restart of `policy-service`: **done**"));
  CHECK(has(action, "| StartedAt before | `before` |\n| StartedAt after | `after` |"));
  CHECK(has(action, "| Outcome | proven by the probes |"));
  CHECK(has(comment(thread, "verification:1").body,
            "| Probes | 20 |\n| Worst latency | 31 ms |\n| Soak | 5s |"));
  CHECK(has(comment(thread, "postmortem:1").body, "## What happened"));
}

TEST_CASE("thread: the card's timeline counts from the fault, on the boot clock") {
  auto story = healed();
  story.tell(1, MemoryIndexed{"oom", "restart", true}).tell(1, IncidentClosed{"resolved"});
  const auto thread = story.thread();
  const auto& card = thread.body;
  CHECK(has(
      card,
      "| phase | at | ms since fault |\n|---|---|---|\n| fault | 2026-11-20T13:52:36.078Z | 0 |\n"
      "| detected | 2026-11-20T13:52:36.100Z | 22 |\n"));
  CHECK(has(card,
            "| diagnosed | 2026-11-20T13:52:36.111Z | 33 |\n| planned | 2026-11-20T13:52:36.112Z | "
            "34 |\n"));
  CHECK(has(card, "| acted | 2026-11-20T13:52:36.318Z | 240 |\n"));
  CHECK(has(card, "| healthy | 2026-11-20T13:52:36.349Z | 271 |\n"));
  CHECK(has(card, "| resolved |"));
  CHECK(has(card, "| closed |"));
  CHECK(has(card, "| State | `closed` |"));
  CHECK(has(card, "| Diagnosis | `oom` of `policy-service`, confidence 0.97, rule `oom_killed` |"));
  CHECK(has(card, "`sre-space stop`"));
  CHECK(has(card, "`sre:stop`"));
  CHECK(thread.closed);
  CHECK(thread.state_reason == "completed");
  CHECK(std::count(thread.labels.begin(), thread.labels.end(), "Learning: Indexed") == 1);
}

TEST_CASE("thread: exactly one status, by state") {
  const auto status = [](const Story& story) {
    std::string found;
    for (const auto& label : story.thread().labels) {
      if (label.starts_with("Status: ")) found += label.substr(8) + ";";
    }
    return found;
  };
  const auto opened = IncidentOpened{oom_signal(), Severity::high, "f", ""};
  const auto intended =
      ActionIntended{"OP", "a1b2c3d4", 1, Action::restart, "policy-service", "", "", {}};
  const auto asked = VerificationAsked{"OP", "policy-service", {}, std::chrono::seconds(5)};
  CHECK(status(Story().tell(1, opened)) == "Detected;");
  CHECK(status(Story().tell(1, opened).tell(1, oom_diagnosis())) == "Diagnosed;");
  Story story;
  CHECK(status(story.tell(1, opened).tell(1, oom_diagnosis()).tell(1, restart_plan())) ==
        "Diagnosed;");
  CHECK(status(Story(story).tell(1, ApprovalAsked{"a1b2c3d4", {}})) == "Awaiting-Approval;");
  CHECK(status(Story(story).tell(1, Escalated{"person", "budget"})) == "Needs-Human;");
  CHECK(status(Story(story).tell(1, SelfHealed{"gone"})) == "Fixed;");
  CHECK(status(Story(story).tell(1, StoodDown{"stop", "ada"})) == "Diagnosed;");
  CHECK(status(story.tell(1, intended)) == "Fixing;");
  CHECK(status(story.tell(1, ActionDone{"OP", "x", false}).tell(1, asked)) == "Fixed;");
  CHECK(status(Story(story).tell(1, VerificationFailed{"OP", "bad"})) == "Fixing;");
  CHECK(status(story.tell(1, VerificationPassed{"OP", 10, 1, ""})) == "AI-Resolved;");
}

TEST_CASE("thread: who gets an issue") {
  const auto opened = IncidentOpened{oom_signal(), Severity::high, "f", ""};
  const auto wanted = [&](Payload end) {
    return Story().tell(1, opened).tell(1, std::move(end)).thread().wanted;
  };
  CHECK(Story().tell(1, opened).thread().wanted);
  CHECK(wanted(SelfHealed{"gone"}));
  CHECK(wanted(Escalated{"person", "budget"}));
  CHECK_FALSE(wanted(StoodDown{"docker stop", "a person"}));
  CHECK_FALSE(wanted(IncidentJoined{2, "user-service is down"}));
  CHECK(Story()
            .tell(1, opened)
            .tell(1, IssueOpened{4, ""})
            .tell(1, StoodDown{"x", "y"})
            .thread()
            .wanted);
  CHECK_FALSE(Story()
                  .tell(1, opened)
                  .tell(1, StoodDown{"x", "y"})
                  .tell(1, IncidentClosed{"x"})
                  .thread()
                  .wanted);
}

TEST_CASE("thread: later events edit their comment instead of adding one") {
  const auto opened = IncidentOpened{oom_signal(), Severity::high, "f", ""};
  Story story;
  story.tell(1, opened).tell(1, oom_diagnosis());
  CHECK_FALSE(
      has(comment(story.thread(), "diagnosis:1").body, "MITIGATION"));  // There is no plan yet.
  story.tell(1, EvidenceCollected{{logs({"late"})}}).tell(1, restart_plan());
  CHECK(has(comment(story.thread(), "diagnosis:1").body, "late"));
  CHECK(has(comment(story.thread(), "diagnosis:1").body, "MITIGATION: RESTART policy-service"));
  story.tell(1, PlanRefused{"a1b2c3d4", "cooldown", "3 of 10 min", true})
      .tell(1, oom_diagnosis())
      .tell(1, restart_plan());
  story.tell(1, PlanRefused{"a1b2c3d4", "cooldown", "5 of 10 min", true});
  CHECK(keys(story.thread()) == std::vector<std::string>{"diagnosis:1", "refused:cooldown"});
  CHECK(has(comment(story.thread(), "refused:cooldown").body, "Refused 2 times"));
  auto other = oom_diagnosis();
  other.failure = FailureClass::crash_loop;
  story.tell(1, other);
  CHECK(keys(story.thread()).back() == "diagnosis:2");
}

TEST_CASE("thread: a wish says what is wanted and by whom, and nothing of a sickness") {
  IncidentOpened opened;
  opened.signal.kind = SignalKind::asked;
  opened.signal.service = "shop";
  opened.signal.asked = "/scale shop 3";
  opened.signal.asked_by = "console";
  opened.severity = Severity::low;
  MenuEntry entry;
  entry.action = Action::scale_up;
  entry.service = "shop";
  entry.container = std::string(64, 'c');
  entry.change = {"replicas", 0, 3};
  Story story;
  story.tell(1, opened).tell(1, PlanMade{"feedbeef", 1, {}, {entry}, "console"});
  CHECK(story.thread().title == "[REQUEST] shop: scaling to 3 replicas");
  CHECK(story.thread().wanted);
  REQUIRE(story.thread().comments.size() == 1);
  const auto said = story.thread().comments[0].body;
  CHECK(said.find("**Scaling asked** by `console`, `/scale shop 3`") != std::string::npos);
  CHECK(said.find("brings `shop` from 0 to 3 replicas") != std::string::npos);
  CHECK(story.thread().body.find("Asked by") != std::string::npos);
  for (const char* sick : {"Symptom", "Diagnosis", "Detected"})
    CHECK_MESSAGE(story.thread().body.find(sick) == std::string::npos, sick);
  auto refused = story;
  refused.tell(1, StoodDown{"The guard cooldown refuses to act: 2s of 30s", "fixer"});
  CHECK_FALSE(refused.thread().wanted);  // Who asked was told.
  ActionIntended intent{"OP", "feedbeef", 1, Action::scale_up, "shop", entry.container, "", {}};
  intent.change = entry.change;
  story.tell(1, intent)
      .tell(1, ActionDone{"OP", "t", false})
      .tell(1, VerificationAsked{"OP", "shop", {}, std::chrono::seconds(5)})
      .tell(1, VerificationPassed{"OP", 12, 3, ""})
      .tell(1, IncidentResolved{"OP", "scale_up", true});
  CHECK(story.thread().body.find("**Done**") != std::string::npos);
  CHECK(story.thread().closed);
  CHECK(story.thread().state_reason == "completed");
}

TEST_CASE("thread: what a plan without an action says") {
  const auto opened = IncidentOpened{oom_signal(), Severity::high, "f", ""};
  auto plan = restart_plan();
  plan.menu.front().action = Action::noop;
  CHECK(has(comment(Story().tell(1, opened).tell(1, oom_diagnosis()).tell(1, plan).thread(),
                    "diagnosis:1")
                .body,
            "\nMITIGATION: NONE\n"));
  plan.menu.clear();
  CHECK(has(comment(Story().tell(1, opened).tell(1, oom_diagnosis()).tell(1, plan).thread(),
                    "diagnosis:1")
                .body,
            "\nMITIGATION: NONE\n"));
}

TEST_CASE("thread: approval, escalation, unknown outcome") {
  const auto opened = IncidentOpened{oom_signal(), Severity::high, "f", ""};
  Story story;
  story.tell(1, opened)
      .tell(1, oom_diagnosis())
      .tell(1, restart_plan())
      .tell(1, ApprovalAsked{"a1b2c3d4", {}});
  CHECK(has(comment(story.thread(), "approval:a1b2c3d4").body, "/approve a1b2c3d4\n"));
  story.tell(1, ApprovalGiven{"a1b2c3d4", "ada"});
  CHECK(has(comment(story.thread(), "approval:a1b2c3d4").body, "Approved by `ada`"));
  story.tell(1, ActionIntended{"OP", "a1b2c3d4", 1, Action::restart, "policy-service", "", "", {}});
  CHECK(has(comment(story.thread(), "action:1").body, "**intended**"));
  story.tell(1, ActionUnknown{"OP", "no answer"});
  CHECK(has(comment(story.thread(), "action:1").body, "**unknown**"));
  story.tell(1, Escalated{"on-call", "budget spent"});
  CHECK(has(comment(story.thread(), "escalation:1").body, "🙋"));
  CHECK_FALSE(story.thread().closed);
}

TEST_CASE("thread: a joined incident is told on its root's thread") {
  Story story;
  story.tell(1, IncidentOpened{oom_signal("user-service"), Severity::high, "u", ""})
      .tell(1, IssueOpened{5, ""});
  story.tell(2, IncidentOpened{oom_signal("policy-service"), Severity::high, "p", ""});
  auto down = oom_diagnosis();
  down.failure = FailureClass::dependency_down;
  down.culprit = "user-service";
  story.tell(2, down).tell(2, IncidentJoined{1, "user-service is down"});
  CHECK(has(comment(story.thread(1), "joins:1").body,
            "- incident 2: `policy-service`, `dependency_down` with culprit `user-service`"));
  CHECK_FALSE(story.thread(2).wanted);
  CHECK(has(comment(story.thread(2), "joined:1").body, "issue #5"));
}

TEST_CASE("thread: nothing outgrows GitHub") {
  auto signal = oom_signal(std::string(300, 'x'));
  signal.detail = std::string(100'000, 'd');
  Story story;
  story.tell(1, IncidentOpened{signal, Severity::high, "f", ""});
  std::vector<Evidence> evidence;
  for (int i = 0; i < 20; ++i)
    evidence.push_back(logs(std::vector<std::string>(500, std::string(2000, '`'))));
  auto made = oom_diagnosis();
  made.explanation = std::string(100'000, '@');
  made.ruled_out.assign(500, std::string(1000, '*'));
  auto plan = restart_plan();
  plan.menu.assign(500, plan.menu.front());
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += i % 7 == 0 ? "```\n" : "line <b> @you\n";
  story.tell(1, EvidenceCollected{evidence})
      .tell(1, made)
      .tell(1, plan)
      .tell(1, PostmortemWritten{text});
  const auto thread = story.thread();
  CHECK(thread.title.size() <= 256);
  CHECK(thread.body.size() < 65'000);
  for (const auto& label : thread.labels) CHECK(label.size() <= 50);
  for (const auto& one : thread.comments) {
    CAPTURE(one.key);
    CHECK(one.body.size() < 65'000);
  }
  CHECK(comment(thread, "diagnosis:1").body.find("MITIGATION: RESTART policy-service") !=
        std::string::npos);
}

TEST_CASE("markers: one line, 85 bytes for an issue, only found as a line of their own") {
  const scribe::Mark mark{"01JD4Q3Z9M8YX6W5V4T3S2R1Q0", true, 7, "issue"};
  const auto line = scribe::marker(mark, "secret");
  CHECK(line.size() == 85);
  CHECK(line.starts_with("<!-- sre op=01JD4Q3Z9M8YX6W5V4T3S2R1Q0 k=issue h="));
  CHECK(scribe::marker(mark, "another") != line);
  CHECK(scribe::marker({mark.op, true, 8, "issue"}, "secret") != line);
  CHECK(scribe::has_marker(line + "\nbody", line));
  CHECK(scribe::has_marker(line + "\r\nbody", line));
  CHECK(scribe::has_marker(line, line));
  CHECK_FALSE(scribe::has_marker(" " + line + "\nbody", line));
  CHECK_FALSE(scribe::has_marker(line + "x\nbody", line));
  CHECK_FALSE(scribe::has_marker("> " + line, line));
}

TEST_CASE("thread: foreign text stays text, wherever it comes from") {
  REQUIRE(hostile().size() >= 300);
  for (const auto& text : hostile()) {
    CAPTURE(text);
    Story story;
    for (auto& [id, what] : told_by_an_enemy(text)) story.tell(id, std::move(what));
    for (const IncidentId id : {1, 2, 3, 4}) {
      const auto thread = story.thread(id);
      CHECK(harm_in(render(thread.body)) == "");
      CHECK(thread.title.find('\n') == std::string::npos);
      CHECK(harm_in(thread.title.find('<') == std::string::npos ? thread.title : "") == "");
      for (const auto& one : thread.comments) {
        CAPTURE(one.key);
        const std::string harm = harm_in(render(one.body));
        CHECK(harm == "");
        if (!harm.empty()) MESSAGE(one.body);
      }
    }
  }
}

TEST_CASE("the check for harm finds harm") {
  for (const char* text : {"@octocat", "fixes #1", "<img src=x>", "![x](http://evil.test/a.png)",
                           "[x](http://evil.test)", "www.evil.test", "a `b` @octocat", "GH-7"}) {
    CAPTURE(text);
    CHECK(harm_in(render(text)) != "");
  }
  CHECK(harm_in(render("`@octocat` ![x] **b**")) == "");
}

TEST_CASE("markdown: fences and spans are longer than what is in them") {
  CHECK(scribe::code("a`b") == "``a`b``");
  CHECK(scribe::code("`") == "`` ` ``");
  CHECK(scribe::code("  ") == "–");
  CHECK(scribe::code("a|b") == "`a¦b`");
  CHECK(scribe::name("policy_service-2.a") == "policy_service-2.a");
  CHECK(scribe::name("_x_") == "\\_x\\_");
  CHECK(scribe::fenced({"```", "x"}) == "````text\n```\nx\n````\n");
  CHECK(scribe::fenced({}).empty());
  CHECK(scribe::fenced({"1", "2", "3"}, 2) == "```text\n1\n2\n… 1 more lines\n```\n");
  CHECK(scribe::safe_markdown("# A\n\n- b `c`\n\n```\n<x>\n", 1000) ==
        "# A\n\n- b `c`\n\n```\n<x>\n\n```\n");
}

}  // namespace
