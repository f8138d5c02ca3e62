#include "agents/scribe/agent_calls.h"

#include "agents/scribe/packet_codec.h"

namespace scribe {
namespace {

constexpr const char* kNone = "hand over: no coding agent is configured; name one in `escalation`";

Fault fault_of(const base::Error& error) { return {error.code, error.message, {}}; }

}  // namespace

HandedOver hand_over(escalation::CodingAgent* agent, const HandOver& request,
                     const base::Redactor& redactor) {
  HandedOver handed;
  handed.op = request.op;
  handed.incident = request.incident;
  if (agent == nullptr) {
    handed.fault = Fault{base::ErrorCode::invalid, kNone, {}};
    return handed;
  }
  const auto begun =
      agent->start({request.op, request.issue, request.title, request.packet.branch,
                    redactor.redact(to_markdown(request.packet)),
                    redactor.redact(encode_packet(request.packet)), request.packet.forbidden});
  if (!begun) {
    handed.fault = fault_of(begun.error());
    return handed;
  }
  handed.number = begun->number;
  handed.url = begun->url;
  return handed;
}

HandedOver look_at(escalation::CodingAgent* agent, const LookHandover& request) {
  HandedOver handed;
  handed.op = request.op;
  handed.incident = request.incident;
  handed.is_look = true;
  if (agent == nullptr) {
    handed.fault = Fault{base::ErrorCode::unknown, kNone, {}};
    return handed;
  }
  const auto found = agent->look(request.op, request.issue);
  if (!found) {
    handed.fault = fault_of(found.error());
  } else if (!*found) {
    handed.absent = true;
  } else {
    handed.number = (*found)->number;
    handed.url = (*found)->url;
  }
  return handed;
}

bool AgentAdapter::dispatch(const std::string& key, const Request& request) {
  if (const auto* hand = std::get_if<HandOver>(&request)) {
    workers_.submit(
        [this, key, one = *hand] { mailbox_.post(key, hand_over(agent_, one, redactor_)); });
    return true;
  }
  if (const auto* look = std::get_if<LookHandover>(&request)) {
    workers_.submit([this, key, one = *look] { mailbox_.post(key, look_at(agent_, one)); });
    return true;
  }
  return false;
}

}  // namespace scribe
