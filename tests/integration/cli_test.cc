// The executable's frame as a process: configuration in files, exit codes, init, doctor, up.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "config/yaml_config.h"

namespace {

std::string read_all(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_all(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// A folder of its own, the working directory of what runs in it.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/cli_test.XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Outcome {
  int code = -1;
  std::string out, err;
};

pid_t spawn(const Folder& folder, std::vector<std::string> words,
            const std::vector<std::string>& more_variables = {}) {
  words.insert(words.begin(), CLI_PROGRAM);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> variables = {"PATH=/usr/bin:/bin", "DOCKER_HOST=unix:///no/engine.sock"};
  variables.insert(variables.end(), more_variables.begin(), more_variables.end());
  std::vector<char*> environment;
  for (auto& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.path().c_str());
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 1, (folder / "out").c_str(), kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (folder / "err").c_str(), kFlags, 0600);
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, CLI_PROGRAM, &actions, nullptr, arguments.data(),
                        environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

Outcome finish(const Folder& folder, pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_all(folder / "out"),
          read_all(folder / "err")};
}

Outcome run(const Folder& folder, std::vector<std::string> words) {
  return finish(folder, spawn(folder, std::move(words)));
}

// A listening socket that answers every connection with one fixed text, on a thread of its own.
class Listener {
 public:
  explicit Listener(std::string answer = "") : answer_(std::move(answer)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd_, any, size) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    REQUIRE(::getsockname(fd_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
    if (!answer_.empty()) server_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~Listener() {
    server_.request_stop();
    ::shutdown(fd_, SHUT_RDWR);
    if (server_.joinable()) server_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int peer = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      char bytes[2048];
      [[maybe_unused]] const auto asked = ::read(peer, bytes, sizeof bytes);
      [[maybe_unused]] const auto said = ::write(peer, answer_.data(), answer_.size());
      ::close(peer);
    }
  }
  std::string answer_;
  int fd_ = -1;
  int port_ = 0;
  std::jthread server_;
};

// A port that was free a moment ago.
std::string free_port() { return Listener().port(); }

std::string config_text(const std::string& console, const std::string& forge,
                        const std::string& rest = "") {
  return "mode: auto\nconsole: {port: " + console + "}\nforge: {port: " + forge +
         "}\nservices:\n  - name: web\n    container: web\n" + rest;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Waits for a text to appear in what the process writes.
bool appears(const std::string& file, const std::string& part) {
  using Steady = std::chrono::steady_clock;
  for (const auto until = Steady::now() + std::chrono::seconds(10); Steady::now() < until;
       std::this_thread::yield()) {
    if (holds(read_all(file), part)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a configuration is loaded from its file, and a bad file is told why") {
  const Folder folder;
  const auto load = [&](const std::string& name) {
    return config::load(folder / name, [](std::string_view) { return std::nullopt; });
  };
  write_all(folder / "good.yaml", config_text("7080", "7081"));
  const auto good = load("good.yaml");
  REQUIRE(good.ok());
  CHECK(good->state_dir == folder / "state");
  const auto missing = load("none.yaml");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == base::ErrorCode::not_found);
  CHECK(missing.error().message == (folder / "none.yaml") +
                                       ": no such file; write a first one with: sre-space init " +
                                       (folder / "none.yaml"));
  CHECK(load("").error().message == (folder / "") + ": is a folder, not a file");
  write_all(folder / "big.yaml", std::string(2 << 20, '#'));
  CHECK(load("big.yaml").error().message == (folder / "big.yaml") + ":1: larger than 1 MB");
  write_all(folder / "secret", "0123456789abcdef\n");
  write_all(folder / "key.yaml",
            config_text("7080", "7081") +
                "github: {repository: a/b, token: \"${file:" + (folder / "secret") + "}\"}\n");
  REQUIRE(load("key.yaml").ok());
  CHECK(load("key.yaml")->github.token == "0123456789abcdef");
}

TEST_CASE("init writes a configuration that loads, once") {
  const Folder folder;
  const auto first = run(folder, {"init"});
  CHECK(first.code == 0);
  CHECK(holds(first.out, "Wrote sre-space.yaml"));
  const auto loaded = config::load(folder / "sre-space.yaml", config::process_environment());
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(loaded->mode == config::Mode::dry_run);
  CHECK(loaded->embedded());
  CHECK(config::looser_limits(loaded->limits).empty());
  struct stat facts{};
  REQUIRE(::stat((folder / "sre-space.yaml").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  write_all(folder / "sre-space.yaml", "mine");
  const auto second = run(folder, {"init"});
  CHECK(second.code == 1);
  CHECK(holds(second.err, "exists already"));
  CHECK(read_all(folder / "sre-space.yaml") == "mine");
  CHECK(run(folder, {"init", "no/such/folder.yaml"}).code == 1);
}

TEST_CASE("exit codes and messages of the frame") {
  const Folder folder;
  CHECK(run(folder, {"version"}).code == 0);
  CHECK(run(folder, {"version", "--json"}).out.starts_with("{\"version\":\""));
  CHECK(run(folder, {"--help"}).code == 0);
  const auto unknown = run(folder, {"incidnts"});
  CHECK(unknown.code == 2);
  CHECK(unknown.out.empty());
  CHECK(holds(unknown.err, "did you mean \"incidents\"?"));
  const auto none = run(folder, {"incidents", "list"});
  CHECK(none.code == 2);
  CHECK(holds(none.err, "sre-space.yaml: no such file; write a first one with: sre-space init"));
  write_all(folder / "sre-space.yaml", "mode: atuo\nservces: []\n");
  const auto bad = run(folder, {"stop"});
  CHECK(bad.code == 2);
  CHECK(holds(bad.err, "sre-space.yaml:1: mode: \"atuo\" is no mode; did you mean \"auto\"?\n"));
  CHECK(holds(bad.err, "sre-space.yaml:2: servces: unknown field; did you mean \"services\"?\n"));
  write_all(folder / "sre-space.yaml", config_text("7080", "7081"));
  CHECK(run(folder, {"incidents", "show", "7", "--json"}).out == "show 7 services=1 json=1\n");
  CHECK(run(folder, {"stop", "--reason", "a b"}).out == "stop a b services=1 json=0\n");
  CHECK(run(folder, {"chaos", "list"}).out == "chaos services=0 json=0\n");
}

TEST_CASE("the doctor tells what is wrong and changes nothing") {
  const Folder folder;
  const Listener healthy("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const Listener sick("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const Listener taken;
  write_all(folder / "sre-space.yaml",
            config_text(taken.port(), free_port(),
                        "    health: {url: \"http://127.0.0.1:" + healthy.port() + "/health\"}\n" +
                            "  - name: ill\n    container: ill\n    health: {url: "
                            "\"http://127.0.0.1:" +
                            sick.port() + "/health\"}\n  - name: gone\n    container: gone\n    " +
                            "health: {url: \"http://127.0.0.1:" + free_port() + "/health\"}\n" +
                            "limits: {cooldown: 0}\n"));
  const auto told = run(folder, {"doctor"});
  CHECK(told.code == 1);
  CAPTURE(told.out);
  CHECK(holds(told.out, "3 services, mode auto"));
  CHECK(holds(told.out, "state will be made by up"));
  CHECK(holds(told.out, "127.0.0.1:" + taken.port() + ": in use by another program"));
  CHECK(holds(told.out, "unix:///no/engine.sock"));
  CHECK(holds(told.out, "/health answered 200"));
  CHECK(holds(told.out, "/health answered 503"));
  CHECK(holds(told.out, "service gone"));
  CHECK(holds(told.out, "limits.cooldown: 0ms, default 10min"));
  CHECK(holds(told.out, " failed, 1 warned"));
  CHECK_FALSE(std::filesystem::exists(folder / "state"));
  const auto json = run(folder, {"doctor", "--json"});
  CHECK(json.code == 1);
  CHECK(json.out.starts_with("{\"checks\":[{\"detail\":"));
  CHECK(json.out.ends_with("\"ok\":false}\n"));
  write_all(folder / "sre-space.yaml", "mode: x\n");
  const auto bad = run(folder, {"doctor"});
  CHECK(bad.code == 1);
  CHECK(holds(bad.out, "sre-space.yaml:1: mode: \"x\" is no mode"));
}

TEST_CASE("up runs the roles, a doctor beside it sees them, and SIGTERM ends all") {
  const Folder folder;
  write_all(folder / "sre-space.yaml", config_text(free_port(), free_port()));
  const pid_t up = spawn(folder, {"up"});
  for (const char* role :
       {"forge", "warden", "scribe", "memory", "brain", "fixer", "console", "scout"}) {
    CHECK(appears(folder / "out", "role " + std::string(role) + " started"));
  }
  const Folder beside;
  const auto doctor = run(beside, {"doctor", "--config", folder / "sre-space.yaml"});
  CAPTURE(doctor.out);
  CHECK(holds(doctor.out, "running as process " + std::to_string(up) + " with 8 roles"));
  const auto second = run(beside, {"up", "--config", folder / "sre-space.yaml"});
  CHECK(second.code == 1);
  CHECK(holds(second.err, "another sre-space up (process " + std::to_string(up) + ")"));
  ::kill(up, SIGTERM);
  const auto ended = finish(folder, up);
  CHECK(ended.code == 0);
  CHECK(holds(ended.err, "msg=stopped"));
}

TEST_CASE("up gives each role the variables it needs, and no secret of another's") {
  const Folder folder;
  write_all(folder / "sre-space.yaml",
            config_text(free_port(), free_port()) +
                "github: {repository: acme/infra, token: \"${GH}\", webhook_secret: \"${HOOK}\", "
                "api: \"${API}\"}\n");
  const std::vector<std::string> given = {"GH=ghp_0123456789abcdef",
                                          "HOOK=hook-0123456789abcdef",
                                          "API=https://ghe.acme.com/api/v3",
                                          "AWS_SECRET_ACCESS_KEY=foreign-0123456789",
                                          "SRE_NOTE=plain",
                                          "SRE_API_TOKEN=x-0123456789",
                                          "LANG=C.UTF-8",
                                          "https_proxy=http://me:pass-0123@127.0.0.1:9"};
  const pid_t up = spawn(folder, {"up"}, given);
  const std::string none = "withheld-from-this-role";
  for (const std::string role :
       {"warden", "scribe", "memory", "brain", "fixer", "console", "scout"}) {
    CAPTURE(role);
    REQUIRE(appears(folder / "out", "role " + role + " started"));
    const std::string log = read_all(folder / "err");
    const std::string marker = "role=" + role + " pid=";
    REQUIRE(log.find(marker) != log.npos);
    const std::string pid = std::to_string(std::stoi(log.substr(log.find(marker) + marker.size())));
    const std::string all = '\0' + read_all("/proc/" + pid + "/environ");
    const auto has = [&](const std::string& line) { return holds(all, '\0' + line + '\0'); };
    CHECK(has("PATH=/usr/bin:/bin"));
    CHECK(has("LANG=C.UTF-8"));
    CHECK(has("SRE_NOTE=plain"));
    CHECK(has("API=https://ghe.acme.com/api/v3"));
    const bool writes = role == "scribe", listens = writes || role == "console";
    CHECK(has("GH=" + (writes ? "ghp_0123456789abcdef" : none)));
    CHECK(has("HOOK=" + (listens ? "hook-0123456789abcdef" : none)));
    for (const char* foreign : {"foreign-0123456789", "x-0123456789", "pass-0123", "ghp_0123456"}) {
      CHECK(holds(all, foreign) == writes);  // It keeps them out of issues.
    }
  }
  ::kill(up, SIGTERM);
  CHECK(finish(folder, up).code == 0);
}

TEST_CASE("up names a taken port and starts nothing") {
  const Folder folder;
  const Listener taken;
  write_all(folder / "sre-space.yaml", config_text(taken.port(), free_port()));
  const auto told = run(folder, {"up"});
  CHECK(told.code == 1);
  CHECK(holds(told.err, "console port 127.0.0.1:" + taken.port() + ": in use by another program"));
  CHECK(told.out.empty());
}
