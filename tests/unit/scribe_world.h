// A Scribe with its whole world in memory, driven step by step: no thread, no waiting; time moves
// when nothing else does, and the Scribe can be killed at any point.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/scribe/github_adapter.h"
#include "agents/scribe/scribe.h"
#include "github/webhook_codec.h"
#include "tests/fakes/fake_github.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/support/manual_clock.h"

namespace scribe_test {

using namespace incident;
using namespace std::chrono_literals;
using base::ErrorCode;

// Where the Scribe's process is killed.
enum class Crash { before_append, after_append, after_effect };

// A Scribe with its world, driven step by step: no thread, no waiting, time moves when nothing else
// does.
class World {
 public:
  World() : github(clock), random_(1) {
    options.marker_key = "secret";
    options.miss_gap = 200ms;
    options.control_every = 1s;
    options.backoff_max = 2s;
    options.post_spacing = 0ms;
    options.card_every = 200ms;
    options.make_control_issue = false;
    restart();
  }

  // As after a crash: all that is known comes from the ledger.
  void restart() {
    scribe_.emplace(options, random_);
    scribe::Around around{approvers};
    around.clock = &clock;
    around.pulls = pull_calls;
    around.agent = agent_;
    calls_.emplace(github, std::move(around));
    in_flight_.clear();
    position_ = inbox_ = 0;
    ++restarts;
  }

  // Another role writes.
  void tell(IncidentId id, Payload what) {
    read();
    const incident::Role owner = owner_of(what);
    role::Drafter drafter(book_, owner, random_, clock.now());
    drafter.add(id, std::move(what));
    REQUIRE(ledger.append(drafter.take(), position_).ok());
    read();
  }

  // GitHub tells of an issue: the console keeps it. `body` tells one webhook from another.
  void hint(const std::string& delivery, const std::string& event, std::int64_t issue,
            const std::string& body, const std::string& sender = "") {
    const github::Hint hint{event, "", "sre-space/demo", issue, sender};
    REQUIRE(
        ledger.deliver({0, "github", delivery, github::encode_hint(hint, body), clock.now().wall})
            .ok());
  }

  // One turn of the loop. True when something happened.
  bool step() {
    read();
    auto output = scribe_->decide({clock.now(), in_flight_, false});
    bool moved = false;
    for (auto& unit : output.units) moved = carry_out(unit) || moved;
    wake_at_ = output.wake_at;
    return moved;
  }

  // Until nothing happens any more within `longest`; time jumps to each wake-up.
  void settle(base::Duration longest = 20s) {
    const auto end = clock.now().boot + longest;
    for (int turns = 0; clock.now().boot < end; ++turns) {
      REQUIRE(turns < 20'000);
      if (step()) continue;
      const auto next = std::min({wake_at_.value_or(end), clock.now().boot + 1s, end});
      clock.advance(std::max<base::Duration>(next - clock.now().boot, 1ms));
    }
  }

  // The next moment of this kind, counted from 1, kills the Scribe.
  void crash_at(Crash kind, int nth) {
    crash_ = kind;
    crash_nth_ = nth;
  }
  bool crashed() const { return crash_nth_ == 0; }

  std::vector<github::Issue> issues() {
    auto all = github.list_issues({});
    REQUIRE(all.ok());
    return *all;
  }
  const Incident& incident(IncidentId id) {
    read();
    return *book_.find(id);
  }
  const Book& book() const { return book_; }

  support::ManualClock clock;
  fakes::FakeGithub github;
  fakes::MemoryLedger ledger;
  scribe::Options options;
  std::vector<std::string> approvers;
  scribe::PullCalls* pull_calls = nullptr;
  int restarts = -1;

 private:
  static incident::Role owner_of(const Payload& what) {
    for (const auto role : {incident::Role::scout, incident::Role::brain, incident::Role::fixer,
                            incident::Role::memory, incident::Role::person}) {
      if (may_write(role, what)) return role;
    }
    return incident::Role::scribe;
  }

  void read() {
    const auto records = ledger.read(std::min(position_, seen_by_book_), 100'000);
    for (const auto& record : *records) {
      if (record.position > seen_by_book_) {
        book_.absorb(record.event);
        seen_by_book_ = record.position;
      }
      if (record.position <= position_) continue;
      scribe_->absorb(record, clock.now());
      position_ = record.position;
    }
    const auto deliveries = ledger.deliveries(inbox_, 100'000);
    for (const auto& delivery : *deliveries) {
      scribe_->absorb(delivery, clock.now());
      inbox_ = delivery.position;
    }
  }

  bool dies(Crash kind) {
    if (crash_ != kind || crash_nth_ <= 0 || --crash_nth_ > 0) return false;
    restart();
    return true;
  }

  bool carry_out(role::Unit<scribe::Request>& unit) {
    if (!unit.drafts.empty()) {
      if (dies(Crash::before_append)) return true;
      const auto appended = ledger.append(unit.drafts, position_, unit.blobs);
      if (!appended) {
        if (appended.error().code == ErrorCode::unknown)
          restart();  // The process ends; the supervisor starts it again.
        return true;
      }
      if (dies(Crash::after_append)) return true;
    }
    for (const auto& request : unit.requests) {
      const auto key = scribe::key_of(request);
      if (!in_flight_.insert(key).second) continue;
      const auto answer = calls_->carry_out(request);
      const bool is_write = std::holds_alternative<scribe::Write>(request) ||
                            std::holds_alternative<scribe::PullWrite>(request);
      if (is_write && dies(Crash::after_effect)) return true;
      in_flight_.erase(key);
      scribe_->absorb(answer, clock.now());
    }
    return true;
  }

 protected:
  escalation::CodingAgent* agent_ = nullptr;  // Tier 3.

 private:
  base::SeededRandom random_;
  std::optional<scribe::Scribe> scribe_;
  std::optional<scribe::GithubCalls> calls_;
  Book book_;
  std::set<std::string> in_flight_;
  std::int64_t position_ = 0, seen_by_book_ = 0, inbox_ = 0;
  std::optional<base::Instant> wake_at_;
  std::optional<Crash> crash_;
  int crash_nth_ = -1;
};

}  // namespace scribe_test
