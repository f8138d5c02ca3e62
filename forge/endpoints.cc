#include "forge/endpoints.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "base/text.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr Page kEverything{1, 1'000'000};

Reply ok(Json body) { return {200, std::move(body), {}}; }
Reply no_content() { return {204, nullptr, {}}; }
Reply not_found() { return make_refusal(404, "Not Found"); }
Reply refuse(FieldError error) {
  return make_refusal(422, "Validation Failed", {std::move(error)});
}
Reply refuse_field(std::string resource, const std::string& field) {
  return refuse({std::move(resource), field, "invalid", ""});
}
Reply forbid(std::string_view what) {
  return make_refusal(403, "Must have " + std::string(what) + " access to the repository");
}

Reply created(Json body) {
  const std::string url = body.value("url", "");
  return {201, std::move(body), {{"Location", url}}};
}

Reply list(const Call& call, Json items, Page page, int total) {
  Reply reply = ok(std::move(items));
  const std::string link = make_link_header(call.url, call.request.query, page, total);
  if (!link.empty()) reply.headers.emplace_back("Link", link);
  return reply;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

const std::string& param(const Call& call, std::string_view name) {
  static const std::string kNone;
  const auto found = call.params.find(name);
  return found == call.params.end() ? kNone : found->second;
}

// A number from the path, or 0.
std::int64_t numeric_param(const Call& call, std::string_view name) {
  const std::string& text = param(call, name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : 0;
}

std::optional<Issue> issue_of(SqliteStore& store, const Call& call) {
  const std::int64_t number = numeric_param(call, "issue_number");
  if (number > 1'000'000'000) return std::nullopt;
  return store.find_issue(call.repository, static_cast<int>(number));
}

std::optional<Comment> comment_of(SqliteStore& store, const Call& call) {
  return store.find_comment(call.repository, numeric_param(call, "comment_id"));
}

Json to_json(const Call& call, const Issue& issue) {
  return issue_json(issue, call.rights.of(issue.author.login), call.repository, call.urls);
}
Json to_json(const Call& call, const Comment& comment) {
  return comment_json(comment, call.rights.of(comment.author.login), call.repository, call.urls);
}
Json to_json(const Call& call, const Label& label) {
  return label_json(label, call.repository, call.urls);
}
template <class T>
Json list_json(const Call& call, const std::vector<T>& things) {
  Json result = Json::array();
  for (const T& thing : things) result.push_back(to_json(call, thing));
  return result;
}

// The page's part of a list that is whole in memory.
Reply slice(const Call& call, const Json& all) {
  const Page page = parse_page(call.request.query);
  Json part = Json::array();
  const auto size = static_cast<std::int64_t>(all.size());
  const std::int64_t from = static_cast<std::int64_t>(page.number - 1) * page.size;
  for (std::int64_t i = from; i < std::min(from + page.size, size); ++i) {
    part.push_back(all[static_cast<std::size_t>(i)]);
  }
  return list(call, std::move(part), page, static_cast<int>(size));
}

// Reads `since`; false when it is there but no time.
bool read_since(const Call& call, std::optional<base::WallTime>& since) {
  const std::string_view text = call.request.query_value("since");
  if (text.empty()) return true;
  since = base::parse_utc(text);
  return since.has_value();
}

// ---- Users and repository ----

Reply get_self(SqliteStore&, const Call& call) {
  return ok(public_user_json(call.user, call.urls));
}

Reply get_user(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "username"));
  return user ? ok(public_user_json(*user, call.urls)) : not_found();
}

Reply get_rate_limit(SqliteStore&, const Call& call) { return ok(rate_limit_json(call.limit)); }

Reply get_repository(SqliteStore&, const Call& call) {
  return ok(repository_json(call.repository, call.role, call.urls));
}

Reply get_permission(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "username"));
  if (!user) return not_found();
  if (user->id != call.user.id && call.role < Role::write) return forbid("push");
  return ok(permission_json(*user, call.rights.of(user->login), call.urls));
}

// ---- Labels ----

Reply list_labels(SqliteStore& store, const Call& call) {
  const Page page = parse_page(call.request.query);
  return list(call, list_json(call, store.list_labels(call.repository, page)), page,
              store.count_labels(call.repository));
}

Reply get_label(SqliteStore& store, const Call& call) {
  const auto label = store.find_label(call.repository, param(call, "name"));
  return label ? ok(to_json(call, *label)) : not_found();
}

std::optional<FieldError> check_label(const LabelInput& input) {
  if (input.name) {
    if (auto error = check_label_name(*input.name)) return error;
  }
  if (input.color) {
    if (auto error = check_color(*input.color)) return error;
  }
  return input.description ? check_description(*input.description) : std::nullopt;
}

Reply create_label(SqliteStore& store, const Call& call) {
  const auto input = parse_label_input(call.body);
  if (!input.ok()) return refuse_field("Label", input.error().message);
  if (!input->name) return refuse({"Label", "name", "missing_field", ""});
  if (auto error = check_label(*input)) return refuse(std::move(*error));
  if (store.find_label(call.repository, *input->name)) {
    return refuse({"Label", "name", "already_exists", ""});
  }
  const std::string color = lower(input->color.value_or(std::string(kDefaultColor)));
  return created(
      to_json(call, store.add_label(call.repository, *input->name, color, input->description)));
}

Reply edit_label(SqliteStore& store, const Call& call) {
  auto label = store.find_label(call.repository, param(call, "name"));
  if (!label) return not_found();
  const auto input = parse_label_input(call.body);
  if (!input.ok()) return refuse_field("Label", input.error().message);
  if (auto error = check_label(*input)) return refuse(std::move(*error));
  if (input->name) {
    const auto other = store.find_label(call.repository, *input->name);
    if (other && other->id != label->id) return refuse({"Label", "name", "already_exists", ""});
    label->name = *input->name;
  }
  if (input->color) label->color = lower(*input->color);
  if (input->description) label->description = input->description;
  store.save_label(*label);
  return ok(to_json(call, *label));
}

Reply delete_label(SqliteStore& store, const Call& call) {
  const auto label = store.find_label(call.repository, param(call, "name"));
  if (!label) return not_found();
  store.remove_label(label->id);
  return no_content();
}

// ---- Labels of an issue ----

bool contains(const std::vector<Label>& labels, Id id) {
  return std::any_of(labels.begin(), labels.end(), [id](const Label& l) { return l.id == id; });
}

void note(SqliteStore& store, const Call& call, const Issue& issue, EventKind kind,
          std::string before, std::string after) {
  store.add_event(
      issue.id, {0, call.user, kind, std::move(before), std::move(after), std::nullopt, call.now});
}

// The labels of these names, made when unknown, as GitHub does; each once.
std::vector<Label> ensure_labels(SqliteStore& store, const Call& call,
                                 const std::vector<std::string>& names) {
  std::vector<Label> labels;
  for (const std::string& name : names) {
    auto label = store.find_label(call.repository, name);
    if (!label) label = store.add_label(call.repository, name, kDefaultColor, std::nullopt);
    if (!contains(labels, label->id)) labels.push_back(*label);
  }
  return labels;
}

std::optional<FieldError> check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (auto error = check_label_name(name)) return error;
  }
  return std::nullopt;
}

// Puts the labels on and, when `only_these`, takes the others off; one event each. An answer means
// there would be too many.
std::optional<Reply> put_labels(SqliteStore& store, const Call& call, Issue& issue,
                                const std::vector<std::string>& names, bool only_these) {
  if (auto error = check_names(names)) return refuse(std::move(*error));
  const std::vector<Label> wanted = ensure_labels(store, call, names);
  const std::vector<Label> had = issue.labels;
  for (const Label& label : had) {
    if (!only_these || contains(wanted, label.id)) continue;
    store.take_label_off(issue.id, label.id);
    note(store, call, issue, EventKind::unlabeled, label.name, label.color);
  }
  for (const Label& label : wanted) {
    if (contains(had, label.id)) continue;
    store.put_label_on(issue.id, label.id);
    note(store, call, issue, EventKind::labeled, label.name, label.color);
  }
  const auto now = store.find_issue(call.repository, issue.number);
  const bool is_changed = now->labels.size() != had.size() ||
                          !std::all_of(now->labels.begin(), now->labels.end(),
                                       [&](const Label& l) { return contains(had, l.id); });
  issue.labels = now->labels;
  if (is_changed) {
    issue.updated = call.now;
    store.touch_issue(issue.id, call.now);
  }
  if (issue.labels.size() <= kIssueLabelsMax) return std::nullopt;
  return refuse({"Issue", "labels", "custom", "an issue cannot have more than 100 labels"});
}

Reply list_issue_labels(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? slice(call, list_json(call, issue->labels)) : not_found();
}

Reply change_issue_labels(SqliteStore& store, const Call& call, bool only_these) {
  auto issue = issue_of(store, call);
  if (!issue) return not_found();
  const auto names = parse_label_names(call.body);
  if (!names.ok()) return refuse_field("Label", names.error().message);
  if (auto refused = put_labels(store, call, *issue, *names, only_these)) return *refused;
  return ok(list_json(call, issue->labels));
}

Reply add_issue_labels(SqliteStore& store, const Call& call) {
  return change_issue_labels(store, call, false);
}
Reply set_issue_labels(SqliteStore& store, const Call& call) {
  return change_issue_labels(store, call, true);
}

Reply clear_issue_labels(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return not_found();
  if (auto refused = put_labels(store, call, *issue, {}, true)) return *refused;
  return no_content();
}

Reply remove_issue_label(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return not_found();
  const auto label = store.find_label(call.repository, param(call, "name"));
  if (!label || !contains(issue->labels, label->id)) {
    return make_refusal(404, "Label does not exist");
  }
  std::vector<std::string> rest;
  for (const Label& other : issue->labels) {
    if (other.id != label->id) rest.push_back(other.name);
  }
  if (auto refused = put_labels(store, call, *issue, rest, true)) return *refused;
  return ok(list_json(call, issue->labels));
}

// ---- Issues ----

// Reads the list's filters; an answer means one of them is nonsense.
std::optional<Reply> read_filter(const Call& call, IssueFilter& filter) {
  const http::Request& request = call.request;
  const std::string_view state = request.query_value("state", "open");
  if (state != "open" && state != "closed" && state != "all") return refuse_field("Issue", "state");
  filter.state = state == "open" ? IssueState::open : IssueState::closed;
  if (state == "all") filter.state = IssueState::all;
  for (const std::string_view name : base::split(request.query_value("labels"), ',')) {
    if (!base::trim(name).empty()) filter.labels.emplace_back(base::trim(name));
  }
  filter.creator = request.query_value("creator");
  filter.assignee = request.query_value("assignee");
  if (!read_since(call, filter.since)) return refuse_field("Issue", "since");
  const std::string_view sort = request.query_value("sort", "created");
  if (sort == "updated") filter.sort = SortKey::updated;
  if (sort == "comments") filter.sort = SortKey::comments;
  filter.is_descending = request.query_value("direction", "desc") != "asc";
  return std::nullopt;
}

Reply list_issues(SqliteStore& store, const Call& call) {
  IssueFilter filter;
  if (auto refused = read_filter(call, filter)) return *refused;
  const Page page = parse_page(call.request.query);
  return list(call, list_json(call, store.list_issues(call.repository, filter, page)), page,
              store.count_issues(call.repository, filter));
}

Reply get_issue(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? ok(to_json(call, *issue)) : not_found();
}

std::optional<FieldError> check_issue(const IssueInput& input) {
  if (input.title) {
    if (auto error = check_title(*input.title)) return error;
  }
  if (input.body) {
    if (auto error = check_issue_body(*input.body)) return error;
  }
  if (input.state && input.state != "open" && input.state != "closed") {
    return FieldError{"Issue", "state", "invalid", ""};
  }
  static const std::vector<std::string> kReasons = {"", "completed", "not_planned", "duplicate",
                                                    "reopened"};
  const bool is_known = !input.state_reason || std::find(kReasons.begin(), kReasons.end(),
                                                         *input.state_reason) != kReasons.end();
  if (!is_known) return FieldError{"Issue", "state_reason", "invalid", ""};
  return std::nullopt;
}

// An answer means somebody named cannot be assigned.
std::optional<Reply> put_assignees(SqliteStore& store, const Call& call, Issue& issue,
                                   const std::vector<std::string>& logins) {
  std::vector<User> wanted;
  for (const std::string& login : logins) {
    const auto user = store.find_user(login);
    if (!user || call.rights.of(user->login) == Role::none) {
      return refuse({"Issue", "assignees", "invalid", login + " cannot be assigned"});
    }
    wanted.push_back(*user);
  }
  if (wanted.size() > kAssigneesMax) return refuse_field("Issue", "assignees");
  const auto has = [](const std::vector<User>& users, Id id) {
    return std::any_of(users.begin(), users.end(), [id](const User& u) { return u.id == id; });
  };
  const auto tell = [&](EventKind kind, const User& user) {
    store.add_event(issue.id, {0, call.user, kind, "", "", user, call.now});
    issue.updated = call.now;
  };
  for (const User& user : issue.assignees) {
    if (!has(wanted, user.id)) tell(EventKind::unassigned, user);
  }
  for (const User& user : wanted) {
    if (!has(issue.assignees, user.id)) tell(EventKind::assigned, user);
  }
  store.set_assignees(issue.id, wanted);
  issue.assignees = std::move(wanted);
  return std::nullopt;
}

Reply create_issue(SqliteStore& store, const Call& call) {
  const auto input = parse_issue_input(call.body);
  if (!input.ok()) return refuse_field("Issue", input.error().message);
  if (!input->title) return refuse({"Issue", "title", "missing_field", ""});
  if (auto error = check_issue(*input)) return refuse(std::move(*error));
  std::optional<std::string> body = input->body;
  if (body && body->empty()) body.reset();
  Issue issue = store.add_issue(call.repository, call.user, *input->title, body, call.now);
  if (call.role >= Role::triage) {  // Others' labels and assignees are dropped, as GitHub does.
    if (input->labels) {
      if (auto refused = put_labels(store, call, issue, *input->labels, true)) return *refused;
    }
    if (input->assignees) {
      if (auto refused = put_assignees(store, call, issue, *input->assignees)) return *refused;
    }
  }
  return created(to_json(call, *store.find_issue(call.repository, issue.number)));
}

void change_text(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input) {
  if (input.title && *input.title != issue.title) {
    note(store, call, issue, EventKind::renamed, issue.title, *input.title);
    issue.title = *input.title;
    issue.updated = call.now;
  }
  std::optional<std::string> body = input.body;
  if (body && body->empty()) body.reset();
  if (input.has_body && body != issue.body) {
    issue.body = body;
    issue.updated = call.now;
  }
}

void change_state(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input) {
  const std::string reason = input.state_reason.value_or("");
  const bool to_open = input.state ? *input.state == "open" : issue.is_open;
  if (to_open == issue.is_open) {
    if (!to_open && !reason.empty() && reason != issue.state_reason && reason != "reopened") {
      issue.state_reason = reason;
      issue.updated = call.now;
    }
    return;
  }
  issue.is_open = to_open;
  issue.updated = call.now;
  if (to_open) {
    issue.state_reason = "reopened";
    issue.closed.reset();
    issue.closed_by.reset();
    note(store, call, issue, EventKind::reopened, "", "");
  } else {
    issue.state_reason = reason.empty() || reason == "reopened" ? "completed" : reason;
    issue.closed = call.now;
    issue.closed_by = call.user;
    note(store, call, issue, EventKind::closed, "", issue.state_reason);
  }
}

Reply edit_issue(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return not_found();
  const auto input = parse_issue_input(call.body);
  if (!input.ok()) return refuse_field("Issue", input.error().message);
  if (auto error = check_issue(*input)) return refuse(std::move(*error));
  const bool is_author = issue->author.id == call.user.id;
  if ((input->title || input->has_body) && !is_author && call.role < Role::write) {
    return forbid("push");
  }
  if ((input->state || input->state_reason) && !is_author && call.role < Role::triage) {
    return forbid("triage");
  }
  if ((input->labels || input->assignees) && call.role < Role::triage) return forbid("triage");
  change_text(store, call, *issue, *input);
  if (input->labels) {
    if (auto refused = put_labels(store, call, *issue, *input->labels, true)) return *refused;
  }
  if (input->assignees) {
    if (auto refused = put_assignees(store, call, *issue, *input->assignees)) return *refused;
  }
  change_state(store, call, *issue, *input);
  store.save_issue(*issue);
  return ok(to_json(call, *store.find_issue(call.repository, issue->number)));
}

// ---- Comments ----

Reply list_comments_by(SqliteStore& store, const Call& call, CommentFilter filter) {
  if (!read_since(call, filter.since)) return refuse_field("IssueComment", "since");
  const Page page = parse_page(call.request.query);
  return list(call, list_json(call, store.list_comments(call.repository, filter, page)), page,
              store.count_comments(call.repository, filter));
}

Reply list_issue_comments(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return not_found();
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
  if (!text.ok()) return refuse_field("IssueComment", "body");
  if (!text->has_value()) return refuse({"IssueComment", "body", "missing_field", ""});
  if (auto error = check_comment_body(**text)) return refuse(std::move(*error));
  return **text;
}

Reply create_comment(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return not_found();
  auto text = read_comment(call);
  if (auto* refused = std::get_if<Reply>(&text)) return *refused;
  const Comment comment =
      store.add_comment(*issue, call.user, std::get<std::string>(text), call.now);
  store.touch_issue(issue->id, call.now);
  return created(to_json(call, comment));
}

Reply get_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? ok(to_json(call, *comment)) : not_found();
}

Reply edit_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  if (!comment) return not_found();
  if (comment->author.id != call.user.id && call.role < Role::write) return forbid("push");
  auto text = read_comment(call);
  if (auto* refused = std::get_if<Reply>(&text)) return *refused;
  if (std::get<std::string>(text) != comment->body) {
    store.edit_comment(comment->id, std::get<std::string>(text), call.now);
    const auto issue = store.find_issue(call.repository, comment->issue_number);
    store.touch_issue(issue->id, call.now);
  }
  return get_comment(store, call);
}

Reply delete_comment(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  if (!comment) return not_found();
  if (comment->author.id != call.user.id && call.role < Role::write) return forbid("push");
  store.remove_comment(comment->id);
  return no_content();
}

// ---- Events ----

Reply list_events(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return not_found();
  Json all = Json::array();
  for (const Event& event : store.list_events(issue->id)) {
    all.push_back(event_json(event, call.repository, call.urls));
  }
  return slice(call, all);
}

Reply list_timeline(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return not_found();
  CommentFilter filter;
  filter.issue_number = issue->number;
  std::vector<std::pair<base::WallTime, Json>> entries;
  for (const Event& event : store.list_events(issue->id)) {
    entries.emplace_back(event.created, event_json(event, call.repository, call.urls));
  }
  for (const Comment& comment : store.list_comments(call.repository, filter, kEverything)) {
    const Role role = call.rights.of(comment.author.login);
    entries.emplace_back(comment.created,
                         timeline_comment_json(comment, role, call.repository, call.urls));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Json all = Json::array();
  for (auto& [time, entry] : entries) all.push_back(std::move(entry));
  return slice(call, all);
}

// ---- Reactions ----

Reply list_reactions(SqliteStore& store, const Call& call, Subject subject, Id id) {
  const std::string_view content = call.request.query_value("content");
  Json all = Json::array();
  for (const Reaction& reaction : store.list_reactions(subject, id)) {
    if (content.empty() || reaction.content == content) {
      all.push_back(reaction_json(reaction, call.urls));
    }
  }
  return slice(call, all);
}

Reply add_reaction(SqliteStore& store, const Call& call, Subject subject, Id id) {
  const auto content = parse_text(call.body, "content");
  const std::string text = content.ok() ? content->value_or("") : "";
  if (std::find(kReactions.begin(), kReactions.end(), text) == kReactions.end()) {
    return refuse_field("Reaction", "content");
  }
  const auto [reaction, is_new] = store.add_reaction(subject, id, call.user, text, call.now);
  return {is_new ? 201 : 200, reaction_json(reaction, call.urls), {}};
}

Reply list_issue_reactions(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? list_reactions(store, call, Subject::issue, issue->id) : not_found();
}
Reply add_issue_reaction(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? add_reaction(store, call, Subject::issue, issue->id) : not_found();
}
Reply list_comment_reactions(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? list_reactions(store, call, Subject::comment, comment->id) : not_found();
}
Reply add_comment_reaction(SqliteStore& store, const Call& call) {
  const auto comment = comment_of(store, call);
  return comment ? add_reaction(store, call, Subject::comment, comment->id) : not_found();
}

}  // namespace

Role Rights::of(std::string_view login) const {
  const std::string name = lower(std::string(login));
  if (name == lower(owner)) return Role::admin;
  for (const auto& [known, role] : roles) {
    if (lower(known) == name) return role;
  }
  return Role::none;
}

Reply make_refusal(int status, std::string_view message, const std::vector<FieldError>& errors) {
  return {status, error_json(status, message, errors), {}};
}

const std::vector<Endpoint>& endpoints() {
  using enum Role;
  static const std::vector<Endpoint> kEndpoints = {
      {"GET", "/user", none, get_self},
      {"GET", "/users/{username}", none, get_user},
      {"GET", "/rate_limit", none, get_rate_limit},
      {"GET", "/repos/{owner}/{repo}", read, get_repository},
      {"GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", read, get_permission},
      {"GET", "/repos/{owner}/{repo}/issues", read, list_issues},
      {"POST", "/repos/{owner}/{repo}/issues", read, create_issue},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}", read, get_issue},
      {"PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", read, edit_issue},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", read, list_issue_comments},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", read, create_comment},
      {"GET", "/repos/{owner}/{repo}/issues/comments", read, list_repository_comments},
      {"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, get_comment},
      {"PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, edit_comment},
      {"DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", read, delete_comment},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", read, list_issue_labels},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, add_issue_labels},
      {"PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, set_issue_labels},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, clear_issue_labels},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", triage,
       remove_issue_label},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", read, list_events},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/timeline", read, list_timeline},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", read, list_issue_reactions},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", read, add_issue_reaction},
      {"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", read,
       list_comment_reactions},
      {"POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", read,
       add_comment_reaction},
      {"GET", "/repos/{owner}/{repo}/labels", read, list_labels},
      {"POST", "/repos/{owner}/{repo}/labels", write, create_label},
      {"GET", "/repos/{owner}/{repo}/labels/{name}", read, get_label},
      {"PATCH", "/repos/{owner}/{repo}/labels/{name}", write, edit_label},
      {"DELETE", "/repos/{owner}/{repo}/labels/{name}", write, delete_label},
  };
  return kEndpoints;
}

}  // namespace forge
