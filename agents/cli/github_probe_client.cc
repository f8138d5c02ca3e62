#include <httplib.h>

#include <nlohmann/json.hpp>

#include "agents/cli/github_probe.h"
#include "base/json.h"
#include "config/url.h"

namespace cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);
constexpr std::size_t kRepositoryBytesMax = 1 << 20;

base::Result<RepositoryRights> read_rights(const std::string& body) {
  const auto json = base::parse_json(body);
  if (!json.ok()) return json.error();
  const auto& rights = base::get_object(*json, "permissions");
  return RepositoryRights{base::get_bool(*json, "has_issues", true),
                          base::get_bool(rights, "push") || base::get_bool(rights, "admin")};
}

}  // namespace

base::Result<RepositoryRights> probe_repository(const config::Github& github) {
  const auto url = config::parse_url(github.api);
  if (!url.ok()) return url.error();
  const std::string host =
      url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]";
  httplib::Client client(url->scheme + "://" + host + ":" + std::to_string(url->port));
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  client.set_write_timeout(kPatience);
  client.set_follow_location(false);  // A redirect would carry the token to another host.
  const std::string what = "look at " + github.repository + " on " + url->host;
  const std::string prefix = url->target == "/" ? "" : url->target;
  std::string body;
  const auto answer = client.Get(prefix + "/repos/" + github.repository,
                                 httplib::Headers{{"Authorization", "Bearer " + github.token},
                                                  {"Accept", "application/vnd.github+json"},
                                                  {"User-Agent", "sre-space"}},
                                 [&](const char* data, std::size_t length) {
                                   body.append(data, length);
                                   return body.size() <= kRepositoryBytesMax;
                                 });
  if (!answer) {
    return base::Error{base::ErrorCode::unavailable,
                       what + ": no answer (" + httplib::to_string(answer.error()) + ")"};
  }
  const std::string status = what + ": answered " + std::to_string(answer->status);
  switch (answer->status) {
    case 200: {
      auto rights = read_rights(body);
      return rights.ok() ? rights : rights.error().in(what);
    }
    case 401:
      return base::Error{base::ErrorCode::denied, status + ", the token is not accepted"};
    case 403:
      return base::Error{base::ErrorCode::denied, status + ", the token may not read it"};
    case 404:
      return base::Error{base::ErrorCode::not_found,
                         status + ", no such repository or the token may not see it"};
    default:
      return base::Error{base::ErrorCode::invalid, status};
  }
}

}  // namespace cli
