// Code that blocks, run in virtual time: it has a thread of its own, and of all those threads and
// the simulation's only one ever runs. Whoever waits gives the turn back; so a run repeats exactly.
#pragma once

#include <exception>
#include <functional>
#include <semaphore>
#include <thread>

namespace simulation {

class Fiber {
 public:
  // The body begins with the first resume().
  explicit Fiber(std::function<void()> body)
      : thread_([this, body = std::move(body)] {
          turn_.acquire();
          try {
            if (!is_cancelled_) body();
          } catch (const Cancelled&) {  // Its process has died.
          }
          has_ended_ = true;
          given_back_.release();
        }) {}
  ~Fiber() {
    if (!has_ended_) cancel();
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // ---- From outside
  void resume() {  // Comes back when the body waits or has ended.
    turn_.release();
    given_back_.acquire();
  }
  // The body ends where it waits; nothing more of it is done.
  void cancel() {
    is_cancelled_ = true;
    resume();
  }
  [[nodiscard]] bool has_ended() const { return has_ended_; }

  // ---- From the body
  void wait() {  // Until the next resume().
    given_back_.release();
    turn_.acquire();
    if (is_cancelled_) throw Cancelled();
  }

 private:
  class Cancelled final : public std::exception {};

  std::binary_semaphore turn_{0}, given_back_{0};
  bool is_cancelled_ = false, has_ended_ = false;  // Only touched by whose turn it is.
  std::jthread thread_;
};

}  // namespace simulation
