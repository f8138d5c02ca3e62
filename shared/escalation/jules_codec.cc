#include "escalation/jules_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace escalation {
namespace {

using Json = nlohmann::json;

JulesSession session_of(const Json& json) {
  JulesSession session;
  session.name = base::get_string(json, "name");
  session.title = base::get_string(json, "title");
  session.url = base::get_string(json, "url");
  for (const auto& output : base::get_array(json, "outputs")) {
    const auto url = base::get_string(base::get_object(output, "pullRequest"), "url");
    if (!url.empty()) session.pull_url = url;
  }
  return session;
}

}  // namespace

std::string encode_session(const std::string& prompt, const std::string& title,
                           const std::string& source, const std::string& branch) {
  return base::dump_json(
      {{"prompt", prompt},
       {"title", title},
       {"sourceContext", {{"source", source}, {"githubRepoContext", {{"startingBranch", branch}}}}},
       {"automationMode", "AUTO_CREATE_PR"}});
}

base::Result<JulesSession> decode_session(const std::string& body) {
  const auto json = base::parse_json(body);
  if (!json) return json.error();
  auto session = session_of(*json);
  if (session.name.empty())
    return base::Error{base::ErrorCode::invalid, "read a session of Jules: it has no name"};
  return session;
}

base::Result<std::vector<JulesSession>> decode_sessions(const std::string& body) {
  const auto json = base::parse_json(body);
  if (!json) return json.error();
  std::vector<JulesSession> sessions;
  for (const auto& one : base::get_array(*json, "sessions")) sessions.push_back(session_of(one));
  return sessions;
}

}  // namespace escalation
