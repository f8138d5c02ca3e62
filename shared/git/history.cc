// How commits relate: logs, comparison, differences, merging.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "git/handles.h"

namespace git {
namespace {

constexpr std::size_t kFilesMax = 300;
constexpr std::size_t kPatchMax = 64U << 10U;
constexpr git_off_t kDiffedFileMax = 1 << 20;

std::string_view status_word(git_delta_t status) {
  switch (status) {
    case GIT_DELTA_ADDED:
      return "added";
    case GIT_DELTA_DELETED:
      return "removed";
    case GIT_DELTA_RENAMED:
      return "renamed";
    case GIT_DELTA_COPIED:
      return "copied";
    case GIT_DELTA_UNMODIFIED:
    case GIT_DELTA_MODIFIED:
    case GIT_DELTA_IGNORED:
    case GIT_DELTA_UNTRACKED:
    case GIT_DELTA_TYPECHANGE:
    case GIT_DELTA_UNREADABLE:
    case GIT_DELTA_CONFLICTED:
      break;
  }
  return "modified";
}

// The patch without its head, which git writes before the first "@@".
std::optional<std::string> patch_text(git_patch* patch) {
  if (git_patch_num_hunks(patch) == 0) return std::nullopt;
  git_buf buffer = GIT_BUF_INIT;
  std::optional<std::string> text;
  if (git_patch_to_buf(&buffer, patch) == 0) {
    const std::string_view whole(buffer.ptr, buffer.size);
    const std::size_t start = whole.find("\n@@");
    if (start != whole.npos && whole.size() - start <= kPatchMax) text = whole.substr(start + 1);
  }
  git_buf_dispose(&buffer);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

FileChange to_change(git_diff* diff, std::size_t at) {
  const git_diff_delta* delta = git_diff_get_delta(diff, at);
  FileChange change;
  const bool is_gone = delta->status == GIT_DELTA_DELETED;
  change.path = is_gone ? delta->old_file.path : delta->new_file.path;
  change.status = status_word(delta->status);
  change.sha = to_sha(is_gone ? delta->old_file.id : delta->new_file.id);
  if (delta->status == GIT_DELTA_RENAMED) change.previous_path = delta->old_file.path;
  const auto patch =
      take<PatchHandle>([&](git_patch** to) { return git_patch_from_diff(to, diff, at); });
  if (!patch) return change;
  std::size_t added = 0;
  std::size_t removed = 0;
  git_patch_line_stats(nullptr, &added, &removed, patch.get());
  change.additions = static_cast<int>(added);
  change.deletions = static_cast<int>(removed);
  change.patch = patch_text(patch.get());
  return change;
}

// Whether the commit has something else at `path` than its first parent.
bool touches(const Repository& repository, const Commit& commit, const std::string& path) {
  const auto now = repository.entry(commit.sha, path);
  if (commit.parents.empty()) return now.has_value();
  const auto before = repository.entry(commit.parents.front(), path);
  if (now.has_value() != before.has_value()) return true;
  return now && (now->sha != before->sha || now->mode != before->mode);
}

bool fits(const Repository& repository, const Commit& commit, const LogQuery& query) {
  if (query.since && commit.committer.at < *query.since) return false;
  if (query.until && commit.committer.at > *query.until) return false;
  return query.path.empty() || touches(repository, commit, query.path);
}

// Errors: conflict (by people), not_found, unavailable.
base::Result<IndexHandle> merge_in_memory(git_repository* repository, const Sha& ours,
                                          const Sha& theirs) {
  const CommitHandle our = find_commit(repository, ours);
  const CommitHandle their = find_commit(repository, theirs);
  const std::string what = "merge " + theirs + " into " + ours;
  if (!our || !their) return base::Error{base::ErrorCode::not_found, what + ": no such commit"};
  const git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  git_index* raw = nullptr;
  const int code = git_merge_commits(&raw, repository, our.get(), their.get(), &options);
  IndexHandle index(raw);
  if (code == GIT_EMERGECONFLICT || (code == 0 && git_index_has_conflicts(raw) != 0)) {
    return base::Error{base::ErrorCode::conflict, what + ": both changed the same lines"};
  }
  if (code != 0) return last_error(code, what);
  return index;
}

}  // namespace

Log Repository::log(const LogQuery& query) const {
  Log log;
  const auto from = to_oid(query.from);
  const auto walk =
      take<WalkHandle>([&](git_revwalk** to) { return git_revwalk_new(to, state_->handle.get()); });
  if (!from || !walk) return log;
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  if (git_revwalk_push(walk.get(), &*from) != 0) return log;
  if (const auto hidden = to_oid(query.without.value_or(""))) {
    git_revwalk_hide(walk.get(), &*hidden);
  }
  const bool is_plain = query.path.empty() && !query.since && !query.until;
  git_oid oid;
  while (git_revwalk_next(&oid, walk.get()) == 0) {
    const bool is_on_page = log.total >= query.offset && log.total < query.offset + query.limit;
    if (is_plain && !is_on_page) {
      ++log.total;
      continue;
    }
    auto found = commit(to_sha(oid));
    if (!found || !fits(*this, *found, query)) continue;
    if (is_on_page) log.commits.push_back(std::move(*found));
    ++log.total;
  }
  return log;
}

Divergence Repository::compare(const Sha& base, const Sha& head) const {
  Divergence result;
  const auto from = to_oid(base);
  const auto to = to_oid(head);
  if (!from || !to) return result;
  git_oid common;
  if (git_merge_base(&common, state_->handle.get(), &*from, &*to) == 0) {
    result.merge_base = to_sha(common);
  }
  std::size_t ahead = 0;
  std::size_t behind = 0;
  git_graph_ahead_behind(&ahead, &behind, state_->handle.get(), &*to, &*from);
  result.ahead = static_cast<int>(ahead);
  result.behind = static_cast<int>(behind);
  return result;
}

bool Repository::contains(const Sha& descendant, const Sha& ancestor) const {
  if (descendant == ancestor) return true;
  const auto later = to_oid(descendant);
  const auto earlier = to_oid(ancestor);
  return later && earlier && git_graph_descendant_of(state_->handle.get(), &*later, &*earlier) == 1;
}

std::vector<FileChange> Repository::changes(const Sha& base, const Sha& head) const {
  std::vector<FileChange> changes;
  const TreeHandle before = base.empty() ? TreeHandle() : find_tree(state_->handle.get(), base);
  const TreeHandle after = find_tree(state_->handle.get(), head);
  if (!after) return changes;
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.max_size = kDiffedFileMax;
  const auto diff = take<DiffHandle>([&](git_diff** to) {
    return git_diff_tree_to_tree(to, state_->handle.get(), before.get(), after.get(), &options);
  });
  if (!diff) return changes;
  git_diff_find_options renames = GIT_DIFF_FIND_OPTIONS_INIT;
  renames.flags = GIT_DIFF_FIND_RENAMES;
  renames.rename_limit = kFilesMax;
  git_diff_find_similar(diff.get(), &renames);
  const std::size_t count = std::min(git_diff_num_deltas(diff.get()), kFilesMax);
  for (std::size_t i = 0; i < count; ++i) changes.push_back(to_change(diff.get(), i));
  return changes;
}

bool Repository::merges_cleanly(const Sha& ours, const Sha& theirs) const {
  return merge_in_memory(state_->handle.get(), ours, theirs).ok();
}

base::Result<Sha> Repository::merge(const Sha& ours, const Sha& theirs) {
  const auto index = merge_in_memory(state_->handle.get(), ours, theirs);
  if (!index) return index.error();
  git_oid oid;
  const int code = git_index_write_tree_to(&oid, index->get(), state_->handle.get());
  if (code != 0) return last_error(code, "merge " + theirs + " into " + ours);
  return to_sha(oid);
}

}  // namespace git
