// The repository's git through gitops::Worker, signed in as the Scribe is: by its token, or by that
// of the app's installation as it is at each call. Adapter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/scribe/pull_calls.h"
#include "base/result.h"
#include "base/time.h"
#include "github/rest_github.h"

namespace scribe {

struct WorkerGitOptions {
  std::vector<std::string> program;  // As gitops::WorkerOptions.
  std::string folder;
  int stop_fd = -1;
};

// By the proxy and the authorities of `target`, as its API. `clock` must outlive it. Errors: as make_rest_github(); invalid for an API's address whose
// repositories cannot be told.
[[nodiscard]] base::Result<std::unique_ptr<GitPort>> make_worker_git(
    const WorkerGitOptions& options, const github::RestOptions& target, const base::Clock& clock);

}  // namespace scribe
