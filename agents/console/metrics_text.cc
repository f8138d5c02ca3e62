#include "agents/console/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

#include "base/text.h"

namespace console {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

// One family that grows by values.
class Family {
 public:
  Family(const char* name, const char* help, MetricType type) { family_ = {name, help, type, {}}; }

  Family& value(double number, const Labels& labels = {}) {
    ClientMetric metric;
    set_labels(metric, labels);
    if (family_.type == MetricType::Counter) metric.counter.value = number;
    if (family_.type == MetricType::Gauge) metric.gauge.value = number;
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  Family& value(std::int64_t number, const Labels& labels = {}) {
    return value(static_cast<double>(number), labels);
  }

  Family& histogram(const Histogram& from, const Labels& labels = {}) {
    ClientMetric metric;
    set_labels(metric, labels);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < from.buckets.size(); ++i) {
      below += static_cast<std::uint64_t>(from.buckets[i]);
      const double bound =
          i < kBoundsSeconds.size() ? kBoundsSeconds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({below, bound});
    }
    metric.histogram.sample_count = below;
    metric.histogram.sample_sum = from.sum_seconds;
    family_.metric.push_back(std::move(metric));
    return *this;
  }

  [[nodiscard]] const MetricFamily& get() const { return family_; }

 private:
  static void set_labels(ClientMetric& metric, const Labels& labels) {
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  }
  MetricFamily family_;
};

constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;

Histogram of_phase(const Figures& figures, Phase phase) {
  const auto found = figures.phases.find(phase);
  return found == figures.phases.end() ? Histogram{} : found->second;
}

void add_incidents(std::vector<Family>& out, const Chronicle& chronicle) {
  std::map<std::string, std::int64_t> states, classes;
  for (const auto state :
       {incident::State::open, incident::State::diagnosing, incident::State::planned,
        incident::State::awaiting_approval, incident::State::acting, incident::State::verifying,
        incident::State::resolved, incident::State::closed, incident::State::escalated,
        incident::State::inconclusive, incident::State::stood_down, incident::State::self_healed,
        incident::State::joined}) {
    states[std::string(incident::to_string(state))] = 0;
  }
  for (const auto& [id, entry] : chronicle.book().entries()) {
    const auto& diagnosis = entry.incident.diagnosis;
    ++states[std::string(incident::to_string(entry.incident.state))];
    ++classes[diagnosis ? std::string(incident::to_string(diagnosis->failure)) : "undiagnosed"];
  }
  auto& by_state = out.emplace_back("sre_incidents", "Incidents in each state now.", kGauge);
  for (const auto& [state, count] : states) by_state.value(count, {{"state", state}});
  auto& by_class = out.emplace_back(
      "sre_incidents_by_class", "All incidents by the failure class of their diagnosis.", kGauge);
  for (const auto& [name, count] : classes) by_class.value(count, {{"class", name}});
}

void add_work(std::vector<Family>& out, const Figures& figures) {
  auto& actions = out.emplace_back("sre_actions_total", "Actions by outcome.", kCounter);
  for (const auto& [key, count] : figures.actions)
    actions.value(count, {{"action", key.first}, {"outcome", key.second}});
  auto& refusals =
      out.emplace_back("sre_plan_refusals_total", "Plans refused by each guard.", kCounter);
  for (const auto& [guard, count] : figures.refusals)
    refusals.value(count, {{"guard", base::clean_text(guard)}});
  auto& signals = out.emplace_back("sre_signals_total",
                                   "Signals that opened or repeated an incident.", kCounter);
  for (const auto& [kind, count] : figures.signals) signals.value(count, {{"kind", kind}});
  out.emplace_back("sre_verifications_total", "Proofs of a fix by their result.", kCounter)
      .value(figures.verifications_passed, {{"result", "passed"}})
      .value(figures.verifications_failed, {{"result", "failed"}});
  out.emplace_back("sre_recalls_total", "Recalls by whether memory knew something alike.", kCounter)
      .value(figures.recalls_hit, {{"result", "hit"}})
      .value(figures.recalls_missed, {{"result", "missed"}});
  out.emplace_back("sre_incidents_opened_total", "Incidents opened.", kCounter)
      .value(figures.opened);
  out.emplace_back("sre_fix_success_total", "Incidents resolved by an action of ours, proven.",
                   kCounter)
      .value(figures.fixes);
  out.emplace_back("sre_fix_failure_total", "Incidents handed to a person.", kCounter)
      .value(figures.escalations);
  out.emplace_back("sre_self_healed_total", "Incidents gone before an action.", kCounter)
      .value(figures.self_healed);
}

void add_durations(std::vector<Family>& out, const Figures& figures) {
  out.emplace_back("sre_mttr_seconds", "From the fault to the first good probe.",
                   MetricType::Histogram)
      .histogram(of_phase(figures, Phase::healthy));
  auto& phases =
      out.emplace_back("sre_phase_seconds", "From the fault to the end of each phase, cumulative.",
                       MetricType::Histogram);
  for (const Phase phase : kPhases)
    phases.histogram(of_phase(figures, phase), {{"phase", std::string(to_string(phase))}});
}

void add_console(std::vector<Family>& out, const Chronicle& chronicle, const Traffic& traffic) {
  out.emplace_back("sre_build_info", "Always 1; version and mode are in the labels.", kGauge)
      .value(std::int64_t{1}, {{"version", traffic.version}, {"mode", traffic.mode}});
  out.emplace_back("sre_stopped", "1 while a stop is set.", kGauge)
      .value(traffic.is_stopped ? 1.0 : 0.0);
  out.emplace_back("sre_ledger_position", "Position of the last event read from the ledger.",
                   kGauge)
      .value(chronicle.position());
  out.emplace_back("sre_ledger_readable", "1 while the ledger can be read.", kGauge)
      .value(traffic.is_ledger_readable ? 1.0 : 0.0);
  out.emplace_back("sre_websocket_clients", "Open live pages and other WebSocket clients.", kGauge)
      .value(static_cast<double>(traffic.websocket_clients));
  out.emplace_back("sre_requests_total", "HTTP requests answered by this process.", kCounter)
      .value(traffic.requests);
  out.emplace_back("sre_webhooks_total", "Alerts by what became of them, in this process.",
                   kCounter)
      .value(traffic.webhooks_received, {{"result", "received"}})
      .value(traffic.webhooks_duplicate, {{"result", "duplicate"}})
      .value(traffic.webhooks_rejected, {{"result", "rejected"}})
      .value(traffic.webhooks_unavailable, {{"result", "unavailable"}});
}

}  // namespace

std::string metrics_text(const Chronicle& chronicle, const Traffic& traffic) {
  std::vector<Family> families;
  families.reserve(32);
  add_console(families, chronicle, traffic);
  add_incidents(families, chronicle);
  add_work(families, chronicle.figures());
  add_durations(families, chronicle.figures());
  std::vector<MetricFamily> collected;
  for (const auto& family : families) {
    if (!family.get().metric.empty()) collected.push_back(family.get());
  }
  return prometheus::TextSerializer().Serialize(collected);
}

}  // namespace console
