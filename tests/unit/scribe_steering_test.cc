// What people may say on an incident's issue, who may, and that it counts once.
#include <array>

#include "agents/scribe/steering.h"
#include "tests/unit/scribe_steered.h"

using namespace scribe_test;
using scribe::Verb;

namespace {

struct Identity {
  const char* login;
  Right right;
  bool is_bot = false;   // By GitHub's word on the comment.
  bool is_heard = true;  // At all.
};
constexpr std::array<Identity, 12> kIdentities{{
    {"root", Right::admin},
    {"alice", Right::maintain},
    {"bob", Right::write},
    {"carol", Right::triage},
    {"dave", Right::read},
    {"eve", Right::none},
    {"nobody-of-that-name", Right::none},
    {"Alice", Right::none},  // Another login than alice.
    {"", Right::none},       // A deleted account.
    {"helper", Right::admin, true, false},
    {"helper[bot]", Right::admin, true, false},
    {"sre-space-bot", Right::admin, false, false},  // Ourselves.
}};

struct Line {
  Verb verb;
  const char* text;
};
constexpr std::array<Line, 9> kLines{{{Verb::approve, "/approve a1b2c3d4"},
                                      {Verb::hold, "/hold"},
                                      {Verb::resume, "/resume"},
                                      {Verb::restart, "/restart policy"},
                                      {Verb::rollback, "/rollback"},
                                      {Verb::escalate, "/escalate"},
                                      {Verb::why, "/why"},
                                      {Verb::dry_run, "/dry-run"},
                                      {Verb::close, "/close"}}};

}  // namespace

TEST_CASE("commands: the first line alone, outside quotes and code") {
  const auto verb = [](std::string_view body) { return scribe::parse_command(body).has_value(); };
  CHECK(scribe::parse_command("/approve a1b2c3d4")->argument == "a1b2c3d4");
  CHECK(scribe::parse_command("/approve \t a1b2c3d4  \r\nthanks")->argument == "a1b2c3d4");
  CHECK(scribe::parse_command("/approve a1b2c3d4 e5f6a7b8")->argument.empty());
  CHECK(scribe::parse_command("/approve")->argument.empty());
  CHECK(scribe::parse_command("/hold, please") == std::nullopt);
  CHECK(scribe::parse_command("/hold it looks odd")->verb == Verb::hold);
  CHECK(scribe::parse_command("/hold it looks odd")->line == "/hold it looks odd");
  CHECK(scribe::parse_command("/why " + std::string(500, 'x'))->line.size() == 120);
  for (const auto& line : kLines) CHECK(scribe::parse_command(line.text)->verb == line.verb);
  for (const char* not_one : {"",
                              "/",
                              "/ hold",
                              "//hold",
                              "hold",
                              " /hold",
                              "\t/hold",
                              "    /hold",
                              "\n/hold",
                              "> /hold",
                              "`/hold`",
                              "```\n/hold\n```",
                              "~~~\n/hold",
                              "<!-- /hold -->",
                              "<b>/hold</b>",
                              "/HOLD",
                              "/Hold",
                              "/holding",
                              "- /hold",
                              "1. /hold",
                              "please /hold",
                              "/hold\u200b",
                              "\u200b/hold",
                              "/h\u043eld",
                              "\xEF\xBB\xBF/hold",
                              "\\/hold",
                              "/approve\u00a0a1b2c3d4",
                              "/unknown",
                              "/tmp/hold",
                              "**/hold**"}) {
    CAPTURE(not_one);
    CHECK_FALSE(verb(not_one));
  }
}

TEST_CASE("steering: 12 identities by 9 commands") {
  for (const auto& who : kIdentities) {
    for (const auto& line : kLines) {
      CAPTURE(who.login);
      CAPTURE(line.text);
      Steered world;
      await_approval(world);
      if (line.verb == Verb::resume) world.tell(1, OperatorCommanded{"/hold", "root"});
      const int before = world.count<OperatorCommanded>();
      world.github.say(who.login, 1, line.text, who.is_bot);
      world.settle(6s);
      const bool may = who.is_heard && who.right >= scribe::needed_right(line.verb);
      const bool begins_hold = line.verb == Verb::hold || line.verb == Verb::dry_run;
      const bool holds = begins_hold ? may : line.verb == Verb::resume && !may;
      const auto& after = world.incident(1);
      CHECK(after.dry_run == (may && line.verb == Verb::dry_run));
      CHECK(after.preview_asked_by == (may && line.verb == Verb::dry_run ? who.login : ""));
      CHECK(after.escalation_asked_by == (may && line.verb == Verb::escalate ? who.login : ""));
      CHECK(after.action_asked.has_value() == (may && line.verb == Verb::restart));
      const bool declined = line.verb == Verb::rollback;  // Nothing was done that could be.
      CHECK(world.count<ApprovalGiven>() == (may && line.verb == Verb::approve ? 1 : 0));
      CHECK(world.count<StoodDown>() == (may && line.verb == Verb::close ? 1 : 0));
      CHECK(world.incident(1).held_by.empty() == !holds);
      CHECK(world.count<OperatorCommanded>() - before == (who.is_heard ? 1 : 0));
      CHECK(world.answers("💬 **Not done**") == (who.is_heard && (!may || declined) ? 1 : 0));
      const State state = !may                         ? State::awaiting_approval
                          : line.verb == Verb::approve ? State::planned
                          : line.verb == Verb::close   ? State::closed
                                                       : State::awaiting_approval;
      CHECK(world.incident(1).state == state);
      CHECK((world.issues()[0].state == "closed") == (state == State::closed));
    }
  }
}

TEST_CASE("steering: the answers say what people asked for") {
  Steered world;
  await_approval(world);
  for (const char* line :
       {"/why", "/hold", "/resume", "/rollback", "/escalate", "/restart policy", "/dry-run"})
    world.github.say("alice", 1, line);
  world.settle(6s);
  std::string all;
  for (const auto& comment : world.thread()) all += comment.body;
  for (const char* words : {"🧠 **Why**", "OOMKilled is true", "✋ **Held** by `alice`",
                            "▶️ **Resumed** by `alice`", "no action was carried out",
                            "🔁 **Restart asked** by `alice`, `/restart policy`",
                            "🧪 **Dry run**, asked by `alice`"}) {
    CAPTURE(words);
    CHECK(all.find(words) != std::string::npos);
  }
  CHECK(world.incident(1).held_by == "alice");  // In the order of the comments.
  CHECK(world.incident(1).dry_run);
  CHECK(world.incident(1).escalation_asked_by == "alice");
  REQUIRE(world.incident(1).action_asked);
  CHECK(world.incident(1).action_asked->service == "policy");
  CHECK(world.incident(1).state == State::awaiting_approval);
  const int writes = world.github.writes();
  world.restart();
  world.settle(30s);
  CHECK(world.github.writes() == writes);
}

TEST_CASE("steering: what is no command of that person changes nothing") {
  Steered world;
  await_approval(world);
  const auto edited = world.github.say("alice", 1, "/hold");
  world.clock.advance(1ms);
  world.github.rewrite(edited, "/hold now");
  const auto late = world.github.say("alice", 1, "Nice weather.");
  world.clock.advance(1ms);
  world.github.rewrite(late, "/close");
  const auto withdrawn = world.github.say("alice", 1, "/close");
  world.github.delete_comment(withdrawn);
  world.github.say("alice", 1, "> /close\n\nno");
  world.github.say("alice", 1, "```\n/close\n```");
  world.settle(5s);
  CHECK(world.count<OperatorCommanded>() == 0);
  const auto swapped = world.github.say("alice", 1, "/why");
  world.clock.advance(1ms);
  world.github.rewrite(swapped, "/approve a1b2c3d4");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 0);
  CHECK(world.answers("💬 **Not done**") == 1);  // An edited approval is told why.
  CHECK(world.incident(1).state == State::awaiting_approval);
}

TEST_CASE("steering: whoever may not is told once, however often they ask, and for good") {
  Steered world;
  await_approval(world);
  for (int i = 0; i < 30; ++i) {
    world.github.say("dave", 1, "/approve a1b2c3d4");
    world.settle(2s);
  }
  CHECK(world.answers("💬 **Not done**") == 1);
  CHECK(world.count<OperatorCommanded>() == 1);
  for (int i = 0; i < 40; ++i) world.github.say("dave" + std::to_string(i), 1, "/close");
  world.settle(20s);
  CHECK(world.answers("💬 **Not done**") == 10);
  CHECK(world.count<OperatorCommanded>() == 10);
  CHECK(world.incident(1).state == State::awaiting_approval);
}

TEST_CASE("steering: a command refused stays refused when its author rises") {
  Steered world;
  await_approval(world);
  world.github.say("dave", 1, "/approve a1b2c3d4");
  world.settle(5s);
  world.github.set_right("dave", Right::admin);
  world.restart();
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 0);
  world.github.say("dave", 1, "/approve a1b2c3d4");  // Said anew, it counts.
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
}

TEST_CASE("steering: an approval counts once, for the plan that waits, in time") {
  Steered world;
  await_approval(world);
  world.github.say("alice", 1, "/approve 99999999");
  world.github.say("alice", 1, "/approve");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 0);
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.github.say("root", 1, "/approve a1b2c3d4");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
  CHECK(world.incident(1).approval->by == "alice");
  world.restart();
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
  world.tell(1, plan_of("e5f6a7b8"));  // The old words do not approve the new plan.
  world.tell(1, ApprovalAsked{"e5f6a7b8", world.clock.now().wall + 30min});
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
  world.clock.advance(31min);
  world.github.say("alice", 1, "/approve e5f6a7b8");
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 1);
}

TEST_CASE("steering: a crash anywhere leaves each command counted once") {
  for (const auto kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    for (int nth = 1; nth <= 8; ++nth) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(nth);
      Steered world;
      await_approval(world);
      world.github.say("carol", 1, "/why");
      world.github.say("alice", 1, "/hold");
      world.github.say("alice", 1, "/approve a1b2c3d4");
      world.crash_at(kind, nth);
      world.settle(20s);
      CHECK(world.count<OperatorCommanded>() == 3);
      CHECK(world.count<ApprovalGiven>() == 1);
      CHECK(world.incident(1).held_by == "alice");
      CHECK(world.answers("🧠 **Why**") == 1);
      CHECK(world.answers("✋ **Held**") == 1);
    }
  }
}

TEST_CASE("steering: GitHub away for hours loses no hold, and nothing stale comes alive") {
  Steered world;
  await_approval(world);
  world.github.set_down(true);
  world.settle(3s);
  world.github.say("carol", 1, "/hold");
  world.github.say("carol", 1, "/close");
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.clock.advance(4h);
  world.github.set_down(false);
  world.settle(40s);
  CHECK(world.incident(1).held_by == "carol");
  CHECK(world.count<StoodDown>() == 0);
  CHECK(world.count<ApprovalGiven>() == 0);
}

TEST_CASE("steering: closing by hand stands the incident down, reopening resumes it") {
  Steered world;
  await_approval(world);
  world.github.set_closed("stale[bot]", 1, true, true);  // No person.
  world.settle(5s);
  CHECK(world.incident(1).state == State::awaiting_approval);
  world.github.set_closed("carol", 1, false);
  world.settle(5s);
  CHECK(world.incident(1).state == State::awaiting_approval);
  world.github.set_closed("carol", 1, true);
  world.settle(8s);
  CHECK(world.count<StoodDown>() == 1);
  CHECK(world.incident(1).state == State::closed);
  CHECK(world.issues()[0].state_reason == "not_planned");
  world.restart();
  world.settle(8s);
  CHECK(world.count<IncidentReopened>() == 0);  // Our own closing is nobody's will.
  for (int life = 1; life <= 2; ++life) {
    world.clock.advance(1s);
    world.github.set_closed("alice", 1, false);
    world.settle(8s);
    CHECK(world.count<IncidentReopened>() == life);
    CHECK(world.incident(1).state == State::diagnosing);
    CHECK(world.issues()[0].state == "open");
    world.clock.advance(1s);
    world.github.say("alice", 1, "/close");
    world.settle(8s);
    CHECK(world.incident(1).state == State::closed);
    CHECK(world.issues()[0].state == "closed");
    world.restart();
  }
}

TEST_CASE("steering: lists that lag and a Scribe that restarts give the same end") {
  Steered world;
  await_approval(world);
  world.github.set_list_lag(20s);
  world.github.say("alice", 1, "/hold");
  world.settle(10s);
  CHECK(world.incident(1).held_by.empty());
  world.restart();
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.settle(30s);
  CHECK(world.incident(1).held_by == "alice");
  CHECK(world.count<ApprovalGiven>() == 1);
}

// Whatever is said in whatever order: each approval in the ledger has its one good comment.
TEST_CASE("steering: over histories of comments only a good approval approves") {
  const std::array<const char*, 6> logins = {"root",  "alice", "bob",
                                             "carol", "dave",  "helper[bot]"};
  const std::array<const char*, 9> forms = {"/approve %",   "/approve %",      "> /approve %",
                                            "`/approve %`", "```\n/approve %", "ok\n/approve %",
                                            "/approve %x",  " /approve %",     "/approve % %"};
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    base::SeededRandom dice(seed);
    Steered world;
    await_approval(world, "plan0000");
    struct Spoken {
      std::string by, text;
      base::WallTime at;
      bool edited = false;
    };
    std::map<std::int64_t, Spoken> spoken;
    int plans = 1;
    const auto pick = [&](std::uint64_t n) { return static_cast<std::size_t>(dice.next() % n); };
    const auto hash = [](int n) { return "plan000" + std::to_string(n % 10); };
    for (int turn = 0; turn < 12; ++turn) {
      const auto what = pick(10);
      if (what < 5) {
        const std::string by = logins[pick(logins.size())];
        std::string text = forms[pick(forms.size())];
        const std::string plan =
            hash(static_cast<int>(pick(static_cast<std::uint64_t>(plans) + 1)));
        for (auto at = text.find('%'); at != std::string::npos; at = text.find('%'))
          text.replace(at, 1, plan);
        const auto id = world.github.say(by, 1, text, by.ends_with("[bot]"));
        spoken[id] = {by, text, world.clock.now().wall};
      } else if (what == 5 && !spoken.empty()) {
        auto& [id, words] =
            *std::next(spoken.begin(), static_cast<std::ptrdiff_t>(pick(spoken.size())));
        world.clock.advance(1ms);
        words = {words.by, "/approve " + hash(plans - 1), words.at, true};
        world.github.rewrite(id, words.text);
      } else if (what == 6) {
        world.clock.advance(pick(2) == 0 ? 10min : 31min);
      } else if (what == 7 && world.incident(1).state != State::closed) {
        world.tell(1, plan_of(hash(plans)));
        world.tell(1, ApprovalAsked{hash(plans), world.clock.now().wall + 30min});
        ++plans;
      } else if (what == 8) {
        world.restart();
      } else {
        world.settle(3s);
      }
    }
    world.settle(5s);
    std::set<std::string> approved;
    world.incident(1);
    const auto& events = world.book().entries().at(1).events;
    Incident now = open(events.front()).incident;
    for (std::size_t i = 1; i < events.size(); ++i) {
      if (const auto* given = std::get_if<ApprovalGiven>(&events[i].what)) {
        CHECK(now.state == State::awaiting_approval);
        CHECK(given->plan == now.plan->hash);
        CHECK(events[i].at <= now.asked->expires);
        CHECK(approved.insert(given->plan).second);
        const auto good = std::any_of(spoken.begin(), spoken.end(), [&](const auto& one) {
          const Spoken& words = one.second;
          // Edited later than it was used is none of its business.
          return words.by == given->by && (given->by == "root" || given->by == "alice") &&
                 (words.edited || words.text == "/approve " + given->plan) &&
                 events[i].at - words.at <= 30min;
        });
        CHECK(good);
      }
      now = advance(now, events[i]).incident;
    }
    // And a good one always does.
    world.tell(1, plan_of("fresh000"));
    world.tell(1, ApprovalAsked{"fresh000", world.clock.now().wall + 30min});
    const int before = world.count<ApprovalGiven>();
    world.github.say("alice", 1, "/approve fresh000");
    world.settle(5s);
    CHECK(world.count<ApprovalGiven>() == before + 1);
  }
}

TEST_CASE("steering: at rest it asks for the same lists, and for no comments without an incident") {
  Steered world;
  world.settle(10s);
  const auto calls = world.github.calls();
  world.settle(10s);
  CHECK(world.github.calls() - calls <= 22);  // The control issue and the issues, once a second.
}
