// Commits, trees and blobs.
#include <algorithm>
#include <utility>

#include "git/handles.h"
#include "git/names.h"

namespace git {
namespace {

constexpr std::size_t kBlobMax = 100U << 20U;  // Bytes, as on GitHub; longer ones only git serves.
constexpr git_time_t kLastSecond = 253402300799;  // Of the year 9999: no calendar knows later ones.

Person to_person(const git_signature* signature) {
  const git_time_t seconds = std::clamp<git_time_t>(signature->when.time, 0, kLastSecond);
  return {signature->name, signature->email, base::wall_from_ms(seconds * 1000)};
}

SignatureHandle to_signature(const Person& person) {
  return take<SignatureHandle>([&](git_signature** to) {
    const git_time_t seconds = base::to_ms(person.at) / 1000;
    return git_signature_new(to, person.name.c_str(), person.email.c_str(), seconds, 0);
  });
}

std::string mode_text(git_filemode_t mode) {
  switch (mode) {
    case GIT_FILEMODE_TREE:
      return "040000";
    case GIT_FILEMODE_BLOB_EXECUTABLE:
      return "100755";
    case GIT_FILEMODE_LINK:
      return "120000";
    case GIT_FILEMODE_COMMIT:
      return "160000";
    case GIT_FILEMODE_UNREADABLE:
    case GIT_FILEMODE_BLOB:
      break;
  }
  return "100644";
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
  if (text == "100644") return GIT_FILEMODE_BLOB;
  if (text == "100755") return GIT_FILEMODE_BLOB_EXECUTABLE;
  if (text == "120000") return GIT_FILEMODE_LINK;
  if (text == "160000") return GIT_FILEMODE_COMMIT;
  if (text == "040000" || text == "40000") return GIT_FILEMODE_TREE;
  return std::nullopt;
}

TreeEntry to_entry(git_repository* repository, const git_tree_entry* from, std::string path) {
  TreeEntry entry;
  entry.path = std::move(path);
  entry.mode = mode_text(git_tree_entry_filemode(from));
  entry.type = git_object_type2string(git_tree_entry_type(from));
  entry.sha = to_sha(*git_tree_entry_id(from));
  if (git_tree_entry_type(from) != GIT_OBJECT_BLOB) return entry;
  const auto odb =
      take<OdbHandle>([&](git_odb** to) { return git_repository_odb(to, repository); });
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (odb && git_odb_read_header(&size, &type, odb.get(), git_tree_entry_id(from)) == 0) {
    entry.size = size;
  }
  return entry;
}

// What lies deeper than kDepthMax is left out: whoever pushes decides how deep a tree is.
void list_tree(git_repository* repository, const git_tree* tree, const std::string& prefix,
               std::size_t depth, std::vector<TreeEntry>& to) {
  for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
    const git_tree_entry* from = git_tree_entry_byindex(tree, i);
    const std::string path = prefix + git_tree_entry_name(from);
    to.push_back(to_entry(repository, from, path));
    if (depth == 0 || git_tree_entry_type(from) != GIT_OBJECT_TREE) continue;
    const auto below = take<TreeHandle>(
        [&](git_tree** sub) { return git_tree_lookup(sub, repository, git_tree_entry_id(from)); });
    if (below) list_tree(repository, below.get(), path + "/", depth - 1, to);
  }
}

bool is_shallow(git_repository* repository, const git_tree* tree, std::size_t depth) {
  for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) continue;
    const auto below = take<TreeHandle>(
        [&](git_tree** sub) { return git_tree_lookup(sub, repository, git_tree_entry_id(entry)); });
    if (depth == 0 || (below && !is_shallow(repository, below.get(), depth - 1))) return false;
  }
  return true;
}

base::Error refuse(base::ErrorCode code, const TreeEdit& edit, const char* why) {
  return {code, "tree entry " + std::string(edit.path.substr(0, 100)) + ": " + why};
}

base::Status put_entry(git_index* index, const std::string& path, std::uint32_t mode,
                       const git_oid& oid) {
  git_index_entry entry{};
  entry.mode = mode;
  entry.id = oid;
  entry.path = path.c_str();
  if (const int code = git_index_add(index, &entry); code != 0) {
    return base::Error{base::ErrorCode::invalid, last_error(code, "tree entry " + path).message};
  }
  return {};
}

// Takes away a file, or all below a folder.
void take_away(git_index* index, const std::string& path) {
  git_index_remove(index, path.c_str(), 0);
  git_index_remove_directory(index, path.c_str(), 0);
}

base::Status apply(git_repository* repository, git_index* index, const TreeEdit& edit) {
  if (!is_tree_path(edit.path)) return refuse(base::ErrorCode::invalid, edit, "no such path");
  if (!edit.sha) {
    take_away(index, edit.path);
    return {};
  }
  const auto mode = parse_mode(edit.mode);
  const auto oid = to_oid(*edit.sha);
  if (!mode) return refuse(base::ErrorCode::invalid, edit, "no such mode");
  if (!oid) return refuse(base::ErrorCode::not_found, edit, "no such object");
  if (*mode == GIT_FILEMODE_TREE) {
    const TreeHandle tree = find_tree(repository, *edit.sha);
    if (!tree) return refuse(base::ErrorCode::not_found, edit, "no such tree");
    if (!is_shallow(repository, tree.get(), kDepthMax)) {
      return refuse(base::ErrorCode::invalid, edit, "folders nested too deep");
    }
    take_away(index, edit.path);
    std::vector<TreeEntry> entries;
    list_tree(repository, tree.get(), edit.path + "/", kDepthMax, entries);
    for (const TreeEntry& one : entries) {
      if (one.type == "tree") continue;
      base::Status put = put_entry(index, one.path, *parse_mode(one.mode), *to_oid(one.sha));
      if (!put.ok()) return put;
    }
    return {};
  }
  const auto blob =
      take<BlobHandle>([&](git_blob** to) { return git_blob_lookup(to, repository, &*oid); });
  if (!blob && *mode != GIT_FILEMODE_COMMIT) {
    return refuse(base::ErrorCode::not_found, edit, "no such blob");
  }
  git_index_remove_directory(index, edit.path.c_str(), 0);
  return put_entry(index, edit.path, *mode, *oid);
}

}  // namespace

std::optional<Commit> Repository::commit(const Sha& sha) const {
  const CommitHandle handle = find_commit(state_->handle.get(), sha);
  if (!handle) return std::nullopt;
  Commit commit;
  commit.sha = sha;
  commit.tree = to_sha(*git_commit_tree_id(handle.get()));
  for (unsigned i = 0; i < git_commit_parentcount(handle.get()); ++i) {
    commit.parents.push_back(to_sha(*git_commit_parent_id(handle.get(), i)));
  }
  commit.author = to_person(git_commit_author(handle.get()));
  commit.committer = to_person(git_commit_committer(handle.get()));
  commit.message = git_commit_message(handle.get());
  return commit;
}

base::Result<Sha> Repository::add_commit(const Commit& draft) {
  const TreeHandle tree = find_tree(state_->handle.get(), draft.tree);
  if (!tree) return base::Error{base::ErrorCode::not_found, "commit: no tree " + draft.tree};
  std::vector<CommitHandle> owned;
  std::vector<const git_commit*> parents;
  for (const Sha& sha : draft.parents) {
    owned.push_back(find_commit(state_->handle.get(), sha));
    if (!owned.back()) return base::Error{base::ErrorCode::not_found, "commit: no parent " + sha};
    parents.push_back(owned.back().get());
  }
  const SignatureHandle author = to_signature(draft.author);
  const SignatureHandle committer = to_signature(draft.committer);
  if (!author || !committer) {
    return base::Error{base::ErrorCode::invalid, "commit: author or committer has no name"};
  }
  git_oid oid;
  const int code =
      git_commit_create(&oid, state_->handle.get(), nullptr, author.get(), committer.get(), nullptr,
                        draft.message.c_str(), tree.get(), parents.size(), parents.data());
  if (code != 0) return last_error(code, "commit");
  return to_sha(oid);
}

std::optional<Tag> Repository::tag(const Sha& sha) const {
  const auto oid = to_oid(sha);
  if (!oid) return std::nullopt;
  const auto found = take<TagHandle>(
      [&](git_tag** to) { return git_tag_lookup(to, state_->handle.get(), &*oid); });
  if (!found) return std::nullopt;
  Tag tag;
  tag.sha = sha;
  tag.name = git_tag_name(found.get());
  if (const git_signature* tagger = git_tag_tagger(found.get())) tag.tagger = to_person(tagger);
  if (const char* message = git_tag_message(found.get())) tag.message = message;
  tag.object = to_sha(*git_tag_target_id(found.get()));
  tag.type = git_object_type2string(git_tag_target_type(found.get()));
  return tag;
}

base::Result<Sha> Repository::add_tag(const Tag& draft) {
  const auto oid = to_oid(draft.object);
  const auto object = take<ObjectHandle>([&](git_object** to) {
    return oid ? git_object_lookup(to, state_->handle.get(), &*oid, GIT_OBJECT_ANY) : GIT_ENOTFOUND;
  });
  if (!object) return base::Error{base::ErrorCode::not_found, "tag: no object " + draft.object};
  const SignatureHandle tagger = to_signature(draft.tagger);
  if (!tagger) return base::Error{base::ErrorCode::invalid, "tag: the tagger has no name"};
  git_oid made;
  const int code = git_tag_annotation_create(&made, state_->handle.get(), draft.name.c_str(),
                                             object.get(), tagger.get(), draft.message.c_str());
  if (code != 0) return last_error(code, "tag " + draft.name);
  return to_sha(made);
}

base::Result<std::vector<TreeEntry>> Repository::tree(const Sha& sha, bool is_recursive) const {
  const TreeHandle tree = find_tree(state_->handle.get(), sha);
  if (!tree) return base::Error{base::ErrorCode::not_found, "read tree: no " + sha};
  std::vector<TreeEntry> entries;
  list_tree(state_->handle.get(), tree.get(), "", is_recursive ? kDepthMax : 0, entries);
  return entries;
}

std::optional<Sha> Repository::tree_of(const Sha& sha) const {
  const TreeHandle tree = find_tree(state_->handle.get(), sha);
  if (!tree) return std::nullopt;
  return to_sha(*git_tree_id(tree.get()));
}

std::optional<TreeEntry> Repository::entry(const Sha& commit, const std::string& path) const {
  const TreeHandle tree = find_tree(state_->handle.get(), commit);
  if (!tree) return std::nullopt;
  if (path.empty()) return TreeEntry{"", "040000", "tree", to_sha(*git_tree_id(tree.get())), {}};
  const auto found = take<EntryHandle>(
      [&](git_tree_entry** to) { return git_tree_entry_bypath(to, tree.get(), path.c_str()); });
  if (!found) return std::nullopt;
  return to_entry(state_->handle.get(), found.get(), path);
}

std::optional<std::string> Repository::blob(const Sha& sha) const {
  const auto oid = to_oid(sha);
  const auto odb =
      take<OdbHandle>([&](git_odb** to) { return git_repository_odb(to, state_->handle.get()); });
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const bool is_there = oid && odb && git_odb_read_header(&size, &type, odb.get(), &*oid) == 0;
  if (!is_there || type != GIT_OBJECT_BLOB || size > kBlobMax) return std::nullopt;
  const auto blob = take<BlobHandle>(
      [&](git_blob** to) { return git_blob_lookup(to, state_->handle.get(), &*oid); });
  if (!blob) return std::nullopt;
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                     static_cast<std::size_t>(git_blob_rawsize(blob.get())));
}

base::Result<Sha> Repository::add_blob(std::string_view bytes) {
  git_oid oid;
  const int code =
      git_blob_create_from_buffer(&oid, state_->handle.get(), bytes.data(), bytes.size());
  if (code != 0) return last_error(code, "store a blob");
  return to_sha(oid);
}

base::Result<Sha> Repository::add_tree(const Sha& base, const std::vector<TreeEdit>& edits) {
  const auto index = take<IndexHandle>([](git_index** to) { return git_index_new(to); });
  if (!index) return last_error(GIT_ERROR, "build a tree");
  if (!base.empty()) {
    const TreeHandle tree = find_tree(state_->handle.get(), base);
    if (!tree) return base::Error{base::ErrorCode::not_found, "build a tree: no base " + base};
    if (!is_shallow(state_->handle.get(), tree.get(), kDepthMax)) {
      return base::Error{base::ErrorCode::invalid,
                         "build a tree: folders in " + base + " are nested too deep"};
    }
    if (const int code = git_index_read_tree(index.get(), tree.get()); code != 0) {
      return last_error(code, "build a tree from " + base);
    }
  }
  for (const TreeEdit& edit : edits) {
    if (base::Status done = apply(state_->handle.get(), index.get(), edit); !done.ok()) {
      return done.error();
    }
  }
  git_oid oid;
  const int code = git_index_write_tree_to(&oid, index.get(), state_->handle.get());
  if (code != 0) return last_error(code, "write a tree");
  return to_sha(oid);
}

}  // namespace git
