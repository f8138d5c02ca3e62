// What may move a branch, and what follows when one has moved: pull requests follow their branches,
// webhooks are told. The file remembers where each ref stood when last told, so that nothing is
// missed whoever moved it, not even over a crash.
#pragma once

#include <optional>
#include <string>

#include "forge/endpoints.h"
#include "forge/git_model.h"
#include "git/model.h"

namespace forge {

struct RefMove {
  std::string ref;  // Whole.
  git::Sha from;    // Empty: it is made.
  git::Sha to;      // Empty: it is removed.
};

// Why the branch's protection forbids it; nothing when it may be. Nobody is exempt.
[[nodiscard]] std::optional<std::string> forbid_move(SqliteStore& store, const Call& call,
                                                     const RefMove& move);
// Compares the repository with what was told last and tells the difference in the caller's name.
void note_refs(SqliteStore& store, const Call& call);
void announce_pull(const Call& call, std::string action, int number, nlohmann::json extra = {});
// Marks it merged and closed, by the caller.
void mark_merged(SqliteStore& store, const Call& call, Pull& pull, const git::Sha& merge);
// Where the forge notes the commit that merges a pull request, before the base is moved to it.
[[nodiscard]] std::string merge_mark(int number);
[[nodiscard]] std::string pull_ref(int number);  // "refs/pull/7/head".

}  // namespace forge
