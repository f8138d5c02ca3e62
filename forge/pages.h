// Serves the forge's pages to people on this machine: reading takes no token; who signs in with one
// also comments, labels, reacts, closes and reopens, by the API's own rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "forge/forge.h"
#include "forge/page.h"
#include "forge/sessions.h"
#include "http/router.h"

namespace git {
class Repository;
}

namespace forge {

class Api;
class SqliteStore;

// Not thread-safe; store, repository, API and clock outlive it.
class Pages {
 public:
  Pages(const Options& options, SqliteStore& store, const git::Repository& git, Api& api,
        const base::Clock& clock);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  // Peers outside of this machine, and names that only resolve to it, get 403.
  [[nodiscard]] http::Response handle(const http::Request& request);

 private:
  [[nodiscard]] http::Response show_list(const http::Request& request, const http::Params& params,
                                         bool is_pulls);
  [[nodiscard]] http::Response show_thread(const http::Request& request,
                                           const http::Params& params);
  [[nodiscard]] http::Response show_raw(const http::Params& params);
  [[nodiscard]] PullSide read_pull(const Repository& repository, const Issue& issue);
  [[nodiscard]] http::Response sign_in(const http::Request& request);
  [[nodiscard]] http::Response sign_out(const http::Request& request);
  [[nodiscard]] http::Response comment(const http::Params& params, const http::Pairs& fields,
                                       const Session& session);
  [[nodiscard]] http::Response label(const http::Params& params, const http::Pairs& fields,
                                     const Session& session);
  [[nodiscard]] http::Response merge(const http::Params& params, const http::Pairs& fields,
                                     const Session& session);
  [[nodiscard]] http::Response react(const http::Params& params, const http::Pairs& fields,
                                     const Session& session);
  // Does what a form asks for, when it comes from our own page and somebody is signed in.
  void add_deed(std::string_view name,
                http::Response (Pages::*deed)(const http::Params&, const http::Pairs&,
                                              const Session&));
  // Asks the API in the person's name; an answer means it was refused.
  [[nodiscard]] std::optional<http::Response> ask(const Session& session, std::string_view method,
                                                  const std::string& path, std::string body);
  [[nodiscard]] Viewer viewer_of(const http::Request& request) const;
  [[nodiscard]] bool is_local(const http::Request& request) const;

  SqliteStore& store_;
  const git::Repository& git_;
  Api& api_;
  const base::Clock& clock_;
  Sessions sessions_;
  const std::string address_;
  const std::string repository_;
  const std::string policy_;
  http::Router router_;
};

}  // namespace forge
