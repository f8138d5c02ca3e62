// A repository of GitHub in memory, for tests: its limits, its lists that lag, and bad days on
// demand. Held to the same contract (github_contract.h) as the real client against the real forge.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "github/github.h"
#include "github/pulls.h"

namespace fakes {

// What happens to one write.
enum class Fault {
  commit_then_502,  // Done, and then an answer that does not say so.
  lost_502,         // An answer of 502, and nothing was done.
  drop_reply,       // Done; the answer never arrives.
  rate_limited,     // 429 with Retry-After: 2.
  refused,          // No connection.
};

// Thread-safe.
class FakeGithub final : public github::Github, public github::Pulls {
 public:
  explicit FakeGithub(const base::Clock& clock, std::string login = "sre-space-bot")
      : clock_(clock), login_(std::move(login)) {}

  github::Result<github::User> get_user() override;
  github::Result<github::Issue> open_issue(const github::NewIssue& issue) override;
  github::Result<github::Issue> edit_issue(std::int64_t number,
                                           const github::IssueEdit& edit) override;
  github::Result<github::Issue> get_issue(std::int64_t number) override;
  github::Result<std::vector<github::Issue>> list_issues(const github::IssueQuery& query) override;
  github::Result<github::Comment> comment(std::int64_t issue, const std::string& body) override;
  github::Result<github::Comment> edit_comment(std::int64_t comment,
                                               const std::string& body) override;
  github::Result<std::vector<github::Comment>> list_comments(std::int64_t issue) override;
  github::Result<std::vector<github::Comment>> list_comments_since(base::WallTime since) override;
  github::Result<github::Comment> get_comment(std::int64_t comment) override;
  github::Result<github::Right> get_right(const std::string& login) override;
  github::Result<std::vector<github::StateChange>> list_state_changes(std::int64_t issue) override;
  github::Result<std::vector<github::LabelChange>> list_label_changes(std::int64_t issue) override;
  github::Result<std::vector<github::Reaction>> list_reactions(std::int64_t comment) override;
  github::Result<bool> is_team_member(const std::string& organisation, const std::string& team,
                                      const std::string& login) override;
  github::Status add_labels(std::int64_t issue, const std::vector<std::string>& names) override;
  github::Status remove_label(std::int64_t issue, const std::string& name) override;
  github::Status create_label(const github::Label& label) override;

  // fake_pulls.cc
  github::Result<github::Pull> open_pull(const github::NewPull& wanted) override;
  github::Result<std::vector<github::Pull>> list_pulls(const std::string& head_branch) override;
  github::Result<github::Pull> get_pull(std::int64_t number) override;
  github::Result<std::string> merge_pull(std::int64_t number, const std::string& head,
                                         const std::string& title) override;
  github::Result<std::vector<github::Check>> list_checks(const std::string& sha) override;
  github::Result<std::vector<std::string>> required_checks(const std::string& branch) override;
  // As git and those who check would: empty takes the branch away.
  void set_branch(const std::string& branch, const std::string& sha);
  void set_check(const std::string& sha, const std::string& name, github::CheckState state);
  void require_check(const std::string& branch, const std::string& name);
  void merge_by_person(std::int64_t pull);
  void refuse_merges(int times);  // The next ones: "not mergeable".

  // The next writes meet these, one each, in this order.
  void script(std::vector<Fault> faults);
  void on_each_write(std::function<std::optional<Fault>()> fault);  // When nothing is scripted.
  void on_each_call(std::function<base::Duration()> limit);         // Retry-After; 0: none.
  int limits() const;                     // Calls answered with a Retry-After.
  int early_calls() const;                // Calls inside the time of one.
  void set_down(bool down);               // Every call: no connection.
  void set_list_lag(base::Duration lag);  // New objects appear in lists only after that.
  // As people do.
  void set_right(const std::string& login, github::Right right);
  std::int64_t say(const std::string& login, std::int64_t issue, const std::string& body,
                   bool is_bot = false);
  void rewrite(std::int64_t comment, const std::string& body);  // Somebody edits it.
  void delete_comment(std::int64_t id);
  void set_closed(const std::string& login, std::int64_t issue, bool closed, bool is_bot = false);
  void set_label(const std::string& login, std::int64_t issue, const std::string& label, bool on,
                 bool is_bot = false);
  void react(const std::string& login, std::int64_t comment, const std::string& content,
             bool is_bot = false);
  void take_back(const std::string& login, std::int64_t comment);  // All reactions of theirs.
  void set_member(const std::string& team, const std::string& login, bool is_member);
  int writes() const;                        // That took effect.
  int calls() const;                         // All that reached it, reads too.
  std::vector<base::Instant> posts() const;  // When issues and comments were created.
  // When writes were asked for, and when anything was, whatever came of it.
  std::vector<base::Instant> write_calls() const;
  std::vector<base::Instant> all_calls() const;

 private:
  struct Kept {
    github::Comment comment;
    std::int64_t issue = 0;
    base::Instant made;
  };
  github::Failure limited(base::Duration wait);
  std::optional<github::Failure> no_answer();
  template <class T, class Do>
  github::Result<T> write(Do&& effect);
  github::Issue* find(std::int64_t number);
  void note_change(std::int64_t issue, const std::string& by, bool closed, bool is_bot);
  github::Comment& keep_comment(std::int64_t issue, const std::string& by, const std::string& body);
  bool is_listed(base::Instant made) const;
  github::Pull as_seen(github::Pull pull);
  std::string do_merge(github::Pull& pull);

  const base::Clock& clock_;
  const std::string login_;
  mutable std::mutex mutex_;
  // Guards: everything below.
  std::vector<github::Issue> issues_;
  std::vector<base::Instant> issues_made_;
  std::vector<Kept> comments_;
  std::map<std::int64_t, std::vector<github::StateChange>> changes_;        // By issue.
  std::map<std::int64_t, std::vector<github::LabelChange>> label_changes_;  // By issue.
  std::map<std::int64_t, std::vector<github::Reaction>> reactions_;         // By comment.
  std::map<std::string, std::set<std::string>> teams_;        // "organisation/team" to logins.
  std::map<std::int64_t, github::Pull> pulls_;                // Their state is that of their issue.
  std::map<std::string, std::string> branches_;               // To commits.
  std::map<std::string, std::vector<github::Check>> checks_;  // By commit.
  std::map<std::string, std::vector<std::string>> required_checks_;  // By branch.
  int merges_refused_ = 0;                                           // That many more.
  std::map<std::string, github::Right> rights_;
  std::map<std::string, github::Label> labels_;
  std::deque<Fault> faults_;
  std::function<std::optional<Fault>()> fault_;
  std::function<base::Duration()> limit_;
  base::Instant left_alone_until_;
  int limits_ = 0, early_ = 0;
  bool down_ = false;
  base::Duration list_lag_{0};
  int writes_ = 0, calls_ = 0;
  std::vector<base::Instant> posts_, write_calls_, all_calls_;
  std::int64_t next_id_ = 1000;
};

template <class T, class Do>
github::Result<T> FakeGithub::write(Do&& effect) {
  const std::lock_guard lock(mutex_);
  write_calls_.push_back(clock_.now().boot);
  if (const auto no = no_answer()) return *no;
  std::optional<Fault> fault;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  } else if (fault_) {
    fault = fault_();
  }
  if (fault == Fault::refused)
    return github::Failure{{base::ErrorCode::unavailable, "fake: cannot connect"}, {}};
  if (fault == Fault::lost_502)
    return github::Failure{{base::ErrorCode::unknown, "fake: status 502"}, {}};
  if (fault == Fault::rate_limited) return limited(std::chrono::seconds(2));
  github::Result<T> done = effect();
  if (done) ++writes_;
  if (!fault) return done;
  return github::Failure{
      {base::ErrorCode::unknown,
       *fault == Fault::drop_reply ? "fake: no answer in time" : "fake: status 502"},
      {}};
}

}  // namespace fakes
