#include "incident/event.h"

#include "base/names.h"

namespace incident {
namespace {

constexpr base::NameTable<Role, 11> kRoles{{{Role::scout, "scout"},
                                            {Role::brain, "brain"},
                                            {Role::fixer, "fixer"},
                                            {Role::memory, "memory"},
                                            {Role::scribe, "scribe"},
                                            {Role::warden, "warden"},
                                            {Role::console, "console"},
                                            {Role::forge, "forge"},
                                            {Role::up, "up"},
                                            {Role::chaos, "chaos"},
                                            {Role::person, "person"}}};

constexpr base::NameTable<SignalKind, 11> kSignalKinds{
    {{SignalKind::container_died, "container_died"},
     {SignalKind::found_stopped, "found_stopped"},
     {SignalKind::restarted_by_engine, "restarted_by_engine"},
     {SignalKind::probe_timeout, "probe_timeout"},
     {SignalKind::probe_refused, "probe_refused"},
     {SignalKind::probe_error, "probe_error"},
     {SignalKind::latency_above_bound, "latency_above_bound"},
     {SignalKind::cpu_at_limit, "cpu_at_limit"},
     {SignalKind::engine_unhealthy, "engine_unhealthy"},
     {SignalKind::deploy_failed, "deploy_failed"},
     {SignalKind::asked, "asked"}}};

constexpr base::NameTable<Severity, 4> kSeverities{{{Severity::critical, "critical"},
                                                    {Severity::high, "high"},
                                                    {Severity::medium, "medium"},
                                                    {Severity::low, "low"}}};

constexpr base::NameTable<FailureClass, 16> kFailures{
    {{FailureClass::crash, "crash"},
     {FailureClass::oom, "oom"},
     {FailureClass::crash_loop, "crash_loop"},
     {FailureClass::hang, "hang"},
     {FailureClass::high_latency, "high_latency"},
     {FailureClass::cpu_saturation, "cpu_saturation"},
     {FailureClass::dependency_down, "dependency_down"},
     {FailureClass::bad_deploy, "bad_deploy"},
     {FailureClass::config_error, "config_error"},
     {FailureClass::conversion_drop, "conversion_drop"},
     {FailureClass::consumer_lag, "consumer_lag"},
     {FailureClass::disk_full, "disk_full"},
     {FailureClass::certificate_expiry, "certificate_expiry"},
     {FailureClass::stopped, "stopped"},
     {FailureClass::nothing_wrong, "nothing_wrong"},
     {FailureClass::unknown, "unknown"}}};

constexpr base::NameTable<Persistence, 3> kPersistences{
    {{Persistence::transient, "transient"},
     {Persistence::systemic, "systemic"},
     {Persistence::architectural, "architectural"}}};

constexpr base::NameTable<Action, 9> kActions{{{Action::restart, "restart"},
                                               {Action::scale_up, "scale_up"},
                                               {Action::scale_down, "scale_down"},
                                               {Action::rollback, "rollback"},
                                               {Action::revert_config, "revert_config"},
                                               {Action::clear_queue, "clear_queue"},
                                               {Action::pull_request, "pull_request"},
                                               {Action::escalate, "escalate"},
                                               {Action::noop, "noop"}}};

// Name and owner of each event, in the order of the variant. Two owners: the second is a person, or
// `up` for "whoever saw it".
struct Kind {
  std::string_view name;
  Role owner;
  Role also;
};
constexpr Kind kKinds[] = {
    {"incident.opened", Role::scout, Role::scout},
    {"signal.added", Role::scout, Role::scout},
    {"incident.self_healed", Role::scout, Role::scout},
    {"verification.tried", Role::scout, Role::scout},
    {"verification.passed", Role::scout, Role::scout},
    {"verification.failed", Role::scout, Role::scout},
    {"deploy.seen", Role::scout, Role::scout},
    {"memory.recalled", Role::memory, Role::memory},
    {"memory.indexed", Role::memory, Role::memory},
    {"evidence.collected", Role::brain, Role::brain},
    {"diagnosis.made", Role::brain, Role::brain},
    {"plan.made", Role::brain, Role::brain},
    {"incident.joined", Role::brain, Role::brain},
    {"postmortem.written", Role::brain, Role::brain},
    {"plan.refused", Role::fixer, Role::fixer},
    {"plan.judged", Role::fixer, Role::fixer},
    {"approval.asked", Role::fixer, Role::fixer},
    {"action.intended", Role::fixer, Role::fixer},
    {"action.done", Role::fixer, Role::fixer},
    {"action.failed", Role::fixer, Role::fixer},
    {"action.unknown", Role::fixer, Role::fixer},
    {"verification.asked", Role::fixer, Role::fixer},
    {"undo.done", Role::fixer, Role::fixer},
    {"incident.resolved", Role::fixer, Role::fixer},
    {"escalated", Role::fixer, Role::fixer},
    {"issue.opened", Role::scribe, Role::scribe},
    {"approval.given", Role::scribe, Role::person},
    {"pr.opened", Role::scribe, Role::scribe},
    {"pr.merged", Role::scribe, Role::scribe},
    {"pr.closed", Role::scribe, Role::scribe},
    {"incident.closed", Role::scribe, Role::scribe},
    {"incident.reopened", Role::scribe, Role::scribe},
    {"operator.commanded", Role::scribe, Role::person},
    {"github.intended", Role::scribe, Role::scribe},
    {"github.done", Role::scribe, Role::scribe},
    {"github.failed", Role::scribe, Role::scribe},
    {"github.unknown", Role::scribe, Role::scribe},
    {"op.held", Role::scribe, Role::fixer},
    {"votes.counted", Role::scribe, Role::scribe},
    {"incident.stood_down", Role::up, Role::up},
    {"stop.set", Role::up, Role::up},
    {"stop.cleared", Role::up, Role::up},
    {"deploy.reported", Role::scout, Role::scout},
};
static_assert(std::size(kKinds) == std::variant_size_v<PayloadVariant>);

}  // namespace

std::string_view to_string(Role role) { return base::name_in(kRoles, role); }
std::optional<Role> parse_role(std::string_view text) { return base::value_in(kRoles, text); }
std::string_view to_string(SignalKind kind) { return base::name_in(kSignalKinds, kind); }
std::optional<SignalKind> parse_signal_kind(std::string_view text) {
  return base::value_in(kSignalKinds, text);
}
bool is_death(SignalKind kind) {
  return kind == SignalKind::container_died || kind == SignalKind::found_stopped ||
         kind == SignalKind::restarted_by_engine;
}
std::string_view to_string(Severity severity) { return base::name_in(kSeverities, severity); }
std::optional<Severity> parse_severity(std::string_view text) {
  return base::value_in(kSeverities, text);
}
std::string_view to_string(FailureClass failure) { return base::name_in(kFailures, failure); }
std::optional<FailureClass> parse_failure_class(std::string_view text) {
  return base::value_in(kFailures, text);
}
std::vector<FailureClass> failure_classes() {
  std::vector<FailureClass> all;
  for (const auto& [failure, name] : kFailures) all.push_back(failure);
  return all;
}
std::string_view to_string(Persistence persistence) {
  return base::name_in(kPersistences, persistence);
}
std::optional<Persistence> parse_persistence(std::string_view text) {
  return base::value_in(kPersistences, text);
}
std::string_view to_string(Action action) { return base::name_in(kActions, action); }
std::optional<Action> parse_action(std::string_view text) { return base::value_in(kActions, text); }

Payload::Payload() = default;
Payload::Payload(const Payload& other) = default;
Payload::Payload(Payload&& other) noexcept = default;
Payload& Payload::operator=(const Payload& other) = default;
Payload& Payload::operator=(Payload&& other) noexcept = default;
Payload::~Payload() = default;

std::string_view name_of(const Payload& what) { return kKinds[what.index()].name; }

bool may_write(Role role, const Payload& what) {
  const Kind& kind = kKinds[what.index()];
  return kind.owner == Role::up || kind.owner == role || kind.also == role;
}

}  // namespace incident
