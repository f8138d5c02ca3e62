// One HTTPS request through a proxy's CONNECT, by Boost.Beast. The proxy learns the host alone, and
// GitHub does not learn the proxy's password. Adapter.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "github/address.h"

namespace github {

struct TunnelRequest {
  std::string method, target;  // Target: path and query.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct TunnelReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const;  // Any case; empty: absent.
};

// Why there is no reply.
struct TunnelFailure {
  std::string reason;
  bool sent = false;    // Some of the request may have been read by GitHub.
  bool denied = false;  // The proxy wants another user or password.
};

// A connection of its own, ended after the reply; `within` bounds it all, `body_max` the reply's
// body. `ca_file` as in LineOptions. `failure` is set when nothing comes back.
[[nodiscard]] std::optional<TunnelReply> ask_through(const Proxy& proxy, const Address& address,
                                                     const std::string& ca_file,
                                                     const TunnelRequest& request,
                                                     base::Duration within, std::size_t body_max,
                                                     TunnelFailure& failure);

}  // namespace github
