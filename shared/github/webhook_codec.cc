#include "github/webhook_codec.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kLoginMax = 100;  // Bytes; GitHub's are shorter, an app's "[bot]" included.

// An event is what carries all these members; the first row that fits. Rows stand in the order in
// which a body with more members stands before one with fewer.
struct Row {
  const char* event;
  std::array<const char*, 3> members;
};
constexpr Row kEvents[] = {
    {"ping", {"zen", "hook_id"}},
    {"workflow_job", {"workflow_job", "action"}},
    {"deployment_status", {"deployment_status", "deployment"}},
    {"deployment", {"deployment", "action"}},
    {"workflow_run", {"workflow_run", "action"}},
    {"check_run", {"check_run", "action"}},
    {"check_suite", {"check_suite", "action"}},
    {"pull_request_review", {"review", "pull_request", "action"}},
    {"pull_request_review_comment", {"comment", "pull_request", "action"}},
    {"pull_request_review_thread", {"thread", "pull_request", "action"}},
    {"pull_request", {"pull_request", "number", "action"}},
    {"issue_comment", {"comment", "issue", "action"}},
    {"issues", {"issue", "action"}},
    {"commit_comment", {"comment", "action"}},
    {"release", {"release", "action"}},
    {"create", {"ref_type", "master_branch"}},
    {"delete", {"ref_type", "pusher_type"}},
    {"push", {"ref", "before", "pusher"}},
    {"workflow_dispatch", {"workflow", "inputs", "ref"}},
    {"repository_dispatch", {"client_payload", "branch", "action"}},
    {"status", {"sha", "state", "context"}},
    {"installation_repositories", {"repositories_added", "installation", "action"}},
    {"member", {"member", "action"}},
    {"milestone", {"milestone", "action"}},
    {"label", {"label", "action"}},
    {"repository", {"repository", "action"}},
    {"installation", {"installation", "action"}},
};

bool fits(const json& body, const Row& row) {
  for (const char* member : row.members) {
    if (member != nullptr && !body.contains(member)) return false;
  }
  return true;
}

const char* event_of(const json& body) {
  for (const auto& row : kEvents) {
    if (fits(body, row)) return row.event;
  }
  return nullptr;
}

}  // namespace

base::Result<Hint> decode_webhook(std::string_view text) {
  const auto body = base::parse_json(text);
  if (!body) return body.error().in("read a webhook");
  const char* event = body->is_object() ? event_of(*body) : nullptr;
  if (event == nullptr)
    return Error{ErrorCode::invalid, "read a webhook: of no event that is known here"};
  Hint hint;
  hint.event = event;
  hint.action = base::get_string(*body, "action");
  hint.repository = base::get_string(base::get_object(*body, "repository"), "full_name");
  hint.issue = base::get_int(base::get_object(*body, "issue"), "number");
  hint.sender = base::cut_utf8(
      base::clean_text(base::get_string(base::get_object(*body, "sender"), "login")), kLoginMax);
  if ((hint.event == "issues" || hint.event == "issue_comment") && hint.issue <= 0)
    return Error{ErrorCode::invalid, "read a webhook: its issue has no number"};
  return hint;
}

std::string encode_hint(const Hint& hint, std::string_view body) {
  return base::dump_json({{"event", hint.event},
                          {"action", hint.action},
                          {"repository", hint.repository},
                          {"issue", hint.issue},
                          {"sender", hint.sender},
                          {"sha256", base::sha256_hex(body)}});
}

base::Result<Hint> decode_hint(std::string_view kept) {
  const auto body = base::parse_json(kept);
  if (!body) return body.error().in("read a kept webhook");
  Hint hint;
  hint.event = base::get_string(*body, "event");
  hint.action = base::get_string(*body, "action");
  hint.repository = base::get_string(*body, "repository");
  hint.issue = base::get_int(*body, "issue");
  hint.sender = base::get_string(*body, "sender");
  if (hint.event.empty()) return Error{ErrorCode::invalid, "read a kept webhook: it has no event"};
  return hint;
}

bool is_signed(std::string_view body, std::string_view signature,
               const std::vector<std::string>& secrets) {
  bool fits_one = false;
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    const std::string wanted = "sha256=" + base::hmac_sha256_hex(secret, body);
    const bool same = base::equal_constant_time(signature, wanted);
    fits_one = fits_one || same;
  }
  return fits_one;
}

}  // namespace github
