#include "chaos/host_processes.h"

#include <signal.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

namespace chaos {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Stat {
  char state = 0;  // 0: there is no such process.
  int parent = 0;
};

// From /proc/<pid>/stat, after the name in parentheses.
Stat stat_of(int pid) {
  const std::string text = read_all("/proc/" + std::to_string(pid) + "/stat");
  Stat stat;
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return stat;
  std::istringstream rest(text.substr(name_end + 1));
  rest >> stat.state >> stat.parent;
  return stat;
}

// `root` and everything under it, the root first.
std::vector<int> tree_of(int root) {
  std::multimap<int, int> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid > 1) children.emplace(stat_of(pid).parent, pid);
  }
  std::vector<int> tree{root};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto [first, last] = children.equal_range(tree[i]);
    for (auto it = first; it != last; ++it) tree.push_back(it->second);
  }
  return tree;
}

}  // namespace

base::Status signal_container(const engine::Container& container, int signal, bool is_all) {
  const std::string what = "signal " + std::to_string(signal) + " to " + container.name;
  if (container.pid <= 1) {
    return base::Error{base::ErrorCode::not_found, what + ": it does not run"};
  }
  const std::string pid = std::to_string(container.pid);
  if (read_all("/proc/" + pid + "/cgroup").find(container.id) == std::string::npos) {
    return base::Error{base::ErrorCode::not_found,
                       what + ": process " + pid + " of this host is not in that container"};
  }
  for (const int process : is_all ? tree_of(container.pid) : std::vector<int>{container.pid}) {
    if (process <= 1 || ::kill(process, signal) == 0) continue;
    if (process != container.pid && errno == ESRCH) continue;  // A child that just ended.
    return base::Error{errno == EPERM ? base::ErrorCode::denied : base::ErrorCode::unavailable,
                       what + ": " + std::strerror(errno)};
  }
  return {};
}

char state_of_process(int pid) { return pid > 0 ? stat_of(pid).state : '\0'; }

}  // namespace chaos
