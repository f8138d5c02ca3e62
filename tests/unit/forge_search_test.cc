// GitHub's search language for issues.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "forge/search.h"

namespace forge {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("search: words and qualifiers, quoted or not") {
  const auto search = parse_search(
      R"(repo:sre-space/demo is:issue is:open label:"severity: high" label:incident author:rita)"
      R"( assignee:tom in:title "out of memory" shop)");
  REQUIRE(search.ok());
  CHECK(search->repository == "sre-space/demo");
  CHECK(search->filter.state == IssueState::open);
  CHECK(search->filter.labels == Names{"severity: high", "incident"});
  CHECK(search->filter.creator == "rita");
  CHECK(search->filter.assignee == "tom");
  CHECK(search->filter.in_title);
  CHECK_FALSE(search->filter.in_body);
  CHECK(search->filter.words == Names{"out of memory", "shop"});
  CHECK(search->filter.is_pull == false);
}

TEST_CASE("search: nothing asked is everything, pull requests by their word") {
  const auto all = parse_search("");
  REQUIRE(all.ok());
  CHECK(all->filter.state == IssueState::all);
  CHECK(all->filter.words.empty());
  CHECK(parse_search("is:pr")->filter.is_pull == true);
  CHECK(parse_search("no:assignee")->filter.assignee == "none");
  CHECK(parse_search("no:milestone")->filter.milestone == "none");
}

TEST_CASE("search: an unknown value is refused, a word with a colon is a word") {
  CHECK(parse_search("is:odd").error().message == "is:odd");
  CHECK(parse_search("in:comments").error().code == base::ErrorCode::invalid);
  CHECK_FALSE(parse_search("label:").ok());
  CHECK(parse_search("std::bad_alloc")->filter.words == Names{"std::bad_alloc"});
  CHECK(parse_search("\"never closed")->filter.words == Names{"never closed"});
}

}  // namespace
}  // namespace forge
