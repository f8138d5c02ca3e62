// What people say and do on an incident's issue, made into events: commands in comments, and the
// issue closed or reopened by hand. Pure; a part of the Scribe.
//
// - A comment is looked at again, with its author's right, at the moment its command is to count.
// It
//   counts once: the ids of its events are made of its own, so that neither a restart nor a second
//   reading appends them again.
// - Nothing is ever taken from a bot or from ourselves. An edited comment is not obeyed.
// - Commands are heard in the order in which GitHub numbered the comments.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/scribe/commands.h"
#include "base/id.h"
#include "github/github.h"
#include "incident/asked.h"
#include "incident/incident.h"
#include "role/role.h"

namespace scribe {

struct Fault {
  base::ErrorCode code = base::ErrorCode::unavailable;
  std::string message;
  base::Duration retry_after{0};
};

// The comments and incident issues that changed since; no comments wanted: empty.
struct Listen {
  std::optional<base::WallTime> comments_since;
  base::WallTime issues_since;
  bool all_stops = false;  // Besides, each issue with sre:stop, whatever its age.
};
struct Heard {
  std::optional<Fault> fault;
  std::vector<github::Comment> comments;
  std::vector<github::Issue> issues;
  std::string login;                                       // Ours; empty: not known.
  std::set<std::string> voices = {};                       // All of ours that are known.
  std::optional<std::vector<github::Issue>> stopped = {};  // Those with sre:stop, when asked for.
};
// This comment as it is now, and what its author may do now.
struct Ask {
  incident::IncidentId incident = 0;
  std::int64_t comment = 0;
};
struct Asked {
  incident::IncidentId incident = 0;
  std::int64_t comment = 0;
  std::optional<Fault> fault;
  std::optional<github::Comment> said;  // Nothing: it is gone.
  bool is_ours = false;
  github::Right right = github::Right::none;
  bool is_approver = true;  // Now; everybody is where the configuration names none.
};
// Who closed or reopened this issue last.
struct LookWho {
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
};
struct SeenWho {
  incident::IncidentId incident = 0;
  std::optional<Fault> fault;
  std::optional<github::StateChange> change;
  bool is_ours = false;
};

// Who put this label on the issue, or took it off, last.
struct LookLabel {
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
  std::string label;
};
struct SeenLabel {
  incident::IncidentId incident = 0;
  std::int64_t issue = 0;
  std::string label;
  std::optional<Fault> fault;
  std::optional<github::LabelChange> change;
  bool is_ours = false;
  github::Right right = github::Right::none;  // Now.
};

// What a comment leads to, the command itself first; nothing when it is to be passed over.
// `incident` is as it stands in the ledger now.
[[nodiscard]] std::vector<incident::Payload> judge(const Asked& asked,
                                                   const incident::Incident& incident,
                                                   base::WallTime now,
                                                   const incident::Dependencies& services);

class Steering {
 public:
  // `services`: all that are configured. `agent_label`: asks for a coding agent; empty: none does.
  Steering(base::Duration every, incident::Dependencies services, std::string agent_label = "")
      : every_(every), services_(std::move(services)), agent_label_(std::move(agent_label)) {}

  void absorb(const incident::Event& event);
  // None of these has a fault.
  void absorb(const Heard& heard, const incident::Book& book, base::Now now);
  void absorb(const Asked& asked);
  void absorb(const SeenWho& seen);
  void absorb(const SeenLabel& seen);

  // What is to be recorded now; `closed` tells whether the Scribe has closed an incident's issue.
  template <class Request>
  void record(const incident::Book& book, base::Random& random, base::Now now,
              role::Output<Request>& out) {
    for (auto& drafts : drafts(book, random, now)) out.units.push_back({std::move(drafts), {}, {}});
  }
  // The next questions, and when to listen again.
  [[nodiscard]] std::optional<Listen> listen(const incident::Book& book, base::Now now) const;
  [[nodiscard]] std::optional<Ask> ask() const;
  [[nodiscard]] std::optional<LookWho> look() const;
  [[nodiscard]] std::optional<LookLabel> look_label() const;
  // Whether somebody who may has put sre:stop on an incident's issue; nothing: not known yet.
  [[nodiscard]] std::optional<bool> stop_word() const;
  // Those issues; empty when there is none.
  [[nodiscard]] const std::set<std::int64_t>& stops() const { return stops_; }
  [[nodiscard]] bool is_on() const { return every_ > base::Duration(0); }
  [[nodiscard]] base::Instant listen_at() const { return listen_at_; }
  void listen_by(base::Instant at) { listen_at_ = std::min(listen_at_, at); }  // At the latest.

 private:
  using Drafts = std::vector<ledger::Draft>;
  std::vector<Drafts> drafts(const incident::Book& book, base::Random& random, base::Now now);
  std::optional<Drafts> heed(const Asked& asked, const incident::Book& book, base::Random& random,
                             base::Now now);
  std::optional<Drafts> heed(const SeenWho& seen, const incident::Book& book, base::Random& random,
                             base::Now now);
  std::optional<Drafts> heed(const SeenLabel& seen, const incident::Book& book,
                             base::Random& random, base::Now now);
  void hear_label(const github::Issue& issue, incident::IncidentId incident,
                  const std::string& label, bool before);
  void hear_stops(const std::vector<github::Issue>& issues);
  void hear(const github::Comment& comment, const incident::Book& book);
  void hear(const github::Issue& issue, const incident::Book& book);

  const base::Duration every_;
  const incident::Dependencies services_;
  const std::string agent_label_;
  base::Instant listen_at_;
  std::optional<base::WallTime> comments_since_, issues_since_;
  std::map<std::int64_t, incident::IncidentId> incidents_;  // By issue.
  std::set<std::string> recorded_;                          // Ids of events that came of all this.
  std::map<std::string, base::WallTime> refused_at_;        // Those for want of rights.
  std::map<incident::IncidentId, int> refusals_;            // Recorded, of each incident.
  std::map<std::int64_t, incident::IncidentId> queue_;      // Comments to be asked about.
  std::map<std::int64_t, base::WallTime> passed_over_;      // Comments, and how new they were.
  std::optional<Asked> asked_;
  std::map<incident::IncidentId, std::int64_t> looks_;  // Issues to be looked at.
  std::optional<SeenWho> seen_;
  using Labelled = std::pair<std::int64_t, std::string>;  // Issue and label.
  std::map<Labelled, bool> judged_;                       // Whether it was on when looked at.
  std::map<Labelled, incident::IncidentId> label_looks_;  // To be looked at.
  std::optional<SeenLabel> seen_label_;
  std::set<incident::IncidentId> held_by_label_;
  std::set<std::int64_t> stops_;  // Issues with sre:stop by somebody who may.
  bool heard_ = false;            // At least once since the start.
  bool stops_heard_ = false;      // All issues with sre:stop, once since the start.
};

}  // namespace scribe
