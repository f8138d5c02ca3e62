// What a benchmark plays on: containers of the demo image on a given engine, and `sre-space up`
// with a configuration and state of its own. Adapter. Everything made carries the label
// sre.run=<run> and is removed by destruction; whoever started us removes by the label what a crash
// leaves.
#pragma once

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/child.h"

namespace bench {

struct StageOptions {
  std::string engine;   // unix:///path
  std::string program;  // sre-space
  std::string image;    // Of the demo service.
  std::string folder;   // Of state and logs; exists.
  std::string run;      // Label.
};

// Reads --engine, --program, --image, --folder, --run; the rest goes to `others` as given.
// Errors: invalid (one is missing; the message is the usage).
[[nodiscard]] base::Result<StageOptions> parse_stage(int count, char** words,
                                                     std::vector<std::string>& others);
// A benchmark's whole main: measures, prints the report as a line of JSON. The exit code: 0 within
// its bounds, 1 not or failed, 2 used wrongly.
template <class Measure>
int run_on_stage(const char* name, int count, char** words, Measure measure) {
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> others;
  const auto options = parse_stage(count, words, others);
  if (!options) return std::fprintf(stderr, "%s: %s\n", name, options.error().message.c_str()), 2;
  const auto report = measure(*options, others);
  if (!report) return std::fprintf(stderr, "%s: %s\n", name, report.error().message.c_str()), 1;
  std::printf("%s\n", encode(*report).c_str());
  return report->ok() ? 0 : 1;
}
// The value of "--name value" in `others`, or the fallback.
[[nodiscard]] std::string option(const std::vector<std::string>& others, const std::string& name,
                                 const std::string& fallback);

// A port of 127.0.0.1 that nobody listened on just now.
[[nodiscard]] int free_port();

struct Service {
  std::string name;       // Also the container's.
  int port = 0;           // Published on 127.0.0.1.
  std::string container;  // Full id.
};

// Containers of the demo service on a network of their own, each published and answering.
class Containers {
 public:
  explicit Containers(StageOptions options) : options_(std::move(options)) {}
  ~Containers();
  Containers(const Containers&) = delete;
  Containers& operator=(const Containers&) = delete;
  // Errors: unavailable (docker refused), timeout (it does not answer within 10 s).
  [[nodiscard]] base::Result<Service> add(const std::string& name);

 private:
  const StageOptions options_;
  std::vector<std::string> made_;
  bool has_network_ = false;
};

struct Probed {
  std::string name, container, url;
};

// The guards' numbers as all benchmarks have them, fields of `limits` on one line.
extern const char* const kLooseLimits;

// Writes `folder`/sre-space.yaml: shipped guards with loose numbers, mode auto, a probe of each
// service every 250 ms. Answers its path. Errors: unavailable.
[[nodiscard]] base::Result<std::string> write_config(const std::string& folder,
                                                     const std::string& engine,
                                                     const std::vector<Probed>& services);

// `sre-space up`; returns at once. Errors: unavailable.
[[nodiscard]] base::Result<Child> start_roles(const StageOptions& options,
                                              const std::string& config);

}  // namespace bench
