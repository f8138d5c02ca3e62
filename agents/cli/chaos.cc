// `sre-space chaos list` and `sre-space chaos run NAME…`: break services on purpose and read back,
// without any role, how they are healed.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "agents/cli/commands.h"
#include "base/id.h"
#include "base/text.h"
#include "chaos/chaos_codec.h"
#include "chaos/experiment_yaml.h"
#include "chaos/runner.h"
#include "chaos/thread_view.h"
#include "engine/docker_engine.h"
#include "github/configured.h"

namespace cli {
namespace {

constexpr int kUsedWrongly = 2;
// A real GitHub counts requests by the hour, the embedded one is generous.
constexpr base::Duration kPollForge = std::chrono::milliseconds(200);
constexpr base::Duration kPollGithub = std::chrono::seconds(3);

int refuse(const base::Error& error, int code) {
  std::fprintf(stderr, "sre-space chaos: %s\n", error.message.c_str());
  return code;
}

// Turns SIGINT and SIGTERM into a stop request, so that a fault in force is undone before the end.
class Interrupts {
 public:
  Interrupts() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::jthread([this](const std::stop_token& end) {
      const timespec patience{0, 200'000'000};
      while (!end.stop_requested()) {
        if (sigtimedwait(&signals_, nullptr, &patience) > 0) stop_.request_stop();
      }
    });
  }
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread waiter_;
};

// As a reader: the runner only looks.
base::Result<std::unique_ptr<github::Github>> open_github(const config::Config& config,
                                                          const base::Clock& clock) {
  base::SystemRandom random;
  auto found = github::rest_options(config, github::EmbeddedAs::reader, random);
  if (!found.ok()) return found.error();
  github::RestOptions options = *std::move(found);
  options.line.answer_within = std::chrono::seconds(3);
  return github::make_rest_github(options, clock);
}

void print_summary(const chaos::Result& result) {
  const auto ms = [](const std::optional<std::int64_t>& time) {
    return time ? std::to_string(*time) + " ms" : std::string("–");
  };
  std::printf(
      "%-11s %-4s  issue %s, class %s, action %s; detect %s, diagnose %s, act %s, healthy %s, "
      "closed %s%s%s\n",
      result.scenario.c_str(), result.ok ? "ok" : "FAIL",
      result.issue == 0 ? "–" : ("#" + std::to_string(result.issue)).c_str(),
      result.failure_class.empty() ? "–" : result.failure_class.c_str(),
      result.action.empty() ? "–" : result.action.c_str(), ms(result.phases.detect).c_str(),
      ms(result.phases.diagnose).c_str(), ms(result.phases.act).c_str(),
      ms(result.phases.healthy).c_str(), ms(result.phases.closed).c_str(),
      result.recalled ? ", recalled" : "",
      result.ok ? ""
                : ("\n            missing: " +
                   (result.missing_stage.empty() ? "nothing" : result.missing_stage) + "; " +
                   result.reason)
                      .c_str());
}

}  // namespace

int run_chaos_list(const Context& context) {
  const auto experiments = chaos::load_experiments(chaos::experiments_folder());
  if (!experiments.ok()) return refuse(experiments.error(), kUsedWrongly);
  if (context.json) {
    std::printf("%s\n", chaos::encode_experiments(*experiments).c_str());
    return 0;
  }
  for (const auto& experiment : *experiments) {
    std::printf("%-11s %s\n            expected: %s, %s; at most %s\n", experiment.name.c_str(),
                experiment.description.c_str(), experiment.expect.failure_class.c_str(),
                experiment.expect.action.c_str(), base::format_duration(experiment.limit).c_str());
  }
  return 0;
}

int run_chaos_run(const Context& context, const std::vector<std::string>& names) {
  auto experiments = chaos::load_experiments(chaos::experiments_folder());
  if (!experiments.ok()) return refuse(experiments.error(), kUsedWrongly);
  std::vector<std::string> known;
  for (const auto& experiment : *experiments) known.push_back(experiment.name);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = base::nearest_word(name, known);
    return refuse(
        {base::ErrorCode::not_found, "no experiment is named \"" + base::clean_text(name) + "\"" +
                                         (near.empty() ? "" : "; did you mean \"" + near + "\"?")},
        kUsedWrongly);
  }
  const Interrupts interrupts;  // Before any thread.
  base::SystemClock clock;
  engine::DockerEngine engine(context.config.engine_host);
  auto github = open_github(context.config, clock);
  if (!github.ok()) return refuse(github.error(), 1);
  std::map<std::int64_t, chaos::ThreadView> views;
  chaos::World world{context.config, engine, **github, clock};
  world.poll = context.config.embedded() ? kPollForge : kPollGithub;
  if (context.follow) {
    const bool is_colored = ::isatty(STDERR_FILENO) == 1;
    world.follow = [&views, is_colored](const chaos::Thread& thread) {
      auto& view = views.try_emplace(thread.issue.number, is_colored).first->second;
      std::fputs(view.update(thread).c_str(), stderr);
    };
  }
  world.say = [](const std::string& line) { std::fprintf(stderr, "chaos: %s\n", line.c_str()); };
  chaos::Runner runner(world, std::move(*experiments));
  std::vector<chaos::Result> results;
  bool ok = true;
  for (const auto& name : names) {
    auto result = runner.run(name, context.target, interrupts.token());
    if (!result.ok()) return refuse(result.error(), kUsedWrongly);
    ok = ok && result->ok;
    if (!context.json) print_summary(*result);
    results.push_back(std::move(*result));
    if (interrupts.token().stop_requested()) break;
  }
  if (context.json) std::printf("%s\n", chaos::encode_results(results).c_str());
  return ok ? 0 : 1;
}

}  // namespace cli
