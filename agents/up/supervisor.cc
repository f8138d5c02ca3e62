#include "agents/up/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "agents/up/backoff.h"
#include "agents/up/lifeline.h"
#include "agents/up/lock.h"
#include "agents/up/status.h"

namespace up {
namespace {

namespace net = boost::asio;
namespace process = boost::process;

constexpr int kBadConfiguration = 2;  // Exit code; see docs: 0 done, 1 failed, 2 used wrongly.
constexpr auto kReapEvery = std::chrono::seconds(10);

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

// A process stopped by SIGSTOP cannot answer a SIGTERM. Third field of /proc/<pid>/stat, see
// proc(5).
bool is_stopped(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << in.rdbuf();
  const std::string stat = text.str();
  const auto name_end = stat.rfind(") ");
  return name_end != std::string::npos && name_end + 2 < stat.size() && stat[name_end + 2] == 'T';
}

// Runs in the child between fork and exec: async-signal-safe calls only.
void prepare_child(pid_t supervisor, int lifeline_fd) {
  ::setpgid(0, 0);
  // SIGKILL and not SIGTERM: it also ends a role that somebody stopped. Roles survive it by design.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  ::fcntl(lifeline_fd, F_SETFD, 0);
}

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) == 0) read_fd = fds[0], write_fd = fds[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (read_fd >= 0) ::close(read_fd), ::close(write_fd);
  }
};

enum class Stop { not_told, told, overdue };  // Overdue: no longer holds up the others.

// Invariant: `exit_fd` is set exactly while `pid` is a child of ours that has not been waited for,
// so a signal to `pid` can reach nobody else.
struct Role {
  Role(Child made, const SuperviseOptions& options, net::io_context& io)
      : child(std::move(made)),
        backoff(options.backoff_first, options.backoff_most, options.backoff_reset),
        timer(io) {}
  Child child;
  Backoff backoff;
  net::steady_timer timer;  // Until the next start.
  std::unique_ptr<net::posix::stream_descriptor> exit_fd;
  pid_t pid = 0;
  int restarts = 0;
  Stop stop = Stop::not_told;
  base::Instant started;
  base::WallTime since;
  std::string last_exit;
};

// Not thread-safe; everything runs on the thread that calls run().
class Supervisor {
 public:
  Supervisor(std::string executable, const SuperviseOptions& options, const base::Logger& logger)
      : executable_(std::move(executable)),
        options_(options),
        logger_(logger),
        signals_(io_, SIGTERM, SIGINT),
        kill_timer_(io_),
        order_timer_(io_),
        reap_timer_(io_) {}

  int run(const std::vector<Child>& children) {
    if (lifeline_.read_fd < 0) {
      logger_.error("cannot start: no pipe for the lifeline");
      return 1;
    }
    since_ = clock_.now().wall;
    for (const auto& child : children) {
      roles_.push_back(std::make_unique<Role>(child, options_, io_));
    }
    wait_for_signal();
    if (::getpid() == 1) reap_orphans();
    for (auto& role : roles_) start(*role);
    io_.run();
    ::unlink((options_.state_dir + "/up.json").c_str());
    logger_.info("stopped");
    return exit_code_;
  }

 private:
  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      logger_.info(stopping_ ? "asked to stop again: killing" : "asked to stop",
                   {{"signal", number}});
      if (stopping_) kill_all();
      begin_stop();
      if (!stopped()) wait_for_signal();
    });
  }

  void start(Role& role) {
    const pid_t pid = spawn(role.child);
    const auto now = clock_.now();
    role.since = now.wall;
    role.started = now.boot;
    if (pid <= 0) return start_later(role);
    role.pid = pid;
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    base::ensure(fd >= 0, "pidfd_open failed for a child just started");
    role.exit_fd = std::make_unique<net::posix::stream_descriptor>(io_, fd);
    role.exit_fd->async_wait(net::posix::stream_descriptor::wait_read,
                             [this, &role](const boost::system::error_code& error) {
                               if (!error) on_exit(role);
                             });
    logger_.info("role started",
                 {{"role", role.child.name}, {"pid", pid}, {"restarts", role.restarts}});
    write_status();
  }

  // Answers the pid, or 0 when nothing was started.
  pid_t spawn(const Child& child) {
    const pid_t self = ::getpid();
    const int lifeline_fd = lifeline_.read_fd;
    std::error_code error;
    process::environment environment;
    for (const std::string& line : child.environment) {
      const auto equals = line.find('=');
      if (equals != line.npos) environment[line.substr(0, equals)] = line.substr(equals + 1);
    }
    environment[kLifelineVariable] = std::to_string(lifeline_fd);
    try {
      process::child started(
          process::exe = executable_, process::args = child.arguments,
          process::std_in < process::null, environment, error,
          process::extend::on_exec_setup =
              [self, lifeline_fd](auto&) { prepare_child(self, lifeline_fd); },
          process::extend::on_error =
              [](auto& executor, const std::error_code&) {
                if (executor.pid > 0) ::waitpid(executor.pid, nullptr, 0);
              });
      const pid_t pid = started.id();
      started.detach();
      if (!error && pid > 0) return pid;
    } catch (const std::exception& failure) {
      logger_.error("role cannot be started", {{"role", child.name}, {"reason", failure.what()}});
      return 0;
    }
    logger_.error("role cannot be started", {{"role", child.name}, {"reason", error.message()}});
    return 0;
  }

  void on_exit(Role& role) {
    // The unreaped leader keeps the group's number ours: what is left of the group goes first.
    ::kill(-role.pid, SIGKILL);
    int status = 0;
    while (::waitpid(role.pid, &status, 0) < 0 && errno == EINTR) {
    }
    role.exit_fd.reset();
    const auto now = clock_.now();
    const pid_t pid = role.pid;
    role.pid = 0;
    role.since = now.wall;
    role.last_exit = describe_exit(status);
    if (stopping_) {
      logger_.info("role stopped", {{"role", role.child.name}, {"how", role.last_exit}});
      return continue_stop();
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kBadConfiguration) {
      logger_.error("role refused its configuration; its own line says why; stopping all",
                    {{"role", role.child.name}, {"pid", pid}});
      exit_code_ = 1;
      return begin_stop();
    }
    logger_.warn("role ended", {{"role", role.child.name}, {"pid", pid}, {"how", role.last_exit}});
    start_later(role);
  }

  void start_later(Role& role) {
    const auto wait = role.backoff.after_death(clock_.now().boot - role.started);
    ++role.restarts;
    write_status();
    role.timer.expires_after(wait);
    role.timer.async_wait([this, &role](const boost::system::error_code& error) {
      if (!error && !stopping_) start(role);
    });
  }

  void begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    for (auto& role : roles_) role->timer.cancel();
    kill_timer_.expires_after(options_.kill_after);
    kill_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) kill_all();
    });
    continue_stop();
  }

  // Tells the next role, last started first, once the one told before has ended or had its time.
  void continue_stop() {
    write_status();
    if (stopped()) return finish();
    for (auto role = roles_.rbegin(); role != roles_.rend(); ++role) {
      if (!(*role)->exit_fd || (*role)->stop == Stop::overdue) continue;
      if ((*role)->stop == Stop::not_told) tell_to_stop(**role);
      return;
    }
  }

  void tell_to_stop(Role& role) {
    role.stop = Stop::told;
    ::kill(-role.pid, is_stopped(role.pid) ? SIGKILL : SIGTERM);
    order_timer_.expires_after(options_.order_wait);
    order_timer_.async_wait([this, &role](const boost::system::error_code& error) {
      if (error) return;
      role.stop = Stop::overdue;
      continue_stop();
    });
  }

  void kill_all() {
    for (auto& role : roles_) {
      if (!role->exit_fd) continue;
      role->stop = Stop::overdue;
      logger_.warn("role did not stop in time: killed", {{"role", role->child.name}});
      ::kill(-role->pid, SIGKILL);
    }
  }

  [[nodiscard]] bool stopped() const {
    return stopping_ && std::none_of(roles_.begin(), roles_.end(),
                                     [](const auto& role) { return role->exit_fd != nullptr; });
  }

  void finish() {
    signals_.cancel();
    kill_timer_.cancel();
    order_timer_.cancel();
    reap_timer_.cancel();
  }

  // As process 1 of a container we inherit orphans; nobody else would wait for them.
  void reap_orphans() {
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
      const bool ours = std::any_of(roles_.begin(), roles_.end(), [&](const auto& role) {
        return role->exit_fd && role->pid == info.si_pid;
      });
      if (ours) break;  // Its own handler is about to run.
      ::waitpid(info.si_pid, nullptr, WNOHANG);
    }
    reap_timer_.expires_after(kReapEvery);
    reap_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !stopped()) reap_orphans();
    });
  }

  void write_status() {
    Status status{::getpid(), since_, {}};
    for (const auto& role : roles_) {
      const char* state = role->exit_fd ? "running" : stopping_ ? "stopped" : "waiting";
      status.roles.push_back(
          {role->child.name, role->pid, role->restarts, role->since, state, role->last_exit});
    }
    const std::string path = options_.state_dir + "/up.json";
    std::ofstream(path + ".new", std::ios::trunc) << encode_status(status) << '\n';
    if (::rename((path + ".new").c_str(), path.c_str()) != 0) {
      logger_.warn("status file not written", {{"path", path}, {"reason", std::strerror(errno)}});
    }
  }

  const std::string executable_;
  const SuperviseOptions& options_;
  const base::Logger& logger_;
  const base::SystemClock clock_{};
  Pipe lifeline_;
  net::io_context io_{1};
  net::signal_set signals_;
  net::steady_timer kill_timer_, order_timer_, reap_timer_;
  std::vector<std::unique_ptr<Role>>
      roles_;  // Handlers hold references: addresses must not change.
  base::WallTime since_;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace

int supervise(const std::string& executable, const std::vector<Child>& children,
              const SuperviseOptions& options, const base::Logger& logger) {
  const auto lock = StateLock::take(options.state_dir);
  if (!lock.ok()) {
    logger.error("cannot start", {{"reason", lock.error().message}});
    return 1;
  }
  return Supervisor(executable, options, logger).run(children);
}

}  // namespace up
