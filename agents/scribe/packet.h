// What a coding agent gets to work with: an incident told so that nothing else has to be read. Made
// of what the ledger knows alone; no word of a person's comment is in it. Pure. Its JSON form:
// agents/scribe/packet_codec.h; for readers: docs/formats/escalation.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "incident/incident.h"

namespace scribe {

// How a service is asked whether it is well, as a command line anybody can run.
struct ProbeCommand {
  std::string name;  // "health" or "path"
  std::string line;
};

struct PacketOptions {
  std::string repository;                                   // "owner/name"
  std::string base;                                         // Branch.
  std::map<std::string, std::vector<ProbeCommand>> probes;  // Of each service.
  std::string soak = "5min";                                // So long a probe must hold.
  std::vector<std::string> forbidden;                       // Paths, besides the built-in ones.
};

struct PacketEvidence {
  std::string id, kind, text;
  std::vector<std::string> lines;  // Foreign.
};
struct PacketAttempt {
  std::string action, service, state;
  std::string result;  // What came of it.
};

struct Packet {
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
  std::string repository, base, branch;
  std::string why;  // It was handed over: in our words.
  std::string service, container, image, severity, symptom, detail, detected_at;
  std::vector<ProbeCommand> probes;
  std::string failure, culprit, persistence, rule, explanation;
  int confidence_percent = 0;
  std::vector<std::string> path;  // "a -> b (E1)"
  std::vector<std::string> ruled_out;
  std::vector<PacketEvidence> evidence;
  std::vector<PacketAttempt> tried;
  std::string suspect;  // Empty: not known.
  std::vector<std::string> acceptance, forbidden, limits;
};

// The incident as `entry` knew it at `until`; later events are left out, so that a packet made
// again is the same.
[[nodiscard]] Packet make_packet(const incident::Book::Entry& entry, base::WallTime until,
                                 std::string why, const PacketOptions& options);
// For the issue and for the agent; every foreign word fenced or escaped, at most 30,000 bytes.
[[nodiscard]] std::string to_markdown(const Packet& packet);
// "jules-fix-12": where the change goes.
[[nodiscard]] std::string branch_of(std::int64_t issue);
// What no change may touch, whatever the configuration says. A name that ends in '/' is a folder.
[[nodiscard]] std::vector<std::string> built_in_forbidden();

}  // namespace scribe
