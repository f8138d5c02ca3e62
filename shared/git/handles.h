// libgit2's objects as owned values, and its errors as ours. Only sources that call libgit2 include
// it.
#pragma once

#include <git2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "git/repository.h"

namespace git {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Freed<Free>>;

using RepositoryHandle = Handle<git_repository, git_repository_free>;
using ReferenceHandle = Handle<git_reference, git_reference_free>;
using IteratorHandle = Handle<git_reference_iterator, git_reference_iterator_free>;
using ObjectHandle = Handle<git_object, git_object_free>;
using CommitHandle = Handle<git_commit, git_commit_free>;
using TagHandle = Handle<git_tag, git_tag_free>;
using TreeHandle = Handle<git_tree, git_tree_free>;
using EntryHandle = Handle<git_tree_entry, git_tree_entry_free>;
using BlobHandle = Handle<git_blob, git_blob_free>;
using OdbHandle = Handle<git_odb, git_odb_free>;
using IndexHandle = Handle<git_index, git_index_free>;
using WalkHandle = Handle<git_revwalk, git_revwalk_free>;
using DiffHandle = Handle<git_diff, git_diff_free>;
using PatchHandle = Handle<git_patch, git_patch_free>;
using SignatureHandle = Handle<git_signature, git_signature_free>;

// Valid as long as the repository.
[[nodiscard]] git_repository* handle_of(const Repository& repository);

struct Repository::State {
  std::string folder;
  RepositoryHandle handle;
};

// Calls `open` with a place for the new object; an empty handle when it fails.
template <class HandleType, class Open>
[[nodiscard]] HandleType take(Open&& open) {
  typename HandleType::pointer raw = nullptr;
  if (open(&raw) != 0) return {};
  return HandleType(raw);
}

[[nodiscard]] std::optional<git_oid> to_oid(std::string_view sha);
[[nodiscard]] Sha to_sha(const git_oid& oid);
// Of the call that failed just now in this thread.
[[nodiscard]] base::Error last_error(int code, const std::string& what);
[[nodiscard]] CommitHandle find_commit(git_repository* repository, const Sha& sha);
// Of a commit or the tree itself.
[[nodiscard]] TreeHandle find_tree(git_repository* repository, const Sha& sha);

}  // namespace git
