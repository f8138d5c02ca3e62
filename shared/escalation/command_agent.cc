#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "escalation/agents.h"
#include "escalation/fence.h"
#include "escalation/process.h"
#include "escalation/work_copy.h"

namespace escalation {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

constexpr std::size_t kTextMax = 8000;  // Of the agent's own words in the pull request.

std::string marker_of(const std::string& op) { return "SRE_AGENT_OP=" + op; }

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

std::string read_start(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kTextMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

std::string ending_of(const Ended& ended, base::Duration within) {
  switch (ended.how) {
    case Ending::exited:
      return "ended with the code " + std::to_string(ended.code);
    case Ending::out_of_time:
      return "was killed after " + base::format_duration(within);
    case Ending::too_much_output:
      return "was killed: it wrote more than 4 MB";
    case Ending::stopped:
      return "was killed: the Scribe ended";
  }
  return "";
}

class CommandAgent final : public CodingAgent {
 public:
  CommandAgent(CommandOptions options, github::Workshop& workshop)
      : options_(std::move(options)), workshop_(workshop) {}

  base::Result<Handed> start(const Task& task) override {
    const std::string work = folder(task.op);
    auto handed = work_on(task, work);
    const bool keeps_patch = handed.ok() && handed->number == 0;
    std::error_code ignored;
    for (const auto* part : {"/tree", "/home", "/store", "/temporary"})
      fs::remove_all(work + part, ignored);
    if (!keeps_patch) fs::remove_all(work, ignored);
    return handed;
  }

  // Whatever of it still runs is ended; what left this host is a pull request that names the op.
  base::Result<std::optional<Handed>> look(const std::string& op, std::int64_t issue) override {
    kill_marked(marker_of(op));
    std::error_code ignored;
    fs::remove_all(folder(op), ignored);
    const std::string branch = "jules-fix-" + std::to_string(issue);
    for (const auto& name : {branch, other(branch, op)}) {
      const auto pull = workshop_.find_pull(name);
      if (!pull) return Error{ErrorCode::unavailable, pull.error().message};
      if (*pull && (*pull)->body.find(op) != std::string::npos)
        return std::optional<Handed>(Handed{(*pull)->number, (*pull)->url});
    }
    return std::optional<Handed>();
  }

 private:
  [[nodiscard]] std::string folder(const std::string& op) const {
    return options_.state + "/agents/" + op;
  }
  static std::string other(const std::string& branch, const std::string& op) {
    return branch + "-" +
           base::to_lower_ascii(op.substr(op.size() - std::min<std::size_t>(6, op.size())));
  }

  base::Result<Handed> work_on(const Task& task, const std::string& work) {
    const auto remote = workshop_.remote();
    if (!remote) return Error{ErrorCode::unavailable, remote.error().message};
    std::error_code failed;
    for (const auto* part : {"/home", "/temporary"}) fs::create_directories(work + part, failed);
    fs::permissions(work, fs::perms::owner_all, failed);
    if (failed || !write_file(work + "/packet.md", task.markdown) ||
        !write_file(work + "/packet.json", task.json))
      return Error{ErrorCode::unavailable, "write the packet below " + work + ": not possible"};
    const auto base = clone_into(work + "/tree", *remote, options_.branch);
    if (!base) return base.error();
    const auto ended = run_program(program(task, work));
    if (!ended) return ended.error();
    if (ended->how == Ending::stopped)
      return Error{ErrorCode::unavailable, "the command was killed: the Scribe ended"};
    if (ended->how != Ending::exited || ended->code != 0) {
      return Error{ErrorCode::invalid, "the command " + ending_of(*ended, options_.within) + "; " +
                                           last_words(ended->output)};
    }
    Collect what{work + "/tree",
                 work + "/store",
                 *base,
                 options_.branch,
                 task.branch,
                 other(task.branch, task.op),
                 task.title + "\n\nFor issue #" + std::to_string(task.issue) + ", operation " +
                     task.op + ".\n",
                 task.forbidden};
    const auto collected = collect(what, *remote);
    if (!collected) return collected.error();
    if (auto pushed = push(what.store, *collected, *remote); !pushed)
      return keep_patch(work, *collected, pushed.error());
    const auto pull = workshop_.open_pull(
        {task.title, text_of(task, work, *collected), collected->branch, options_.branch});
    if (!pull)
      return Error{ErrorCode::unknown,
                   "the branch " + collected->branch +
                       " is pushed, but no pull request: " + pull.error().message};
    return Handed{pull->number, pull->url};
  }

  static base::Result<Handed> keep_patch(const std::string& work, const Collected& collected,
                                         const Error& why) {
    const std::string path = work + "/change.patch";
    if (!write_file(path, collected.patch)) return why;
    return Handed{0, "patch file " + path + " on the Scribe's host; not pushed: " + why.message};
  }

  [[nodiscard]] Program program(const Task& task, const std::string& work) const {
    Program program;
    program.argv = options_.argv;
    program.folder = work + "/tree";
    program.input = work + "/packet.md";
    program.marker = marker_of(task.op);
    program.within = options_.within;
    program.stop_descriptor = options_.stop_descriptor;
    program.environment = {"HOME=" + work + "/home",
                           "TMPDIR=" + work + "/temporary",
                           "SRE_PACKET=" + work + "/packet.md",
                           "SRE_PACKET_JSON=" + work + "/packet.json",
                           "SRE_PULL_TEXT=" + work + "/temporary/pull.md",
                           program.marker};
    for (const auto& line : options_.environment) {
      const auto name = line.substr(0, line.find('=') + 1);
      std::erase_if(program.environment,
                    [&](const auto& own) { return name == "HOME=" && own.starts_with(name); });
      program.environment.push_back(line);
    }
    return program;
  }

  [[nodiscard]] std::string last_words(const std::string& output) const {
    const auto tail = output.size() > 600 ? output.substr(output.size() - 600) : output;
    return "its last words: " + base::clean_text(options_.redactor.redact(tail));
  }

  [[nodiscard]] std::string text_of(const Task& task, const std::string& work,
                                    const Collected& collected) const {
    std::string text = "For issue #" + std::to_string(task.issue) + ", operation " + task.op +
                       ".\n\nMade by a coding agent, and not trusted: it is tested by `sre-space "
                       "chaos verify-jules-pr`, read by a person, and never merged by itself.\n\n" +
                       std::to_string(collected.paths.size()) + " files are changed.\n";
    const auto words = options_.redactor.redact(read_start(work + "/temporary/pull.md"));
    if (words.empty()) return text + "\nThe agent left no words about it.\n";
    return text + "\nThe agent's own words:\n\n" + in_fence(words);
  }

  const CommandOptions options_;
  github::Workshop& workshop_;
};

}  // namespace

std::vector<std::string> allowed_environment(const char* const* ours,
                                             const std::vector<std::string>& names) {
  std::vector<std::string> allowed;
  for (; ours != nullptr && *ours != nullptr; ++ours) {
    const std::string line = *ours;
    const std::string name = line.substr(0, line.find('='));
    const bool is_usual = name == "PATH" || name == "LANG" || name == "TZ" || name == "LC_ALL" ||
                          name == "SSL_CERT_FILE";
    const bool is_named = std::find(names.begin(), names.end(), name) != names.end();
    if ((is_usual || is_named) && !base::names_secret(name)) allowed.push_back(line);
  }
  return allowed;
}

std::unique_ptr<CodingAgent> make_command_agent(CommandOptions options,
                                                github::Workshop& workshop) {
  return std::make_unique<CommandAgent>(std::move(options), workshop);
}

}  // namespace escalation
