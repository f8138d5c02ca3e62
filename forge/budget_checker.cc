#include "forge/budget_checker.h"

#include <algorithm>
#include <array>
#include <utility>

namespace forge {
namespace {

constexpr std::size_t kViolationsMax = 1000;
constexpr std::chrono::minutes kMinute{1};
constexpr std::chrono::hours kHour{1};
constexpr int kWritePoints = 5;

std::string in_ms(base::Duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count()) +
         " ms";
}

}  // namespace

CallKind classify_call(std::string_view method, std::string_view path) {
  if (method == "GET" || method == "HEAD") return CallKind::read;
  constexpr std::array<std::string_view, 4> kMakers = {"/issues", "/comments", "/pulls",
                                                       "/reviews"};
  const bool is_making =
      method == "POST" &&
      std::any_of(kMakers.begin(), kMakers.end(), [&](auto end) { return path.ends_with(end); });
  return is_making ? CallKind::content : CallKind::write;
}

std::string_view to_string(BudgetRule rule) {
  switch (rule) {
    case BudgetRule::content_per_minute:
      return "content per minute";
    case BudgetRule::content_per_hour:
      return "content per hour";
    case BudgetRule::points_per_minute:
      return "points per minute";
    case BudgetRule::writes_in_flight:
      return "writes in flight";
    case BudgetRule::spacing:
      return "spacing";
    case BudgetRule::retry_after:
      return "retry after";
  }
  return "";
}

BudgetChecker::BudgetChecker(const base::Clock& clock, CallBudget budget)
    : clock_(clock), budget_(budget) {}

int BudgetChecker::Window::add(base::Instant at, int weight, base::Duration span) {
  calls.push_back({at, weight});
  sum += weight;
  while (calls.front().at + span <= at) {
    sum -= calls.front().weight;
    calls.pop_front();
  }
  return sum;
}

void BudgetChecker::begin(const std::string& caller, CallKind kind) {
  const std::lock_guard lock(mutex_);
  const base::Instant now = clock_.now().boot;
  Caller& who = callers_[caller];
  if (now < who.quiet_until && now >= who.told + budget_.on_the_way) {
    note(caller, BudgetRule::retry_after,
         "called " + in_ms(who.quiet_until - now) + " before the end of the wait it was told");
  }
  const bool is_write = kind != CallKind::read;
  check_window(caller, BudgetRule::points_per_minute,
               who.points.add(now, is_write ? kWritePoints : 1, kMinute), budget_.points_per_minute,
               "60 s");
  if (!is_write) return;
  ++report_.total;
  report_.worst_minute = std::max(report_.worst_minute, all_minute_.add(now, 1, kMinute));
  report_.worst_hour = std::max(report_.worst_hour, all_hour_.add(now, 1, kHour));
  if (++who.in_flight > budget_.writes_in_flight && budget_.writes_in_flight > 0) {
    note(caller, BudgetRule::writes_in_flight, std::to_string(who.in_flight) + " at once");
  }
  if (who.has_written && now < who.last_write + budget_.spacing - budget_.jitter) {
    note(caller, BudgetRule::spacing,
         in_ms(now - who.last_write) + " after the last write, at least " + in_ms(budget_.spacing) +
             " are asked for");
  }
  who.has_written = true;
  who.last_write = now;
  if (kind != CallKind::content) return;
  check_window(caller, BudgetRule::content_per_minute, who.minute.add(now, 1, kMinute),
               budget_.content_per_minute, "60 s");
  check_window(caller, BudgetRule::content_per_hour, who.hour.add(now, 1, kHour),
               budget_.content_per_hour, "3600 s");
}

void BudgetChecker::end(const std::string& caller, CallKind kind, base::Duration wait) {
  const std::lock_guard lock(mutex_);
  Caller& who = callers_[caller];
  if (kind != CallKind::read) --who.in_flight;
  if (wait <= base::Duration(0)) return;
  const base::Instant now = clock_.now().boot;
  if (now >= who.quiet_until)
    who.told = now;  // A second word is no excuse for calls after the first.
  who.quiet_until = std::max(who.quiet_until, now + wait);
}

void BudgetChecker::check_window(const std::string& caller, BudgetRule rule, int sum, int most,
                                 std::string_view span) {
  if (most <= 0 || sum <= most) return;
  note(caller, rule,
       std::to_string(sum) + " within " + std::string(span) + ", allowed are " +
           std::to_string(most));
}

void BudgetChecker::note(const std::string& caller, BudgetRule rule, std::string what) {
  if (violations_.size() < kViolationsMax) {
    violations_.push_back({rule, caller, clock_.now().wall, std::move(what)});
  }
}

std::vector<Violation> BudgetChecker::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

WriteReport BudgetChecker::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace forge
