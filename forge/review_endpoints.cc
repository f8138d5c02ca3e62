// Reviews of pull requests, and comments on their lines.
#include <algorithm>
#include <utility>
#include <variant>

#include "base/json.h"
#include "base/text.h"
#include "forge/diff_place.h"
#include "forge/pull_tools.h"
#include "forge/review_tables.h"

namespace forge {
namespace {

using Json = nlohmann::json;

Json shown_review(const Call& call, const Review& review, int number) {
  return review_json(review, number, call.rights.of(review.author.login), place_of(call));
}

// As the schema of webhooks has it, not that of replies: the state is in small letters.
void announce_review(SqliteStore& store, const Call& call, const Pull& pull, Json review) {
  review["state"] = base::to_lower_ascii(base::get_string(review, "state"));
  call.announcements.push_back(
      {"pull_request_review",
       "submitted",
       0,
       {{"review", std::move(review)}, {"pull_request", show_in_list(store, call, pull)}}});
}

Json shown_comment(const Call& call, const Pull& pull, const LineComment& comment) {
  return line_comment_json(comment, pull, call.rights.of(comment.author.login), place_of(call));
}

void announce_comment(SqliteStore& store, const Call& call, const Pull& pull,
                      const LineComment& comment) {
  Json shown = shown_comment(call, pull, comment);
  const bool is_current = shown.contains("line");
  shown["line"] = is_current ? Json(comment.place.line) : Json(nullptr);
  shown["position"] = is_current ? Json(comment.place.position) : Json(nullptr);
  call.announcements.push_back(
      {"pull_request_review_comment",
       "created",
       0,
       {{"comment", std::move(shown)}, {"pull_request", show_in_list(store, call, pull)}}});
}

Review add_review(SqliteStore& store, const Call& call, const Pull& pull, const Review& draft) {
  GitTables tables(store);
  std::vector<User> asked = tables.list_reviewers(pull.issue_id);
  std::erase_if(asked, [&](const User& user) { return user.id == call.user.id; });
  tables.set_reviewers(pull.issue_id, asked);
  store.touch_issue(pull.issue_id, call.now);
  const Review added = tables.add_review(pull.issue_id, draft);
  announce_review(store, call, pull, shown_review(call, added, pull.number));
  return added;
}

// A comment on a line as a client describes it, without its review; a reply says why not.
std::variant<LineComment, Reply> read_comment(const Call& call, const Pull& pull, const Json& from,
                                              const std::string& sha) {
  const auto refuse = [](const char* field) {
    return reply::refuse_field("PullRequestReviewComment", field);
  };
  if (!from.is_object()) return refuse("body");
  LineComment comment;
  comment.issue_id = pull.issue_id;
  comment.author = call.user;
  comment.sha = sha;
  comment.created = call.now;
  comment.body = base::get_string(from, "body");
  if (comment.body.empty()) return refuse("body");
  if (auto error = check_comment_body(comment.body)) return reply::refuse(std::move(*error));
  const std::string side = base::get_string(from, "side", "RIGHT");
  if (side != "LEFT" && side != "RIGHT") return refuse("side");
  const auto line = from.find("line");
  if (line == from.end() || !line->is_number_integer()) return refuse("line");
  const std::string path = base::get_string(from, "path");
  const auto number = line->get<std::int64_t>();
  for (const git::FileChange& change : call.git->changes(start_of(*call.git, pull), sha)) {
    if (change.path != path || !change.patch || number < 1 || number > 1'000'000'000) continue;
    auto place = find_in_diff(*change.patch, path, static_cast<int>(number), side == "LEFT");
    if (!place) return refuse("line");
    comment.place = std::move(*place);
    return comment;
  }
  return refuse("path");
}

// The head, or the commit the body names; a reply when that is none of the pull request's.
std::variant<git::Sha, Reply> read_commit_id(const Call& call, const Pull& pull) {
  const std::string sha = text_of(call, "commit_id");
  if (sha.empty()) return pull.head_sha;
  if (!call.git->commit(sha) || !call.git->contains(pull.head_sha, sha)) {
    return refuse_because("commit_id is not part of the pull request");
  }
  return sha;
}

// ---- Reviews ----

Reply list_reviews(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  Json all = Json::array();
  for (const Review& review : GitTables(store).list_reviews(pull->issue_id)) {
    all.push_back(shown_review(call, review, pull->number));
  }
  return reply::slice(call, all);
}

// Why the review cannot be given.
std::optional<Reply> find_fault(SqliteStore& store, const Call& call, const Pull& pull,
                                const Review& review, bool has_comments) {
  if (review.state.empty())
    return refuse_because("event: one of APPROVE, REQUEST_CHANGES, COMMENT");
  const auto issue = store.find_issue(call.repository, pull.number);
  if (issue->author.id == call.user.id && review.state != "COMMENTED") {
    return refuse_because("Can not judge your own pull request");
  }
  if (review.state != "APPROVED" && review.body.empty() && !has_comments) {
    return refuse_because("body: a review that does not approve needs one");
  }
  if (review.body.empty()) return std::nullopt;
  auto error = check_comment_body(review.body);
  return error ? std::optional(reply::refuse(std::move(*error))) : std::nullopt;
}

Reply create_review(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const std::string event = text_of(call, "event");
  Review review{0, call.user, "", text_of(call, "body"), "", call.now};
  if (event == "APPROVE") review.state = "APPROVED";
  if (event == "REQUEST_CHANGES") review.state = "CHANGES_REQUESTED";
  if (event == "COMMENT") review.state = "COMMENTED";
  const Json given = call.body.is_object() ? base::get_array(call.body, "comments") : Json::array();
  if (auto fault = find_fault(store, call, *pull, review, !given.empty())) return *fault;
  const auto sha = read_commit_id(call, *pull);
  if (const auto* refused = std::get_if<Reply>(&sha)) return *refused;
  review.sha = std::get<git::Sha>(sha);
  std::vector<LineComment> comments;
  for (const Json& one : given) {
    auto read = read_comment(call, *pull, one, review.sha);
    if (std::holds_alternative<Reply>(read)) {
      return refuse_because("comments: each needs a body, a path and a line that the diff shows");
    }
    comments.push_back(std::get<LineComment>(std::move(read)));
  }
  const Review added = add_review(store, call, *pull, review);
  for (LineComment& comment : comments) {
    comment.review_id = added.id;
    announce_comment(store, call, *pull, ReviewTables(store).add(comment));
  }
  return reply::ok(shown_review(call, added, pull->number));
}

// ---- Comments on lines ----

Reply list_comments(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  Json all = Json::array();
  for (const LineComment& comment : ReviewTables(store).list(pull->issue_id)) {
    all.push_back(shown_comment(call, *pull, comment));
  }
  return reply::slice(call, all);
}

// A comment that stands alone is a review of its own, as on GitHub.
Reply keep_comment(SqliteStore& store, const Call& call, const Pull& pull, LineComment comment) {
  const Review review{0, call.user, "COMMENTED", "", comment.sha, call.now};
  comment.review_id = add_review(store, call, pull, review).id;
  const LineComment added = ReviewTables(store).add(comment);
  announce_comment(store, call, pull, added);
  return reply::created(shown_comment(call, pull, added));
}

// On the line of the comment it answers; an answer to an answer belongs to the first.
Reply answer_comment(SqliteStore& store, const Call& call, const Pull& pull, Id id) {
  const auto first = ReviewTables(store).find(pull.issue_id, id);
  if (!first) return reply::not_found();
  LineComment comment = *first;
  comment.reply_to = first->reply_to != 0 ? first->reply_to : first->id;
  comment.author = call.user;
  comment.created = call.now;
  comment.body = text_of(call, "body");
  if (comment.body.empty()) return reply::refuse_field("PullRequestReviewComment", "body");
  if (auto error = check_comment_body(comment.body)) return reply::refuse(std::move(*error));
  return keep_comment(store, call, pull, std::move(comment));
}

Reply create_comment(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const Json& body = call.body;
  const auto answered = body.is_object() ? body.find("in_reply_to") : body.end();
  if (body.is_object() && answered != body.end() && answered->is_number_integer()) {
    return answer_comment(store, call, *pull, answered->get<Id>());
  }
  const auto sha = read_commit_id(call, *pull);
  if (const auto* refused = std::get_if<Reply>(&sha)) return *refused;
  auto read = read_comment(call, *pull, body, std::get<git::Sha>(sha));
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  return keep_comment(store, call, *pull, std::get<LineComment>(std::move(read)));
}

Reply reply_to_comment(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  return answer_comment(store, call, *pull, numeric_param(call, "comment_id"));
}

}  // namespace

std::vector<Endpoint> review_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", read, list_reviews},
      {"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", read, create_review},
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", read, list_comments},
      {"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", read, create_comment},
      {"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies", read,
       reply_to_comment},
  };
}

}  // namespace forge
