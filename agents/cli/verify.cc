// `sre-space chaos verify-jules-pr N`: judges a coding agent's pull request and says so on it.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "agents/cli/commands.h"
#include "base/id.h"
#include "base/time.h"
#include "escalation/agents.h"
#include "escalation/verify_codec.h"
#include "github/configured.h"

namespace cli {
namespace {

constexpr int kUsedWrongly = 2;

int refuse(const base::Error& error) {
  std::fprintf(stderr, "sre-space chaos verify-jules-pr: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int run_verify_pull(const Context& context, int number) {
  if (number < 1) {
    std::fprintf(stderr,
                 "sre-space chaos verify-jules-pr: the number of a pull request is needed\n");
    return kUsedWrongly;
  }
  base::SystemRandom random;
  const base::SystemClock clock;
  const auto target = github::rest_options(context.config, github::EmbeddedAs::owner, random);
  if (!target) return refuse(target.error());
  auto workshop = github::make_rest_workshop(*target, clock);
  if (!workshop) return refuse(workshop.error());
  auto github = github::make_rest_github(*target, clock);
  if (!github) return refuse(github.error());
  escalation::VerifyOptions options;
  options.folder = (std::filesystem::temp_directory_path() /
                    ("sre-verify-" + base::make_ulid(clock.now().wall, random)))
                       .string();
  options.forbidden = context.config.escalation.forbidden;
  options.runs_suite = context.suite;
  if (!context.experiments.empty()) options.experiments = context.experiments;
  std::error_code unknown;
  options.program = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
  options.environment =
      escalation::allowed_environment(environ, {"HOME", "DOCKER_HOST", "CI", "TMPDIR", "USER"});
  auto secrets = base::secrets_in(environ);
  secrets.push_back(target->token);
  options.redactor = base::Redactor(std::move(secrets));
  const auto verdict = escalation::verify_pull(number, options, **workshop, **github);
  if (!verdict) return refuse(verdict.error());
  if (context.json) {
    std::printf("%s\n", escalation::encode_verdict(*verdict).c_str());
  } else {
    std::printf("pull request %d at %s: %s, %s\n", number, verdict->sha.c_str(),
                verdict->state().c_str(), escalation::summary_of(*verdict).c_str());
    for (const auto& one : verdict->findings)
      std::printf("  %s: %s\n", one.rule.c_str(), one.what.c_str());
  }
  return verdict->ok() ? 0 : 1;
}

}  // namespace cli
