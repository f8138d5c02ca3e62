#include <memory>
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

// The way there that the configuration asks for, and who goes it.
struct Way {
  github::RestOptions options;
  std::unique_ptr<github::RestClient> line;
  std::unique_ptr<github::SignIn> who;
};
base::Result<Way> find_way(const config::Config& config, const std::string& token,
                           const base::Clock& clock) {
  base::SystemRandom random;
  auto options = github::rest_options(config, github::EmbeddedAs::reader, random);
  if (!options.ok()) return options.error();
  if (!token.empty()) {
    options->app.reset();
    options->token = token;
  }
  options->line.connect_within = options->line.answer_within = kPatience;
  auto line = github::RestClient::make(options->line);
  if (!line.ok()) return line.error();
  auto who = github::sign_in(*options, **line, clock);
  if (!who.ok()) return who.error();
  return Way{*options, std::move(line).value(), std::move(who).value()};
}

base::Result<std::string> get(Way& way, const std::string& path, const base::Clock& clock) {
  const auto authorization = way.who->authorization();
  if (!authorization.ok()) return authorization.error();
  const github::Call call{"GET", path};
  const auto reply = way.line->exchange(call, *authorization);
  if (!reply.ok()) return reply.error();
  if (const auto refused = github::refusal_in(*reply, call, clock.now().wall))
    return refused->error;
  return reply->body;
}

}  // namespace

base::Result<std::string> probe_login(const config::Config& config, const std::string& token) {
  const base::SystemClock clock;
  auto way = find_way(config, token, clock);
  if (!way.ok()) return way.error();
  const auto body = get(*way, "/user", clock);
  if (!body.ok()) return body.error();
  const auto json = base::parse_json(*body);
  if (!json.ok()) return json.error();
  return base::get_string(*json, "login", "somebody without a name");
}

base::Result<RepositoryRights> probe_repository(const config::Config& config) {
  const base::SystemClock clock;
  auto way = find_way(config, "", clock);
  if (!way.ok()) return way.error();
  const auto body = get(*way, "/repos/" + way->options.repository, clock);
  if (!body.ok()) return body.error();
  auto rights = read_rights(*body);
  if (!rights.ok()) return rights.error().in("look at " + way->options.repository);
  // Of an app, what its token may do was told with the token.
  if (way->options.app) rights->may_write = true;
  return rights;
}

}  // namespace cli
