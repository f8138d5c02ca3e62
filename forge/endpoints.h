// What each REST path does to the store, once the door (api.h) knows who asks and may.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "forge/forge_codec.h"
#include "forge/sqlite_store.h"
#include "http/router.h"

namespace forge {

// Who may do what in the repository.
struct Rights {
  std::string owner;
  std::map<std::string, Role> roles;

  [[nodiscard]] Role of(std::string_view login) const;
};

// One request, understood. References live for the call.
struct Call {
  const http::Request& request;
  const http::Params& params;
  const nlohmann::json& body;  // Null without one.
  const Rights& rights;
  const Urls& urls;
  const RateLimit& limit;
  std::string url;  // Of the request, without its query.
  base::WallTime now;
  User user;
  Role role = Role::none;
  Repository repository;  // When the path names one.
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
  Reply (*run)(SqliteStore& store, const Call& call);
};

[[nodiscard]] const std::vector<Endpoint>& endpoints();

[[nodiscard]] Reply make_refusal(int status, std::string_view message,
                                 const std::vector<FieldError>& errors = {});

}  // namespace forge
