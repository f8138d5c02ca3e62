#include "escalation/verify.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "escalation/fence.h"
#include "escalation/process.h"
#include "escalation/work_copy.h"

namespace escalation {
namespace {

using base::Error;
namespace fs = std::filesystem;

constexpr const char* kBuiltDemo = "build/demo/demo-service";  // By ./run, with SRE_VERIFY.

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

 private:
  const std::string path_;
};

// Nothing of it is in an executable but the demo's own.
bool is_demo_alone(const std::vector<ChangedFile>& files) {
  return std::all_of(files.begin(), files.end(), [](const ChangedFile& file) {
    return file.path.starts_with("chaos/demo/") || file.path.starts_with("docs/") ||
           file.path.starts_with("tests/");
  });
}

void run_suite(const VerifyOptions& options, const std::string& tree, Verdict& verdict) {
  if (!verdict.findings.empty()) {
    verdict.suite = SuiteResult::refused_before;
    return;
  }
  if (!options.runs_suite) return;
  if (!fs::exists(tree + "/run") || !fs::exists(tree + "/chaos/demo")) {
    verdict.suite = SuiteResult::no_demo;
    return;
  }
  Program program;
  program.argv = options.suite;
  program.argv.push_back(verdict.experiments);
  program.environment = options.environment;
  if (verdict.builds_demo_alone) program.environment.push_back("SRE_PROGRAM=" + options.program);
  program.environment.push_back("SRE_VERIFY=" + verdict.sha);
  program.marker = program.environment.back();
  program.folder = tree;
  program.input = "/dev/null";
  program.within = options.within;
  program.output_max = 64 << 20;
  const auto ended = run_program(program);
  verdict.suite = ended && ended->how == Ending::exited && ended->code == 0 ? SuiteResult::passed
                                                                            : SuiteResult::failed;
  verdict.suite_words = !ended ? ended.error().message
                        : ended->how == Ending::out_of_time
                            ? "it was killed after " + base::format_duration(options.within)
                            : options.redactor.redact(ended->output);
  // A `run` that knows nothing of it heals a demo of ours, which proves nothing.
  if (verdict.suite == SuiteResult::passed && verdict.builds_demo_alone &&
      !fs::exists(tree + "/" + kBuiltDemo)) {
    verdict.suite = SuiteResult::failed;
    verdict.suite_words = std::string("./run left no ") + kBuiltDemo + ": it is too old to judge";
  }
}

std::string suite_line(const Verdict& verdict) {
  switch (verdict.suite) {
    case SuiteResult::not_asked:
      return "**Not run**: it was not asked for (`--suite`, on a machine that may be thrown away).";
    case SuiteResult::no_demo:
      return "**Not run**: the repository holds no `./run` and no `chaos/demo`.";
    case SuiteResult::refused_before:
      return "**Not run**: what the guards refuse is neither built nor started.";
    case SuiteResult::passed:
      return "**Passed** (" + verdict.experiments + "), " +
             (verdict.builds_demo_alone ? "the demo built from this very commit, healed by the "
                                          "roles of the program that judges."
                                        : "all of it built and started from this very commit.");
    case SuiteResult::failed:
      return "**Failed** (" + verdict.experiments + ").";
  }
  return "";
}

}  // namespace

std::string Verdict::state() const {
  if (!findings.empty() || suite == SuiteResult::failed) return "failure";
  return suite == SuiteResult::passed ? "success" : "pending";
}

std::string summary_of(const Verdict& verdict) {
  if (!verdict.findings.empty())
    return std::to_string(verdict.findings.size()) + " guards refuse it; the suite was not run";
  if (verdict.suite == SuiteResult::passed) return "guards and chaos suite passed: " + verdict.experiments;
  if (verdict.suite == SuiteResult::failed) return "the chaos suite failed: " + verdict.experiments;
  return "guards passed; the chaos suite was not run";
}

std::string report_of(const Verdict& verdict) {
  std::string text = "🔬 **Verification of this pull request**\n\nCommit " + verdict.sha + ", " +
                     std::to_string(verdict.files) + " files: **" + verdict.state() + "**, " +
                     summary_of(verdict) + ".\n\n**Guards**\n\n";
  if (verdict.findings.empty()) {
    text +=
        "Nothing found: forbidden paths, links, files that judge the change, telemetry, "
        "headers of messages, summary and expected MTTR effect.\n";
  } else {
    std::string lines;
    for (const auto& one : verdict.findings)
      lines += one.rule + ": " + base::clean_text(one.what) + "\n";
    text += in_fence(lines);
  }
  text += "\n**Chaos suite**\n\n" + suite_line(verdict) + "\n";
  if (verdict.suite == SuiteResult::failed)
    text +=
        "\n" +
        in_fence(verdict.suite_words.substr(
            verdict.suite_words.size() - std::min<std::size_t>(2000, verdict.suite_words.size())));
  return text +
         "\n**Not checked**\n\nWhether the change is right, and whether the MTTR effect it "
         "promises comes true. The guards look for words and paths; they do not understand "
         "code. It is not merged by itself: a person reads it.\n";
}

base::Result<Verdict> verify_pull(std::int64_t number, const VerifyOptions& options,
                                  github::Workshop& workshop, github::Github& github) {
  const auto pull = workshop.get_pull(number);
  if (!pull) return pull.error().in("read pull request " + std::to_string(number));
  const auto remote = workshop.remote();
  if (!remote) return remote.error();
  Verdict verdict;
  verdict.pull = number;
  verdict.sha = pull->head;
  if (auto begun = workshop.set_status(verdict.sha, "pending", kStatusContext, "looking"); !begun)
    return begun.error().in("set a status");
  const Folder checkout(options.folder);
  const auto files = read_pull(options.folder, *remote, *pull);
  if (!files) {
    (void)workshop.set_status(verdict.sha, "error", kStatusContext, "it could not be read").ok();
    return files.error();
  }
  verdict.files = static_cast<int>(files->size());
  verdict.experiments = options.experiments;
  verdict.builds_demo_alone = !options.program.empty() && is_demo_alone(*files);
  verdict.findings = judge_pull(pull->body, *files, options.forbidden);
  run_suite(options, options.folder, verdict);
  const auto said = github.comment(number, options.redactor.redact(report_of(verdict)));
  if (!said) return said.error().in("comment on pull request " + std::to_string(number));
  const auto set =
      workshop.set_status(verdict.sha, verdict.state(), kStatusContext, summary_of(verdict));
  if (!set) return set.error().in("set a status");
  return verdict;
}

}  // namespace escalation
