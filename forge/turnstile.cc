#include "forge/turnstile.h"

#include <algorithm>
#include <utility>

#include "forge/sqlite_store.h"

namespace forge {

base::Status Turnstile::pass(bool is_write, const std::function<void()>& work) {
  Ticket ticket{work, is_write, {}, nullptr};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&ticket);
  while (!ticket.is_done) {
    if (is_busy_) {
      turned_.wait(lock);
      continue;
    }
    is_busy_ = true;
    serve(std::exchange(waiting_, {}), lock);
    is_busy_ = false;
    turned_.notify_all();
  }
  if (ticket.thrown) std::rethrow_exception(ticket.thrown);
  return ticket.status;
}

// Reads come first and wait for no commit; then all writes in one.
void Turnstile::serve(const std::vector<Ticket*>& tickets, std::unique_lock<std::mutex>& lock) {
  const auto run = [](Ticket& ticket) {
    try {
      ticket.work();
    } catch (...) {
      ticket.thrown = std::current_exception();
    }
  };
  const auto finish = [&](bool is_write) {
    lock.lock();
    for (Ticket* const ticket : tickets) {
      if (ticket->is_write == is_write) ticket->is_done = true;
    }
    lock.unlock();
  };
  lock.unlock();
  std::size_t writes = 0;
  for (Ticket* const ticket : tickets) {
    ticket->is_write ? static_cast<void>(++writes) : run(*ticket);
  }
  if (writes < tickets.size()) finish(false);
  if (writes > 0) {
    if (writes < tickets.size()) turned_.notify_all();
    const base::Status stored = store_.batch([&] {
      for (Ticket* const ticket : tickets) {
        if (ticket->is_write) run(*ticket);
      }
    });
    for (Ticket* const ticket : tickets) {
      if (ticket->is_write) ticket->status = stored;
    }
    finish(true);
  }
  lock.lock();
}

}  // namespace forge
