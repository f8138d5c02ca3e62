// Breaks a service from outside, like a bad day, and undoes it: HTTP calls on its published port,
// signals to its processes from their host, the engine's API. Adapter.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "chaos/experiment.h"
#include "chaos/witness.h"
#include "engine/engine.h"

namespace chaos {

// One container to break. `url` is an address of the service itself; may be empty for faults that
// need none.
struct Patient {
  engine::Container container;  // As it was before the fault.
  std::string url;
};

// Nothing when the fault can be done to the patient, else why not: an image that does not offer the
// fault, a container without memory limit. Only reads.
[[nodiscard]] base::Status check_fault(const Fault& fault, const Patient& patient);

// Does it, and answers the moment of the fault: when the call or signal was sent after which the
// service was broken. Errors: those of the call or signal; unavailable (no OOM came of it).
[[nodiscard]] base::Result<base::WallTime> inject(const Fault& fault, const Patient& patient,
                                                  const Witness& witness, const base::Clock& clock,
                                                  std::stop_token stop);

// Ends what is left of the fault, and starts the container when it does not run. Safe to repeat,
// and harmless where nothing is left. Errors: those of the engine.
[[nodiscard]] base::Status undo(const Undo& undo, const Patient& patient,
                                engine::ContainerEngine& engine);

}  // namespace chaos
