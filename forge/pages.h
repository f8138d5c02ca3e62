// Serves the forge's pages to people on this machine: read-only, no token.
#pragma once

#include <string>

#include "forge/forge.h"
#include "http/router.h"

namespace forge {

class SqliteStore;

// Not thread-safe; the store outlives it.
class Pages {
 public:
  Pages(const Options& options, SqliteStore& store);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  // Peers outside of this machine, and names that only resolve to it, get 403.
  [[nodiscard]] http::Response handle(const http::Request& request);

 private:
  [[nodiscard]] http::Response show_list(const http::Request& request, const http::Params& params);
  [[nodiscard]] http::Response show_thread(const http::Params& params);
  [[nodiscard]] bool is_local(const http::Request& request) const;

  SqliteStore& store_;
  const std::string address_;
  const std::string repository_;
  const std::string policy_;
  http::Router router_;
};

}  // namespace forge
