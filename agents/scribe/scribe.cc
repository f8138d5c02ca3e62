#include "agents/scribe/scribe.h"

#include <algorithm>

#include "agents/scribe/markers.h"
#include "agents/scribe/umbrella.h"
#include "github/webhook_codec.h"
#include "incident/texts.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr int kMissesMax = 2;
constexpr int kWriteRefusalsMax = 3;
constexpr base::Duration kRefusedWait = std::chrono::seconds(1);      // Doubling …
constexpr base::Duration kRefusedWaitMax = std::chrono::minutes(10);  // … up to this.
constexpr base::Duration kHintFresh = std::chrono::minutes(10);  // Older ones: polled long since.
constexpr base::Duration kHintLag = std::chrono::seconds(3);
constexpr base::Duration kDeniedWait = std::chrono::minutes(1);
constexpr base::Duration kObserveBefore = std::chrono::minutes(5);  // RELIABILITY section 4.

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

bool is_operation(const Payload& what) {
  return std::holds_alternative<GithubIntended>(what) || std::holds_alternative<GithubDone>(what) ||
         std::holds_alternative<GithubFailed>(what) ||
         std::holds_alternative<GithubUnknown>(what) || std::holds_alternative<OpHeld>(what);
}

// The operation whose outcome this event records; empty for other events.
std::string ended_operation(const Payload& what) {
  if (const auto* done = std::get_if<GithubDone>(&what)) return done->op;
  if (const auto* failed = std::get_if<GithubFailed>(&what)) return failed->op;
  if (const auto* unknown = std::get_if<GithubUnknown>(&what)) return unknown->op;
  return "";
}

// Clocks of two boots do not compare: what seems to lie in the future is long past.
bool has_come(base::Instant since, base::Duration wait, base::Instant now) {
  return now < since || now - since >= wait;
}

bool is_probe_signal(SignalKind kind) {
  switch (kind) {
    case SignalKind::probe_timeout:
    case SignalKind::probe_refused:
    case SignalKind::probe_error:
    case SignalKind::latency_above_bound:
      return true;
    case SignalKind::container_died:
    case SignalKind::found_stopped:
    case SignalKind::restarted_by_engine:
    case SignalKind::cpu_at_limit:
    case SignalKind::engine_unhealthy:
    case SignalKind::deploy_failed:
    case SignalKind::asked:
      return false;
  }
  return false;
}

// Where the ledger keeps it.
IncidentId ledger_id(IncidentId id) { return id == kUmbrella ? kControl : id; }

}  // namespace

std::string key_of(const Request& request) {
  return std::visit(overloaded{[](const CatchUp&) { return std::string("catch_up"); },
                               [](const Write&) { return std::string("write"); },
                               [](const Observe& observe) { return "observe:" + observe.op; },
                               [](const ReadControl&) { return std::string("control"); },
                               [](const Listen&) { return std::string("listen"); },
                               [](const Ask&) { return std::string("ask"); },
                               [](const LookWho&) { return std::string("look"); },
                               [](const LookLabel&) { return std::string("label"); },
                               [](const LookVotes&) { return std::string("votes"); },
                               [](const PullWrite&) { return std::string("write"); },
                               [](const LookPull&) { return std::string("pull"); },
                               [](const HandOver& one) { return "agent:" + one.op; },
                               [](const LookHandover& one) { return "agent:" + one.op; }},
                    request);
}

Scribe::Scribe(Options options, base::Random& random)
    : options_(std::move(options)),
      random_(random),
      budget_({options_.post_spacing, options_.posts_per_minute, options_.posts_per_hour}),
      write_budget_({options_.post_spacing, options_.writes_per_minute, 0}),
      issue_budget_({base::Duration(0), 0, options_.issues_per_hour}),
      steering_(options_.steer_every, options_.depends_on, options_.agent_label),
      votes_(options_.votes_every),
      pulls_(options_.places, options_.pulls_every, options_.redactor),
      handovers_(options_.handover) {
  tellings_[kControl];
  tellings_[kUmbrella];
}

// ---- Facts in ----------------------------------------------------------------------------------

void Scribe::touch(IncidentId id) {
  if (id != kControl && book_.find(id) == nullptr) return;
  Telling& telling = tellings_[id];
  telling.stale = true;
  telling.settled = false;
  tellings_[kUmbrella].stale = true;
}

void Scribe::absorb(const ledger::Record& record, base::Now) {
  if (absorb_handover(record.event)) return;
  if (is_operation(record.event.what)) return absorb_operation(record.event);
  // Secrets go before anything is cut, escaped or compared: later they could not be told any more.
  Event event = record.event;
  edit_texts(event.what, [this](std::string& text) { text = options_.redactor.redact(text); });
  book_.absorb(event);
  steering_.absorb(event);
  if (const auto* one = book_.find(event.incident)) pulls_.absorb(event, *one);
  if (!options_.agent_label.empty()) handovers_.absorb(event, book_.find(event.incident));
  touch(event.incident);
  if (std::holds_alternative<IncidentReopened>(event.what)) {
    tellings_[event.incident].outbox.absorb(event);
    told_in_.erase(event.incident);
  }
  if (const auto* closed = std::get_if<IncidentClosed>(&event.what)) {
    if (const auto issue = parse_told_in(closed->reason); issue != 0)
      told_in_[event.incident] = issue;
  }
  const Incident* incident = book_.find(event.incident);
  if (incident != nullptr && incident->root != 0) touch(incident->root);
  if (!std::holds_alternative<IssueOpened>(event.what)) return;
  for (const auto& [id, entry] : book_.entries()) {  // They name its number.
    if (entry.incident.root == event.incident) touch(id);
  }
}

void Scribe::absorb_operation(const Event& event) {
  if (event.incident != kControl && book_.find(event.incident) == nullptr) return;
  if (const auto* intended = std::get_if<GithubIntended>(&event.what)) {
    const base::Now at{event.at, event.boot};
    write_budget_.spend(at);
    if (is_post(intended->kind)) budget_.spend(at);
    if (intended->kind == "open_issue" && event.incident != kControl) issue_budget_.spend(at);
  }
  outcomes_.erase(ended_operation(event.what));
  if (event.incident == kControl) return absorb_shared(event);
  if (pulls_.absorb_operation(event)) return;
  Telling& telling = tellings_[event.incident];
  const std::int64_t issue = telling.outbox.issue();
  telling.outbox.absorb(event);
  telling.settled = false;
  if (telling.outbox.issue() != issue) telling.stale = true;  // Its card names the one before.
  tellings_[kUmbrella].stale = true;
}

void Scribe::absorb(const ledger::Delivery& delivery, base::Now now) {
  if (delivery.source != "github" || now.wall - delivery.received > kHintFresh) return;
  const auto hint = github::decode_hint(delivery.body);
  // What we write ourselves is nothing that people say; it would use up the looks meant for them.
  if (!hint || ours_.contains(hint->sender)) return;
  listen_hinted_ = true;
  control_hinted_ = control_hinted_ || hint->event == "issues";
}

void Scribe::absorb(const Answer& answer, base::Now now) {
  std::visit([&](const auto& one) { take(one, now); }, answer);
}

void Scribe::answered() {
  reachable_ = true;
  backoff_ = base::Duration(0);
}

void Scribe::troubled(const Fault& fault, base::Now now) {
  const bool denied = fault.code == base::ErrorCode::denied;
  backoff_ = std::clamp(backoff_ * 2, options_.backoff_min, options_.backoff_max);
  const auto wait =
      std::max({backoff_, fault.retry_after, denied ? kDeniedWait : base::Duration(0)});
  quiet_until_ = now.boot + wait;
  reachable_ = false;
}

void Scribe::take(const Written& written, base::Now now) {
  Outcome outcome{written.incident, {}};
  write_at_ = now.boot + options_.post_spacing;
  if (!written.fault) {
    answered();
    outcome.events.emplace_back(GithubDone{written.op, written.number, written.url});
    if (written.kind == "open_issue" && written.incident != kUmbrella) {
      outcome.events.emplace_back(IssueOpened{written.number, written.url});
    }
  } else if (written.fault->code == base::ErrorCode::unknown) {
    troubled(*written.fault, now);
    outcome.events.emplace_back(GithubUnknown{written.op, written.fault->message});
  } else {
    refused(written, outcome, now);
  }
  outcomes_[written.op] = std::move(outcome);
}

void Scribe::refused(const Written& written, Outcome& outcome, base::Now now) {
  const Fault& fault = *written.fault;
  const std::string error = std::string(base::to_string(fault.code)) + ": " + fault.message;
  outcome.events.emplace_back(GithubFailed{written.op, error});
  if (fault.code == base::ErrorCode::unavailable || fault.code == base::ErrorCode::timeout ||
      fault.code == base::ErrorCode::denied) {
    return troubled(fault, now);
  }
  answered();  // It did answer; what it refuses is this write.
  Telling& telling = tellings_[written.incident];
  const int times = telling.outbox.refusals(written.key) + 1;
  const auto wait = kRefusedWait * (1 << std::min(times - 1, 10));
  telling.retry_at = now.boot + std::min<base::Duration>(wait, kRefusedWaitMax);
  if (times >= kWriteRefusalsMax && written.kind != "open_issue") {
    outcome.events.emplace_back(
        OpHeld{written.op, "refused " + std::to_string(times) + " times: " + error});
  }
}

void Scribe::take(const Observed& observed, base::Now now) {
  if (observed.fault) return troubled(*observed.fault, now);
  answered();
  Telling& telling = tellings_[observed.incident];
  const auto& open = telling.outbox.open();
  if (!open || open->op != observed.op) return;
  if (observed.number == 0) {
    ++telling.misses;
    telling.look_at = now.boot + options_.miss_gap;
    if (telling.misses < kMissesMax) return;
    outcomes_[observed.op] = {observed.incident,
                              {GithubFailed{observed.op, "absent: looked for its marker twice"}}};
  } else {
    Outcome outcome{observed.incident, {GithubDone{observed.op, observed.number, observed.url}}};
    if (open->kind == "open_issue" && observed.incident != kUmbrella) {
      outcome.events.emplace_back(IssueOpened{observed.number, observed.url});
    }
    outcomes_[observed.op] = std::move(outcome);
  }
  telling.misses = 0;
  telling.look_at = {};
}

void Scribe::take(const ControlRead& read, base::Now now) {
  poll_at_ = now.boot + options_.control_every;
  if (read.fault) return troubled(*read.fault, now);
  answered();
  control_missing_ = read.number == 0;
  tellings_[kControl].settled = false;
  // No control issue says nothing about the stop; another issue may.
  if (read.number != 0 || steering_.stop_word() == true) stop_seen_ = read.stop;
}

// It is a convenience: its failure stops nothing else, unless GitHub wants to be left alone.
void Scribe::take(const CaughtUp& done, base::Now now) {
  catch_up_at_ = now.boot + options_.catch_up_every * (done.fault ? 10 : 1);
  if (done.fault && done.fault->retry_after > base::Duration(0)) troubled(*done.fault, now);
}

void Scribe::take(const Heard& heard, base::Now now) {
  if (heard.fault) return troubled(*heard.fault, now);
  answered();
  ours_ = heard.voices;
  steering_.absorb(heard, book_, now);
  hear_issues(heard);
  hear_twins(heard);
}

void Scribe::take(const Asked& asked, base::Now now) {
  if (asked.fault) return troubled(*asked.fault, now);
  answered();
  steering_.absorb(asked);
}

void Scribe::take(const SeenWho& seen, base::Now now) {
  if (seen.fault) return troubled(*seen.fault, now);
  answered();
  steering_.absorb(seen);
}

void Scribe::take(const SeenLabel& seen, base::Now now) {
  if (seen.fault) return troubled(*seen.fault, now);
  answered();
  steering_.absorb(seen);
}

// ---- Decisions out -----------------------------------------------------------------------------

role::Output<Request> Scribe::decide(const role::View& view) {
  Output out;
  record_outcomes(view, out);
  record_stop(view, out);
  record_votes(view, out);
  record_pulls(view, out);
  steering_.record(book_, random_, view.now, out);
  if (!out.units.empty())
    return out;  // First it must stand in the ledger; then we are asked again.
  refresh_umbrella(view.now);
  hand_over(view, out);
  for (auto& [id, telling] : tellings_) {
    if (telling.settled) continue;
    look_for(id, telling, view, out);
    end_incident(id, telling, view, out);
  }
  write_next(view, out);
  poll(view, out);
  catch_up(view, out);
  watch_pulls(view, out);
  steer(view, out);
  count_votes(view, out);
  return out;
}

void Scribe::record_outcomes(const role::View& view, Output& out) {
  for (const auto& [op, outcome] : outcomes_) {
    role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
    for (const auto& event : outcome.events) drafter.add(ledger_id(outcome.incident), event);
    out.units.push_back({drafter.take(), {}, {}});
  }
}

void Scribe::record_stop(const role::View& view, Output& out) {
  if (!stop_seen_) return;
  const bool seen = *std::exchange(stop_seen_, std::nullopt);
  const auto& stop = book_.stop();
  role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
  const auto elsewhere = steering_.stop_word();
  if ((seen || elsewhere == true) && !stop) {
    const std::string where =
        seen ? "the control issue" : "issue #" + std::to_string(*steering_.stops().begin());
    drafter.add(kControl, StopSet{"the label sre:stop is on " + where, "github"});
  } else if (!seen && elsewhere == false && stop && stop->by == "github") {
    drafter.add(kControl, StopCleared{"github"});
  } else {
    return;
  }
  out.units.push_back({drafter.take(), {}, {}});
}

bool Scribe::is_in_flight(const std::string& op, const role::View& view) const {
  return op == in_flight_ && view.busy("write");
}

// An issue or comment that may or may not have been made.
void Scribe::look_for(IncidentId id, Telling& telling, const role::View& view, Output& out) {
  const auto& open = telling.outbox.open();
  if (!open || is_repeatable(open->kind) || is_in_flight(open->op, view)) return;
  Observe observe;
  observe.op = open->op;
  if (view.busy("observe:" + observe.op)) return;
  const auto at = std::max(telling.look_at, quiet_until_);
  if (view.now.boot < at) return out.wake_by(at);
  observe.incident = id;
  observe.issue = issue_of(*open, telling.outbox);
  Write write;
  write.incident = id;
  write.kind = open->kind;
  write.key = open->key;
  observe.marker = marker_of(write, open->op);
  observe.since = open->at - std::chrono::duration_cast<base::Millis>(kObserveBefore);
  out.ask(observe);
}

// incident.closed, once the issue is closed, or none is there nor to be made.
void Scribe::end_incident(IncidentId id, Telling& telling, const role::View& view, Output& out) {
  const Incident* incident = book_.find(id);
  if (incident == nullptr || incident->state == State::closed ||
      !is_due(*incident, Command::close_issue))
    return;
  refresh(id, telling);
  const bool has_none = telling.outbox.issue() == 0 && !telling.outbox.open();
  const bool none = has_none && !telling.thread.wanted;
  const bool is_line = has_none && telling.thread.wanted && is_told_in_umbrella(id);
  if (!none && !is_line && !telling.outbox.is_closed() && !telling.outbox.is_held("close")) return;
  const std::string state(to_string(incident->state));
  role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
  drafter.add(
      id, IncidentClosed{is_line ? told_in(state, tellings_[kUmbrella].outbox.issue()) : state});
  out.units.push_back({drafter.take(), {}, {}});
}

void Scribe::refresh(IncidentId id, Telling& telling) {
  if (!telling.stale || id == kUmbrella) return;  // The umbrella has its own.
  ThreadOptions options;
  options.places = &options_.places;
  if (const auto number = tellings_[kControl].outbox.issue(); number != 0)
    options.control = "#" + std::to_string(number);
  if (id == kControl) {
    telling.thread = project_control(book_);
  } else {
    telling.thread = project(book_.entries().at(id), book_, options);
    show_handovers(id, telling.thread);
    const auto& formers = telling.outbox.formers();
    if (!formers.empty()) telling.thread.body += continues(formers.back());
  }
  telling.stale = false;
}

// When the issue may be opened; nothing when at once.
std::optional<base::Instant> Scribe::opens_at(const Book::Entry& entry) const {
  const Incident& incident = entry.incident;
  const auto deps = options_.depends_on.find(incident.signal.service);
  const bool has_dependencies = deps != options_.depends_on.end() && !deps->second.empty();
  bool may_join = has_dependencies && is_probe_signal(incident.signal.kind);
  for (const auto& [id, other] : book_.entries()) {
    may_join = may_join || (id != incident.id && goes_on(other.incident.state));
  }
  if (!may_join) return std::nullopt;
  return entry.events.front().boot + options_.downstream_wait;
}

// When the issue may be closed though something that should come before has not come.
std::optional<base::Instant> Scribe::closes_at(const Book::Entry& entry) const {
  const Incident& incident = entry.incident;
  const bool lacks_outcome = incident.state == State::resolved && !incident.outcome;
  if (!lacks_outcome && !is_due(incident, Command::index)) return std::nullopt;
  base::Instant ended = entry.events.front().boot;
  for (const auto& event : entry.events) {
    const bool ends = std::holds_alternative<PostmortemWritten>(event.what) ||
                      std::holds_alternative<SelfHealed>(event.what) ||
                      std::holds_alternative<VerificationPassed>(event.what);
    if (ends) ended = event.boot;
  }
  return ended + options_.index_wait;
}

std::optional<Write> Scribe::next_of(IncidentId id, Telling& telling, base::Now at, Output& out) {
  refresh(id, telling);
  const base::Instant now = at.boot;
  OutboxOptions options{options_.card_every, budget_.free_at(at),  true, false,
                        strays_of(telling),  telling.comment_twins};
  options.roll_over = telling.full_issue != 0 && telling.full_issue == telling.outbox.issue();
  if (id == kControl) {
    const bool make = options_.make_control_issue && control_missing_;
    if (telling.outbox.issue() == 0 && !make) return std::nullopt;
  } else if (id == kUmbrella) {
    if (now < umbrella_at_) {
      out.wake_by(umbrella_at_);
      return std::nullopt;
    }
  } else {
    const auto& entry = book_.entries().at(id);
    const auto opens =
        telling.outbox.issue() == 0 && telling.thread.wanted ? opens_at(entry) : std::nullopt;
    if (opens && !has_come(entry.events.front().boot, options_.downstream_wait, now)) {
      out.wake_by(*opens);
      return std::nullopt;
    }
    const bool must_open = telling.outbox.issue() == 0 && telling.thread.wanted;
    if (const auto free = must_open && !telling.outbox.open() ? issue_at(at) : std::nullopt) {
      out.wake_by(*free);
      return std::nullopt;
    }
    const auto closes =
        telling.thread.closed && !telling.outbox.is_closed() ? closes_at(entry) : std::nullopt;
    options.may_close =
        !closes || has_come(*closes - options_.index_wait, options_.index_wait, now);
    if (!options.may_close) out.wake_by(*closes);
  }
  if (now < telling.retry_at) {
    out.wake_by(telling.retry_at);
    return std::nullopt;
  }
  Next next = next_write(telling.thread, telling.outbox, now, options);
  if (next.at) out.wake_by(*next.at);
  const Incident* incident = book_.find(id);
  const bool ending = incident != nullptr && is_due(*incident, Command::close_issue);
  telling.settled = !next.write && !ending &&
                    is_told(telling.thread, telling.outbox, options.strays, options.twins);
  return std::move(next.write);
}

// While an incident is on its way to its action, and young: when it is not young any more.
std::optional<base::Instant> Scribe::heals_until(base::Instant now) const {
  std::optional<base::Instant> until;
  for (const auto id : book_.live()) {
    const auto state = book_.find(id)->state;
    const bool heals = state == State::open || state == State::diagnosing ||
                       state == State::planned || state == State::acting;
    const auto opened = book_.entries().at(id).events.front().boot;
    if (!heals || has_come(opened, options_.healing_first, now)) continue;
    until = std::max(until.value_or(now), opened + options_.healing_first);
  }
  return until;
}

void Scribe::write_next(const role::View& view, Output& out) {
  if (view.busy("write")) return;
  const base::Instant now = view.now.boot;
  if (const auto until = heals_until(now)) return out.wake_by(*until);
  if (now < quiet_until_) return out.wake_by(quiet_until_);
  if (!reachable_) return;  // poll() finds out.
  if (now < write_at_) return out.wake_by(write_at_);
  if (const auto free = write_budget_.free_at(view.now)) return out.wake_by(*free);
  constexpr int kNewIssue = 4;  // Of an incident that goes on.
  std::optional<Write> chosen;
  int best =
      0;  // New incidents are told first, those that go on before all, the control issue last.
  for (auto& [id, telling] : tellings_) {
    if (telling.settled) continue;
    auto write = next_of(id, telling, view.now, out);
    if (!write) continue;
    const bool opens = write->kind == "open_issue" && id > kControl;
    const int rank = id == kControl                   ? 1
                     : !opens                         ? 2
                     : goes_on(book_.find(id)->state) ? kNewIssue
                                                      : 3;
    if (rank > best) {
      best = rank;
      chosen = std::move(write);
    }
  }
  if (best < kNewIssue) {
    if (auto pull = next_pull(view, out)) return begin_pull(*std::move(pull), view, out);
  }
  if (!chosen) return;
  finish(*chosen, view.now);
  in_flight_ = chosen->op;
  role::Drafter drafter(book_, incident::Role::scribe, random_, view.now);
  const bool is_umbrella = chosen->incident == kUmbrella;
  if (is_umbrella && !is_post(chosen->kind)) umbrella_at_ = now + options_.umbrella_every;
  const std::string key = is_umbrella ? in_ledger({umbrella_, chosen->key}) : chosen->key;
  drafter.add(ledger_id(chosen->incident),
              GithubIntended{chosen->op, chosen->kind, key, chosen->digest});
  out.units.push_back({drafter.take(), {}, {std::move(*chosen)}});
}

std::string Scribe::marker_of(const Write& write, const std::string& op) const {
  Mark mark;
  mark.op = op;
  mark.is_issue = write.kind == "open_issue" || write.kind == "edit_issue";
  mark.incident = ledger_id(write.incident);
  mark.key = mark.is_issue ? "issue" : write.key;
  if (write.incident == kUmbrella) mark.key = in_ledger({umbrella_, mark.key});
  return marker(mark, options_.marker_key);
}

void Scribe::finish(Write& write, base::Now now) {
  write.op = base::make_ulid(now.wall, random_);
  // A second look at what goes out: what the first one saw in pieces now stands together.
  write.title = options_.redactor.redact(write.title);
  for (auto& label : write.labels) label = options_.redactor.redact(label);
  if (write.body.empty()) return;
  write.body = options_.redactor.redact(write.body);
  write.body =
      marker_of(write, write.marker_op.empty() ? write.op : write.marker_op) + "\n" + write.body;
}

void Scribe::poll(const role::View& view, Output& out) {
  if (view.busy("control")) return;
  const base::Instant now = view.now.boot;
  const auto due = control_hinted_ ? std::min(poll_at_, control_pace_.free_at(now)) : poll_at_;
  const auto at = reachable_ ? std::max(due, quiet_until_) : quiet_until_;
  if (now < at) return out.wake_by(at);
  if (std::exchange(control_hinted_, false)) control_pace_.spend(now);
  out.ask(ReadControl{});
}

void Scribe::catch_up(const role::View& view, Output& out) {
  if (options_.catch_up_every == base::Duration(0) || !reachable_ || view.busy("catch_up")) return;
  const auto at = std::max(catch_up_at_, quiet_until_);
  if (view.now.boot < at) return out.wake_by(at);
  out.ask(CatchUp{view.now.wall});
}

void Scribe::steer(const role::View& view, Output& out) {
  if (!steering_.is_on() || !reachable_) return;
  if (view.now.boot < quiet_until_) return out.wake_by(quiet_until_);
  if (const auto ask = steering_.ask(); ask && !view.busy("ask")) out.ask(*ask);
  if (const auto look = steering_.look(); look && !view.busy("look")) out.ask(*look);
  if (const auto look = steering_.look_label(); look && !view.busy("label")) out.ask(*look);
  if (view.busy("listen")) return;
  const base::Instant now = view.now.boot;
  if (listen_hinted_) steering_.listen_by(listen_pace_.free_at(now));
  if (listen_again_at_) steering_.listen_by(*listen_again_at_);
  const auto listen = steering_.listen(book_, view.now);
  if (!listen) return out.wake_by(steering_.listen_at());
  listen_again_at_.reset();
  if (std::exchange(listen_hinted_, false)) {
    listen_pace_.spend(now);
    listen_again_at_ = now + kHintLag;  // A list may lag behind the webhook that tells of it.
  }
  out.ask(*listen);
}

}  // namespace scribe
