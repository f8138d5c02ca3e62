// `sre-space init`: a first configuration, with a comment to each line that a person is likely to
// change.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "agents/cli/commands.h"

namespace cli {
namespace {

constexpr std::string_view kFirst =
    R"(# SRE-Space. Every field and default: docs/formats/config.md. Check this file: sre-space doctor

# What may be done without asking: observe (nothing), dry_run (say what would be done),
# approve (act after a person's /approve on the issue), auto (act, prove, undo).
mode: dry_run

# Where incidents are written. "embedded" serves a GitHub-like issue page on this host.
github:
  repository: embedded
  # For a real repository, with a token that may write issues, or as a GitHub App:
  # repository: owner/name
  # token: ${GITHUB_PERSONAL_ACCESS_TOKEN}
  # app: {id: 1234, installation: 5678, private_key: app.pem}
  # webhook_secret: ${GITHUB_WEBHOOK_SECRET}   # For POST /github/webhook on the console.

# Everything this host remembers: ledger, index, sockets. Relative to this file.
state: state

# The live page and API. Any address but loopback needs a key of 16 characters or more.
console: {address: 127.0.0.1, port: 7080}
forge: {port: 7081}

# The engine's socket; default: $DOCKER_HOST, else the standard one.
# engine: {host: unix:///var/run/docker.sock}

# Containers that are never touched, whatever happens.
exclude: []

# What is watched. `container` is a name as in "docker ps", or a label=value.
services:
  - name: web
    container: web
    health: {url: http://127.0.0.1:8080/health, every: 1s, timeout: 1s, fails: 2}
    # A page that matters, with the time it may take:
    # path: {url: http://127.0.0.1:8080/quote, latency_bound: 500ms, window: 10s}
    # depends_on: [database]
    # mode: approve         # Stricter than the whole.
    # grace: 2s             # Between TERM and KILL when it hangs.
  # - name: database
  #   container: postgres
  #   protect: true         # Watched, never acted on.

# The guards' numbers; these are the defaults.
# limits: {service_actions_per_hour: 3, cooldown: 10min, spacing: 30s, soak: 5min}
)";

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

int run_init(const std::string& file) {
  // Readable by its owner only: people write tokens into such files.
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    std::fprintf(stderr, "sre-space: %s exists already and is left as it is\n", file.c_str());
    return 1;
  }
  const bool written = fd >= 0 && write_all(fd, kFirst) && ::fsync(fd) == 0;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  if (!written) {
    if (fd >= 0) ::unlink(file.c_str());
    std::fprintf(stderr, "sre-space: %s cannot be written: %s\n", file.c_str(), std::strerror(why));
    return 1;
  }
  std::printf("Wrote %s. Put your services into it, then: sre-space doctor\n", file.c_str());
  return 0;
}

}  // namespace cli
