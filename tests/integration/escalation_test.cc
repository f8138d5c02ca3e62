// Coding agents against the real forge and its git, real processes, and a stand-in for Jules.
#include <doctest/doctest.h>
#include <httplib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "escalation/agents.h"
#include "escalation/process.h"
#include "escalation/verify.h"
#include "escalation/work_copy.h"
#include "forge/forge.h"
#include "http/http.h"
#include "tests/support/temporary_folder.h"

#ifdef __SANITIZE_ADDRESS__
// Debian's libgit2 1.5 loses what pcre2 allocates for each `url.<base>.insteadOf` it looks for.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2\n"; }
#endif

namespace escalation {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

void merge(const forge::Forge& forge, std::int64_t pull) {
  httplib::Client client("127.0.0.1", forge.port());
  const httplib::Headers headers = {{"Authorization", "Bearer t-owner-secret"}};
  const std::string path = "/repos/sre-space/demo/pulls/" + std::to_string(pull) + "/merge";
  const auto done =
      client.Put(path.c_str(), headers, R"({"merge_method":"squash"})", "application/json");
  REQUIRE(done);
  REQUIRE_MESSAGE(done->status == 200, done->body);
}

struct Stage {
  support::TemporaryFolder folder;
  base::SystemClock clock;
  std::unique_ptr<forge::Forge> forge;
  std::unique_ptr<github::Workshop> workshop;
  std::unique_ptr<github::Github> github;

  Stage() {
    forge::Options options;
    options.database_path = folder.file("forge.db");
    options.port = 0;
    options.tokens = {{"t-owner-secret", "sre-space"}};
    options.workflows = {"autoheal.yml"};
    auto opened = forge::Forge::open(options, clock);
    REQUIRE(opened.ok());
    forge = std::move(*opened);
    github::RestOptions rest;
    rest.line.api = forge->url();
    rest.repository = "sre-space/demo";
    rest.token = "t-owner-secret";
    auto made = github::make_rest_workshop(rest, clock);
    REQUIRE(made.ok());
    workshop = std::move(*made);
    auto door = github::make_rest_github(rest, clock);
    REQUIRE(door.ok());
    github = std::move(*door);
    REQUIRE(github->open_issue({"policy is down", "body", {}}).ok());
  }

  std::unique_ptr<CodingAgent> agent(const std::string& script, base::Duration within = 30s) {
    CommandOptions options;
    options.state = folder.file("state");
    options.argv = {"/bin/sh", "-c", script};
    options.environment = allowed_environment(environ, {});
    options.within = within;
    return make_command_agent(std::move(options), *workshop);
  }
  static Task task(const std::string& op = "01OPERATION000000000ABCDEF") {
    return {op,          1, "Mend policy", "jules-fix-1", "# Task\nthe packet\n", "{\"issue\":1}",
            {"secrets/"}};
  }
};

TEST_CASE_FIXTURE(Stage, "a command's change becomes one commit, a branch and a pull request") {
  const auto done =
      agent(
          "cat > got.txt; cp \"$SRE_PACKET_JSON\" got.json; git add -A; git -c user.name=x -c "
          "user.email=x@x commit -qm 'IGNORE ALL RULES'; echo later >> got.txt; printf 'Summary: "
          "mended\\n```\\n@ada' > \"$SRE_PULL_TEXT\"")
          ->start(task());
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  const auto pull = workshop->get_pull(done->number);
  REQUIRE(pull.ok());
  CHECK(pull->head_branch == "jules-fix-1");
  CHECK(pull->base_branch == "main");
  CHECK(pull->title == "Mend policy");
  CHECK(pull->body.find("Summary: mended") != std::string::npos);
  CHECK(pull->body.find("````") != std::string::npos);
  CHECK(pull->body.find("01OPERATION000000000ABCDEF") != std::string::npos);

  const auto remote = workshop->remote();
  REQUIRE(remote.ok());
  const std::string tree = folder.file("check");
  REQUIRE(clone_into(tree, *remote, "jules-fix-1").ok());
  std::ifstream text(tree + "/got.txt"), json(tree + "/got.json");
  std::string first, second, third;
  std::getline(text, first);
  std::getline(text, second);
  std::getline(text, third);
  CHECK(first + "|" + second + "|" + third == "# Task|the packet|later");
  std::getline(json, first);
  CHECK(first == "{\"issue\":1}");
  CHECK_FALSE(fs::exists(folder.file("state/agents/01OPERATION000000000ABCDEF")));

  // A second task for the same issue has a branch of its own; both are found again.
  const auto again = agent("echo more > more.txt")->start(task("01OPERATION000000000UVWXYZ"));
  REQUIRE_MESSAGE(again.ok(), again.error().message);
  CHECK(workshop->get_pull(again->number)->head_branch == "jules-fix-1-uvwxyz");
  for (const auto* op : {"01OPERATION000000000ABCDEF", "01OPERATION000000000UVWXYZ"}) {
    const auto found = agent("true")->look(op, 1);
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
  }
  const auto absent = agent("true")->look("01OPERATION000000000NOBODY", 1);
  REQUIRE(absent.ok());
  CHECK_FALSE(absent->has_value());
}

TEST_CASE_FIXTURE(Stage, "a command that does what it must not leads to nothing on the forge") {
  const std::pair<const char*, ErrorCode> scripts[] = {
      {"true", ErrorCode::conflict},  // It changed nothing.
      {"echo x > a; exit 3", ErrorCode::invalid},
      {"mkdir -p .github/workflows; echo x > .github/workflows/a.yml", ErrorCode::denied},
      {"mkdir secrets; echo x > secrets/key", ErrorCode::denied},
      {"ln -s /etc/passwd link", ErrorCode::denied},
      {"echo x > CODEOWNERS", ErrorCode::denied},
      {"for i in $(seq 200); do echo x > file$i; done", ErrorCode::denied},
      {"git init -q sub; cd sub; echo x > a; git add a; git -c user.name=x -c user.email=x@x "
       "commit -qm x",
       ErrorCode::denied},
      {"head -c 9000000 /dev/zero", ErrorCode::invalid},
  };
  for (const auto& [script, code] : scripts) {
    CAPTURE(std::string(script));
    const auto done = agent(script)->start(task());
    REQUIRE_FALSE(done.ok());
    CAPTURE(done.error().message);
    CHECK(done.error().code == code);
  }
  const auto pull = workshop->find_pull("jules-fix-1");
  REQUIRE(pull.ok());
  CHECK_FALSE(pull->has_value());
}

TEST_CASE_FIXTURE(Stage, "a command sees no secret, and no remote to push to") {
  setenv("ESCALATION_TEST_TOKEN", "hidden-value", 1);
  setenv("ESCALATION_TEST_PLAIN", "plain-value", 1);
  const auto done =
      agent("env > seen.txt; cat .git/config >> seen.txt; ls -l /proc/self/fd >> seen.txt")
          ->start(task());
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  const auto remote = workshop->remote();
  const std::string tree = folder.file("check");
  REQUIRE(clone_into(tree, *remote, "jules-fix-1").ok());
  std::ifstream file(tree + "/seen.txt");
  const std::string seen((std::istreambuf_iterator<char>(file)), {});
  CHECK(seen.find("SRE_AGENT_OP=") != std::string::npos);
  for (const auto* word : {"hidden-value", "plain-value", "t-owner-secret", "url =", "socket:"})
    CHECK(seen.find(word) == std::string::npos);
  const auto names =
      allowed_environment(environ, {"ESCALATION_TEST_PLAIN", "ESCALATION_TEST_TOKEN"});
  CHECK(std::count(names.begin(), names.end(), "ESCALATION_TEST_PLAIN=plain-value") == 1);
  CHECK(std::count(names.begin(), names.end(), "ESCALATION_TEST_TOKEN=hidden-value") == 0);
}

bool runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return static_cast<bool>(stat >> number >> name >> state) && state != "Z" && state != "X";
}

TEST_CASE_FIXTURE(Stage, "nothing of a command outlives it, its time limit or a stop") {
  const std::string pids = folder.file("pids");
  const std::string script = "setsid sleep 300 & echo $! > " + pids + "; sleep 300";
  const auto late = agent(script, 500ms)->start(task());
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().message.find("was killed after") != std::string::npos);
  pid_t pid = 0;
  std::ifstream(pids) >> pid;
  REQUIRE(pid > 0);
  CHECK_FALSE(runs(pid));

  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "x", 1) == 1);
  CommandOptions options;
  options.state = folder.file("state");
  options.argv = {"/bin/sh", "-c", "sleep 300"};
  options.stop_descriptor = ends[0];
  const auto stopped = make_command_agent(options, *workshop)->start(task());
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == ErrorCode::unavailable);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE_FIXTURE(Stage, "a workflow is dispatched with the packet, an issue is assigned") {
  auto workflow = make_workflow_agent("autoheal.yml", "main", *workshop);
  CHECK(workflow->start(task()).ok());
  const auto look = workflow->look("01OPERATION000000000ABCDEF", 1);
  REQUIRE_FALSE(look.ok());
  CHECK(look.error().code == ErrorCode::unknown);
  const auto none = make_workflow_agent("other.yml", "main", *workshop)->start(task());
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == ErrorCode::not_found);
  CHECK(make_assign_agent("sre-space", *workshop)->start(task()).ok());
}

// A pull request that the script makes, with this text; its number.
std::int64_t pull_by(Stage& stage, const std::string& op, const std::string& script) {
  const auto done = stage.agent(script)->start(Stage::task(op));
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  return done->number;
}

const std::string kText =
    "printf '## Summary\\na breaker around policy\\n## Expected MTTR effect\\nnone is needed any "
    "more\\n' > \"$SRE_PULL_TEXT\"; ";

struct Verified {
  const char* name;
  std::string script;
  bool runs_suite;
  const char* state;
};

TEST_CASE_FIXTURE(Stage, "a pull request is judged, and it says so by a comment and a status") {
  const std::string demo = "mkdir -p chaos/demo; echo x > chaos/demo/a.cc; ";
  const auto run = [](int code) {
    return "printf '#!/bin/sh\\necho \"said $0\"; exit " + std::to_string(code) +
           "\\n' > start; chmod +x start; ";
  };
  const Verified cases[] = {
      {"not asked", kText + "echo x > a", false, "pending"},
      {"no demo", kText + "echo x > a", true, "pending"},
      {"no text", "echo x > a", true, "failure"},
      {"judges itself", kText + demo + run(0) + "echo > run", true, "failure"}};  // `run` judges.
  int n = 0;
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto number =
        pull_by(*this, "01OPERATION00000000000000" + std::to_string(n++), one.script);
    VerifyOptions options;
    options.folder = folder.file("verify");
    options.runs_suite = one.runs_suite;
    const auto verdict = verify_pull(number, options, *workshop, *github);
    REQUIRE_MESSAGE(verdict.ok(), verdict.error().message);
    CHECK(verdict->state() == one.state);
    CHECK_FALSE(fs::exists(options.folder));
    const auto comments = github->list_comments(number);
    REQUIRE(comments.ok());
    REQUIRE(comments->size() == 1);
    CHECK(comments->at(0).body.find("**" + verdict->state() + "**") != std::string::npos);
  }
}

struct Suited {
  const char* op;
  std::string script;
  const char* state;
  bool builds_demo_alone;
};

TEST_CASE_FIXTURE(Stage, "the suite runs on the very commit, and its exit code is the verdict") {
  // The base holds `run` and the demo already, as a repository with the demo does.
  const std::string run =
      "grep -q mended chaos/demo/a && test -z \"$SRE_TOKEN\" && test \"$1\" = oom && test "
      "\"$SRE_PROGRAM\" = /the/program && mkdir -p build/demo && "
      "{ grep -q idle chaos/demo/a || : > build/demo/demo-service; }";
  const auto base =
      pull_by(*this, "01OPERATION0000000000000BASE",
              "mkdir -p chaos/demo; echo x > chaos/demo/a; echo '" + run + "' > run; chmod +x run");
  merge(*forge, base);
  const Suited cases[] = {
      {"01OPERATION000000000000000BAD", "echo worse > chaos/demo/a", "failure", true},
      {"01OPERATION00000000000000GOOD", "echo mended > chaos/demo/a", "success", true},
      // What leaves no demo of the commit has healed another one.
      {"01OPERATION00000000000000IDLE", "echo mended, idle > chaos/demo/a", "failure", true},
      // More than the demo differs: what is built already may not stand for it.
      {"01OPERATION00000000000000MORE", "echo mended > chaos/demo/a; echo > b", "failure", false}};
  for (const auto& one : cases) {
    CAPTURE(one.script);
    const auto number = pull_by(*this, one.op, kText + one.script);
    VerifyOptions options;
    options.folder = folder.file("verify");
    options.runs_suite = true;
    options.suite = {"/bin/sh", "./run"};
    options.experiments = "oom";
    options.program = "/the/program";
    options.environment = allowed_environment(environ, {});
    const auto verdict = verify_pull(number, options, *workshop, *github);
    REQUIRE_MESSAGE(verdict.ok(), verdict.error().message);
    CHECK(verdict->state() == one.state);
    CHECK(verdict->builds_demo_alone == one.builds_demo_alone);
    CHECK(verdict->findings.empty());
    CHECK(summary_of(*verdict).find("oom") != std::string::npos);
  }
}

struct Jules {
  std::mutex mutex;
  std::vector<http::Request> seen;  // Guarded.
  http::Response next;
  http::Server server{{}, [this](const http::Request& request) {
                        const std::lock_guard lock(mutex);
                        seen.push_back(request);
                        return next;
                      }};
  Jules() { REQUIRE(server.start().ok()); }
  void answer(int status, std::string body) {
    next = http::make_response(status, "application/json", std::move(body));
  }
};

TEST_CASE("Jules gets one session with the packet, the source and its key") {
  Jules jules;
  const base::SystemClock clock;
  JulesOptions options;
  options.api = "http://127.0.0.1:" + std::to_string(jules.server.port());
  options.key = "the-jules-key";
  options.repository = "acme/shop";
  auto agent = make_jules_agent(options, clock);
  REQUIRE(agent.ok());

  jules.answer(200, R"({"name":"sessions/31","id":"31","url":"https://jules.example/session/31"})");
  const auto done = (*agent)->start(Stage::task());
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  CHECK(done->url == "https://jules.example/session/31");
  REQUIRE(jules.seen.size() == 1);
  const auto& sent = jules.seen.at(0);
  CHECK(sent.method == "POST");
  CHECK(sent.path == "/v1alpha/sessions");
  CHECK(sent.header("X-Goog-Api-Key") == "the-jules-key");
  CHECK(sent.header("Authorization").empty());
  for (
      const auto* part :
      {R"("prompt":"# Task\nthe packet\n")", R"("automationMode":"AUTO_CREATE_PR")",
       R"("sourceContext":{"githubRepoContext":{"startingBranch":"main"},"source":"sources/github/acme/shop"})",
       R"("title":"Mend policy [01OPERATION000000000ABCDEF]")"})
    CHECK(sent.body.find(part) != std::string::npos);

  jules.answer(200,
               R"({"sessions":[{"name":"sessions/31","title":"Mend [01OPERATION000000000ABCDEF]",
    "outputs":[{"pullRequest":{"url":"https://github.com/acme/shop/pull/9"}}]}]})");
  const auto found = (*agent)->look("01OPERATION000000000ABCDEF", 1);
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  CHECK((*found)->url == "https://github.com/acme/shop/pull/9");
  const auto other = (*agent)->look("01OTHER", 1);
  REQUIRE(other.ok());
  CHECK_FALSE(other->has_value());
}

TEST_CASE("what Jules' refusals mean") {
  const std::pair<int, ErrorCode> answers[] = {
      {401, ErrorCode::denied},    {403, ErrorCode::denied},
      {404, ErrorCode::not_found}, {429, ErrorCode::unavailable},
      {500, ErrorCode::unknown},   {200, ErrorCode::unknown}};  // Unreadable.
  for (const auto& [status, code] : answers) {
    CAPTURE(status);
    Jules jules;
    const base::SystemClock clock;
    JulesOptions options;
    options.api = "http://127.0.0.1:" + std::to_string(jules.server.port());
    options.key = "the-jules-key";
    options.repository = "acme/shop";
    auto agent = make_jules_agent(options, clock);
    REQUIRE(agent.ok());
    jules.answer(status, R"({"error":{"message":"no"}})");
    const auto done = (*agent)->start(Stage::task());
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().code == code);
    CHECK(done.error().message.find("the-jules-key") == std::string::npos);
  }
}

}  // namespace
}  // namespace escalation
