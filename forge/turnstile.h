// Lets many threads at the one store: one works at a time, and the writes that wait together become
// durable by one commit. What a disk can sync 200 times a second so answers thousands of writers.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "base/result.h"

namespace forge {

class SqliteStore;

// Thread-safe. The store outlives it and is used by nobody else.
class Turnstile {
 public:
  explicit Turnstile(SqliteStore& store) : store_(store) {}
  Turnstile(const Turnstile&) = delete;
  Turnstile& operator=(const Turnstile&) = delete;

  // Runs `work` on some waiting thread, alone; what it throws is thrown here. Returns when what it
  // stored is durable. Errors: unavailable (it was not stored; `work` may not have run at all).
  [[nodiscard]] base::Status pass(bool is_write, const std::function<void()>& work);

 private:
  struct Ticket {
    const std::function<void()>& work;
    bool is_write;
    base::Status status;
    std::exception_ptr thrown;
    bool is_done = false;
  };
  void serve(std::vector<Ticket*> tickets, std::unique_lock<std::mutex>& lock);

  SqliteStore& store_;
  std::mutex mutex_;  // Guards: waiting_, is_busy_ and each ticket's is_done.
  std::condition_variable turned_;
  std::vector<Ticket*> waiting_;
  bool is_busy_ = false;
};

}  // namespace forge
