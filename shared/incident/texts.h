// Every text inside an event, so that one rule can be applied to all of them. Pure.
#pragma once

#include <functional>
#include <string>

#include "incident/event.h"

namespace incident {

// Calls `edit` with each text of the event's payload; what it leaves there is the event's from then
// on. Lines that belong together come as one text, joined by newlines. The hash of a blob is none.
void edit_texts(Payload& what, const std::function<void(std::string&)>& edit);

}  // namespace incident
