#include <nlohmann/json.hpp>

#include "agents/cli/github_probe.h"
#include "base/json.h"
#include "github/configured.h"

namespace cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);

base::Result<RepositoryRights> read_rights(const std::string& body) {
  const auto json = base::parse_json(body);
  if (!json.ok()) return json.error();
  const auto& rights = base::get_object(*json, "permissions");
  return RepositoryRights{base::get_bool(*json, "has_issues", true),
                          base::get_bool(rights, "push") || base::get_bool(rights, "admin")};
}

}  // namespace

base::Result<RepositoryRights> probe_repository(const config::Config& config) {
  base::SystemRandom random;
  const base::SystemClock clock;
  auto options = github::rest_options(config, github::EmbeddedAs::reader, random);
  if (!options.ok()) return options.error();
  options->line.connect_within = options->line.answer_within = kPatience;
  auto line = github::RestClient::make(options->line);
  if (!line.ok()) return line.error();
  auto who = github::sign_in(*options, **line, clock);
  if (!who.ok()) return who.error();
  const auto authorization = (*who)->authorization();
  if (!authorization.ok()) return authorization.error();
  const github::Call call{"GET", "/repos/" + options->repository};
  const auto reply = (*line)->exchange(call, *authorization);
  if (!reply.ok()) return reply.error();
  if (const auto refused = github::refusal_in(*reply, call, clock.now().wall))
    return refused->error;
  auto rights = read_rights(reply->body);
  if (!rights.ok()) return rights.error().in(call.name());
  // Of an app, what its token may do was told with the token.
  if (options->app) rights->may_write = true;
  return rights;
}

}  // namespace cli
