#include "agents/console/github_door.h"

#include "agents/console/webhook_codec.h"
#include "base/text.h"
#include "github/webhook_codec.h"
#include "http/url.h"

namespace console {
namespace {

// The JSON of a body; GitHub can be told to send it as a form.
std::string json_in(const http::Request& request) {
  if (!base::to_lower_ascii(request.header("Content-Type"))
           .starts_with("application/x-www-form-urlencoded"))
    return request.body;
  const auto form = http::parse_query(request.body);
  for (const auto& [name, value] : form.value_or(http::Pairs{})) {
    if (name == "payload") return value;
  }
  return "";
}

}  // namespace

GithubVerdict judge_github(const http::Request& request, const GithubDoor& door) {
  if (!door.is_open()) return {404, "webhooks are off: github.webhook_secret is not set", "", ""};
  if (request.body.size() > kGithubBytesMax) return {413, "the body is larger than 4 MB", "", ""};
  if (!github::is_signed(request.body, request.header("X-Hub-Signature-256"), door.secrets))
    return {401, "X-Hub-Signature-256 is missing, or not by our secret", "", ""};
  const std::string_view delivery = request.header("X-GitHub-Delivery");
  if (!is_delivery_id(delivery)) return {400, "X-GitHub-Delivery is missing", "", ""};
  const std::string body = json_in(request);
  const auto hint = github::decode_webhook(body);
  const std::string_view said = request.header("X-GitHub-Event");
  if (!hint) {
    const bool known = said == "issues" || said == "issue_comment";
    return {known ? 400 : 202, base::clean_text(hint.error().message), "", ""};
  }
  if (said != hint->event)
    return {400, "X-GitHub-Event does not fit the body, which is of " + hint->event, "", ""};
  if (hint->event == "ping") return {200, "pong", "", ""};
  const bool ours = base::equal_ignoring_case(hint->repository, door.repository);
  if (!ours || (hint->event != "issues" && hint->event != "issue_comment"))
    return {202, "of no use here", "", ""};
  return {200, "kept", std::string(delivery), github::encode_hint(*hint, body)};
}

}  // namespace console
