#include "github/hooks.h"

#include <algorithm>
#include <map>

namespace github {
namespace {

constexpr base::Duration kSettled = std::chrono::minutes(1);
constexpr base::Duration kKept = std::chrono::hours(24 * 3);
constexpr int kAttemptsMax = 4;
constexpr std::size_t kAtOnce = 10;

}  // namespace

std::vector<std::int64_t> missed(const std::vector<HookDelivery>& deliveries, base::WallTime now) {
  struct Story {
    const HookDelivery* latest = nullptr;
    int attempts = 0;
    bool arrived = false;
  };
  std::map<std::string, Story> stories;
  for (const auto& one : deliveries) {
    if (one.event != "issues" && one.event != "issue_comment") continue;
    Story& story = stories[one.guid];
    ++story.attempts;
    story.arrived = story.arrived || (one.status_code >= 200 && one.status_code < 300);
    if (story.latest == nullptr || one.delivered_at > story.latest->delivered_at)
      story.latest = &one;
  }
  std::vector<const HookDelivery*> found;
  for (const auto& [guid, story] : stories) {
    const auto age = now - story.latest->delivered_at;
    if (!story.arrived && story.attempts < kAttemptsMax && age > kSettled && age < kKept)
      found.push_back(story.latest);
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return std::pair(a->delivered_at, a->id) < std::pair(b->delivered_at, b->id);
  });
  std::vector<std::int64_t> ids;
  for (const auto* one : found) {
    if (ids.size() < kAtOnce) ids.push_back(one->id);
  }
  return ids;
}

}  // namespace github
