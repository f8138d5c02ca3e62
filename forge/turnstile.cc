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

// Reads come first and wait for no commit; then all writes in one. A ticket that is done belongs to
// its thread again and may be gone.
void Turnstile::serve(std::vector<Ticket*> tickets, std::unique_lock<std::mutex>& lock) {
  const auto run = [](Ticket& ticket) {
    try {
      ticket.work();
    } catch (...) {
      ticket.thrown = std::current_exception();
    }
  };
  const auto first_write = std::stable_partition(
      tickets.begin(), tickets.end(), [](const Ticket* ticket) { return !ticket->is_write; });
  lock.unlock();
  std::for_each(tickets.begin(), first_write, [&](Ticket* read) { run(*read); });
  lock.lock();
  std::for_each(tickets.begin(), first_write, [](Ticket* read) { read->is_done = true; });
  if (first_write == tickets.end()) return;
  if (first_write != tickets.begin()) turned_.notify_all();
  lock.unlock();
  const base::Status stored = store_.batch(
      [&] { std::for_each(first_write, tickets.end(), [&](Ticket* write) { run(*write); }); });
  lock.lock();
  std::for_each(first_write, tickets.end(), [&](Ticket* write) {
    write->status = stored;
    write->is_done = true;
  });
}

}  // namespace forge
