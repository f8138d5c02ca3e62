#include "chaos/web.h"

#include "config/url.h"

namespace chaos {
namespace {

base::Result<engine::HttpAnswer> call(const char* method, const std::string& url,
                                      base::Duration deadline) {
  const auto parsed = config::parse_url(url);
  if (!parsed.ok()) return parsed.error();
  engine::HttpClient client("tcp://" + parsed->host + ":" + std::to_string(parsed->port));
  return client.read({.method = method, .target = parsed->target, .deadline = deadline});
}

}  // namespace

base::Result<engine::HttpAnswer> web_get(const std::string& url, base::Duration deadline) {
  return call("GET", url, deadline);
}

base::Result<engine::HttpAnswer> web_post(const std::string& url, base::Duration deadline) {
  return call("POST", url, deadline);
}

std::string on_same_host(const std::string& url, const std::string& target) {
  const auto parsed = config::parse_url(url);
  if (!parsed.ok()) return "";
  return "http://" + parsed->host + ":" + std::to_string(parsed->port) + target;
}

}  // namespace chaos
