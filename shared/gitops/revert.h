// What taking back one commit makes of the files, computed as git itself would. libgit2 stays within
// the source.
#pragma once

#include <string>

#include "base/result.h"
#include "git/repository.h"
#include "gitops/repository.h"

namespace gitops {

// `commit` by 7 to 40 hex digits; of a merge what it brought to its first parent. Records below
// remediations/ are left as they are. Errors: invalid;
// not_found (no such commit, more than one, or not in the history of `head`); conflict (later
// commits changed the same lines, or it is taken back already); denied (it makes or removes files,
// or changes more than 3).
[[nodiscard]] base::Result<Reverted> revert_commit(const git::Repository& repository,
                                                   const git::Sha& head, const std::string& commit);

}  // namespace gitops
