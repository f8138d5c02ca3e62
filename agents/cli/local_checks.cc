#include "agents/cli/local_checks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agents/up/lock.h"
#include "agents/up/status.h"
#include "base/text.h"
#include "runbook/catalogue.h"

namespace cli {
namespace {

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// By its path, or in one of the folders of $PATH.
bool is_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  for (const auto folder : base::split(path == nullptr ? "" : path, ':')) {
    if (::access((std::string(folder) + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

// The folder that exists on the way to `path`.
std::filesystem::path nearest_existing(std::filesystem::path path) {
  std::error_code error;
  while (!std::filesystem::exists(path, error) && path.has_parent_path() &&
         path != path.parent_path()) {
    path = path.parent_path();
  }
  return path;
}

// Permission bits alone do not tell of read-only mounts and full disks: a file is made and removed.
std::optional<std::string> why_not_writable(const std::string& folder) {
  std::string name = folder + "/.doctor.XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return std::strerror(errno);
  const bool written = ::write(fd, "x", 1) == 1;
  const int why = errno;
  ::close(fd);
  ::unlink(name.c_str());
  if (!written) return std::strerror(why);
  return std::nullopt;
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> make_address(const std::string& text, int port) {
  const std::string host = text == "localhost" ? "127.0.0.1" : text;
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v6;
  } else {
    return std::nullopt;
  }
  return address;
}

Check check_port(const std::string& name, const std::string& address, int port, bool up_runs) {
  const std::string where = address + ":" + std::to_string(port);
  const auto why = why_not_free(address, port);
  if (!why) return {name, CheckStatus::ok, where + " is free", ""};
  if (up_runs) return {name, CheckStatus::ok, where + " is in use while up runs", ""};
  return {name, CheckStatus::fail, where + ": " + *why,
          "end the other program (ss -ltnp shows it) or choose another port in the configuration"};
}

}  // namespace

std::vector<Check> check_config(const std::string& path,
                                const base::Result<config::Config>& loaded) {
  if (!loaded.ok()) {
    const bool missing = loaded.error().code == base::ErrorCode::not_found;
    return {{"configuration", CheckStatus::fail, loaded.error().message,
             missing ? "" : "each field is described in docs/formats/config.md"}};
  }
  std::vector<Check> checks = {{"configuration", CheckStatus::ok,
                                path + ": " + plural(loaded->services.size(), "service") +
                                    ", mode " + std::string(config::to_string(loaded->mode)),
                                ""}};
  for (const auto& note : loaded->notes) {
    checks.push_back({"configuration", CheckStatus::warn, note, ""});
  }
  return checks;
}

Check check_state(const config::Config& config) {
  const std::string& folder = config.state_dir;
  const std::string existing = nearest_existing(folder).string();
  if (const auto why = why_not_writable(existing)) {
    return {"state folder", CheckStatus::fail, existing + " cannot be written: " + *why,
            "give this user the folder, or set another one as state: in the configuration"};
  }
  return {"state folder", CheckStatus::ok,
          existing == folder ? folder + " can be written" : folder + " will be made by up", ""};
}

Check check_up(const config::Config& config) {
  if (!up::StateLock::is_held(config.state_dir)) {
    return {"up", CheckStatus::ok, "not running on this state folder", ""};
  }
  std::ifstream in(config.state_dir + "/up.json");
  std::stringstream text;
  text << in.rdbuf();
  const auto status = up::decode_status(text.str());
  if (!status.ok()) return {"up", CheckStatus::warn, "running; " + status.error().message, ""};
  std::string down;
  for (const auto& role : status->roles) {
    if (role.state == "running") continue;
    down += (down.empty() ? "" : ", ") + role.role + " (" + role.last_exit + ", " +
            plural(static_cast<std::size_t>(role.restarts), "restart") + ")";
  }
  const std::string running = "running as process " + std::to_string(status->pid) + " with " +
                              plural(status->roles.size(), "role");
  if (down.empty()) return {"up", CheckStatus::ok, running, ""};
  return {"up", CheckStatus::fail, running + "; down: " + down, "the messages of up say why"};
}

std::optional<std::string> why_not_free(const std::string& address, int port) {
  const auto target = make_address(address, port);
  if (!target) return "no IP address";
  const int fd = ::socket(target->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int on = 1;  // As servers do: a connection that is still closing does not count.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&target->storage), target->size) == 0 &&
      ::listen(fd, 1) == 0;
  const int why = errno;
  ::close(fd);
  if (bound) return std::nullopt;
  return why == EADDRINUSE ? "in use by another program" : std::strerror(why);
}

std::vector<Check> check_ports(const config::Config& config, bool up_runs) {
  std::vector<Check> checks = {
      check_port("console port", config.console_address, config.console_port, up_runs)};
  if (config.embedded()) {
    checks.push_back(check_port("forge port", "127.0.0.1", config.forge_port, up_runs));
  }
  return checks;
}

Check check_runbooks(const config::Config& config) {
  const auto loaded = runbook::load_catalogue(config.workflows);
  if (loaded) return {"runbooks", CheckStatus::ok, plural(loaded->size(), "runbook"), ""};
  return {"runbooks", CheckStatus::fail, loaded.error().message,
          "mend the file, or take it out of the folder that `workflows` names"};
}

Check check_escalation(const config::Config& config) {
  using enum config::CodingAgent;
  const auto& wanted = config.escalation;
  const std::string agent(config::to_string(wanted.agent));
  if (wanted.agent == none) {
    return {"escalation", CheckStatus::ok,
            "no coding agent: the label " + wanted.label + " gets the packet as a comment", ""};
  }
  const std::string detail = "agent " + agent + " by the label " + wanted.label + ", at most " +
                             std::to_string(wanted.per_day) + " in 24 hours";
  if (config.mode < config::Mode::approve) {
    return {"escalation", CheckStatus::warn, detail + "; not in this mode",
            "the modes approve and auto hand over"};
  }
  if (wanted.agent != command) return {"escalation", CheckStatus::ok, detail, ""};
  const std::string& program = wanted.command.front();
  if (!is_program(program)) {
    return {"escalation", CheckStatus::fail, detail + "; no program \"" + program + "\" is there",
            "name it by its whole path, or put it into $PATH of the Scribe"};
  }
  const bool is_root = ::geteuid() == 0 && program.find("sudo") == std::string::npos;
  return {"escalation", is_root ? CheckStatus::warn : CheckStatus::ok,
          is_root ? detail + "; the command runs as root" : detail,
          is_root ? "let it start as another user: docs/formats/escalation.md" : ""};
}

std::vector<Check> check_limits(const config::Config& config) {
  std::vector<Check> checks;
  for (const auto& line : config::looser_limits(config.limits)) {
    checks.push_back({"limits", CheckStatus::warn, "looser than the default: " + line, ""});
  }
  if (checks.empty()) {
    checks.push_back({"limits", CheckStatus::ok, "none looser than its default", ""});
  }
  return checks;
}

}  // namespace cli
