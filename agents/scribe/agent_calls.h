// Carries out the Scribe's hand-overs by a coding agent; blocking.
#pragma once

#include "agents/scribe/scribe.h"
#include "escalation/coding_agent.h"
#include "role/mailbox.h"

namespace scribe {

// `agent` nullptr: none is configured, nothing is begun.
[[nodiscard]] HandedOver hand_over(escalation::CodingAgent* agent, const HandOver& request,
                                   const base::Redactor& redactor);
[[nodiscard]] HandedOver look_at(escalation::CodingAgent* agent, const LookHandover& request);

// Carries them out on a thread of its own, since an agent takes its time. dispatch() may be called
// from one thread; false: the request is none of its. `agent` and `mailbox` must outlive it.
class AgentAdapter {
 public:
  AgentAdapter(escalation::CodingAgent* agent, role::Mailbox<Answer>& mailbox,
               base::Redactor redactor)
      : agent_(agent), mailbox_(mailbox), redactor_(std::move(redactor)), workers_(1) {}
  bool dispatch(const std::string& key, const Request& request);

 private:
  escalation::CodingAgent* agent_;
  role::Mailbox<Answer>& mailbox_;
  const base::Redactor redactor_;
  role::Workers workers_;
};

}  // namespace scribe
