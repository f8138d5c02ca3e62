// Pull requests of the fake: branches are names with a commit, and merging makes up another one.
#include <algorithm>

#include "tests/fakes/fake_github.h"

namespace fakes {
namespace {

github::Failure refuse(base::ErrorCode code, const char* what) {
  return {{code, std::string("fake: ") + what}, {}};
}
github::Failure no_such_pull() {
  return refuse(base::ErrorCode::not_found, "no such pull request");
}

}  // namespace

// Its head follows the branch while it is open.
github::Pull FakeGithub::as_seen(github::Pull pull) {
  pull.state = find(pull.number)->state;
  const auto branch = branches_.find(pull.head_branch);
  if (pull.state == "open" && branch != branches_.end()) pull.head = branch->second;
  pulls_[pull.number] = pull;
  return pull;
}

github::Result<github::Pull> FakeGithub::open_pull(const github::NewPull& wanted) {
  return write<github::Pull>([&]() -> github::Result<github::Pull> {
    const auto head = branches_.find(wanted.head), base = branches_.find(wanted.base);
    const bool differ = head != branches_.end() && base != branches_.end() &&
                        head->second != base->second && wanted.title.size() <= github::kTitleMax;
    if (!differ) return refuse(base::ErrorCode::invalid, "no such branches, or no difference");
    for (const auto& [number, other] : pulls_) {
      if (other.head_branch == wanted.head && find(number)->state == "open")
        return refuse(base::ErrorCode::invalid, "a pull request already exists");
    }
    github::Issue issue;
    issue.number = static_cast<std::int64_t>(issues_.size()) + 1;
    issue.id = ++next_id_;
    issue.title = wanted.title;
    issue.body = wanted.body;
    issue.state = "open";
    issue.author = login_;
    issue.url = "https://fake.test/pull/" + std::to_string(issue.number);
    issue.created_at = issue.updated_at = clock_.now().wall;
    issues_.push_back(issue);
    issues_made_.push_back(clock_.now().boot);
    github::Pull pull;
    pull.number = issue.number;
    pull.title = wanted.title;
    pull.body = wanted.body;
    pull.author = login_;
    pull.url = issue.url;
    pull.head_owner = "owner";
    pull.head_branch = wanted.head;
    pull.head = head->second;
    pull.base_branch = wanted.base;
    return as_seen(pull);
  });
}

github::Result<std::vector<github::Pull>> FakeGithub::list_pulls(const std::string& head_branch) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  std::vector<github::Pull> found;
  for (const auto& [number, pull] : pulls_) {
    const bool is_shown = is_listed(issues_made_[static_cast<std::size_t>(number - 1)]);
    if (pull.head_branch == head_branch && is_shown) found.insert(found.begin(), pull);
  }
  for (auto& pull : found) pull = as_seen(pull);
  return found;
}

github::Result<github::Pull> FakeGithub::get_pull(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  const auto found = pulls_.find(number);
  if (found == pulls_.end()) return no_such_pull();
  return as_seen(found->second);
}

std::string FakeGithub::do_merge(github::Pull& pull) {
  pull.merged = true;
  pull.merge_commit = "merge-of-" + pull.head;
  find(pull.number)->state = pull.state = "closed";
  branches_[pull.base_branch] = pull.merge_commit;
  return pull.merge_commit;
}

github::Result<std::string> FakeGithub::merge_pull(std::int64_t number, const std::string& head,
                                                   const std::string&) {
  return write<std::string>([&]() -> github::Result<std::string> {
    const auto found = pulls_.find(number);
    if (found == pulls_.end()) return no_such_pull();
    const auto pull = as_seen(found->second);
    if (merges_refused_ > 0 && merges_refused_-- > 0)
      return refuse(base::ErrorCode::invalid, "not mergeable");
    if (pull.state != "open") return refuse(base::ErrorCode::invalid, "not mergeable");
    if (pull.head != head) return refuse(base::ErrorCode::conflict, "head branch was modified");
    const auto& required = required_checks_[pull.base_branch];
    if (!required.empty() && !github::judge_checks(checks_[head], required).is_green)
      return refuse(base::ErrorCode::invalid, "required status check is expected");
    return do_merge(found->second);
  });
}

github::Result<std::vector<github::Check>> FakeGithub::list_checks(const std::string& sha) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  return checks_[sha];
}

github::Result<std::vector<std::string>> FakeGithub::required_checks(const std::string& branch) {
  const std::lock_guard lock(mutex_);
  if (const auto no = no_answer()) return *no;
  return required_checks_[branch];
}

void FakeGithub::set_branch(const std::string& branch, const std::string& sha) {
  const std::lock_guard lock(mutex_);
  for (auto& [number, pull] : pulls_) pull = as_seen(pull);
  if (sha.empty()) {
    branches_.erase(branch);
  } else {
    branches_[branch] = sha;
  }
}

void FakeGithub::set_check(const std::string& sha, const std::string& name,
                           github::CheckState state) {
  const std::lock_guard lock(mutex_);
  auto& all = checks_[sha];
  std::erase_if(all, [&](const auto& one) { return one.name == name; });
  all.push_back({name, state});
}

void FakeGithub::require_check(const std::string& branch, const std::string& name) {
  const std::lock_guard lock(mutex_);
  required_checks_[branch].push_back(name);
}

void FakeGithub::refuse_merges(int times) {
  const std::lock_guard lock(mutex_);
  merges_refused_ = times;
}

void FakeGithub::merge_by_person(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = pulls_.find(number);
  if (found != pulls_.end() && find(number)->state == "open") (void)do_merge(found->second);
}

}  // namespace fakes
