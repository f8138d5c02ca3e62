#include "agents/scribe/github_adapter.h"

#include <algorithm>

#include "agents/scribe/commands.h"
#include "agents/scribe/markers.h"
#include "agents/scribe/voices.h"
#include "base/failpoint.h"
#include "base/text.h"

namespace scribe {
namespace {

Fault fault_of(const github::Failure& failure) {
  return {failure.error.code, failure.error.message, failure.retry_after};
}

template <class T>
void settle(Written& written, const github::Result<T>& result) {
  if (!result) written.fault = fault_of(result.failure());
}

bool has_label(const github::Issue& issue, std::string_view name) {
  for (const auto& label : issue.labels) {
    if (label == name) return true;
  }
  return false;
}

// The answer to each request, with nothing in it yet but what it answers.
CaughtUp answer_to(const CatchUp&) { return {}; }
Written answer_to(const Write& write) {
  return {write.op, write.incident, write.kind, write.key, {}, 0, ""};
}
Observed answer_to(const Observe& observe) { return {observe.op, observe.incident, {}, 0, ""}; }
ControlRead answer_to(const ReadControl&) { return {}; }
Heard answer_to(const Listen&) { return {}; }
Asked answer_to(const Ask& ask) {
  Asked asked;
  asked.incident = ask.incident;
  asked.comment = ask.comment;
  return asked;
}
SeenWho answer_to(const LookWho& look) { return {look.incident, {}, {}, false}; }
SeenLabel answer_to(const LookLabel& look) {
  return {look.incident, look.issue, look.label, {}, {}, false, {}};
}
SeenVotes answer_to(const LookVotes& look) { return {look.incident, look.op, {}, {}}; }
HandedOver answer_to(const HandOver& request) {
  return {request.op, request.incident, false, {}, false, 0, ""};
}
HandedOver answer_to(const LookHandover& request) {
  return {request.op, request.incident, true, {}, false, 0, ""};
}

PullWritten answer_to(const PullWrite& write) {
  PullWritten written;
  written.op = write.op;
  written.incident = write.incident;
  written.kind = write.kind;
  written.action = write.action;
  return written;
}
SeenPull answer_to(const LookPull& look) {
  SeenPull seen;
  seen.incident = look.incident;
  seen.action = look.action;
  return seen;
}

// The answer to a request that was not sent.
template <class Request>
Answer refused(const Request& request, const Fault& fault) {
  auto answer = answer_to(request);
  answer.fault = fault;
  return answer;
}

void open_issue(github::Github& github, const Write& write, Written& written) {
  const auto made = github.open_issue({write.title, write.body, write.labels});
  settle(written, made);
  if (!made) return;
  written.number = made->number;
  written.url = made->url;
}

void edit_issue(github::Github& github, const Write& write, Written& written) {
  github::IssueEdit edit;
  if (!write.state_reason.empty()) {
    edit.state = "closed";
    edit.state_reason = write.state_reason;
  } else {
    edit.title = write.title;
    edit.body = write.body;
  }
  const auto edited = github.edit_issue(write.issue, edit);
  settle(written, edited);
  written.number = write.issue;
  if (edited) written.url = edited->url;
}

}  // namespace

Answer GithubCalls::carry_out(const Request& request) {
  if (around_.clock == nullptr)
    return std::visit([this](const auto& one) { return carry_out(one); }, request);
  const base::Instant now = around_.clock->now().boot;
  if (now < left_alone_until_) {
    const Fault fault{base::ErrorCode::unavailable, "GitHub asked to be left alone",
                      left_alone_until_ - now};
    return std::visit([&](const auto& one) { return refused(one, fault); }, request);
  }
  Answer answer = std::visit([this](const auto& one) { return carry_out(one); }, request);
  const auto& fault = std::visit([](const auto& one) -> const auto& { return one.fault; }, answer);
  if (fault) left_alone_until_ = around_.clock->now().boot + fault->retry_after;
  return answer;
}

Answer GithubCalls::carry_out(const Write& write) {
  Written written = answer_to(write);
  if (base::failpoint("scribe.write.before")) {
    written.fault = Fault{base::ErrorCode::unavailable, "failpoint before the write", {}};
    return written;
  }
  if (write.kind == "open_issue") open_issue(github_, write, written);
  if (write.kind == "edit_issue") edit_issue(github_, write, written);
  if (write.kind == "comment" || write.kind == "edit_comment") comment(write, written);
  if (write.kind == "add_label") settle(written, github_.add_labels(write.issue, write.labels));
  if (write.kind == "remove_label")
    settle(written, github_.remove_label(write.issue, write.labels.at(0)));
  if (base::failpoint("scribe.write.after")) {
    written.fault = Fault{base::ErrorCode::unknown, "failpoint after the write", {}};
  }
  return written;
}

// By the agent whose words they are, where it has a voice of its own that GitHub lets speak.
void GithubCalls::comment(const Write& write, Written& written) {
  const auto by = [&](github::Github& github) {
    return write.kind == "comment" ? github.comment(write.issue, write.body)
                                   : github.edit_comment(write.comment, write.body);
  };
  const auto voice = around_.voices.find(std::string(voice_of(write.key)));
  auto made = by(voice == around_.voices.end() ? github_ : *voice->second);
  const bool refused = !made && voice != around_.voices.end() &&
                       (made.error().code == base::ErrorCode::denied ||
                        made.error().code == base::ErrorCode::not_found);
  if (refused) made = by(github_);
  settle(written, made);
  if (!made) return;
  written.number = made->id;
  written.url = made->url;
}

// Whose objects are ours. An app's token may not ask; then the marker alone decides.
std::optional<Fault> GithubCalls::learn_logins() {
  if (logins_asked_) return std::nullopt;
  std::vector<github::Github*> voices{&github_};
  for (const auto& [agent, voice] : around_.voices) voices.push_back(voice);
  are_all_known_ = true;
  for (auto* voice : voices) {
    const auto user = voice->get_user();
    if (user) {
      ours_.insert(user->login);
      if (voice == &github_) login_ = user->login;
      continue;
    }
    const bool has_none = user.error().code == base::ErrorCode::denied ||
                          user.error().code == base::ErrorCode::not_found;
    if (!has_none) return fault_of(user.failure());
    are_all_known_ = false;
  }
  logins_asked_ = true;
  return std::nullopt;
}

Answer GithubCalls::carry_out(const CatchUp& catch_up) {
  CaughtUp done;
  if (around_.hooks == nullptr) return done;
  const auto failed = [&](const github::Failure& failure) {
    done.fault = fault_of(failure);
    if (around_.on_hooks_failed) around_.on_hooks_failed(failure.error);
    return done;
  };
  const auto since = std::max(caught_up_, catch_up.now - std::chrono::hours(72));
  const auto deliveries = around_.hooks->list_deliveries(since);
  if (!deliveries) return failed(deliveries.failure());
  const auto ids = github::missed(*deliveries, catch_up.now);
  for (const auto id : ids) {
    if (const auto asked = around_.hooks->redeliver(id); !asked) return failed(asked.failure());
  }
  // While some are under way, or more may have been lost, all is looked at again.
  if (ids.empty()) caught_up_ = catch_up.now - std::chrono::minutes(10);
  return done;
}

Answer GithubCalls::carry_out(const Observe& observe) {
  Observed observed = answer_to(observe);
  observed.fault = learn_logins();
  if (observed.fault) return observed;
  const auto is_it = [&](const auto& object) {
    return (!are_all_known_ || is_ours(object.author)) && has_marker(object.body, observe.marker);
  };
  if (observe.issue == 0) {
    github::IssueQuery query;
    query.creator = login_;
    query.since = observe.since;
    const auto issues = github_.list_issues(query);
    if (!issues) observed.fault = fault_of(issues.failure());
    if (!issues) return observed;
    for (const auto& issue : *issues) {
      if (!is_it(issue)) continue;
      observed.number = issue.number;
      observed.url = issue.url;
      break;
    }
    return observed;
  }
  const auto comments = github_.list_comments(observe.issue);
  if (!comments) observed.fault = fault_of(comments.failure());
  if (!comments) return observed;
  for (const auto& one : *comments) {
    if (!is_it(one)) continue;
    observed.number = one.id;
    observed.url = one.url;
    break;
  }
  return observed;
}

Answer GithubCalls::carry_out(const ReadControl&) {
  ControlRead read;
  github::IssueQuery query;
  query.label = kControlLabel;
  const auto issues = github_.list_issues(query);
  if (!issues) {
    read.fault = fault_of(issues.failure());
    return read;
  }
  for (const auto& issue : *issues) {
    if (issue.state != "open") continue;
    if (read.number == 0) read.number = issue.number;
    read.stop = read.stop || has_label(issue, kStopLabel);
  }
  return read;
}

Answer GithubCalls::carry_out(const Listen& listen) {
  Heard heard;
  heard.fault = learn_logins();
  if (heard.fault) return heard;
  heard.login = login_;
  heard.voices = ours_;
  if (listen.comments_since) {
    auto comments = github_.list_comments_since(*listen.comments_since);
    if (!comments) heard.fault = fault_of(comments.failure());
    if (!comments) return heard;
    heard.comments = *std::move(comments);
  }
  github::IssueQuery query;
  query.label = "incident";
  query.since = listen.issues_since;
  auto issues = github_.list_issues(query);
  if (!issues) heard.fault = fault_of(issues.failure());
  if (issues) heard.issues = *std::move(issues);
  if (!listen.all_stops || heard.fault) return heard;
  github::IssueQuery stops;
  stops.label = kStopLabel;
  auto stopped = github_.list_issues(stops);
  if (!stopped) heard.fault = fault_of(stopped.failure());
  if (stopped) heard.stopped = *std::move(stopped);
  return heard;
}

Answer GithubCalls::carry_out(const Ask& ask) {
  Asked asked = answer_to(ask);
  asked.fault = learn_logins();
  if (asked.fault) return asked;
  auto said = github_.get_comment(ask.comment);
  const bool gone = !said && said.error().code == base::ErrorCode::not_found;
  if (!said && !gone) asked.fault = fault_of(said.failure());
  if (!said) return asked;
  asked.is_ours = is_ours(said->author);
  asked.said = *std::move(said);
  if (asked.is_ours || asked.said->is_bot) return asked;
  asked.fault = read_right(asked.said->author, asked.right);
  const auto order = parse_command(asked.said->body);
  if (asked.fault || !order || !is_approval(order->verb)) return asked;
  const auto may = is_approver(asked.said->author);
  if (!may) asked.fault = fault_of(may.failure());
  asked.is_approver = may && *may;
  return asked;
}

std::optional<Fault> GithubCalls::read_right(const std::string& login, github::Right& right) {
  const auto got = github_.get_right(login);
  // Where we may not read it, nobody has any.
  const bool hidden = !got && got.error().code == base::ErrorCode::denied;
  if (!got && !hidden) return fault_of(got.failure());
  if (got) right = *got;
  return std::nullopt;
}

// Asked anew each time: whoever left the team this morning approves nothing any more.
github::Result<bool> GithubCalls::is_approver(const std::string& login) {
  if (around_.approvers.empty()) return true;
  for (const std::string_view approver : around_.approvers) {
    const auto slash = approver.find('/');
    if (!approver.starts_with('@') || slash == std::string_view::npos) {
      if (base::equal_ignoring_case(approver, login)) return true;
      continue;
    }
    auto member = github_.is_team_member(std::string(approver.substr(1, slash - 1)),
                                         std::string(approver.substr(slash + 1)), login);
    if (!member || *member) return member;
  }
  return false;
}

Answer GithubCalls::carry_out(const LookLabel& look) {
  SeenLabel seen = answer_to(look);
  seen.fault = learn_logins();
  if (seen.fault) return seen;
  auto changes = github_.list_label_changes(look.issue);
  if (!changes) seen.fault = fault_of(changes.failure());
  if (!changes) return seen;
  std::erase_if(*changes, [&](const auto& change) { return change.label != look.label; });
  if (changes->empty()) return seen;
  seen.change = changes->back();
  seen.is_ours = is_ours(seen.change->by);
  if (!seen.is_ours && !seen.change->is_bot) seen.fault = read_right(seen.change->by, seen.right);
  return seen;
}

Answer GithubCalls::carry_out(const LookVotes& look) {
  SeenVotes seen = answer_to(look);
  seen.fault = learn_logins();
  if (seen.fault) return seen;
  auto reactions = github_.list_reactions(look.comment);
  // A comment that somebody deleted has no votes any more.
  const bool gone = !reactions && reactions.error().code == base::ErrorCode::not_found;
  if (!reactions && !gone) seen.fault = fault_of(reactions.failure());
  if (!reactions) return seen;
  std::erase_if(*reactions, [&](const auto& one) { return is_ours(one.by); });
  seen.reactions = *std::move(reactions);
  return seen;
}

Answer GithubCalls::carry_out(const PullWrite& write) {
  if (around_.pulls != nullptr) return around_.pulls->carry_out(write);
  PullWritten written = answer_to(write);
  written.refusal = "this Scribe was given no way to the repository's files";
  return written;
}

Answer GithubCalls::carry_out(const LookPull& look) {
  if (around_.pulls != nullptr) return around_.pulls->carry_out(look);
  return refused(look, {base::ErrorCode::invalid, "no way to pull requests", {}});
}

Answer GithubCalls::carry_out(const LookWho& look) {
  SeenWho seen = answer_to(look);
  seen.fault = learn_logins();
  if (seen.fault) return seen;
  const auto changes = github_.list_state_changes(look.issue);
  if (!changes) seen.fault = fault_of(changes.failure());
  if (!changes || changes->empty()) return seen;
  seen.change = changes->back();
  seen.is_ours = is_ours(seen.change->by);
  return seen;
}

}  // namespace scribe
