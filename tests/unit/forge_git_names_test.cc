// What the forge lets into a repository, and what it reads of git's own talk.
#include <doctest/doctest.h>

#include <string>

#include "forge/git/wire.h"
#include "forge/paths.h"
#include "git/names.h"

namespace forge {

using namespace git;  // NOLINT: its names are what is tested.

namespace {

const std::string kA(40, 'a');
const std::string kB(40, 'b');

std::string packet(const std::string& line) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::size_t size = line.size() + 4;
  std::string head;
  for (const unsigned shift : {12U, 8U, 4U, 0U}) head += kDigits[(size >> shift) & 15U];
  return head + line;
}

TEST_CASE("names: what git and we call a branch") {
  for (const char* name : {"main", "fix/oom", "v1.2", "a@b", "ünïcode", "a-b_c", "sre/fix-7"}) {
    CAPTURE(name);
    CHECK(is_branch_name(name));
  }
  for (const std::string& name :
       {std::string(),          std::string("-f"),     std::string("../x"),     std::string("a..b"),
        std::string("a/../b"),  std::string("a//b"),   std::string("/a"),       std::string("a/"),
        std::string("a b"),     std::string("a~1"),    std::string("a^"),       std::string("a:b"),
        std::string("a?"),      std::string("a*"),     std::string("a["),       std::string("a\\b"),
        std::string("@"),       std::string("a@{1}"),  std::string("HEAD"),     std::string(".a"),
        std::string("b/.a"),    std::string("a.lock"), std::string("a."),       std::string("a\nb"),
        std::string("a\0b", 3), std::string("a\x7f"),  std::string(65'536, 'x')}) {
    CAPTURE(name.substr(0, 20));
    CHECK_FALSE(is_branch_name(name));
  }
}

TEST_CASE("names: a ref that clients may write is a branch or a tag") {
  CHECK(is_writable_ref("refs/heads/main"));
  CHECK(is_writable_ref("refs/tags/v1"));
  for (const char* name : {"main", "HEAD", "refs/pull/1/head", "refs/forge/merged/1", "refs/heads/",
                           "refs/heads/../x", "refs/notes/x", "refs/"}) {
    CAPTURE(name);
    CHECK_FALSE(is_writable_ref(name));
  }
  CHECK(branch_of("refs/heads/a/b") == "a/b");
  CHECK(branch_of("refs/tags/a") == "");
}

TEST_CASE("names: paths stay within the tree") {
  for (const char* path :
       {"README.md", "a/b/c.txt", ".github/workflows/x.yml", "a b", "ü/ö", ".gitignore", "a/-b"}) {
    CAPTURE(path);
    CHECK(is_tree_path(path));
  }
  for (const std::string& path :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("../a"), std::string("a/.."), std::string("./a"), std::string("-rf"),
        std::string(".git/config"), std::string("a/.GIT/x"), std::string(".git. "),
        std::string("GIT~1"), std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string(256, 'x'), std::string(65'536, 'x')}) {
    CAPTURE(path.substr(0, 20));
    CHECK_FALSE(is_tree_path(path));
  }
}

TEST_CASE("names: a path has at most 64 parts") {
  std::string path = "a";
  for (int i = 1; i < 64; ++i) path += "/a";
  CHECK(is_tree_path(path));
  CHECK_FALSE(is_tree_path(path + "/a"));
}

TEST_CASE("paths: the part that may hold slashes becomes one segment") {
  struct Row {
    const char* path;
    const char* folded;
  };
  for (const Row& row : {
           Row{"/repos/o/r/contents/a/b.txt", "/repos/o/r/contents/a%2Fb.txt"},
           Row{"/repos/o/r/contents/a%2Fb", "/repos/o/r/contents/a%2Fb"},
           Row{"/repos/o/r/contents/", "/repos/o/r/contents/"},
           Row{"/repos/o/r/git/ref/heads/fix/x", "/repos/o/r/git/ref/heads%2Ffix%2Fx"},
           Row{"/repos/o/r/git/refs", "/repos/o/r/git/refs"},
           Row{"/repos/o/r/branches/a/b/protection", "/repos/o/r/branches/a%2Fb/protection"},
           Row{"/repos/o/r/branches/protection", "/repos/o/r/branches/protection"},
           Row{"/repos/o/r/commits/a/b/check-runs", "/repos/o/r/commits/a%2Fb/check-runs"},
           Row{"/repos/o/r/commits/status", "/repos/o/r/commits/status"},
           Row{"/repos/o/r/compare/a/b...c/d", "/repos/o/r/compare/a%2Fb...c%2Fd"},
           Row{"/repos/o/r/issues/1/comments", "/repos/o/r/issues/1/comments"},
           Row{"/user", "/user"},
           Row{"/repos/o", "/repos/o"},
       }) {
    CHECK(fold_path(row.path) == row.folded);
  }
}

TEST_CASE("wire: the commands of a push") {
  const std::string first = kA + " " + kB + " refs/heads/main";
  const auto commands =
      read_commands(packet(first + std::string("\0 report-status\n", 16)) +
                    packet(kNullSha + (" " + kB) + " refs/tags/v1\n") + "0000PACK…");
  REQUIRE(commands);
  REQUIRE(commands->size() == 2);
  CHECK(commands->at(0).from == kA);
  CHECK(commands->at(0).to == kB);
  CHECK(commands->at(0).ref == "refs/heads/main");
  CHECK(commands->at(1).from == kNullSha);
  CHECK(commands->at(1).ref == "refs/tags/v1");
  CHECK(read_commands("0000")->empty());
  for (const std::string& body :
       {std::string(), std::string("00"), std::string("zzzz"), std::string("0001"),
        std::string("ffff"), packet(first), packet("x") + "0000",
        packet(kA + " " + kB + "-refs/heads/x") + "0000", packet("A" + first.substr(1)) + "0000"}) {
    CAPTURE(body.substr(0, 60));
    CHECK_FALSE(read_commands(body));
  }
  std::string many;
  for (int i = 0; i < 1001; ++i) many += packet(first);
  CHECK_FALSE(read_commands(many + "0000"));
}

TEST_CASE("wire: the answer of a CGI program") {
  const auto good = read_cgi("Content-Type: text/plain\r\nExpires: 0\r\n\r\nbody\r\n\r\nmore");
  REQUIRE(good);
  CHECK(good->status == 200);
  CHECK(good->headers == http::Pairs{{"Content-Type", "text/plain"}, {"Expires", "0"}});
  CHECK(good->body == "body\r\n\r\nmore");
  CHECK(read_cgi("Status: 403 Forbidden\n\n")->status == 403);
  for (const char* output : {"", "no head", "no colon\r\n\r\n", "Status: 9\r\n\r\n"}) {
    CAPTURE(output);
    CHECK_FALSE(read_cgi(output));
  }
}

}  // namespace
}  // namespace forge
