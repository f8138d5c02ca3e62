// The Scribe's part in handing incidents over to a coding agent: their comments, the operation, its
// outcome. Which and when: handover.h.
#include "agents/scribe/markdown.h"
#include "agents/scribe/scribe.h"
#include "incident/texts.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr base::Duration kLookAtAgentAgain = std::chrono::seconds(30);

std::string op_of(const Payload& what) {
  if (const auto* intended = std::get_if<GithubIntended>(&what))
    return intended->kind == kHandOver ? intended->op : "";
  if (const auto* done = std::get_if<GithubDone>(&what)) return done->op;
  if (const auto* failed = std::get_if<GithubFailed>(&what)) return failed->op;
  if (const auto* unknown = std::get_if<GithubUnknown>(&what)) return unknown->op;
  return "";
}

std::string state_line(const Handover& one, const HandoverOptions& options) {
  if (!options.has_agent)
    return "No coding agent is configured: this is for whoever takes it, a person or a program.";
  const std::string agent = "The agent: " + code(options.agent, 40) + ". ";
  switch (one.state) {
    case HandoverState::wanted:
      return agent + (options.may_start
                          ? "It gets the task next."
                          : "In this mode nothing is handed over; it would get this.");
    case HandoverState::asked:
      return agent + "It has the task since " + base::format_utc(one.asked_at) + ".";
    case HandoverState::done:
      if (one.number != 0)
        return agent + "Its change is pull request #" + std::to_string(one.number) +
               ". It is not merged by itself: test it by `sre-space chaos verify-jules-pr " +
               std::to_string(one.number) + "`, and read it.";
      return agent + "It took the task: " + code(one.url, 300) + ".";
    case HandoverState::failed:
      return agent + "It did not work out: " + plain(one.error, 600) +
             ". Put the label on again to try once more.";
    case HandoverState::unknown:
      return agent + "Whether it has the task could not be found out (" + plain(one.error, 400) +
             "), so it is not handed over again by itself. Look there, then put the label on "
             "again.";
  }
  return agent;
}

}  // namespace

bool Scribe::absorb_handover(const Event& event) {
  const std::string op = op_of(event.what);
  if (op.empty()) return false;
  const bool begins = std::holds_alternative<GithubIntended>(event.what);
  if (!begins && !handovers_.is_operation(op)) return false;
  Event own = event;
  edit_texts(own.what, [this](std::string& text) { text = options_.redactor.redact(text); });
  handovers_.absorb(own, nullptr);
  if (!begins) outcomes_.erase(op);
  touch(event.incident);
  return true;
}

void Scribe::show_handovers(IncidentId id, Thread& thread) const {
  for (const auto* one : handovers_.shown(id)) {
    const auto packet = make_packet(book_.entries().at(id), one->frozen, one->why, options_.packet);
    thread.comments.push_back({one->key, "🧩 **For a coding agent**\n\n" +
                                             state_line(*one, handovers_.options()) + "\n\n" +
                                             to_markdown(packet)});
  }
  const bool by_itself = handovers_.is_by_itself(id) && handovers_.options().may_start;
  if (by_itself && !thread.labels.empty()) thread.labels.push_back(options_.agent_label);
}

void Scribe::hand_over(const role::View& view, Output& out) {
  if (options_.agent_label.empty()) return;
  for (const auto id : handovers_.plan(book_, view.now)) touch(id);
  for (const auto& due : handovers_.open()) {
    const std::string& op = due.handover->op;
    if (view.busy("agent:" + op) || outcomes_.contains(op)) continue;
    if (view.now.boot < look_agent_at_) {
      out.wake_by(look_agent_at_);
      continue;
    }
    out.ask(LookHandover{op, due.incident, book_.find(due.incident)->issue});
  }
  out.wake_by(handovers_.wake_at(view.now));
  if (book_.stop()) return;
  const auto due = handovers_.next(view.now, [this](IncidentId id, const Handover& one) {
    const auto telling = tellings_.find(id);
    if (telling == tellings_.end()) return false;
    const auto* comment = telling->second.outbox.comment(one.key);
    return comment != nullptr && comment->id != 0;
  });
  if (!due) return;
  const auto& entry = book_.entries().at(due->incident);
  HandOver request;
  request.op = base::make_ulid(view.now.wall, random_);
  request.incident = due->incident;
  request.issue = entry.incident.issue;
  request.packet = make_packet(entry, due->handover->frozen, due->handover->why, options_.packet);
  request.title = options_.redactor.redact("Mend " + bare(request.packet.service, 80) + ": " +
                                           bare(request.packet.symptom, 120));
  role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
  drafter.add(due->incident, GithubIntended{request.op, kHandOver, due->handover->key,
                                            digest_of(to_markdown(request.packet))});
  out.units.push_back({drafter.take(), {}, {std::move(request)}});
}

void Scribe::take(const HandedOver& handed, base::Now now) {
  using base::ErrorCode;
  Outcome outcome{handed.incident, {}};
  if (handed.absent) {
    outcome.events.emplace_back(
        GithubFailed{handed.op, "unavailable: it was not begun before the Scribe ended"});
  } else if (!handed.fault) {
    outcome.events.emplace_back(GithubDone{handed.op, handed.number, handed.url});
  } else if (handed.is_look && handed.fault->code == ErrorCode::unavailable) {
    look_agent_at_ = now.boot + kLookAtAgentAgain;
    return;
  } else if (handed.fault->code == ErrorCode::unknown) {
    outcome.events.emplace_back(GithubUnknown{handed.op, handed.fault->message});
  } else {
    outcome.events.emplace_back(GithubFailed{
        handed.op,
        std::string(base::to_string(handed.fault->code)) + ": " + handed.fault->message});
  }
  outcomes_[handed.op] = std::move(outcome);
}

}  // namespace scribe
