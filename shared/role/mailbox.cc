#include "role/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ensure.h"

namespace role {

Bell::Bell() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  base::ensure(descriptor_ >= 0, "no eventfd could be made");
}
Bell::~Bell() { close(descriptor_); }
void Bell::ring() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written =
      write(descriptor_, &one, sizeof one);  // Full means rung already.
}
void Bell::silence() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(descriptor_, &count, sizeof count);
}

Workers::Workers(int threads) {
  for (int i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Workers::~Workers() {
  for (auto& thread : threads_) thread.request_stop();
  changed_.notify_all();
}

void Workers::submit(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(call));
  }
  changed_.notify_one();
}

void Workers::work(const std::stop_token& stop) {
  while (true) {
    std::function<void()> call;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); }) || stop.stop_requested())
        return;
      call = std::move(queue_.front());
      queue_.pop_front();
    }
    call();
  }
}

}  // namespace role
