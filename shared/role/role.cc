#include "role/role.h"

namespace role {

Drafter& Drafter::add(incident::IncidentId incident, incident::Payload what) {
  return add_as(base::make_ulid(now_.wall, random_), incident, std::move(what));
}

Drafter& Drafter::add_as(std::string id, incident::IncidentId incident, incident::Payload what) {
  ledger::Draft draft;
  draft.event = {std::move(id), incident, role_, now_.wall, now_.boot, std::move(what)};
  if (std::holds_alternative<incident::IncidentOpened>(draft.event.what)) {
    draft.changes_state = true;
    after_[incident] = incident::open(draft.event).incident;
  } else if (const auto* known =
                 after_.contains(incident) ? &after_[incident] : book_.find(incident)) {
    auto step = incident::advance(*known, draft.event);
    draft.changes_state = step.changed;
    after_[incident] = std::move(step.incident);
  }
  drafts_.push_back(std::move(draft));
  return *this;
}

}  // namespace role
