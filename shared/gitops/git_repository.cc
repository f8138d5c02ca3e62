#include <algorithm>
#include <utility>

#include "base/text.h"
#include "git/handles.h"
#include "git/names.h"
#include "git/repository.h"
#include "gitops/branches.h"
#include "gitops/paths.h"
#include "gitops/repository.h"
#include "gitops/revert.h"

namespace gitops {
namespace {

using base::Error;
using base::ErrorCode;
using RemoteHandle = git::Handle<git_remote, git_remote_free>;

constexpr const char* kHeads = "refs/heads/";
constexpr const char* kFetched = "refs/remotes/origin/";

// What one talk with the remote needs and leaves behind.
struct Talk {
  const Remote& remote;
  bool is_signed_in = false, is_known_to_proxy = false;
  bool is_proxy_denied = false;  // It asked again after it was told who we are.
  bool is_untrusted = false;     // The certificate, for its authority, its name or its time.
  std::string ref = {};          // Of a push: the one that may be moved.
  git::Sha expected = {};        // Of a push: where it must stand there, kNullSha for nowhere.
  bool has_moved = false;
  std::string refusal = {};  // Of a push: what the remote said of the ref.
};

int sign_in(git_credential** to, const char*, const char*, unsigned allowed, void* payload) {
  auto& talk = *static_cast<Talk*>(payload);
  // Asked twice, the token was refused; libgit2 would ask for ever.
  if (talk.is_signed_in || talk.remote.token.empty()) return GIT_EAUTH;
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) return GIT_EAUTH;
  talk.is_signed_in = true;
  return git_credential_userpass_plaintext_new(to, "x-access-token", talk.remote.token.c_str());
}

int sign_in_at_proxy(git_credential** to, const char*, const char*, unsigned allowed,
                     void* payload) {
  auto& talk = *static_cast<Talk*>(payload);
  talk.is_proxy_denied = talk.is_known_to_proxy || talk.remote.proxy_user.empty() ||
                         (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0;
  if (talk.is_proxy_denied) return GIT_EAUTH;
  talk.is_known_to_proxy = true;
  return git_credential_userpass_plaintext_new(to, talk.remote.proxy_user.c_str(),
                                               talk.remote.proxy_password.c_str());
}

// Notes only what the library found: it decides.
int note_certificate(git_cert*, int valid, const char*, void* payload) {
  if (valid == 0) static_cast<Talk*>(payload)->is_untrusted = true;
  return GIT_PASSTHROUGH;
}

// What is about to be pushed, beside what stands there now: a branch that came to be meanwhile
// is never moved.
int negotiate(const git_push_update** updates, std::size_t count, void* payload) {
  auto& talk = *static_cast<Talk*>(payload);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_ours = updates[i]->dst_refname == talk.ref;
    if (is_ours && git::to_sha(updates[i]->src) == talk.expected) continue;
    talk.has_moved = true;
    return GIT_EMODIFIED;
  }
  return 0;
}

int hear(const char*, const char* status, void* payload) {
  if (status != nullptr) static_cast<Talk*>(payload)->refusal = status;
  return 0;
}

git_remote_callbacks callbacks_of(Talk& talk) {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.credentials = sign_in;
  callbacks.push_negotiation = negotiate;
  callbacks.push_update_reference = hear;
  callbacks.certificate_check = note_certificate;
  callbacks.payload = &talk;
  return callbacks;
}

git_proxy_options proxy_of(Talk& talk) {
  git_proxy_options options = GIT_PROXY_OPTIONS_INIT;
  options.type = GIT_PROXY_NONE;  // The environment's is not ours to take.
  if (talk.remote.proxy.empty()) return options;
  options.type = GIT_PROXY_SPECIFIED;
  options.url = talk.remote.proxy.c_str();
  options.credentials = sign_in_at_proxy;
  options.payload = &talk;
  return options;
}

Error remote_error(int code, const std::string& what, const Talk& talk) {
  const std::string by =
      talk.remote.proxy.empty() ? "" : ", through the proxy " + talk.remote.proxy;
  if (talk.is_proxy_denied) {
    return {ErrorCode::denied,
            what + ": a user and password are wanted" + by + "; see github.proxy"};
  }
  if (talk.is_untrusted) {
    const std::string trusted = talk.remote.ca_file.empty()
                                    ? "the system's authorities; github.ca_file names others"
                                    : "those in github.ca_file, " + talk.remote.ca_file;
    return {ErrorCode::unavailable, what + by +
                                        ": its certificate is not trusted, or is not for this "
                                        "name; trusted are " +
                                        trusted};
  }
  Error error = git::last_error(code, what + by);
  if (code == GIT_EAUTH || code == GIT_ECERTIFICATE) error.code = ErrorCode::denied;
  for (const char* status : {"status code: 401", "status code: 403"}) {
    if (error.message.find(status) != std::string::npos) error.code = ErrorCode::denied;
  }
  if (error.message.find("status code: 404") != std::string::npos) {
    error.code = ErrorCode::not_found;
  }
  error.message = base::clean_text(base::cut_utf8(error.message, 500));
  return error;
}

RemoteHandle make_remote(git_repository* repository, const std::string& url) {
  git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
  options.repository = repository;
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
  return git::take<RemoteHandle>(
      [&](git_remote** to) { return git_remote_create_with_opts(to, url.c_str(), &options); });
}

// The remote connected, and what it has.
struct Connection {
  RemoteHandle remote;
  std::vector<BranchAt> branches;  // Names without "refs/heads/".

  [[nodiscard]] std::optional<git::Sha> find(const std::string& name) const {
    for (const auto& branch : branches) {
      if (branch.name == name) return branch.sha;
    }
    return std::nullopt;
  }
};

base::Result<Connection> connect(git_repository* repository, Talk& talk, git_direction direction) {
  const std::string what = "reach " + talk.remote.url;
  Connection made{make_remote(repository, talk.remote.url), {}};
  if (!made.remote) return remote_error(GIT_ERROR, what, talk);
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = callbacks_of(talk);
  options.proxy_opts = proxy_of(talk);
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  int code = git_remote_connect_ext(made.remote.get(), direction, &options);
  if (code != 0) return remote_error(code, what, talk);
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  code = git_remote_ls(&heads, &count, made.remote.get());
  if (code != 0) return remote_error(code, what, talk);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = heads[i]->name;
    if (!name.starts_with(kHeads)) continue;
    made.branches.push_back({git::branch_of(name), git::to_sha(heads[i]->oid)});
  }
  return made;
}

// The entries from the root to the file at `path`, as far as there are any.
std::vector<PathEntry> entries_to(git_repository* repository, const git_tree* root,
                                  std::string_view path) {
  std::vector<PathEntry> found;
  git::TreeHandle owned;
  const git_tree* tree = root;
  for (const std::string_view part : base::split(path, '/')) {
    const std::string name(part);
    const git_tree_entry* entry = git_tree_entry_byname(tree, name.c_str());
    if (entry == nullptr) break;
    found.push_back({name, static_cast<std::uint32_t>(git_tree_entry_filemode_raw(entry))});
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) break;
    auto below = git::take<git::TreeHandle>(
        [&](git_tree** to) { return git_tree_lookup(to, repository, git_tree_entry_id(entry)); });
    if (!below) break;
    owned = std::move(below);
    tree = owned.get();
  }
  return found;
}

base::Status check_file(git_repository* repository, const git_tree* root, const std::string& path,
                        const std::vector<std::string>& allowed) {
  if (base::Status plain = check_path(path, allowed); !plain.ok()) return plain;
  return check_entries(path, entries_to(repository, root, path));
}

bool is_plain_text(const std::string& text) {
  return !text.empty() && text.size() <= 300 && text.find_first_of("<>\n") == std::string::npos &&
         base::clean_text(text) == text;
}

base::Status check_plan(const CommitPlan& plan) {
  const auto invalid = [](const char* why) {
    return base::Status(Error{ErrorCode::invalid, std::string("commit: ") + why});
  };
  if (plan.files.empty() || plan.files.size() > kFilesMax)
    return invalid("no file, or more than 4");
  for (const FileWrite& file : plan.files) {
    if (file.text.size() > kFileBytesMax) return invalid("a file larger than 1 MB");
    const auto same = [&](const FileWrite& other) { return other.path == file.path; };
    if (std::count_if(plan.files.begin(), plan.files.end(), same) > 1) {
      return invalid("a file named twice");
    }
  }
  for (const git::Person* person : {&plan.author, &plan.committer}) {
    if (!is_plain_text(person->name) || !is_plain_text(person->email)) {
      return invalid("a person without name or address, or with strange characters in them");
    }
  }
  if (plan.message.empty() || plan.message.size() > 64U << 10U ||
      plan.message.find('\0') != std::string::npos) {
    return invalid("no message, or one longer than 64 KB");
  }
  if (!is_fix_branch(plan.branch)) return invalid("a branch that is none of ours");
  return {};
}

}  // namespace

struct Repository::State {
  Remote remote;
  std::unique_ptr<git::Repository> git;

  [[nodiscard]] git_repository* raw() const { return git::handle_of(*git); }
  [[nodiscard]] std::optional<git::Sha> fetched(const std::string& branch) const {
    const auto ref = git->find_ref(kFetched + branch);
    if (!ref) return std::nullopt;
    return ref->sha;
  }
  base::Status push_one(Talk& talk, const std::string& spec);
};

base::Status Repository::State::push_one(Talk& talk, const std::string& spec) {
  const std::string what = "push " + talk.ref + " to " + remote.url;
  const RemoteHandle to = make_remote(raw(), remote.url);
  if (!to) return remote_error(GIT_ERROR, what, talk);
  git_push_options options = GIT_PUSH_OPTIONS_INIT;
  options.callbacks = callbacks_of(talk);
  options.pb_parallelism = 1;
  options.proxy_opts = proxy_of(talk);
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  std::string text = spec;
  char* specs[] = {text.data()};
  const git_strarray list{specs, 1};
  const int code = git_remote_push(to.get(), &list, &options);
  if (talk.has_moved || code == GIT_ENONFASTFORWARD) {
    return Error{ErrorCode::conflict, what + ": the branch was moved by somebody else"};
  }
  if (!talk.refusal.empty()) {
    return Error{ErrorCode::denied,
                 what + ": refused: " + base::clean_text(base::cut_utf8(talk.refusal, 300))};
  }
  if (code == 0) return {};
  Error error = remote_error(code, what, talk);
  // The remote may have taken it before the line broke; what is not trusted was told nothing.
  const bool is_cut = error.code == ErrorCode::unavailable && !talk.is_untrusted;
  if (is_cut) error.code = ErrorCode::unknown;
  return error;
}

Repository::Repository(std::unique_ptr<State> state) : state_(std::move(state)) {}
Repository::~Repository() = default;

base::Result<std::unique_ptr<Repository>> Repository::open(const std::string& folder,
                                                           Remote remote) {
  if (base::Status right = check_remote(remote.url); !right.ok()) return right.error();
  auto opened = git::Repository::open_mirror(folder);
  if (!opened) return opened.error();
  const char* trusted = remote.ca_file.c_str();
  if (*trusted != '\0' && git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, trusted, nullptr) != 0) {
    Error error = git::last_error(GIT_ERROR, "github.ca_file: read " + remote.ca_file);
    error.code = ErrorCode::invalid;
    return error;
  }
  auto state = std::make_unique<State>();
  state->remote = std::move(remote);
  state->git = std::move(*opened);
  return std::unique_ptr<Repository>(new Repository(std::move(state)));
}

base::Result<git::Sha> Repository::fetch(const std::string& branch) {
  if (!git::is_branch_name(branch)) {
    return Error{ErrorCode::invalid, "fetch: no name of a branch"};
  }
  Talk talk{state_->remote};
  auto connection = connect(state_->raw(), talk, GIT_DIRECTION_FETCH);
  if (!connection) return connection.error();
  const auto sha = connection->find(branch);
  if (!sha) {
    return Error{ErrorCode::not_found,
                 "fetch " + branch + ": no such branch at " + talk.remote.url};
  }
  std::string spec = "+" + (kHeads + branch) + ":" + (kFetched + branch);
  char* specs[] = {spec.data()};
  const git_strarray list{specs, 1};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = callbacks_of(talk);
  options.proxy_opts = proxy_of(talk);
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  const int code = git_remote_download(connection->remote.get(), &list, &options);
  if (code != 0) return remote_error(code, "fetch " + branch + " from " + talk.remote.url, talk);
  git_reference* raw = nullptr;
  const auto oid = git::to_oid(*sha);
  const int made =
      git_reference_create(&raw, state_->raw(), (kFetched + branch).c_str(), &*oid, 1, nullptr);
  const git::ReferenceHandle owned(raw);
  if (made != 0) return git::last_error(made, "fetch " + branch);
  return *sha;
}

base::Result<git::Sha> Repository::fetched(const std::string& branch) const {
  const auto head = state_->fetched(branch);
  if (head) return *head;
  return Error{ErrorCode::not_found, branch + " was never fetched"};
}

base::Result<git::Sha> Repository::parent(const std::string& branch) const {
  const auto head = state_->fetched(branch);
  const auto commit = head ? state_->git->commit(*head) : std::nullopt;
  if (commit && commit->parents.size() == 1) return commit->parents.front();
  return Error{ErrorCode::not_found, "parent of " + branch + ": not one commit"};
}

base::Result<FileAt> Repository::read(const std::string& branch, const std::string& path,
                                      const std::vector<std::string>& allowed) const {
  const auto head = state_->fetched(branch);
  const git::TreeHandle tree = head ? git::find_tree(state_->raw(), *head) : git::TreeHandle();
  if (!tree) return Error{ErrorCode::not_found, "read: branch " + branch + " was not fetched"};
  if (base::Status plain = check_file(state_->raw(), tree.get(), path, allowed); !plain.ok()) {
    return plain.error().in("read");
  }
  const auto entry = state_->git->entry(*head, path);
  if (!entry) return Error{ErrorCode::not_found, "read " + path + ": not on branch " + branch};
  if (entry->size.value_or(0) > kFileBytesMax) {
    return Error{ErrorCode::invalid, "read " + path + ": larger than 1 MB"};
  }
  auto text = state_->git->blob(entry->sha);
  if (!text) return Error{ErrorCode::corrupt, "read " + path + ": its bytes are missing"};
  return FileAt{*head, entry->sha, std::move(*text)};
}

base::Result<Reverted> Repository::reverted(const std::string& branch, const std::string& commit,
                                            const std::vector<std::string>& allowed) const {
  const auto head = state_->fetched(branch);
  const git::TreeHandle tree = head ? git::find_tree(state_->raw(), *head) : git::TreeHandle();
  if (!tree) return Error{ErrorCode::not_found, "revert: branch " + branch + " was not fetched"};
  auto made = revert_commit(*state_->git, *head, commit);
  if (!made) return made.error();
  for (const FileWrite& file : made->files) {
    const auto plain = check_file(state_->raw(), tree.get(), file.path, allowed);
    if (!plain.ok()) return plain.error().in("revert " + made->commit.substr(0, 12));
  }
  return made;
}

base::Result<git::Sha> Repository::commit(const CommitPlan& plan) {
  if (base::Status right = check_plan(plan); !right.ok()) return right.error();
  const auto head = state_->fetched(plan.base_branch);
  if (!head || !git::is_sha(plan.base) || !state_->git->contains(*head, plan.base)) {
    return Error{ErrorCode::not_found,
                 "commit: " + plan.base.substr(0, 40) + " is not on branch " + plan.base_branch};
  }
  const git::TreeHandle tree = git::find_tree(state_->raw(), plan.base);
  if (!tree) return Error{ErrorCode::not_found, "commit: no tree of " + plan.base};
  std::vector<git_tree_update> updates;
  for (const FileWrite& file : plan.files) {
    base::Status plain = check_file(state_->raw(), tree.get(), file.path, plan.allowed);
    if (!plain.ok()) return plain.error().in("commit");
    const auto blob = state_->git->add_blob(file.text);
    if (!blob) return blob.error();
    const auto was = state_->git->entry(plan.base, file.path);
    if (was && was->sha == *blob) {
      return Error{ErrorCode::conflict, "commit: " + file.path + " holds that text already"};
    }
    const bool is_program = was && was->mode == "100755";
    updates.push_back({GIT_TREE_UPDATE_UPSERT, *git::to_oid(*blob),
                       is_program ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB,
                       file.path.c_str()});
  }
  git_oid made;
  const int code =
      git_tree_create_updated(&made, state_->raw(), tree.get(), updates.size(), updates.data());
  if (code != 0) return git::last_error(code, "commit: build the tree");
  return state_->git->add_commit(
      {"", git::to_sha(made), {plan.base}, plan.author, plan.committer, plan.message});
}

base::Status Repository::push(const std::string& branch, const git::Sha& sha) {
  const auto oid = git::to_oid(sha);
  if (!is_fix_branch(branch) || !oid) {
    return Error{ErrorCode::invalid, "push: no branch of ours, or no commit"};
  }
  git_reference* raw = nullptr;
  const std::string local = kHeads + branch;
  const int made = git_reference_create(&raw, state_->raw(), local.c_str(), &*oid, 1, nullptr);
  const git::ReferenceHandle owned(raw);
  if (made != 0) return git::last_error(made, "push " + branch);
  Talk pushing{state_->remote};
  pushing.ref = local;
  pushing.expected = git::kNullSha;
  const base::Status pushed = state_->push_one(pushing, local + ":" + local);
  if (pushed.ok() || pushed.error().code != ErrorCode::conflict) return pushed;
  Talk talk{state_->remote};  // It is there: ours from before, or somebody's.
  const auto connection = connect(state_->raw(), talk, GIT_DIRECTION_FETCH);
  if (!connection) return connection.error();
  const auto there = connection->find(branch);
  if (there && *there == sha) return {};
  if (!there) return pushed;
  return Error{ErrorCode::conflict, "push " + branch + ": it stands at another commit, " + *there};
}

base::Result<std::vector<BranchAt>> Repository::fix_branches() {
  Talk talk{state_->remote};
  const auto connection = connect(state_->raw(), talk, GIT_DIRECTION_FETCH);
  if (!connection) return connection.error();
  std::vector<BranchAt> ours;
  for (const BranchAt& branch : connection->branches) {
    if (is_fix_branch(branch.name)) ours.push_back(branch);
  }
  std::sort(ours.begin(), ours.end(),
            [](const BranchAt& a, const BranchAt& b) { return a.name < b.name; });
  return ours;
}

base::Status Repository::remove(const std::string& branch, const git::Sha& expected) {
  if (!is_fix_branch(branch) || !git::is_sha(expected)) {
    return Error{ErrorCode::invalid, "remove a branch: none of ours, or no commit"};
  }
  Talk talk{state_->remote};
  {
    const auto connection = connect(state_->raw(), talk, GIT_DIRECTION_FETCH);
    if (!connection) return connection.error();
    const auto there = connection->find(branch);
    if (!there) return {};
    if (*there != expected) {
      return Error{ErrorCode::conflict, "remove " + branch + ": it stands at " + *there};
    }
  }
  Talk pushing{state_->remote};
  pushing.ref = kHeads + branch;
  pushing.expected = expected;
  return state_->push_one(pushing, ":" + pushing.ref);
}

}  // namespace gitops
