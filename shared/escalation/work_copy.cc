#include "escalation/work_copy.h"

#include <git2.h>

#include <memory>

#include "gitops/paths.h"

namespace escalation {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kFilesMax = 100, kPatchMax = 1 << 20, kPullFilesMax = 500;

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* one) const { Free(one); }
};
template <class T, void (*Free)(T*)>
using Held = std::unique_ptr<T, Freed<T, Free>>;
using Repository = Held<git_repository, git_repository_free>;
using Tree = Held<git_tree, git_tree_free>;
using Commit = Held<git_commit, git_commit_free>;
using Index = Held<git_index, git_index_free>;
using Diff = Held<git_diff, git_diff_free>;
using GitRemote = Held<git_remote, git_remote_free>;
using Signature = Held<git_signature, git_signature_free>;
using Blob = Held<git_blob, git_blob_free>;
using Reference = Held<git_reference, git_reference_free>;

class Library {
 public:
  Library() { git_libgit2_init(); }
  ~Library() { git_libgit2_shutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

// libgit2's last words, without what a URL may hold.
Error failure(ErrorCode code, const std::string& what) {
  const git_error* last = git_error_last();
  return {code, what + ": " + (last == nullptr ? "git failed" : last->message)};
}

struct SignIn {
  const std::string& password;
  int tries = 0;
};
int give_password(git_credential** to, const char*, const char*, unsigned, void* payload) {
  auto& who = *static_cast<SignIn*>(payload);
  if (who.password.empty() || who.tries++ > 0) return GIT_PASSTHROUGH;
  return git_credential_userpass_plaintext_new(to, "x-access-token", who.password.c_str());
}

base::Result<Repository> clone(const std::string& folder, const github::Remote& remote,
                               const std::string& branch, bool bare) {
  SignIn who{remote.password};
  git_clone_options options = GIT_CLONE_OPTIONS_INIT;
  options.bare = bare ? 1 : 0;
  options.checkout_branch = branch.c_str();
  options.fetch_opts.callbacks.credentials = give_password;
  options.fetch_opts.callbacks.payload = &who;
  options.fetch_opts.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  git_repository* made = nullptr;
  if (git_clone(&made, remote.url.c_str(), folder.c_str(), &options) != 0)
    return failure(ErrorCode::unavailable, "clone " + remote.url + " (" + branch + ")");
  return Repository(made);
}

template <class T, class Make>
bool make(T& out, Make&& call) {
  typename T::pointer raw = nullptr;
  const int failed = call(&raw);
  out.reset(raw);
  return failed == 0;
}

bool lookup(git_repository* repository, const std::string& commit, Commit& out, Tree& tree) {
  git_oid id;
  return git_oid_fromstr(&id, commit.c_str()) == 0 &&
         make(out, [&](auto to) { return git_commit_lookup(to, repository, &id); }) &&
         make(tree, [&](auto to) { return git_commit_tree(to, out.get()); });
}

bool has_branch(git_repository* repository, const std::string& name) {
  for (const char* root : {"refs/heads/", "refs/remotes/origin/"}) {
    Reference found;
    const std::string full = root + name;
    if (make(found, [&](auto to) { return git_reference_lookup(to, repository, full.c_str()); }))
      return true;
  }
  return false;
}

// The agent's files as a tree of `repository`.
bool read_files(git_repository* repository, const std::string& folder, git_tree* base,
                git_oid& tree) {
  Index index;
  return git_repository_set_workdir(repository, folder.c_str(), 0) == 0 &&
         make(index, [&](auto to) { return git_repository_index(to, repository); }) &&
         git_index_read_tree(index.get(), base) == 0 &&
         git_index_add_all(index.get(), nullptr, GIT_INDEX_ADD_DEFAULT, nullptr, nullptr) == 0 &&
         git_index_update_all(index.get(), nullptr, nullptr, nullptr) == 0 &&
         git_index_write_tree(&tree, index.get()) == 0;
}

base::Status judge(git_diff* diff, const std::vector<std::string>& forbidden,
                   std::vector<std::string>& paths) {
  const std::size_t count = git_diff_num_deltas(diff);
  if (count == 0) return Error{ErrorCode::conflict, "the agent changed nothing"};
  if (count > kFilesMax)
    return Error{ErrorCode::denied, "the agent changed " + std::to_string(count) + " files"};
  for (std::size_t i = 0; i < count; ++i) {
    const auto* delta = git_diff_get_delta(diff, i);
    for (const auto* file : {&delta->old_file, &delta->new_file}) {
      const std::string path = file->path;
      if (file->mode == GIT_FILEMODE_LINK || file->mode == GIT_FILEMODE_COMMIT)
        return Error{ErrorCode::denied, path + " is a symbolic link or a submodule"};
      if (auto allowed = check_change(path, forbidden); !allowed) return allowed;
    }
    paths.emplace_back(delta->new_file.path);
  }
  return {};
}

std::string text_of(git_repository* repository, const git_diff_file& file, bool& is_cut) {
  if (file.mode == GIT_FILEMODE_UNREADABLE || file.mode == GIT_FILEMODE_COMMIT) return "";
  Blob blob;
  if (!make(blob, [&](auto to) { return git_blob_lookup(to, repository, &file.id); })) return "";
  is_cut = is_cut || git_blob_is_binary(blob.get()) != 0 ||
           git_blob_rawsize(blob.get()) > static_cast<git_object_size_t>(kPatchMax);
  if (is_cut) return "";
  return {static_cast<const char*>(git_blob_rawcontent(blob.get())),
          static_cast<std::size_t>(git_blob_rawsize(blob.get()))};
}

ChangedFile changed_file(git_repository* repository, const git_diff_delta& delta) {
  ChangedFile file;
  file.path = delta.new_file.path;
  for (const auto* side : {&delta.old_file, &delta.new_file})
    file.is_link =
        file.is_link || side->mode == GIT_FILEMODE_LINK || side->mode == GIT_FILEMODE_COMMIT;
  file.before = text_of(repository, delta.old_file, file.is_cut);
  file.after = text_of(repository, delta.new_file, file.is_cut);
  return file;
}

// Of its own ref, which forks have too, else of its branch.
base::Status fetch_head(git_repository* repository, const github::Remote& remote,
                        const github::Pull& pull, git_oid& head) {
  GitRemote from;
  if (!make(from, [&](auto to) {
        return git_remote_create_anonymous(to, repository, remote.url.c_str());
      }))
    return failure(ErrorCode::unavailable, "open " + remote.url);
  const std::string own = "refs/pull/" + std::to_string(pull.number) + "/head";
  for (const auto& name : {own, "refs/heads/" + pull.head_branch}) {
    SignIn who{remote.password};
    git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
    options.callbacks.credentials = give_password;
    options.callbacks.payload = &who;
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    std::string spec = "+" + name + ":refs/sre/pull";
    char* specs[] = {spec.data()};
    const git_strarray list{specs, 1};
    if (git_remote_fetch(from.get(), &list, &options, nullptr) == 0 &&
        git_reference_name_to_id(&head, repository, "refs/sre/pull") == 0) {
      if (pull.head == git_oid_tostr_s(&head)) return {};
      return Error{ErrorCode::conflict, "its head has moved to " +
                                            std::string(git_oid_tostr_s(&head)) +
                                            " in the meantime; start again"};
    }
  }
  return failure(ErrorCode::unavailable, "fetch pull request " + std::to_string(pull.number));
}

}  // namespace

base::Status check_change(const std::string& path, const std::vector<std::string>& forbidden) {
  if (auto plain = gitops::check_path(path); !plain) return plain;
  for (const auto& one : forbidden) {
    const bool below =
        one.ends_with('/') ? path.starts_with(one) : path == one || path.starts_with(one + "/");
    if (below) return Error{ErrorCode::denied, path + " may not be touched: " + one};
  }
  return {};
}

base::Result<std::string> clone_into(const std::string& folder, const github::Remote& remote,
                                     const std::string& branch) {
  const Library library;
  auto made = clone(folder, remote, branch, false);
  if (!made) return made.error();
  git_oid head;
  if (git_reference_name_to_id(&head, made->get(), "HEAD") != 0)
    return failure(ErrorCode::not_found, "read the head of " + branch);
  git_remote_delete(made->get(), "origin");
  return std::string(git_oid_tostr_s(&head));
}

base::Result<Collected> collect(const Collect& what, const github::Remote& remote) {
  const Library library;
  auto store = clone(what.store, remote, what.branch, true);
  if (!store) return store.error();
  git_repository* repository = store->get();
  Commit base;
  Tree before, after;
  if (!lookup(repository, what.base, base, before))
    return failure(ErrorCode::unavailable, "find the commit " + what.base + " it began on");
  git_oid tree;
  if (!read_files(repository, what.tree, before.get(), tree) ||
      !make(after, [&](auto to) { return git_tree_lookup(to, repository, &tree); }))
    return failure(ErrorCode::denied, "read what the agent left");
  Diff diff;
  if (!make(diff, [&](auto to) {
        return git_diff_tree_to_tree(to, repository, before.get(), after.get(), nullptr);
      }))
    return failure(ErrorCode::denied, "compare what the agent left");
  Collected collected;
  if (auto allowed = judge(diff.get(), what.forbidden, collected.paths); !allowed)
    return allowed.error();
  git_buf patch = GIT_BUF_INIT;
  if (git_diff_to_buf(&patch, diff.get(), GIT_DIFF_FORMAT_PATCH) == 0)
    collected.patch.assign(patch.ptr, patch.size);
  git_buf_dispose(&patch);
  if (collected.patch.size() > kPatchMax)
    return Error{ErrorCode::denied, "the agent's change is larger than 1 MB"};
  collected.branch = has_branch(repository, what.wanted) ? what.otherwise : what.wanted;
  Signature person;
  git_oid id;
  const git_commit* parents[] = {base.get()};
  const std::string ref = "refs/heads/" + collected.branch;
  if (!make(person,
            [](auto to) {
              return git_signature_now(to, "SRE-Space coding agent", "agent@sre-space.invalid");
            }) ||
      git_commit_create(&id, repository, ref.c_str(), person.get(), person.get(), nullptr,
                        what.message.c_str(), after.get(), 1, parents) != 0)
    return failure(ErrorCode::unavailable, "commit what the agent left");
  collected.commit = git_oid_tostr_s(&id);
  return collected;
}

base::Result<std::vector<ChangedFile>> read_pull(const std::string& folder,
                                                 const github::Remote& remote,
                                                 const github::Pull& pull) {
  const Library library;
  auto made = clone(folder, remote, pull.base_branch, false);
  if (!made) return made.error();
  git_repository* repository = made->get();
  git_oid head, base, onto;
  if (auto fetched = fetch_head(repository, remote, pull, head); !fetched) return fetched.error();
  git_remote_delete(repository, "origin");
  Commit commit, ancestor;
  Tree before, after;
  if (git_reference_name_to_id(&onto, repository, "HEAD") != 0 ||
      git_merge_base(&base, repository, &onto, &head) != 0 ||
      !lookup(repository, git_oid_tostr_s(&base), ancestor, before) ||
      !lookup(repository, pull.head, commit, after))
    return failure(ErrorCode::unavailable, "find where the pull request grew from");
  Diff diff;
  if (!make(diff, [&](auto to) {
        return git_diff_tree_to_tree(to, repository, before.get(), after.get(), nullptr);
      }))
    return failure(ErrorCode::unavailable, "compare the pull request");
  const std::size_t count = git_diff_num_deltas(diff.get());
  if (count > kPullFilesMax)
    return Error{ErrorCode::denied, "it changes " + std::to_string(count) + " files"};
  std::vector<ChangedFile> files;
  for (std::size_t i = 0; i < count; ++i)
    files.push_back(changed_file(repository, *git_diff_get_delta(diff.get(), i)));
  git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
  options.checkout_strategy = GIT_CHECKOUT_FORCE;
  if (git_checkout_tree(repository, reinterpret_cast<const git_object*>(commit.get()), &options) !=
          0 ||
      git_repository_set_head_detached(repository, &head) != 0)
    return failure(ErrorCode::unavailable, "check out " + pull.head);
  return files;
}

base::Status push(const std::string& store, const Collected& collected,
                  const github::Remote& remote) {
  const Library library;
  Repository repository;
  GitRemote to;
  if (!make(repository, [&](auto out) { return git_repository_open(out, store.c_str()); }) ||
      !make(to, [&](auto out) {
        return git_remote_create_anonymous(out, repository.get(), remote.url.c_str());
      }))
    return failure(ErrorCode::unavailable, "open " + store);
  SignIn who{remote.password};
  std::string refusal;
  struct Payload {
    SignIn& who;
    std::string& refusal;
  } payload{who, refusal};
  git_push_options options = GIT_PUSH_OPTIONS_INIT;
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.callbacks.payload = &payload;
  options.callbacks.credentials = [](git_credential** out, const char* url, const char* name,
                                     unsigned types, void* given) {
    return give_password(out, url, name, types, &static_cast<Payload*>(given)->who);
  };
  options.callbacks.push_update_reference = [](const char*, const char* status, void* given) {
    if (status != nullptr) static_cast<Payload*>(given)->refusal = status;
    return 0;
  };
  const std::string ref = "refs/heads/" + collected.branch;
  std::string spec = ref + ":" + ref;
  char* specs[] = {spec.data()};
  const git_strarray list{specs, 1};
  if (git_remote_push(to.get(), &list, &options) != 0)
    return failure(ErrorCode::unavailable, "push " + collected.branch + " to " + remote.url);
  if (!refusal.empty())
    return Error{ErrorCode::denied, "push " + collected.branch + ": refused: " + refusal};
  return {};
}

}  // namespace escalation
