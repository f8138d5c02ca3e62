#include "forge/app_codec.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/json.h"

namespace forge {
namespace {

using Json = nlohmann::json;

std::string app_node_id(std::string_view kind, Id id) {
  return base::base64(std::string(kind) + ":" + std::to_string(id));
}

std::string app_time(base::WallTime time) { return base::format_utc(time, false); }

base::Error jwt_error(std::string why) { return {base::ErrorCode::invalid, std::move(why)}; }

// What the role lets an app do, in GitHub's names for the permissions.
Json permissions_json(Role role) {
  const char* const level = role >= Role::write ? "write" : "read";
  return {{"contents", level},
          {"issues", role >= Role::read ? "write" : "read"},
          {"metadata", "read"},
          {"pull_requests", level},
          {"statuses", level}};
}

}  // namespace

base::Result<JwtClaims> parse_jwt(std::string_view header, std::string_view payload) {
  const auto head = base::parse_json(header);
  const auto body = base::parse_json(payload);
  const bool is_ours = head.ok() && body.ok() && head->is_object() && body->is_object() &&
                       base::get_string(*head, "alg") == "RS256";
  if (!is_ours) return jwt_error("A JSON web token could not be decoded");
  JwtClaims claims;
  const auto read_seconds = [&](const char* field, std::int64_t& to) {
    const auto found = body->find(field);
    const bool is_there = found != body->end() && found->is_number_integer();
    if (is_there) to = found->get<std::int64_t>();
    return is_there;
  };
  if (!read_seconds("iat", claims.issued_s)) {
    return jwt_error("Missing 'issued at' claim ('iat') in assertion");
  }
  if (!read_seconds("exp", claims.expires_s)) {
    return jwt_error("Missing 'expiration time' claim ('exp') in assertion");
  }
  const auto issuer = body->find("iss");
  if (issuer == body->end()) return jwt_error("Missing 'issuer' claim ('iss') in assertion");
  claims.issuer = issuer->is_string() ? issuer->get<std::string>() : issuer->dump();
  return claims;
}

std::string client_id_of(const App& app) { return "Iv1.forge" + std::to_string(app.id); }

Json app_json(const App& app, const Repository& repository, const Urls& urls) {
  return {{"id", app.id},
          {"slug", app.slug},
          {"node_id", app_node_id("Integration", app.id)},
          {"client_id", client_id_of(app)},
          {"owner", user_json(repository.owner, urls)},
          {"name", app.slug},
          {"description", nullptr},
          {"external_url", urls.site},
          {"html_url", urls.site + "/apps/" + app.slug},
          {"created_at", app_time(repository.created)},
          {"updated_at", app_time(repository.created)},
          {"permissions", permissions_json(app.role)},
          {"events", {"issue_comment", "issues", "label", "milestone"}},
          {"installations_count", 1}};
}

Json installation_json(const App& app, const Repository& repository, const Urls& urls) {
  const std::string id = std::to_string(app.id);
  Json account = user_json(repository.owner, urls);  // And what GitHub's lists show of it.
  account["name"] = account["slug"] = repository.owner.login;
  account["created_at"] = account["updated_at"] = app_time(repository.owner.created);
  return {{"id", app.id},
          {"account", std::move(account)},
          {"repository_selection", "selected"},
          {"access_tokens_url", urls.api + "/app/installations/" + id + "/access_tokens"},
          {"repositories_url", urls.api + "/installation/repositories"},
          {"html_url", urls.site + "/settings/installations/" + id},
          {"app_id", app.id},
          {"client_id", client_id_of(app)},
          {"app_slug", app.slug},
          {"target_id", repository.owner.id},
          {"target_type", "User"},
          {"permissions", permissions_json(app.role)},
          {"events", {"issue_comment", "issues", "label", "milestone"}},
          {"created_at", app_time(repository.created)},
          {"updated_at", app_time(repository.created)},
          {"single_file_name", nullptr},
          {"has_multiple_single_files", false},
          {"single_file_paths", Json::array()},
          {"suspended_by", nullptr},
          {"suspended_at", nullptr}};
}

Json installation_lite_json(Id id) {
  return {{"id", id}, {"node_id", app_node_id("IntegrationInstallation", id)}};
}

Json installation_token_json(const InstallationToken& token, const App& app) {
  return {{"token", token.text},
          {"expires_at", app_time(token.expires)},
          {"permissions", permissions_json(app.role)},
          {"repository_selection", "selected"}};
}

Json listed_repository_json(const Repository& repository, Role role, const Urls& urls) {
  Json result = repository_json(repository, role, urls);
  result["has_downloads"] = false;
  return result;
}

Json root_json(const Urls& urls) {
  constexpr std::pair<const char*, const char*> kPlaces[] = {
      {"current_user_url", "/user"},
      {"current_user_authorizations_html_url", "/settings/connections/applications{/client_id}"},
      {"authorizations_url", "/authorizations"},
      {"code_search_url", "/search/code?q={query}{&page,per_page,sort,order}"},
      {"commit_search_url", "/search/commits?q={query}{&page,per_page,sort,order}"},
      {"emails_url", "/user/emails"},
      {"emojis_url", "/emojis"},
      {"events_url", "/events"},
      {"feeds_url", "/feeds"},
      {"followers_url", "/user/followers"},
      {"following_url", "/user/following{/target}"},
      {"gists_url", "/gists{/gist_id}"},
      {"issue_search_url", "/search/issues?q={query}{&page,per_page,sort,order}"},
      {"issues_url", "/issues"},
      {"keys_url", "/user/keys"},
      {"label_search_url",
       "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}"},
      {"notifications_url", "/notifications"},
      {"organization_url", "/orgs/{org}"},
      {"organization_repositories_url", "/orgs/{org}/repos{?type,page,per_page,sort}"},
      {"organization_teams_url", "/orgs/{org}/teams"},
      {"public_gists_url", "/gists/public"},
      {"rate_limit_url", "/rate_limit"},
      {"repository_url", "/repos/{owner}/{repo}"},
      {"repository_search_url", "/search/repositories?q={query}{&page,per_page,sort,order}"},
      {"current_user_repositories_url", "/user/repos{?type,page,per_page,sort}"},
      {"starred_url", "/user/starred{/owner}{/repo}"},
      {"starred_gists_url", "/gists/starred"},
      {"user_url", "/users/{user}"},
      {"user_organizations_url", "/user/orgs"},
      {"user_repositories_url", "/users/{user}/repos{?type,page,per_page,sort}"},
      {"user_search_url", "/search/users?q={query}{&page,per_page,sort,order}"}};
  Json result = Json::object();
  for (const auto& [name, tail] : kPlaces) result[name] = urls.api + tail;
  return result;
}

Json organization_json(const User& organization, const Urls& urls) {
  const std::string url = urls.api + "/orgs/" + organization.login;
  Json result = {{"login", organization.login},
                 {"id", organization.id},
                 {"node_id", app_node_id("Organization", organization.id)},
                 {"url", url},
                 {"repos_url", url + "/repos"},
                 {"events_url", url + "/events"},
                 {"hooks_url", url + "/hooks"},
                 {"issues_url", url + "/issues"},
                 {"members_url", url + "/members{/member}"},
                 {"public_members_url", url + "/public_members{/member}"},
                 {"avatar_url", urls.site + "/avatars/" + organization.login},
                 {"html_url", urls.site + "/" + organization.login},
                 {"description", nullptr},
                 {"type", "Organization"},
                 {"created_at", app_time(organization.created)},
                 {"updated_at", app_time(organization.created)},
                 {"archived_at", nullptr},
                 {"has_organization_projects", false},
                 {"has_repository_projects", false}};
  for (const char* field : {"public_repos", "public_gists", "followers", "following"}) {
    result[field] = 0;
  }
  return result;
}

Json membership_json(const Team& team, const User& user, const Urls& urls) {
  return {{"url", urls.api + "/orgs/" + team.organization + "/teams/" + team.slug +
                      "/memberships/" + user.login},
          {"role", "member"},
          {"state", "active"}};
}

Json workflow_json(const std::string& file, int index, const Repository& repository,
                   const Urls& urls) {
  const Id id = index + 1;
  const std::string path = ".github/workflows/" + file;
  const std::string page = urls.site + "/" + repository.full_name();
  return {{"id", id},
          {"node_id", app_node_id("Workflow", id)},
          {"name", file.substr(0, file.rfind('.'))},
          {"path", path},
          {"state", "active"},
          {"created_at", app_time(repository.created)},
          {"updated_at", app_time(repository.created)},
          {"url", urls.repository(repository) + "/actions/workflows/" + std::to_string(id)},
          {"html_url", page + "/blob/main/" + path},
          {"badge_url", page + "/workflows/" + file + "/badge.svg"}};
}

}  // namespace forge
