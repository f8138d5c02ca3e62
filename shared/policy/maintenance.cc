#include "policy/maintenance.h"

#include <algorithm>

namespace policy {
namespace {

constexpr int kDayMinutes = 24 * 60;

bool begins_on(const config::MaintenanceWindow& window, int weekday) {
  return (window.days >> static_cast<unsigned>(weekday) & 1U) != 0;
}

// Days since 1970-01-01, which was a Thursday, and the minute of that day.
struct Moment {
  std::int64_t day = 0;
  int minute = 0;
  [[nodiscard]] int weekday() const {
    return static_cast<int>((day % 7 + 7 + 3) % 7);
  }  // Monday 0.
};

Moment moment_of(base::WallTime at) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count();
  const auto days = std::chrono::floor<std::chrono::days>(at.time_since_epoch()).count();
  return {days, static_cast<int>(minutes - days * kDayMinutes)};
}

// The end of the window's stretch that covers this moment, in minutes since that day began.
std::optional<int> end_of(const config::MaintenanceWindow& window, const Moment& at) {
  const bool over_night = window.to <= window.from;
  const int end = over_night ? window.to + kDayMinutes : window.to;
  const bool today = at.minute >= window.from && at.minute < end && begins_on(window, at.weekday());
  if (today) return end;
  const bool since_yesterday =
      over_night && at.minute + kDayMinutes < end && begins_on(window, (at.weekday() + 6) % 7);
  if (since_yesterday) return end - kDayMinutes;
  return std::nullopt;
}

bool is_meant(const config::MaintenanceWindow& window, std::string_view service) {
  return window.services.empty() || std::find(window.services.begin(), window.services.end(),
                                              service) != window.services.end();
}

std::string time_text(int minute) {
  const std::string hour = std::to_string(minute / 60), rest = std::to_string(minute % 60);
  return std::string(hour.size() < 2 ? "0" : "") + hour + ":" + (rest.size() < 2 ? "0" : "") + rest;
}

std::string days_text(unsigned days) {
  constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  if ((days & 0x7FU) == 0x7FU) return "every day";
  std::string text;
  for (unsigned day = 0; day < 7; ++day) {
    if ((days >> day & 1U) != 0) text += std::string(text.empty() ? "" : " ") + kDays[day];
  }
  return text;
}

}  // namespace

std::string frozen_by(const std::vector<config::MaintenanceWindow>& windows,
                      std::string_view service, base::WallTime now) {
  const Moment at = moment_of(now);
  for (const auto& window : windows) {
    if (!is_meant(window, service)) continue;
    if (!window.unreadable.empty()) return "a window that cannot be read: " + window.unreadable;
    if (end_of(window, at)) {
      return days_text(window.days) + " " + time_text(window.from) + " to " + time_text(window.to) +
             " UTC";
    }
  }
  return "";
}

std::optional<base::WallTime> thaws_at(const std::vector<config::MaintenanceWindow>& windows,
                                       std::string_view service, base::WallTime now) {
  base::WallTime free = now;
  for (bool is_free = false; !is_free;) {
    is_free = true;
    for (const auto& window : windows) {
      if (!is_meant(window, service)) continue;
      if (!window.unreadable.empty()) return std::nullopt;
      const Moment at = moment_of(free);
      const auto end = end_of(window, at);
      if (!end) continue;
      free = base::WallTime(std::chrono::days(at.day) + std::chrono::minutes(*end));
      is_free = false;
    }
    if (free - now > kMaintenanceWaitMax) return std::nullopt;
  }
  return free;
}

}  // namespace policy
