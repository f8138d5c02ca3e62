// Commits and branches of our own at a real remote, the forge, through the worker's process.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/ensure.h"
#include "base/hash.h"
#include "forge/forge.h"
#include "gitops/branches.h"
#include "gitops/worker.h"
#include "gitops/yaml_edit.h"
#include "tests/support/temporary_folder.h"

namespace gitops {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;

const std::string kRepo = "/repos/sre-space/demo";
const git::Person kBot{"sre-space", "bot@sre-space.invalid", base::wall_from_ms(1'795'200'000'000)};
const std::string kCompose =
    "# ours\r\nservices:\r\n  policy-service:\r\n    mem_limit: 64m # more?\r\n";

struct Stage {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  std::unique_ptr<forge::Forge> forge;
  std::unique_ptr<httplib::Client> client;

  Stage() {
    forge::Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.tokens = {{"t-owner", "sre-space"}};
    auto opened = forge::Forge::open(options, clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    client = std::make_unique<httplib::Client>("127.0.0.1", forge->port());
    client->set_default_headers({{"Authorization", "Bearer t-owner"}});
    put_file("deploy/compose.yaml", kCompose);
    put_file("deploy/other.txt", "stays\n");
  }

  Json take(const httplib::Result& result, int status) {
    REQUIRE(result);
    CAPTURE(result->body);
    REQUIRE(result->status == status);
    return result->body.empty() ? Json() : Json::parse(result->body);
  }
  Json get(const std::string& path, int status = 200) {
    return take(client->Get((kRepo + path).c_str()), status);
  }
  Json post(const std::string& path, const Json& body, int status = 201) {
    return take(client->Post((kRepo + path).c_str(), body.dump(), "application/json"), status);
  }
  Json patch(const std::string& path, const Json& body) {
    return take(client->Patch((kRepo + path).c_str(), body.dump(), "application/json"), 200);
  }
  void put_file(const std::string& path, const std::string& text) {
    const Json body = {{"message", path}, {"content", base::base64(text)}, {"branch", "main"}};
    take(client->Put((kRepo + "/contents/" + path).c_str(), body.dump(), "application/json"), 201);
  }
  // A commit of somebody else's on main; answers it.
  std::string change_file(const std::string& path, const std::string& text) {
    const auto sha = get("/contents/" + path)["sha"].get<std::string>();
    const Json body = {{"message", "use another " + path},
                       {"content", base::base64(text)},
                       {"branch", "main"},
                       {"sha", sha}};
    take(client->Put((kRepo + "/contents/" + path).c_str(), body.dump(), "application/json"), 200);
    return tip("main");
  }
  std::string tip(const std::string& branch) {
    return get("/git/ref/heads/" + branch)["object"]["sha"].get<std::string>();
  }
  WorkerOptions options(const std::string& copy = "copy") {
    WorkerOptions options;
    options.program = {GITOPS_WORKER};
    options.folder = folder.file(copy);
    options.remote = {forge->url() + "/sre-space/demo.git", "t-owner"};
    return options;
  }
  CommitPlan plan(const std::string& text, const std::string& branch = "fix-inc-12-01JCXH") {
    CommitPlan plan;
    plan.base_branch = "main";
    plan.base = tip("main");
    plan.files = {{"deploy/compose.yaml", text}, {"remediations/fix-12.yaml", "issue: 12\n"}};
    plan.allowed = {"deploy/", "remediations/"};
    plan.author = plan.committer = kBot;
    plan.message = "deploy: raise the memory limit of policy-service\n\nFor #12.\n";
    plan.branch = branch;
    return plan;
  }
};

// Listens, and never says a word.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    base::ensure(::bind(socket_, plain, size) == 0 && ::listen(socket_, 8) == 0, "no listener");
    base::ensure(::getsockname(socket_, plain, &size) == 0, "no port");
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/a/b.git";
  }

 private:
  int socket_;
  int port_ = 0;
};

template <class Answer>
ErrorCode code_of(const Answer& answer) {
  REQUIRE_FALSE(answer.ok());
  CAPTURE(answer.error().message);
  CHECK(answer.error().message.find("t-owner") == std::string::npos);
  return answer.error().code;
}

}  // namespace

TEST_CASE_FIXTURE(Stage, "gitops: a value is read, edited, committed and stands on a new branch") {
  const Worker worker(options());
  const auto file = worker.read("main", "deploy/compose.yaml", {"deploy/"});
  REQUIRE_MESSAGE(file.ok(), (file.ok() ? "" : file.error().message));
  CHECK(file->text == kCompose);
  CHECK(file->head == tip("main"));
  const auto change = parse_change(
      "deploy/compose.yaml services.policy-service.mem_limit \"64m\" -> \"128m\" memory 32m..1g");
  REQUIRE(change.ok());
  const auto edited = edit_yaml(file->text, *change);
  REQUIRE(edited.ok());
  const auto made = worker.propose(plan(edited->text));
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));

  CHECK(tip("fix-inc-12-01JCXH") == *made);
  const Json compared = get("/compare/main...fix-inc-12-01JCXH");
  CHECK(compared["ahead_by"] == 1);
  REQUIRE(compared["files"].size() == 2);
  CHECK(compared["files"][0]["filename"] == "deploy/compose.yaml");
  CHECK(compared["files"][0]["additions"] == 1);
  CHECK(compared["files"][0]["deletions"] == 1);
  CHECK(compared["files"][1]["filename"] == "remediations/fix-12.yaml");
  const Json commit = get("/git/commits/" + *made);
  CHECK(commit["author"]["name"] == "sre-space");
  CHECK(commit["message"].get<std::string>().starts_with("deploy: raise"));
  CHECK(commit["parents"][0]["sha"] == tip("main"));
}

TEST_CASE_FIXTURE(Stage, "gitops: the same plan makes the same commit, from any copy, any time") {
  const CommitPlan same = plan("a: 1\n");
  const auto first = Worker(options()).propose(same);
  REQUIRE(first.ok());
  const auto again = Worker(options()).propose(same);
  REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
  const auto elsewhere = Worker(options("another")).propose(same);
  REQUIRE(elsewhere.ok());
  CHECK(*again == *first);
  CHECK(*elsewhere == *first);
  CommitPlan later = same;
  later.committer.at += base::Millis(1000);
  later.branch = "fix-inc-12-02";
  const auto other = Worker(options()).propose(later);
  REQUIRE(other.ok());
  CHECK(*other != *first);
}

TEST_CASE_FIXTURE(Stage, "gitops: a branch that stands at another commit is never moved") {
  const Worker worker(options());
  const auto first = worker.propose(plan("a: 1\n"));
  REQUIRE(first.ok());
  CHECK(code_of(worker.propose(plan("a: 2\n"))) == ErrorCode::conflict);
  CHECK(tip("fix-inc-12-01JCXH") == *first);
  // Not even forward: somebody made it at our base.
  post("/git/refs", {{"ref", "refs/heads/fix-inc-13-x"}, {"sha", tip("main")}});
  CHECK(code_of(worker.propose(plan("a: 3\n", "fix-inc-13-x"))) == ErrorCode::conflict);
  CHECK(tip("fix-inc-13-x") == tip("main"));
}

TEST_CASE_FIXTURE(Stage, "gitops: the same change on an earlier head of its base is known again") {
  const Worker worker(options());
  const auto first = worker.propose(plan("a: 1\n"));
  REQUIRE(first.ok());
  put_file("deploy/news.txt", "main moves on\n");
  const auto again = Worker(options("another")).propose(plan("a: 1\n"));
  REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
  CHECK(*again == *first);
  CHECK(tip("fix-inc-12-01JCXH") == *first);
  CHECK(code_of(worker.propose(plan("a: 2\n"))) == ErrorCode::conflict);
  // With somebody's commit on top it is not ours any more.
  const Json body = {
      {"message", "more"}, {"content", base::base64("x")}, {"branch", "fix-inc-12-01JCXH"}};
  take(client->Put((kRepo + "/contents/more.txt").c_str(), body.dump(), "application/json"), 201);
  CHECK(code_of(worker.propose(plan("a: 1\n"))) == ErrorCode::conflict);
}

TEST_CASE_FIXTURE(Stage, "gitops: exactly one commit is taken back, whatever came after it") {
  const Worker worker(options());
  const std::string path = "deploy/compose.yaml";
  const std::string ten = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\nj: 10\n";
  const auto with = [&](const char* line, const char* by) {
    std::string text = ten;
    return text.replace(text.find(line), std::string(line).size(), by);
  };
  const auto first = change_file(path, ten);
  const auto bad = change_file(path, with("a: 1", "a: broken"));
  std::string later = with("a: 1", "a: broken");
  later.replace(later.find("j: 10"), 5, "j: 11");
  const auto other = change_file(path, later);
  for (const auto& name : {bad, bad.substr(0, 7)}) {
    const auto back = worker.reverted("main", name, {path});
    REQUIRE_MESSAGE(back.ok(), (back.ok() ? "" : back.error().message));
    CHECK(back->commit == bad);
    CHECK(back->head == other);
    CHECK(back->subject == "use another deploy/compose.yaml");
    REQUIRE(back->files.size() == 1);
    CHECK(back->files[0].path == path);
    std::string wanted = ten;
    CHECK(back->files[0].text == wanted.replace(wanted.find("j: 10"), 5, "j: 11"));
  }
  auto proposal = plan(worker.reverted("main", bad, {path})->files[0].text);
  const auto made = worker.propose(proposal);
  REQUIRE(made.ok());
  CHECK(tip(proposal.branch) == *made);
  SUBCASE("of a fix of ours without the record that lies beside it") {
    put_file("remediations/fix-12.yaml", "issue: 12\n");
    const auto both = plan(ten, "fix-inc-13-01JCXH");
    auto fix = both;
    fix.files = {{path, ten}, {"remediations/fix-13.yaml", "issue: 13\n"}};
    REQUIRE(worker.propose(fix).ok());
    post("/merges", {{"base", "main"}, {"head", fix.branch}});
    const auto back = worker.reverted("main", tip("main"), {path});
    REQUIRE_MESSAGE(back.ok(), (back.ok() ? "" : back.error().message));
    REQUIRE(back->files.size() == 1);
    CHECK(back->files[0].path == path);
  }
  SUBCASE("not where later commits changed the same lines") {
    CHECK(code_of(worker.reverted("main", first, {path})) == ErrorCode::conflict);
  }
  SUBCASE("not where nothing would change any more") {
    change_file(path, proposal.files[0].text);
    CHECK(code_of(worker.reverted("main", bad, {path})) == ErrorCode::conflict);
  }
  SUBCASE("not what touches a path that is not allowed, makes a file or removes one") {
    const auto foreign = change_file("deploy/other.txt", "goes\n");
    CHECK(code_of(worker.reverted("main", foreign, {path})) == ErrorCode::denied);
    put_file("deploy/new.yaml", "new: 1\n");
    CHECK(code_of(worker.reverted("main", tip("main"), {"deploy/"})) == ErrorCode::denied);
  }
  SUBCASE("not what is no commit of that branch") {
    CHECK(code_of(worker.reverted("main", std::string(40, 'a'), {path})) == ErrorCode::not_found);
    CHECK(code_of(worker.reverted("main", *made, {path})) == ErrorCode::not_found);
    CHECK(code_of(worker.reverted("main", "HEAD", {path})) == ErrorCode::invalid);
    CHECK(code_of(worker.reverted("main", "abc", {path})) == ErrorCode::invalid);
  }
}

TEST_CASE_FIXTURE(Stage, "gitops: what a commit may not be") {
  const Worker worker(options());
  const auto refused = [&](auto spoil) {
    CommitPlan bad = plan("a: 1\n");
    spoil(bad);
    return code_of(worker.propose(bad));
  };
  CHECK(refused([](auto& p) { p.files[0].path = ".github/workflows/x.yml"; }) == ErrorCode::denied);
  CHECK(refused([](auto& p) { p.files[0].path = "deploy/../x"; }) == ErrorCode::denied);
  CHECK(refused([](auto& p) { p.files[0].path = "README.md"; }) == ErrorCode::denied);
  CHECK(refused([](auto& p) { p.files[0].path = "deploy/compose.yaml/x"; }) == ErrorCode::denied);
  CHECK(refused([](auto& p) { p.files[0].path = p.files[1].path; }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.files[0].text = kCompose; }) == ErrorCode::conflict);
  CHECK(refused([](auto& p) { p.files.clear(); }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.base = std::string(40, 'a'); }) == ErrorCode::not_found);
  CHECK(refused([](auto& p) { p.base = "main"; }) == ErrorCode::not_found);
  CHECK(refused([](auto& p) { p.base_branch = "absent"; }) == ErrorCode::not_found);
  CHECK(refused([](auto& p) { p.base_branch = "--upload-pack=x"; }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.branch = "main"; }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.branch = "+fix-inc-1-a"; }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.author.name = "a <b>"; }) == ErrorCode::invalid);
  CHECK(refused([](auto& p) { p.message.clear(); }) == ErrorCode::invalid);
  CHECK(worker.fix_branches()->empty());
}

TEST_CASE_FIXTURE(Stage, "gitops: nothing is read or written through a link or submodule") {
  const Json blob = post("/git/blobs", {{"content", "../../etc"}, {"encoding", "utf-8"}});
  const Json tree = post(
      "/git/trees",
      {{"base_tree", tip("main")},
       {"tree",
        {{{"path", "deploy/link.yaml"}, {"mode", "120000"}, {"type", "blob"}, {"sha", blob["sha"]}},
         {{"path", "linked"}, {"mode", "120000"}, {"type", "blob"}, {"sha", blob["sha"]}},
         {{"path", "module"}, {"mode", "160000"}, {"type", "commit"}, {"sha", tip("main")}}}}});
  const Json commit = post(
      "/git/commits", {{"message", "links"}, {"tree", tree["sha"]}, {"parents", {tip("main")}}});
  patch("/git/refs/heads/main", {{"sha", commit["sha"]}});
  const Worker worker(options());
  const std::vector<std::string> allowed = {"deploy/", "linked/", "module/", "linked", "module"};
  for (const char* path :
       {"deploy/link.yaml", "linked", "linked/passwd", "module", "module/x.yaml"}) {
    CAPTURE(std::string(path));
    CHECK(code_of(worker.read("main", path, allowed)) == ErrorCode::denied);
    CommitPlan bad = plan("a: 1\n");
    bad.allowed = allowed;
    bad.files = {{path, "a: 1\n"}};
    CHECK(code_of(worker.propose(bad)) == ErrorCode::denied);
  }
}

TEST_CASE_FIXTURE(Stage, "gitops: our branches are listed and deleted, no others") {
  const Worker worker(options());
  const auto first = worker.propose(plan("a: 1\n", "fix-inc-9-b"));
  const auto second = worker.propose(plan("a: 2\n", "fix-inc-10-a"));
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  for (const char* other : {"fix-inc-x", "fix-inc-1-a/b", "feature"}) {
    post("/git/refs", {{"ref", std::string("refs/heads/") + other}, {"sha", tip("main")}});
  }
  auto listed = worker.fix_branches();
  REQUIRE(listed.ok());
  REQUIRE(listed->size() == 2);
  CHECK((*listed)[0].name == "fix-inc-10-a");
  CHECK((*listed)[1].sha == *first);
  CHECK(code_of(worker.remove("fix-inc-9-b", *second)) == ErrorCode::conflict);
  CHECK(code_of(worker.remove("main", tip("main"))) == ErrorCode::invalid);
  CHECK(worker.remove("fix-inc-9-b", *first).ok());
  CHECK(worker.remove("fix-inc-9-b", *first).ok());  // Gone already.
  listed = worker.fix_branches();
  REQUIRE(listed.ok());
  CHECK(listed->size() == 1);
}

TEST_CASE_FIXTURE(Stage, "gitops: every byte of a file arrives") {
  std::string bytes;
  for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i);
  CommitPlan binary = plan(bytes);
  const Worker worker(options());
  REQUIRE(worker.propose(binary).ok());
  const auto back = worker.read(binary.branch, "deploy/compose.yaml", {"deploy/"});
  REQUIRE(back.ok());
  CHECK(back->text == bytes);
  CHECK(worker.read(binary.branch, "deploy/other.txt", {"deploy/"})->text == "stays\n");
  CHECK(code_of(worker.read("main", "deploy/none", {"deploy/"})) == ErrorCode::not_found);
  CHECK(code_of(worker.read("none", "deploy/none", {"deploy/"})) == ErrorCode::not_found);
}

TEST_CASE_FIXTURE(Stage, "gitops: a wrong token, a wrong repository, a wrong address") {
  WorkerOptions wrong = options();
  wrong.remote.token = "t-somebody";
  CHECK(code_of(Worker(wrong).propose(plan("a: 1\n"))) == ErrorCode::denied);
  WorkerOptions absent = options();
  absent.remote.url = forge->url() + "/sre-space/absent.git";
  const ErrorCode code = code_of(Worker(absent).fix_branches());
  CHECK((code == ErrorCode::not_found || code == ErrorCode::denied));
  for (const char* url :
       {"", "ext::sh -c id", "file:///etc", "/etc", "git://h/x", "ssh://h/x", "git@h:x",
        "http://example.org/a/b", "https://user:pw@h/x", "https://h", "https://h/x?y", "ftp://h/x",
        "--upload-pack=x", "https://h/x y", "http://127.0.0.1.example.org/a", "HTTPS://h/x"}) {
    CAPTURE(std::string(url));
    WorkerOptions strange = options();
    strange.remote.url = url;
    CHECK(code_of(Worker(strange).fix_branches()) == ErrorCode::denied);
  }
}

TEST_CASE_FIXTURE(Stage, "gitops: a server that never answers ends with the deadline") {
  const SilentServer silent;
  WorkerOptions hanging = options();
  hanging.remote.url = silent.url();
  hanging.patience = std::chrono::milliseconds(200);
  const Worker worker(hanging);
  CHECK(code_of(worker.read("main", "a.yaml", {"a.yaml"})) == ErrorCode::timeout);
  CHECK(code_of(worker.fix_branches()) == ErrorCode::timeout);
  CHECK(code_of(worker.propose(plan("a: 1\n"))) == ErrorCode::unknown);
  CHECK(code_of(worker.remove("fix-inc-1-a", std::string(40, 'a'))) == ErrorCode::unknown);
}

TEST_CASE_FIXTURE(Stage, "gitops: a child that dies, chatters or cannot start") {
  WorkerOptions broken = options();
  broken.program = {"/bin/false"};
  CHECK(code_of(Worker(broken).fix_branches()) == ErrorCode::unavailable);
  CHECK(code_of(Worker(broken).propose(plan("a: 1\n"))) == ErrorCode::unknown);
  broken.program = {"/usr/bin/yes"};
  CHECK(code_of(Worker(broken).fix_branches()) == ErrorCode::unknown);
  broken.program = {"/nonexistent/sre-space", "git-worker"};
  CHECK(code_of(Worker(broken).propose(plan("a: 1\n"))) == ErrorCode::unavailable);
}

TEST_CASE("gitops: names of branches") {
  CHECK(*fix_branch(12, "01JCXH7") == "fix-inc-12-01JCXH7");
  CHECK_FALSE(fix_branch(0, "a").ok());
  CHECK_FALSE(fix_branch(-1, "a").ok());
  const std::string operation(41, 'a');
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a/b"),
                                 std::string("a.lock"), std::string("../x"), std::string("a\nb"),
                                 std::string("-"), std::string("a:b"), operation}) {
    CAPTURE(bad);
    CHECK_FALSE(fix_branch(1, bad).ok());
  }
  for (const char* bad : {"main", "fix-inc-", "fix-inc-1", "fix-inc-1-", "fix-inc--a",
                          "fix-inc-01-a", "Fix-inc-1-a", "fix-inc-1-a/b", "refs/heads/fix-inc-1-a",
                          "fix-inc-9999999999-a", "-fix-inc-1-a", "fix-inc-1-a~1", "fix-inc-1-ä"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(is_fix_branch(bad));
  }
}

}  // namespace gitops
