#include "runbook/runbook_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runbook {
namespace {

using nlohmann::json;

json to_json(const Runbook& runbook) {
  auto steps = json::array();
  for (const auto& step : runbook.steps)
    steps.push_back({{"step", std::string(to_string(step.kind))}, {"in_words", describe(step)}});
  return {
      {"runbook", runbook.name}, {"title", runbook.title},   {"risk", runbook.risk},
      {"rank", runbook.rank},    {"reason", runbook.reason}, {"steps", std::move(steps)},
      {"proof", runbook.proof},  {"undo", runbook.undo},     {"on_failure", runbook.on_failure}};
}

}  // namespace

std::string encode(const Runbook& runbook) { return base::dump_json(to_json(runbook)); }

std::string encode(const Catalogue& catalogue) {
  auto list = json::array();
  for (const auto& one : catalogue) list.push_back({{"runbook", one.name}, {"title", one.title}});
  return base::dump_json({{"runbooks", std::move(list)}});
}

std::string encode_lint(const Catalogue& catalogue) {
  auto names = json::array();
  for (const auto& one : catalogue) names.push_back(one.name);
  return base::dump_json(
      {{"ok", true}, {"runbooks", std::move(names)}, {"unused", find_unused(catalogue)}});
}

std::string encode_menu(std::string_view failure, const std::vector<const Runbook*>& menu) {
  auto list = json::array();
  for (const auto* one : menu) list.push_back(to_json(*one));
  return base::dump_json({{"failure_class", std::string(failure)}, {"menu", std::move(list)}});
}

}  // namespace runbook
