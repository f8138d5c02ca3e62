// `sre-space workflows lint|explain|simulate`: runbooks as they are, without running any of them.
#include <algorithm>
#include <cstdio>

#include "agents/cli/commands.h"
#include "base/text.h"
#include "runbook/catalogue.h"
#include "runbook/runbook_codec.h"

namespace cli {
namespace {

constexpr int kUsedWrongly = 2;

int refuse(const base::Error& error, int code) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return code;
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const auto near = base::nearest_word(word, known);
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

std::vector<std::string> names_of(const runbook::Catalogue& runbooks) {
  std::vector<std::string> names;
  for (const auto& one : runbooks) names.push_back(one.name);
  return names;
}

}  // namespace

int run_workflows_lint(const Context& context, const std::string& folder) {
  const auto loaded = runbook::load_catalogue(folder.empty() ? context.config.workflows : folder);
  if (!loaded) return refuse(loaded.error(), 1);
  const auto unused = runbook::find_unused(*loaded);
  if (context.json) {
    std::printf("%s\n",
                base::dump_json({{"ok", true}, {"runbooks", names_of(*loaded)}, {"unused", unused}})
                    .c_str());
    return 0;
  }
  for (const auto& line : unused) std::printf("%s\n", line.c_str());
  std::printf("%zu runbooks, no mistake.\n", loaded->size());
  return 0;
}

int run_workflows_explain(const Context& context, const std::string& name) {
  const auto loaded = runbook::load_catalogue(context.config.workflows);
  if (!loaded) return refuse(loaded.error(), 1);
  if (name.empty()) {
    if (context.json) return std::printf("%s\n", runbook::encode(*loaded).c_str()), 0;
    for (const auto& one : *loaded) std::printf("%-24s %s\n", one.name.c_str(), one.title.c_str());
    return 0;
  }
  const auto* found = runbook::find(*loaded, name);
  if (found == nullptr) {
    return refuse({base::ErrorCode::not_found, "sre-space workflows: no runbook is named \"" +
                                                   base::clean_text(name) + "\"" +
                                                   nearest(name, names_of(*loaded))},
                  kUsedWrongly);
  }
  if (context.json)
    std::printf("%s\n", runbook::encode(*found).c_str());
  else
    std::fputs(runbook::explain(*found).c_str(), stdout);
  return 0;
}

int run_workflows_simulate(const Context& context, const std::string& failure, int occurrence) {
  const auto loaded = runbook::load_catalogue(context.config.workflows);
  if (!loaded) return refuse(loaded.error(), 1);
  const auto known = incident::parse_failure_class(failure);
  if (!known) {
    std::vector<std::string> classes;
    for (const auto one : incident::failure_classes())
      classes.emplace_back(incident::to_string(one));
    return refuse({base::ErrorCode::invalid, "sre-space workflows: no class is named \"" +
                                                 base::clean_text(failure) + "\"" +
                                                 nearest(failure, classes)},
                  kUsedWrongly);
  }
  runbook::Situation situation;
  situation.failure = *known;
  situation.service = context.target;
  situation.engine_restarts = context.engine_restarts;
  situation.occurrences = [occurrence](base::Duration) { return occurrence; };
  const auto chosen = runbook::choose(*loaded, situation);
  if (context.json) return std::printf("%s\n", runbook::encode_menu(failure, chosen).c_str()), 0;
  for (const auto* one : chosen) std::printf("%s\n", runbook::explain(*one).c_str());
  if (chosen.empty()) std::printf("No runbook stands for this: a person would be called.\n");
  return 0;
}

}  // namespace cli
