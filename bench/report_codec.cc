#include "bench/report_codec.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"

namespace bench {
namespace {

using nlohmann::json;

// Three digits behind the point are more than any of these is worth.
double rounded(double value) { return std::round(value * 1000) / 1000; }

json to_json(const Spread& spread) {
  return {{"n", spread.n},
          {"p50", rounded(spread.p50)},
          {"p90", rounded(spread.p90)},
          {"p95", rounded(spread.p95)},
          {"p99", rounded(spread.p99)},
          {"max", rounded(spread.max)}};
}

json to_json(const ClassReport& report) {
  const double reference = report.reference_ms();
  return {
      {"n", report.healthy.n},
      {"lost", report.lost},
      {"complaints", report.complaints},
      {"ours_ms",
       {{"detect", to_json(report.detect)},
        {"decide", to_json(report.decide)},
        {"intend", to_json(report.intend)},
        {"act", to_json(report.act)},
        {"healthy", to_json(report.healthy)}}},
      {"reference_ms",
       {{"cli", to_json(report.cli)}, {"api", to_json(report.api)}, {"p50", rounded(reference)}}},
      {"ratio", rounded(reference > 0 ? report.healthy.p50 / reference : 0)},
      {"bound_ms", rounded(report.bound_ms())},
      {"ok", report.ok()}};
}

json to_json(const std::vector<WaitReport>& waits) {
  json out = json::object();
  for (const auto& wait : waits) {
    out[wait.name] = {{"ms", to_json(wait.ms)},
                      {"bound_ms", {{"p50", wait.p50_max}, {"p99", wait.p99_max}}},
                      {"ok", wait.ok()}};
  }
  return out;
}

json to_json(const std::vector<StepReport>& path) {
  json out = json::array();
  for (const auto& step : path) {
    out.push_back(
        {{"step", step.name}, {"p50", rounded(step.ms.p50)}, {"p99", rounded(step.ms.p99)}});
  }
  return out;
}

}  // namespace

double ClassReport::reference_ms() const {
  if (cli.n == 0 || api.n == 0) return std::max(cli.p50, api.p50);
  return std::min(cli.p50, api.p50);
}

bool ClassReport::ok() const {
  return healthy.n > 0 && lost == 0 && reference_ms() > 0 && healthy.p50 <= bound_ms();
}

bool MttrReport::ok() const {
  return std::all_of(classes.begin(), classes.end(), [](const auto& c) { return c.ok(); }) &&
         std::all_of(waits.begin(), waits.end(), [](const auto& w) { return w.ok(); });
}

base::Result<std::vector<IncidentLine>> parse_incidents(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  std::vector<IncidentLine> lines;
  for (const auto& entry : base::get_array(*parsed, "incidents")) {
    lines.push_back({base::get_int(entry, "id"), base::get_string(entry, "state")});
  }
  return lines;
}

base::Result<IncidentView> parse_incident(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  IncidentView view;
  view.state = base::get_string(*parsed, "state");
  const json& diagnosis = base::get_object(*parsed, "diagnosis");
  view.failure = base::get_string(diagnosis, "failure");
  for (const auto& event : base::get_array(*parsed, "timeline")) {
    view.reached.try_emplace(base::get_string(event, "event"), base::get_int(event, "boot_ms"));
  }
  return view;
}

const SteeredView::Operation* SteeredView::operation(std::string_view action) const {
  const auto found = std::find_if(operations.begin(), operations.end(),
                                  [&](const auto& one) { return one.action == action; });
  return found == operations.end() ? nullptr : &*found;
}

base::Result<SteeredView> parse_steered(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  SteeredView view;
  view.state = base::get_string(*parsed, "state");
  view.issue = base::get_int(*parsed, "issue");
  view.plan = base::get_string(base::get_object(*parsed, "plan"), "hash");
  std::map<std::string, std::size_t> by_op;
  for (const auto& event : base::get_array(*parsed, "timeline")) {
    const std::string name = base::get_string(event, "event");
    const std::int64_t at = base::get_int(event, "boot_ms");
    const json& what = base::get_object(event, "payload");
    const std::string op = base::get_string(what, "op");
    if (name == "approval.given" && view.approved == 0) view.approved = at;
    if (name == "action.intended") {
      by_op[op] = view.operations.size();
      view.operations.emplace_back();
      view.operations.back().action = base::get_string(what, "action", "restart");
      view.operations.back().intended = at;
    }
    const auto known = by_op.find(op);
    if (known == by_op.end()) continue;
    auto& operation = view.operations[known->second];
    if (name == "action.done") operation.done = at;
    if (name == "pr.opened") operation.opened = at;
    if (name == "pr.merged") operation.merged = at;
    if (name == "action.failed") operation.trouble = base::get_string(what, "error", name);
    if (name == "pr.closed") operation.trouble = base::get_string(what, "reason", name);
  }
  return view;
}

std::string encode_hook(const std::string& url, const std::string& secret) {
  return base::dump_json(
      {{"name", "web"},
       {"events", {"issues", "issue_comment"}},
       {"config", {{"url", url}, {"content_type", "json"}, {"secret", secret}}}});
}

std::string encode_file(const std::string& text) {
  return base::dump_json({{"message", "As deployed"}, {"content", base::base64(text)}});
}

std::string encode(const MttrReport& report) {
  json out = {{"benchmark", "mttr"}, {"ok", report.ok()}};
  for (const auto& entry : report.classes) out["classes"][entry.name] = to_json(entry);
  out["waits"] = to_json(report.waits);
  out["path_ms"] = to_json(report.path);
  return base::dump_json(out);
}

bool SteeringReport::ok() const {
  return lost == 0 && !waits.empty() &&
         std::all_of(waits.begin(), waits.end(), [](const auto& w) { return w.ok(); });
}

std::string encode(const SteeringReport& report) {
  return base::dump_json({{"benchmark", "steering"},
                          {"ok", report.ok()},
                          {"lost", report.lost},
                          {"complaints", report.complaints},
                          {"merge_after_ms", rounded(report.merge_after_ms)},
                          {"waits", to_json(report.waits)},
                          {"path_ms", to_json(report.path)}});
}

double IdleReport::pss_mb() const {
  double sum = 0;
  for (const auto& role : roles) sum += role.pss_mb;
  return sum;
}

double IdleReport::cpu_percent() const {
  double sum = 0;
  for (const auto& role : roles) sum += role.cpu_percent;
  return sum;
}

bool IdleReport::ok() const {
  return !roles.empty() && incidents == 0 && pss_mb() <= pss_mb_max &&
         cpu_percent() <= cpu_percent_max && cold_start_ms.n > 0 &&
         cold_start_ms.p50 <= cold_start_ms_max;
}

std::string encode(const IdleReport& report) {
  json roles = json::object();
  for (const auto& role : report.roles) {
    roles[role.name] = {{"pss_mb", rounded(role.pss_mb)},
                        {"cpu_percent", rounded(role.cpu_percent)}};
  }
  return base::dump_json(
      {{"benchmark", "idle"},
       {"services", report.services},
       {"seconds", rounded(report.seconds)},
       {"roles", roles},
       {"pss_mb", {{"total", rounded(report.pss_mb())}, {"bound", report.pss_mb_max}}},
       {"cpu_percent",
        {{"total", rounded(report.cpu_percent())}, {"bound", report.cpu_percent_max}}},
       {"engine_cpu_percent",
        {{"without_us", rounded(report.engine_cpu_without)},
         {"with_us", rounded(report.engine_cpu_with)}}},
       {"proxies_cpu_percent",
        {{"without_us", rounded(report.proxies_cpu_without)},
         {"with_us", rounded(report.proxies_cpu_with)}}},
       {"cold_start_ms",
        {{"measured", to_json(report.cold_start_ms)}, {"bound", report.cold_start_ms_max}}},
       {"incidents", report.incidents},
       {"ok", report.ok()}});
}

bool ForgeReport::ok() const {
  const bool is_fast = reads.per_second >= reads_min && writes.per_second >= writes_min;
  const bool is_whole = reads.failed == 0 && writes.failed == 0 && static_reads.failed == 0;
  return is_fast && is_whole && !pages.empty() &&
         std::all_of(pages.begin(), pages.end(), [](const auto& page) { return page.ok(); });
}

std::string encode(const ForgeReport& report) {
  const auto load_json = [](const Load& load, double reference, double bound) {
    return json{{"per_second", rounded(load.per_second)},
                {"reference_per_second", rounded(reference)},
                {"ratio", reference > 0 ? rounded(load.per_second / reference) : 0.0},
                {"failed", load.failed},
                {"ms", to_json(load.ms)},
                {"bound", bound},
                {"ok", load.per_second >= bound && load.failed == 0}};
  };
  json pages = json::array();
  for (const PageReport& page : report.pages) {
    pages.push_back(
        {{"path", page.path},
         {"few_ms", to_json(page.few_ms)},
         {"many_ms", to_json(page.many_ms)},
         {"ratio", page.few_ms.p50 > 0 ? rounded(page.many_ms.p50 / page.few_ms.p50) : 0.0},
         {"failed", page.failed},
         {"bound", page.factor_max},
         {"ok", page.ok()}});
  }
  return base::dump_json(
      {{"benchmark", "github"},
       {"issue_reads", load_json(report.reads, report.static_reads.per_second, report.reads_min)},
       {"comment_writes",
        load_json(report.writes, report.raw_inserts_per_second, report.writes_min)},
       {"comments", report.comments},
       {"first_page", std::move(pages)},
       {"ok", report.ok()}});
}

std::string encode(const std::vector<RecallReport>& reports) {
  json out = {{"benchmark", "memory"}, {"sizes", json::array()}};
  bool ok = !reports.empty();
  for (const auto& report : reports) {
    ok = ok && report.ok();
    out["sizes"].push_back({{"cases", report.cases},
                            {"recall_us", to_json(report.recall_us)},
                            {"exact_us", to_json(report.scan_us)},
                            {"recall_at_2", rounded(report.recall_at_2)},
                            {"bound", report.recall_at_2_min},
                            {"ok", report.ok()}});
  }
  out["ok"] = ok;
  return base::dump_json(out);
}

std::string encode(const YamlEditReport& report) {
  const double parse = report.parse_ms.p50;
  return base::dump_json({{"benchmark", "yaml_edit"},
                          {"ok", report.ok()},
                          {"bytes", report.bytes},
                          {"edit_ms", to_json(report.edit_ms)},
                          {"parse_ms", to_json(report.parse_ms)},
                          {"ratio", rounded(parse > 0 ? report.edit_ms.p50 / parse : 0)},
                          {"bound_ms", report.p50_max_ms}});
}

}  // namespace bench
