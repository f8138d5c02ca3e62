// HTTP requests to services from outside, one connection each. Adapter.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "engine/http_client.h"

namespace chaos {

// `url` is http://host[:port]/target. Errors: invalid (another url), unavailable, timeout.
[[nodiscard]] base::Result<engine::HttpAnswer> web_get(const std::string& url,
                                                       base::Duration deadline);
[[nodiscard]] base::Result<engine::HttpAnswer> web_post(const std::string& url,
                                                        base::Duration deadline);
// "http://host:port" of `url` followed by `target`; empty when `url` is no address.
[[nodiscard]] std::string on_same_host(const std::string& url, const std::string& target);

}  // namespace chaos
