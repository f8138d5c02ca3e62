#include "tests/fakes/fake_github.h"

#include <algorithm>

#include "base/text.h"

namespace fakes {

using base::Error;
using base::ErrorCode;
using github::Failure;

namespace {

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

Failure refused() { return {{ErrorCode::unavailable, "fake: cannot connect"}, {}}; }
Failure no_such(const char* what) {
  return {{ErrorCode::not_found, std::string("fake: no such ") + what}, {}};
}
std::optional<Failure> too_long(const std::string& title, const std::string& body,
                                const std::vector<std::string>& labels) {
  const bool label = std::any_of(labels.begin(), labels.end(), [](const std::string& name) {
    return name.empty() || characters(name) > github::kLabelMax;
  });
  if (!label && characters(title) <= github::kTitleMax && characters(body) <= github::kBodyMax) {
    return std::nullopt;
  }
  return Failure{{ErrorCode::invalid, "fake: too long"}, {}};
}

}  // namespace

Failure FakeGithub::limited(base::Duration wait) {
  left_alone_until_ = clock_.now().boot + wait;
  ++limits_;
  return {{ErrorCode::unavailable, "fake: status 429"}, wait};
}

// What every call meets first; nothing when it is to be answered.
std::optional<Failure> FakeGithub::no_answer() {
  ++calls_;
  all_calls_.push_back(clock_.now().boot);
  if (down_) return refused();
  if (clock_.now().boot < left_alone_until_) ++early_;
  if (!limit_) return std::nullopt;
  const auto wait = limit_();
  return wait > base::Duration(0) ? std::optional(limited(wait)) : std::nullopt;
}

github::Issue* FakeGithub::find(std::int64_t number) {
  const bool known = number >= 1 && number <= static_cast<std::int64_t>(issues_.size());
  return known ? &issues_[static_cast<std::size_t>(number - 1)] : nullptr;
}

bool FakeGithub::is_listed(base::Instant made) const {
  return clock_.now().boot - made >= list_lag_;
}

github::Result<github::User> FakeGithub::get_user() {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  return github::User{7, login_};
}

github::Result<github::Issue> FakeGithub::open_issue(const github::NewIssue& wanted) {
  return write<github::Issue>([&]() -> github::Result<github::Issue> {
    if (const auto wrong = too_long(wanted.title, wanted.body, wanted.labels)) return *wrong;
    github::Issue issue;
    issue.number = static_cast<std::int64_t>(issues_.size()) + 1;
    issue.id = ++next_id_;
    issue.title = wanted.title;
    issue.body = wanted.body;
    issue.state = "open";
    issue.labels = wanted.labels;
    issue.author = login_;
    issue.url = "https://fake.test/issues/" + std::to_string(issue.number);
    issue.created_at = issue.updated_at = clock_.now().wall;
    issues_.push_back(issue);
    issues_made_.push_back(clock_.now().boot);
    posts_.push_back(clock_.now().boot);
    return issue;
  });
}

github::Result<github::Issue> FakeGithub::edit_issue(std::int64_t number,
                                                     const github::IssueEdit& edit) {
  return write<github::Issue>([&]() -> github::Result<github::Issue> {
    auto* issue = find(number);
    if (issue == nullptr) return no_such("issue");
    if (const auto wrong = too_long(edit.title.value_or(""), edit.body.value_or(""), {})) {
      return *wrong;
    }
    if (edit.title) issue->title = *edit.title;
    if (edit.body) issue->body = *edit.body;
    if (edit.state) {
      if (issue->state != *edit.state) note_change(number, login_, *edit.state == "closed", false);
      issue->state = *edit.state;
      issue->state_reason = edit.state_reason.value_or(*edit.state == "closed" ? "completed" : "");
    }
    issue->updated_at = clock_.now().wall;
    return *issue;
  });
}

github::Result<github::Issue> FakeGithub::get_issue(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  const auto* issue = find(number);
  if (issue == nullptr) return no_such("issue");
  return *issue;
}

github::Result<std::vector<github::Issue>> FakeGithub::list_issues(
    const github::IssueQuery& query) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  std::vector<github::Issue> found;
  for (std::size_t i = 0; i < issues_.size(); ++i) {
    const auto& issue = issues_[i];
    const bool labelled = query.label.empty() || std::find(issue.labels.begin(), issue.labels.end(),
                                                           query.label) != issue.labels.end();
    if (!labelled || !is_listed(issues_made_[i]) || pulls_.contains(issue.number)) continue;
    if (!query.creator.empty() && issue.author != query.creator) continue;
    if (query.since && issue.updated_at < *query.since) continue;
    found.push_back(issue);
    found.back().comments =
        static_cast<int>(std::count_if(comments_.begin(), comments_.end(), [&](const Kept& kept) {
          return kept.issue == issue.number;
        }));
  }
  return found;
}

github::Result<github::Comment> FakeGithub::comment(std::int64_t number, const std::string& body) {
  return write<github::Comment>([&]() -> github::Result<github::Comment> {
    if (find(number) == nullptr) return no_such("issue");
    if (const auto wrong = too_long("", body, {})) return *wrong;
    posts_.push_back(clock_.now().boot);
    return keep_comment(number, login_, body);
  });
}

github::Result<github::Comment> FakeGithub::edit_comment(std::int64_t id, const std::string& body) {
  return write<github::Comment>([&]() -> github::Result<github::Comment> {
    if (const auto wrong = too_long("", body, {})) return *wrong;
    for (auto& kept : comments_) {
      if (kept.comment.id != id) continue;
      kept.comment.body = body;
      kept.comment.updated_at = clock_.now().wall;
      return kept.comment;
    }
    return no_such("comment");
  });
}

github::Comment& FakeGithub::keep_comment(std::int64_t issue, const std::string& by,
                                          const std::string& body) {
  Kept kept;
  kept.issue = kept.comment.issue = issue;
  kept.made = clock_.now().boot;
  kept.comment.id = ++next_id_;
  kept.comment.body = body;
  kept.comment.author = by;
  kept.comment.created_at = kept.comment.updated_at = clock_.now().wall;
  kept.comment.url = "https://fake.test/comments/" + std::to_string(kept.comment.id);
  return comments_.emplace_back(std::move(kept)).comment;
}

void FakeGithub::note_change(std::int64_t issue, const std::string& by, bool closed, bool is_bot) {
  changes_[issue].push_back({++next_id_, closed, by, is_bot, clock_.now().wall});
}

github::Result<std::vector<github::Comment>> FakeGithub::list_comments_since(base::WallTime since) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  std::vector<github::Comment> found;
  for (const auto& kept : comments_) {
    if (kept.comment.updated_at >= since && is_listed(kept.made)) found.push_back(kept.comment);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.updated_at < b.updated_at; });
  return found;
}

github::Result<github::Comment> FakeGithub::get_comment(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  for (const auto& kept : comments_) {
    if (kept.comment.id == id) return kept.comment;
  }
  return no_such("comment");
}

github::Result<github::Right> FakeGithub::get_right(const std::string& login) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  if (login == login_) return github::Right::admin;
  const auto found = rights_.find(login);
  return found == rights_.end() ? github::Right::none : found->second;
}

github::Result<std::vector<github::StateChange>> FakeGithub::list_state_changes(
    std::int64_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  if (find(number) == nullptr) return no_such("issue");
  const auto found = changes_.find(number);
  return found == changes_.end() ? std::vector<github::StateChange>{} : found->second;
}

github::Result<std::vector<github::LabelChange>> FakeGithub::list_label_changes(
    std::int64_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  if (find(number) == nullptr) return no_such("issue");
  const auto found = label_changes_.find(number);
  return found == label_changes_.end() ? std::vector<github::LabelChange>{} : found->second;
}

github::Result<std::vector<github::Reaction>> FakeGithub::list_reactions(std::int64_t comment) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  const bool known = std::any_of(comments_.begin(), comments_.end(),
                                 [&](const Kept& kept) { return kept.comment.id == comment; });
  if (!known) return no_such("comment");
  const auto found = reactions_.find(comment);
  return found == reactions_.end() ? std::vector<github::Reaction>{} : found->second;
}

github::Result<bool> FakeGithub::is_team_member(const std::string& organisation,
                                                const std::string& team, const std::string& login) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  const auto found = teams_.find(organisation + "/" + team);
  return found != teams_.end() && found->second.contains(login);
}

github::Result<std::vector<github::Comment>> FakeGithub::list_comments(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  if (find(number) == nullptr) return no_such("issue");
  std::vector<github::Comment> found;
  for (const auto& kept : comments_) {
    if (kept.issue == number && is_listed(kept.made)) found.push_back(kept.comment);
  }
  return found;
}

github::Status FakeGithub::add_labels(std::int64_t number, const std::vector<std::string>& names) {
  return write<github::Nothing>([&]() -> github::Status {
    auto* issue = find(number);
    if (issue == nullptr) return no_such("issue");
    if (const auto wrong = too_long("", "", names)) return *wrong;
    for (const auto& name : names) {
      auto& labels = issue->labels;
      if (std::find(labels.begin(), labels.end(), name) != labels.end()) continue;
      labels.push_back(name);
      label_changes_[number].push_back({++next_id_, name, true, login_, false, clock_.now().wall});
    }
    return github::Nothing{};
  });
}

github::Status FakeGithub::remove_label(std::int64_t number, const std::string& name) {
  return write<github::Nothing>([&]() -> github::Status {
    auto* issue = find(number);
    if (issue == nullptr) return no_such("issue");
    if (std::erase(issue->labels, name) != 0)
      label_changes_[number].push_back({++next_id_, name, false, login_, false, clock_.now().wall});
    return github::Nothing{};
  });
}

github::Status FakeGithub::create_label(const github::Label& label) {
  return write<github::Nothing>([&]() -> github::Status {
    if (const auto wrong = too_long("", "", {label.name})) return *wrong;
    labels_.try_emplace(label.name, label);
    return github::Nothing{};
  });
}

void FakeGithub::script(std::vector<Fault> faults) {
  const std::lock_guard lock(mutex_);
  faults_.assign(faults.begin(), faults.end());
}

void FakeGithub::on_each_write(std::function<std::optional<Fault>()> fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void FakeGithub::on_each_call(std::function<base::Duration()> limit) {
  const std::lock_guard lock(mutex_);
  limit_ = std::move(limit);
}

int FakeGithub::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

int FakeGithub::early_calls() const {
  const std::lock_guard lock(mutex_);
  return early_;
}

void FakeGithub::set_down(bool down) {
  const std::lock_guard lock(mutex_);
  down_ = down;
}

void FakeGithub::set_list_lag(base::Duration lag) {
  const std::lock_guard lock(mutex_);
  list_lag_ = lag;
}

void FakeGithub::delete_comment(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(comments_, [id](const Kept& kept) { return kept.comment.id == id; });
}

void FakeGithub::set_right(const std::string& login, github::Right right) {
  const std::lock_guard lock(mutex_);
  rights_[login] = right;
}

std::int64_t FakeGithub::say(const std::string& login, std::int64_t issue, const std::string& body,
                             bool is_bot) {
  const std::lock_guard lock(mutex_);
  auto& comment = keep_comment(issue, login, body);
  comment.is_bot = is_bot;
  return comment.id;
}

void FakeGithub::rewrite(std::int64_t id, const std::string& body) {
  const std::lock_guard lock(mutex_);
  for (auto& kept : comments_) {
    if (kept.comment.id != id) continue;
    kept.comment.body = body;
    kept.comment.updated_at = clock_.now().wall;
  }
}

void FakeGithub::set_closed(const std::string& login, std::int64_t number, bool closed,
                            bool is_bot) {
  const std::lock_guard lock(mutex_);
  auto* issue = find(number);
  if (issue == nullptr || (issue->state == "closed") == closed) return;
  issue->state = closed ? "closed" : "open";
  issue->state_reason = closed ? "completed" : "reopened";
  issue->updated_at = clock_.now().wall;
  note_change(number, login, closed, is_bot);
}

void FakeGithub::set_label(const std::string& login, std::int64_t number, const std::string& label,
                           bool on, bool is_bot) {
  const std::lock_guard lock(mutex_);
  auto* issue = find(number);
  if (issue == nullptr) return;
  std::erase(issue->labels, label);
  if (on) issue->labels.push_back(label);
  issue->updated_at = clock_.now().wall;
  label_changes_[number].push_back({++next_id_, label, on, login, is_bot, clock_.now().wall});
}

void FakeGithub::react(const std::string& login, std::int64_t comment, const std::string& content,
                       bool is_bot) {
  const std::lock_guard lock(mutex_);
  reactions_[comment].push_back({++next_id_, content, login, is_bot});
}

void FakeGithub::take_back(const std::string& login, std::int64_t comment) {
  const std::lock_guard lock(mutex_);
  std::erase_if(reactions_[comment], [&](const auto& one) { return one.by == login; });
}

void FakeGithub::set_member(const std::string& team, const std::string& login, bool is_member) {
  const std::lock_guard lock(mutex_);
  if (is_member)
    teams_[team].insert(login);
  else
    teams_[team].erase(login);
}

int FakeGithub::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

int FakeGithub::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<base::Instant> FakeGithub::write_calls() const {
  const std::lock_guard lock(mutex_);
  return write_calls_;
}

std::vector<base::Instant> FakeGithub::all_calls() const {
  const std::lock_guard lock(mutex_);
  return all_calls_;
}

std::vector<base::Instant> FakeGithub::posts() const {
  const std::lock_guard lock(mutex_);
  return posts_;
}

}  // namespace fakes
