#include "engine/engine.h"

#include "base/names.h"

namespace engine {
namespace {

constexpr base::NameTable<RunState, 7> kRunStates{{{RunState::created, "created"},
                                                   {RunState::running, "running"},
                                                   {RunState::paused, "paused"},
                                                   {RunState::restarting, "restarting"},
                                                   {RunState::removing, "removing"},
                                                   {RunState::exited, "exited"},
                                                   {RunState::dead, "dead"}}};
constexpr base::NameTable<RestartPolicy, 4> kPolicies{
    {{RestartPolicy::no, "no"},
     {RestartPolicy::on_failure, "on-failure"},
     {RestartPolicy::always, "always"},
     {RestartPolicy::unless_stopped, "unless-stopped"}}};
constexpr base::NameTable<HealthState, 4> kHealths{{{HealthState::none, "none"},
                                                    {HealthState::starting, "starting"},
                                                    {HealthState::healthy, "healthy"},
                                                    {HealthState::unhealthy, "unhealthy"}}};
constexpr base::NameTable<EventKind, 11> kKinds{{{EventKind::create, "create"},
                                                 {EventKind::start, "start"},
                                                 {EventKind::restart, "restart"},
                                                 {EventKind::die, "die"},
                                                 {EventKind::oom, "oom"},
                                                 {EventKind::kill, "kill"},
                                                 {EventKind::stop, "stop"},
                                                 {EventKind::pause, "pause"},
                                                 {EventKind::unpause, "unpause"},
                                                 {EventKind::destroy, "destroy"},
                                                 {EventKind::health_status, "health_status"}}};

}  // namespace

std::string_view to_string(RunState state) { return base::name_in(kRunStates, state); }
std::string_view to_string(RestartPolicy policy) { return base::name_in(kPolicies, policy); }
std::string_view to_string(HealthState state) { return base::name_in(kHealths, state); }
std::string_view to_string(EventKind kind) { return base::name_in(kKinds, kind); }

std::optional<RunState> parse_run_state(std::string_view text) {
  return base::value_in(kRunStates, text);
}
std::optional<RestartPolicy> parse_restart_policy(std::string_view text) {
  return base::value_in(kPolicies, text);
}
std::optional<HealthState> parse_health_state(std::string_view text) {
  return base::value_in(kHealths, text);
}
std::optional<EventKind> parse_event_kind(std::string_view text) {
  return base::value_in(kKinds, text);
}

bool is_container_id(std::string_view text) {
  if (text.size() != 64) return false;
  for (const char c : text) {
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
  }
  return true;
}

}  // namespace engine
