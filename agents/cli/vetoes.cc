#include "agents/cli/vetoes.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cli {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

bool ended_by_itself(const Incident& incident) {
  return incident.attempts.empty() && incident.reached.contains("healthy");
}

}  // namespace

std::vector<Veto> list_vetoes(const Book& book, base::WallTime now) {
  std::map<std::tuple<std::string, std::string, std::string>, Veto> found;
  for (const auto& [id, entry] : book.entries()) {
    const PlanMade* plan = nullptr;
    for (const auto& event : entry.events) {
      const auto* made = std::get_if<PlanMade>(&event.what);
      if (made != nullptr && !made->menu.empty()) plan = made;
      const auto* refused = std::get_if<PlanRefused>(&event.what);
      const bool is_told = refused != nullptr && plan != nullptr && refused->plan == plan->hash;
      // A plan that is only made anew was not kept from anything.
      if (!is_told || refused->retry || now - event.at > kVetoesOf) continue;
      const MenuEntry& choice = plan->menu.front();
      const std::string action(to_string(choice.action));
      Veto& veto = found[{refused->guard, choice.service, action}];
      veto.guard = refused->guard;
      veto.service = choice.service;
      veto.action = action;
      ++veto.times;
      veto.by_itself += ended_by_itself(entry.incident) ? 1 : 0;
      veto.values = refused->values;
      veto.latest = std::max(veto.latest, event.at);
    }
  }
  std::vector<Veto> all;
  for (auto& [key, veto] : found) all.push_back(std::move(veto));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.times > b.times; });
  return all;
}

}  // namespace cli
