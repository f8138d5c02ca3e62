// What a comment leads to: who may say it, when, and why not.
#include <algorithm>

#include "agents/scribe/steering.h"
#include "base/text.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr base::Duration kFresh = std::chrono::minutes(30);  // Only a hold may be older.

bool is_edited(const github::Comment& comment) { return comment.updated_at != comment.created_at; }

// Why this plan cannot be approved now; empty when it can.
std::string objection(const Order& command, const Incident& incident, const std::string& by,
                      base::WallTime now) {
  const bool waits = incident.state == State::awaiting_approval && incident.plan &&
                     incident.asked && incident.asked->plan == incident.plan->hash;
  if (!waits) return "no plan of this incident waits for approval";
  if (now > incident.asked->expires)
    return "the time to approve plan " + incident.plan->hash + " is over";
  if (command.argument.empty())
    return "it names no plan; the one that waits is " + incident.plan->hash;
  if (command.argument != incident.plan->hash)
    return "it names another plan than the one that waits, " + incident.plan->hash;
  const auto& given = incident.approvals;
  const bool again = std::any_of(given.begin(), given.end(), [&](const auto& approval) {
    return base::equal_ignoring_case(approval.by, by);
  });
  if (again) return "you approved it already, and it takes another person besides";
  return "";
}

// Why this cannot be done as it is said.
std::string objection_to_action(const Order& command, const Incident& incident,
                                const Dependencies& services) {
  if (command.verb == Verb::rollback) return "";
  if (command.verb == Verb::restart)
    return objection_to_restart(incident, command.argument, services);
  const std::string how = "it takes a service and a number of replicas, as in /scale shop 3";
  const bool is_count = !command.second.empty() &&
                        command.second.find_first_not_of("0123456789") == std::string::npos &&
                        command.second.size() <= 3;
  if (command.argument.empty() || !is_count) return how;
  return services.contains(command.argument)
             ? ""
             : objection_to_scale({Action::scale_up, command.argument, "", 0, {}}, false, false);
}

// Why no action can be asked for now; empty when one can.
std::string objection_to_asking(const Order& command, const Incident& incident,
                                const Dependencies& services) {
  if (command.verb == Verb::rollback) {
    if (auto why = objection_to_rollback(incident); !why.empty()) return why;
  }
  if (is_at_work(incident.state))
    return "an action of this incident is under way; it comes to its outcome first";
  if (incident.dry_run)
    return "this incident is in dry run since " + incident.held_by + " asked for it; /resume first";
  if (!incident.held_by.empty())
    return "this incident is held by " + incident.held_by + "; /resume first";
  if (incident.action_asked)
    return "another " + std::string(to_string(incident.action_asked->action)) +
           " is asked for, and is being planned";
  return objection_to_action(command, incident, services);
}

// As it stands in the ledger.
std::string order_of(const Order& command) {
  std::string line(to_string(command.verb));
  if (command.verb == Verb::rollback) return line;
  line += " " + command.argument;
  return command.second.empty() ? line : line + " " + command.second;
}

// Why it leads nowhere as the incident stands; empty when it does lead somewhere.
std::string objection_to_state(const Order& command, const Incident& incident,
                               const Dependencies& services) {
  const bool escalated = incident.state == State::escalated;
  switch (command.verb) {
    case Verb::restart:
    case Verb::rollback:
    case Verb::scale:
      return objection_to_asking(command, incident, services);
    case Verb::escalate:
      return escalated ? "a person has this incident already" : "";
    case Verb::resume:
      return escalated && incident.held_by.empty()
                 ? "nothing is held, and a person has this incident: only /restart and the name of "
                   "a service makes anything begin"
                 : "";
    case Verb::approve:
    case Verb::hold:
    case Verb::why:
    case Verb::dry_run:
    case Verb::close:
      return "";
  }
  return "";
}

std::string objection_of(const Order& command, const Asked& asked, const Incident& incident,
                         base::WallTime now, const Dependencies& services) {
  const auto need = needed_right(command.verb);
  if (asked.right < need) {
    return "it takes the right " + std::string(github::to_string(need)) + " in this repository";
  }
  if (is_approval(command.verb)) {
    if (!asked.is_approver) return "only the approvers that the configuration names may approve";
    if (is_edited(*asked.said)) return "an edited comment approves nothing; please write a new one";
    if (now - asked.said->created_at > kFresh) return "it is more than 30 minutes old";
  }
  if (command.verb == Verb::approve) return objection(command, incident, asked.said->author, now);
  if (command.verb == Verb::why) return "";
  if (!goes_on(incident.state)) return "this incident is over";
  return objection_to_state(command, incident, services);
}

}  // namespace

std::vector<Payload> judge(const Asked& asked, const Incident& incident, base::WallTime now,
                           const Dependencies& services) {
  if (!asked.said || asked.is_ours || asked.said->is_bot) return {};
  const auto command = parse_command(asked.said->body);
  if (!command) return {};
  const bool must_answer = is_approval(command->verb);
  if (is_edited(*asked.said) && !must_answer) return {};
  if (command->verb != Verb::hold && !must_answer && now - asked.said->created_at > kFresh)
    return {};
  const std::string& by = asked.said->author;
  // Of what asks for an action, a remark is no part.
  const bool asks = asks_for_action(command->verb) &&
                    (!command->argument.empty() || command->verb == Verb::rollback);
  const std::string line = base::clean_text(asks ? order_of(*command) : command->line);
  const std::string refusal = objection_of(*command, asked, incident, now, services);
  std::vector<Payload> events{OperatorCommanded{line, by, refusal}};
  if (!refusal.empty()) return events;
  if (command->verb == Verb::approve) events.emplace_back(ApprovalGiven{incident.plan->hash, by});
  if (command->verb == Verb::close) events.emplace_back(StoodDown{"Asked for by /close.", by});
  return events;
}

}  // namespace scribe
