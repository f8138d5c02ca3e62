#include "forge/forge_codec.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "http/url.h"

namespace forge {
namespace {

using Json = nlohmann::json;

std::string node_id(std::string_view kind, Id id) {
  return base::base64(std::string(kind) + ":" + std::to_string(id));
}

std::string time_text(base::WallTime time) { return base::format_utc(time, false); }

bool is_owner(const User& user, const Repository& repository) {
  return user.id == repository.owner.id;
}

Json nullable_text(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json role_json(Role role) {
  return {{"admin", role >= Role::admin},
          {"maintain", role >= Role::maintain},
          {"push", role >= Role::write},
          {"triage", role >= Role::triage},
          {"pull", role >= Role::read}};
}

// The address templates of a repository, name and tail.
constexpr std::pair<const char*, const char*> kRepositoryUrls[] = {
    {"archive_url", "/{archive_format}{/ref}"},
    {"assignees_url", "/assignees{/user}"},
    {"blobs_url", "/git/blobs{/sha}"},
    {"branches_url", "/branches{/branch}"},
    {"collaborators_url", "/collaborators{/collaborator}"},
    {"comments_url", "/comments{/number}"},
    {"commits_url", "/commits{/sha}"},
    {"compare_url", "/compare/{base}...{head}"},
    {"contents_url", "/contents/{+path}"},
    {"contributors_url", "/contributors"},
    {"deployments_url", "/deployments"},
    {"downloads_url", "/downloads"},
    {"events_url", "/events"},
    {"forks_url", "/forks"},
    {"git_commits_url", "/git/commits{/sha}"},
    {"git_refs_url", "/git/refs{/sha}"},
    {"git_tags_url", "/git/tags{/sha}"},
    {"hooks_url", "/hooks"},
    {"issue_comment_url", "/issues/comments{/number}"},
    {"issue_events_url", "/issues/events{/number}"},
    {"issues_url", "/issues{/number}"},
    {"keys_url", "/keys{/key_id}"},
    {"labels_url", "/labels{/name}"},
    {"languages_url", "/languages"},
    {"merges_url", "/merges"},
    {"milestones_url", "/milestones{/number}"},
    {"notifications_url", "/notifications{?since,all,participating}"},
    {"pulls_url", "/pulls{/number}"},
    {"releases_url", "/releases{/id}"},
    {"stargazers_url", "/stargazers"},
    {"statuses_url", "/statuses/{sha}"},
    {"subscribers_url", "/subscribers"},
    {"subscription_url", "/subscription"},
    {"tags_url", "/tags"},
    {"teams_url", "/teams"},
    {"trees_url", "/git/trees{/sha}"},
};

// Reads an optional text; null counts as "". False when it is of another type.
bool read_text(const Json& body, const char* field, std::optional<std::string>& to) {
  const auto found = body.find(field);
  if (found == body.end()) return true;
  if (found->is_null()) {
    to = "";
  } else if (found->is_string()) {
    to = found->get<std::string>();
  } else {
    return false;
  }
  return true;
}

bool read_names(const Json& list, std::vector<std::string>& to) {
  if (!list.is_array()) return false;
  for (const Json& entry : list) {
    if (entry.is_string()) {
      to.push_back(entry.get<std::string>());
    } else if (entry.is_object() && !base::get_string(entry, "name").empty()) {
      to.push_back(base::get_string(entry, "name"));
    } else {
      return false;
    }
  }
  return true;
}

base::Error wrong_field(const char* field) { return {base::ErrorCode::invalid, field}; }

}  // namespace

Json reactions_json(const ReactionCounts& counts, const std::string& url) {
  Json result = {{"url", url + "/reactions"}};
  int total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    result[std::string(kReactions[i])] = counts[i];
    total += counts[i];
  }
  result["total_count"] = total;
  return result;
}

std::string_view association_word(Role role, bool is_owner) {
  if (is_owner) return "OWNER";
  if (role >= Role::triage) return "COLLABORATOR";
  return role == Role::read ? "CONTRIBUTOR" : "NONE";
}

std::string Urls::repository(const Repository& repository) const {
  return api + "/repos/" + repository.full_name();
}

std::string Urls::issue(const Repository& repository, int number) const {
  return this->repository(repository) + "/issues/" + std::to_string(number);
}

std::string Urls::comment(const Repository& repository, Id id) const {
  return this->repository(repository) + "/issues/comments/" + std::to_string(id);
}

Json user_json(const User& user, const Urls& urls) {
  const std::string url = urls.api + "/users/" + user.login;
  const bool is_bot = user.login.ends_with("[bot]");
  return {{"login", user.login},
          {"id", user.id},
          {"node_id", node_id("User", user.id)},
          {"avatar_url", urls.site + "/avatars/" + http::percent_encode(user.login)},
          {"gravatar_id", ""},
          {"url", url},
          {"html_url", urls.site + "/" + user.login},
          {"followers_url", url + "/followers"},
          {"following_url", url + "/following{/other_user}"},
          {"gists_url", url + "/gists{/gist_id}"},
          {"starred_url", url + "/starred{/owner}{/repo}"},
          {"subscriptions_url", url + "/subscriptions"},
          {"organizations_url", url + "/orgs"},
          {"repos_url", url + "/repos"},
          {"events_url", url + "/events{/privacy}"},
          {"received_events_url", url + "/received_events"},
          {"type", is_bot ? "Bot" : "User"},
          {"site_admin", false}};
}

Json public_user_json(const User& user, const Urls& urls) {
  Json result = user_json(user, urls);
  for (const char* field : {"name", "company", "location", "email", "hireable", "bio"}) {
    result[field] = nullptr;
  }
  result["blog"] = "";
  for (const char* field : {"public_repos", "public_gists", "followers", "following"}) {
    result[field] = 0;
  }
  result["created_at"] = time_text(user.created);
  result["updated_at"] = time_text(user.created);
  return result;
}

Json repository_json(const Repository& repository, Role role, const Urls& urls) {
  const std::string url = urls.repository(repository);
  const std::string page = urls.site + "/" + repository.full_name();
  Json result = {{"id", repository.id},
                 {"node_id", node_id("Repository", repository.id)},
                 {"name", repository.name},
                 {"full_name", repository.full_name()},
                 {"owner", user_json(repository.owner, urls)},
                 {"private", true},
                 {"visibility", "private"},
                 {"html_url", page},
                 {"description", nullptr},
                 {"url", url},
                 {"clone_url", page + ".git"},
                 {"git_url", page + ".git"},
                 {"ssh_url", page + ".git"},
                 {"svn_url", page},
                 {"mirror_url", nullptr},
                 {"homepage", nullptr},
                 {"language", nullptr},
                 {"license", nullptr},
                 {"default_branch", "main"},
                 {"created_at", time_text(repository.created)},
                 {"updated_at", time_text(repository.updated)},
                 {"pushed_at", time_text(repository.created)},
                 {"open_issues", repository.open_issues},
                 {"open_issues_count", repository.open_issues},
                 {"permissions", role_json(role)},
                 {"has_issues", true}};
  for (const auto& [name, tail] : kRepositoryUrls) result[name] = url + tail;
  for (const char* field : {"fork", "has_projects", "has_wiki", "has_pages", "has_discussions",
                            "archived", "disabled"}) {
    result[field] = false;
  }
  for (const char* field : {"forks", "forks_count", "size", "stargazers_count", "watchers",
                            "watchers_count", "network_count", "subscribers_count"}) {
    result[field] = 0;
  }
  return result;
}

Json label_json(const Label& label, const Repository& repository, const Urls& urls) {
  return {{"id", label.id},
          {"node_id", node_id("Label", label.id)},
          {"url", urls.repository(repository) + "/labels/" + http::percent_encode(label.name)},
          {"name", label.name},
          {"color", label.color},
          {"default", false},
          {"description", label.description ? Json(*label.description) : Json(nullptr)}};
}

Json milestone_json(const Milestone& milestone, const Repository& repository, const Urls& urls) {
  const std::string number = std::to_string(milestone.number);
  const std::string url = urls.repository(repository) + "/milestones/" + number;
  const auto nullable_time = [](const std::optional<base::WallTime>& time) {
    return time ? Json(time_text(*time)) : Json(nullptr);
  };
  return {{"url", url},
          {"html_url", urls.site + "/" + repository.full_name() + "/milestone/" + number},
          {"labels_url", url + "/labels"},
          {"id", milestone.id},
          {"node_id", node_id("Milestone", milestone.id)},
          {"number", milestone.number},
          {"title", milestone.title},
          {"description", milestone.description ? Json(*milestone.description) : Json(nullptr)},
          {"creator", user_json(milestone.creator, urls)},
          {"open_issues", milestone.open_issues},
          {"closed_issues", milestone.closed_issues},
          {"state", milestone.is_open ? "open" : "closed"},
          {"created_at", time_text(milestone.created)},
          {"updated_at", time_text(milestone.updated)},
          {"due_on", nullable_time(milestone.due)},
          {"closed_at", nullable_time(milestone.closed)}};
}

Json issue_json(const Issue& issue, Role author_role, const Repository& repository,
                const Urls& urls) {
  const std::string url = urls.issue(repository, issue.number);
  Json labels = Json::array();
  for (const Label& label : issue.labels) labels.push_back(label_json(label, repository, urls));
  Json assignees = Json::array();
  for (const User& user : issue.assignees) assignees.push_back(user_json(user, urls));
  const Json assignee = assignees.empty() ? Json(nullptr) : assignees.front();
  const std::string number = std::to_string(issue.number);
  const std::string page =
      urls.site + "/" + repository.full_name() + (issue.pull ? "/pull/" : "/issues/") + number;
  Json result = {
      {"id", issue.id},
      {"node_id", node_id("Issue", issue.id)},
      {"url", url},
      {"repository_url", urls.repository(repository)},
      {"labels_url", url + "/labels{/name}"},
      {"comments_url", url + "/comments"},
      {"events_url", url + "/events"},
      {"timeline_url", url + "/timeline"},
      {"html_url", page},
      {"number", issue.number},
      {"title", issue.title},
      {"body", issue.body ? Json(*issue.body) : Json(nullptr)},
      {"user", user_json(issue.author, urls)},
      {"author_association", association_word(author_role, is_owner(issue.author, repository))},
      {"labels", std::move(labels)},
      {"state", issue.is_open ? "open" : "closed"},
      {"state_reason", nullable_text(issue.state_reason)},
      {"locked", issue.lock_reason.has_value()},
      {"active_lock_reason", nullable_text(issue.lock_reason.value_or(""))},
      {"assignee", assignee},
      {"assignees", std::move(assignees)},
      {"milestone",
       issue.milestone ? milestone_json(*issue.milestone, repository, urls) : Json(nullptr)},
      {"comments", issue.comments},
      {"created_at", time_text(issue.created)},
      {"updated_at", time_text(issue.updated)},
      {"closed_at", issue.closed ? Json(time_text(*issue.closed)) : Json(nullptr)},
      {"closed_by", issue.closed_by ? user_json(*issue.closed_by, urls) : Json(nullptr)},
      {"performed_via_github_app", nullptr},
      {"reactions", reactions_json(issue.reactions, url)}};
  if (!issue.pull) return result;
  result["draft"] = issue.pull->is_draft;
  result["pull_request"] = {
      {"url", urls.repository(repository) + "/pulls/" + number},
      {"html_url", page},
      {"diff_url", page + ".diff"},
      {"patch_url", page + ".patch"},
      {"merged_at", issue.pull->merged ? Json(time_text(*issue.pull->merged)) : Json(nullptr)}};
  return result;
}

Json comment_json(const Comment& comment, Role author_role, const Repository& repository,
                  const Urls& urls) {
  const std::string url = urls.comment(repository, comment.id);
  return {
      {"id", comment.id},
      {"node_id", node_id("IssueComment", comment.id)},
      {"url", url},
      {"html_url", urls.site + "/" + repository.full_name() + "/issues/" +
                       std::to_string(comment.issue_number) + "#issuecomment-" +
                       std::to_string(comment.id)},
      {"issue_url", urls.issue(repository, comment.issue_number)},
      {"body", comment.body},
      {"user", user_json(comment.author, urls)},
      {"author_association", association_word(author_role, is_owner(comment.author, repository))},
      {"created_at", time_text(comment.created)},
      {"updated_at", time_text(comment.updated)},
      {"performed_via_github_app", nullptr},
      {"reactions", reactions_json(comment.reactions, url)}};
}

Json timeline_comment_json(const Comment& comment, Role author_role, const Repository& repository,
                           const Urls& urls) {
  Json result = comment_json(comment, author_role, repository, urls);
  result["event"] = "commented";
  result["actor"] = result["user"];
  return result;
}

Json event_json(const Event& event, const Repository& repository, const Urls& urls) {
  Json result = {
      {"id", event.id},
      {"node_id", node_id("IssueEvent", event.id)},
      {"url", urls.repository(repository) + "/issues/events/" + std::to_string(event.id)},
      {"actor", user_json(event.actor, urls)},
      {"event", to_string(event.kind)},
      {"commit_id", nullptr},
      {"commit_url", nullptr},
      {"created_at", time_text(event.created)},
      {"performed_via_github_app", nullptr}};
  switch (event.kind) {
    case EventKind::labeled:
    case EventKind::unlabeled:
      result["label"] = {{"name", event.before}, {"color", event.after}};
      break;
    case EventKind::renamed:
      result["rename"] = {{"from", event.before}, {"to", event.after}};
      break;
    case EventKind::closed:
    case EventKind::reopened:
      result["state_reason"] = nullable_text(event.after);
      break;
    case EventKind::assigned:
    case EventKind::unassigned:
      if (event.assignee) result["assignee"] = user_json(*event.assignee, urls);
      result["assigner"] = user_json(event.actor, urls);
      break;
    case EventKind::locked:
    case EventKind::unlocked:
      result["lock_reason"] = nullable_text(event.after);
      break;
    case EventKind::milestoned:
    case EventKind::demilestoned:
      result["milestone"] = {{"title", event.before}};
      break;
    case EventKind::merged:
      result["commit_id"] = event.after;
      result["commit_url"] = urls.repository(repository) + "/commits/" + event.after;
      break;
  }
  return result;
}

Json reaction_json(const Reaction& reaction, const Urls& urls) {
  return {{"id", reaction.id},
          {"node_id", node_id("Reaction", reaction.id)},
          {"user", user_json(reaction.user, urls)},
          {"content", reaction.content},
          {"created_at", time_text(reaction.created)}};
}

Json collaborator_json(const User& user, Role role, const Urls& urls) {
  Json collaborator = user_json(user, urls);
  collaborator["permissions"] = role_json(role);
  collaborator["role_name"] = to_string(role);
  return collaborator;
}

Json permission_json(const User& user, Role role, const Urls& urls) {
  Json collaborator = collaborator_json(user, role, urls);
  return {{"permission", permission_word(role)},
          {"role_name", to_string(role)},
          {"user", std::move(collaborator)}};
}

Json rate_limit_json(const RateLimit& limit) {
  const Json core = {{"limit", limit.limit},
                     {"used", limit.used},
                     {"remaining", limit.remaining()},
                     {"reset", limit.reset_s}};
  const Json search = {{"limit", 30}, {"used", 0}, {"remaining", 30}, {"reset", limit.reset_s}};
  return {{"resources", {{"core", core}, {"search", search}}}, {"rate", core}};
}

Json error_json(int status, std::string_view message, const std::vector<FieldError>& errors) {
  Json result = {{"message", message},
                 {"documentation_url", "https://docs.github.com/rest"},
                 {"status", std::to_string(status)}};
  for (const FieldError& error : errors) {
    Json entry = {{"resource", error.resource}, {"field", error.field}, {"code", error.code}};
    if (!error.message.empty()) entry["message"] = error.message;
    result["errors"].push_back(std::move(entry));
  }
  return result;
}

base::Result<IssueInput> parse_issue_input(const Json& body) {
  IssueInput input;
  if (const auto title = body.find("title"); title != body.end() && title->is_number_integer()) {
    input.title = title->dump();  // GitHub takes a number for a title.
  } else if (!read_text(body, "title", input.title)) {
    return wrong_field("title");
  }
  input.has_body = body.contains("body");
  if (!read_text(body, "body", input.body)) return wrong_field("body");
  if (!read_text(body, "state", input.state)) return wrong_field("state");
  if (!read_text(body, "state_reason", input.state_reason)) return wrong_field("state_reason");
  if (const auto found = body.find("milestone"); found != body.end()) {
    const bool is_number = found->is_number_integer() && *found > 0 && *found < 1'000'000'000;
    if (!is_number && !found->is_null()) return wrong_field("milestone");
    input.milestone = is_number ? found->get<int>() : 0;
  }
  for (const auto& [field, to] :
       {std::pair{"labels", &input.labels}, std::pair{"assignees", &input.assignees}}) {
    const auto found = body.find(field);
    if (found == body.end() || found->is_null()) continue;
    if (!read_names(*found, to->emplace())) return wrong_field(field);
  }
  return input;
}

base::Result<MilestoneInput> parse_milestone_input(const Json& body) {
  MilestoneInput input;
  std::optional<std::string> state;
  std::optional<std::string> due;
  if (!body.is_object() || !read_text(body, "title", input.title)) return wrong_field("title");
  if (!read_text(body, "description", input.description)) return wrong_field("description");
  if (!read_text(body, "state", state)) return wrong_field("state");
  if (state && *state != "open" && *state != "closed") return wrong_field("state");
  if (state) input.is_open = *state == "open";
  if (!read_text(body, "due_on", due)) return wrong_field("due_on");
  input.has_due = due.has_value();
  if (due && !due->empty()) {
    input.due = base::parse_utc(*due);
    if (!input.due) return wrong_field("due_on");
  }
  return input;
}

base::Result<LabelInput> parse_label_input(const Json& body) {
  LabelInput input;
  const char* name = body.contains("new_name") ? "new_name" : "name";
  if (!read_text(body, name, input.name)) return wrong_field("name");
  if (!read_text(body, "color", input.color)) return wrong_field("color");
  if (!read_text(body, "description", input.description)) return wrong_field("description");
  return input;
}

base::Result<std::vector<std::string>> parse_label_names(const Json& body) {
  std::vector<std::string> names;
  const bool is_wrapped = body.is_object() && body.contains("labels");
  if (!read_names(is_wrapped ? body.at("labels") : body, names)) return wrong_field("labels");
  return names;
}

base::Result<std::optional<std::string>> parse_text(const Json& body, const char* field) {
  std::optional<std::string> text;
  if (!body.is_object() || !read_text(body, field, text)) return wrong_field(field);
  return text;
}

std::string make_record_line(const RecordEntry& entry, std::string_view body) {
  const auto parsed = base::parse_json(body);
  return base::dump_json({{"method", entry.method},
                          {"path_template", entry.path_template},
                          {"path", entry.path},
                          {"status", entry.status},
                          {"body", parsed.ok() ? *parsed : Json(nullptr)}}) +
         "\n";
}

}  // namespace forge
