// The one observer of both sides of a comparison: when the engine says that a container died and
// started, and when a service answers again. It asks only after the start, for a connection into
// the gap between death and start costs 0.8 s by itself (the host's neighbour entry goes stale).
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/docker_engine.h"

namespace bench {

// The HTTP status of one GET (or `method`) on 127.0.0.1; empty when nothing answers within
// `within`.
[[nodiscard]] std::optional<int> ask(int port, const std::string& method, const std::string& target,
                                     base::Duration within);

struct Seen {
  engine::Event event;
  base::Instant happened{};  // The engine's own time of it, on our clock.
  base::Instant heard{};
};

// Follows the engine from construction to destruction, by a connection of its own.
class Observer {
 public:
  Observer(const std::string& engine_host, std::string container_name, int port);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // Waits for the first good answer of /health of the life that began after `since`. Errors:
  // timeout (it has not begun or does not answer by `deadline`).
  [[nodiscard]] base::Result<base::Instant> healthy_after(base::Instant since,
                                                          base::Instant deadline);
  // What the engine told of the container since then, oldest first.
  [[nodiscard]] std::vector<Seen> seen_since(base::Instant since);

 private:
  void note(const engine::Event& event);
  bool started_since(base::Instant since) const;

  engine::DockerEngine engine_;
  const std::string name_;
  const int port_;
  const base::SystemClock clock_{};
  std::mutex mutex_;
  // Guards: seen_.
  std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::jthread follower_;
};

}  // namespace bench
