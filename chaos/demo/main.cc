// The program inside the demo containers: demo-service quote|policy|user [--port N]
// [--upstream http://host:port] [--name NAME]. It runs as process 1 of an empty image.
#include <malloc.h>
#include <signal.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "chaos/demo/service.h"

namespace {

// One thread serves one connection at a time. Enough that a few dozen callers stuck in a slow path
// leave /health answering, and little enough for a container of 64 MB.
constexpr int kWorkers = 48;

struct Options {
  demo::Persona persona = demo::Persona::user;
  std::uint16_t port = 8000;
  std::string name;
  std::optional<demo::Url> upstream;
};

std::optional<Options> parse_options(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  const auto persona = demo::parse_persona(argv[1]);
  if (!persona) return std::nullopt;
  Options options;
  options.persona = *persona;
  options.name = std::string(argv[1]) + "-service";
  for (int i = 2; i < argc; i += 2) {
    const std::string_view flag = argv[i], value = argv[i + 1];
    const char* const end = value.data() + value.size();
    if (flag == "--port") {
      if (std::from_chars(value.data(), end, options.port).ptr != end) return std::nullopt;
    } else if (flag == "--name") {
      options.name = value;
    } else if (flag == "--upstream") {
      options.upstream.emplace();
      if (!demo::parse_url(value, *options.upstream)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if ((options.persona == demo::Persona::user) == options.upstream.has_value()) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::fputs(
        "usage: demo-service quote|policy --upstream http://host:port [--port N] [--name NAME]\n"
        "       demo-service user [--port N] [--name NAME]\n",
        stderr);
    return 2;
  }
  // Process 1 has no default action for signals: it must wait for them, or a stop takes 10 s.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::mallopt(M_ARENA_MAX, 2);  // An arena per worker would cost more than the service itself.

  const int listener = demo::listen_on(options->port);
  if (listener < 0) {
    std::fprintf(stderr, "demo-service: cannot listen on port %u: %s\n", options->port,
                 std::strerror(errno));
    return 1;
  }
  demo::Service service(options->persona, options->name, options->upstream);
  std::vector<std::jthread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&service, listener] {
      demo::serve(listener, [&](const demo::Request& request) { return service.handle(request); });
    });
  }
  service.log("listening on port " + std::to_string(options->port));
  int signal = 0;
  sigwait(&ends, &signal);
  service.log("stopping on signal " + std::to_string(signal));
  // Workers may be busy for seconds and hold nothing that must be saved: leave at once.
  std::_Exit(0);
}
