#include "bench/stage.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/id.h"
#include "base/text.h"
#include "bench/observer.h"

namespace bench {
namespace {

using base::Error;
using base::ErrorCode;

constexpr base::Duration kAnswersWithin = std::chrono::seconds(10);
// Below those that the kernel gives to clients: a container must get its port again when it
// restarts.
constexpr std::uint64_t kPortFirst = 12'000, kPorts = 18'000;
constexpr base::Duration kLookEvery = std::chrono::milliseconds(10);

}  // namespace

const char* const kLooseLimits =
    "cooldown: 0s, spacing: 0s, service_actions_per_hour: 10000, service_actions_per_day: 100000, "
    "global_actions_per_hour: 10000, global_actions_per_day: 100000, soak: 1s, "
    "soak_probes_min: 10, blast_radius_percent: 100, flap_start_percent: 100, "
    "flap_restarts: 10000, deploy_freeze: 0s, no_progress_actions: 10000, host_cpu_percent: 100, "
    "host_memory_percent: 100";

base::Result<StageOptions> parse_stage(int count, char** words, std::vector<std::string>& others) {
  StageOptions options;
  const std::pair<std::string_view, std::string*> known[] = {{"--engine", &options.engine},
                                                             {"--program", &options.program},
                                                             {"--image", &options.image},
                                                             {"--folder", &options.folder},
                                                             {"--run", &options.run}};
  for (int i = 1; i < count; i += 2) {
    const auto* found = std::find_if(std::begin(known), std::end(known),
                                     [&](const auto& item) { return item.first == words[i]; });
    const std::string value = i + 1 < count ? words[i + 1] : "";
    if (found != std::end(known)) {
      *found->second = value;
    } else {
      others.insert(others.end(), {words[i], value});
    }
  }
  for (const auto& [name, value] : known) {
    if (!value->empty()) continue;
    return Error{ErrorCode::invalid, std::string(name) + " is needed; run the script in bench/"};
  }
  if (!options.engine.starts_with("unix://")) {
    return Error{ErrorCode::invalid, "only an engine on a unix socket can be measured"};
  }
  return options;
}

std::string option(const std::vector<std::string>& others, const std::string& name,
                   const std::string& fallback) {
  for (std::size_t i = 0; i + 1 < others.size(); i += 2) {
    if (others[i] == name) return others[i + 1];
  }
  return fallback;
}

int free_port() {
  base::SystemRandom random;
  while (true) {
    const auto port = static_cast<std::uint16_t>(kPortFirst + random.next() % kPorts);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(fd);
    if (bound == 0) return port;
  }
}

Containers::~Containers() {
  if (!made_.empty()) {
    std::vector<std::string> words{"docker", "--host",  options_.engine,
                                   "rm",     "--force", "--volumes"};
    words.insert(words.end(), made_.begin(), made_.end());
    (void)run(words);
  }
  if (has_network_) (void)run({"docker", "--host", options_.engine, "network", "rm", options_.run});
}

base::Result<Service> Containers::add(const std::string& name) {
  // A private engine has no default network.
  if (!has_network_) {
    const auto made = run({"docker", "--host", options_.engine, "network", "create", "--label",
                           "sre.run=" + options_.run, options_.run});
    if (!made) return made.error();
    has_network_ = true;
  }
  Service service{name, free_port(), ""};
  auto id = run({"docker",
                 "--host",
                 options_.engine,
                 "run",
                 "--detach",
                 "--name",
                 name,
                 "--label",
                 "sre.run=" + options_.run,
                 "--network",
                 options_.run,
                 "--restart",
                 "no",
                 "--memory",
                 "64m",
                 "--memory-swap",
                 "64m",
                 "--publish",
                 "127.0.0.1:" + std::to_string(service.port) + ":8000",
                 options_.image,
                 "user",
                 "--name",
                 name});
  if (!id) return id.error();
  service.container = base::trim(*id);
  made_.push_back(service.container);
  const base::SystemClock clock;
  const auto end = clock.now().boot + kAnswersWithin;
  while (ask(service.port, "GET", "/health", std::chrono::seconds(1)) != 200) {
    if (clock.now().boot > end) return Error{ErrorCode::timeout, name + " does not answer"};
    pause(kLookEvery);
  }
  return service;
}

// A service that hangs for the fourth time within a day is a person's: a benchmark's is not.
constexpr const char* kHangRunbook =
    "runbook: hang-restart\n"
    "title: A process that stands still is replaced\n"
    "when: {failure: [hang]}\n"
    "risk: medium\n"
    "rank: 0.8\n"
    "reason: A process that stands still is replaced by a restart.\n"
    "steps: [restart, verify]\n"
    "proof: the symptom's own probe passes for the soak time\n"
    "undo: none\n";

base::Result<std::string> write_config(const std::string& folder, const std::string& engine,
                                       const std::vector<Probed>& services) {
  const std::string path = folder + "/sre-space.yaml";
  std::error_code ignored;
  std::filesystem::create_directories(folder + "/workflows", ignored);
  std::ofstream runbook(folder + "/workflows/hang-restart.yaml", std::ios::trunc);
  runbook << kHangRunbook;
  runbook.close();
  if (!runbook) return Error{ErrorCode::unavailable, "write " + folder + "/workflows"};
  std::ofstream out(path, std::ios::trunc);
  out << "state: state\nworkflows: workflows\nmode: auto\ngithub: {repository: embedded}\nengine: "
         "{host: \""
      << engine << "\"}\nconsole: {port: " << free_port() << "}\nforge: {port: " << free_port()
      << "}\nlimits: {issue_spacing: 0s, " << kLooseLimits
      << "}\n"
         "services:\n";
  for (const Probed& service : services) {
    out << "  - {name: " << service.name << ", container: " << service.container
        << ", grace: 0s, health: {url: \"" << service.url
        << "\", every: 250ms, timeout: 1s, fails: 2}}\n";
  }
  out.close();
  if (!out) return Error{ErrorCode::unavailable, "write " + path};
  return path;
}

base::Result<Child> start_roles(const StageOptions& options, const std::string& config) {
  const auto folder = std::filesystem::path(config).parent_path().string();
  return Child::start({options.program, "up", "--config", config}, folder + "/up.log");
}

}  // namespace bench
