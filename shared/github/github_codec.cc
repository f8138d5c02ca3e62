#include "github/github_codec.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

Error bad(const char* what) {
  return {ErrorCode::invalid, std::string("read ") + what + ": not of GitHub's shape"};
}

base::WallTime time_in(const json& object, const char* key) {
  return base::parse_utc(base::get_string(object, key)).value_or(base::WallTime{});
}

std::string author_of(const json& object) {
  return base::get_string(base::get_object(object, "user"), "login");
}

// An app's own account, or a person's words that an app sent.
bool is_bot(const json& object, const char* who) {
  const json& user = base::get_object(object, who);
  const bool through_app = object.contains("performed_via_github_app") &&
                           !object.at("performed_via_github_app").is_null();
  return through_app || base::get_string(user, "type") != "User" ||
         base::get_string(user, "login").ends_with("[bot]");
}

// The number at the end of ".../issues/17".
std::int64_t number_in(const std::string& url) {
  const auto slash = url.rfind('/');
  std::int64_t number = 0;
  if (slash == std::string::npos) return 0;
  const char* end = url.data() + url.size();
  const auto read = std::from_chars(url.data() + slash + 1, end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

base::Result<Issue> to_issue(const json& object) {
  Issue issue;
  issue.number = base::get_int(object, "number");
  issue.state = base::get_string(object, "state");
  if (issue.number <= 0 || issue.state.empty()) return bad("an issue");
  issue.id = base::get_int(object, "id");
  issue.title = base::get_string(object, "title");
  issue.body = base::get_string(object, "body");
  issue.state_reason = base::get_string(object, "state_reason");
  for (const auto& label : base::get_array(object, "labels")) {
    issue.labels.push_back(label.is_string() ? label.get<std::string>()
                                             : base::get_string(label, "name"));
  }
  issue.author = author_of(object);
  issue.url = base::get_string(object, "html_url");
  issue.created_at = time_in(object, "created_at");
  issue.updated_at = time_in(object, "updated_at");
  issue.comments = static_cast<int>(base::get_int(object, "comments"));
  return issue;
}

base::Result<Comment> to_comment(const json& object) {
  Comment comment;
  comment.id = base::get_int(object, "id");
  if (comment.id <= 0) return bad("a comment");
  comment.body = base::get_string(object, "body");
  comment.author = author_of(object);
  comment.created_at = time_in(object, "created_at");
  comment.url = base::get_string(object, "html_url");
  comment.updated_at = time_in(object, "updated_at");
  comment.issue = number_in(base::get_string(object, "issue_url"));
  comment.is_bot = is_bot(object, "user");
  return comment;
}

}  // namespace

std::string encode(const NewIssue& issue) {
  json object{{"title", issue.title}, {"body", issue.body}};
  if (!issue.labels.empty()) object["labels"] = issue.labels;
  return base::dump_json(object);
}

std::string encode(const IssueEdit& edit) {
  json object = json::object();
  if (edit.title) object["title"] = *edit.title;
  if (edit.body) object["body"] = *edit.body;
  if (edit.state) object["state"] = *edit.state;
  if (edit.state_reason) object["state_reason"] = *edit.state_reason;
  return base::dump_json(object);
}

std::string encode(const Label& label) {
  return base::dump_json(
      json{{"name", label.name}, {"color", label.color}, {"description", label.description}});
}

std::string encode_body(const std::string& body) { return base::dump_json(json{{"body", body}}); }

std::string encode_labels(const std::vector<std::string>& names) {
  return base::dump_json(json{{"labels", names}});
}

base::Result<User> decode_user(std::string_view text) {
  auto object = base::parse_json(text);
  if (!object) return object.error();
  User user{base::get_int(*object, "id"), base::get_string(*object, "login")};
  if (user.login.empty()) return bad("a user");
  return user;
}

base::Result<Issue> decode_issue(std::string_view text) {
  auto object = base::parse_json(text);
  if (!object) return object.error();
  return to_issue(*object);
}

base::Result<Comment> decode_comment(std::string_view text) {
  auto object = base::parse_json(text);
  if (!object) return object.error();
  return to_comment(*object);
}

base::Result<IssuePage> decode_issues(std::string_view text) {
  auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of issues");
  IssuePage page;
  page.entries = array->size();
  for (const auto& object : *array) {
    if (object.is_object() && object.contains("pull_request")) continue;
    auto issue = to_issue(object);
    if (!issue) return issue.error();
    page.issues.push_back(*std::move(issue));
  }
  return page;
}

base::Result<std::vector<Comment>> decode_comments(std::string_view text) {
  auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of comments");
  std::vector<Comment> comments;
  for (const auto& object : *array) {
    auto comment = to_comment(object);
    if (!comment) return comment.error();
    comments.push_back(*std::move(comment));
  }
  return comments;
}

base::Result<Right> decode_right(std::string_view text) {
  auto object = base::parse_json(text);
  if (!object) return object.error();
  if (const auto right = parse_right(base::get_string(*object, "role_name"))) return *right;
  if (const auto right = parse_right(base::get_string(*object, "permission"))) return *right;
  return bad("a permission");
}

base::Result<ChangePage> decode_state_changes(std::string_view text) {
  auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of events");
  ChangePage page;
  page.entries = array->size();
  for (const auto& object : *array) {
    const std::string kind = base::get_string(object, "event");
    if (kind != "closed" && kind != "reopened") continue;
    StateChange change{base::get_int(object, "id"), kind == "closed",
                       base::get_string(base::get_object(object, "actor"), "login"),
                       is_bot(object, "actor"), time_in(object, "created_at")};
    if (change.id <= 0) return bad("an event");
    page.changes.push_back(std::move(change));
  }
  return page;
}

base::Result<LabelPage> decode_label_changes(std::string_view text) {
  auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of events");
  LabelPage page;
  page.entries = array->size();
  for (const auto& object : *array) {
    const std::string kind = base::get_string(object, "event");
    if (kind != "labeled" && kind != "unlabeled") continue;
    LabelChange change{
        base::get_int(object, "id"), base::get_string(base::get_object(object, "label"), "name"),
        kind == "labeled",           base::get_string(base::get_object(object, "actor"), "login"),
        is_bot(object, "actor"),     time_in(object, "created_at")};
    if (change.id <= 0) return bad("an event");
    page.changes.push_back(std::move(change));
  }
  return page;
}

base::Result<std::vector<Reaction>> decode_reactions(std::string_view text) {
  auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of reactions");
  std::vector<Reaction> reactions;
  for (const auto& object : *array) {
    Reaction reaction{base::get_int(object, "id"), base::get_string(object, "content"),
                      author_of(object), is_bot(object, "user")};
    if (reaction.id <= 0) return bad("a reaction");
    reactions.push_back(std::move(reaction));
  }
  return reactions;
}

base::Result<bool> decode_membership(std::string_view text) {
  auto object = base::parse_json(text);
  if (!object) return object.error();
  return base::get_string(*object, "state") == "active";
}

std::string encode(const AppClaims& claims) {
  return base::dump_json(
      {{"iss", claims.issuer}, {"iat", claims.issued_at}, {"exp", claims.expires_at}});
}

base::Result<InstallationToken> decode_installation_token(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  InstallationToken token;
  token.token = base::get_string(*parsed, "token");
  const bool clean = std::all_of(token.token.begin(), token.token.end(),
                                 [](char c) { return c > ' ' && c <= '~'; });
  if (token.token.empty() || !clean) return bad("an installation's token");
  token.expires_at = time_in(*parsed, "expires_at");
  const json& rights = base::get_object(*parsed, "permissions");
  token.may_write_issues =
      !rights.is_object() || rights.empty() || base::get_string(rights, "issues") == "write";
  return token;
}

base::Result<std::vector<HookDelivery>> decode_hook_deliveries(std::string_view text) {
  const auto array = base::parse_json(text);
  if (!array) return array.error();
  if (!array->is_array()) return bad("a list of deliveries");
  std::vector<HookDelivery> all;
  for (const auto& object : *array) {
    HookDelivery one{base::get_int(object, "id"), base::get_string(object, "guid"),
                     time_in(object, "delivered_at"),
                     static_cast<int>(base::get_int(object, "status_code")),
                     base::get_string(object, "event")};
    if (one.id <= 0 || one.guid.empty()) return bad("a delivery");
    all.push_back(std::move(one));
  }
  return all;
}

Refusal decode_refusal(std::string_view body) {
  const auto object = base::parse_json(body);
  if (!object || !object->is_object()) return {std::string(base::cut_utf8(body, 200)), {}};
  Refusal refusal{base::get_string(*object, "message"), {}};
  for (const auto& error : base::get_array(*object, "errors")) {
    refusal.codes.push_back(base::get_string(error, "code"));
  }
  return refusal;
}

}  // namespace github
