// One bare git repository, read and written with libgit2, without a working tree. No libgit2 type
// appears here. Objects and refs are durable when a call returns.
// Sources of the traps it avoids: DEPENDENCIES.md (libgit2 1.5).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/model.h"

struct git_repository;

namespace git {

// Not thread-safe; git's own programs may work on the same folder at the same time. Shas that come
// from outside need no check: one that is none is not found.
class Repository {
 public:
  // Creates the folder with one commit by `founder` on main when absent. Errors: unavailable,
  // corrupt (there is something else).
  [[nodiscard]] static base::Result<std::unique_ptr<Repository>> open(const std::string& folder,
                                                                      const Person& founder,
                                                                      std::string_view title);
  // A bare folder without any commit, made when absent: for a copy of a repository elsewhere.
  // Errors: as open().
  [[nodiscard]] static base::Result<std::unique_ptr<Repository>> open_mirror(
      const std::string& folder);
  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  [[nodiscard]] const std::string& folder() const;

  // ---- Refs. `name` is whole. ----
  [[nodiscard]] std::vector<Ref> refs(std::string_view prefix) const;  // By name.
  [[nodiscard]] std::optional<Ref> find_ref(std::string_view name) const;
  // Errors: conflict (it exists, or a ref is in its way), not_found (no such object), unavailable.
  [[nodiscard]] base::Status create_ref(const std::string& name, const Sha& sha);
  // Errors: conflict (it is not at `expected` any more), not_found, unavailable.
  [[nodiscard]] base::Status move_ref(const std::string& name, const Sha& sha, const Sha& expected);
  [[nodiscard]] base::Status remove_ref(const std::string& name, const Sha& expected);
  // A branch, a tag, "heads/x", "tags/x", "refs/…" or a sha to its commit.
  [[nodiscard]] std::optional<Sha> resolve(std::string_view name) const;

  // ---- Objects ----
  [[nodiscard]] std::optional<Commit> commit(const Sha& sha) const;
  // `draft.sha` is ignored. Errors: not_found (tree or parent), unavailable.
  [[nodiscard]] base::Result<Sha> add_commit(const Commit& draft);
  [[nodiscard]] std::optional<Tag> tag(const Sha& sha) const;
  // `draft.sha` and `type` are ignored; no ref is made. Errors: not_found (the object), invalid
  // (the name), unavailable.
  [[nodiscard]] base::Result<Sha> add_tag(const Tag& draft);
  // Of a tree or a commit; folders nested deeper than 64 are left out. Errors: not_found.
  [[nodiscard]] base::Result<std::vector<TreeEntry>> tree(const Sha& sha, bool is_recursive) const;
  [[nodiscard]] std::optional<Sha> tree_of(const Sha& sha) const;  // Of a commit; a tree's own.
  // The entry at `path`, its path whole; empty path: the root tree.
  [[nodiscard]] std::optional<TreeEntry> entry(const Sha& commit, const std::string& path) const;
  // At most 100 MB; a longer one is not found.
  [[nodiscard]] std::optional<std::string> blob(const Sha& sha) const;
  [[nodiscard]] base::Result<Sha> add_blob(std::string_view bytes);
  // `base` empty: from nothing. Errors: invalid (a path or mode), not_found (an object).
  [[nodiscard]] base::Result<Sha> add_tree(const Sha& base, const std::vector<TreeEdit>& edits);

  // ---- History ----
  [[nodiscard]] Log log(const LogQuery& query) const;
  [[nodiscard]] Divergence compare(const Sha& base, const Sha& head) const;
  [[nodiscard]] bool contains(const Sha& descendant, const Sha& ancestor) const;  // Or the same.
  // What `head` has and `base` has not; base empty: everything is new. At most 300 files.
  [[nodiscard]] std::vector<FileChange> changes(const Sha& base, const Sha& head) const;
  // The tree of both merged. Errors: conflict (by people), not_found, unavailable.
  [[nodiscard]] bool merges_cleanly(const Sha& ours, const Sha& theirs) const;
  [[nodiscard]] base::Result<Sha> merge(const Sha& ours, const Sha& theirs);

 private:
  friend git_repository* handle_of(const Repository& repository);
  struct State;
  explicit Repository(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace git
