#include "forge/pull_codec.h"

#include <nlohmann/json.hpp>

namespace forge {
namespace {

using Json = nlohmann::json;

std::string time_text(base::WallTime time) { return base::format_utc(time, false); }

Json end_json(const std::string& branch, const std::string& sha, const Json& repository,
              const Place& place) {
  const User& owner = place.repository.owner;
  return {{"label", owner.login + ":" + branch},
          {"ref", branch},
          {"sha", sha},
          {"user", user_json(owner, place.urls)},
          {"repo", repository}};
}

}  // namespace

Json pull_json(const PullView& view, const Json& repository, const Place& place) {
  const Pull& pull = view.pull;
  const std::string number = std::to_string(pull.number);
  const std::string url = place.api() + "/pulls/" + number;
  const std::string issue_url = place.api() + "/issues/" + number;
  const std::string page = place.page() + "/pull/" + number;
  Json result = issue_json(view.issue, view.author_role, place.repository, place.urls);
  for (const char* field :
       {"repository_url", "labels_url", "events_url", "timeline_url", "comments", "closed_by",
        "performed_via_github_app", "reactions", "state_reason", "pull_request"}) {
    result.erase(field);
  }
  for (Json& label : result["labels"]) {  // Here its schema wants a text.
    if (label["description"].is_null()) label["description"] = "";
  }
  const auto link = [](const std::string& to) { return Json{{"href", to}}; };
  Json reviewers = Json::array();
  for (const User& user : view.reviewers) reviewers.push_back(user_json(user, place.urls));
  result["url"] = url;
  result["node_id"] = make_node_id("PullRequest", std::to_string(pull.issue_id));
  result["html_url"] = page;
  result["diff_url"] = page + ".diff";
  result["patch_url"] = page + ".patch";
  result["issue_url"] = issue_url;
  result["commits_url"] = url + "/commits";
  result["review_comments_url"] = url + "/comments";
  result["review_comment_url"] = place.api() + "/pulls/comments{/number}";
  result["statuses_url"] = place.api() + "/statuses/" + pull.head_sha;
  result["merged_at"] = pull.merged ? Json(time_text(*pull.merged)) : Json(nullptr);
  result["merge_commit_sha"] = pull.merge_sha.empty() ? Json(nullptr) : Json(pull.merge_sha);
  result["requested_reviewers"] = std::move(reviewers);
  result["requested_teams"] = Json::array();
  result["head"] = end_json(pull.head, pull.head_sha, repository, place);
  result["base"] = end_json(pull.base, pull.base_sha, repository, place);
  result["auto_merge"] = nullptr;
  result["draft"] = pull.is_draft;
  result["_links"] = {{"self", link(url)},
                      {"html", link(page)},
                      {"issue", link(issue_url)},
                      {"comments", link(issue_url + "/comments")},
                      {"review_comments", link(url + "/comments")},
                      {"review_comment", link(place.api() + "/pulls/comments{/number}")},
                      {"commits", link(url + "/commits")},
                      {"statuses", link(place.api() + "/statuses/" + pull.head_sha)}};
  return result;
}

void add_details(const PullView& view, const PullDetails& details, const Urls& urls, Json& shown) {
  const Pull& pull = view.pull;
  shown["merged"] = pull.merged.has_value();
  shown["merged_by"] = pull.merged_by ? user_json(*pull.merged_by, urls) : Json(nullptr);
  shown["mergeable"] = details.is_mergeable ? Json(*details.is_mergeable) : Json(nullptr);
  shown["rebaseable"] = details.is_mergeable ? Json(false) : Json(nullptr);
  shown["mergeable_state"] = details.merge_state;
  shown["comments"] = view.issue.comments;
  shown["review_comments"] = 0;
  shown["maintainer_can_modify"] = false;
  shown["commits"] = details.commits;
  shown["additions"] = details.additions;
  shown["deletions"] = details.deletions;
  shown["changed_files"] = details.files;
}

Json review_json(const Review& review, int number, Role author_role, const Place& place) {
  const std::string pull = place.api() + "/pulls/" + std::to_string(number);
  const std::string page = place.page() + "/pull/" + std::to_string(number) +
                           "#pullrequestreview-" + std::to_string(review.id);
  return {{"id", review.id},
          {"node_id", make_node_id("PullRequestReview", std::to_string(review.id))},
          {"user", user_json(review.author, place.urls)},
          {"body", review.body},
          {"state", review.state},
          {"html_url", page},
          {"pull_request_url", pull},
          {"_links", {{"html", {{"href", page}}}, {"pull_request", {{"href", pull}}}}},
          {"submitted_at", time_text(review.created)},
          {"commit_id", review.sha},
          {"author_association",
           association_word(author_role, review.author.id == place.repository.owner.id)}};
}

Json line_comment_json(const LineComment& comment, const Pull& pull, Role author_role,
                       const Place& place) {
  const std::string id = std::to_string(comment.id);
  const std::string url = place.api() + "/pulls/comments/" + id;
  const std::string pull_url = place.api() + "/pulls/" + std::to_string(pull.number);
  const std::string page =
      place.page() + "/pull/" + std::to_string(pull.number) + "#discussion_r" + id;
  const auto link = [](const std::string& to) { return Json{{"href", to}}; };
  Json result = {
      {"url", url},
      {"pull_request_review_id", comment.review_id},
      {"id", comment.id},
      {"node_id", make_node_id("PullRequestReviewComment", id)},
      {"diff_hunk", comment.place.hunk},
      {"path", comment.place.path},
      {"commit_id", comment.sha},
      {"original_commit_id", comment.sha},
      {"user", user_json(comment.author, place.urls)},
      {"body", comment.body},
      {"created_at", time_text(comment.created)},
      {"updated_at", time_text(comment.created)},
      {"html_url", page},
      {"pull_request_url", pull_url},
      {"author_association",
       association_word(author_role, comment.author.id == place.repository.owner.id)},
      {"_links", {{"self", link(url)}, {"html", link(page)}, {"pull_request", link(pull_url)}}},
      {"original_position", comment.place.position},
      {"original_line", comment.place.line},
      {"start_line", nullptr},
      {"original_start_line", nullptr},
      {"start_side", nullptr},
      {"side", comment.place.is_left ? "LEFT" : "RIGHT"},
      {"subject_type", "line"},
      {"reactions", reactions_json({}, url)}};
  if (comment.reply_to != 0) result["in_reply_to_id"] = comment.reply_to;
  if (comment.sha == pull.head_sha) {
    result["line"] = comment.place.line;
    result["position"] = comment.place.position;
  }
  return result;
}

}  // namespace forge
