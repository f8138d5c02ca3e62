#include "gitops/revert.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "git/handles.h"

namespace gitops {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kShortest = 7;  // Of an abbreviated commit.
constexpr std::size_t kSubjectMax = 120;
// Beside each fix of our own lies its record. What happened stays on record.
constexpr std::string_view kRecords = "remediations/";

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

base::Result<git::CommitHandle> find(git_repository* repository, const std::string& commit) {
  if (commit.size() < kShortest || commit.size() > 40 || !is_hex(commit))
    return Error{ErrorCode::invalid, "revert: no name of a commit"};
  git_oid oid;
  if (git_oid_fromstrn(&oid, commit.c_str(), commit.size()) != 0)
    return Error{ErrorCode::invalid, "revert: no name of a commit"};
  auto found = git::take<git::CommitHandle>([&](git_commit** to) {
    return git_commit_lookup_prefix(to, repository, &oid, commit.size());
  });
  if (!found)
    return Error{ErrorCode::not_found, "revert " + commit + ": no such commit, or more than one"};
  return found;
}

// The index of `head` without what `commit` did to its first parent.
base::Result<git::IndexHandle> take_back(git_repository* repository, git_commit* commit,
                                         git_commit* head, const std::string& what) {
  const unsigned mainline = git_commit_parentcount(commit) > 1 ? 1 : 0;
  if (git_commit_parentcount(commit) == 0)
    return Error{ErrorCode::denied, what + ": the first commit of all"};
  git_index* raw = nullptr;
  const int code = git_revert_commit(&raw, repository, commit, head, mainline, nullptr);
  git::IndexHandle index(raw);
  if (code != 0) return git::last_error(code, what);
  if (git_index_has_conflicts(index.get()) != 0)
    return Error{ErrorCode::conflict, what + ": later commits changed the same lines"};
  return index;
}

std::string subject_of(const git_commit* commit) {
  const char* summary = git_commit_summary(const_cast<git_commit*>(commit));
  return summary == nullptr ? "" : base::clean_text(base::cut_utf8(summary, kSubjectMax));
}

base::Result<std::vector<FileWrite>> changed(git_repository* repository, const git_tree* before,
                                             git_index* after, const std::string& what) {
  const auto diff = git::take<git::DiffHandle>([&](git_diff** to) {
    return git_diff_tree_to_index(to, repository, const_cast<git_tree*>(before), after, nullptr);
  });
  if (!diff) return git::last_error(GIT_ERROR, what);
  std::vector<FileWrite> files;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta& delta = *git_diff_get_delta(diff.get(), i);
    const std::string path = delta.new_file.path;
    if (path.starts_with(kRecords)) continue;
    if (delta.status != GIT_DELTA_MODIFIED || delta.old_file.mode != delta.new_file.mode)
      return Error{ErrorCode::denied, what + ": it makes, removes or retypes " + path};
    const auto blob = git::take<git::BlobHandle>(
        [&](git_blob** to) { return git_blob_lookup(to, repository, &delta.new_file.id); });
    if (!blob) return Error{ErrorCode::corrupt, what + ": the bytes of " + path + " are missing"};
    const auto size = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
    if (size > kFileBytesMax) return Error{ErrorCode::invalid, what + ": " + path + " is over 1 MB"};
    files.push_back({path, {static_cast<const char*>(git_blob_rawcontent(blob.get())), size}});
  }
  if (files.empty())
    return Error{ErrorCode::conflict, what + ": it is taken back already, nothing would change"};
  if (files.size() >= kFilesMax)
    return Error{ErrorCode::denied, what + ": it changes more than " +
                                        std::to_string(kFilesMax - 1) + " files"};
  return files;
}

}  // namespace

base::Result<Reverted> revert_commit(const git::Repository& repository, const git::Sha& head,
                                     const std::string& commit) {
  git_repository* raw = git::handle_of(repository);
  auto found = find(raw, commit);
  if (!found) return found.error();
  const git::Sha sha = git::to_sha(*git_commit_id(found->get()));
  const std::string what = "revert " + sha.substr(0, 12);
  if (!repository.contains(head, sha))
    return Error{ErrorCode::not_found, what + ": it is not on the branch that is deployed"};
  const auto top = git::find_commit(raw, head);
  const auto tree = git::find_tree(raw, head);
  if (!top || !tree) return Error{ErrorCode::corrupt, what + ": the head cannot be read"};
  auto index = take_back(raw, found->get(), top.get(), what);
  if (!index) return index.error();
  auto files = changed(raw, tree.get(), index->get(), what);
  if (!files) return files.error();
  return Reverted{head, sha, subject_of(found->get()), *std::move(files)};
}

}  // namespace gitops
