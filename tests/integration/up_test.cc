// The supervisor over real processes: every wait is for an event (a line in a FIFO, an exit).
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agents/up/lock.h"
#include "agents/up/status.h"

namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string read_all(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// "NAME event pid", as up_program tells it.
struct Told {
  std::string name, event;
  pid_t pid = 0;
  Steady::time_point at;
};

bool waits_for_exit(pid_t pid, milliseconds most) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return true;  // Gone already.
  pollfd entry{fd, POLLIN, 0};
  const bool ended = ::poll(&entry, 1, static_cast<int>(most.count())) > 0;
  ::close(fd);
  return ended;
}

// A supervisor in a process of its own, its state folder and the FIFO its children write to.
class Running {
 public:
  explicit Running(std::vector<std::string> roles, int kill_after_ms = 5000) {
    char name[] = "/tmp/up_test.XXXXXX";
    folder_ = ::mkdtemp(name);
    const std::string fifo = folder_ + "/events";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    fifo_ = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);  // Read and write: never at its end.
    words_ = {UP_PROGRAM, "supervise", state(), std::to_string(kill_after_ms), fifo};
    words_.insert(words_.end(), roles.begin(), roles.end());
    pid_ = spawn();
  }
  ~Running() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
    ::close(fifo_);
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string state() const { return folder_ + "/state"; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // The same command once more; its messages go to <folder>/second.
  [[nodiscard]] pid_t spawn(const char* log = "log") {
    std::vector<char*> arguments;
    for (auto& word : words_) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ + "/" + log).c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid = 0;
    REQUIRE(::posix_spawn(&pid, UP_PROGRAM, &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }
  [[nodiscard]] std::string log(const char* name = "log") const {
    return read_all(folder_ + "/" + name);
  }

  Told next() {
    while (buffer_.find('\n') == std::string::npos) {
      pollfd entry{fifo_, POLLIN, 0};
      if (::poll(&entry, 1, 10'000) <= 0) FAIL("no event within 10 s; log:\n" << log());
      char bytes[512];
      const auto length = ::read(fifo_, bytes, sizeof bytes);
      REQUIRE(length > 0);
      buffer_.append(bytes, static_cast<std::size_t>(length));
    }
    const auto end = buffer_.find('\n');
    std::istringstream line(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
    Told told;
    line >> told.name >> told.event >> told.pid;
    told.at = Steady::now();
    return told;
  }
  // The starts of so many processes, in any order; sorted by name.
  std::vector<Told> starts(std::size_t count) {
    std::vector<Told> all;
    while (all.size() < count) {
      all.push_back(next());
      CHECK(all.back().event == "started");
    }
    std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return all;
  }
  [[nodiscard]] bool is_silent() const { return buffer_.empty() && !poll_now(); }

  // What up.json says once it names `pid`: the role may speak before its supervisor has written.
  [[nodiscard]] up::Status status_with_pid(pid_t pid) const {
    for (const auto until = Steady::now() + seconds(5); Steady::now() < until; ::sched_yield()) {
      const auto status = up::decode_status(read_all(state() + "/up.json"));
      if (!status.ok()) continue;
      for (const auto& role : status->roles) {
        if (role.pid == pid) return *status;
      }
    }
    FAIL("up.json never named " << pid);
    return {};
  }

  // The exit code; -signal when killed.
  int wait(milliseconds most = seconds(10)) {
    REQUIRE_MESSAGE(waits_for_exit(pid_, most), "supervisor still runs; log:\n" << log());
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  // The supervisor's children that ended and were not waited for.
  [[nodiscard]] int zombies() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string stat = read_all(entry.path() / "stat");
      const auto end = stat.rfind(") ");
      if (end == std::string::npos) continue;
      std::istringstream rest(stat.substr(end + 2));
      std::string process_state;
      pid_t parent = 0;
      rest >> process_state >> parent;
      count += parent == pid_ && process_state == "Z" ? 1 : 0;
    }
    return count;
  }

  // One that ended this moment is a zombie until the supervisor has looked.
  [[nodiscard]] bool reaps_all() const {
    for (const auto end = Steady::now() + seconds(5); Steady::now() < end;) {
      if (zombies() == 0) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }

 private:
  [[nodiscard]] bool poll_now() const {
    pollfd entry{fifo_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  std::string folder_;
  std::vector<std::string> words_;
  std::string buffer_;
  int fifo_ = -1;
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a role gets its own environment and the lifeline, nothing of its supervisor's") {
  REQUIRE(::setenv("UP_TEST_SECRET", "the supervisor's own", 1) == 0);
  Running up({"a=run", "b=run"});
  REQUIRE(::unsetenv("UP_TEST_SECRET") == 0);
  const auto variables_of = [](pid_t pid) {
    std::vector<std::string> lines;
    std::istringstream text(read_all("/proc/" + std::to_string(pid) + "/environ"));
    for (std::string line; std::getline(text, line, '\0');) {
      lines.push_back(line.substr(0, line.starts_with("SRE_LIFELINE_FD=") ? 16 : line.npos));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  for (const Told& role : up.starts(2)) {
    CHECK(variables_of(role.pid) == std::vector<std::string>{"MINE=of " + role.name,
                                                             "PATH=/usr/bin:/bin",
                                                             "SRE_LIFELINE_FD="});
  }
  const auto own = variables_of(up.pid());
  CHECK(std::count(own.begin(), own.end(), "UP_TEST_SECRET=the supervisor's own") == 1);
}

TEST_CASE("a killed role is started again, without a zombie") {
  Running up({"one=run", "two=run"});
  const auto first = up.starts(2);
  pid_t victim = first[0].pid;
  for (int round = 1; round <= 3; ++round) {
    ::kill(victim, SIGKILL);
    const auto again = up.next();
    CHECK(again.name == "one");
    CHECK(again.pid != victim);
    CHECK(up.zombies() == 0);
    const auto status = up.status_with_pid(again.pid);
    CHECK(status.pid == up.pid());
    REQUIRE(status.roles.size() == 2);
    CHECK(status.roles[0].role == "one");
    CHECK(status.roles[0].state == "running");
    CHECK(status.roles[0].restarts == round);
    CHECK(status.roles[0].last_exit == "signal 9");
    CHECK(status.roles[1].restarts == 0);
    CHECK(status.roles[1].pid == first[1].pid);
    victim = again.pid;
  }
}

TEST_CASE("a role in a crash loop waits twice as long each time") {
  Running up({"bad=crash", "good=run"});
  std::vector<Steady::time_point> starts;
  while (starts.size() < 6) {
    const auto told = up.next();
    if (told.name == "bad") starts.push_back(told.at);
  }
  auto expected = milliseconds(50);
  for (std::size_t i = 1; i < starts.size(); ++i, expected *= 2) {
    CAPTURE(i);
    const auto gap = std::chrono::duration_cast<milliseconds>(starts[i] - starts[i - 1]);
    CHECK(gap >=
          expected - milliseconds(10));  // The telling may be slower once than the next time.
    CHECK(gap < expected * 2 + milliseconds(500));
  }
  CHECK(up.reaps_all());
}

TEST_CASE("SIGTERM stops the roles in reverse order and leaves nothing") {
  Running up({"one=run", "two=run", "three=run"});
  const auto children = up.starts(3);
  const auto asked = Steady::now();
  ::kill(up.pid(), SIGTERM);
  for (const char* name : {"three", "two", "one"}) {
    const auto told = up.next();
    CHECK(told.name == name);
    CHECK(told.event == "stopped");
  }
  CHECK(up.wait() == 0);
  CHECK(Steady::now() - asked < seconds(1));
  for (const auto& child : children) CHECK(::kill(child.pid, 0) != 0);
  CHECK_FALSE(std::filesystem::exists(up.state() + "/up.json"));
  CHECK_FALSE(up::StateLock::is_held(up.state()));
}

TEST_CASE("a stopped or deaf role does not hold up the others and is killed in bounded time") {
  Running up({"one=run", "two=deaf", "three=run"}, 1500);
  const auto children = up.starts(3);  // one, three, two
  ::kill(children[1].pid, SIGSTOP);
  const auto asked = Steady::now();
  ::kill(up.pid(), SIGTERM);
  const auto told = up.next();  // Three is killed where it stands, two says nothing.
  CHECK(told.name == "one");
  CHECK(told.at - asked < milliseconds(1300));
  CHECK(up.wait() == 0);
  CHECK(Steady::now() - asked < milliseconds(4000));
  CHECK(up.is_silent());
  for (const auto& child : children) CHECK(::kill(child.pid, 0) != 0);
}

TEST_CASE("a second SIGTERM kills what is left at once") {
  Running up({"one=deaf"}, 60'000);
  const auto child = up.next();
  ::kill(up.pid(), SIGTERM);
  while (up.log().find("asked to stop") == std::string::npos) ::sched_yield();
  ::kill(up.pid(), SIGTERM);
  CHECK(up.wait(seconds(5)) == 0);
  CHECK(::kill(child.pid, 0) != 0);
}

TEST_CASE("roles and their children end with a supervisor that is killed") {
  Running up({"one=parent", "two=deaf", "three=run"});
  const auto all = up.starts(4);
  ::kill(all[2].pid, SIGSTOP);  // Three; even a stopped one must go.
  ::kill(up.pid(), SIGKILL);
  CHECK(up.wait() == -SIGKILL);
  for (const auto& process : all) {
    CAPTURE(process.name);
    CHECK(waits_for_exit(process.pid, seconds(5)));
  }
  CHECK_FALSE(up::StateLock::is_held(up.state()));
}

TEST_CASE("what a dead role left in its group goes before the next start") {
  Running up({"one=parent"});
  const auto first = up.starts(2);  // one, one-grandchild
  ::kill(first[0].pid, SIGKILL);
  CHECK(waits_for_exit(first[1].pid, seconds(5)));
  const auto second = up.starts(2);
  CHECK(second[1].pid != first[1].pid);
}

TEST_CASE("a role that refuses its configuration stops all, and says so") {
  Running up({"one=run", "two=refuse"});
  CHECK(up.wait() == 1);
  CHECK(up.log().find("role refused its configuration") != std::string::npos);
  CHECK(up.log().find("role=two") != std::string::npos);
}

TEST_CASE("a second supervisor on the same state folder says so and leaves the first alone") {
  Running up({"one=run"});
  (void)up.next();
  CHECK(up::StateLock::is_held(up.state()));
  const pid_t second = up.spawn("second");
  int status = 0;
  ::waitpid(second, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  const std::string said = up.log("second");
  CHECK(said.find("another sre-space up (process " + std::to_string(up.pid()) + ")") !=
        std::string::npos);
  CHECK(said.find(up.state()) != std::string::npos);
  CHECK(up::StateLock::is_held(up.state()));
  CHECK(up.is_silent());
}

TEST_CASE("a state folder that cannot be written is named") {
  const auto taken = up::StateLock::take("/proc/no-such-folder");
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == base::ErrorCode::denied);
  CHECK(taken.error().message.find("/proc/no-such-folder") != std::string::npos);
}
