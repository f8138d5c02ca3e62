// What all roles together use while everything is well, and how soon after its start `up` probes.
// Run by bench/idle; docs/formats/bench.md says what the numbers are.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "bench/child.h"
#include "bench/observer.h"
#include "bench/report_codec.h"
#include "bench/stage.h"
#include "bench/usage.h"

namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using base::Instant;

constexpr base::Duration kWarm = 5s;          // After the start, before anything is counted.
constexpr base::Duration kFirstWithin = 20s;  // A first probe later than that is none.

// Answers every connection with 200 and notes when the first one came. Runs its own thread.
class FirstProbe {
 public:
  FirstProbe()
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(bench::free_port()) {
    const int one = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~FirstProbe() {
    thread_.request_stop();
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  FirstProbe(const FirstProbe&) = delete;
  FirstProbe& operator=(const FirstProbe&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::optional<Instant> wait() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, kFirstWithin, [&] { return first_.has_value(); });
    return first_;
  }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int caller = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (caller < 0) continue;
      const auto now = clock_.now().boot;
      {
        const std::lock_guard lock(mutex_);
        if (!first_) first_ = now;
      }
      came_.notify_all();
      char buffer[4096];
      (void)::recv(caller, buffer, sizeof buffer, 0);
      constexpr std::string_view kAnswer =
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      (void)::send(caller, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
      ::close(caller);
    }
  }

  const base::SystemClock clock_{};
  const int listener_, port_;
  std::mutex mutex_;
  // Guards: first_.
  std::condition_variable came_;
  std::optional<Instant> first_;
  std::jthread thread_;
};

std::vector<bench::Probed> probed(const std::vector<bench::Service>& services) {
  std::vector<bench::Probed> out;
  for (const auto& service : services) {
    out.push_back({service.name, service.name,
                   "http://127.0.0.1:" + std::to_string(service.port) + "/health"});
  }
  return out;
}

// One start on an empty state folder, in ms.
base::Result<double> cold_start(const bench::StageOptions& options,
                                const std::vector<bench::Service>& services, int number) {
  FirstProbe first;
  auto list = probed(services);
  list.front().url = "http://127.0.0.1:" + std::to_string(first.port()) + "/health";
  const auto config = bench::write_config(options.folder + "/idle-start-" + std::to_string(number),
                                          options.engine, list);
  if (!config) return config.error();
  const auto begun = base::SystemClock().now().boot;
  const auto roles = bench::start_roles(options, *config);
  if (!roles) return roles.error();
  const auto came = first.wait();
  if (!came) return Error{ErrorCode::timeout, "start: no probe came"};
  return std::chrono::duration<double, std::milli>(*came - begun).count();
}

// The processes of an engine: itself, its containerd, and the proxies of published ports.
struct EngineProcesses {
  std::vector<pid_t> own, proxies;
};

EngineProcesses engine_processes(const std::string& engine) {
  const std::string socket = engine.substr(sizeof "unix://" - 1);
  EngineProcesses found;
  const pid_t dockerd = bench::listener_of(socket);
  if (dockerd == 0) return found;
  found.own.push_back(dockerd);
  for (const pid_t pid : bench::children_of(dockerd)) {
    const auto words = bench::command_line(pid);
    const bool proxy = !words.empty() && words[0].ends_with("docker-proxy");
    (proxy ? found.proxies : found.own).push_back(pid);
  }
  // A private engine's containerd is no child of it; its pid stands beside the socket.
  std::ifstream beside(socket.substr(0, socket.rfind('/')) + "/containerd.pid");
  if (pid_t pid = 0; beside >> pid) found.own.push_back(pid);
  return found;
}

double cpu_of(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids) sum += bench::cpu_seconds(pid);
  return sum;
}

// Per cent of a core over a stretch of time.
class CpuMeter {
 public:
  explicit CpuMeter(std::vector<pid_t> pids) : pids_(std::move(pids)), from_(cpu_of(pids_)) {}
  [[nodiscard]] double percent(base::Duration passed) const {
    return 100 * (cpu_of(pids_) - from_) / std::chrono::duration<double>(passed).count();
  }

 private:
  std::vector<pid_t> pids_;
  double from_;
};

std::string role_of(pid_t pid) {
  const auto words = bench::command_line(pid);
  return words.size() > 1 ? words[1] : std::to_string(pid);
}

base::Status measure_idle(const bench::StageOptions& options,
                          const std::vector<bench::Service>& services, base::Duration time,
                          bench::IdleReport& report) {
  const auto engine = engine_processes(options.engine);
  {
    const CpuMeter own(engine.own), proxies(engine.proxies);
    bench::pause(time);
    report.engine_cpu_without = own.percent(time);
    report.proxies_cpu_without = proxies.percent(time);
  }
  const auto config =
      bench::write_config(options.folder + "/idle", options.engine, probed(services));
  if (!config) return config.error();
  const auto roles = bench::start_roles(options, *config);
  if (!roles) return roles.error();
  bench::pause(kWarm);
  std::vector<pid_t> pids = roles->children();
  pids.push_back(roles->pid());
  const CpuMeter own(engine.own), proxies(engine.proxies);
  std::vector<CpuMeter> meters;
  for (const pid_t pid : pids) meters.emplace_back(std::vector<pid_t>{pid});
  bench::pause(time);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    report.roles.push_back({role_of(pids[i]), static_cast<double>(bench::pss_kb(pids[i])) / 1024,
                            meters[i].percent(time)});
  }
  report.engine_cpu_with = own.percent(time);
  report.proxies_cpu_with = proxies.percent(time);
  const auto listed =
      bench::run({options.program, "incidents", "list", "--json", "--config", *config});
  if (!listed) return listed.error();
  const auto incidents = bench::parse_incidents(*listed);
  if (!incidents) return incidents.error();
  report.incidents = static_cast<int>(incidents->size());
  return {};
}

base::Result<bench::IdleReport> measure(const bench::StageOptions& options,
                                        const std::vector<std::string>& others) {
  bench::IdleReport report;
  report.services = std::atoi(bench::option(others, "--services", "10").c_str());
  const auto time =
      std::chrono::seconds(std::atoi(bench::option(others, "--seconds", "30").c_str()));
  report.seconds = static_cast<double>(time.count());
  bench::Containers containers(options);
  std::vector<bench::Service> services;
  for (int i = 0; i < report.services; ++i) {
    auto service = containers.add("idle-" + options.run + "-" + std::to_string(i));
    if (!service) return service.error();
    services.push_back(std::move(*service));
  }
  std::vector<double> starts;
  for (int i = 0; i < std::atoi(bench::option(others, "--starts", "5").c_str()); ++i) {
    const auto start = cold_start(options, services, i);
    if (!start) return start.error();
    starts.push_back(*start);
  }
  report.cold_start_ms = bench::spread_of(starts);
  if (auto done = measure_idle(options, services, time, report); !done) return done.error();
  return report;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_on_stage("bench-idle", count, words, measure);
}
