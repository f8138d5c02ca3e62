#include "chaos/experiment_yaml.h"

#include <cstdlib>
#include <filesystem>

#include "config/field_reader.h"
#include "config/yaml_folder.h"
#include "config/yaml_tree.h"

namespace chaos {
namespace {

using config::FieldReader;
using config::Findings;
using config::YamlNode;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr int kCallsMax = 10'000;

// Experiments refer to no secrets and no environment.
const config::Environment kNoEnvironment = [](std::string_view) { return std::nullopt; };

// One file. Not thread-safe; used once.
class Loader {
 public:
  explicit Loader(const std::string& path) : findings_(path) {}

  base::Result<Experiment> load(std::string_view text) {
    const auto tree = config::parse_yaml(text);
    if (!tree.ok()) {
      findings_.add_syntax(tree.error());
      return findings_.error();
    }
    read_root(*tree);
    if (!findings_.empty()) return findings_.error();
    return std::move(experiment_);
  }

 private:
  FieldReader reader(const YamlNode& map, const std::string& where,
                     std::vector<std::string> known) {
    return {findings_, kNoEnvironment, map, where, std::move(known)};
  }

  void read_root(const YamlNode& node) {
    const auto root = reader(node, "",
                             {"name", "description", "target", "steady_state", "fault", "expect",
                              "within", "limit", "undo"});
    for (const auto* key : {"name", "description", "target", "fault", "expect", "limit", "undo"}) {
      if (!root.has(key)) root.wrong(key, "is missing");
    }
    root.read_text("name", experiment_.name);
    root.read_text("description", experiment_.description);
    root.read_duration("limit", experiment_.limit, std::chrono::seconds(1), minutes(30));
    if (const auto* map = root.find_map("target")) read_target(*map);
    root.read_words("steady_state", experiment_.steady_state, parse_steady);
    if (const auto* map = root.find_map("fault")) read_fault(*map);
    if (const auto* map = root.find_map("expect")) read_expect(*map);
    if (const auto* map = root.find_map("within")) read_within(*map);
    if (const auto* map = root.find_map("undo")) read_undo(*map);
  }

  template <class E>
  void read_word(const FieldReader& fields, const char* key,
                 std::optional<E> (*parse)(std::string_view), E& out) {
    if (!fields.has(key)) fields.wrong(key, "is missing");
    fields.read_word(key, out, parse);
  }

  void read_target(const YamlNode& map) {
    const auto target = reader(map, "target", {"prefer", "where"});
    target.read_text("prefer", experiment_.target.prefer);
    target.read_words("where", experiment_.target.where, parse_trait);
  }

  void read_path(const FieldReader& fields, bool is_needed, std::string& out) {
    fields.read_text("path", out);
    if (is_needed != fields.has("path")) {
      fields.wrong("path", is_needed ? "is missing" : "has no meaning for this kind");
    } else if (is_needed && !out.starts_with('/')) {
      fields.wrong("path", "must start with /");
    }
  }

  void read_fault(const YamlNode& map) {
    const auto fault = reader(map, "fault", {"kind", "path", "every", "calls"});
    Fault& out = experiment_.fault;
    read_word(fault, "kind", parse_fault_kind, out.kind);
    read_path(fault, out.kind == FaultKind::http_call || out.kind == FaultKind::http_until_oom,
              out.path);
    fault.read_duration("every", out.every, milliseconds(1), minutes(1));
    fault.read_int("calls", out.calls, 1, kCallsMax);
  }

  void read_expect(const YamlNode& map) {
    const auto expect =
        reader(map, "expect", {"class", "action", "incidents", "restarts", "untouched"});
    Expectation& out = experiment_.expect;
    for (const auto* key : {"class", "action"}) {
      if (!expect.has(key)) expect.wrong(key, "is missing");
    }
    expect.read_text("class", out.failure_class);
    expect.read_text("action", out.action);
    expect.read_int("incidents", out.incidents, 0, 100);
    expect.read_int("restarts", out.restarts, 0, 100);
    std::string untouched = "others";
    expect.read_text("untouched", untouched);
    out.others_untouched = untouched == "others";
    if (untouched != "others" && untouched != "any") {
      expect.wrong("untouched", "must be others or any");
    }
  }

  void read_within(const YamlNode& map) {
    const auto within =
        reader(map, "within", {"detect", "diagnose", "act", "healthy", "close", "recall"});
    Within& out = experiment_.within;
    const std::pair<const char*, base::Duration*> fields[] = {
        {"detect", &out.detect},   {"diagnose", &out.diagnose}, {"act", &out.act},
        {"healthy", &out.healthy}, {"close", &out.close},       {"recall", &out.recall}};
    for (const auto& [key, time] : fields) {
      within.read_duration(key, *time, milliseconds(1), minutes(30));
    }
  }

  void read_undo(const YamlNode& map) {
    const auto undo = reader(map, "undo", {"kind", "path"});
    read_word(undo, "kind", parse_undo_kind, experiment_.undo.kind);
    read_path(undo, experiment_.undo.kind == UndoKind::http_call, experiment_.undo.path);
  }

  Findings findings_;
  Experiment experiment_;
};

}  // namespace

base::Result<Experiment> parse_experiment(std::string_view text, const std::string& path) {
  return Loader(path).load(text);
}

base::Result<std::vector<Experiment>> load_experiments(const std::string& folder) {
  std::vector<Experiment> experiments;
  std::string mistakes;
  const auto files = config::read_yaml_folder(folder);
  for (const auto& file : files.ok() ? *files : std::vector<config::YamlFile>{}) {
    auto experiment = parse_experiment(file.text, file.path);
    if (experiment.ok() && experiment->name != std::filesystem::path(file.path).stem().string()) {
      experiment =
          base::Error{base::ErrorCode::invalid, file.path + ":1: name: must be that of the file"};
    }
    if (experiment.ok()) {
      experiments.push_back(std::move(*experiment));
    } else {
      mistakes += (mistakes.empty() ? "" : "\n") + experiment.error().message;
    }
  }
  if (!mistakes.empty()) return base::Error{base::ErrorCode::invalid, mistakes};
  if (experiments.empty()) {
    return base::Error{base::ErrorCode::not_found,
                       "no experiments in " + folder + "; SRE_CHAOS_DIR names their folder"};
  }
  return experiments;
}

std::string experiments_folder() {
  if (const char* named = std::getenv("SRE_CHAOS_DIR"); named != nullptr && *named != '\0') {
    return named;
  }
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  // <project>/build/<preset>/sre-space, or installed as <prefix>/bin/sre-space.
  const auto project = executable.parent_path().parent_path().parent_path();
  const auto installed = executable.parent_path().parent_path() / "share/sre-space/experiments";
  for (const auto& folder : {project / "chaos" / "experiments", installed}) {
    if (std::filesystem::is_directory(folder, error)) return folder.string();
  }
  return SRE_CHAOS_SOURCE_DIR;
}

}  // namespace chaos
