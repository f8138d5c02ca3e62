// The Docker Engine over its HTTP API (1.24 to 1.44; reference: docs.docker.com/engine/api).
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/cgroup_files.h"
#include "engine/engine.h"
#include "engine/http_client.h"

namespace engine {

struct DockerOptions {
  base::Duration reads = std::chrono::seconds(5);     // Deadline of a read.
  base::Duration effects = std::chrono::seconds(60);  // Of an effect, besides its grace.
  // Where the kernel's control groups are; empty: the engine is asked for stats (1 s a call).
  std::string cgroup_root = "/sys/fs/cgroup";
};

// Stops asking an engine that has stopped answering: after 3 time-outs in a row, calls are refused
// without being sent, but for one a while. Thread-safe.
class Breaker {
 public:
  [[nodiscard]] bool allows();
  void answered();
  void timed_out(base::Duration pause);

 private:
  std::mutex mutex_;
  // Guards: all below.
  int timeouts_ = 0;
  std::chrono::steady_clock::time_point closed_until_{};
};

// `host` is "unix:///path" or "tcp://host:port". Nothing is sent before the first call.
class DockerEngine final : public ContainerEngine {
 public:
  explicit DockerEngine(const std::string& host, DockerOptions options = {});

  base::Result<std::string> version() override;
  base::Result<std::vector<Container>> list() override;
  base::Result<Container> inspect(const std::string& id_or_name) override;
  base::Result<std::vector<std::string>> log_tail(const ContainerId& id, int lines) override;
  base::Result<Stats> stats(const ContainerId& id) override;
  base::Status start(const ContainerId& id) override;
  base::Status restart(const ContainerId& id, base::Duration grace) override;
  base::Status stop(const ContainerId& id, base::Duration grace) override;
  base::Result<std::string> snapshot(const ContainerId& id) override;
  base::Result<ContainerId> create_from(const std::string& snapshot,
                                        const Overrides& overrides) override;
  base::Status rename(const ContainerId& id, const std::string& name) override;
  base::Status remove(const ContainerId& id) override;
  base::Status update_limits(const ContainerId& id, const ResourceLimits& limits) override;
  base::Result<std::map<std::string, std::string>> addresses(const ContainerId& id) override;
  base::Status follow(const std::function<void()>& connected,
                      const std::function<bool(const Event&)>& receive,
                      std::stop_token stop) override;

 private:
  struct Sample {
    std::int64_t cpu_ns = 0;
    std::chrono::steady_clock::time_point at;
  };
  // "/v1.41", asked once of the engine.
  base::Result<std::string> prefix();
  base::Result<std::string> negotiate();
  base::Result<HttpAnswer> read(const std::string& path, std::size_t limit);
  base::Result<HttpAnswer> read_guarded(const HttpCall& call);
  // An effect that was sent and answered well; other answers are errors, one of 5xx with this code.
  struct Effect {
    std::string method = "POST";
    std::string path;
    std::string body = {};
    base::Duration grace{0};
    base::ErrorCode on_server_error = base::ErrorCode::unavailable;
  };
  base::Result<std::string> send(const Effect& effect);
  base::Status effect(const Effect& effect);
  // What the engine tells of the container with exactly that id.
  base::Result<std::string> inspect_text(const ContainerId& id);
  // What to make a container from: the reference it was made from when that still means the same
  // image, else the image's id.
  base::Result<std::string> image_for(const std::string& snapshot);
  base::Status connect(const ContainerId& id, const std::string& network, const std::string& body);
  base::Result<Usage> usage(const ContainerId& id);
  double cpu_percent(const ContainerId& id, std::int64_t cpu_ns);

  static constexpr std::size_t kInspectBytesMax = 4U << 20U;
  const DockerOptions options_;
  HttpClient http_;
  CgroupFiles cgroups_;
  Breaker breaker_;
  std::mutex mutex_;
  // Guards: all below.
  std::string prefix_;
  std::map<ContainerId, Sample> samples_;
};

}  // namespace engine
