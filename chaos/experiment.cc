#include "chaos/experiment.h"

#include <algorithm>

#include "base/names.h"

namespace chaos {
namespace {

constexpr base::NameTable<Trait, 5> kTraits{{{Trait::health, "health"},
                                             {Trait::path, "path"},
                                             {Trait::dependents, "dependents"},
                                             {Trait::dependencies, "dependencies"},
                                             {Trait::internal, "internal"}}};
constexpr base::NameTable<Steady, 3> kSteadies{{{Steady::containers_running, "containers_running"},
                                                {Steady::probes_good, "probes_good"},
                                                {Steady::no_open_incident, "no_open_incident"}}};
constexpr base::NameTable<FaultKind, 4> kFaults{
    {{FaultKind::http_call, "http_call"},
     {FaultKind::http_until_oom, "http_until_oom"},
     {FaultKind::kill_host_process, "kill_host_process"},
     {FaultKind::stop_host_process, "stop_host_process"}}};
constexpr base::NameTable<UndoKind, 3> kUndos{
    {{UndoKind::start_container, "start_container"},
     {UndoKind::http_call, "http_call"},
     {UndoKind::continue_host_process, "continue_host_process"}}};

bool fits(const Experiment& experiment, const config::Config& config,
          const config::Service& service) {
  const auto& where = experiment.target.where;
  return std::all_of(where.begin(), where.end(),
                     [&](Trait trait) { return has_trait(config, service, trait); });
}

base::Result<const config::Service*> unless_protected(const Experiment& experiment,
                                                      const config::Service& service) {
  if (!service.protect) return &service;
  return base::Error{base::ErrorCode::denied,
                     experiment.name + ": " + service.name + " is protected; it is not broken"};
}

}  // namespace

std::string_view to_string(Trait trait) { return base::name_in(kTraits, trait); }
std::optional<Trait> parse_trait(std::string_view text) { return base::value_in(kTraits, text); }
std::string_view to_string(Steady steady) { return base::name_in(kSteadies, steady); }
std::optional<Steady> parse_steady(std::string_view text) {
  return base::value_in(kSteadies, text);
}
std::string_view to_string(FaultKind kind) { return base::name_in(kFaults, kind); }
std::optional<FaultKind> parse_fault_kind(std::string_view text) {
  return base::value_in(kFaults, text);
}
std::string_view to_string(UndoKind kind) { return base::name_in(kUndos, kind); }
std::optional<UndoKind> parse_undo_kind(std::string_view text) {
  return base::value_in(kUndos, text);
}

bool has_trait(const config::Config& config, const config::Service& service, Trait trait) {
  switch (trait) {
    case Trait::health:
      return service.health.has_value();
    case Trait::path:
      return service.path.has_value();
    case Trait::dependencies:
      return !service.depends_on.empty();
    case Trait::internal:
      return !service.health && !service.path;
    case Trait::dependents:
      return std::any_of(config.services.begin(), config.services.end(), [&](const auto& other) {
        return std::find(other.depends_on.begin(), other.depends_on.end(), service.name) !=
               other.depends_on.end();
      });
  }
  return false;
}

base::Result<const config::Service*> choose_target(const Experiment& experiment,
                                                   const config::Config& config,
                                                   std::string_view wanted) {
  const std::string_view name = wanted.empty() ? experiment.target.prefer : wanted;
  const auto* named = config::find_service(config, name);
  if (!wanted.empty() && named == nullptr) {
    return base::Error{base::ErrorCode::not_found,
                       experiment.name + ": no service is named " + std::string(wanted)};
  }
  if (named != nullptr && (!wanted.empty() || fits(experiment, config, *named))) {
    return unless_protected(experiment, *named);
  }
  for (const auto& service : config.services) {
    if (!service.protect && fits(experiment, config, service)) return &service;
  }
  std::string traits;
  for (const auto trait : experiment.target.where) {
    traits += (traits.empty() ? "" : ", ") + std::string(to_string(trait));
  }
  return base::Error{base::ErrorCode::not_found,
                     experiment.name + ": no unprotected service has what it needs: " + traits};
}

}  // namespace chaos
