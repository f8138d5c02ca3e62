// Runs a role in its process: waits for a wake-up of the ledger, an answer or the time the role
// asked for, absorbs everything there is, and carries out what the role decides. One thread.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include "ledger/sqlite_ledger.h"
#include "role/mailbox.h"
#include "role/role.h"

namespace role {

inline constexpr base::Duration kSafetyLook =
    std::chrono::seconds(1);  // Should every wake-up be lost.

inline constexpr base::Duration kTidyEvery = std::chrono::minutes(10);
inline constexpr int kForgottenAtOnce = 500;  // Deliveries; some ms of the ledger's lock.

// What both templates below need and what depends on no type.
struct Outside {
  ledger::Ledger& ledger;
  ledger::Wakeup& wakeup;
  const base::Clock& clock;
  const base::Logger& log;
  int stop_descriptor;  // Readable when the process must end.
  std::string stop_file;
  // The sources of deliveries this role takes, and forgets when they are old; none: it reads none.
  std::vector<std::string> inboxes;
};

// Waits at most until `until` for one of the descriptors; true when the process must end.
[[nodiscard]] bool wait_for(const Outside& outside, int mailbox, base::Instant until);
[[nodiscard]] bool stop_file_exists(const Outside& outside);

template <class RoleT>
class Loop {
 public:
  using Request = typename RoleT::Request;
  using Answer = typename RoleT::Answer;
  // `dispatch` hands the request to an adapter, which posts exactly one answer under the key; it
  // must not block.
  Loop(RoleT& role, Outside outside, Mailbox<Answer>& mailbox,
       std::function<std::string(const Request&)> key_of,
       std::function<void(const std::string& key, const Request&)> dispatch)
      : role_(role),
        outside_(outside),
        mailbox_(mailbox),
        key_of_(std::move(key_of)),
        dispatch_(std::move(dispatch)) {}

  // Until the stop descriptor becomes readable. Errors: those of the ledger that a restart may mend
  // (the supervisor starts the process again), above all corrupt.
  base::Status run() {
    while (true) {
      if (auto absorbed = absorb_all(); !absorbed) return absorbed;
      Output<Request> output =
          role_.decide({outside_.clock.now(), in_flight_, stop_file_exists(outside_)});
      bool again = false;
      for (auto& unit : output.units) {
        auto done = carry_out(unit);
        if (!done) return done.error();
        again = again || *done;
      }
      const base::Instant now = outside_.clock.now().boot;
      base::Instant until = now + kSafetyLook;
      if (output.wake_at && *output.wake_at < until) until = *output.wake_at;
      // What was appended, or what made an append fail, is read before waiting; but a stop is seen.
      if (again) until = now;
      if (wait_for(outside_, mailbox_.descriptor(), until)) return {};
    }
  }

  // Reads and folds everything there is; afterwards the role knows the whole log.
  base::Status absorb_all() {
    for (auto& [key, answer] : mailbox_.take()) {
      if (!key.empty()) in_flight_.erase(key);
      role_.absorb(answer, outside_.clock.now());
    }
    outside_.wakeup.drain();
    while (true) {
      auto records = outside_.ledger.read(position_);
      if (!records)
        return records.error().code == base::ErrorCode::unavailable ? note(records.error())
                                                                    : base::Status(records.error());
      for (const auto& record : *records) {
        role_.absorb(record, outside_.clock.now());
        position_ = record.position;
      }
      if (records->size() < 1000) break;
    }
    if (outside_.inboxes.empty()) return {};
    auto absorbed = absorb_inbox();
    return absorbed ? tidy_inbox() : absorbed;
  }

 private:
  base::Status absorb_inbox() {
    while (true) {
      auto deliveries = outside_.ledger.deliveries(inbox_);
      if (!deliveries) return note(deliveries.error());
      if (deliveries->empty()) return {};
      for (const auto& delivery : *deliveries) {
        role_.absorb(delivery, outside_.clock.now());
        inbox_ = delivery.position;
      }
    }
  }

  // A helping now and then: the rest of what is too old goes at the next looks, if the ledger
  // cannot be written or there is much of it.
  base::Status tidy_inbox() {
    const base::Now now = outside_.clock.now();
    if (now.boot < tidy_at_) return {};
    bool is_tidy = true;
    for (const auto& source : outside_.inboxes) {
      const auto forgotten = outside_.ledger.forget(
          source, inbox_, now.wall - ledger::kDeliveryKept, kForgottenAtOnce);
      is_tidy = is_tidy && (!forgotten || *forgotten < kForgottenAtOnce);
      if (forgotten) continue;
      tidy_at_ = now.boot + kTidyEvery;
      return note(forgotten.error());
    }
    if (is_tidy) tidy_at_ = now.boot + kTidyEvery;
    return {};
  }

  // True when the ledger must be read again before waiting.
  base::Result<bool> carry_out(Unit<Request>& unit) {
    if (!unit.drafts.empty()) {
      auto appended = outside_.ledger.append(unit.drafts, position_, unit.blobs);
      if (!appended) {
        if (appended.error().code == base::ErrorCode::conflict) return true;
        if (appended.error().code == base::ErrorCode::unavailable)
          return (void)note(appended.error()), false;
        return appended.error();
      }
    }
    for (auto& request : unit.requests) {
      auto key = key_of_(request);
      if (!in_flight_.insert(key).second) continue;
      dispatch_(key, request);
    }
    return !unit.drafts.empty();
  }

  base::Status note(const base::Error& error) {
    outside_.log.warn("the ledger cannot be used now; trying again", {{"error", error.message}});
    return {};
  }

  Role<Request, Answer>& role_;
  Outside outside_;
  Mailbox<Answer>& mailbox_;
  std::function<std::string(const Request&)> key_of_;
  std::function<void(const std::string&, const Request&)> dispatch_;
  std::set<std::string> in_flight_;
  std::int64_t position_ = 0;
  std::int64_t inbox_ = 0;
  base::Instant tidy_at_{};
};

}  // namespace role
