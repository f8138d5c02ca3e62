// Drafts of events for tests of the ledger.
#pragma once

#include <string>
#include <utility>

#include "ledger/ledger.h"

namespace support {

inline ledger::Draft draft(std::string id, incident::Role role, incident::Payload what,
                           bool changes_state = false, incident::IncidentId incident = 1) {
  ledger::Draft made;
  made.event = {std::move(id),
                incident,
                role,
                base::wall_from_ms(1795182756123),
                base::instant_from_ms(77000),
                std::move(what)};
  made.changes_state = changes_state;
  return made;
}

// A signal.added whose text is `id`, by its owner.
inline ledger::Draft signal(const std::string& id, incident::IncidentId incident = 1) {
  incident::SignalAdded what;
  what.signal.detail = id;
  return draft(id, incident::Role::scout, what, false, incident);
}

// An event that changes the state of its incident.
inline ledger::Draft change(const std::string& id, incident::IncidentId incident = 1) {
  return draft(id, incident::Role::fixer, incident::Escalated{"person", id}, true, incident);
}

}  // namespace support
