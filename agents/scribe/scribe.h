// The Scribe: keeps the issues on GitHub as the ledger says they should be, each effect once, and
// brings the stop label back. Pure; a role in the sense of role/role.h. Healing never waits for it.
//
// - One write at a time. Its intent is durable before it is sent; its outcome is recorded after.
// - "Not applied" is tried again as a new operation, after the wait GitHub asked for or a backoff,
// and
//   only after a read has shown that GitHub answers again.
// - "Unknown", and an intent that a crash left without outcome: an edit is simply repeated; an
// issue or
//   comment is looked for by its marker. Found: adopted. Missing twice, `miss_gap` apart: written
//   anew.
// - Refused three times as it stands (a person deleted the comment): held, never written again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agents/scribe/handover.h"
#include "agents/scribe/hint_pace.h"
#include "agents/scribe/outbox.h"
#include "agents/scribe/packet.h"
#include "agents/scribe/pulls.h"
#include "agents/scribe/steering.h"
#include "agents/scribe/thread.h"
#include "agents/scribe/votes.h"
#include "base/id.h"
#include "base/redact.h"
#include "incident/incident.h"
#include "role/role.h"

namespace scribe {

// Write (outbox.h), with its body complete, marker and all.

// Is what this operation was to create there? `issue` 0: look among issues, else among its
// comments.
struct Observe {
  std::string op;
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
  std::string marker;
  base::WallTime since;  // Nothing older can be it.
};
// The open issue with the label sre:control, and whether sre:stop is on it.
struct ReadControl {};
// Webhooks that never arrived: ask for them again.
struct CatchUp {
  base::WallTime now;
};
// To the coding agent, once; it may take as long as the agent works.
struct HandOver {
  std::string op;
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
  std::string title;
  Packet packet;  // Redacted.
};
// What became of it, asked by a Scribe that was not there when it ended.
struct LookHandover {
  std::string op;
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
};
using Request = std::variant<CatchUp, Write, Observe, ReadControl, Listen, Ask, LookWho, LookLabel,
                             LookVotes, PullWrite, LookPull, HandOver, LookHandover>;

struct Written {
  std::string op;
  incident::IncidentId incident = 0;
  std::string kind, key;  // Of the write: the answer may come before its intent has been read.
  std::optional<Fault> fault;
  std::int64_t number = 0;  // Of the issue made or edited, or id of the comment.
  std::string url;
};
struct Observed {
  std::string op;
  incident::IncidentId incident = 0;
  std::optional<Fault> fault;
  std::int64_t number = 0;  // 0: not found.
  std::string url;
};
struct ControlRead {
  std::optional<Fault> fault;
  std::int64_t number = 0;  // 0: there is none.
  bool stop = false;
};
struct CaughtUp {
  std::optional<Fault> fault;
};
struct HandedOver {
  std::string op;
  incident::IncidentId incident = 0;
  bool is_look = false;
  // Of a look: unavailable is asked again. Else unavailable, … is "nothing was begun".
  std::optional<Fault> fault;
  bool absent = false;      // A look that is sure: nothing was begun.
  std::int64_t number = 0;  // Of the pull request; 0: none yet.
  std::string url;          // Where it is to be seen.
};
using Answer = std::variant<CaughtUp, Written, Observed, ControlRead, Heard, Asked, SeenWho,
                            SeenLabel, SeenVotes, PullWritten, SeenPull, HandedOver>;

[[nodiscard]] std::string key_of(const Request& request);

struct Options {
  std::string marker_key;   // From key_file.h.
  base::Redactor redactor;  // Everything told is read and written through it.
  std::map<std::string, std::vector<std::string>> depends_on;  // Of each service.
  std::string agent_label;  // Asks for a coding agent; empty: tier 3 is off.
  HandoverOptions handover;
  PacketOptions packet;
  base::Duration card_every = std::chrono::seconds(1);
  // limits.issue_spacing: between any two writes, from the answer of one to the next.
  base::Duration post_spacing = std::chrono::seconds(1);
  base::Duration downstream_wait = std::chrono::seconds(2);  // DESIGN section 10, cascades.
  // Nothing is written for so long after an incident was opened, while it is being healed: on one
  // host our own disk writes would delay the engine's (measured: 10 ms each, 30 in a start).
  base::Duration healing_first{0};
  base::Duration index_wait = std::chrono::seconds(10);  // For memory.indexed before closing.
  base::Duration miss_gap =
      std::chrono::seconds(30);  // 200 ms for the forge, whose lists never lag.
  base::Duration control_every = std::chrono::seconds(5);
  base::Duration backoff_min = std::chrono::milliseconds(250);
  base::Duration backoff_max = std::chrono::seconds(30);  // 2 s for the forge.
  base::Duration catch_up_every{0};  // Between two looks for lost webhooks; 0: none is looked for.
  base::Duration steer_every{0};     // Between two looks at what people say; 0: nobody is heard.
  std::map<std::string, PullPlace> places;  // By service: what may be changed by pull request.
  base::Duration pulls_every = std::chrono::seconds(30);  // Between two looks at an open one.
  base::Duration votes_every{0};  // Between two counts of people's votes; 0: none are counted.
  int posts_per_minute = 40, posts_per_hour = 240;  // Of issues and comments; 0: any number.
  int writes_per_minute = 80;  // Of any kind: GitHub's points, 5 each; 0: any number.
  int issues_per_hour =
      20;  // Of incidents; the others share an umbrella (umbrella.h). 0: any number.
  int comments_max = 2000;  // Of an issue; then it is continued in another. GitHub takes 2,500.
  base::Duration umbrella_every = std::chrono::seconds(30);  // Between two edits of it.
  bool make_control_issue =
      true;  // Makes one when there is none and nothing else is to be written.
};

class Scribe final : public role::Role<Request, Answer> {
 public:
  // `random` must outlive it.
  Scribe(Options options, base::Random& random);

  void absorb(const ledger::Record& record, base::Now now) override;
  // A webhook of GitHub: what it is about is looked at soon, what it says counts for nothing.
  void absorb(const ledger::Delivery& delivery, base::Now now) override;
  void absorb(const Answer& answer, base::Now now) override;
  role::Output<Request> decide(const role::View& view) override;

  // For status displays: GitHub answered the last call.
  [[nodiscard]] bool is_reachable() const { return reachable_; }

 private:
  using Output = role::Output<Request>;
  // All there is to know of one incident's telling; of incident 0: of the control issue.
  struct Telling {
    Outbox outbox;
    Thread thread;
    bool stale = true;     // `thread` must be projected anew.
    bool settled = false;  // Nothing to do until the next record.
    base::Instant retry_at;
    int misses = 0;  // In a row, of the open operation.
    base::Instant look_at;
    std::int64_t full_issue = 0;  // It has too many comments.
    std::set<std::int64_t>
        twins;  // Open issues of ours that came to light after they were replaced.
    std::set<std::int64_t> comment_twins;  // Comments likewise.
  };
  // What an answer means for the ledger, kept until it stands there.
  struct Outcome {
    incident::IncidentId incident = 0;
    std::vector<incident::Payload> events;
  };

  void touch(incident::IncidentId id);
  void absorb_operation(const incident::Event& event);
  void absorb_shared(const incident::Event& event);  // flood.cc, as the next three.
  [[nodiscard]] std::optional<base::Instant> issue_at(base::Now now) const;
  void refresh_umbrella(base::Now now);
  void hear_issues(const Heard& heard);  // strays.cc, as the next two.
  void hear_twins(const Heard& heard);
  [[nodiscard]] static std::vector<Stray> strays_of(const Telling& telling);
  [[nodiscard]] bool is_told_in_umbrella(incident::IncidentId id) const;
  void take(const Written& written, base::Now now);
  void take(const Observed& observed, base::Now now);
  void take(const ControlRead& read, base::Now now);
  void take(const CaughtUp& done, base::Now now);
  void take(const Heard& heard, base::Now now);
  void take(const Asked& asked, base::Now now);
  void take(const SeenWho& seen, base::Now now);
  void take(const SeenLabel& seen, base::Now now);
  void take(const SeenVotes& seen, base::Now now);
  void take(const PullWritten& written, base::Now now);  // pull_steps.cc, as all of pulls.
  void take(const SeenPull& seen, base::Now now);
  void record_pulls(const role::View& view, Output& out);
  [[nodiscard]] std::optional<PullWrite> next_pull(const role::View& view, Output& out) const;
  void begin_pull(PullWrite write, const role::View& view, Output& out);
  void watch_pulls(const role::View& view, Output& out);
  void take(const HandedOver& handed, base::Now now);  // hand.cc, as the next three.
  [[nodiscard]] bool absorb_handover(const incident::Event& event);
  void show_handovers(incident::IncidentId id, Thread& thread) const;
  void hand_over(const role::View& view, Output& out);
  void answered();
  void troubled(const Fault& fault, base::Now now);
  void refused(const Written& written, Outcome& outcome, base::Now now);

  void record_outcomes(const role::View& view, Output& out);
  void record_stop(const role::View& view, Output& out);
  void record_votes(const role::View& view, Output& out);
  void look_for(incident::IncidentId id, Telling& telling, const role::View& view, Output& out);
  void end_incident(incident::IncidentId id, Telling& telling, const role::View& view, Output& out);
  void write_next(const role::View& view, Output& out);
  void poll(const role::View& view, Output& out);
  void catch_up(const role::View& view, Output& out);
  void steer(const role::View& view, Output& out);
  void count_votes(const role::View& view, Output& out);

  [[nodiscard]] std::optional<base::Instant> heals_until(base::Instant now) const;
  [[nodiscard]] bool is_in_flight(const std::string& op, const role::View& view) const;
  void refresh(incident::IncidentId id, Telling& telling);
  [[nodiscard]] std::optional<base::Instant> opens_at(const incident::Book::Entry& entry) const;
  [[nodiscard]] std::optional<base::Instant> closes_at(const incident::Book::Entry& entry) const;
  std::optional<Write> next_of(incident::IncidentId id, Telling& telling, base::Now now,
                               Output& out);
  void finish(Write& write, base::Now now);
  [[nodiscard]] std::string marker_of(const Write& write, const std::string& op) const;

  const Options options_;
  base::Random& random_;
  incident::Book book_;
  std::map<incident::IncidentId, Telling> tellings_;
  std::map<std::string, Outcome> outcomes_;  // By operation.
  std::string in_flight_;                    // Operation of the latest write.
  PostBudget budget_, write_budget_, issue_budget_;
  int umbrella_ = 1;                                      // Number of the present one.
  bool flooded_ = false;                                  // No issue is left for this hour.
  base::Instant umbrella_at_;                             // Its next edit.
  std::map<incident::IncidentId, std::int64_t> told_in_;  // Closed without an issue of their own.
  Steering steering_;
  Votes votes_;
  FixPulls pulls_;
  Handovers handovers_;
  base::Instant look_agent_at_;  // Not before that, after a look that failed.
  bool reachable_ = false;       // Until a first read says so.
  base::Instant quiet_until_;    // No call before that.
  base::Instant write_at_;       // No write before that.
  base::Duration backoff_{0};
  base::Instant poll_at_, catch_up_at_;
  bool listen_hinted_ = false, control_hinted_ = false;  // Since the latest question.
  std::optional<base::Instant> listen_again_at_;         // For what the lists did not show yet.
  HintPace listen_pace_, control_pace_;
  std::set<std::string> ours_;     // Logins by which we write, as far as they are known.
  bool control_missing_ = false;   // By the latest read.
  std::optional<bool> stop_seen_;  // By a read that no decision has used yet.
};

}  // namespace scribe
