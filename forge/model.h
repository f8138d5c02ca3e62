// The forge's domain: users, issues, comments, labels and what happened to them, in GitHub's words.
// Pure values; the store fills them, codec and pages show them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "forge/rules.h"

namespace forge {

using Id = std::int64_t;  // Unique per kind, never reused.

struct User {
  Id id = 0;
  std::string login;
  base::WallTime created;
};

struct Repository {
  Id id = 0;
  User owner;
  std::string name;
  base::WallTime created;
  base::WallTime updated;
  int open_issues = 0;

  [[nodiscard]] std::string full_name() const { return owner.login + "/" + name; }
};

// A GitHub App, installed on the forge's repository.
struct App {
  Id id = 0;
  std::string slug;                      // It acts as "slug[bot]".
  std::vector<std::string> public_keys;  // RSA, PEM; any of them is taken, so that they can rotate.
  Role role = Role::write;
};

// Who may do what together: asked for by those who let a team approve.
struct Team {
  std::string organization;
  std::string slug;
  std::vector<std::string> members;  // Logins.
};

struct Label {
  Id id = 0;
  std::string name;   // Unique in any case within a repository.
  std::string color;  // Six lower-case hex digits, no '#'.
  std::optional<std::string> description;
};

// GitHub's eight, in its order; the index into ReactionCounts.
inline constexpr std::array<std::string_view, 8> kReactions = {
    "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"};
using ReactionCounts = std::array<int, 8>;

struct Reaction {
  Id id = 0;
  User user;
  std::string content;  // One of kReactions.
  base::WallTime created;
};

struct Milestone {
  Id id = 0;
  int number = 0;
  std::string title;  // Unique within a repository.
  std::optional<std::string> description;
  User creator;
  bool is_open = true;
  int open_issues = 0;
  int closed_issues = 0;
  base::WallTime created;
  base::WallTime updated;
  std::optional<base::WallTime> due;
  std::optional<base::WallTime> closed;
};

// What makes an issue a pull request.
struct PullPart {
  bool is_draft = false;
  std::optional<base::WallTime> merged;
};

struct Issue {
  Id id = 0;
  int number = 0;
  User author;
  std::string title;
  std::optional<std::string> body;
  bool is_open = true;
  std::string state_reason;   // completed, not_planned, duplicate, reopened; empty for none.
  std::vector<Label> labels;  // By name.
  std::vector<User> assignees;
  int comments = 0;
  base::WallTime created;
  base::WallTime updated;
  std::optional<base::WallTime> closed;
  std::optional<User> closed_by;
  std::optional<Milestone> milestone;
  std::optional<std::string> lock_reason;  // Absent: not locked; empty: locked without a reason.
  std::optional<PullPart> pull;            // Of a pull request.
  ReactionCounts reactions{};
};

struct Comment {
  Id id = 0;
  int issue_number = 0;
  User author;
  std::string body;
  base::WallTime created;
  base::WallTime updated;
  ReactionCounts reactions{};
};

enum class EventKind {
  labeled,
  unlabeled,
  closed,
  reopened,
  renamed,
  assigned,
  unassigned,
  locked,
  unlocked,
  milestoned,
  demilestoned,
  merged
};
[[nodiscard]] std::string_view to_string(EventKind kind);
[[nodiscard]] std::optional<EventKind> parse_event_kind(std::string_view text);

struct Event {
  Id id = 0;
  User actor;
  EventKind kind = EventKind::labeled;
  std::string before;  // labeled, unlabeled: the label's name; renamed: the old title;
                       // milestoned, demilestoned: the milestone's title.
  std::string after;   // labeled, unlabeled: its color; renamed: the new title; closed, locked: the
                       // reason; merged: the commit.
  std::optional<User> assignee;  // assigned, unassigned.
  base::WallTime created;
};

// Who is told by HTTP of what happens in the repository.
struct Hook {
  Id id = 0;
  std::string url;
  bool is_form = false;             // application/x-www-form-urlencoded instead of JSON.
  std::string secret;               // Empty: not signed.
  bool is_insecure = false;         // The certificate is not checked.
  std::vector<std::string> events;  // "*": all.
  bool is_active = true;
  base::WallTime created;
  base::WallTime updated;

  [[nodiscard]] bool wants(std::string_view event) const;
};

// One telling of one hook.
struct Delivery {
  Id id = 0;
  Id hook_id = 0;
  std::string guid;  // The same for a redelivery.
  std::string event;
  std::string action;   // Empty for ping.
  std::string payload;  // JSON, as signed and sent.
  bool is_redelivery = false;
  base::WallTime created;
  // Once it is over:
  std::optional<base::WallTime> delivered;
  base::Millis duration{};
  int status_code = 0;          // 0: no answer came.
  std::string status;           // "OK", or why it failed.
  std::string request_headers;  // JSON objects.
  std::string response_headers;
  std::string response_body;  // Cut.
};

// What a reaction belongs to.
enum class Subject { issue, comment };

enum class IssueState { open, closed, all };
enum class SortKey { created, updated, comments };

struct IssueFilter {
  IssueState state = IssueState::open;
  std::vector<std::string> labels;  // All of them.
  std::string creator;              // Empty: anybody.
  std::string assignee;             // Empty: anybody; "none", "*" as GitHub has them.
  std::string milestone;            // A number; empty: any; "none", "*" as GitHub has them.
  std::vector<std::string> words;   // All of them, in any case.
  std::optional<bool> is_pull;      // Absent: issues and pull requests.
  bool in_title = true;             // Where the words are looked for.
  bool in_body = true;
  std::optional<base::WallTime> since;
  std::optional<base::WallTime> known_at;  // Only what was made until then: a list that lags.
  SortKey sort = SortKey::created;
  bool is_descending = true;
};

struct CommentFilter {
  int issue_number = 0;  // 0: the whole repository.
  std::optional<base::WallTime> since;
  std::optional<base::WallTime> known_at;  // Only what was made until then: a list that lags.
  SortKey sort = SortKey::created;
  bool is_descending = false;
};

}  // namespace forge
