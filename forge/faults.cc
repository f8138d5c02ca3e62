#include "forge/faults.h"

#include <algorithm>
#include <array>
#include <utility>

namespace forge {
namespace {

constexpr std::array kAnyFault = {WriteFault::refused_502, WriteFault::committed_502,
                                  WriteFault::lost_request, WriteFault::lost_reply};

// The same on every machine, unlike the standard's distributions. `below` is at least 1.
int roll(std::mt19937_64& dice, int below) {
  return static_cast<int>(dice() % static_cast<std::uint64_t>(below));
}

}  // namespace

void Faults::fail_write(int nth, WriteFault fault) {
  const std::lock_guard lock(mutex_);
  script_[writes_ + nth] = fault;
}

void Faults::fail_writes(std::uint64_t seed, int percent) {
  const std::lock_guard lock(mutex_);
  write_dice_.seed(seed);
  failing_percent_ = percent;
}

void Faults::limit_writes(int writes, int retry_after_s) {
  const std::lock_guard lock(mutex_);
  limited_ = writes;
  retry_after_s_ = retry_after_s;
}

void Faults::exhaust(PrimaryLimit limit) {
  const std::lock_guard lock(mutex_);
  primary_ = limit;
}

void Faults::expire_token(std::string token, base::WallTime at) {
  const std::lock_guard lock(mutex_);
  expiries_[std::move(token)] = at;
}

void Faults::set_list_lag(base::Millis lag) {
  const std::lock_guard lock(mutex_);
  list_lag_ = lag;
}

void Faults::set_search_lag(base::Millis lag) {
  const std::lock_guard lock(mutex_);
  search_lag_ = lag;
}

void Faults::do_after_write(int nth, Deed deed) {
  const std::lock_guard lock(mutex_);
  deeds_.emplace(writes_ + nth, std::move(deed));
}

void Faults::disturb_hooks(HookFaults faults) {
  const std::lock_guard lock(mutex_);
  hooks_ = faults;
  hook_dice_.seed(faults.seed);
}

void Faults::hold_hooks(bool is_held) {
  const std::lock_guard lock(mutex_);
  is_held_ = is_held;
  if (!is_held && wake_) wake_();
}

Faults::Verdict Faults::next_write() {
  const std::lock_guard lock(mutex_);
  ++writes_;
  Verdict verdict;
  if (failing_percent_ > 0 && roll(write_dice_, 100) < failing_percent_) {
    verdict.fault = kAnyFault[static_cast<std::size_t>(roll(write_dice_, kAnyFault.size()))];
  }
  if (const auto found = script_.find(writes_); found != script_.end()) {
    verdict.fault = found->second;
    script_.erase(found);
  }
  if (limited_ > 0) {
    --limited_;
    verdict.retry_after_s = retry_after_s_;
  }
  const auto [first, last] = deeds_.equal_range(writes_);
  for (auto deed = first; deed != last; ++deed) verdict.deeds.push_back(std::move(deed->second));
  deeds_.erase(first, last);
  return verdict;
}

base::Millis Faults::list_lag() const {
  const std::lock_guard lock(mutex_);
  return list_lag_;
}

base::Millis Faults::search_lag() const {
  const std::lock_guard lock(mutex_);
  return search_lag_;
}

std::optional<PrimaryLimit> Faults::limit_at(base::WallTime now) const {
  const std::lock_guard lock(mutex_);
  return primary_ && now < primary_->reset ? primary_ : std::nullopt;
}

bool Faults::is_expired(std::string_view token, base::WallTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = expiries_.find(token);
  return found != expiries_.end() && found->second <= now;
}

bool Faults::holds_hooks() const {
  const std::lock_guard lock(mutex_);
  return is_held_;
}

int Faults::pick_hook(int waiting) {
  const std::lock_guard lock(mutex_);
  const int among = std::min(waiting, hooks_.shuffled_among);
  return among > 1 ? roll(hook_dice_, among) : 0;
}

int Faults::next_hook_copies() {
  const std::lock_guard lock(mutex_);
  if (hooks_.lost > 0 && roll(hook_dice_, 100) < hooks_.lost) return 0;
  if (hooks_.duplicated > 0 && roll(hook_dice_, 100) < hooks_.duplicated) return hooks_.copies;
  return 1;
}

void Faults::on_release(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

}  // namespace forge
