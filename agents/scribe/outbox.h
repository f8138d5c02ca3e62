// What is known to exist on GitHub, folded from the ledger's GitHub operations, and the next single
// write that brings it closer to the thread as it should be. Pure.
//
// Each write is an operation: github.intended, then done, failed (not applied) or unknown. Making
// an issue or a comment is not repeatable: while such an operation has no known outcome, nothing
// else of its incident is written, and the Scribe looks for its marker. All other writes (edits by
// id, single labels, closing) are repeatable: without an outcome they are simply intended anew.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agents/scribe/thread.h"
#include "base/time.h"
#include "incident/event.h"

namespace scribe {

// The kinds and keys of github.intended:
//   open_issue "issue/<label>,<label>,…" | edit_issue "card" | edit_issue "close" |
//   comment "comment:<key>" | edit_comment "comment:<key>" | add_label / remove_label
//   "label:<name>" | comment "comment:stray:<number>" and edit_issue "close-stray:<number>", on
//   that issue | edit_comment "comment:twin:<id>", of a comment that was written anew
struct Operation {
  std::string op, kind, key, digest;
  base::WallTime at;
  bool unknown = false;  // The outcome was asked for and could not be told.
};
[[nodiscard]] bool is_repeatable(std::string_view kind);
[[nodiscard]] bool is_post(std::string_view kind);  // Creates content, in GitHub's counting.

// One incident's part. Not thread-safe; copyable.
class Outbox {
 public:
  void absorb(const incident::Event& event);

  struct Kept {
    std::int64_t id = 0;  // Of the comment.
    std::string op;       // That created it; its marker names it for good.
    std::string digest;   // Last known to be written; empty when not known.
    base::Instant at;     // Last written.
  };

  [[nodiscard]] std::int64_t issue() const { return issue_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& issue_op() const { return issue_op_; }
  [[nodiscard]] const std::string& card_digest() const { return card_digest_; }
  [[nodiscard]] base::Instant card_at() const { return card_at_; }
  [[nodiscard]] base::Instant labels_at() const { return labels_at_; }
  [[nodiscard]] const Kept* comment(const std::string& key) const;
  [[nodiscard]] bool has_label(const std::string& name) const { return labels_.contains(name); }
  // Ours that may be on the issue: surely, or by an operation without a known outcome.
  [[nodiscard]] std::set<std::string> labels_perhaps() const;
  [[nodiscard]] bool is_closed() const { return closed_; }
  // Its issues before this one, oldest first: full, and continued in the next.
  [[nodiscard]] const std::vector<std::int64_t>& formers() const { return formers_; }
  [[nodiscard]] bool is_stray_closed(std::int64_t issue) const {
    return strays_closed_.contains(issue);
  }
  // Operations that were to open the issue and were not found: one may yet come to light.
  [[nodiscard]] const std::set<std::string>& lost() const { return lost_; }
  // Likewise of comments, with their keys.
  [[nodiscard]] const std::map<std::string, std::string>& lost_comments() const {
    return lost_comments_;
  }
  [[nodiscard]] bool is_held(const std::string& key) const { return held_.contains(key); }
  // How often in a row a write of this key was refused as it stands (not for want of a connection).
  [[nodiscard]] int refusals(const std::string& key) const;
  // The operation whose outcome is not known yet.
  [[nodiscard]] const std::optional<Operation>& open() const { return open_; }

 private:
  void begin(const incident::GithubIntended& intended, const incident::Event& event);
  void done(const incident::GithubDone& done, const incident::Event& event);
  void failed(const std::string& error);

  std::optional<Operation> open_;
  std::int64_t issue_ = 0;
  std::string url_, issue_op_, card_digest_;
  base::Instant card_at_, labels_at_;
  std::map<std::string, Kept> comments_;
  std::set<std::string> labels_, perhaps_;
  std::vector<std::int64_t> formers_;
  std::set<std::int64_t> strays_closed_;
  std::set<std::string> lost_;
  std::map<std::string, std::string> lost_comments_;
  bool closed_ = false;
  std::map<std::string, int> refusals_;
  std::set<std::string> held_;
  std::string failed_op_, failed_key_;  // The latest failure: what op.held may name.
};

// How many issues and comments may be made, over all incidents: sliding windows over those that
// were intended, whatever came of them.
class PostBudget {
 public:
  struct Limits {
    base::Duration spacing{0};
    int per_minute = 0, per_hour = 0;  // 0: any number.
  };
  explicit PostBudget(Limits limits) : limits_(limits) {}
  void spend(base::Now at);
  // From when on the next one fits in; nothing when it does now.
  [[nodiscard]] std::optional<base::Instant> free_at(base::Now now) const;

 private:
  Limits limits_;
  std::deque<base::Now> spent_;  // Oldest first; no more than the longest window can hold.
};

// A write, not yet intended.
struct Write {
  std::string op;  // Filled in by the Scribe.
  incident::IncidentId incident = 0;
  std::string kind, key, digest;
  std::int64_t issue = 0, comment = 0;
  std::string title, body;  // The body without its marker.
  std::string marker_op;    // Of an edited object: the operation that created it. Empty: this one.
  std::vector<std::string> labels;
  std::string state_reason;
};

// An issue of ours that is not the incident's any more, or never was: it gets a word and is closed.
struct Stray {
  std::int64_t issue = 0;
  std::string body;
};

struct OutboxOptions {
  base::Duration card_every = std::chrono::seconds(1);  // Card and labels, while things move.
  std::optional<base::Instant> posts_free_at;           // No issue or comment is made before that.
  bool may_close = true;   // False: all else is written, the close waits.
  bool roll_over = false;  // The issue is full: it is continued in a new one.
  std::vector<Stray> strays;
  std::set<std::int64_t> twins;  // Comments that were written anew: they are folded into a line.
};

struct Next {
  std::optional<Write> write;
  std::optional<base::Instant> at;  // Nothing now, but something then.
};

// Order: the issue; its card and labels, coalesced; strays; comments in their order; changed
// comments; then, when it shall be closed, card and labels without waiting, and the close.
[[nodiscard]] Next next_write(const Thread& thread, const Outbox& outbox, base::Instant now,
                              const OutboxOptions& options);
// Everything that the thread asks for is there.
[[nodiscard]] bool is_told(const Thread& thread, const Outbox& outbox,
                           const std::vector<Stray>& strays = {},
                           const std::set<std::int64_t>& twins = {});
// The issue that an operation without a known outcome is about.
[[nodiscard]] std::int64_t issue_of(const Operation& operation, const Outbox& outbox);
// "➡️ …" for the issue before, and the line that the card of the one after ends with.
[[nodiscard]] std::string continued_in(std::int64_t issue);
[[nodiscard]] std::string continues(std::int64_t issue);

[[nodiscard]] std::string digest_of(std::string_view content);

}  // namespace scribe
