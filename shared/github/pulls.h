// Pull requests of one repository in our words: the port through which the Scribe opens, watches
// and merges its own. Git objects and branches go another way (shared/gitops). The real one is
// make_rest_pulls(); tests also use fakes::FakeGithub.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "github/github.h"

namespace github {

struct RestOptions;

struct Pull {
  std::int64_t number = 0;
  std::string state;  // "open" | "closed"
  std::string title, body;
  std::string author;      // Login.
  std::string url;         // For people.
  std::string head_owner;  // Login; empty when the fork it came from is gone.
  std::string head_branch, head;
  std::string base_branch;
  bool merged = false;
  std::string merge_commit;  // On the base branch; only when merged.
};

struct NewPull {
  std::string title, body;
  std::string head, base;  // Branches.
};

enum class CheckState { pending, green, red };
[[nodiscard]] std::string_view to_string(CheckState state);
struct Check {
  std::string name;
  CheckState state = CheckState::pending;
};

// Errors as Github's, and those named.
class Pulls {
 public:
  virtual ~Pulls() = default;
  // Errors: invalid (there is one of these branches, open; a branch that does not exist; no
  // difference between the two).
  virtual Result<Pull> open_pull(const NewPull& pull) = 0;
  // From this branch of the repository itself, in any state, newest first; at most 100.
  virtual Result<std::vector<Pull>> list_pulls(const std::string& head_branch) = 0;
  virtual Result<Pull> get_pull(std::int64_t number) = 0;
  // As one commit with this title, which it answers. Errors: conflict (its head is not `head`),
  // invalid (not open, required checks not green, conflicts with the base).
  virtual Result<std::string> merge_pull(std::int64_t number, const std::string& head,
                                         const std::string& title) = 0;
  // Latest statuses and check runs of a commit, by name; where both are of one name, both.
  virtual Result<std::vector<Check>> list_checks(const std::string& sha) = 0;
  // Names; none for a branch that is not protected or does not exist.
  virtual Result<std::vector<std::string>> required_checks(const std::string& branch) = 0;
};

// All that must be green is; when nothing must, all that was reported is. `waits_for` is for
// people: "check lint is red"; empty when green. Pure.
struct Verdict {
  bool is_green = false;
  std::string waits_for;
};
[[nodiscard]] Verdict judge_checks(const std::vector<Check>& checks,
                                   const std::vector<std::string>& required);

// Not thread-safe. Errors: as make_rest_github().
[[nodiscard]] base::Result<std::unique_ptr<Pulls>> make_rest_pulls(const RestOptions& options,
                                                                   const base::Clock& clock);

}  // namespace github
