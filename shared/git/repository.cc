#include "git/repository.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "git/handles.h"
#include "git/names.h"

namespace git {
namespace {

constexpr const char* kMain = "refs/heads/main";

// What git's own programs are told by the repository itself. Refs below refs/pull and refs/forge
// are the forge's own.
base::Status configure(git_repository* repository) {
  git_config* config = nullptr;
  int code = git_repository_config(&config, repository);
  const Handle<git_config, git_config_free> owned(config);
  const std::pair<const char*, const char*> kTexts[] = {
      {"core.fsync", "committed,reference"},
      {"receive.hideRefs", "refs/pull"},
      {"transfer.hideRefs", "refs/forge"},
      {"receive.fsckObjects", "true"},
      {"http.receivepack", "true"},
      {"receive.denyDeletes", "false"},
      {"receive.denyCurrentBranch", "ignore"},
      {"receive.denyDeleteCurrent", "ignore"},
      {"uploadpack.allowReachableSHA1InWant", "true"},
      // What a small pack unpacks to may fill memory and disk: packs stay as they came, and large
      // blobs are streamed.
      {"transfer.unpackLimit", "1"},
      {"core.bigFileThreshold", "16m"},
      {"gc.auto", "0"}};
  for (const auto& [name, value] : kTexts) {
    if (code == 0) code = git_config_set_string(config, name, value);
  }
  if (code != 0) return last_error(code, "configure the repository");
  return {};
}

RepositoryHandle open_bare(const std::string& folder) {
  return take<RepositoryHandle>(
      [&](git_repository** to) { return git_repository_open_bare(to, folder.c_str()); });
}

// Made beside and moved into place, so that a crash leaves nothing half made.
base::Status create(const std::string& folder) {
  const std::string draft = folder + ".new";
  std::error_code error;
  std::filesystem::remove_all(draft, error);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags =
      GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = "main";
  git_repository* raw = nullptr;
  const int code = git_repository_init_ext(&raw, draft.c_str(), &options);
  const RepositoryHandle made(raw);
  if (code != 0) return last_error(code, "create the repository " + draft);
  if (base::Status configured = configure(raw); !configured.ok()) return configured;
  std::filesystem::rename(draft, folder, error);
  if (!error) return {};
  return base::Error{base::ErrorCode::unavailable,
                     "move " + draft + " to " + folder + ": " + error.message()};
}

}  // namespace

std::optional<git_oid> to_oid(std::string_view sha) {
  git_oid oid;
  if (!is_sha(sha) || git_oid_fromstrn(&oid, sha.data(), sha.size()) != 0) return std::nullopt;
  return oid;
}

Sha to_sha(const git_oid& oid) {
  Sha sha(40, '0');
  git_oid_fmt(sha.data(), &oid);
  return sha;
}

base::Error last_error(int code, const std::string& what) {
  const git_error* error = git_error_last();
  base::ErrorCode kind = base::ErrorCode::unavailable;
  if (code == GIT_ENOTFOUND) kind = base::ErrorCode::not_found;
  if (code == GIT_EEXISTS || code == GIT_EMODIFIED || code == GIT_ELOCKED) {
    kind = base::ErrorCode::conflict;
  }
  if (code == GIT_EINVALIDSPEC) kind = base::ErrorCode::invalid;
  const std::string why = error != nullptr && error->message != nullptr ? error->message : "";
  return {kind, what + ": " + (why.empty() ? "error " + std::to_string(code) : why)};
}

CommitHandle find_commit(git_repository* repository, const Sha& sha) {
  const auto oid = to_oid(sha);
  if (!oid) return {};
  return take<CommitHandle>(
      [&](git_commit** to) { return git_commit_lookup(to, repository, &*oid); });
}

TreeHandle find_tree(git_repository* repository, const Sha& sha) {
  const auto oid = to_oid(sha);
  if (!oid) return {};
  const auto object = take<ObjectHandle>(
      [&](git_object** to) { return git_object_lookup(to, repository, &*oid, GIT_OBJECT_ANY); });
  if (!object) return {};
  return take<TreeHandle>([&](git_tree** to) {
    return git_object_peel(reinterpret_cast<git_object**>(to), object.get(), GIT_OBJECT_TREE);
  });
}

Repository::Repository(std::unique_ptr<State> state) : state_(std::move(state)) {}

Repository::~Repository() {
  state_.reset();
  git_libgit2_shutdown();
}

git_repository* handle_of(const Repository& repository) { return repository.state_->handle.get(); }

base::Result<std::unique_ptr<Repository>> Repository::open_mirror(const std::string& folder) {
  git_libgit2_init();
  std::unique_ptr<Repository> repository(new Repository(std::make_unique<State>()));
  repository->state_->folder = folder;
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");  // Nobody's own settings count here.
  }
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    if (base::Status made = create(folder); !made.ok()) return made.error();
  }
  repository->state_->handle = open_bare(folder);
  if (!repository->state_->handle) {
    return base::Error{base::ErrorCode::corrupt,
                       "open the repository " + folder + ": it is no bare git repository"};
  }
  return repository;
}

base::Result<std::unique_ptr<Repository>> Repository::open(const std::string& folder,
                                                           const Person& founder,
                                                           std::string_view title) {
  auto opened = open_mirror(folder);
  if (!opened) return opened;
  const std::unique_ptr<Repository>& repository = *opened;
  if (repository->find_ref(kMain) || !repository->refs("refs/heads/").empty()) return opened;
  const auto readme = repository->add_blob("# " + std::string(title) + "\n");
  if (!readme) return readme.error();
  const auto tree = repository->add_tree("", {{"README.md", "100644", *readme}});
  if (!tree) return tree.error();
  const auto commit = repository->add_commit({"", *tree, {}, founder, founder, "Initial commit"});
  if (!commit) return commit.error();
  if (base::Status made = repository->create_ref(kMain, *commit); !made.ok()) return made.error();
  return opened;
}

const std::string& Repository::folder() const { return state_->folder; }

// ---- Refs ----

std::vector<Ref> Repository::refs(std::string_view prefix) const {
  std::vector<Ref> found;
  const auto iterator = take<IteratorHandle>([&](git_reference_iterator** to) {
    return git_reference_iterator_new(to, state_->handle.get());
  });
  const char* name = nullptr;
  while (iterator && git_reference_next_name(&name, iterator.get()) == 0) {
    if (!std::string_view(name).starts_with(prefix)) continue;
    if (auto ref = find_ref(name)) found.push_back(std::move(*ref));
  }
  std::sort(found.begin(), found.end(), [](const Ref& a, const Ref& b) { return a.name < b.name; });
  return found;
}

std::optional<Ref> Repository::find_ref(std::string_view name) const {
  git_oid oid;
  const std::string whole(name);
  if (git_reference_name_to_id(&oid, state_->handle.get(), whole.c_str()) != 0) {
    return std::nullopt;
  }
  const auto object = take<ObjectHandle>([&](git_object** to) {
    return git_object_lookup(to, state_->handle.get(), &oid, GIT_OBJECT_ANY);
  });
  if (!object) return std::nullopt;
  return Ref{whole, to_sha(oid), git_object_type2string(git_object_type(object.get()))};
}

base::Status Repository::create_ref(const std::string& name, const Sha& sha) {
  const auto oid = to_oid(sha);
  const base::Error missing{base::ErrorCode::not_found, "create " + name + ": no object " + sha};
  if (!oid) return missing;
  const auto object = take<ObjectHandle>([&](git_object** to) {
    return git_object_lookup(to, state_->handle.get(), &*oid, GIT_OBJECT_ANY);
  });
  if (!object) return missing;
  git_reference* raw = nullptr;
  const int code =
      git_reference_create(&raw, state_->handle.get(), name.c_str(), &*oid, 0, nullptr);
  const ReferenceHandle owned(raw);
  if (code == 0) return {};
  // A folder in the way is told with a plain -1.
  base::Error error = last_error(code, "create " + name);
  if (code == GIT_ERROR) error.code = base::ErrorCode::conflict;
  return error;
}

base::Status Repository::move_ref(const std::string& name, const Sha& sha, const Sha& expected) {
  const auto oid = to_oid(sha);
  const auto from = to_oid(expected);
  const auto object = oid && from ? take<ObjectHandle>([&](git_object** to) {
    return git_object_lookup(to, state_->handle.get(), &*oid, GIT_OBJECT_ANY);
  })
                                  : ObjectHandle();
  if (!object) return base::Error{base::ErrorCode::not_found, "move " + name + ": no " + sha};
  git_reference* raw = nullptr;
  const int code = git_reference_create_matching(&raw, state_->handle.get(), name.c_str(), &*oid, 1,
                                                 &*from, nullptr);
  const ReferenceHandle owned(raw);
  if (code != 0) return last_error(code, "move " + name);
  return {};
}

base::Status Repository::remove_ref(const std::string& name, const Sha& expected) {
  const auto reference = take<ReferenceHandle>([&](git_reference** to) {
    return git_reference_lookup(to, state_->handle.get(), name.c_str());
  });
  const git_oid* at = reference ? git_reference_target(reference.get()) : nullptr;
  if (at == nullptr)
    return base::Error{base::ErrorCode::not_found, "remove " + name + ": not here"};
  if (to_sha(*at) != expected) {
    return base::Error{base::ErrorCode::conflict, "remove " + name + ": it was moved"};
  }
  if (const int code = git_reference_delete(reference.get()); code != 0) {
    return last_error(code, "remove " + name);
  }
  return {};
}

std::optional<Sha> Repository::resolve(std::string_view name) const {
  std::optional<Sha> found;
  if (is_sha(name)) found = std::string(name);
  for (const char* prefix : {"refs/heads/", "refs/tags/", "refs/", ""}) {
    if (found || !is_branch_name(name) || name.size() > kRefNameMax) break;
    const std::string whole = prefix + std::string(name);
    if (!whole.starts_with("refs/")) break;
    if (const auto ref = find_ref(whole)) found = ref->sha;
  }
  if (!found && name.starts_with("refs/") && name.size() <= kRefNameMax) {
    if (const auto ref = find_ref(name)) found = ref->sha;
  }
  if (!found && name == "HEAD") {
    if (const auto ref = find_ref(kMain)) found = ref->sha;
  }
  const auto oid = to_oid(found.value_or(""));
  if (!oid) return std::nullopt;
  const auto object = take<ObjectHandle>([&](git_object** to) {
    return git_object_lookup(to, state_->handle.get(), &*oid, GIT_OBJECT_ANY);
  });
  if (!object) return std::nullopt;
  const auto commit = take<ObjectHandle>(
      [&](git_object** to) { return git_object_peel(to, object.get(), GIT_OBJECT_COMMIT); });
  if (!commit) return std::nullopt;
  return to_sha(*git_object_id(commit.get()));
}

}  // namespace git
