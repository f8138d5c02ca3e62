#include "agents/brain/rules.h"

#include <algorithm>

#include "agents/brain/verdict.h"

namespace brain {
namespace {

using incident::Cause;
using incident::DiagnosisMade;
using incident::Evidence;
using incident::FailureClass;
using incident::Incident;
using incident::Persistence;
using incident::Signal;
using incident::SignalKind;

constexpr base::Millis kPatternTime =
    std::chrono::hours(24);   // So many equal faults in this time are a pattern ...
constexpr int kPattern = 3;   // ... that a restart does not cure.
constexpr int kRecent = 100;  // Incidents looked at for a root that is over.
constexpr base::Millis kJoinTime =
    std::chrono::minutes(2);  // A root is not older than this, unless still open.

std::string megabytes(std::int64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + " MB"; }

bool has(const Signal& signal, std::string_view confirmation) {
  return std::any_of(signal.confirmed_by.begin(), signal.confirmed_by.end(),
                     [&](const auto& by) { return by == confirmation; });
}

// The engine's statistics or a caller's probe confirm what the service's own probes say.
bool has_second_signal(const Signal& signal) {
  return std::any_of(signal.confirmed_by.begin(), signal.confirmed_by.end(), [](const auto& by) {
    return by.starts_with("stats:") || by.starts_with("caller:");
  });
}

std::vector<std::string> callers_of(const config::Config& config, const std::string& service) {
  std::vector<std::string> callers;
  for (const auto& other : config.services) {
    if (std::find(other.depends_on.begin(), other.depends_on.end(), service) !=
        other.depends_on.end())
      callers.push_back(other.name);
  }
  return callers;
}

bool depends_on(const config::Config& config, const std::string& service,
                const std::string& other) {
  const auto* found = config::find_service(config, service);
  if (found == nullptr) return false;
  return std::any_of(found->depends_on.begin(), found->depends_on.end(), [&](const auto& name) {
    return name == other || depends_on(config, name, other);
  });
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The service has no probe of its own: only its callers can be hurt by its absence.
bool is_internal(const config::Config& config, const std::string& name) {
  const auto* service = config::find_service(config, name);
  return service != nullptr && !service->health && !service->path &&
         !callers_of(config, name).empty();
}

// Only a curve that rose explains a death for want of memory: by a fifth of the limit, or to four
// fifths of it. A fault faster than the samples leaves none.
bool memory_rose(const Findings& findings) {
  if (!findings.snapshot || findings.snapshot->usage.size() < 2) return false;
  const auto& usage = findings.snapshot->usage;
  const auto limit = usage.back().memory_limit_bytes > 0
                         ? usage.back().memory_limit_bytes
                         : findings.incident.signal.memory_limit_bytes;
  if (limit <= 0) return false;
  const auto low = std::min_element(usage.begin(), usage.end(), [](const auto& a, const auto& b) {
                     return a.memory_bytes < b.memory_bytes;
                   })->memory_bytes;
  const auto last = usage.back().memory_bytes;
  return last >= limit / 5 * 4 || last - low >= limit / 5;
}

std::optional<std::string> memory_curve(const Findings& findings) {
  if (!findings.snapshot || findings.snapshot->usage.size() < 2) return std::nullopt;
  const auto& usage = findings.snapshot->usage;
  const auto [low, high] = std::minmax_element(
      usage.begin(), usage.end(),
      [](const auto& a, const auto& b) { return a.memory_bytes < b.memory_bytes; });
  std::string text = "memory between " + megabytes(low->memory_bytes) + " and " +
                     megabytes(high->memory_bytes) + ", last " +
                     megabytes(usage.back().memory_bytes);
  if (usage.back().memory_limit_bytes > 0)
    text += " of " + megabytes(usage.back().memory_limit_bytes);
  return text + ", over " + base::format_duration(usage.back().at - usage.front().at);
}

std::optional<std::string> cpu_curve(const Findings& findings) {
  if (!findings.snapshot || findings.snapshot->usage.empty()) return std::nullopt;
  double sum = 0, worst = 0;
  for (const auto& sample : findings.snapshot->usage)
    sum += sample.cpu_percent, worst = std::max(worst, sample.cpu_percent);
  const auto mean = static_cast<int>(sum / static_cast<double>(findings.snapshot->usage.size()));
  return "CPU " + std::to_string(mean) + " % of a core on average, at most " +
         std::to_string(static_cast<int>(worst)) + " %";
}

std::optional<std::string> probe_history(const Findings& findings) {
  if (!findings.snapshot || findings.snapshot->probes.empty()) return std::nullopt;
  int good = 0;
  std::int64_t worst = 0;
  for (const auto& probe : findings.snapshot->probes) {
    good += probe.result == telemetry::ProbeResult::ok ? 1 : 0;
    worst = std::max(worst, probe.latency_ms);
  }
  const auto total = findings.snapshot->probes.size();
  return std::to_string(good) + " of " + std::to_string(total) +
         " probes in the minute before were good, slowest " + std::to_string(worst) + "ms";
}

Verdict judge_death(const Findings& findings) {
  const Signal& signal = findings.incident.signal;
  const std::string exit = "exit code " + std::to_string(signal.exit_code.value_or(0));
  if (signal.engine_restarts && findings.restarts >= findings.config.limits.policy_restarts_loop) {
    return {FailureClass::crash_loop,
            0.95,
            "engine_restarts_loop",
            "It died " + std::to_string(findings.restarts) +
                " times and its restart policy brings it back each time; another restart cures "
                "nothing.",
            {}};
  }
  if (signal.oom_killed) {
    return {FailureClass::oom,
            0.99,
            "engine_says_oom",
            "The kernel killed the process because the container reached its memory limit (" +
                exit + ").",
            {"crash by its own fault: the engine reports OOMKilled",
             "a person's stop: no kill event came before the death"}};
  }
  if (is_internal(findings.config, signal.service)) {
    return {FailureClass::dependency_down,
            0.95,
            "internal_service_died",
            "The service died (" + exit +
                "). It answers no probe of its own; those who call it are hurt: " +
                join(callers_of(findings.config, signal.service)) + ".",
            {"out of memory: the engine does not report OOMKilled",
             "a person's stop: no kill event came before the death"}};
  }
  return {FailureClass::crash,
          signal.kind == SignalKind::found_stopped ? 0.92 : 0.97,
          "engine_says_dead",
          "The process ended by itself or was killed from within its host (" + exit + ").",
          {"out of memory: the engine does not report OOMKilled",
           "a person's stop: no kill event came before the death"}};
}

Verdict judge_probe(const Findings& findings) {
  const Signal& signal = findings.incident.signal;
  const bool running = has(signal, "engine: running");
  const double at_limit = findings.snapshot && !findings.snapshot->usage.empty()
                              ? findings.snapshot->usage.back().cpu_percent
                              : 0;
  if (signal.kind == SignalKind::probe_timeout && signal.probe == "path") {
    return {FailureClass::high_latency,
            running ? 0.92 : 0.6,
            "path_times_out",
            "The business path does not answer in time while the container runs.",
            {"crash: the engine says running"}};
  }
  if (signal.kind == SignalKind::probe_timeout) {
    const bool connects = has(signal, "tcp connects, nothing answers");
    const bool sure = running && (connects || has_second_signal(signal));
    return {
        FailureClass::hang,
        sure ? 0.95 : 0.6,
        "running_but_silent",
        std::string("The container runs") + (connects ? " and accepts connections" : "") +
            ", but nothing answers: the process hangs.",
        {"crash: the engine says running", "cpu saturation: the last sample shows " +
                                               std::to_string(static_cast<int>(at_limit)) + " %"}};
  }
  if (signal.kind == SignalKind::probe_refused) {
    const bool sure = running && has_second_signal(signal);
    return {FailureClass::hang,
            sure ? 0.92 : 0.6,
            "running_but_deaf",
            "The container runs but does not listen on its port.",
            {"crash: the engine says running"}};
  }
  return {FailureClass::unknown,
          0.5,
          "answers_errors",
          "It answers with errors. Nothing it depends on is known to be sick, and a restart is not "
          "known to help.",
          {}};
}

Verdict judge(const Findings& findings) {
  const Signal& signal = findings.incident.signal;
  switch (signal.kind) {
    case SignalKind::container_died:
    case SignalKind::found_stopped:
    case SignalKind::restarted_by_engine:
      return judge_death(findings);
    case SignalKind::probe_timeout:
    case SignalKind::probe_refused:
    case SignalKind::probe_error:
      return judge_probe(findings);
    case SignalKind::latency_above_bound:
      return {FailureClass::high_latency,
              0.92,
              "path_slow_for_a_window",
              "The " + signal.probe + " answers, but slower than its bound for a whole window.",
              {"hang: it answers", "crash: the engine says running"}};
    case SignalKind::cpu_at_limit:
      return {FailureClass::cpu_saturation,
              0.92,
              "cpu_at_limit_for_a_window",
              "The container has been at its CPU limit for a whole window.",
              {"crash: the engine says running"}};
    case SignalKind::engine_unhealthy:
      return {FailureClass::unknown,
              0.6,
              "engine_health_check",
              "Only the engine's own health check fails.",
              {}};
    case SignalKind::deploy_failed:
    case SignalKind::asked:
      return {};
  }
  return {};
}

// What the symptom shows, unless something beyond it explains it better.
Verdict judge_all(const Findings& findings) {
  auto shown = judge(findings);
  if (auto deploy = judge_deploy(findings, shown)) return *std::move(deploy);
  if (shown.confidence >= findings.config.limits.confidence_min) return shown;
  if (auto left_behind = judge_left_behind(findings, shown)) return *std::move(left_behind);
  return shown;
}

std::string evidence_of_kind(const std::vector<Evidence>& evidence, std::string_view kind) {
  for (const auto& item : evidence) {
    if (item.kind == kind) return item.id;
  }
  return evidence.empty() ? "" : evidence.front().id;
}

std::string mechanism(FailureClass failure) {
  switch (failure) {
    case FailureClass::oom:
      return "memory limit reached, killed by the kernel";
    case FailureClass::crash:
    case FailureClass::dependency_down:
      return "process ended";
    case FailureClass::crash_loop:
      return "process ends again and again";
    case FailureClass::hang:
      return "process stands still";
    case FailureClass::high_latency:
      return "slow answers";
    case FailureClass::cpu_saturation:
      return "CPU limit reached";
    case FailureClass::bad_deploy:
      return "a deploy brought a version that does not work";
    case FailureClass::config_error:
      return "a change of the configuration that does not work";
    case FailureClass::conversion_drop:
      return "fewer people reach the end of the business path";
    case FailureClass::consumer_lag:
      return "more comes in than is taken out";
    case FailureClass::disk_full:
      return "no space is left on the disk";
    case FailureClass::certificate_expiry:
      return "the certificate is no longer valid";
    case FailureClass::stopped:
      return "stopped by a person";
    case FailureClass::nothing_wrong:
      return "nothing";
    case FailureClass::unknown:
      return "cause not known";
  }
  return "";
}

std::vector<Cause> causal_path(const Findings& findings, FailureClass failure,
                               const std::vector<Evidence>& evidence) {
  const Signal& signal = findings.incident.signal;
  const char* kind = failure == FailureClass::high_latency || failure == FailureClass::hang
                         ? "probes"
                     : failure == FailureClass::cpu_saturation ? "cpu"
                     : is_of_a_deploy(failure)                 ? "deploys"
                                                               : "engine_state";
  std::vector<Cause> path{{mechanism(failure),
                           signal.service + ": " + std::string(incident::to_string(signal.kind)),
                           evidence_of_kind(evidence, kind)}};
  if (failure == FailureClass::oom) {
    path.insert(path.begin(),
                {"memory grew to its limit", mechanism(failure),
                 evidence_of_kind(evidence, memory_rose(findings) ? "memory" : "engine_state")});
  }
  const auto callers = callers_of(findings.config, signal.service);
  if (failure == FailureClass::dependency_down && !callers.empty()) {
    path.push_back({path.back().to, join(callers) + ": cannot be served",
                    evidence_of_kind(evidence, "topology")});
  }
  return path;
}

// What was collected before keeps its numbers.
std::string join_evidence_id(const Incident& incident, std::size_t number) {
  return "E" + std::to_string(incident.evidence.size() + number);
}

}  // namespace

int earlier(const Findings& findings, FailureClass failure, base::Millis time) {
  int count = 0;
  for (const auto& [id, entry] : findings.book.entries()) {
    const Incident& other = entry.incident;
    if (id >= findings.incident.id || other.signal.service != findings.incident.signal.service)
      continue;
    if (!other.diagnosis || other.diagnosis->failure != failure || other.root != 0) continue;
    count += findings.incident.signal.at - other.signal.at <= time ? 1 : 0;
  }
  return count;
}

bool is_conclusive(const Signal& signal) { return is_death(signal.kind); }

std::vector<Evidence> collect_evidence(const Findings& findings) {
  const Signal& signal = findings.incident.signal;
  std::vector<Evidence> evidence;
  const auto add = [&](const char* kind, std::string text) {
    evidence.push_back({"E" + std::to_string(evidence.size() + 1), kind, std::move(text), {}});
  };
  if (is_death(signal.kind)) {
    add("engine_state", "the engine says: " + signal.detail);
  } else {
    add("engine_state", has(signal, "engine: running") ? "the engine says: running"
                                                       : "the engine could not be asked");
    add("signal", signal.detail);
  }
  if (auto text = memory_curve(findings)) add("memory", *text);
  if (auto text = cpu_curve(findings)) add("cpu", *text);
  if (auto text = probe_history(findings)) add("probes", *text);
  add("restarts", "restarts by the engine's policy lately: " + std::to_string(findings.restarts));
  if (const auto* deploy = suspect_deploy(findings))
    add("deploys", "deployed at " + base::format_utc(deploy->at) + ": " + describe(*deploy));
  else if (const auto* version = findings.deploys.running(signal.service))
    add("deploys",
        "container and image unchanged since " + base::format_utc(version->since, false));
  const auto callers = callers_of(findings.config, signal.service);
  add("topology",
      callers.empty() ? "no configured service depends on it" : "depended on by " + join(callers));
  if (findings.log) evidence.push_back(log_evidence(*findings.log, evidence.size() + 1));
  return evidence;
}

Evidence log_evidence(const std::vector<std::string>& lines, std::size_t number) {
  return {"E" + std::to_string(number), "log",
          "last " + std::to_string(lines.size()) + " log lines", lines};
}

DiagnosisMade diagnose(const Findings& findings, const std::vector<Evidence>& evidence) {
  auto verdict = judge_all(findings);
  DiagnosisMade made;
  made.failure = verdict.failure;
  made.culprit =
      verdict.culprit.empty() ? findings.incident.signal.service : std::move(verdict.culprit);
  made.commit = std::move(verdict.commit);
  made.confidence = verdict.confidence;
  made.rule = std::move(verdict.rule);
  made.explanation = std::move(verdict.explanation);
  made.ruled_out = std::move(verdict.ruled_out);
  made.path = causal_path(findings, verdict.failure, evidence);
  const int before = earlier(findings, verdict.failure, kPatternTime);
  const bool is_systemic = before + 1 >= kPattern || verdict.failure == FailureClass::crash_loop ||
                           is_of_a_deploy(verdict.failure);
  made.persistence = is_architectural(findings, verdict.failure) ? Persistence::architectural
                     : is_systemic                               ? Persistence::systemic
                                                                 : Persistence::transient;
  if (before > 0)
    made.explanation +=
        " It is number " + std::to_string(before + 1) + " of its kind here in 24 hours.";
  return made;
}

namespace {

// The service was joined to this root before: what is still there after that is no echo any more.
bool has_followed(const Incident& incident, const Incident& root, const incident::Book& book) {
  const auto& entries = book.entries();
  return std::any_of(entries.upper_bound(root.id), entries.end(), [&](const auto& item) {
    const Incident& other = item.second.incident;
    return other.root == root.id && other.signal.service == incident.signal.service;
  });
}

}  // namespace

const Incident* find_root(const Incident& incident, const incident::Book& book,
                          const config::Config& config) {
  const Signal& signal = incident.signal;
  const bool may_follow = !is_death(signal.kind) && signal.kind != SignalKind::cpu_at_limit &&
                          !(signal.kind == SignalKind::probe_timeout && signal.probe == "health");
  if (!may_follow || incident::is_word(incident)) return nullptr;
  const auto explains = [&](const Incident& other) {
    if (other.id == incident.id || other.root != 0 || incident::is_word(other) ||
        !depends_on(config, signal.service, other.signal.service))
      return false;
    if (!incident::is_over(other.state) || other.state == incident::State::escalated) return true;
    const auto resolved = other.reached.find("resolved");
    return resolved != other.reached.end() && signal.at <= resolved->second.at &&
           signal.at - other.signal.at < kJoinTime && !has_followed(incident, other, book);
  };
  for (const auto id : book.live()) {
    if (const auto* other = book.find(id); explains(*other)) return other;
  }
  int looked = 0;  // What is over is not live; only the latest of it can still explain anything.
  for (auto it = book.entries().rbegin(); it != book.entries().rend() && looked < kRecent;
       ++it, ++looked) {
    if (explains(it->second.incident)) return &it->second.incident;
  }
  return nullptr;
}

std::vector<Evidence> collect_join_evidence(const Incident& incident, const Incident& root) {
  const auto& sick = root.signal.service;
  return {{join_evidence_id(incident, 1), "signal", incident.signal.detail, {}},
          {join_evidence_id(incident, 2),
           "topology",
           incident.signal.service + " depends on " + sick + " by the configuration",
           {}},
          {join_evidence_id(incident, 3),
           "incident",
           "incident " + std::to_string(root.id) + " of " + sick + ": " + root.signal.detail,
           {}}};
}

DiagnosisMade diagnose_join(const Incident& incident, const Incident& root) {
  const auto& sick = root.signal.service;
  DiagnosisMade made;
  made.failure = FailureClass::dependency_down;
  made.culprit = sick;
  made.confidence = 0.95;
  made.rule = "dependency_has_incident";
  made.explanation = incident.signal.service + " depends on " + sick + ", which is sick.";
  made.path = {
      {sick + ": " + root.signal.detail, sick + " does not serve its callers",
       join_evidence_id(incident, 3)},
      {sick + " does not serve its callers",
       incident.signal.service + ": " + incident.signal.detail, join_evidence_id(incident, 2)}};
  return made;
}

}  // namespace brain
