// The forge's repository seen from libgit2, from the API, and over a crash.
#include <doctest/doctest.h>
#include <git2.h>
#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/hash.h"
#include "forge/forge.h"
#include "forge/git/backend.h"
#include "git/repository.h"
#include "tests/support/temporary_folder.h"

#ifdef __SANITIZE_ADDRESS__
// Debian's libgit2 1.5 loses what pcre2 allocates for each `url.<base>.insteadOf` it looks for; the
// forge itself opens no remotes.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2\n"; }
#endif

namespace forge::git_test {
namespace {

using Json = nlohmann::json;

const std::string kRepo = "/repos/sre-space/demo";
const git::Person kPerson{"Ann", "ann@example.org", base::wall_from_ms(1'763'646'756'000)};

struct Stage {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  std::unique_ptr<Forge> forge;
  std::unique_ptr<httplib::Client> client;

  Stage() { open(); }

  void open() {
    Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.tokens = {{"t-owner", "sre-space"}};
    auto opened = Forge::open(options, clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    client = std::make_unique<httplib::Client>("127.0.0.1", forge->port());
    client->set_default_headers({{"Authorization", "Bearer t-owner"}});
  }
  void close() {
    client.reset();
    forge.reset();
  }
  // The very repository, while no forge has it open.
  std::unique_ptr<git::Repository> repository() {
    auto opened = git::Repository::open(folder.file("forge.db.git"), kPerson, "demo");
    REQUIRE(opened.ok());
    return std::move(*opened);
  }
  Json take(const httplib::Result& result, int status) {
    REQUIRE(result);
    CAPTURE(result->body);
    CHECK(result->status == status);
    return result->body.empty() ? Json() : Json::parse(result->body);
  }
  Json get(const std::string& path, int status = 200) {
    return take(client->Get((kRepo + path).c_str()), status);
  }
  Json post(const std::string& path, const Json& body, int status = 201) {
    return take(client->Post((kRepo + path).c_str(), body.dump(), "application/json"), status);
  }
  Json put(const std::string& path, const Json& body, int status = 200) {
    return take(client->Put((kRepo + path).c_str(), body.dump(), "application/json"), status);
  }
  std::string tip(const std::string& branch) {
    return get("/git/ref/heads/" + branch)["object"]["sha"].get<std::string>();
  }
  // A branch with one file more than main, and a pull request for it.
  int open_pull(const std::string& branch) {
    post("/git/refs", {{"ref", "refs/heads/" + branch}, {"sha", tip("main")}});
    put("/contents/" + branch + ".txt",
        {{"message", branch}, {"content", base::base64(branch)}, {"branch", branch}}, 201);
    return post("/pulls", {{"title", branch}, {"head", branch}, {"base", "main"}})["number"]
        .get<int>();
  }
};

// ---- libgit2 as a client ----

int sign_in(git_credential** to, const char*, const char*, unsigned, void* payload) {
  auto& tries = *static_cast<int*>(payload);
  return tries++ > 0 ? -1 : git_credential_userpass_plaintext_new(to, "anybody", "t-owner");
}

// Commits one file on top of HEAD to a new branch, without a working tree; its id.
std::string commit_file(git_repository* repository, const char* ref, const char* name,
                        const char* text) {
  git_reference* head = nullptr;
  git_commit* parent = nullptr;
  git_tree* tree = nullptr;
  git_treebuilder* builder = nullptr;
  git_signature* person = nullptr;
  git_oid id;
  REQUIRE(git_repository_head(&head, repository) == 0);
  REQUIRE(git_commit_lookup(&parent, repository, git_reference_target(head)) == 0);
  REQUIRE(git_commit_tree(&tree, parent) == 0);
  REQUIRE(git_treebuilder_new(&builder, repository, tree) == 0);
  REQUIRE(git_blob_create_from_buffer(&id, repository, text, std::string(text).size()) == 0);
  REQUIRE(git_treebuilder_insert(nullptr, builder, name, &id, GIT_FILEMODE_BLOB) == 0);
  REQUIRE(git_treebuilder_write(&id, builder) == 0);
  git_tree_free(tree);
  REQUIRE(git_tree_lookup(&tree, repository, &id) == 0);
  REQUIRE(git_signature_new(&person, "Ann", "ann@example.org", 1'763'646'756, 0) == 0);
  const git_commit* parents[] = {parent};
  REQUIRE(git_commit_create(&id, repository, ref, person, person, nullptr, "by libgit2", tree, 1,
                            parents) == 0);
  git_signature_free(person);
  git_treebuilder_free(builder);
  git_tree_free(tree);
  git_commit_free(parent);
  git_reference_free(head);
  return git_oid_tostr_s(&id);
}

TEST_CASE_FIXTURE(Stage, "libgit2 clones and pushes what the API shows and merges") {
  git_libgit2_init();
  const std::string url = forge->url() + "/sre-space/demo.git";
  git_repository* clone = nullptr;
  int tries = 0;
  git_clone_options options = GIT_CLONE_OPTIONS_INIT;
  options.bare = 1;
  options.fetch_opts.callbacks.credentials = sign_in;
  options.fetch_opts.callbacks.payload = &tries;
  REQUIRE(git_clone(&clone, url.c_str(), folder.file("clone").c_str(), &options) == 0);
  const std::string made = commit_file(clone, "refs/heads/lib", "lib.txt", "by libgit2\n");

  git_remote* remote = nullptr;
  REQUIRE(git_remote_lookup(&remote, clone, "origin") == 0);
  tries = 0;
  git_push_options push = GIT_PUSH_OPTIONS_INIT;
  push.callbacks.credentials = sign_in;
  push.callbacks.payload = &tries;
  std::string spec = "refs/heads/lib:refs/heads/lib";
  char* specs[] = {spec.data()};
  const git_strarray list{specs, 1};
  REQUIRE(git_remote_push(remote, &list, &push) == 0);

  CHECK(tip("lib") == made);
  const Json pull = post("/pulls", {{"title", "by libgit2"}, {"head", "lib"}, {"base", "main"}});
  CHECK(pull["mergeable"] == true);
  const std::string path = "/pulls/" + std::to_string(pull["number"].get<int>());
  const Json merged = put(path + "/merge", {{"merge_method", "squash"}, {"sha", made}});

  tries = 0;
  REQUIRE(git_remote_fetch(remote, nullptr, &options.fetch_opts, nullptr) == 0);
  git_oid fetched;
  REQUIRE(git_reference_name_to_id(&fetched, clone, "refs/remotes/origin/main") == 0);
  CHECK(merged["sha"] == std::string(git_oid_tostr_s(&fetched)));
  git_remote_free(remote);
  git_repository_free(clone);
  git_libgit2_shutdown();
}

// ---- Over a crash ----

TEST_CASE_FIXTURE(Stage, "refs that moved while no forge looked are told at its next start") {
  const int number = open_pull("moved");
  close();
  std::string later;
  {
    const auto git = repository();
    const std::string tip = git->find_ref("refs/heads/moved")->sha;
    const auto commit = git->commit(tip);
    const auto next = git->add_commit({"", commit->tree, {tip}, kPerson, kPerson, "later\n"});
    REQUIRE(next.ok());
    later = *next;
    REQUIRE(git->move_ref("refs/heads/moved", later, tip).ok());
  }
  open();
  const Json pull = get("/pulls/" + std::to_string(number));
  CHECK(pull["head"]["sha"] == later);
  CHECK(pull["commits"] == 2);
}

TEST_CASE_FIXTURE(Stage, "a squash whose base moved before the power failed counts as merged") {
  const int number = open_pull("cut");
  close();
  std::string merge;
  {
    const auto git = repository();
    const std::string base = git->find_ref("refs/heads/main")->sha;
    const auto tree = git->merge(base, git->find_ref("refs/heads/cut")->sha);
    REQUIRE(tree.ok());
    const auto made = git->add_commit({"", *tree, {base}, kPerson, kPerson, "cut (#1)\n"});
    REQUIRE(made.ok());
    merge = *made;
    REQUIRE(git->create_ref("refs/forge/merged/" + std::to_string(number), merge).ok());
    REQUIRE(git->move_ref("refs/heads/main", merge, base).ok());
  }
  open();
  const Json pull = get("/pulls/" + std::to_string(number));
  CHECK(pull["merged"] == true);
  CHECK(pull["merge_commit_sha"] == merge);
}

TEST_CASE_FIXTURE(Stage, "a merge that was noted and not done is done by the next try") {
  const int number = open_pull("again");
  const std::string main = tip("main");
  close();
  REQUIRE(repository()->create_ref("refs/forge/merged/" + std::to_string(number), main).ok());
  open();
  const std::string path = "/pulls/" + std::to_string(number);
  CHECK(get(path)["merged"] == false);
  put(path + "/merge", {{"merge_method", "squash"}});
  CHECK(get(path)["merged"] == true);
}

// ---- The child process ----

TEST_CASE("a backend without patience, or stopped, is ended and says so") {
  support::TemporaryFolder folder;
  const auto git = git::Repository::open(folder.file("r.git"), kPerson, "r");
  REQUIRE(git.ok());
  http::Request request;
  request.method = "GET";
  request.target = "/r.git/info/refs?service=git-upload-pack";
  const BackendCall call{request, "/info/refs", "ann", {}};

  Backend good({folder.file("r.git")});
  const auto served = good.serve(call);
  REQUIRE(served.ok());
  CHECK(served->status == 200);
  CHECK(served->body.find("refs/heads/main") != std::string::npos);
  good.stop();
  CHECK(good.serve(call).error().code == base::ErrorCode::unavailable);

  Backend hasty({folder.file("r.git"), std::chrono::milliseconds(0)});
  CHECK(hasty.serve(call).error().code == base::ErrorCode::timeout);
  Backend narrow({folder.file("r.git"), std::chrono::milliseconds(60'000), 10});
  CHECK(narrow.serve(call).error().code == base::ErrorCode::unknown);
  Backend lost({folder.file("nothing.git")});
  CHECK(lost.serve(call)->status == 404);
}

// ---- What others may have put into it ----

TEST_CASE("trees without end and times beyond all calendars do no harm") {
  support::TemporaryFolder folder;
  const auto git = git::Repository::open(folder.file("r.git"), kPerson, "r");
  REQUIRE(git.ok());
  git_libgit2_init();
  git_repository* raw = nullptr;
  REQUIRE(git_repository_open_bare(&raw, folder.file("r.git").c_str()) == 0);
  git_oid id;
  REQUIRE(git_blob_create_from_buffer(&id, raw, "x", 1) == 0);
  git_filemode_t mode = GIT_FILEMODE_BLOB;
  for (int depth = 0; depth < 5000; ++depth) {
    git_treebuilder* builder = nullptr;
    REQUIRE(git_treebuilder_new(&builder, raw, nullptr) == 0);
    REQUIRE(git_treebuilder_insert(nullptr, builder, "a", &id, mode) == 0);
    REQUIRE(git_treebuilder_write(&id, builder) == 0);
    git_treebuilder_free(builder);
    mode = GIT_FILEMODE_TREE;
  }
  const std::string deep = git_oid_tostr_s(&id);
  CHECK((*git)->tree(deep, true)->size() == 65);
  CHECK((*git)->add_tree(deep, {{"b", "100644", std::nullopt}}).error().code ==
        base::ErrorCode::invalid);
  const git::TreeEdit graft{"b", "040000", deep};
  CHECK((*git)->add_tree("", {graft}).error().code == base::ErrorCode::invalid);

  git_signature late{const_cast<char*>("Ann"), const_cast<char*>("a@b"), {INT64_MAX / 2, 0, '+'}};
  git_tree* tree = nullptr;
  git_oid made;
  REQUIRE(git_tree_lookup(&tree, raw, &id) == 0);
  REQUIRE(git_commit_create(&made, raw, nullptr, &late, &late, nullptr, "late", tree, 0, nullptr) ==
          0);
  git_tree_free(tree);
  const auto commit = (*git)->commit(git_oid_tostr_s(&made));
  REQUIRE(commit);
  CHECK(commit->author.at > kPerson.at);
  CHECK(commit->author.at <= *base::parse_utc("9999-12-31T23:59:59Z"));
  git_repository_free(raw);
  git_libgit2_shutdown();
}

// ---- What is in the way of a repository ----

TEST_CASE("a folder that is no repository is not taken for one") {
  support::TemporaryFolder folder;
  const auto opened = git::Repository::open(folder.path(), kPerson, "x");
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == base::ErrorCode::corrupt);
}

}  // namespace
}  // namespace forge::git_test
