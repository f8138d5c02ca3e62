#include "warden/warden.h"

#include "base/names.h"

namespace warden {
namespace {

constexpr base::NameTable<Verb, 6> kVerbs{{{Verb::restart, "restart"},
                                           {Verb::start, "start"},
                                           {Verb::recreate, "recreate"},
                                           {Verb::set_limits, "set_limits"},
                                           {Verb::scale, "scale"},
                                           {Verb::clear_queue, "clear_queue"}}};
constexpr base::NameTable<Outcome, 2> kOutcomes{
    {{Outcome::done, "done"}, {Outcome::superseded, "superseded"}}};

}  // namespace

std::string_view to_string(Verb verb) { return base::name_in(kVerbs, verb); }
std::optional<Verb> parse_verb(std::string_view text) { return base::value_in(kVerbs, text); }
std::string_view to_string(Outcome outcome) { return base::name_in(kOutcomes, outcome); }
std::optional<Outcome> parse_outcome(std::string_view text) {
  return base::value_in(kOutcomes, text);
}

std::string replica_name(std::string_view service, int index) {
  return std::string(service) + "-replica-" + std::to_string(index);
}

std::string_view replica_named(std::string_view container_name) {
  constexpr std::string_view kInfix = "-replica-";
  const auto at = container_name.rfind(kInfix);
  if (at == std::string_view::npos || at == 0) return {};
  const auto index = container_name.substr(at + kInfix.size());
  const bool is_one = index.size() == 1 && index[0] >= '1' && index[0] <= '0' + kReplicasMax;
  return is_one ? container_name.substr(0, at) : std::string_view();
}

int replica_index(const engine::Container& container) {
  // The label alone could come from an image; the name cannot.
  const auto label = container.labels.find(std::string(kReplicaLabel));
  if (label == container.labels.end()) return 0;
  for (int i = 1; i <= kReplicasMax; ++i) {
    if (container.name == replica_name(label->second, i)) return i;
  }
  return 0;
}

}  // namespace warden
