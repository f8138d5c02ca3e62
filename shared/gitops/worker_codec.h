// The talk between Worker and its child, as JSON: docs/formats/gitops.md. Files travel as base64,
// so that every byte arrives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gitops/repository.h"

namespace gitops {

enum class Verb { read, revert, propose, fix_branches, remove };

struct WorkerRequest {
  Verb verb = Verb::fix_branches;
  std::string folder;
  Remote remote;
  std::string branch;                // read, revert, remove.
  std::string path;                  // read.
  std::vector<std::string> allowed;  // read, revert.
  git::Sha expected;                 // remove; revert: the commit, maybe abbreviated.
  CommitPlan plan;                   // propose.
};

struct WorkerAnswer {
  std::optional<base::Error> error;
  FileAt file;                     // read.
  Reverted reverted;               // revert.
  git::Sha sha;                    // propose.
  std::vector<BranchAt> branches;  // fix_branches.
};

[[nodiscard]] std::string encode_request(const WorkerRequest& request);
// Errors: invalid.
[[nodiscard]] base::Result<WorkerRequest> decode_request(std::string_view text);
[[nodiscard]] std::string encode_answer(const WorkerAnswer& answer);
// Errors: invalid.
[[nodiscard]] base::Result<WorkerAnswer> decode_answer(std::string_view text);

}  // namespace gitops
