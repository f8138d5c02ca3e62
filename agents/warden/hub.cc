#include "agents/warden/hub.h"

#include <algorithm>

#include "warden/warden_codec.h"

namespace warden {
namespace {

constexpr std::size_t kLinesMax = 4096;

}  // namespace

bool Subscription::next(std::string& out, base::Duration wait) {
  out.clear();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return ended_ || !lines_.empty(); });
  for (const auto& line : lines_) out += *line;
  lines_.clear();
  return !ended_ || !out.empty();
}

void Subscription::put(const std::shared_ptr<const std::string>& line) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (lines_.size() >= kLinesMax) {
      lines_.clear();
      ended_ = true;
    } else {
      lines_.push_back(line);
    }
  }
  changed_.notify_one();
}

void Subscription::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
}

std::shared_ptr<Subscription> Hub::subscribe() {
  auto subscription = std::make_shared<Subscription>();
  const std::lock_guard lock(mutex_);
  if (standing_) subscription->put(standing_);
  if (closed_) subscription->end();
  subscriptions_.push_back(subscription);
  return subscription;
}

void Hub::unsubscribe(const std::shared_ptr<Subscription>& subscription) {
  const std::lock_guard lock(mutex_);
  std::erase(subscriptions_, subscription);
}

void Hub::publish(const Notice& notice) {
  const auto line = std::make_shared<const std::string>(encode(notice) + "\n");
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<Connected>(notice) || std::holds_alternative<Lost>(notice)) {
    standing_ = line;
  }
  for (const auto& subscription : subscriptions_) subscription->put(line);
}

void Hub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& subscription : subscriptions_) subscription->end();
}

}  // namespace warden
