// Plays one role in virtual time: a ledger in memory, the rules of role::Loop, and a script of what
// happens when. Nothing sleeps; the same script gives the same log.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "role/role.h"
#include "tests/fakes/memory_ledger.h"

namespace support {

template <class RoleT>
class RoleStage {
 public:
  using Request = typename RoleT::Request;
  using Answer = typename RoleT::Answer;
  using KeyOf = std::string (*)(const Request&);

  RoleStage(RoleT& role, fakes::MemoryLedger& log, KeyOf key_of)
      : ledger(log), role_(role), key_of_(key_of), random_(1000 + log.all().size()) {}

  base::Now now{base::wall_from_ms(1795182756000), base::instant_from_ms(5'000'000)};
  fakes::MemoryLedger& ledger;
  bool stop_file = false;
  std::set<std::string> in_flight;
  std::vector<Request> requests;  // All that were sent, in order.
  // What the world does with a request; by default nothing, so that it stays in flight.
  std::function<void(const std::string& key, const Request&)> on_request;

  // The answer to the request of that key; an empty key for news nobody asked for.
  void answer(const std::string& key, Answer what) {
    in_flight.erase(key);
    role_.absorb(what, now);
  }
  void news(Answer what) { answer("", std::move(what)); }
  void in(base::Duration after, std::function<void()> what) {
    script_.emplace(now.boot + after, std::move(what));
  }

  // Something another role, or a person, writes into the ledger.
  void write(incident::Role who, incident::IncidentId id, incident::Payload what) {
    read();
    role::Drafter drafter(book, who, random_, now);
    REQUIRE(ledger.append(drafter.add(id, std::move(what)).take(), position_).ok());
  }

  // What role::Loop does in one round, until nothing more is recorded.
  void step() {
    for (int round = 0; round < 100; ++round) {
      read();
      auto output = role_.decide({now, in_flight, stop_file});
      wake_at_ = output.wake_at;
      bool again = false;
      for (auto& unit : output.units) again = carry_out(unit) || again;
      if (!again) return;
    }
    FAIL("the role records for ever without time passing");
  }

  // Lets time pass from event to event of the script and from wake-up to wake-up of the role.
  void run(base::Duration duration) {
    const base::Instant end = now.boot + duration;
    step();
    for (int steps = 0; now.boot < end; ++steps) {
      REQUIRE_MESSAGE(steps < 200'000, "the role is awake all the time");
      base::Instant next = std::min(end, now.boot + std::chrono::seconds(1));
      if (wake_at_)
        next = std::min(next, std::max(*wake_at_, now.boot + std::chrono::microseconds(100)));
      if (!script_.empty()) next = std::min(next, script_.begin()->first);
      move_to(std::max(next, now.boot));
      while (!script_.empty() && script_.begin()->first <= now.boot) {
        auto what = std::move(script_.begin()->second);
        script_.erase(script_.begin());
        what();
      }
      step();
    }
  }

  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& record : ledger.all()) {
      if (const auto* what = std::get_if<T>(&record.event.what)) found.push_back(*what);
    }
    return found;
  }
  template <class T>
  [[nodiscard]] T last() const {
    const auto found = all<T>();
    REQUIRE_FALSE(found.empty());
    return found.back();
  }
  template <class R>
  [[nodiscard]] std::vector<R> sent() const {
    std::vector<R> found;
    for (const auto& request : requests) {
      if (const auto* what = std::get_if<R>(&request)) found.push_back(*what);
    }
    return found;
  }
  // Names of the events of all roles from `from` on, for a look at a whole story.
  [[nodiscard]] std::string story(std::size_t from = 0) const {
    std::string text;
    const auto records = ledger.all();
    for (std::size_t i = from; i < records.size(); ++i) {
      text += (text.empty() ? "" : " ") + std::string(incident::name_of(records[i].event.what));
    }
    return text;
  }
  [[nodiscard]] const incident::Incident& incident(incident::IncidentId id) {
    read();
    const auto* found = book.find(id);
    REQUIRE(found != nullptr);
    return *found;
  }

  incident::Book book;  // As an onlooker folds it.

 private:
  void move_to(base::Instant at) {
    const base::Duration passed = at - now.boot + remainder_;
    const auto ms = std::chrono::duration_cast<base::Millis>(passed);
    remainder_ = passed - ms;
    now.boot = at;
    now.wall += ms;
  }

  void read() {
    const auto records = ledger.read(position_, 100'000);
    REQUIRE(records.ok());
    for (const auto& record : *records) {
      book.absorb(record.event);
      role_.absorb(record, now);
      position_ = record.position;
    }
  }

  bool carry_out(role::Unit<Request>& unit) {
    if (!unit.drafts.empty()) {
      const auto appended = ledger.append(unit.drafts, position_, unit.blobs);
      if (!appended) return appended.error().code == base::ErrorCode::conflict;
    }
    for (auto& request : unit.requests) {
      const auto key = key_of_(request);
      if (!in_flight.insert(key).second) continue;
      requests.push_back(request);
      if (on_request) on_request(key, request);
    }
    return !unit.drafts.empty();
  }

  RoleT& role_;
  KeyOf key_of_;
  base::SeededRandom random_;  // Another in each stage on a log: its ids must be new there.
  std::multimap<base::Instant, std::function<void()>> script_;
  std::optional<base::Instant> wake_at_;
  base::Duration remainder_{0};
  std::int64_t position_ = 0;
};

}  // namespace support
