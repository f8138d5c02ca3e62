// The pull requests by which values of configuration files are changed: what is to be opened,
// watched, merged and cleaned up, folded from the ledger. Pure; a part of the Scribe.
//
// - Each write is an operation of the Scribe's, one at a time, with github.intended before and its
//   outcome after, of the kinds open_pull, merge_pull, add_label and delete_branch and the key
//   "pull:<operation of the action>". All may be repeated: a branch is named after its action, its
//   commit is the same each time it is made, and a pull request of that branch is adopted.
// - What a person did (closed it, merged it, pushed to its branch) is a decision and stands.
// - Nothing is opened or merged while the stop is set or the incident is held.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agents/scribe/pull_plan.h"
#include "agents/scribe/steering.h"
#include "base/redact.h"
#include "github/pulls.h"
#include "incident/incident.h"

namespace scribe {

inline constexpr const char* kAutoMerged = "Auto-Merged";

struct PullWrite {
  std::string op;  // Filled in by the Scribe.
  incident::IncidentId incident = 0;
  std::string kind;    // open_pull | merge_pull | add_label | delete_branch
  std::string action;  // Operation of action.intended.
  PullOrder order;     // open_pull only.
  std::int64_t number = 0;
  std::string branch, head;
  std::string title;           // merge_pull only: the commit's.
  std::set<std::string> open;  // delete_branch only: branches that must stay.
};
[[nodiscard]] std::string ledger_key(const PullWrite& write);

struct PullWritten {
  std::string op;
  incident::IncidentId incident = 0;
  std::string kind, action;
  std::optional<Fault> fault;
  bool is_of_git = false;   // The fault: GitHub itself may be well.
  std::string refusal;      // It will never succeed as it is: why. May come with a number.
  std::int64_t number = 0;  // Of the pull request.
  std::string url, head;
  std::string commit;  // Of the merge.
};

// How a pull request stands.
struct LookPull {
  incident::IncidentId incident = 0;
  std::string action;
  std::int64_t number = 0;
  std::string base;
  bool with_checks = false;
};
struct SeenPull {
  incident::IncidentId incident = 0;
  std::string action;
  std::optional<Fault> fault;
  github::Pull pull;
  std::string closed_by;    // Login; empty: not known.
  github::Verdict verdict;  // Of its checks, when asked for.
};

// Not thread-safe.
class FixPulls {
 public:
  using News = std::vector<std::pair<incident::IncidentId, incident::Payload>>;
  // `places` by service.
  FixPulls(std::map<std::string, PullPlace> places, base::Duration every,
           const base::Redactor& redactor)
      : places_(std::move(places)), every_(every), redactor_(redactor) {}

  // True when the event is of an operation of this part.
  bool absorb_operation(const incident::Event& event);
  // `incident` is that of the event, with the event in it.
  void absorb(const incident::Event& event, const incident::Incident& incident);
  // What the outcome means for the ledger.
  std::vector<incident::Payload> absorb(const PullWritten& written, base::Now now);
  void absorb(const SeenPull& seen, base::Now now);

  // What the ledger does not know yet.
  [[nodiscard]] News news(const incident::Book& book) const;
  // The next write; `wake` becomes earlier where one will be due by time alone.
  [[nodiscard]] std::optional<PullWrite> next(const incident::Book& book, bool stopped,
                                              base::Now now,
                                              std::optional<base::Instant>& wake) const;
  [[nodiscard]] std::optional<LookPull> look(const incident::Book& book, base::Now now,
                                             std::optional<base::Instant>& wake) const;

 private:
  struct Track {
    incident::IncidentId incident = 0;
    gitops::Remediation remediation;  // As all was known when it was intended: it never changes.
    base::WallTime opened_at;
    bool merge_intended = false;
    int merge_refusals = 0;
    std::map<std::string, int> refusals;  // Of the clean-up, by kind.
    std::set<std::string> ended;          // Kinds that are done or given up.
    // Of this process alone.
    std::optional<SeenPull> seen;
    base::Instant look_at, retry_at;
    base::Duration backoff{0};
  };
  [[nodiscard]] const PullPlace* place_of(const incident::Attempt& attempt) const;
  // Why it can never be made; empty: it may.
  [[nodiscard]] std::string misfit(const incident::Attempt& attempt, const Track& track) const;
  [[nodiscard]] PullWrite opening(const incident::Attempt& attempt, const Track& track) const;
  [[nodiscard]] std::optional<PullWrite> merging(const incident::Attempt& attempt,
                                                 const Track& track, base::Now now,
                                                 std::optional<base::Instant>& wake) const;
  [[nodiscard]] std::optional<PullWrite> cleaning(const incident::Book& book,
                                                  const incident::Attempt& attempt,
                                                  const Track& track) const;
  [[nodiscard]] std::set<std::string> open_branches(const incident::Book& book) const;

  const std::map<std::string, PullPlace> places_;
  const base::Duration every_;
  const base::Redactor& redactor_;
  std::map<std::string, Track> tracks_;                              // By operation of the action.
  std::map<std::string, std::pair<std::string, std::string>> open_;  // By operation: kind, action.
};

}  // namespace scribe
