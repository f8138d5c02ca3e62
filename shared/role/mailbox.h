// Where adapter threads put answers for a role's loop, and a small pool of threads for blocking
// calls.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace role {

// An eventfd that becomes readable when something was posted. Thread-safe.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void ring() const;
  void silence() const;

 private:
  int descriptor_;
};

// Answers on their way to the loop, each with the key of its request; an empty key for news nobody
// asked for (a stream's notices). Thread-safe.
template <class Answer>
class Mailbox {
 public:
  void post(std::string key, Answer answer) {
    {
      const std::lock_guard lock(mutex_);
      queue_.emplace_back(std::move(key), std::move(answer));
    }
    bell_.ring();
  }
  [[nodiscard]] std::deque<std::pair<std::string, Answer>> take() {
    bell_.silence();
    const std::lock_guard lock(mutex_);
    return std::exchange(queue_, {});
  }
  [[nodiscard]] int descriptor() const { return bell_.descriptor(); }

 private:
  Bell bell_;
  std::mutex mutex_;  // Guards: queue_.
  std::deque<std::pair<std::string, Answer>> queue_;
};

// Runs blocking calls on `threads` threads, in the order they were given. Destruction waits for the
// calls under way and drops those not begun. Thread-safe.
class Workers {
 public:
  explicit Workers(int threads);
  ~Workers();
  void submit(std::function<void()> call);

 private:
  void work(const std::stop_token& stop);
  std::mutex mutex_;  // Guards: queue_.
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::jthread> threads_;
};

}  // namespace role
