#include "policy/maintenance.h"

#include <algorithm>

namespace policy {
namespace {

constexpr int kDayMinutes = 24 * 60;

bool begins_on(const config::MaintenanceWindow& window, int weekday) {
  return (window.days >> static_cast<unsigned>(weekday) & 1U) != 0;
}

// `minute` of the day, `weekday` 0 is Monday.
bool covers(const config::MaintenanceWindow& window, int weekday, int minute) {
  const bool over_night = window.to <= window.from;
  const int end = over_night ? window.to + kDayMinutes : window.to;
  const bool today = minute >= window.from && minute < end && begins_on(window, weekday);
  const int since_yesterday = minute + kDayMinutes;
  return today || (over_night && since_yesterday < end && begins_on(window, (weekday + 6) % 7));
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
  const auto minutes = std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
  const auto days = std::chrono::floor<std::chrono::days>(now.time_since_epoch()).count();
  const int weekday = static_cast<int>((days % 7 + 7 + 3) % 7);  // 1970-01-01 was a Thursday.
  const int minute = static_cast<int>(minutes - days * kDayMinutes);
  for (const auto& window : windows) {
    const bool is_meant =
        window.services.empty() ||
        std::find(window.services.begin(), window.services.end(), service) != window.services.end();
    if (!is_meant) continue;
    if (!window.unreadable.empty()) return "a window that cannot be read: " + window.unreadable;
    if (covers(window, weekday, minute)) {
      return days_text(window.days) + " " + time_text(window.from) + " to " + time_text(window.to) +
             " UTC";
    }
  }
  return "";
}

}  // namespace policy
