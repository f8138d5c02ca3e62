#include <optional>
#include <utility>

#include "base/text.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"

namespace forge {
namespace {

using Json = nlohmann::json;

Reply get_self(SqliteStore&, const Call& call) {
  return reply::ok(public_user_json(call.user, call.urls));
}

Reply get_user(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "username"));
  return user ? reply::ok(public_user_json(*user, call.urls)) : reply::not_found();
}

Reply get_rate_limit(SqliteStore&, const Call& call) {
  return reply::ok(rate_limit_json(call.limit));
}

Reply get_repository(SqliteStore&, const Call& call) {
  return reply::ok(repository_json(call.repository, call.role, call.urls));
}

Reply get_permission(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "username"));
  if (!user) return reply::not_found();
  if (user->id != call.user.id && call.role < Role::write) return reply::forbid("push");
  return reply::ok(permission_json(*user, call.rights.of(user->login), call.urls));
}

// Everybody with a right to the repository, the owner first.
std::vector<User> collaborators(SqliteStore& store, const Call& call) {
  std::vector<User> users;
  const auto add = [&](const std::string& login) {
    const auto user = store.find_user(login);
    if (user && call.rights.of(login) != Role::none) users.push_back(*user);
  };
  add(call.rights.owner);
  for (const auto& [login, role] : call.rights.roles) {
    if (!base::equal_ignoring_case(login, call.rights.owner)) add(login);
  }
  return users;
}

Reply list_collaborators(SqliteStore& store, const Call& call) {
  Json all = Json::array();
  for (const User& user : collaborators(store, call)) {
    all.push_back(collaborator_json(user, call.rights.of(user.login), call.urls));
  }
  return reply::slice(call, all);
}

Reply check_collaborator(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "username"));
  const bool is_one = user && call.rights.of(user->login) != Role::none;
  return is_one ? reply::no_content() : reply::not_found();
}

Reply list_assignees(SqliteStore& store, const Call& call) {
  Json all = Json::array();
  for (const User& user : collaborators(store, call)) all.push_back(user_json(user, call.urls));
  return reply::slice(call, all);
}

Reply check_assignee(SqliteStore& store, const Call& call) {
  const auto user = store.find_user(param(call, "assignee"));
  const bool is_one = user && call.rights.of(user->login) != Role::none;
  return is_one ? reply::no_content() : reply::not_found();
}

}  // namespace

std::vector<Endpoint> people_endpoints() {
  using enum Role;
  return {
      {"GET", "/user", none, get_self, Audience::user},
      {"GET", "/users/{username}", none, get_user},
      {"GET", "/rate_limit", none, get_rate_limit},
      {"GET", "/repos/{owner}/{repo}", read, get_repository},
      {"GET", "/repos/{owner}/{repo}/collaborators", write, list_collaborators},
      {"GET", "/repos/{owner}/{repo}/collaborators/{username}", write, check_collaborator},
      {"GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", read, get_permission},
      {"GET", "/repos/{owner}/{repo}/assignees", read, list_assignees},
      {"GET", "/repos/{owner}/{repo}/assignees/{assignee}", read, check_assignee},
  };
}
}  // namespace forge
