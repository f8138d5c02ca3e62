// GitHub issues in our words: the port through which the Scribe reads and writes one repository.
// The real one is github::RestGithub; tests also use fakes::FakeGithub. What a failed call means is
// decided here, in classify(). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace github {

// GitHub's limits, in characters.
inline constexpr std::size_t kBodyMax = 65'536;
inline constexpr std::size_t kTitleMax = 256;
inline constexpr std::size_t kLabelMax = 50;

struct User {
  std::int64_t id = 0;
  std::string login;
};

struct Label {
  std::string name;
  std::string color;        // Six hex digits.
  std::string description;  // At most 100 characters.
};

struct Issue {
  std::int64_t number = 0;
  std::int64_t id = 0;
  std::string title, body;
  std::string state;         // "open" | "closed"
  std::string state_reason;  // "completed" | "not_planned" | "reopened" | ""
  std::vector<std::string> labels;
  std::string author;  // Login.
  std::string url;     // For people.
  base::WallTime created_at, updated_at;
  int comments = 0;  // How many it has.
};

struct Comment {
  std::int64_t id = 0;
  std::string body;
  std::string author;  // Login.
  base::WallTime created_at;
  std::string url;
  base::WallTime updated_at;  // Another than created_at: edited. GitHub counts whole seconds.
  std::int64_t issue = 0;     // Number.
  bool is_bot = false;        // Written by an app, or through one.
};

// What somebody may do in the repository, least first.
enum class Right { none, read, triage, write, maintain, admin };
[[nodiscard]] std::string_view to_string(Right right);
[[nodiscard]] std::optional<Right> parse_right(std::string_view text);

// An issue closed or reopened.
struct StateChange {
  std::int64_t id = 0;  // Of GitHub's event.
  bool closed = false;
  std::string by;  // Login.
  bool is_bot = false;
  base::WallTime at;
};

// A label put on an issue or taken off it.
struct LabelChange {
  std::int64_t id = 0;  // Of GitHub's event.
  std::string label;
  bool added = false;
  std::string by;  // Login.
  bool is_bot = false;
  base::WallTime at;
};

struct Reaction {
  std::int64_t id = 0;
  std::string content;  // "+1", "-1", "heart", …
  std::string by;       // Login.
  bool is_bot = false;
};

struct NewIssue {
  std::string title, body;
  std::vector<std::string> labels;  // Those that do not exist yet are made by GitHub.
};

// Only what is set changes.
struct IssueEdit {
  std::optional<std::string> title, body;
  std::optional<std::string> state;         // "open" | "closed"
  std::optional<std::string> state_reason;  // With state.
};

// Issues in any state; pull requests are left out.
struct IssueQuery {
  std::string creator;                  // Login; empty: anybody's.
  std::string label;                    // Empty: any.
  std::optional<base::WallTime> since;  // Updated at or after.
};

// Why a call failed, and how long to leave GitHub alone when it said so (0: it did not).
struct Failure {
  base::Error error;
  base::Duration retry_after{0};
};

template <class T>
class [[nodiscard]] Result : public base::Result<T> {
 public:
  Result(T value) : base::Result<T>(std::move(value)) {}    // NOLINT: a value is a result.
  Result(base::Error e) : base::Result<T>(std::move(e)) {}  // NOLINT: so is an error.
  Result(Failure f)                                         // NOLINT
      : base::Result<T>(std::move(f.error)), retry_after_(f.retry_after) {}
  [[nodiscard]] Failure failure() const { return {this->error(), retry_after_}; }

 private:
  base::Duration retry_after_{0};
};

struct Nothing {};
using Status = Result<Nothing>;

// One repository. Calls block; at most one at a time per object unless the implementation says
// more. Errors of all: unavailable (not applied, may be repeated after retry_after: no connection,
// rate limit, or, in reads, any failure on the way), denied (token or rights), not_found, invalid
// (refused as it stands; a redirect too), conflict; and in writes unknown (sent, outcome not known:
// 5xx, time-out, broken connection, unreadable answer).
class Github {
 public:
  virtual ~Github() = default;
  virtual Result<User> get_user() = 0;  // Whose token it is; denied for an app's token.

  virtual Result<Issue> open_issue(const NewIssue& issue) = 0;
  virtual Result<Issue> edit_issue(std::int64_t number, const IssueEdit& edit) = 0;
  virtual Result<Issue> get_issue(std::int64_t number) = 0;
  virtual Result<std::vector<Issue>> list_issues(const IssueQuery& query) = 0;  // All pages.

  virtual Result<Comment> comment(std::int64_t issue, const std::string& body) = 0;
  virtual Result<Comment> edit_comment(std::int64_t comment, const std::string& body) = 0;
  // All pages, oldest first.
  virtual Result<std::vector<Comment>> list_comments(std::int64_t issue) = 0;

  // Of all issues, changed at or after `since`; all pages, least recently changed first.
  virtual Result<std::vector<Comment>> list_comments_since(base::WallTime since) = 0;
  virtual Result<Comment> get_comment(std::int64_t comment) = 0;

  // Right::none for somebody who has none or does not exist.
  virtual Result<Right> get_right(const std::string& login) = 0;
  // All pages, oldest first.
  virtual Result<std::vector<StateChange>> list_state_changes(std::int64_t issue) = 0;
  virtual Result<std::vector<LabelChange>> list_label_changes(std::int64_t issue) = 0;
  virtual Result<std::vector<Reaction>> list_reactions(std::int64_t comment) = 0;
  // A member, and not merely invited; false where we may not see the team.
  virtual Result<bool> is_team_member(const std::string& organisation, const std::string& team,
                                      const std::string& login) = 0;

  virtual Status add_labels(std::int64_t issue, const std::vector<std::string>& names) = 0;
  virtual Status remove_label(std::int64_t issue, const std::string& name) = 0;  // Absent: success.
  virtual Status create_label(const Label& label) = 0;  // One of that name exists: success.
};

// What of an HTTP answer decides its meaning.
struct AnswerFacts {
  int status = 0;
  std::string message;                        // GitHub's "message", or the body's beginning.
  std::string retry_after, remaining, reset;  // Headers; empty when absent.
  base::WallTime now;                         // To count up to `reset`.
};

// The meaning of an answer outside 200..299. `is_write`: an effect may have happened before a 5xx.
// Source of the waits: docs.github.com, rate limits for the REST API; without any hint, 60 s.
[[nodiscard]] Failure classify(const AnswerFacts& answer, bool is_write, std::string_view call);

}  // namespace github
