// Which paths of a repository may be changed: 180 of them, and trees with links on the way.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gitops/paths.h"

namespace gitops {
namespace {

using base::ErrorCode;

const std::vector<std::string> kGood = {
    "compose.yaml",
    "docker-compose.yml",
    "deploy/compose.yaml",
    "deploy/k8s/api.yaml",
    "charts/policy/values.yaml",
    "a",
    "a/b/c/d/e/f/g.yaml",
    "remediations/fix-12.yaml",
    "with space/file name.yaml",
    "größe/datei.yaml",
    "日本/語.yaml",
    "a.b.c",
    "...a",
    "a..b",
    "..a",
    ".env",
    ".config/app.yaml",
    "_a",
    "a-b",
    "a~",
    "a~b",
    "github/workflows.yaml",
    "git/x",
    "gitops/x",
    "mygit~1x",
    "x.git",
    "codeowners.yaml",
    "CODEOWNERS2",
    "console.yaml",
    "com.yaml",
    "com10",
    "lpt",
    "nully",
    "auxiliary/x",
    "prn2x",
    "UPPER/Case.YAML",
    "a+b=c,d;e",
    "(x)[y]{z}",
    "a@b#c$d%e&f",
    "it's",
    "🚀.yaml",
};

std::vector<std::string> bad_paths() {
  std::vector<std::string> bad = {
      // Not normalised or not relative.
      "",
      "/",
      "/etc/passwd",
      "//x",
      "a//b",
      "a/",
      "./a",
      "a/./b",
      ".",
      "..",
      "../a",
      "a/..",
      "a/../b",
      "a/b/../../../c",
      "../../etc/passwd",
      "a/..b/../c",
      "~/x",
      "~root/x",
      "~",
      // Of other systems.
      "a\\b",
      "..\\a",
      "a\\..\\b",
      "\\\\host\\share",
      "C:/x",
      "C:\\x",
      "c:x",
      "a/b:c",
      "a:stream",
      "a*b",
      "a?b",
      "a\"b",
      "a<b",
      "a>b",
      "a|b",
      "con",
      "CON",
      "con.yaml",
      "a/nul",
      "NUL.txt",
      "aux.c",
      "prn",
      "com1",
      "COM9.yaml",
      "lpt1",
      "LPT3.x",
      "com0",
      // Control characters and bad UTF-8.
      std::string("a\0b", 3),
      std::string("\0", 1),
      std::string("a/.git\0/x", 9),
      "a\nb",
      "a\rb",
      "a\tb",
      "a\x1b[31m",
      "a\x7f",
      "\xff",
      "a\xc0\xaf"
      "b",
      "a\xed\xa0\x80",
      "\xc2\x80x",
      // Options.
      "-a",
      "--upload-pack=x",
      "a/-b",
      "-/x",
      // Dots and spaces at an end.
      "a.",
      "a/b.",
      "a./b",
      "a ",
      "a/b ",
      "a /b",
      " a",
      "a/ b",
      "a...",
      "a. ",
      "a/b./c",
      // git's own.
      ".git",
      ".git/config",
      "a/.git",
      "a/.git/hooks/post-checkout",
      ".GIT",
      ".Git/config",
      ".gIt",
      "a/.GiT/x",
      ".git.",
      ".git ",
      ".git. .",
      ".git::$INDEX_ALLOCATION/config",
      ".git:x",
      "git~1",
      "GIT~1",
      "Git~1/config",
      "git~2",
      "git~10",
      "a/git~1/x",
      "gi7eba~1",
      ".gitmodules",
      ".GITMODULES",
      "a/.gitmodules",
      "gitmod~1",
      "GITMOD~4",
      ".gitattributes",
      "x/.gitattributes",
      "gitatt~1",
      ".gitignore",
      ".gitconfig",
      ".gitkeep",
      "GITIGN~1",
      ".git\xe2\x80\x8c",
      ".g\xe2\x80\x8cit",
      "\xe2\x80\x8e.git",
      ".gi\xe2\x80\x8dt/config",
      ".g\xe2\x81\xaait",
      ".git\xef\xbb\xbf",
      ".\xe2\x80\xae"
      "git",
      "\xef\xbb\xbf.git/config",
      ".g\xe2\x80\x8bit",
      "a/.gi\xe2\x80\xaat/x",
      ".git\xe2\x81\xaf",
      // The code host's own.
      ".github",
      ".github/workflows/ci.yml",
      ".github/CODEOWNERS",
      ".GitHub/workflows/x.yml",
      ".GITHUB/x",
      "a/.github/x",
      ".github./x",
      ".github /x",
      ".git\xe2\x80\x8chub/x",
      ".gitlab",
      ".gitlab-ci.yml",
      ".gitea/workflows/x.yaml",
      ".forgejo/workflows/x.yaml",
      "CODEOWNERS",
      "codeowners",
      "CodeOwners",
      "docs/CODEOWNERS",
      "a/codeowners",
      "OWNERS",
      "CODEOWNERS.",
      "CODEOWNERS::$DATA",
      "CODEOW~1",
  };
  bad.push_back(std::string(1025, 'a'));
  bad.push_back("a/" + std::string(256, 'b'));
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep += "/a";
  bad.push_back(deep);
  return bad;
}

}  // namespace

TEST_CASE("paths: what names a plain file everywhere may be changed, all else not") {
  const auto bad = bad_paths();
  REQUIRE(kGood.size() + bad.size() >= 150);
  for (const auto& path : kGood) {
    CAPTURE(path);
    const base::Status status = check_path(path);
    CHECK_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  }
  for (const auto& path : bad) {
    CAPTURE(path);
    const base::Status status = check_path(path);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::denied);
    CHECK_FALSE(check_path(path, {"a/", "./", "/", "*", "*/", path}).ok());
  }
}

TEST_CASE("paths: only what the configuration allows") {
  const std::vector<std::string> allowed = {"compose.yaml", "deploy/", "charts/*/values.yaml",
                                            "k8s/*.yaml"};
  struct Row {
    const char* path;
    bool is_allowed;
  };
  const Row kRows[] = {{"compose.yaml", true},
                       {"Compose.yaml", false},
                       {"compose.yaml.bak", false},
                       {"a/compose.yaml", false},
                       {"deploy/x", true},
                       {"deploy/x/y.yaml", true},
                       {"deploy", false},
                       {"deploys/x", false},
                       {"charts/policy/values.yaml", true},
                       {"charts/a/b/values.yaml", false},
                       {"charts/values.yaml", false},
                       {"charts/policy/values.yml", false},
                       {"k8s/api.yaml", true},
                       {"k8s/.yaml", true},
                       {"k8s/a/b.yaml", false},
                       {"k8s/api.yml", false},
                       {"deploy/.github/x", false},
                       {"deploy/../compose.yaml", false}};
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.path));
    CHECK(check_path(row.path, allowed).ok() == row.is_allowed);
  }
  CHECK_FALSE(check_path("compose.yaml", {}).ok());
  CHECK_FALSE(check_path("compose.yaml", {"", "/", "*/"}).ok());
}

TEST_CASE("paths: no link, submodule or other thing on the way") {
  constexpr std::uint32_t kFile = 0100644, kProgram = 0100755, kFolder = 0040000, kLink = 0120000,
                          kModule = 0160000;
  struct Row {
    std::vector<PathEntry> entries;  // Of "a/b/c".
    bool is_allowed;
  };
  const Row kRows[] = {{{}, true},
                       {{{"a", kFolder}}, true},
                       {{{"a", kFolder}, {"b", kFolder}, {"c", kFile}}, true},
                       {{{"a", kFolder}, {"b", kFolder}, {"c", kProgram}}, true},
                       {{{"a", kLink}}, false},
                       {{{"a", kFolder}, {"b", kLink}}, false},
                       {{{"a", kFolder}, {"b", kFolder}, {"c", kLink}}, false},
                       {{{"a", kModule}}, false},
                       {{{"a", kFolder}, {"b", kFolder}, {"c", kModule}}, false},
                       {{{"a", kFile}}, false},
                       {{{"a", kFolder}, {"b", kFolder}, {"c", kFolder}}, false},
                       {{{"a", 0}}, false}};
  for (const Row& row : kRows) {
    CAPTURE(row.entries.size());
    CHECK(check_entries("a/b/c", row.entries).ok() == row.is_allowed);
  }
}

}  // namespace gitops
