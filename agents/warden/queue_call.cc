#include "agents/warden/queue_call.h"

#include "config/url.h"
#include "engine/http_client.h"

namespace warden {
namespace {

constexpr base::Duration kAnswerWithin = std::chrono::seconds(10);
constexpr std::size_t kAnswerMax = 64U << 10U;

}  // namespace

base::Status call_queue(const std::string& url) {
  const auto parsed = config::parse_url(url);
  if (!parsed) return parsed.error();
  engine::HttpClient client("tcp://" + parsed->host + ":" + std::to_string(parsed->port));
  const auto answer = client.effect({.method = "POST",
                                     .target = parsed->target,
                                     .body = {},
                                     .deadline = kAnswerWithin,
                                     .answer_limit = kAnswerMax});
  if (!answer) return answer.error();
  if (answer->status >= 200 && answer->status < 300) return {};
  return base::Error{base::ErrorCode::conflict,
                     "it answered with status " + std::to_string(answer->status)};
}

}  // namespace warden
