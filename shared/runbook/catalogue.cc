#include "runbook/catalogue.h"

#include <algorithm>
#include <filesystem>

#include "base/ensure.h"
#include "config/field_reader.h"
#include "config/yaml_folder.h"
#include "config/yaml_tree.h"
#include "runbook/shipped.h"

namespace runbook {
namespace {

using config::FieldReader;
using config::Findings;
using config::YamlNode;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kStepsMax = 16;
constexpr std::size_t kTextMax = 400;  // Bytes: a sentence or two, shown in issues.

// Runbooks refer to no secrets and no environment.
const config::Environment kNoEnvironment = [](std::string_view) { return std::nullopt; };

// "1536", "512MiB", "2GiB", "0.5" and "3": what a limit may be.
bool is_quantity(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view unit = text.substr(end);
  const bool is_number = end > 0 && std::count(text.begin(), text.end(), '.') <= 1 &&
                         text.front() != '.' && text[end - 1] != '.';
  return is_number && (unit.empty() || unit == "KiB" || unit == "MiB" || unit == "GiB");
}

std::optional<std::string> parse_risk(std::string_view word) {
  const bool is_one = word == "low" || word == "medium" || word == "high";
  return is_one ? std::optional<std::string>(word) : std::nullopt;
}

std::vector<std::string> class_names() {
  std::vector<std::string> names;
  for (const auto failure : incident::failure_classes())
    names.emplace_back(incident::to_string(failure));
  return names;
}

// One file. Not thread-safe; used once.
class Loader {
 public:
  explicit Loader(const std::string& path) : findings_(path) { runbook_.file = path; }

  base::Result<Runbook> load(std::string_view text) {
    const auto tree = config::parse_yaml(text);
    if (!tree.ok()) {
      findings_.add_syntax(tree.error());
      return findings_.error();
    }
    read_root(*tree);
    if (findings_.empty()) check_order();
    if (!findings_.empty()) return findings_.error();
    return std::move(runbook_);
  }

 private:
  FieldReader reader(const YamlNode& map, const std::string& where,
                     std::vector<std::string> known) {
    return {findings_, kNoEnvironment, map, where, std::move(known)};
  }

  void read_sentence(const FieldReader& fields, std::string_view key, std::string& out) {
    fields.read_text(key, out);
    if (out.size() > kTextMax)
      fields.wrong(key, "is longer than " + std::to_string(kTextMax) + " bytes");
  }

  void read_root(const YamlNode& node) {
    const auto root = reader(node, "",
                             {"runbook", "title", "when", "risk", "rank", "reason", "steps",
                              "proof", "undo", "on_failure", "on_recurrence"});
    for (const auto* key :
         {"runbook", "title", "risk", "rank", "reason", "steps", "proof", "undo"}) {
      if (!root.has(key)) root.wrong(key, "is missing");
    }
    root.read_text("runbook", runbook_.name);
    if (root.has("runbook") && runbook_.name != std::filesystem::path(runbook_.file).stem())
      root.wrong("runbook", "must be the name of its file");
    else if (!runbook_.name.empty() && !config::is_plain_name(runbook_.name))
      root.wrong("runbook", "must be letters, digits, '.', '_' and '-'");
    read_sentence(root, "title", runbook_.title);
    read_sentence(root, "reason", runbook_.reason);
    read_sentence(root, "proof", runbook_.proof);
    read_sentence(root, "undo", runbook_.undo);
    root.read_word("risk", runbook_.risk, parse_risk, {"low", "medium", "high"});
    root.read_number("rank", runbook_.rank, 0, 1);
    if (const auto* map = root.find_map("when")) read_condition(*map);
    if (const auto* list = root.find_list("steps")) read_steps(*list, root);
    root.read_text("on_failure", runbook_.on_failure);
    if (runbook_.on_failure == "escalate") runbook_.on_failure.clear();
    runbook_.line_of_failure = root.line_of("on_failure");
    if (const auto* map = root.find_map("on_recurrence")) read_recurrence(*map);
  }

  void read_condition(const YamlNode& map) {
    const auto when = reader(map, "when", {"failure", "service", "engine_restarts"});
    Condition condition;
    if (!when.has("failure")) when.wrong("failure", "is missing");
    when.read_words("failure", condition.failures, incident::parse_failure_class, class_names());
    if (when.has("failure") && condition.failures.empty()) when.wrong("failure", "is empty");
    if (const auto* list = when.find_list("service")) {
      for (const auto& item : list->items) {
        if (const auto name = when.scalar(item, "when.service"))
          condition.services.push_back(*name);
      }
    }
    if (when.has("engine_restarts")) {
      bool restarts = false;
      when.read_bool("engine_restarts", restarts);
      condition.engine_restarts = restarts;
    }
    runbook_.when = std::move(condition);
  }

  void read_recurrence(const YamlNode& map) {
    const auto again = reader(map, "on_recurrence", {"at", "within", "run"});
    Recurrence recurrence;
    for (const auto* key : {"at", "run"}) {
      if (!again.has(key)) again.wrong(key, "is missing");
    }
    again.read_int("at", recurrence.at, 2, 100);
    again.read_duration("within", recurrence.within, minutes(1), hours(24 * 30));
    again.read_text("run", recurrence.run);
    recurrence.line = again.line_of("run");
    runbook_.on_recurrence = std::move(recurrence);
  }

  void read_steps(const YamlNode& list, const FieldReader& root) {
    if (list.items.empty()) root.wrong("steps", "is empty; doing nothing is a step, too: noop");
    if (list.items.size() > kStepsMax)
      root.wrong("steps", "has more than " + std::to_string(kStepsMax) + " steps");
    for (std::size_t i = 0; i < list.items.size(); ++i)
      read_step(list.items[i], "steps[" + std::to_string(i) + "]");
  }

  // `- restart`, or `- wait: {for: 5s}`.
  void read_step(const YamlNode& node, const std::string& where) {
    const bool is_word = node.kind == YamlNode::Kind::scalar;
    if (!is_word && (node.kind != YamlNode::Kind::map || node.keys.size() != 1))
      return findings_.add(node.line, where,
                           "must be a step, e.g. `- restart` or `- wait: {for: 5s}`");
    const std::string& word = is_word ? node.text : node.keys[0].text;
    const auto kind = parse_step_kind(word);
    if (!kind) {
      return findings_.add(
          node.line, where,
          "no step is named " + config::in_quotes(word) + config::suggestion(word, step_kinds()));
    }
    Step step;
    step.kind = *kind;
    step.line = node.line;
    static const YamlNode kNothing = [] {
      YamlNode none;
      none.kind = YamlNode::Kind::map;
      return none;
    }();
    const bool is_bare = is_word || node.items[0].kind == YamlNode::Kind::null;
    YamlNode bare = kNothing;
    bare.line = node.line;
    read_parameters(is_bare ? bare : node.items[0], where + "." + word, step);
    runbook_.steps.push_back(std::move(step));
  }

  void read_parameters(const YamlNode& map, const std::string& where, Step& step) {
    switch (step.kind) {
      case StepKind::restart:
      case StepKind::rollback:
      case StepKind::revert_config:
      case StepKind::clear_queue:
      case StepKind::noop:
        return static_cast<void>(reader(map, where, {}));
      case StepKind::verify:
        return reader(map, where, {"soak"}).read_duration("soak", step.time, seconds(1), hours(24));
      case StepKind::wait: {
        const auto fields = reader(map, where, {"for"});
        if (!fields.has("for")) fields.wrong("for", "is missing");
        return fields.read_duration("for", step.time, milliseconds(1), minutes(10));
      }
      case StepKind::notify: {
        const auto fields = reader(map, where, {"text"});
        if (!fields.has("text")) fields.wrong("text", "is missing");
        return read_sentence(fields, "text", step.text);
      }
      case StepKind::escalate:
        return read_sentence(reader(map, where, {"reason"}), "reason", step.text);
      case StepKind::scale_up:
      case StepKind::scale_down: {
        const char* bound = step.kind == StepKind::scale_up ? "at_most" : "at_least";
        const auto fields = reader(map, where, {"by", bound});
        fields.read_int("by", step.by, 1, 5);
        return fields.read_int(bound, step.at_most, 1, 5);
      }
      case StepKind::pull_request:
        return read_pull_request(reader(map, where, {"field", "times", "at_most"}), step);
    }
  }

  void read_pull_request(const FieldReader& fields, Step& step) {
    for (const auto* key : {"field", "times"}) {
      if (!fields.has(key)) fields.wrong(key, "is missing");
    }
    fields.read_word("field", step.field, parse_field, {"memory_limit", "cpu_limit", "replicas"});
    fields.read_number("times", step.times, 0.1, 4);
    if (step.times == 1) fields.wrong("times", "1 changes nothing");
    fields.read_text("at_most", step.most);
    if (!step.most.empty() && !is_quantity(step.most))
      fields.wrong("at_most", "must be a quantity, e.g. 512MiB, 2GiB or 0.5");
  }

  // One change at a time: else no proof says which of them helped, and no undo which to take back.
  void check_order() {
    const Step* unproven = nullptr;
    for (std::size_t i = 0; i < runbook_.steps.size(); ++i) {
      const Step& step = runbook_.steps[i];
      const std::string where = "steps[" + std::to_string(i) + "]";
      const bool changes = is_change(step.kind) || step.kind == StepKind::noop;
      if (changes && unproven != nullptr)
        findings_.add(step.line, where,
                      "comes before the step at line " + std::to_string(unproven->line) +
                          " is proven; put `- verify` between them");
      if (changes) unproven = &step;
      if (step.kind == StepKind::verify && unproven == nullptr)
        findings_.add(step.line, where, "has nothing to prove: no change comes before it");
      if (step.kind == StepKind::verify) unproven = nullptr;
      if (step.kind == StepKind::escalate && i + 1 < runbook_.steps.size())
        findings_.add(step.line, where, "must be the last step: a person has it then");
    }
    const auto last = runbook_.steps.back().kind;
    if (unproven != nullptr)
      findings_.add(unproven->line, "steps",
                    "end without `- verify`: what is not proven is no fix");
    else if (last != StepKind::verify && last != StepKind::escalate)
      findings_.add(runbook_.steps.back().line, "steps",
                    "must end with `- verify` or `- escalate`");
  }

  Findings findings_;
  Runbook runbook_;
};

base::Result<Catalogue> parse_all(const std::vector<config::YamlFile>& files) {
  Catalogue catalogue;
  std::string mistakes;
  for (const auto& file : files) {
    auto runbook = parse_runbook(file.text, file.path);
    if (runbook.ok())
      catalogue.push_back(*std::move(runbook));
    else
      mistakes += (mistakes.empty() ? "" : "\n") + runbook.error().message;
  }
  if (!mistakes.empty()) return base::Error{base::ErrorCode::invalid, mistakes};
  return catalogue;
}

}  // namespace

base::Result<Runbook> parse_runbook(std::string_view text, const std::string& path) {
  return Loader(path).load(text);
}

base::Result<Catalogue> load_catalogue(const std::string& folder) {
  Catalogue catalogue = shipped();
  if (folder.empty()) return catalogue;
  const auto files = config::read_yaml_folder(folder);
  if (!files.ok()) return files.error();
  auto own = parse_all(*files);
  if (!own.ok()) return own;
  std::erase_if(catalogue, [&](const auto& one) { return find(*own, one.name) != nullptr; });
  for (auto& one : *own) catalogue.push_back(std::move(one));
  std::string mistakes;
  for (const auto& fault : find_faults(catalogue))
    mistakes += (mistakes.empty() ? "" : "\n") + fault;
  if (!mistakes.empty()) return base::Error{base::ErrorCode::invalid, mistakes};
  return catalogue;
}

const Catalogue& shipped() {
  static const Catalogue kShipped = [] {
    std::vector<config::YamlFile> files;
    for (const auto& [name, text] : shipped_files())
      files.push_back({"workflows/" + std::string(name), std::string(text)});
    auto catalogue = parse_all(files);
    base::ensure(catalogue.ok() && find_faults(*catalogue).empty(),
                 "a shipped runbook has a fault; `sre-space workflows lint workflows` names it");
    return *std::move(catalogue);
  }();
  return kShipped;
}

}  // namespace runbook
