#include "tests/integration/real_engine.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace testing {
namespace {

constexpr auto kWait = std::chrono::seconds(20);

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
    out.append(buffer, size);
  ::pclose(pipe);
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool must_run() {
  const char* ci = std::getenv("CI");
  return ::geteuid() == 0 || (ci != nullptr && std::string(ci) == "true");
}

std::unique_ptr<RealEngine> skip(const std::string& why) {
  std::cout << "SKIPPED: real container engine: " << why << std::endl;
  CHECK_MESSAGE(!must_run(), why);
  return nullptr;
}

}  // namespace

std::unique_ptr<RealEngine> RealEngine::start() {
  if (::geteuid() != 0) return skip("needs root");
  char folder[] = "/tmp/engine-test.XXXXXX";
  if (::mkdtemp(folder) == nullptr) return skip("no folder under /tmp");
  const std::string home = folder;
  const std::string host = output_of("tools/private-engine start " + home + " 2>" + home + "/why");
  if (!host.starts_with("unix://")) return skip(output_of("cat " + home + "/why"));
  std::unique_ptr<RealEngine> out(new RealEngine(home, host));
  std::filesystem::create_directories(home + "/image/bin");
  std::filesystem::copy_file("/bin/busybox", home + "/image/bin/busybox");
  const std::string image =
      output_of("tar -C " + home + "/image -c . | docker -H " + host + " import - idle:1 2>&1");
  CHECK_MESSAGE(image.starts_with("sha256:"), image);
  return out;
}

RealEngine::~RealEngine() {
  output_of("tools/private-engine stop " + folder_ + " 2>&1");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

int RealEngine::pid() const {
  std::ifstream in(folder_ + "/dockerd.pid");
  int pid = 0;
  in >> pid;
  REQUIRE(pid > 1);
  return pid;
}

std::string RealEngine::run(const std::string& name, const std::string& options) const {
  const std::string id =
      docker("run -d --network none --name " + name + " " + options +
             " idle:1 /bin/busybox sh -c 'echo to stdout; echo to stderr >&2; exec /bin/busybox "
             "sleep 100000'");
  REQUIRE_MESSAGE(engine::is_container_id(id), id);
  return id;
}

std::string RealEngine::docker(const std::string& arguments) const {
  // What the engine remarks of the host (no forwarding, no swap limits) is no part of the answer.
  return output_of("docker -H " + host_ + " " + arguments + " 2>&1 | grep -v '^WARNING: '");
}

EventLog::EventLog(engine::ContainerEngine& engine)
    : thread_([this, &engine](const std::stop_token& stop) {
        auto status = engine.follow(
            [this] {
              const std::lock_guard lock(mutex_);
              connected_ = true;
              changed_.notify_all();
            },
            [this](const engine::Event& event) {
              const std::lock_guard lock(mutex_);
              events_.push_back(event);
              changed_.notify_all();
              return true;
            },
            stop);
        const std::lock_guard lock(mutex_);
        ended_ = std::move(status);
        changed_.notify_all();
      }) {
  std::unique_lock lock(mutex_);
  REQUIRE(changed_.wait_for(lock, kWait, [this] { return connected_ || ended_; }));
  REQUIRE(connected_);
}

std::vector<engine::Event> EventLog::until(const std::string& id, engine::EventKind kind) {
  std::vector<engine::Event> out;
  std::unique_lock lock(mutex_);
  while (changed_.wait_for(lock, kWait, [this] { return position_ < events_.size(); })) {
    const engine::Event& event = events_[position_++];
    if (event.id == id) out.push_back(event);
    if (event.id == id && event.kind == kind) return out;
  }
  return {};
}

base::Status EventLog::end() {
  std::unique_lock lock(mutex_);
  REQUIRE(changed_.wait_for(lock, kWait, [this] { return ended_.has_value(); }));
  return *ended_;
}

}  // namespace testing
