#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"

namespace forge {
namespace {

using Json = nlohmann::json;

Reply list_comments_by(SqliteStore& store, const Call& call, CommentFilter filter) {
  filter.known_at = call.known_at;
  if (!read_since(call, filter.since)) return reply::refuse_field("IssueComment", "since");
  const Page page = parse_page(call.request.query);
  return reply::list(call, list_json(call, store.list_comments(call.repository, filter, page)),
                     page, store.count_comments(call.repository, filter));
}

Reply list_issue_comments(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  CommentFilter filter;
  filter.issue_number = issue->number;
  return list_comments_by(store, call, filter);
}

Reply list_repository_comments(SqliteStore& store, const Call& call) {
  CommentFilter filter;
  const std::string_view sort = call.request.query_value("sort");
  if (sort == "updated") filter.sort = SortKey::updated;
  // GitHub ignores the direction without a sort.
  if (!sort.empty()) filter.is_descending = call.request.query_value("direction", "desc") != "asc";
  return list_comments_by(store, call, filter);
}

// The text of a comment, checked; or why it is refused.
std::variant<std::string, Reply> read_comment(const Call& call) {
  const auto text = parse_text(call.body, "body");
  if (!text.ok()) return reply::refuse_field("IssueComment", "body");
  if (!text->has_value()) return reply::refuse({"IssueComment", "body", "missing_field", ""});
  if (auto error = check_comment_body(**text)) return reply::refuse(std::move(*error));
  return **text;
}

void announce(const Call& call, std::string action, const Comment& comment, Json extra = {}) {
  extra["comment"] = to_json(call, comment);
  call.announcements.push_back(
      {"issue_comment", std::move(action), comment.issue_number, std::move(extra)});
}

Reply create_comment(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  if (issue->lock_reason && call.role < Role::write) {
    return make_refusal(403, "Unable to create comment because issue is locked.");
  }
  if (issue->comments >= kIssueCommentsMax) {
    return make_refusal(403, "Commenting is disabled on issues with more than 2500 comments");
  }
  auto text = read_comment(call);
  if (auto* refused = std::get_if<Reply>(&text)) return *refused;
  const Comment comment =
      store.add_comment(*issue, call.user, std::get<std::string>(text), call.now);
  store.touch_issue(issue->id, call.now);
  announce(call, "created", comment);
  return reply::created(to_json(call, comment));
}

Reply get_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? reply::ok(to_json(call, *comment)) : reply::not_found();
}

Reply edit_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  if (!comment) return reply::not_found();
  if (comment->author.id != call.user.id && call.role < Role::write) return reply::forbid("push");
  auto text = read_comment(call);
  if (auto* refused = std::get_if<Reply>(&text)) return *refused;
  if (std::get<std::string>(text) != comment->body) {
    store.edit_comment(comment->id, std::get<std::string>(text), call.now);
    const auto issue = store.find_issue(call.repository, comment->issue_number);
    store.touch_issue(issue->id, call.now);
    announce(call, "edited", *comment_of(store, call),
             {{"changes", {{"body", {{"from", comment->body}}}}}});
  }
  return get_comment(store, call);
}

Reply delete_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  if (!comment) return reply::not_found();
  if (comment->author.id != call.user.id && call.role < Role::write) return reply::forbid("push");
  store.remove_comment(comment->id);
  announce(call, "deleted", *comment);
  return reply::no_content();
}

Reply list_reactions(SqliteStore& store, const Call& call, Subject subject, Id id) {
  const std::string_view content = call.request.query_value("content");
  Json all = Json::array();
  for (const Reaction& reaction : store.list_reactions(subject, id)) {
    if (content.empty() || reaction.content == content) {
      all.push_back(reaction_json(reaction, call.urls));
    }
  }
  return reply::slice(call, all);
}

Reply add_reaction(SqliteStore& store, const Call& call, Subject subject, Id id) {
  const auto content = parse_text(call.body, "content");
  const std::string text = content.ok() ? content->value_or("") : "";
  if (std::find(kReactions.begin(), kReactions.end(), text) == kReactions.end()) {
    return reply::refuse_field("Reaction", "content");
  }
  const auto [reaction, is_new] = store.add_reaction(subject, id, call.user, text, call.now);
  return {is_new ? 201 : 200, reaction_json(reaction, call.urls), {}};
}

Reply list_issue_reactions(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? list_reactions(store, call, Subject::issue, issue->id) : reply::not_found();
}
Reply add_issue_reaction(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? add_reaction(store, call, Subject::issue, issue->id) : reply::not_found();
}
Reply list_comment_reactions(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? list_reactions(store, call, Subject::comment, comment->id) : reply::not_found();
}
Reply add_comment_reaction(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? add_reaction(store, call, Subject::comment, comment->id) : reply::not_found();
}

// Everybody takes back what is his own; others' reactions are for those who may push.
Reply delete_reaction(SqliteStore& store, const Call& call, Subject subject, Id id) {
  const Id wanted = numeric_param(call, "reaction_id");
  for (const Reaction& reaction : store.list_reactions(subject, id)) {
    if (reaction.id != wanted) continue;
    if (reaction.user.id != call.user.id && call.role < Role::write) return reply::forbid("push");
    store.remove_reaction(reaction.id);
    return reply::no_content();
  }
  return reply::not_found();
}
Reply delete_issue_reaction(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? delete_reaction(store, call, Subject::issue, issue->id) : reply::not_found();
}
Reply delete_comment_reaction(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? delete_reaction(store, call, Subject::comment, comment->id) : reply::not_found();
}

}  // namespace

std::vector<Endpoint> comment_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", read, list_issue_comments},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", read, create_comment},
      {"GET", "/repos/{owner}/{repo}/issues/comments", read, list_repository_comments},
      {"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, get_comment},
      {"PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, edit_comment},
      {"DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, delete_comment},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", read, list_issue_reactions},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", read, add_issue_reaction},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/reactions/{reaction_id}", read,
       delete_issue_reaction},
      {"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", read,
       list_comment_reactions},
      {"POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", read,
       add_comment_reaction},
      {"DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}", read,
       delete_comment_reaction},
  };
}
}  // namespace forge
