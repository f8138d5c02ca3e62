// Many clients at once, each on one kept connection, asking as fast as they are answered. Plain
// sockets, so that the load costs the machine little beside what it measures.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "bench/numbers.h"

namespace bench {

// A request as it goes over the wire. `body`: JSON; empty for none.
[[nodiscard]] std::string make_request(std::string_view method, std::string_view path,
                                       std::string_view token, std::string_view body);

struct Load {
  Spread ms;              // From sending to the whole answer.
  double per_second = 0;  // Answers of the wanted status.
  std::size_t failed = 0;
};

// `clients` threads ask the port of this host for `span`; `make` gives the `n`-th request of client
// `client`, in its thread. Answers of another status than `wanted` count as failed.
[[nodiscard]] Load run_load(int port, int clients, base::Duration span, int wanted,
                            const std::function<std::string(int client, int n)>& make);

}  // namespace bench
