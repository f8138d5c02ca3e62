#include "base/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <string>
#include <thread>

#include "base/text.h"
#include "base/time.h"

namespace base {
namespace {

struct Armed {
  std::string name, action;
  int nth = 1;
  std::atomic<int> seen{0};
};

std::deque<Armed>* read_environment() {
  auto* list = new std::deque<Armed>;  // Lives as long as the process.
  const char* value = std::getenv("SRE_FAILPOINT");
  if (value == nullptr) return list;
  for (std::string_view item : split(value, ',')) {
    const auto parts = split(item, ':');
    if (parts.size() < 2) continue;
    auto& point = list->emplace_back();
    point.name = parts[0];
    point.action = parts[1];
    if (parts.size() > 2) point.nth = std::atoi(std::string(parts[2]).c_str());
  }
  return list;
}

std::deque<Armed>& armed_points() {
  static std::deque<Armed>* const points = read_environment();
  return *points;
}

}  // namespace

bool failpoint(std::string_view name) {
  for (auto& point : armed_points()) {
    if (point.name != name || ++point.seen != point.nth) continue;
    if (point.action == "kill") kill(getpid(), SIGKILL);
    if (point.action == "delay") std::this_thread::sleep_for(Millis(500));
    return point.action == "error";
  }
  return false;
}

}  // namespace base
