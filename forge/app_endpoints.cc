// Apps and their installation, organisations and teams.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "forge/app_codec.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"

namespace forge {
namespace {

using Json = nlohmann::json;

// The forge's own repository, for paths that name none.
Repository own_repository(SqliteStore& store, const Call& call) {
  const std::string& name = call.rights.repository;
  const std::size_t slash = name.find('/');
  return *store.find_repository(name.substr(0, slash), name.substr(slash + 1));
}

Reply get_root(SqliteStore&, const Call& call) { return reply::ok(root_json(call.urls)); }

Reply get_meta(SqliteStore&, const Call&) {
  return reply::ok({{"verifiable_password_authentication", false}});
}

// ---- As an app ----

Reply get_app(SqliteStore& store, const Call& call) {
  return reply::ok(app_json(*call.app, own_repository(store, call), call.urls));
}

Reply list_installations(SqliteStore& store, const Call& call) {
  return reply::slice(
      call, Json::array({installation_json(*call.app, own_repository(store, call), call.urls)}));
}

Reply get_installation(SqliteStore& store, const Call& call) {
  if (numeric_param(call, "installation_id") != call.app->id) return reply::not_found();
  return reply::ok(installation_json(*call.app, own_repository(store, call), call.urls));
}

Reply make_installation_token(SqliteStore&, const Call& call) {
  if (numeric_param(call, "installation_id") != call.app->id) return reply::not_found();
  return {201, installation_token_json(call.apps.make_token(*call.app, call.now), *call.app), {}};
}

Reply get_repository_installation(SqliteStore&, const Call& call) {
  return reply::ok(installation_json(*call.app, call.repository, call.urls));
}

// ---- Repositories one sees ----

Reply list_installation_repositories(SqliteStore& store, const Call& call) {
  const Role role = call.rights.of(call.user.login);
  const Json repository = listed_repository_json(own_repository(store, call), role, call.urls);
  return reply::ok({{"total_count", 1}, {"repositories", Json::array({repository})}});
}

Reply list_own_repositories(SqliteStore& store, const Call& call) {
  Json all = Json::array();
  const Role role = call.rights.of(call.user.login);
  if (role != Role::none) {
    all.push_back(listed_repository_json(own_repository(store, call), role, call.urls));
  }
  return reply::slice(call, all);
}

// ---- Organisations and teams ----

// Empty when there is no such organisation.
std::vector<Team> teams_of(const Call& call) {
  std::vector<Team> teams;
  for (const Team& team : call.rights.teams) {
    if (base::equal_ignoring_case(team.organization, param(call, "org"))) teams.push_back(team);
  }
  return teams;
}

bool is_member(const Team& team, std::string_view login) {
  return std::any_of(team.members.begin(), team.members.end(), [&](const std::string& member) {
    return base::equal_ignoring_case(member, login);
  });
}

std::optional<Team> team_of(const Call& call) {
  for (Team& team : teams_of(call)) {
    if (team.slug == param(call, "team_slug")) return std::move(team);
  }
  return std::nullopt;
}

// Who may see teams: their organisation's members, and whoever may write to the repository.
bool may_see_teams(const Call& call) {
  if (call.rights.of(call.user.login) >= Role::write) return true;
  const std::vector<Team> teams = teams_of(call);
  return std::any_of(teams.begin(), teams.end(),
                     [&](const Team& team) { return is_member(team, call.user.login); });
}

Reply get_organization(SqliteStore& store, const Call& call) {
  const std::vector<Team> teams = teams_of(call);
  const auto user = store.find_user(param(call, "org"));
  if (teams.empty() || !user) return reply::not_found();
  return reply::ok(organization_json(*user, call.urls));
}

Reply list_organization_repositories(SqliteStore& store, const Call& call) {
  if (teams_of(call).empty()) return reply::not_found();
  Json all = Json::array();
  const Repository repository = own_repository(store, call);
  const Role role = call.rights.of(call.user.login);
  if (base::equal_ignoring_case(repository.owner.login, param(call, "org")) && role != Role::none) {
    all.push_back(listed_repository_json(repository, role, call.urls));
  }
  return reply::slice(call, all);
}

Reply get_membership(SqliteStore& store, const Call& call) {
  const auto team = team_of(call);
  const auto user = store.find_user(param(call, "username"));
  const bool is_shown = team && user && may_see_teams(call) && is_member(*team, user->login);
  return is_shown ? reply::ok(membership_json(*team, *user, call.urls)) : reply::not_found();
}

Reply list_team_members(SqliteStore& store, const Call& call) {
  const auto team = team_of(call);
  if (!team || !may_see_teams(call)) return reply::not_found();
  Json all = Json::array();
  for (const std::string& login : team->members) {
    if (const auto user = store.find_user(login)) all.push_back(user_json(*user, call.urls));
  }
  return reply::slice(call, all);
}

}  // namespace

std::vector<Endpoint> app_endpoints() {
  using enum Role;
  using enum Audience;
  return {
      {"GET", "/", none, get_root},  // Below /api/v3; elsewhere it is the pages'.
      {"GET", "/meta", none, get_meta, anybody},
      {"GET", "/app", none, get_app, app},
      {"GET", "/app/installations", none, list_installations, app},
      {"GET", "/app/installations/{installation_id}", none, get_installation, app},
      {"POST", "/app/installations/{installation_id}/access_tokens", none, make_installation_token,
       app},
      {"GET", "/repos/{owner}/{repo}/installation", none, get_repository_installation, app},
      {"GET", "/installation/repositories", none, list_installation_repositories, installation},
      {"GET", "/user/repos", none, list_own_repositories, user},
      {"GET", "/orgs/{org}", none, get_organization, anybody},
      {"GET", "/orgs/{org}/repos", none, list_organization_repositories, anybody},
      {"GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", none, get_membership,
       anybody},
      {"GET", "/orgs/{org}/teams/{team_slug}/members", none, list_team_members, anybody},
  };
}

}  // namespace forge
