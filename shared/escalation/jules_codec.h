// JSON of Google Jules' REST API, v1alpha. Codec. Source: developers.google.com/jules/api.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace escalation {

struct JulesSession {
  std::string name;  // "sessions/123"
  std::string title, url;
  std::string pull_url;  // Empty: none yet.
};

[[nodiscard]] std::string encode_session(const std::string& prompt, const std::string& title,
                                         const std::string& source, const std::string& branch);
// Errors: invalid.
[[nodiscard]] base::Result<JulesSession> decode_session(const std::string& body);
[[nodiscard]] base::Result<std::vector<JulesSession>> decode_sessions(const std::string& body);

}  // namespace escalation
