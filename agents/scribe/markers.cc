#include "agents/scribe/markers.h"

#include "base/ensure.h"
#include "base/hash.h"

namespace scribe {

std::string marker(const Mark& mark, std::string_view secret) {
  base::ensure(!secret.empty(), "a marker needs a secret");
  const std::string kind = mark.is_issue ? "issue" : "comment";
  const std::string bytes =
      mark.op + "\n" + kind + "\n" + std::to_string(mark.incident) + "\n" + mark.key;
  return "<!-- sre op=" + mark.op + " k=" + kind +
         " h=" + base::hmac_sha256_hex(secret, bytes).substr(0, 32) + " -->";
}

std::string operation_in(std::string_view body) {
  constexpr std::string_view kBegin = "<!-- sre op=";
  if (!body.starts_with(kBegin)) return "";
  body.remove_prefix(kBegin.size());
  return std::string(body.substr(0, body.find(' ')).substr(0, 40));
}

bool has_marker(std::string_view body, std::string_view marker) {
  if (!body.starts_with(marker)) return false;
  const std::string_view rest = body.substr(marker.size());
  return rest.empty() || rest.front() == '\n' || rest.starts_with("\r\n");
}

}  // namespace scribe
