// Webhooks of GitHub, taken as hints: that something happened to an issue, never what. Which event
// it is, is read off the body: the headers are not signed. Pure. Format:
// docs/formats/github-webhooks.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace github {

struct Hint {
  std::string event;        // "issues", "issue_comment", "ping", …; as GitHub names them.
  std::string action;       // "opened", …; empty where there is none.
  std::string repository;   // "owner/name"; empty for events of no repository.
  std::int64_t issue = 0;   // Number; 0: of no issue.
  std::string sender = {};  // Login of whoever did it.
};

// The hint in a webhook's JSON. Errors: invalid (not JSON, or of no event that is known here).
[[nodiscard]] base::Result<Hint> decode_webhook(std::string_view body);

// As kept in the ledger's inbox: the hint and the SHA-256 of the body it came in, so that the same
// body is the same delivery.
[[nodiscard]] std::string encode_hint(const Hint& hint, std::string_view body);
[[nodiscard]] base::Result<Hint> decode_hint(std::string_view kept);

// Does X-Hub-Signature-256 ("sha256=…") fit the very bytes of `body`, by any of these secrets?
// Compared in constant time; an empty secret fits nothing.
[[nodiscard]] bool is_signed(std::string_view body, std::string_view signature,
                             const std::vector<std::string>& secrets);

}  // namespace github
