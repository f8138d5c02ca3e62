// Pull requests: the fake keeps the contract; damaged answers; what checks mean together.
#include <doctest/doctest.h>

#include "github/address.h"
#include "github/pull_codec.h"
#include "github/pulls.h"
#include "tests/fakes/fake_github.h"
#include "tests/fakes/github_contract.h"
#include "tests/support/print.h"

namespace {

using github::CheckState;

TEST_CASE("the fake's pull requests keep the contract") {
  const base::SystemClock clock;
  fakes::FakeGithub github(clock);
  github.set_branch("main", "m0");
  int commits = 0;
  fakes::check_pulls(
      github, {[&](const std::string& branch) {
                 const std::string sha = "c" + std::to_string(++commits);
                 github.set_branch(branch, sha);
                 return sha;
               },
               [&](const auto& sha, const auto& name, CheckState state) {
                 github.set_check(sha, name, state);
               },
               [&](const auto& branch, const auto& name) { github.require_check(branch, name); }});
}

TEST_CASE("pull requests: what checks mean together") {
  const std::vector<github::Check> mixed = {
      {"build", CheckState::green}, {"lint", CheckState::red}, {"slow", CheckState::pending}};
  CHECK(github::judge_checks({}, {}).is_green);
  CHECK(github::judge_checks({{"a", CheckState::green}}, {}).is_green);
  CHECK(github::judge_checks(mixed, {}).waits_for == "check lint is red");
  CHECK(github::judge_checks(mixed, {"build"}).is_green);  // Others may be red.
  CHECK(github::judge_checks(mixed, {"build", "slow"}).waits_for == "check slow is pending");
  CHECK(github::judge_checks(mixed, {"build", "gone"}).waits_for == "check gone is missing");
  // A status and a run of one name: both.
  CHECK_FALSE(
      github::judge_checks({{"a", CheckState::green}, {"a", CheckState::red}}, {"a"}).is_green);
}

TEST_CASE("pull requests: where git finds what the API tells of") {
  CHECK(github::clone_url("https://api.github.com", "a/b") == "https://github.com/a/b.git");
  CHECK(github::clone_url("http://127.0.0.1:7081", "a/b") == "http://127.0.0.1:7081/a/b.git");
  CHECK(github::clone_url("https://host:8443/api/v3/", "a/b") == "https://host:8443/a/b.git");
  CHECK(github::clone_url("ftp://host", "a/b").empty());
}

TEST_CASE("pull requests: answers are read, damaged ones refused") {
  for (const char* damaged : {"", "{}", "[]", "7", R"({"number":1,"state":"open"})"}) {
    CAPTURE(damaged);
    CHECK_FALSE(github::decode_pull(damaged).ok());
    CHECK_FALSE(github::decode_merge(damaged).ok());
    CHECK_FALSE(github::decode_statuses(damaged).ok());
    CHECK_FALSE(github::decode_check_runs(damaged).ok());
  }
  CHECK_FALSE(github::decode_pulls("{}").ok());
  const auto open =
      github::decode_pull(R"({"number":3,"state":"open","head":{"ref":"f","sha":"h","user":null},)"
                          R"("base":{"ref":"main"},"merged_at":null,"merge_commit_sha":"trial"})");
  REQUIRE(open.ok());
  CHECK_FALSE(open->merged);
  CHECK(open->merge_commit.empty());  // GitHub's trial merge is none.
  const auto runs = github::decode_check_runs(
      R"({"check_runs":[{"name":"a","status":"in_progress","conclusion":null},)"
      R"({"name":"b","status":"completed","conclusion":"skipped"},)"
      R"({"name":"c","status":"completed","conclusion":"timed_out"}]})");
  REQUIRE(runs.ok());
  REQUIRE(runs->checks.size() == 3);
  CHECK(runs->checks[0].state == CheckState::pending);
  CHECK(runs->checks[1].state == CheckState::green);
  CHECK(runs->checks[2].state == CheckState::red);
  CHECK(github::decode_required(R"({"protected":false})")->empty());
}

}  // namespace
