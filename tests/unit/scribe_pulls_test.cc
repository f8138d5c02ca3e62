// Changes by pull request: made once whatever happens, watched, merged only as agreed.
#include "tests/unit/scribe_pulls.h"

#include <doctest/doctest.h>

#include "base/redact.h"

namespace {

using namespace scribe_test;
using github::CheckState;

const std::string kBranch = "fix-inc-1-01JCXHOP";

TEST_CASE_FIXTURE(Proposing,
                  "pulls: one value changes, its record beside it, as one pull request") {
  propose();
  settle(5s);
  REQUIRE(attempt().pull);
  CHECK(attempt().pull->branch == kBranch);
  CHECK(attempt().pull->head == git.branches.at(kBranch));
  const auto made = pulls(kBranch);
  REQUIRE(made.size() == 1);
  CHECK(made[0].number == attempt().pull->number);
  CHECK(made[0].url == attempt().pull->url);
  CHECK(made[0].title == "[SRE-AUTO-FIX] services.policy.mem_limit: 64m → 96m");
  CHECK(made[0].body.find("#1") != std::string::npos);
  REQUIRE(git.last);
  REQUIRE(git.last->files.size() == 2);
  CHECK(git.last->files[0].text ==
        "services:\n  policy:\n    image: policy:1\n    mem_limit: 96m  # small\n");
  CHECK(git.last->files[1].path == "remediations/fix-1.yaml");
  CHECK(git.last->author.at == attempt().intended_at);
  CHECK(git.last->committer.at == attempt().intended_at);
  CHECK(attempt().merged.empty());
  settle(100s);
  CHECK(attempt().merged == "merge-of-" + attempt().pull->head);
  CHECK(git.branches.empty());
  const auto labels = github.get_issue(made[0].number)->labels;
  CHECK(labels == std::vector<std::string>{"Auto-Merged"});
}

TEST_CASE("pulls: killed at any point, there is one branch, one pull request, one merge") {
  int ended = 0;
  for (const auto kind : {Crash::before_append, Crash::after_append, Crash::after_effect}) {
    for (int nth = 1; nth <= 25; ++nth) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(nth);
      Proposing world;
      world.propose();
      world.crash_at(kind, nth);
      world.settle(200s);
      REQUIRE(world.attempt().pull);
      CHECK(world.attempt().merged == "merge-of-" + world.attempt().pull->head);
      CHECK(world.attempt().closed.empty());
      CHECK(world.pulls(kBranch).size() == 1);
      CHECK(world.git.pushes == 1);
      CHECK(world.git.branches.empty());
      if (!world.crashed()) break;
      ++ended;
    }
  }
  CHECK(ended >= 12);
}

TEST_CASE("pulls: whatever GitHub answers, there is one pull request and it is merged") {
  using fakes::Fault;
  for (const auto fault : {Fault::commit_then_502, Fault::lost_502, Fault::drop_reply,
                           Fault::rate_limited, Fault::refused}) {
    for (std::size_t nth = 0; nth < 6; ++nth) {
      Proposing world;
      world.propose();
      int writes = 0;
      world.github.set_list_lag(nth % 2 == 0 ? base::Duration(0) : base::Duration(3s));
      world.github.on_each_write([&]() -> std::optional<Fault> {
        return writes++ == static_cast<int>(nth) ? std::optional(fault) : std::nullopt;
      });
      world.settle(300s);
      CHECK(world.pulls(kBranch).size() == 1);
      CHECK_FALSE(world.attempt().merged.empty());
      CHECK(world.git.branches.empty());
    }
  }
}

TEST_CASE_FIXTURE(Proposing, "pulls: an intent that is faster than its issue waits for it") {
  propose("01JCXHOP", {"memory_limit", kFrom, kTo}, false);
  settle(5s);
  REQUIRE(attempt().pull);
  CHECK(attempt().pull->branch == kBranch);
  CHECK(attempt().closed.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: a person's close is a decision") {
  propose();
  settle(5s);
  github.set_closed("alice", attempt().pull->number, true);
  settle(200s);
  CHECK(attempt().closed == "closed by alice");
  CHECK(attempt().merged.empty());
  CHECK(pulls(kBranch).size() == 1);
  CHECK(github.get_pull(attempt().pull->number)->state == "closed");
  CHECK(git.branches.contains(kBranch));
}

TEST_CASE_FIXTURE(Proposing, "pulls: a person's merge counts, without our label") {
  options.places.at("policy").merge_by_us = false;
  restart();
  propose();
  settle(200s);
  CHECK(attempt().merged.empty());
  github.merge_by_person(attempt().pull->number);
  settle(20s);
  CHECK(attempt().merged == "merge-of-" + attempt().pull->head);
  CHECK(github.get_issue(attempt().pull->number)->labels.empty());
  CHECK(git.branches.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: a moved head is never merged") {
  propose();
  settle(5s);
  git.push(kBranch, "somebody's");
  settle(200s);
  CHECK(attempt().closed.find("its head is somebody's") == 0);
  CHECK(attempt().merged.empty());
  CHECK(git.branches.at(kBranch) == "somebody's");
}

TEST_CASE_FIXTURE(Proposing, "pulls: red checks wait until they are green") {
  github.require_check("main", "build");
  propose();
  settle(5s);
  const std::string head = attempt().pull->head;
  github.set_check(head, "build", CheckState::red);
  settle(200s);
  CHECK(attempt().merged.empty());
  CHECK(attempt().closed.empty());
  github.set_check(head, "build", CheckState::green);
  settle(5s);
  CHECK_FALSE(attempt().merged.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: where no check is required, a reported red one still waits") {
  propose();
  settle(5s);
  github.set_check(attempt().pull->head, "lint", CheckState::pending);
  settle(200s);
  CHECK(attempt().merged.empty());
  github.set_check(attempt().pull->head, "lint", CheckState::green);
  settle(5s);
  CHECK_FALSE(attempt().merged.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: nothing is merged while held or stopped") {
  propose();
  settle(5s);
  tell(1, OperatorCommanded{"/hold", "alice"});
  settle(200s);
  CHECK(attempt().merged.empty());
  tell(0, StopSet{"enough", "root"});
  tell(1, OperatorCommanded{"/resume", "alice"});
  settle(20s);
  CHECK(attempt().merged.empty());
  tell(0, StopCleared{"root"});
  settle(20s);
  CHECK_FALSE(attempt().merged.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: nothing is opened while stopped") {
  tell(0, StopSet{"enough", "root"});
  propose();
  settle(20s);
  CHECK_FALSE(attempt().pull);
  CHECK(git.pushes == 0);
  tell(0, StopCleared{"root"});
  settle(20s);
  CHECK(attempt().pull);
}

TEST_CASE("pulls: what cannot be made says why, and nothing is made") {
  struct Row {
    const char* text;
    Change change;
    const char* says;
  };
  const Change good{"memory_limit", kFrom, kTo};
  const Row rows[] = {
      {"services:\n  policy:\n    mem_limit: 80m\n", good,
       "is 80m (83886080 bytes), but the plan started from 67108864 bytes"},
      {"services:\n  policy:\n    image: x\n", good, "mem_limit"},
      {"services: [", good, "docker-compose.yml"},
      {kCompose, {"memory_limit", kFrom, std::int64_t{600} << 20}, "outside of its bounds"},
      {kCompose, {"cpu_limit", 500, 1000}, "cpu_limit"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.says);
    Proposing world;
    world.git.text = row.text;
    world.propose("01JCXHOP", row.change);
    world.settle(20s);
    CAPTURE(world.attempt().closed);
    CHECK(world.attempt().closed.find(row.says) != std::string::npos);
    CHECK_FALSE(world.attempt().pull);
    CHECK(world.git.pushes == 0);
    CHECK(world.pulls(kBranch).empty());
  }
}

TEST_CASE_FIXTURE(Proposing, "pulls: a service without a place, a refused path, a refused push") {
  SUBCASE("no place") {
    options.places.clear();
    restart();
    propose();
    settle(20s);
    CHECK(attempt().closed.find("names no file") != std::string::npos);
  }
  SUBCASE("refused") {
    git.trouble = base::Error{ErrorCode::denied, "push: no right"};
    propose();
    settle(20s);
    CHECK(attempt().closed == "push: no right");
  }
  SUBCASE("trouble passes") {
    git.trouble = base::Error{ErrorCode::unavailable, "no connection"};
    propose();
    settle(30s);
    CHECK(attempt().closed.empty());
    CHECK(said().find("no connection") == std::string::npos);
    git.trouble.reset();
    settle(60s);
    CHECK(attempt().pull);
  }
}

TEST_CASE_FIXTURE(Proposing, "pulls: no secret leaves, not even in the branch's name") {
  SUBCASE("in a text") {
    options.redactor = base::Redactor({"for the third time"});
    scribe::PullCalls own(github, github, git, options.redactor);
    pull_calls = &own;
    restart();
    propose();
    settle(20s);
    REQUIRE(attempt().pull);
    CHECK(pulls(kBranch)[0].body.find("third time") == std::string::npos);
    CHECK(git.last->files[1].text.find("third time") == std::string::npos);
  }
  SUBCASE("in the branch") {
    options.redactor = base::Redactor({"inc-1-01JCXHOP"});
    restart();
    propose();
    settle(20s);
    CHECK(git.pushes == 0);
    CHECK_FALSE(attempt().pull);
    CHECK_FALSE(attempt().closed.empty());
  }
}

TEST_CASE_FIXTURE(Proposing, "pulls: a merge that is refused three times is a person's") {
  github.refuse_merges(3);
  propose();
  settle(200s);
  CHECK(attempt().merged.empty());
  CHECK(attempt().closed.find("refused 3 times to be merged: invalid") == 0);
  CHECK(github.get_pull(attempt().pull->number)->state == "open");
  CHECK(git.branches.contains(kBranch));
}

TEST_CASE_FIXTURE(Proposing, "pulls: a merge that is refused twice is looked at again") {
  github.refuse_merges(2);
  propose();
  settle(200s);
  CHECK_FALSE(attempt().merged.empty());
}

TEST_CASE_FIXTURE(Proposing, "pulls: the thread says what changes, where, and what it waits for") {
  const auto says = [&](const std::string& what) {
    CAPTURE(what);
    CHECK(said().find(what) != std::string::npos);
  };
  propose();
  settle(5s);
  says("memory limit 64 MiB → 96 MiB");
  says("`docker-compose.yml` at `services.policy.mem_limit` of branch `main`");
  says("[#2](https://fake.test/pull/2): waits for green checks, and is merged after ");
  says("pull request [#2](https://fake.test/pull/2)");
  SUBCASE("merged") {
    settle(200s);
    says("[#2](https://fake.test/pull/2): merged as `merge-of-");
    says("[#2](https://fake.test/pull/2) merged as `merge-of-");
  }
  SUBCASE("closed") {
    github.set_closed("alice", 2, true);
    settle(10s);
    says("there will be no merge: closed by alice");
    says("no merge: closed by alice");
  }
  SUBCASE("by a person") {
    options.places.at("policy").merge_by_us = false;
    restart();
    tell(1, OperatorCommanded{"/why", "alice"});
    settle(10s);
    says("waits for a person, who merges or closes it");
  }
}

TEST_CASE_FIXTURE(Proposing, "pulls: the five newest fix branches are kept, and open ones") {
  for (int i = 1; i <= 8; ++i) git.push("fix-inc-9-01JA" + std::to_string(i), "old");
  propose();
  settle(200s);
  CHECK_FALSE(attempt().merged.empty());
  REQUIRE(git.branches.size() == 5);
  CHECK(git.branches.contains("fix-inc-9-01JA8"));
  CHECK_FALSE(git.branches.contains("fix-inc-9-01JA3"));
}

TEST_CASE_FIXTURE(Proposing, "pulls: ours keep the spacing of all writes") {
  options.post_spacing = 2s;
  restart();
  propose();
  settle(200s);
  CHECK_FALSE(attempt().merged.empty());
  const auto writes = github.write_calls();
  for (std::size_t i = 1; i < writes.size(); ++i) CHECK(writes[i] - writes[i - 1] >= 2s);
}

TEST_CASE("pulls: a value is written as its file writes it") {
  const std::int64_t mb = 1 << 20;
  CHECK(scribe::written_like("64m", 96 * mb) == "96m");
  CHECK(scribe::written_like("64MB", 96 * mb) == "96MB");
  CHECK(scribe::written_like("1g", 1536 * mb) == "1536m");
  CHECK(scribe::written_like("1G", 1536 * mb) == "1536M");
  CHECK(scribe::written_like("1gb", 2048 * mb) == "2gb");
  CHECK(scribe::written_like("67108864", 96 * mb) == "100663296");
  CHECK(scribe::written_like("64Mi", 96 * mb) == "96Mi");
  CHECK(scribe::written_like("1Gi", 1536 * mb) == "1536Mi");
  CHECK(scribe::written_like("0.5g", 768 * mb) == "768m");
}

}  // namespace
