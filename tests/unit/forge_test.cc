// The forge's rules, paging, Markdown and pages: pure values.
#include <doctest/doctest.h>

#include <string>

#include "forge/markdown.h"
#include "forge/model.h"
#include "forge/page.h"
#include "forge/rules.h"

namespace forge {
namespace {

const std::string kPath = "/o/r/issues";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("rights: each role has GitHub's older word") {
  struct Row {
    const char* role;
    const char* word;
  };
  for (const Row& row : {Row{"none", "none"}, Row{"read", "read"}, Row{"triage", "read"},
                         Row{"write", "write"}, Row{"maintain", "write"}, Row{"admin", "admin"}}) {
    CAPTURE(row.role);
    const auto role = parse_role(row.role);
    REQUIRE(role);
    CHECK(to_string(*role) == row.role);
    CHECK(permission_word(*role) == row.word);
  }
  CHECK_FALSE(parse_role("owner"));
  CHECK(Role::triage < Role::write);
}

TEST_CASE("limits: the last allowed length passes, one more does not; characters are counted") {
  CHECK_FALSE(check_title(std::string(256, 'x')));
  CHECK(check_title(std::string(257, 'x')));
  CHECK(check_title("  ")->code == "missing_field");
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "ü";
  CHECK_FALSE(check_title(umlauts));
  CHECK_FALSE(check_issue_body(std::string(65'536, 'x')));
  CHECK(check_issue_body(std::string(65'537, 'x')));
  CHECK_FALSE(check_issue_body(""));
  CHECK(check_comment_body(" \n"));
  CHECK_FALSE(check_label_name(std::string(50, 'x')));
  CHECK(check_label_name(std::string(51, 'x')));
  for (const char* bad : {"", "red", "#ff000", "ff00zz", "ff00000"}) CHECK(check_color(bad));
  CHECK_FALSE(check_color("Ff00aA"));
}

TEST_CASE("paging: nonsense becomes the default, too much the most") {
  struct Row {
    http::Pairs query;
    int number;
    int size;
  };
  for (const Row& row : {Row{{}, 1, 30}, Row{{{"page", "3"}, {"per_page", "100"}}, 3, 100},
                         Row{{{"page", "0"}, {"per_page", "0"}}, 1, 30},
                         Row{{{"page", "-1"}, {"per_page", "x"}}, 1, 30},
                         Row{{{"page", "99999999999999"}, {"per_page", "101"}}, 1'000'000, 100}}) {
    const Page page = parse_page(row.query);
    CHECK(page.number == row.number);
    CHECK(page.size == row.size);
  }
}

TEST_CASE("paging: the Link header names the neighbours and keeps the query") {
  const http::Pairs query = {{"state", "all"}, {"page", "2"}, {"labels", "a b"}};
  const std::string base = "http://h/x?state=all&labels=a%20b&page=";
  CHECK(make_link_header("http://h/x", query, {2, 30}, 95) ==
        "<" + base + "1>; rel=\"prev\", <" + base + "3>; rel=\"next\", <" + base +
            "4>; rel=\"last\", <" + base + "1>; rel=\"first\"");
  CHECK(make_link_header("http://h/x", {}, {1, 30}, 30).empty());
  CHECK(make_link_header("http://h/x", {}, {1, 30}, 0).empty());
  CHECK(make_link_header("http://h/x", {}, {1, 30}, 31) ==
        "<http://h/x?page=2>; rel=\"next\", <http://h/x?page=2>; rel=\"last\"");
  CHECK(make_link_header("http://h/x", {}, {9, 30}, 31) ==
        "<http://h/x?page=2>; rel=\"prev\", <http://h/x?page=1>; rel=\"first\"");
}

TEST_CASE("markdown: HTML comments vanish, but not those within code") {
  struct Row {
    const char* name;
    const char* from;
    const char* to;
  };
  for (const Row& row : {
           Row{"marker", "text <!-- op:01 -->more", "text more"},
           Row{"several lines", "a<!-- x\ny -->b", "ab"},
           Row{"never closed", "a <!-- b\n\nc", "a "},
           Row{"code span", "`<!-- a -->` <!-- b -->", "`<!-- a -->` "},
           Row{"long code span", "``<!-- ` -->``", "``<!-- ` -->``"},
           Row{"lonely backtick", "a ` b <!-- c -->", "a ` b "},
           Row{"fence", "```\n<!-- a -->\n```\n<!-- b -->", "```\n<!-- a -->\n```\n"},
           Row{"fence in fence", "````\n```\n<!-- a -->\n````\n<!-- b -->",
               "````\n```\n<!-- a -->\n````\n"},
           Row{"tilde fence", "~~~\n<!-- a -->\n~~~", "~~~\n<!-- a -->\n~~~"},
           Row{"none", "plain - text -->", "plain - text -->"},
       }) {
    CAPTURE(row.name);
    CHECK(strip_html_comments(row.from) == row.to);
  }
}

TEST_CASE("markdown: what GitHub shows is shown, what attacks is text") {
  struct Row {
    const char* from;
    const char* part;
  };
  for (const Row& row : {
           Row{"**bold** `code`", "<strong>bold</strong> <code>code</code>"},
           Row{"| a | b |\n|---|---|\n| 1 | 2 |", "<table>"},
           Row{"- [x] done", "type=\"checkbox\""},
           Row{"~~gone~~", "<del>gone</del>"},
           Row{"see https://example.org now", "<a href=\"https://example.org\">"},
           Row{"seen in #12.", "<a href=\"/o/r/issues/12\">#12</a>."},
           Row{"<script>alert(1)</script>", "&lt;script&gt;"},
           Row{"<img src=x onerror=alert(1)>", "&lt;img"},
           Row{"[x](javascript:alert(1))", "<a href=\"#\">"},
           Row{"[x](JaVaScRiPt:alert(1))", "<a href=\"#\">"},
           Row{"[x](&#106;avascript:alert(1))", "<a href=\"#\">"},
           Row{"[x](data:text/html;base64,AAAA)", "<a href=\"#\">"},
           Row{"![x](javascript:alert(1))", "<p>x</p>"},
           Row{"![seen](https://evil.example/x.png)",
               "<a href=\"https://evil.example/x.png\">seen</a>"},
           Row{"[![seen](https://evil.example/x.png)](https://a.example)",
               "<a href=\"https://a.example\">seen</a>"},
           Row{"![ours](/avatars/rita)", "<img src=\"/avatars/rita\""},
           Row{"[x](/relative/path)", "<a href=\"/relative/path\">"},
           Row{"[x](mailto:a@b.c)", "<a href=\"mailto:a@b.c\">"},
       }) {
    CAPTURE(row.from);
    const std::string html = render_markdown(row.from, kPath);
    CAPTURE(html);
    CHECK(has(html, row.part));
    CHECK_FALSE(has(html, "<script"));
  }
  for (const char* plain : {"`#12`", "a#12", "#12a", "# 12", "[#12](/x)", "#", "&#12;"}) {
    CAPTURE(plain);
    CHECK_FALSE(has(render_markdown(plain, kPath), "/o/r/issues/12"));
  }
}

TEST_CASE("markdown: a quote in a title or address cannot leave its attribute") {
  const std::string html =
      render_markdown("[x](/a \"t\\\" onclick=\\\"alert(1)\") ![y\"z](/\"b)", kPath);
  CAPTURE(html);
  CHECK_FALSE(has(html, "onclick=\""));
}

ThreadView make_thread() {
  const base::WallTime start = base::wall_from_ms(1'763'646'756'000);
  const User author{1, "scribe", start};
  ThreadView view;
  view.repository = {1, {2, "sre-space", start}, "demo", start, start, 1};
  view.issue.number = 7;
  view.issue.author = author;
  view.issue.title = "[INCIDENT] <b>shop</b>: \"oom\"";
  view.issue.body = "<!-- marker -->**sick**";
  view.issue.labels = {{1, "severity: high", "d73a4a", std::nullopt}};
  view.issue.created = start;
  view.comments = {
      {11, 7, author, "first <!-- op -->", start + base::Millis(2400), start, {1}},
      {12, 7, author, "second", start + base::Millis(9000), start + base::Millis(9000), {}}};
  view.events = {
      {1, author, EventKind::labeled, "one", "ededed", std::nullopt, start + base::Millis(3000)},
      {2, author, EventKind::unlabeled, "two", "000000", std::nullopt, start + base::Millis(3010)},
      {3, author, EventKind::closed, "", "completed", std::nullopt, start + base::Millis(9500)}};
  return view;
}

TEST_CASE("page: the thread shows text escaped, in order, with times after the opening") {
  const std::string html = render_thread(make_thread());
  CHECK(has(html, "[INCIDENT] &lt;b&gt;shop&lt;/b&gt;: &quot;oom&quot;"));
  CHECK(has(html, "<strong>sick</strong>"));
  CHECK_FALSE(has(html, "marker"));
  CHECK_FALSE(has(html, "&lt;!--"));
  CHECK(has(html, "background:#d73a4a;color:#fff"));
  CHECK(has(html, "👍 1"));
  CHECK(has(html, "2025-11-20 13:52:36 UTC"));
  const auto at = [&](const char* part) { return html.find(part); };
  CHECK(at("id=\"issue-7\"") < at("id=\"issuecomment-11\""));
  CHECK(at("id=\"issuecomment-11\"") < at("added <span"));
  CHECK(at("added <span") < at("and removed <span"));
  CHECK(at("and removed <span") < at("id=\"issuecomment-12\""));
  CHECK(at("id=\"issuecomment-12\"") < at("closed this as completed"));
  CHECK(at("closed this as completed") != std::string::npos);
}

TEST_CASE("page: the list links to threads, tabs and pages") {
  const ThreadView thread = make_thread();
  ListView view;
  view.repository = thread.repository;
  view.issues = {thread.issue};
  view.open_count = 60;
  view.closed_count = 3;
  view.page = {2, 25};
  const std::string html = render_list(view);
  CHECK(has(html, "href=\"/sre-space/demo/issues/7\""));
  CHECK(has(html, "60 Open"));
  CHECK(has(html, "3 Closed"));
  CHECK(has(html, "state=open&amp;page=3"));
  view.issues.clear();
  view.is_open = false;
  CHECK(has(render_list(view), "Nothing was closed yet."));
}

TEST_CASE("page: the policy allows the page's own script and no other") {
  const std::string policy = page_policy();
  CHECK(has(policy, "default-src 'none'"));
  CHECK(has(policy, "script-src 'sha256-"));
  CHECK_FALSE(has(policy, "script-src 'unsafe-inline'"));
}

TEST_CASE("page: a hostile login stays text in its avatar") {
  CHECK_FALSE(has(render_avatar("<script>"), "<script>"));
  CHECK(has(render_avatar(""), "?"));
  CHECK(has(render_avatar("brain"), ">B<"));
}

}  // namespace
}  // namespace forge
