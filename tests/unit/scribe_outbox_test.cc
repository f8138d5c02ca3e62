#include <doctest/doctest.h>

#include "agents/scribe/outbox.h"

namespace {

using namespace incident;
using namespace std::chrono_literals;
using scribe::Outbox;
using scribe::Thread;

// An outbox and its clock; each write is named "<kind> <key>".
class Desk {
 public:
  Desk() {
    thread.incident = 1;
    thread.wanted = true;
    thread.title = "t";
    thread.body = "card 1";
    thread.labels = {"incident", "Status: Detected"};
  }

  std::string next() {
    const auto found = scribe::next_write(thread, outbox, now, options);
    at = found.at;
    return found.write ? found.write->kind + " " + found.write->key : "";
  }
  // Writes what is next with this outcome, and answers its name.
  std::string write(Payload outcome = GithubDone{}) {
    const auto found = scribe::next_write(thread, outbox, now, options).write;
    if (!found) return "";
    const std::string op = std::to_string(++count_);
    say(GithubIntended{op, found->kind, found->key, found->digest});
    if (auto* done = std::get_if<GithubDone>(&outcome)) *done = {op, 100 + count_, "u"};
    if (auto* failed = std::get_if<GithubFailed>(&outcome)) failed->op = op;
    if (auto* unknown = std::get_if<GithubUnknown>(&outcome)) unknown->op = op;
    if (!std::holds_alternative<StopCleared>(outcome)) say(std::move(outcome));
    return found->kind + " " + found->key;
  }
  std::vector<std::string> write_all() {
    std::vector<std::string> names;
    for (auto name = write(); !name.empty(); name = write()) names.push_back(name);
    return names;
  }
  void say(Payload what) {
    Event event;
    event.incident = 1;
    event.boot = now;
    event.what = std::move(what);
    outbox.absorb(event);
  }

  Thread thread;
  Outbox outbox;
  scribe::OutboxOptions options;
  base::Instant now = base::instant_from_ms(100'000);
  std::optional<base::Instant> at;

 private:
  int count_ = 0;
};

const Payload kNoOutcome = StopCleared{};  // The process was killed before it knew.
const std::string kOpen = "open_issue issue/incident,Status: Detected";

TEST_CASE("outbox: the order of a whole thread") {
  Desk desk;
  desk.thread.labels.push_back("class: oom");
  desk.thread.comments = {{"memory:1", "m"}, {"diagnosis:1", "d"}};
  desk.thread.closed = true;
  CHECK(desk.write_all() ==
        std::vector<std::string>{kOpen, "add_label label:class: oom", "comment comment:memory:1",
                                 "comment comment:diagnosis:1", "edit_issue close"});
  CHECK(scribe::is_told(desk.thread, desk.outbox));
  desk.thread.body = "card 2";
  desk.thread.labels = {"incident", "Status: AI-Resolved", "class: oom"};
  desk.thread.comments[0].body = "m 2";
  desk.thread.comments.push_back({"action:1", "a"});
  CHECK_FALSE(scribe::is_told(desk.thread, desk.outbox));
  CHECK(desk.write_all() ==
        std::vector<std::string>{"edit_issue card", "add_label label:Status: AI-Resolved",
                                 "remove_label label:Status: Detected", "comment comment:action:1",
                                 "edit_comment comment:memory:1"});
}

TEST_CASE("outbox: nothing is written for a thread that is not wanted") {
  Desk desk;
  desk.thread.wanted = false;
  CHECK(desk.next() == "");
  CHECK(scribe::is_told(desk.thread, desk.outbox));
}

TEST_CASE("outbox: while things move, card and labels wait; comments do not") {
  Desk desk;
  desk.write_all();
  desk.now += 100ms;
  desk.thread.body = "card 2";
  CHECK(desk.next() == "");
  CHECK(desk.at == desk.now + 900ms);
  desk.thread.comments = {{"memory:1", "m"}};
  CHECK(desk.next() == "comment comment:memory:1");
  desk.now += 900ms;
  CHECK(desk.next() == "edit_issue card");
  desk.now -= 900ms;
  desk.thread.closed = true;  // At the end nothing waits.
  CHECK(desk.next() == "edit_issue card");
}

TEST_CASE("outbox: posts keep their distance; the close waits for them") {
  Desk desk;
  desk.write_all();
  desk.thread.comments = {{"memory:1", "m"}};
  desk.thread.closed = true;
  desk.options.posts_free_at = desk.now + 600ms;
  CHECK(desk.next() == "");
  CHECK(desk.at == desk.now + 600ms);
  desk.options.posts_free_at = desk.now;
  CHECK(desk.next() == "comment comment:memory:1");
  desk.write_all();
  CHECK(desk.outbox.is_closed());
}

TEST_CASE("outbox: a reopened incident is closed again") {
  Desk desk;
  desk.thread.closed = true;
  desk.write_all();
  REQUIRE(desk.outbox.is_closed());
  Event event;
  event.what = IncidentReopened{"ada"};
  desk.outbox.absorb(event);
  CHECK_FALSE(desk.outbox.is_closed());
  desk.write_all();
  CHECK(desk.outbox.is_closed());
}

TEST_CASE("outbox: no window of a minute or an hour holds more posts than allowed") {
  for (const auto& limits :
       {scribe::PostBudget::Limits{1s, 40, 240}, {0s, 40, 240}, {2s, 0, 100}, {0s, 3, 7}}) {
    scribe::PostBudget budget(limits);
    std::vector<base::Instant> posts;
    base::Now now{base::wall_from_ms(1'795'182'756'000), base::instant_from_ms(5'000)};
    const auto move_to = [&](base::Instant at) {
      now.wall += std::chrono::duration_cast<base::Millis>(at - now.boot);
      now.boot = at;
    };
    for (int i = 0; i < 700; ++i) {  // As fast as it lets us, with a pause now and then.
      if (i % 97 == 96) move_to(now.boot + 400s);
      if (const auto free = budget.free_at(now)) {
        CHECK(*free > now.boot);
        CHECK(budget.free_at({now.wall, *free - 1ms}).has_value());
        move_to(*free);
      }
      CHECK_FALSE(budget.free_at(now).has_value());
      budget.spend(now);
      posts.push_back(now.boot);
    }
    const auto check_window = [&](int most, base::Duration length) {
      for (std::size_t i = static_cast<std::size_t>(most); most > 0 && i < posts.size(); ++i) {
        CHECK(posts[i] - posts[i - static_cast<std::size_t>(most)] >= length);
      }
    };
    check_window(1, limits.spacing);
    check_window(limits.per_minute, 1min);
    check_window(limits.per_hour, 1h);
  }
}

TEST_CASE("outbox: after a reboot UTC tells how old a post is") {
  scribe::PostBudget budget({1s, 1, 0});
  const auto wall = base::wall_from_ms(1'795'182'756'000);
  budget.spend({wall, base::instant_from_ms(9'000'000)});
  CHECK(budget.free_at({wall + 20s, base::instant_from_ms(3'000)}) ==
        base::instant_from_ms(43'000));
  CHECK_FALSE(budget.free_at({wall + 61s, base::instant_from_ms(3'000)}).has_value());
  CHECK(budget.free_at({wall - 10min, base::instant_from_ms(3'000)}) ==
        base::instant_from_ms(63'000));
}

TEST_CASE("outbox: the close waits for the word") {
  Desk desk;
  desk.thread.closed = true;
  desk.options.may_close = false;
  desk.write_all();
  CHECK_FALSE(desk.outbox.is_closed());
  desk.options.may_close = true;
  CHECK(desk.next() == "edit_issue close");
}

TEST_CASE("outbox: without an outcome, a post blocks its incident; an edit is repeated") {
  for (const auto& outcome : {kNoOutcome, Payload(GithubUnknown{"", "502"})}) {
    Desk desk;
    CHECK(desk.write(outcome) == kOpen);
    CHECK(desk.next() == "");
    CHECK_FALSE(scribe::is_told(desk.thread, desk.outbox));
    desk.say(GithubDone{"1", 7, "u"});  // Found by its marker.
    CHECK(desk.outbox.issue() == 7);
    desk.thread.comments = {{"memory:1", "m"}};
    CHECK(desk.write(outcome) == "comment comment:memory:1");
    CHECK(desk.next() == "");
    desk.say(GithubFailed{"2", "absent"});
    CHECK(desk.write() == "comment comment:memory:1");
    desk.thread.body = "card 2";
    desk.thread.closed = true;
    CHECK(desk.write(outcome) == "edit_issue card");
    CHECK(desk.write() == "edit_issue card");
    CHECK(desk.write(outcome) == "edit_issue close");
    CHECK(desk.write() == "edit_issue close");
  }
}

TEST_CASE("outbox: what an edit without an outcome may have changed is written again") {
  Desk desk;
  desk.thread.closed = true;
  desk.thread.comments = {{"memory:1", "m"}};
  desk.write_all();
  desk.thread.body = "card 2";
  desk.write(kNoOutcome);
  desk.thread.body = "card 1";  // Back to what was known to be there.
  CHECK(desk.write() == "edit_issue card");
  desk.thread.comments[0].body = "m 2";
  desk.write(kNoOutcome);
  desk.thread.comments[0].body = "m";
  CHECK(desk.write() == "edit_comment comment:memory:1");
  desk.thread.labels.push_back("class: oom");
  desk.write(kNoOutcome);
  desk.thread.labels.pop_back();
  CHECK(desk.write() == "remove_label label:class: oom");
  CHECK(desk.next() == "");
}

TEST_CASE("outbox: what is held is never written again") {
  Desk desk;
  desk.thread.comments = {{"memory:1", "m"}, {"diagnosis:1", "d"}};
  CHECK(desk.write() == kOpen);
  CHECK(desk.write(GithubFailed{"", "not_found: no such issue"}) == "comment comment:memory:1");
  CHECK(desk.outbox.refusals("comment:memory:1") == 1);
  CHECK(desk.next() == "comment comment:memory:1");
  desk.say(OpHeld{"2", "refused"});
  CHECK(desk.outbox.is_held("comment:memory:1"));
  CHECK(desk.next() == "comment comment:diagnosis:1");
  CHECK(desk.write(GithubFailed{"", "unavailable: cannot connect"}) ==
        "comment comment:diagnosis:1");
  CHECK(desk.outbox.refusals("comment:diagnosis:1") == 0);  // No connection is no refusal.
}

TEST_CASE("outbox: outcomes of other operations change nothing") {
  Desk desk;
  desk.write(kNoOutcome);
  desk.say(GithubDone{"another", 5, "u"});
  desk.say(GithubFailed{"another", "x"});
  desk.say(OpHeld{"another", "x"});
  CHECK(desk.outbox.issue() == 0);
  CHECK(desk.outbox.open().has_value());
}

}  // namespace
