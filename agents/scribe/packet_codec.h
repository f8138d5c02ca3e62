// A packet as JSON, for agents that are programs. Codec; fields: docs/formats/escalation.md.
#pragma once

#include <string>

#include "agents/scribe/packet.h"

namespace scribe {

[[nodiscard]] std::string encode_packet(const Packet& packet);

}  // namespace scribe
