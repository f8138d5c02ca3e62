#include "agents/scribe/packet_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace scribe {
namespace {

using Json = nlohmann::json;

Json probes_of(const Packet& packet) {
  Json all = Json::array();
  for (const auto& probe : packet.probes)
    all.push_back({{"name", probe.name}, {"run", probe.line}});
  return all;
}

Json evidence_of(const Packet& packet) {
  Json all = Json::array();
  for (const auto& one : packet.evidence)
    all.push_back({{"id", one.id}, {"kind", one.kind}, {"text", one.text}, {"lines", one.lines}});
  return all;
}

Json tried_of(const Packet& packet) {
  Json all = Json::array();
  for (const auto& one : packet.tried)
    all.push_back({{"action", one.action},
                   {"service", one.service},
                   {"state", one.state},
                   {"result", one.result}});
  return all;
}

}  // namespace

std::string encode_packet(const Packet& packet) {
  return base::dump_json({{"version", 1},
                          {"incident", packet.incident},
                          {"issue", packet.issue},
                          {"repository", packet.repository},
                          {"base", packet.base},
                          {"branch", packet.branch},
                          {"why", packet.why},
                          {"failing",
                           {{"service", packet.service},
                            {"container", packet.container},
                            {"image", packet.image},
                            {"severity", packet.severity},
                            {"symptom", packet.symptom},
                            {"detail", packet.detail},
                            {"detected_at", packet.detected_at},
                            {"probes", probes_of(packet)}}},
                          {"diagnosis",
                           {{"class", packet.failure},
                            {"culprit", packet.culprit},
                            {"confidence_percent", packet.confidence_percent},
                            {"persistence", packet.persistence},
                            {"rule", packet.rule},
                            {"explanation", packet.explanation},
                            {"path", packet.path},
                            {"ruled_out", packet.ruled_out}}},
                          {"evidence", evidence_of(packet)},
                          {"tried", tried_of(packet)},
                          {"suspect", packet.suspect},
                          {"acceptance", packet.acceptance},
                          {"forbidden", packet.forbidden},
                          {"limits", packet.limits}});
}

}  // namespace scribe
