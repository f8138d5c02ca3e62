// What each REST path does to the store, once the door (api.h) knows who asks and may.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/apps.h"
#include "forge/forge_codec.h"
#include "forge/sqlite_store.h"
#include "http/router.h"

namespace git {
class Repository;
}

namespace forge {

// Who may do what in the repository.
struct Rights {
  std::string owner;
  std::string repository;             // "owner/name" of the forge's own.
  std::map<std::string, Role> roles;  // Of people, and of apps by their "slug[bot]".
  std::vector<Team> teams;
  std::vector<std::string> workflows;

  [[nodiscard]] Role of(std::string_view login) const;
};

// What a webhook may be told. `extra` is added to the payload; an issue named by its number is read
// again when all is done, so that the payload shows how it ended.
struct Announcement {
  std::string event;   // "issues", "pull_request", "push" …
  std::string action;  // Empty: the event has none.
  int issue_number = 0;
  nlohmann::json extra;
};

// One request, understood. References live for the call.
struct Call {
  const http::Request& request;
  const http::Params& params;
  const nlohmann::json& body;  // Null without one.
  const Rights& rights;
  const Urls& urls;
  const RateLimit& limit;
  std::vector<Announcement>& announcements;  // Filled by the endpoint.
  std::string url;                           // Of the request, without its query.
  base::WallTime now;
  std::optional<base::WallTime> known_at;  // Lists show only what was made until then.
  User user;
  Role role = Role::none;
  Repository repository;  // When the path names one.
  git::Repository* git;   // That repository's; never null.
  Apps& apps;
  const App* app = nullptr;  // Who signed the request, for endpoints of apps alone.
};

// Whom an endpoint serves.
enum class Audience {
  anybody,       // People and installed apps.
  user,          // People alone.
  installation,  // Installed apps alone, by an installation token.
  app,           // Apps themselves, by a token they signed.
};

struct Reply {
  int status = 200;
  nlohmann::json body;  // Null: no body.
  http::Pairs headers;
};

struct Endpoint {
  std::string_view method;
  std::string_view path_template;  // With GitHub's own parameter names.
  Role least;                      // Of the caller, in the repository the path names.
  std::function<Reply(SqliteStore& store, const Call& call)> run;
  Audience audience = Audience::anybody;
};

[[nodiscard]] const std::vector<Endpoint>& endpoints();  // All of these:
[[nodiscard]] std::vector<Endpoint> people_endpoints();  // Users, rights, assignees, repository.
[[nodiscard]] std::vector<Endpoint> issue_endpoints();
[[nodiscard]] std::vector<Endpoint> comment_endpoints();  // And reactions.
[[nodiscard]] std::vector<Endpoint> label_endpoints();
[[nodiscard]] std::vector<Endpoint> milestone_endpoints();
[[nodiscard]] std::vector<Endpoint> search_endpoints();
[[nodiscard]] std::vector<Endpoint> hook_endpoints();
[[nodiscard]] std::vector<Endpoint> ref_endpoints();     // And branches.
[[nodiscard]] std::vector<Endpoint> object_endpoints();  // Commits, trees, blobs, contents.
[[nodiscard]] std::vector<Endpoint> commit_endpoints();  // And statuses and checks.
[[nodiscard]] std::vector<Endpoint> pull_endpoints();
[[nodiscard]] std::vector<Endpoint> review_endpoints();  // And comments on lines.
[[nodiscard]] std::vector<Endpoint> merge_endpoints();
[[nodiscard]] std::vector<Endpoint> app_endpoints();  // And organisations, teams.
[[nodiscard]] std::vector<Endpoint> dispatch_endpoints();

[[nodiscard]] Reply make_refusal(int status, std::string_view message,
                                 const std::vector<FieldError>& errors = {});

}  // namespace forge
