// A mutex for many readers or one writer in which neither waits for ever. The standard one, as
// glibc makes it, prefers readers: measured, two threads that search without a pause keep a writer
// out for minutes.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace memory {

// Works with std::unique_lock and std::shared_lock. A waiting writer stops further readers at the
// door, so a thread that holds it for reading must not ask for it again.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard door(door_);
    inside_.lock();
  }
  void unlock() { inside_.unlock(); }
  void lock_shared() {
    const std::lock_guard door(door_);
    inside_.lock_shared();
  }
  void unlock_shared() { inside_.unlock_shared(); }

 private:
  std::mutex door_;
  std::shared_mutex inside_;
};

}  // namespace memory
