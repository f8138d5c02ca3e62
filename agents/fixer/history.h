// What the ledger knows of the last day that guards count: actions and their cures, troubles,
// deploys. A fold of its own, so that a decision needs not go through all incidents. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "incident/deploys.h"
#include "policy/flap.h"

namespace fixer {

class History {
 public:
  struct Action {
    std::string op, service, container;
    incident::IncidentId incident = 0;
    incident::Action action = incident::Action::restart;
    base::WallTime at;
    bool is_void = false;    // Proven not applied.
    bool is_cured = false;   // Proven to help.
    bool is_judged = false;  // Its incident came to an end, or another action followed.
  };

  void absorb(const incident::Event& event);
  // Forgets what no guard counts any more.
  void prune(base::WallTime now);

  // Applied, as far as is known; oldest first.
  [[nodiscard]] const std::vector<Action>& actions() const { return actions_; }
  // Troubles of its own, in the order of their beginning.
  [[nodiscard]] const std::vector<policy::RedSpan>& troubles(const std::string& service) const;
  // When a deploy brought what runs now; nothing: not known.
  [[nodiscard]] std::optional<base::WallTime> deployed(const std::string& service) const;
  // As the engine named it last; empty: not known.
  [[nodiscard]] std::string image(const std::string& service) const;
  // Its container says so: by a label, or by a volume.
  [[nodiscard]] bool keeps_data(const std::string& service) const;
  // Beside the service's own container, as scaled last; those of a person are not counted.
  [[nodiscard]] int replicas(const std::string& service) const;
  // How often in a row, up to now, the same action was done to the service without cure.
  [[nodiscard]] int fruitless(const std::string& service, incident::Action action) const;

 private:
  void absorb_action(const incident::Event& event);
  void absorb_trouble(const incident::Event& event);
  policy::RedSpan* trouble(incident::IncidentId id);  // nullptr: none is kept.
  void forget(const std::function<bool(const policy::RedSpan&)>& is_old);
  Action* find(const std::string& op);

  std::vector<Action> actions_;
  struct Troubles {  // Of a service; both lists in step.
    std::vector<incident::IncidentId> incidents;
    std::vector<policy::RedSpan> spans;
  };
  std::map<std::string, Troubles> troubles_;           // By service.
  std::map<incident::IncidentId, std::string> whose_;  // The service of each trouble kept.
  incident::Deploys deploys_;
  std::map<std::string, std::pair<std::string, int>> scaling_;  // By operation: service, replicas.
  std::map<std::string, int> replicas_;                         // By service.
};

}  // namespace fixer
