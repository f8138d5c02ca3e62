#include "agents/cli/approval.h"

#include "base/text.h"

namespace cli {

std::optional<std::string> why_not_approved(const incident::Incident& incident,
                                            std::string_view plan, base::WallTime now) {
  const std::string who = "incident " + std::to_string(incident.id);
  if (incident.state != incident::State::awaiting_approval || !incident.plan || !incident.asked) {
    std::string state(incident::to_string(incident.state));
    return who + " does not wait for an approval: its state is " + state;
  }
  if (plan != incident.plan->hash) {
    return who + " waits for an approval of plan " + incident.plan->hash + ", not of " +
           base::clean_text(base::cut_utf8(plan, 60));
  }
  if (now > incident.asked->expires) {
    return "plan " + incident.plan->hash + " of " + who + " was offered until " +
           base::format_utc(incident.asked->expires, false);
  }
  return std::nullopt;
}

}  // namespace cli
