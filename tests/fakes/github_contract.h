// What every github::Github must do, checked on the fake and on the real client against the forge.
// The repository must be empty of issues titled "contract …" and the caller have all rights in it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "base/text.h"
#include "github/github.h"
#include "github/pulls.h"

namespace fakes {

inline void check_issues(github::Github& github) {
  const auto user = github.get_user();
  REQUIRE(user.ok());
  auto opened =
      github.open_issue({"contract one", "Body\nof `it` ü", {"incident", "service: a b"}});
  REQUIRE(opened.ok());
  const auto number = opened->number;
  CHECK(number > 0);
  CHECK(opened->state == "open");
  CHECK(opened->author == user->login);
  CHECK(opened->labels.size() == 2);
  CHECK(opened->created_at.time_since_epoch().count() > 0);
  auto got = github.get_issue(number);
  REQUIRE(got.ok());
  CHECK(got->title == "contract one");
  CHECK(got->body == "Body\nof `it` ü");
  CHECK(github.get_issue(number + 100'000).error().code == base::ErrorCode::not_found);

  github::IssueEdit body;
  body.body = "Another body";
  REQUIRE(github.edit_issue(number, body).ok());
  CHECK(github.get_issue(number)->title == "contract one");
  github::IssueEdit close;
  close.state = "closed";
  close.state_reason = "not_planned";
  REQUIRE(github.edit_issue(number, close).ok());
  got = github.get_issue(number);
  REQUIRE(got.ok());
  CHECK(got->state == "closed");
  CHECK(got->state_reason == "not_planned");
  CHECK(got->body == "Another body");
  CHECK(github.edit_issue(number + 100'000, close).error().code == base::ErrorCode::not_found);
}

inline void check_lists(github::Github& github) {
  const auto login = github.get_user()->login;
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < 103; ++i) {
    auto opened = github.open_issue({"contract many", "b", {"many"}});
    REQUIRE(opened.ok());
    numbers.push_back(opened->number);
  }
  github::IssueEdit close;
  close.state = "closed";
  REQUIRE(github.edit_issue(numbers[3], close).ok());
  github::IssueQuery query;
  query.creator = login;
  query.label = "many";
  auto all = github.list_issues(query);
  REQUIRE(all.ok());
  CHECK(all->size() == numbers.size());  // More than a page, closed ones too.
  query.since = all->back().updated_at + std::chrono::hours(1);
  CHECK(github.list_issues(query)->empty());
  query.since = all->back().updated_at - std::chrono::hours(1);
  CHECK(github.list_issues(query)->size() == numbers.size());
  query.creator = "nobody-of-that-name";
  const auto of_nobody =
      github.list_issues(query);  // GitHub refuses an unknown login or finds none.
  CHECK((!of_nobody.ok() || of_nobody->empty()));
}

inline void check_comments(github::Github& github) {
  const auto number = github.open_issue({"contract comments", "b", {}})->number;
  for (int i = 0; i < 101; ++i) {
    REQUIRE(github.comment(number, "comment " + std::to_string(i)).ok());
  }
  auto all = github.list_comments(number);
  REQUIRE(all.ok());
  REQUIRE(all->size() == 101);
  CHECK(all->front().body == "comment 0");
  CHECK(all->back().body == "comment 100");
  CHECK(all->front().author == github.get_user()->login);
  REQUIRE(github.edit_comment(all->front().id, "edited").ok());
  CHECK(github.list_comments(number)->front().body == "edited");
  CHECK(github.list_comments(number)->size() == 101);
  CHECK(github.comment(number + 100'000, "x").error().code == base::ErrorCode::not_found);
  CHECK(github.edit_comment(all->back().id + 100'000, "x").error().code ==
        base::ErrorCode::not_found);
}

// What steering reads: who said what since when, with which right, and who closed what.
inline void check_steering(github::Github& github) {
  const auto login = github.get_user()->login;
  const auto number = github.open_issue({"contract steering", "b", {}})->number;
  const auto said = github.comment(number, "/why");
  REQUIRE(said.ok());
  const auto since = said->created_at - std::chrono::seconds(5);
  const auto of_issue = [&] {
    auto all = github.list_comments_since(since);
    REQUIRE(all.ok());
    std::erase_if(*all, [&](const github::Comment& one) { return one.issue != number; });
    return *std::move(all);
  };
  for (int again = 0; again < 3; ++again) {  // Unchanged, it is what it was.
    REQUIRE(of_issue().size() == 1);
    CHECK(of_issue()[0].id == said->id);
    CHECK(of_issue()[0].body == "/why");
    CHECK(of_issue()[0].updated_at == of_issue()[0].created_at);
    CHECK_FALSE(of_issue()[0].is_bot);
  }
  REQUIRE(github.comment(number, "more").ok());
  CHECK(of_issue().size() == 2);
  REQUIRE(github.edit_comment(said->id, "/close").ok());
  CHECK(github.get_comment(said->id)->body == "/close");
  CHECK(github.get_comment(said->id)->issue == number);
  CHECK(github.get_comment(said->id + 100'000).error().code == base::ErrorCode::not_found);
  CHECK(github.list_comments_since(said->created_at + std::chrono::hours(1))->empty());

  CHECK(github.get_right(login).value() == github::Right::admin);
  CHECK(github.get_right("nobody-of-that-name").value() == github::Right::none);

  CHECK(github.list_state_changes(number)->empty());
  github::IssueEdit edit;
  edit.state = "closed";
  REQUIRE(github.edit_issue(number, edit).ok());
  edit.state = "open";
  REQUIRE(github.edit_issue(number, edit).ok());
  const auto changes = github.list_state_changes(number);
  REQUIRE(changes.ok());
  REQUIRE(changes->size() == 2);
  CHECK(changes->at(0).closed);
  CHECK_FALSE(changes->at(1).closed);
  CHECK(changes->at(1).by == login);
  CHECK(changes->at(1).id > changes->at(0).id);
  CHECK_FALSE(changes->at(1).is_bot);
  CHECK(github.list_state_changes(number + 100'000).error().code == base::ErrorCode::not_found);
}

inline void check_label_changes(github::Github& github) {
  const auto number = github.open_issue({"contract label changes", "b", {}})->number;
  REQUIRE(github.add_labels(number, {"hold"}).ok());
  auto changes = github.list_label_changes(number);
  REQUIRE(changes.ok());
  REQUIRE(changes->size() == 1);
  CHECK(changes->at(0).label == "hold");
  CHECK(changes->at(0).added);
  CHECK(changes->at(0).by == github.get_user()->login);
  REQUIRE(github.remove_label(number, "hold").ok());
  changes = github.list_label_changes(number);
  REQUIRE(changes->size() == 2);
  CHECK_FALSE(changes->at(1).added);
  CHECK(changes->at(1).id > changes->at(0).id);
  CHECK(github.list_label_changes(number + 100'000).error().code == base::ErrorCode::not_found);
  const auto comment = github.comment(number, "an action");
  REQUIRE(comment.ok());
  CHECK(github.list_reactions(comment->id)->empty());
  CHECK(github.list_reactions(comment->id + 100'000).error().code == base::ErrorCode::not_found);
  CHECK_FALSE(github.is_team_member("nobody", "none", "nobody-of-that-name").value());
}

inline void check_labels(github::Github& github) {
  const auto number = github.open_issue({"contract labels", "b", {"person's own"}})->number;
  const std::string status = "Status: AI-Resolved";
  REQUIRE(github.add_labels(number, {status, "class: oom"}).ok());
  REQUIRE(github.add_labels(number, {status}).ok());  // Again: the same.
  CHECK(github.get_issue(number)->labels.size() == 3);
  REQUIRE(github.remove_label(number, status).ok());
  REQUIRE(github.remove_label(number, status).ok());  // Absent: what was wanted.
  const auto labels = github.get_issue(number)->labels;
  CHECK(labels.size() == 2);
  CHECK(std::find(labels.begin(), labels.end(), "person's own") != labels.end());
  CHECK(github.remove_label(number + 100'000, "x").error().code == base::ErrorCode::not_found);
  const github::Label made{"Status: Detected", "d93f0b", "An incident is open"};
  CHECK(github.create_label(made).ok());
  CHECK(github.create_label(made).ok());  // Exists: what was wanted.
}

inline void check_limits(github::Github& github) {
  const auto number = github.open_issue({"contract limits", std::string(65'536, 'x'), {}});
  REQUIRE(number.ok());
  const std::string longer(65'537, 'x');
  CHECK(github.open_issue({"contract limits", longer, {}}).error().code ==
        base::ErrorCode::invalid);
  CHECK(github.comment(number->number, longer).error().code == base::ErrorCode::invalid);
  CHECK(github.open_issue({std::string(257, 't'), "b", {}}).error().code ==
        base::ErrorCode::invalid);
  CHECK(github.add_labels(number->number, {std::string(51, 'l')}).error().code ==
        base::ErrorCode::invalid);
}

inline void check_github(github::Github& github) {
  SUBCASE("issues") { check_issues(github); }
  SUBCASE("lists") { check_lists(github); }
  SUBCASE("comments") { check_comments(github); }
  SUBCASE("steering") { check_steering(github); }
  SUBCASE("label changes and reactions") { check_label_changes(github); }
  SUBCASE("labels") { check_labels(github); }
  SUBCASE("limits") { check_limits(github); }
}

// `push` puts one commit more on a branch, new from main where there is none; its id. `report` says
// how a check of a commit stands.
struct PullWorld {
  std::function<std::string(const std::string& branch)> push;
  std::function<void(const std::string& sha, const std::string& name, github::CheckState state)>
      report;
  std::function<void(const std::string& branch, const std::string& name)> require;
};

inline void check_pulls(github::Pulls& pulls, const PullWorld& world) {
  using base::ErrorCode;
  using github::CheckState;
  const std::string branch = "fix-inc-1-CONTRACT";
  CHECK(pulls.list_pulls(branch)->empty());
  CHECK(pulls.open_pull({"t", "b", branch, "main"}).error().code == ErrorCode::invalid);
  const std::string first = world.push(branch);
  const auto opened = pulls.open_pull({"contract ü", "Body", branch, "main"});
  REQUIRE(opened.ok());
  CHECK(opened->state == "open");
  CHECK(opened->head == first);
  CHECK(opened->head_branch == branch);
  CHECK(opened->base_branch == "main");
  CHECK(opened->title == "contract ü");
  CHECK_FALSE(opened->author.empty());
  CHECK_FALSE(opened->url.empty());
  CHECK_FALSE(opened->merged);
  CHECK(opened->merge_commit.empty());
  CHECK(pulls.open_pull({"again", "b", branch, "main"}).error().code == ErrorCode::invalid);
  const auto listed = pulls.list_pulls(branch);
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().number == opened->number);
  CHECK(pulls.list_pulls(branch + "2")->empty());
  CHECK(pulls.get_pull(opened->number + 100'000).error().code == ErrorCode::not_found);

  const std::string head = world.push(branch);
  CHECK(pulls.get_pull(opened->number)->head == head);
  CHECK(pulls.merge_pull(opened->number, first, "t").error().code == ErrorCode::conflict);
  CHECK(pulls.list_checks(head)->empty());
  CHECK(pulls.required_checks("main")->empty());
  CHECK(pulls.required_checks("nothing-of-that-name")->empty());
  world.require("main", "build");
  CHECK(pulls.required_checks("main").value() == std::vector<std::string>{"build"});
  CHECK(pulls.merge_pull(opened->number, head, "t").error().code == ErrorCode::invalid);
  world.report(head, "build", CheckState::red);
  REQUIRE(pulls.list_checks(head)->size() == 1);
  CHECK(pulls.list_checks(head)->front().state == CheckState::red);
  world.report(head, "build", CheckState::green);
  REQUIRE(pulls.list_checks(head)->size() == 1);
  CHECK(pulls.list_checks(head)->front().name == "build");
  CHECK(pulls.list_checks(head)->front().state == CheckState::green);
  const auto merged = pulls.merge_pull(opened->number, head, "Merged so");
  REQUIRE(merged.ok());
  const auto after = pulls.get_pull(opened->number);
  CHECK(after->merged);
  CHECK(after->state == "closed");
  CHECK(after->merge_commit == *merged);
  CHECK(pulls.list_pulls(branch)->front().merged);
  CHECK(pulls.merge_pull(opened->number, head, "t").error().code == ErrorCode::invalid);
}

}  // namespace fakes
