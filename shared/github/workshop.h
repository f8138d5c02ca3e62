// What tier 3 does on GitHub besides issues: pull requests, workflow runs, assignments, commit
// statuses. A port; the real one speaks REST.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "github/github.h"
#include "github/pulls.h"

namespace github {

struct RestOptions;

struct Run {
  std::string url, title;
};

// A git remote and what it takes to sign in there.
struct Remote {
  std::string url;
  std::string password;  // Empty: none.
};

// Errors as Github's. Not thread-safe.
class Workshop {
 public:
  virtual ~Workshop() = default;
  virtual Result<Pull> open_pull(const NewPull& pull) = 0;
  virtual Result<Pull> get_pull(std::int64_t number) = 0;
  // The newest one of that branch, in any state; nothing: there is none.
  virtual Result<std::optional<Pull>> find_pull(const std::string& head) = 0;
  virtual Status dispatch(const std::string& workflow, const std::string& ref,
                          const std::map<std::string, std::string>& inputs) = 0;
  // The newest runs of the workflow that were dispatched, 30 at most.
  virtual Result<std::vector<Run>> list_runs(const std::string& workflow) = 0;
  virtual Status assign(std::int64_t issue, const std::string& login) = 0;
  // `state`: error | failure | pending | success.
  virtual Status set_status(const std::string& sha, const std::string& state,
                            const std::string& context, const std::string& description) = 0;
  virtual Result<Remote> remote() = 0;
};

// `clock` must outlive it. Errors: as make_rest_github().
[[nodiscard]] base::Result<std::unique_ptr<Workshop>> make_rest_workshop(const RestOptions& options,
                                                                         const base::Clock& clock);

}  // namespace github
