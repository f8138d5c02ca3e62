// Tests of role::Loop with a tiny role over a real ledger: the rules that every role lives by.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "ledger/sqlite_ledger.h"
#include "role/loop.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/support/ledger_drafts.h"
#include "tests/support/print.h"
#include "tests/support/temporary_folder.h"

using namespace std::chrono_literals;

namespace {

// Remembers everything and decides what the test says.
class TinyRole final : public role::Role<std::string, int> {
 public:
  using Decide = std::function<role::Output<std::string>(const role::View&, TinyRole&)>;
  explicit TinyRole(Decide decide) : decide_(std::move(decide)) {}

  void absorb(const ledger::Record& record, base::Now) override {
    book.absorb(record.event);
    seen.push_back(record.event.id);
  }
  void absorb(const ledger::Delivery& delivery, base::Now) override {
    inbox.push_back(delivery.body);
  }
  void absorb(const int& answer, base::Now) override { answers.push_back(answer); }
  role::Output<std::string> decide(const role::View& view) override {
    ++decisions;
    return decide_(view, *this);
  }

  incident::Book book;
  std::vector<std::string> seen, inbox;
  std::vector<int> answers;
  int decisions = 0;

 private:
  Decide decide_;
};

// The time of the machine, and what a test adds to it.
class ShiftedClock final : public base::Clock {
 public:
  base::Now now() const override {
    const base::Now real = base::SystemClock().now();
    return {real.wall + by_, real.boot + by_};
  }
  void advance(base::Millis by) { by_ += by; }

 private:
  base::Millis by_{0};
};

// A ledger, its wake-ups, and the loop's end in the role's own hand: the loop runs in the test's
// thread.
struct Fixture {
  support::TemporaryFolder folder;
  std::string path = folder.file("ledger.db");
  ShiftedClock clock;
  base::Logger log{"tiny", base::LogLevel::error};
  std::unique_ptr<ledger::Ledger> own = open(), other = open();
  std::unique_ptr<ledger::Wakeup> wakeup = listen();
  role::Mailbox<int> mailbox;
  std::vector<std::string> dispatched;
  std::function<void(const std::string&)> on_dispatch = [](const std::string&) {};
  int stop_descriptor = eventfd(0, EFD_CLOEXEC);
  std::vector<std::string> inboxes;

  ~Fixture() { close(stop_descriptor); }

  std::unique_ptr<ledger::Ledger> open() {
    auto opened = ledger::open_sqlite({path}, clock);
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  std::unique_ptr<ledger::Wakeup> listen() {
    auto opened = ledger::Wakeup::open(path, "tiny");
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  void stop() const { REQUIRE(eventfd_write(stop_descriptor, 1) == 0); }

  base::Status run(TinyRole& role, ledger::Ledger& ledger) {
    role::Loop<TinyRole> loop(
        role, {ledger, *wakeup, clock, log, stop_descriptor, path + ".stop", inboxes}, mailbox,
        [](const std::string& request) { return request; },
        [this](const std::string& key, const std::string&) {
          dispatched.push_back(key);
          on_dispatch(key);
        });
    return loop.run();
  }
  base::Status run(TinyRole& role) { return run(role, *own); }
};

using Output = role::Output<std::string>;

// Escalates incident 1 as the Fixer would, and asks for "call".
role::Unit<std::string> escalation(const TinyRole& role, const std::string& id, base::Now now) {
  base::SeededRandom random(1);
  role::Drafter drafter(role.book, incident::Role::fixer, random, now);
  return {drafter.add_as(id, 1, incident::Escalated{"person", id}).take(), {}, {"call"}};
}

ledger::Draft opening() {
  return support::draft("open", incident::Role::scout, incident::IncidentOpened{}, true);
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "loop: the whole log is absorbed before the first decision") {
  for (int i = 0; i < 25; ++i) {
    std::vector<ledger::Draft> drafts;
    for (int k = 0; k < 100; ++k)
      drafts.push_back(support::signal(std::to_string(i) + "-" + std::to_string(k)));
    REQUIRE(other->append(drafts, 0).ok());
  }
  TinyRole role([&](const role::View&, TinyRole& self) {
    CHECK(self.seen.size() == 2500);
    stop();
    return Output();
  });
  CHECK(run(role).ok());
  CHECK(role.decisions == 1);
}

TEST_CASE_FIXTURE(
    Fixture, "loop: a unit decided on old knowledge is dropped whole, and decided again on new") {
  REQUIRE(other->append({opening()}, 0).ok());
  TinyRole role([&](const role::View& view, TinyRole& self) {
    Output output;
    if (self.decisions == 1) {
      // Somebody else was faster, after this role has read.
      REQUIRE(other
                  ->append({support::draft("healed", incident::Role::scout,
                                           incident::SelfHealed{"alone"}, true)},
                           1)
                  .ok());
      output.units.push_back(escalation(self, "too late", view.now));
    } else {
      CHECK(self.book.find(1)->state ==
            incident::State::self_healed);  // Read before the second look.
      stop();
    }
    return output;
  });
  CHECK(run(role).ok());
  CHECK(role.decisions == 2);
  CHECK(dispatched.empty());
  CHECK(role.seen == std::vector<std::string>{"open", "healed"});
}

TEST_CASE_FIXTURE(Fixture, "loop: what a unit says is durable before what it asks is sent") {
  REQUIRE(other->append({opening()}, 0).ok());
  bool durable = false;
  on_dispatch = [&](const std::string&) {
    const auto records = other->read(1);  // As another process sees it.
    durable = records.ok() && records->size() == 1 && (*records)[0].event.id == "intent";
    mailbox.post("call", 7);
  };
  TinyRole role([&](const role::View& view, TinyRole& self) {
    Output output;
    if (self.decisions == 1) output.units.push_back(escalation(self, "intent", view.now));
    if (!self.answers.empty()) stop();
    return output;
  });
  CHECK(run(role).ok());
  CHECK(durable);
  CHECK(role.answers == std::vector<int>{7});
  CHECK(role.seen == std::vector<std::string>{"open", "intent"});  // It reads what it wrote.
}

TEST_CASE_FIXTURE(
    Fixture, "loop: a request in flight is not sent twice, an answered one may be sent again") {
  TinyRole role([&](const role::View& view, TinyRole& self) {
    Output output;
    output.ask("probe");
    output.ask("probe");
    output.ask("other");
    if (self.decisions == 1) {
      CHECK_FALSE(view.busy("probe"));
      mailbox.post("", 1);  // News that nobody asked for: wakes, but answers nothing.
    } else if (self.decisions == 2) {
      CHECK(view.busy("probe"));
      CHECK(dispatched == std::vector<std::string>{"probe", "other"});
      mailbox.post("probe", 2);
    } else {
      CHECK_FALSE(view.busy("probe"));
      CHECK(view.busy("other"));
      stop();
    }
    return output;
  });
  CHECK(run(role).ok());
  CHECK(dispatched == std::vector<std::string>{"probe", "other", "probe"});
  CHECK(role.answers == std::vector<int>{1, 2});
}

TEST_CASE_FIXTURE(
    Fixture,
    "loop: another's append wakes it at once, and without any wake-up within the safety look") {
  const auto measured = [&](bool deaf) {
    const auto file = folder.file("x" + std::to_string(deaf));
    std::jthread writer;
    base::Instant written, woken;
    const auto before = other->head().value();
    if (deaf) {
      for (const auto& entry : std::filesystem::directory_iterator(path + ".wake"))
        std::filesystem::remove(entry.path());
    }
    TinyRole role([&](const role::View& view, TinyRole& self) {
      if (self.decisions == 1) {
        writer = std::jthread([&] {
          REQUIRE(other->append({support::signal(deaf ? "unheard" : "heard")}, 0).ok());
          written = clock.now().boot;
        });
      } else if (static_cast<std::int64_t>(self.seen.size()) > before) {
        woken = view.now.boot;
        stop();
      }
      return Output();
    });
    CHECK(run(role).ok());
    writer.join();
    eventfd_t rung = 0;
    REQUIRE(eventfd_read(stop_descriptor, &rung) == 0);
    return woken - written;
  };
  const auto heard = measured(false), unheard = measured(true);
  MESSAGE("woken after ", base::to_ms(heard), " ms; deaf after ", base::to_ms(unheard), " ms");
  CHECK(heard < 500ms);
  CHECK(unheard < role::kSafetyLook + 1s);
}

TEST_CASE_FIXTURE(Fixture, "loop: wakes when the role asked for, and says so by the clock") {
  base::Instant wanted;
  TinyRole role([&](const role::View& view, TinyRole& self) {
    Output output;
    if (self.decisions == 1) {
      wanted = view.now.boot + 30ms;
      output.wake_by(wanted);
    } else {
      CHECK(view.now.boot >= wanted);
      CHECK(view.now.boot < wanted + 900ms);  // And not by the safety look.
      stop();
    }
    return output;
  });
  CHECK(run(role).ok());
}

TEST_CASE_FIXTURE(Fixture, "loop: ends when asked even while it always has something to record") {
  int made = 0;
  TinyRole role([&](const role::View&, TinyRole&) {
    Output output;
    output.units.push_back({{support::signal("n" + std::to_string(++made))}, {}, {}});
    if (made == 5) stop();
    return output;
  });
  CHECK(run(role).ok());
  CHECK(made == 5);
  CHECK(other->head().value() == 5);  // What was decided is recorded before the end.
}

TEST_CASE_FIXTURE(
    Fixture, "loop: the whole inbox is read, more than one helping of it, each delivery once") {
  inboxes = {"webhook"};
  for (int i = 0; i < 230; ++i) {
    REQUIRE(other
                ->deliver({0, "webhook", std::to_string(i), "body " + std::to_string(i),
                           clock.now().wall})
                .value());
  }
  TinyRole role([&](const role::View&, TinyRole& self) {
    CHECK(self.inbox.size() == 230);
    if (self.decisions == 1) {
      mailbox.post("", 1);
    } else {
      stop();
    }
    return Output();
  });
  CHECK(run(role).ok());
  CHECK(role.inbox.front() == "body 0");
  CHECK(role.inbox.back() == "body 229");
}

TEST_CASE_FIXTURE(Fixture, "loop: what was taken is forgotten after 30 days, a helping a look") {
  using std::chrono::hours, std::chrono::minutes;
  inboxes = {"github", "other"};
  const auto deliver = [&](const char* source, int number) {
    const std::string id = std::to_string(number);
    return other->deliver({0, source, id, "body " + id, clock.now().wall}).value();
  };
  const int many = 2 * role::kForgottenAtOnce + 100;
  for (int i = 0; i < many; ++i) REQUIRE(deliver("github", i));
  REQUIRE(deliver("webhook", 0));
  const auto left = [&] { return other->deliveries(0, 10'000).value().size(); };
  // After each look: what is left, and what happens next.
  const auto all = static_cast<std::size_t>(many) + 1;
  const auto helping = static_cast<std::size_t>(role::kForgottenAtOnce);
  TinyRole role([&](const role::View&, TinyRole& self) {
    mailbox.post("", 1);
    switch (self.decisions) {
      case 1:
        CHECK(left() == all);
        clock.advance(hours(24 * 30) - minutes(5));
        REQUIRE(deliver("github", many));
        break;
      case 2:
        CHECK(left() == all + 1);
        CHECK_FALSE(deliver("github", 7));  // Still known.
        clock.advance(minutes(15));
        break;
      case 3:
      case 4:
        CHECK(left() == all + 1 - helping * static_cast<std::size_t>(self.decisions - 2));
        break;
      default:
        CHECK(left() == 2);  // What came later, and what is another role's.
        CHECK(self.inbox.size() == all + 1);
        stop();
    }
    return Output();
  });
  CHECK(run(role).ok());
  CHECK(role.decisions == 5);
}

TEST_CASE_FIXTURE(Fixture, "loop: the stop file is seen at each look") {
  TinyRole role([&](const role::View& view, TinyRole& self) {
    CHECK(view.stop_file == (self.decisions == 2));
    if (self.decisions == 1) close(creat((path + ".stop").c_str(), 0600));
    if (self.decisions == 2) unlink((path + ".stop").c_str());
    if (self.decisions == 3) stop();
    mailbox.post("", 1);
    return Output();
  });
  CHECK(run(role).ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "loop: an unavailable ledger drops the unit and is tried again; an unknown "
                  "outcome ends the loop") {
  const auto deciding = [&](bool& sent) {
    return [&](const role::View& view, TinyRole& self) {
      Output output;
      if (self.book.find(1) == nullptr) {
        base::SeededRandom random(2);
        role::Drafter drafter(self.book, incident::Role::scout, random, view.now);
        output.units.push_back(
            {drafter.add_as("open", 1, incident::IncidentOpened{}).take(), {}, {"call"}});
        output.wake_by(view.now.boot + 5ms);
      } else {
        sent = !dispatched.empty();
        stop();
      }
      return output;
    };
  };
  SUBCASE("unavailable") {
    fakes::MemoryLedger ledger;
    ledger.fail_appends({base::ErrorCode::unavailable, base::ErrorCode::unavailable});
    bool sent = false;
    base::Logger quiet("tiny", base::LogLevel::error);
    TinyRole role(deciding(sent));
    CHECK(run(role, ledger).ok());
    CHECK(sent);
    CHECK(dispatched.size() == 1);
    CHECK(role.decisions == 4);
    CHECK(ledger.all().size() == 1);
  }
  SUBCASE("unknown") {
    fakes::MemoryLedger ledger;
    ledger.fail_appends({base::ErrorCode::unknown});
    bool sent = false;
    TinyRole role(deciding(sent));
    const auto ended = run(role, ledger);
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().code == base::ErrorCode::unknown);
    CHECK(dispatched
              .empty());  // Nothing is sent on an intent of which nobody knows whether it stands.
    TinyRole restarted(deciding(sent));  // The next process reads what the first could not know.
    CHECK(run(restarted, ledger).ok());
    CHECK(ledger.all().size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "loop: a role that writes what it does not own is a fault that ends it") {
  TinyRole role([&](const role::View&, TinyRole&) {
    Output output;
    output.units.push_back(
        {{support::draft("x", incident::Role::brain, incident::ActionDone{})}, {}, {"call"}});
    return output;
  });
  const auto ended = run(role);
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().code == base::ErrorCode::denied);
  CHECK(dispatched.empty());
}
