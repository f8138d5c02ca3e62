#include "forge/git_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "http/url.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kEmailHost = "@users.noreply.forge.invalid";
constexpr std::size_t kContentMax = 1U << 20U;

std::string time_text(base::WallTime time) { return base::format_utc(time, false); }

Json nullable(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json person_json(const git::Person& person) {
  return {{"name", person.name}, {"email", person.email}, {"date", time_text(person.at)}};
}

Json verification_json() {
  return {{"verified", false},
          {"reason", "unsigned"},
          {"signature", nullptr},
          {"payload", nullptr},
          {"verified_at", nullptr}};
}

// A path of the repository in a URL: its slashes stay.
std::string encode_path(std::string_view path) {
  std::string text;
  while (true) {
    const std::size_t slash = path.find('/');
    text += http::percent_encode(path.substr(0, slash));
    if (slash == path.npos) return text;
    text += '/';
    path.remove_prefix(slash + 1);
  }
}

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

}  // namespace

std::string make_node_id(std::string_view kind, std::string_view id) {
  return base::base64(std::string(kind) + ":" + std::string(id));
}

std::string make_email(std::string_view login) {
  std::string name(login);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name + std::string(kEmailHost);
}

std::string login_of_email(std::string_view email) {
  if (!email.ends_with(kEmailHost)) return "";
  return std::string(email.substr(0, email.size() - kEmailHost.size()));
}

Json ref_json(const git::Ref& ref, const Place& place) {
  const std::string kind = ref.type + "s/";
  return {
      {"ref", ref.name},
      {"node_id", make_node_id("Ref", ref.name)},
      {"url", place.api() + "/git/" + encode_path(ref.name)},
      {"object",
       {{"type", ref.type}, {"sha", ref.sha}, {"url", place.api() + "/git/" + kind + ref.sha}}}};
}

Json git_commit_json(const git::Commit& commit, const Place& place) {
  Json parents = Json::array();
  for (const git::Sha& sha : commit.parents) {
    parents.push_back({{"sha", sha},
                       {"url", place.api() + "/git/commits/" + sha},
                       {"html_url", place.page() + "/commit/" + sha}});
  }
  return {{"sha", commit.sha},
          {"node_id", make_node_id("Commit", commit.sha)},
          {"url", place.api() + "/git/commits/" + commit.sha},
          {"html_url", place.page() + "/commit/" + commit.sha},
          {"author", person_json(commit.author)},
          {"committer", person_json(commit.committer)},
          {"message", commit.message},
          {"tree", {{"sha", commit.tree}, {"url", place.api() + "/git/trees/" + commit.tree}}},
          {"parents", std::move(parents)},
          {"verification", verification_json()}};
}

Json tag_json(const git::Tag& tag, const Place& place) {
  const std::string api = place.api() + "/git/";
  return {{"sha", tag.sha},
          {"node_id", make_node_id("Tag", tag.sha)},
          {"url", api + "tags/" + tag.sha},
          {"tag", tag.name},
          {"message", tag.message},
          {"tagger", person_json(tag.tagger)},
          {"object",
           {{"type", tag.type}, {"sha", tag.object}, {"url", api + tag.type + "s/" + tag.object}}},
          {"verification", verification_json()}};
}

Json commit_json(const KnownCommit& known, const Place& place) {
  const git::Commit& commit = known.commit;
  const std::string url = place.api() + "/commits/" + commit.sha;
  Json parents = Json::array();
  for (const git::Sha& sha : commit.parents) {
    parents.push_back({{"sha", sha},
                       {"url", place.api() + "/commits/" + sha},
                       {"html_url", place.page() + "/commit/" + sha}});
  }
  const auto user = [&](const std::optional<User>& who) {
    return who ? user_json(*who, place.urls) : Json(nullptr);
  };
  return {{"sha", commit.sha},
          {"node_id", make_node_id("Commit", commit.sha)},
          {"url", url},
          {"html_url", place.page() + "/commit/" + commit.sha},
          {"comments_url", url + "/comments"},
          {"commit",
           {{"url", place.api() + "/git/commits/" + commit.sha},
            {"author", person_json(commit.author)},
            {"committer", person_json(commit.committer)},
            {"message", commit.message},
            {"comment_count", 0},
            {"tree", {{"sha", commit.tree}, {"url", place.api() + "/git/trees/" + commit.tree}}},
            {"verification", verification_json()}}},
          {"author", user(known.author)},
          {"committer", user(known.committer)},
          {"parents", std::move(parents)}};
}

Json tree_json(const git::Sha& sha, const std::vector<git::TreeEntry>& entries,
               const Place& place) {
  Json list = Json::array();
  for (const git::TreeEntry& entry : entries) {
    Json one = {{"path", entry.path},
                {"mode", entry.mode},
                {"type", entry.type},
                {"sha", entry.sha},
                {"url", place.api() + "/git/" + entry.type + "s/" + entry.sha}};
    if (entry.size) one["size"] = *entry.size;
    list.push_back(std::move(one));
  }
  return {{"sha", sha},
          {"url", place.api() + "/git/trees/" + sha},
          {"tree", std::move(list)},
          {"truncated", false}};
}

Json blob_json(const git::Sha& sha, std::string_view bytes, const Place& place) {
  return {{"sha", sha},
          {"node_id", make_node_id("Blob", sha)},
          {"url", place.api() + "/git/blobs/" + sha},
          {"size", bytes.size()},
          {"encoding", "base64"},
          {"content", base::base64(bytes)}};
}

Json content_json(const git::TreeEntry& entry, std::string_view ref,
                  const std::optional<std::string>& bytes, const Place& place) {
  const std::string path = encode_path(entry.path);
  const std::string at = "?ref=" + http::percent_encode(ref);
  const std::string url = place.api() + "/contents/" + path + at;
  const bool is_folder = entry.type == "tree";
  std::string type = is_folder ? "dir" : "file";
  if (entry.mode == "160000") type = "submodule";
  if (entry.mode == "120000" && !bytes) type = "symlink";
  const std::string git_url = place.api() + "/git/" + (is_folder ? "trees/" : "blobs/") + entry.sha;
  const std::string page =
      place.page() + (is_folder ? "/tree/" : "/blob/") + encode_path(ref) + "/" + path;
  const std::string raw = place.page() + "/raw/" + encode_path(ref) + "/" + path;
  Json result = {{"type", type},
                 {"size", entry.size.value_or(0)},
                 {"name", entry.name()},
                 {"path", entry.path},
                 {"sha", entry.sha},
                 {"url", url},
                 {"git_url", git_url},
                 {"html_url", page},
                 {"download_url", is_folder ? Json(nullptr) : Json(raw)},
                 {"_links", {{"self", url}, {"git", git_url}, {"html", page}}}};
  if (!bytes) return result;
  const bool is_short = bytes->size() <= kContentMax;  // As on GitHub, longer ones by their blob.
  result["encoding"] = is_short ? "base64" : "none";
  result["content"] = is_short ? base::base64(*bytes) : "";
  return result;
}

Json file_change_json(const git::FileChange& change, const git::Sha& head, const Place& place) {
  const std::string path = head + "/" + encode_path(change.path);
  Json result = {
      {"sha", change.sha},
      {"filename", change.path},
      {"status", change.status},
      {"additions", change.additions},
      {"deletions", change.deletions},
      {"changes", change.additions + change.deletions},
      {"blob_url", place.page() + "/blob/" + path},
      {"raw_url", place.page() + "/raw/" + path},
      {"contents_url", place.api() + "/contents/" + encode_path(change.path) + "?ref=" + head}};
  if (!change.previous_path.empty()) result["previous_filename"] = change.previous_path;
  if (change.patch && is_utf8(*change.patch)) result["patch"] = *change.patch;
  return result;
}

Json protection_json(const Protection& protection, const Place& place) {
  const std::string url =
      place.api() + "/branches/" + http::percent_encode(protection.branch) + "/protection";
  Json checks = Json::array();
  for (const std::string& context : protection.contexts) {
    checks.push_back({{"context", context}, {"app_id", nullptr}});
  }
  Json result = {{"url", url},
                 {"required_status_checks",
                  {{"url", url + "/required_status_checks"},
                   {"strict", protection.is_strict},
                   {"contexts", protection.contexts},
                   {"contexts_url", url + "/required_status_checks/contexts"},
                   {"checks", std::move(checks)}}},
                 {"enforce_admins", {{"url", url + "/enforce_admins"}, {"enabled", true}}}};
  for (const char* rule :
       {"required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations",
        "required_conversation_resolution", "lock_branch", "allow_fork_syncing"}) {
    result[rule] = {{"enabled", false}};
  }
  return result;
}

Json short_branch_json(const std::string& name, const git::Sha& sha, bool is_protected,
                       const Place& place) {
  return {{"name", name},
          {"commit", {{"sha", sha}, {"url", place.api() + "/commits/" + sha}}},
          {"protected", is_protected}};
}

Json branch_json(const std::string& name, const KnownCommit& commit, const Protection* protection,
                 const Place& place) {
  const std::string url = place.api() + "/branches/" + http::percent_encode(name);
  Json shown = {{"enabled", protection != nullptr},
                {"required_status_checks",
                 {{"enforcement_level", protection == nullptr ? "off" : "everyone"},
                  {"contexts", Json::array()},
                  {"checks", Json::array()}}}};
  if (protection != nullptr) {
    const Json whole = protection_json(*protection, place);
    for (const char* field : {"contexts", "checks"}) {
      shown["required_status_checks"][field] = whole["required_status_checks"][field];
    }
  }
  return {{"name", name},
          {"commit", commit_json(commit, place)},
          {"_links", {{"self", url}, {"html", place.page() + "/tree/" + encode_path(name)}}},
          {"protected", protection != nullptr},
          {"protection", std::move(shown)},
          {"protection_url", url + "/protection"}};
}

Json status_json(const CommitStatus& status, const Place& place) {
  const Json creator = user_json(status.creator, place.urls);
  return {{"url", place.api() + "/statuses/" + status.sha},
          {"avatar_url", creator["avatar_url"]},
          {"id", status.id},
          {"node_id", make_node_id("Status", std::to_string(status.id))},
          {"state", status.state},
          {"description", nullable(status.description)},
          {"target_url", nullable(status.target_url)},
          {"context", status.context},
          {"created_at", time_text(status.created)},
          {"updated_at", time_text(status.created)},
          {"creator", creator}};
}

Json check_json(const CheckRun& check, const Place& place) {
  const std::string url = place.api() + "/check-runs/" + std::to_string(check.id);
  return {{"id", check.id},
          {"head_sha", check.sha},
          {"node_id", make_node_id("CheckRun", std::to_string(check.id))},
          {"external_id", check.external_id},
          {"url", url},
          {"html_url", place.page() + "/runs/" + std::to_string(check.id)},
          {"details_url", nullable(check.details_url)},
          {"status", check.status},
          {"conclusion", check.conclusion.empty() ? Json(nullptr) : Json(check.conclusion)},
          {"started_at", time_text(check.started)},
          {"completed_at", check.completed ? Json(time_text(*check.completed)) : Json(nullptr)},
          {"output",
           {{"title", nullable(check.title)},
            {"summary", nullable(check.summary)},
            {"text", nullable(check.text)},
            {"annotations_count", 0},
            {"annotations_url", url + "/annotations"}}},
          {"name", check.name},
          {"check_suite", {{"id", check.id}}},
          {"app", nullptr},
          {"pull_requests", Json::array()}};
}

Json payload_commit_json(const git::Commit& commit, const std::vector<git::FileChange>& changes,
                         const Place& place) {
  Json lists = {{"added", Json::array()}, {"removed", Json::array()}, {"modified", Json::array()}};
  for (const git::FileChange& change : changes) {
    if (change.status == "renamed") {
      lists["removed"].push_back(change.previous_path);
      lists["added"].push_back(change.path);
    } else {
      const bool is_known = lists.contains(change.status);
      lists[is_known ? change.status : "modified"].push_back(change.path);
    }
  }
  const auto person = [](const git::Person& who) {
    Json shown = {{"name", who.name}, {"email", who.email}};
    if (const std::string login = login_of_email(who.email); !login.empty()) {
      shown["username"] = login;
    }
    return shown;
  };
  return {{"id", commit.sha},
          {"tree_id", commit.tree},
          {"distinct", true},
          {"message", commit.message},
          {"timestamp", time_text(commit.committer.at)},
          {"url", place.page() + "/commit/" + commit.sha},
          {"author", person(commit.author)},
          {"committer", person(commit.committer)},
          {"added", lists["added"]},
          {"removed", lists["removed"]},
          {"modified", lists["modified"]}};
}

Json payload_check_json(const CheckRun& check, const User& owner, const Place& place) {
  Json result = check_json(check, place);
  const Json app = {{"id", 1},
                    {"slug", "forge"},
                    {"node_id", make_node_id("App", "1")},
                    {"owner", user_json(owner, place.urls)},
                    {"name", "forge"},
                    {"description", nullptr},
                    {"external_url", place.urls.site},
                    {"html_url", place.urls.site},
                    {"created_at", time_text(place.repository.created)},
                    {"updated_at", time_text(place.repository.created)},
                    {"permissions", Json::object()},
                    {"events", Json::array()}};
  const std::string suite = place.api() + "/check-suites/" + std::to_string(check.id);
  result["app"] = app;
  result["details_url"] = check.details_url.value_or(place.page());
  result["check_suite"] = {{"id", check.id},
                           {"node_id", make_node_id("CheckSuite", std::to_string(check.id))},
                           {"head_branch", nullptr},
                           {"head_sha", check.sha},
                           {"status", check.status},
                           {"conclusion", result["conclusion"]},
                           {"url", suite},
                           {"before", nullptr},
                           {"after", nullptr},
                           {"pull_requests", Json::array()},
                           {"app", app},
                           {"created_at", time_text(check.started)},
                           {"updated_at", time_text(check.completed.value_or(check.started))}};
  return result;
}

// ---- In ----

namespace {

base::Error wrong(const char* field) { return {base::ErrorCode::invalid, field}; }

// Reads an optional text, absent for null; false when it is of another type or too long.
bool read_optional(const Json& body, const char* field, std::size_t max,
                   std::optional<std::string>& to) {
  const auto found = body.find(field);
  if (found == body.end()) return true;
  if (found->is_null()) {
    to.reset();
    return true;
  }
  if (!found->is_string() || found->get_ref<const std::string&>().size() > max) return false;
  to = found->get<std::string>();
  return true;
}

bool read_time(const Json& body, const char* field, std::optional<base::WallTime>& to) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return true;
  to = found->is_string() ? base::parse_utc(found->get<std::string>()) : std::nullopt;
  return to.has_value();
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A context or a check's name: short, in one line.
bool is_context(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20;
  });
}

bool is_link(const std::optional<std::string>& url) {
  if (!url) return true;
  const bool is_clean = std::all_of(url->begin(), url->end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string::npos;
  });
  return is_clean && (url->starts_with("https://") || url->starts_with("http://"));
}

}  // namespace

base::Result<Protection> parse_protection(const Json& body, std::string branch) {
  Protection protection{std::move(branch), false, {}};
  if (!body.is_object()) return wrong("required_status_checks");
  const Json& rules = base::get_object(body, "required_status_checks");
  protection.is_strict = base::get_bool(rules, "strict");
  std::vector<std::string> names;
  for (const Json& name : base::get_array(rules, "contexts")) {
    names.push_back(name.is_string() ? name.get<std::string>() : "");
  }
  for (const Json& check : base::get_array(rules, "checks")) {
    names.push_back(base::get_string(check, "context"));
  }
  for (const std::string& name : names) {
    if (!is_context(name)) return wrong("contexts");
    auto& known = protection.contexts;
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  return protection;
}

base::Status read_check_input(const Json& body, base::WallTime now, CheckRun& check) {
  if (!body.is_object()) return wrong("name");
  std::optional<std::string> name = check.name;
  std::optional<std::string> external_id = check.external_id;
  if (!read_optional(body, "name", 255, name) || !is_context(name.value_or(""))) {
    return wrong("name");
  }
  check.name = *name;
  if (!read_optional(body, "external_id", 255, external_id)) return wrong("external_id");
  check.external_id = external_id.value_or("");
  const bool is_url = read_optional(body, "details_url", 2048, check.details_url);
  if (!is_url || !is_link(check.details_url)) return wrong("details_url");
  check.status = base::get_string(body, "status", check.status);
  if (!is_one_of(check.status, {"queued", "in_progress", "completed"})) return wrong("status");
  const std::string conclusion = base::get_string(body, "conclusion");
  if (!conclusion.empty()) {
    if (!is_one_of(conclusion, {"success", "failure", "neutral", "cancelled", "skipped",
                                "timed_out", "action_required"})) {
      return wrong("conclusion");
    }
    check.conclusion = conclusion;
    check.status = "completed";  // As GitHub has it.
  }
  if (check.status == "completed" && check.conclusion.empty()) return wrong("conclusion");
  if (check.status != "completed") {
    check.conclusion.clear();
    check.completed.reset();
  }
  std::optional<base::WallTime> started = check.started;
  if (!read_time(body, "started_at", started)) return wrong("started_at");
  check.started = started.value_or(now);
  if (check.status == "completed") {
    if (!read_time(body, "completed_at", check.completed)) return wrong("completed_at");
    if (!check.completed) check.completed = now;
  }
  const Json& output = base::get_object(body, "output");
  if (!read_optional(output, "title", 1024, check.title)) return wrong("title");
  if (!read_optional(output, "summary", 65'535, check.summary)) return wrong("summary");
  if (!read_optional(output, "text", 65'535, check.text)) return wrong("text");
  return {};
}

base::Result<CommitStatus> parse_status(const Json& body) {
  CommitStatus status;
  if (!body.is_object()) return wrong("state");
  status.state = base::get_string(body, "state");
  if (!is_one_of(status.state, {"error", "failure", "pending", "success"})) return wrong("state");
  status.context = base::get_string(body, "context", "default");
  if (!is_context(status.context)) return wrong("context");
  if (!read_optional(body, "description", 140 * 4, status.description)) return wrong("description");
  const bool is_url = read_optional(body, "target_url", 2048, status.target_url);
  if (!is_url || !is_link(status.target_url)) return wrong("target_url");
  return status;
}

}  // namespace forge
