// The status card: the body of an incident's issue, edited in place. Pure; used by thread.cc only.
#pragma once

#include <string>

#include "agents/scribe/thread.h"
#include "incident/incident.h"

namespace scribe {

[[nodiscard]] std::string card(const incident::Incident& incident, incident::State end,
                               const incident::Book& book, const ThreadOptions& options);
// "ran out of memory and died", "does not answer in time": the symptom in the title's words.
[[nodiscard]] std::string symptom(const incident::Signal& signal);
// When the fault happened, on the boot clock: the signal's time as far before the opening as UTC
// says.
[[nodiscard]] base::Instant fault_boot(const incident::Incident& incident);

}  // namespace scribe
