// Hands each notice to every open stream. A stream that does not keep up is ended, so that its
// reader calls again and lists anew; nobody waits for it. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "warden/warden.h"

namespace warden {

// One open stream: encoded lines, each with its end.
class Subscription {
 public:
  // Waits up to `wait` and takes all that is there; empty when nothing came. False: ended.
  [[nodiscard]] bool next(std::string& out, base::Duration wait);

 private:
  friend class Hub;
  void put(const std::shared_ptr<const std::string>& line);
  void end();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guards: all below. Lines are shared by all subscriptions, never changed.
  std::deque<std::shared_ptr<const std::string>> lines_;
  bool ended_ = false;
};

class Hub {
 public:
  // Its first line says whether the engine is heard, once that is known.
  [[nodiscard]] std::shared_ptr<Subscription> subscribe();  // Shared with the stream's sender.
  void unsubscribe(const std::shared_ptr<Subscription>& subscription);
  void publish(const Notice& notice);
  // Ends all streams, those to come too.
  void close();

 private:
  std::mutex mutex_;
  // Guards: all below.
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  std::shared_ptr<const std::string> standing_;  // The last Connected or Lost.
  bool closed_ = false;
};

}  // namespace warden
