#include "escalation/verify_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace escalation {
namespace {

const char* name_of(SuiteResult suite) {
  switch (suite) {
    case SuiteResult::not_asked:
      return "not_asked";
    case SuiteResult::no_demo:
      return "no_demo";
    case SuiteResult::refused_before:
      return "refused_before";
    case SuiteResult::passed:
      return "passed";
    case SuiteResult::failed:
      return "failed";
  }
  return "";
}

const char* built_by(const Verdict& verdict) {
  if (verdict.suite != SuiteResult::passed && verdict.suite != SuiteResult::failed) return "nothing";
  return verdict.builds_demo_alone ? "demo" : "all";
}

}  // namespace

std::string encode_verdict(const Verdict& verdict) {
  auto findings = nlohmann::json::array();
  for (const auto& one : verdict.findings)
    findings.push_back({{"rule", one.rule}, {"what", one.what}});
  return base::dump_json({{"ok", verdict.ok()},
                          {"pull", verdict.pull},
                          {"sha", verdict.sha},
                          {"state", verdict.state()},
                          {"suite", name_of(verdict.suite)},
                          {"experiments", verdict.experiments},
                          {"built", built_by(verdict)},
                          {"files", verdict.files},
                          {"findings", std::move(findings)}});
}

}  // namespace escalation
