// A private dockerd with one small image, for tests; gone with the object. Needs root and the
// packages of tools/packages.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"

namespace testing {

// Starts and stops a private engine under a new folder of /tmp.
class RealEngine {
 public:
  // Nothing, after a line "SKIPPED: ...", when it cannot run here; where it must (as root, or with
  // CI=true) that is a failed check.
  static std::unique_ptr<RealEngine> start();
  ~RealEngine();
  RealEngine(const RealEngine&) = delete;
  RealEngine& operator=(const RealEngine&) = delete;

  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] int pid() const;  // Of dockerd.
  // Starts a container that writes "to stdout" and "to stderr" and then idles; answers its id.
  [[nodiscard]] std::string run(const std::string& name, const std::string& options = "") const;
  // Runs `docker <arguments>` and answers what it prints, without the last line's end.
  std::string docker(const std::string& arguments) const;

 private:
  RealEngine(std::string folder, std::string host)
      : folder_(std::move(folder)), host_(std::move(host)) {}
  std::string folder_;
  std::string host_;
};

// Follows an engine and keeps its events.
class EventLog {
 public:
  explicit EventLog(engine::ContainerEngine& engine);  // Returns once connected.
  // The kinds seen for `id` since the last call of this, up to the first `kind`, which is waited
  // for; empty when it does not come within 20 s.
  std::vector<engine::Event> until(const std::string& id, engine::EventKind kind);
  // Waits for the stream's end and answers how it ended.
  base::Status end();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guards: all below.
  std::vector<engine::Event> events_;
  std::size_t position_ = 0;
  bool connected_ = false;
  std::optional<base::Status> ended_;
  std::jthread thread_;
};

}  // namespace testing
