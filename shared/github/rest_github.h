// GitHub over its REST API, by cpp-httplib: api.github.com, an Enterprise server or the embedded
// forge, by address alone. Bounded: every wait has a time-out, answers end at 8 MB, lists at 100
// pages; redirects are never followed (they would carry the token elsewhere).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "github/github.h"

namespace github {

struct RestOptions {
  std::string api;  // "http://127.0.0.1:7081", "https://api.github.com", "https://host/api/v3"
  std::string repository;  // "owner/name"
  std::string token;
  base::Duration connect_within = std::chrono::seconds(3);
  base::Duration answer_within = std::chrono::seconds(10);  // Of one call, each silence and in all.
};

// Connects at the first call only. Not thread-safe. Ignores SIGPIPE for the process.
// Errors: invalid (address, repository or token not of the right form; the token is never named).
[[nodiscard]] base::Result<std::unique_ptr<Github>> make_rest_github(const RestOptions& options,
                                                                     const base::Clock& clock);

}  // namespace github
