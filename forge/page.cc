#include "forge/page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "forge/markdown.h"
#include "forge/page_assets.h"
#include "forge/pull_page.h"
#include "http/url.h"

namespace forge {
namespace {

std::string repository_path(const Repository& repository) {
  return "/" + http::percent_encode(repository.owner.login) + "/" +
         http::percent_encode(repository.name);
}

std::string issues_path(const Repository& repository) {
  return repository_path(repository) + "/issues";
}

std::string count_of(int count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// "2026-11-20 13:52:36 UTC", with the machine's form beside it.
std::string time_tag(base::WallTime time) {
  const std::string machine = base::format_utc(time, false);
  return "<time datetime=\"" + machine + "\">" + machine.substr(0, 10) + " " +
         machine.substr(11, 8) + " UTC</time>";
}

// The time of day alone: within a thread the day is known from its opening.
std::string short_time_tag(base::WallTime time) {
  const std::string machine = base::format_utc(time, false);
  return "<time datetime=\"" + machine + "\" title=\"" + machine + "\">" + machine.substr(11, 8) +
         " UTC</time>";
}

// How long after the issue's opening; for an outage this is what one wants to read.
std::string after_tag(const Issue& issue, base::WallTime time) {
  const auto passed = std::max(base::Millis(0), time - issue.created);
  return "<span class=\"after\">+" + base::format_duration(passed) + "</span>";
}

std::string icon(std::string_view css_class, std::string_view name, std::string_view shape) {
  return "<span class=\"icon " + std::string(css_class) + "\" title=\"" + std::string(name) +
         "\">" + std::string(shape) + "</span>";
}

int hex_byte(std::string_view color, std::size_t at) {
  int value = 0;
  std::from_chars(color.data() + at, color.data() + at + 2, value, 16);
  return value;
}

std::string chip(std::string_view name, std::string_view color) {
  if (check_color(color)) color = kDefaultColor;
  // Perceived brightness (ITU-R BT.601) decides between black and white letters.
  const int brightness =
      (299 * hex_byte(color, 0) + 587 * hex_byte(color, 2) + 114 * hex_byte(color, 4)) / 1000;
  return "<span class=\"chip\" style=\"background:#" + std::string(color) +
         ";color:" + (brightness > 140 ? "#000" : "#fff") + "\">" + escape_html(name) + "</span>";
}

std::string avatar(const User& user) {
  return "<img src=\"/avatars/" + http::percent_encode(user.login) + "\" alt=\"\" title=\"" +
         escape_html(user.login) + "\">";
}

// Open, done or dropped, told by form as well as by color.
std::string state_icon(const Issue& issue) {
  if (issue.is_open) return icon("open", "Open", kOpenIcon);
  if (issue.pull && issue.pull->merged) return icon("done", "Merged", kDoneIcon);
  if (issue.pull) return icon("dropped", "Closed", kDroppedIcon);
  const bool is_dropped = issue.state_reason == "not_planned" || issue.state_reason == "duplicate";
  return is_dropped ? icon("dropped", "Closed as not planned", kDroppedIcon)
                    : icon("done", "Closed", kDoneIcon);
}

std::string bold(std::string_view text) { return "<b>" + escape_html(text) + "</b>"; }

// Opens a form to `action`; the caller closes it.
std::string form(const Viewer& viewer, std::string_view action, std::string_view css_class = "") {
  return "<form method=\"post\" class=\"" + std::string(css_class) + "\" action=\"" +
         std::string(action) + "\"><input type=\"hidden\" name=\"form_token\" value=\"" +
         escape_html(viewer.form_token) + "\">";
}

// Who is signed in, at the right end of the header.
std::string account(const Viewer& viewer) {
  if (viewer.login.empty()) return "<a class=\"account\" href=\"/login\">Sign in</a>";
  return form(viewer, "/logout", "account") + bold(viewer.login) +
         "<button class=\"plain\">Sign out</button></form>";
}

std::string document(std::string_view title, std::string_view heading, std::string_view main) {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  html += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>";
  html += escape_html(title);
  html += "</title><style>";
  html += kStyle;
  html += "</style></head>\n<body><header><span class=\"mark\">⚒</span>";
  html += heading;
  html += "</header>\n<main>";
  html += main;
  html += "</main>\n<script>";
  html += kScript;
  html += "</script></body></html>\n";
  return html;
}

std::string repository_heading(const Repository& repository, const Viewer& viewer, bool is_pulls) {
  const std::string path = repository_path(repository);
  const auto tab = [&](std::string_view word, std::string_view tail, bool is_on) {
    return "<a class=\"tab" + std::string(is_on ? " on" : "") + "\" href=\"" + path +
           std::string(tail) + "\">" + std::string(word) + "</a>";
  };
  return escape_html(repository.owner.login) + " / <b><a href=\"" + path + "\">" +
         escape_html(repository.name) + "</a></b> " + tab("Issues", "/issues", !is_pulls) +
         tab("Pull requests", "/pulls", is_pulls) + account(viewer);
}

// ---- The list ----

std::string list_link(const ListView& view, bool is_open, int page, std::string_view label) {
  std::string link = repository_path(view.repository) + (view.is_pulls ? "/pulls" : "/issues") +
                     "?state=" + (is_open ? "open" : "closed");
  if (!label.empty()) link += "&amp;label=" + http::percent_encode(label);
  if (!view.search.empty()) link += "&amp;q=" + http::percent_encode(view.search);
  if (page > 1) link += "&amp;page=" + std::to_string(page);
  return link;
}

// The box to search in, outside of what refreshes itself.
std::string search_box(const ListView& view) {
  std::string html = "<form class=\"search\" method=\"get\" action=\"" +
                     repository_path(view.repository) + (view.is_pulls ? "/pulls" : "/issues") +
                     "\" role=\"search\"><input type=\"search\" name=\"q\" value=\"" +
                     escape_html(view.search) +
                     "\" aria-label=\"Search issues\" placeholder=\"Search: words, is:closed,"
                     " label:incident, author:, assignee:, no:assignee\">";
  if (!view.label.empty()) {
    html += "<input type=\"hidden\" name=\"label\" value=\"" + escape_html(view.label) + "\">";
  }
  return html + "<button>Search</button></form>";
}

std::string chip_link(const ListView& view, const Label& label) {
  return "<a href=\"" + list_link(view, view.is_open, 1, label.name) + "\">" +
         chip(label.name, label.color) + "</a>";
}

std::string list_filter(const ListView& view) {
  std::string html = "<details class=\"filter\"><summary>Label</summary><div>";
  for (const Label& label : view.labels) html += chip_link(view, label);
  if (view.labels.empty()) html += "<span class=\"soft small\">There are no labels yet.</span>";
  html += "</div></details>";
  if (view.label.empty()) return html;
  return html + "<span class=\"soft\">only " + bold(view.label) + " · <a href=\"" +
         list_link(view, view.is_open, 1, "") + "\">clear</a></span>";
}

std::string list_row(const ListView& view, const Issue& issue) {
  std::string html = "<div class=\"row\">" + state_icon(issue) +
                     "<div class=\"what\"><a class=\"title\" href=\"" +
                     repository_path(view.repository) + (issue.pull ? "/pull/" : "/issues/") +
                     std::to_string(issue.number) + "\">" + escape_html(issue.title) + "</a> ";
  for (const Label& label : issue.labels) html += chip_link(view, label);
  html += "<div class=\"small soft\">#" + std::to_string(issue.number) + " opened " +
          time_tag(issue.created) + " by " + escape_html(issue.author.login);
  if (issue.closed) {
    const bool is_merged = issue.pull && issue.pull->merged;
    html += std::string(is_merged ? " · merged after " : " · closed after ") +
            base::format_duration(*issue.closed - issue.created);
  }
  if (issue.milestone) html += " · " + bold(issue.milestone->title);
  html += "</div></div><span class=\"faces\">";
  for (const User& user : issue.assignees) html += avatar(user);
  html += "</span>";
  if (issue.comments > 0) {
    html += "<span class=\"soft small talk\" title=\"" + count_of(issue.comments, "comment") +
            "\">" + std::string(kTalkIcon) + " " + std::to_string(issue.comments) + "</span>";
  }
  return html + "</div>";
}

std::string list_pages(const ListView& view) {
  const int total = view.is_open ? view.open_count : view.closed_count;
  const int number = view.page.number;
  std::string html = "<div class=\"pages\">";
  if (number > 1) {
    html += "<a href=\"" + list_link(view, view.is_open, number - 1, view.label) + "\">‹ Newer</a>";
  }
  if (number * view.page.size < total) {
    html += "<a href=\"" + list_link(view, view.is_open, number + 1, view.label) + "\">Older ›</a>";
  }
  return html + "</div>";
}

std::string why_empty(const ListView& view) {
  if (!view.fault.empty()) return "The search does not understand " + bold(view.fault) + ".";
  if (!view.search.empty() || !view.label.empty()) return "No issue matches.";
  if (!view.is_open) return "Nothing was closed yet.";
  return view.is_pulls ? "No open pull requests." : "No open issues. All quiet.";
}

// ---- The thread ----

constexpr std::array<std::string_view, 8> kSigns = {"👍", "👎", "😄", "🎉", "😕", "❤️", "🚀", "👀"};

std::string vote_button(std::size_t kind, int count) {
  std::string html = "<button name=\"content\" value=\"" + std::string(kReactions[kind]) +
                     "\" title=\"" + std::string(kReactions[kind]) + "\">" +
                     std::string(kSigns[kind]);
  if (count > 0) html += " " + std::to_string(count);
  return html + "</button>";
}

std::string thread_path(const ThreadView& view) {
  return issues_path(view.repository) + "/" + std::to_string(view.issue.number);
}

// The reactions of the issue (`comment` 0) or of a comment; buttons for who is signed in.
std::string votes(const ThreadView& view, Id comment, const ReactionCounts& counts) {
  const bool can_vote = !view.viewer.login.empty();
  std::string given;
  std::string more;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (can_vote) (counts[i] > 0 ? given : more) += vote_button(i, counts[i]);
    if (can_vote || counts[i] == 0) continue;
    given += "<span>" + std::string(kSigns[i]) + " " + std::to_string(counts[i]) + "</span>";
  }
  if (!can_vote) return given.empty() ? "" : "<div class=\"votes\">" + given + "</div>";
  return form(view.viewer, thread_path(view) + "/react", "votes") +
         "<input type=\"hidden\" name=\"comment\" value=\"" + std::to_string(comment) + "\">" +
         given + "<details class=\"more\"><summary title=\"React\">☺</summary>" + more +
         "</details></form>";
}

// How the author stands to the issue, after his name.
std::string badges(const ThreadView& view, const User& author) {
  std::string html;
  if (author.login.ends_with("[bot]")) html += "<span class=\"badge\">bot</span>";
  if (author.id == view.repository.owner.id) html += "<span class=\"badge\">Owner</span>";
  if (author.id == view.issue.author.id) html += "<span class=\"badge\">Author</span>";
  return html;
}

// `below`: the reactions.
std::string box(const ThreadView& view, const User& author, std::string_view head,
                std::string_view body, std::string_view below, std::string_view anchor) {
  const std::string shown = render_markdown(body, issues_path(view.repository));
  std::string html = "<div class=\"entry\" id=\"" + std::string(anchor) + "\">" + avatar(author);
  html += "<div class=\"box\"><div class=\"head\">" + bold(author.login) + " " + std::string(head);
  html += badges(view, author) + "</div><div class=\"markdown\">";
  html += shown.empty() ? "<p class=\"soft\"><i>No description.</i></p>" : shown;
  return html + "</div>" + std::string(below) + "</div></div>\n";
}

std::string comment_box(const ThreadView& view, const Comment& comment) {
  std::string head = "commented " + short_time_tag(comment.created);
  if (comment.updated != comment.created) head += " · edited";
  head += after_tag(view.issue, comment.created);
  return box(view, comment.author, head, comment.body, votes(view, comment.id, comment.reactions),
             "issuecomment-" + std::to_string(comment.id));
}

bool is_label_event(const Event& event) {
  return event.kind == EventKind::labeled || event.kind == EventKind::unlabeled;
}

// What label events of one moment did: "added … and removed …".
std::string label_changes(const std::vector<Event>& events, std::size_t from, std::size_t to) {
  std::string added;
  std::string removed;
  for (std::size_t i = from; i < to; ++i) {
    auto& part = events[i].kind == EventKind::labeled ? added : removed;
    part += chip(events[i].before, events[i].after);
  }
  std::string html;
  if (!added.empty()) html += "added " + added;
  if (!removed.empty()) html += (html.empty() ? "removed " : " and removed ") + removed;
  return html;
}

// "not planned" of "not_planned".
std::string words_of(std::string reason) {
  std::replace(reason.begin(), reason.end(), '_', ' ');
  return reason;
}

std::string event_text(const Event& event) {
  switch (event.kind) {
    case EventKind::labeled:
      return "added " + chip(event.before, event.after);
    case EventKind::unlabeled:
      return "removed " + chip(event.before, event.after);
    case EventKind::closed:
      return event.after == "completed" || event.after.empty()
                 ? "closed this as completed"
                 : "closed this as " + escape_html(words_of(event.after));
    case EventKind::reopened:
      return "reopened this";
    case EventKind::renamed:
      return "changed the title <del>" + escape_html(event.before) + "</del> " + bold(event.after);
    case EventKind::assigned:
      return "assigned " + bold(event.assignee ? event.assignee->login : "somebody");
    case EventKind::unassigned:
      return "unassigned " + bold(event.assignee ? event.assignee->login : "somebody");
    case EventKind::locked:
      return event.after.empty() ? "locked this" : "locked this as " + escape_html(event.after);
    case EventKind::unlocked:
      return "unlocked this";
    case EventKind::milestoned:
      return "added this to the milestone " + bold(event.before);
    case EventKind::demilestoned:
      return "removed this from the milestone " + bold(event.before);
    case EventKind::merged:
      return "merged this as <code>" + escape_html(event.after.substr(0, 7)) + "</code>";
  }
  return "";
}

std::string event_line(const ThreadView& view, const Event& event, std::string_view text) {
  return "<div class=\"event " + std::string(to_string(event.kind)) + "\">" +
         bold(event.actor.login) + " " + std::string(text) + " " + short_time_tag(event.created) +
         after_tag(view.issue, event.created) + "</div>\n";
}

// Comments and events by time; label events of one actor and second become one line.
std::string thread_entries(const ThreadView& view) {
  std::string html;
  const std::vector<Event>& events = view.events;
  std::size_t comment = 0;
  for (std::size_t i = 0; i < events.size();) {
    while (comment < view.comments.size() && view.comments[comment].created <= events[i].created) {
      html += comment_box(view, view.comments[comment++]);
    }
    std::size_t end = i + 1;
    while (
        end < events.size() && is_label_event(events[i]) && is_label_event(events[end]) &&
        events[end].actor.id == events[i].actor.id &&
        events[end].created - events[i].created < std::chrono::seconds(1) &&
        (comment == view.comments.size() || view.comments[comment].created > events[end].created)) {
      ++end;
    }
    const std::string text =
        is_label_event(events[i]) ? label_changes(events, i, end) : event_text(events[i]);
    html += event_line(view, events[i], text);
    i = end;
  }
  while (comment < view.comments.size()) html += comment_box(view, view.comments[comment++]);
  return html;
}

// The labels; whoever may triage takes them off and puts others on.
std::string label_section(const ThreadView& view) {
  const bool can_label = view.viewer.role >= Role::triage;
  const std::string action = thread_path(view) + "/label";
  std::string html = "<section><h2>Labels</h2>";
  if (can_label) html += form(view.viewer, action);
  for (const Label& label : view.issue.labels) {
    html += "<span class=\"pair\">" + chip(label.name, label.color);
    if (can_label) {
      html += "<button class=\"plain off\" name=\"remove\" value=\"" + escape_html(label.name) +
              "\" title=\"Remove\">×</button>";
    }
    html += "</span>";
  }
  if (view.issue.labels.empty()) html += "<span class=\"soft small\">None yet</span>";
  if (!can_label) return html + "</section>";
  html +=
      "</form>" + form(view.viewer, action, "add") +
      "<input name=\"add\" list=\"labels\" maxlength=\"50\" required placeholder=\"Add a label\""
      " aria-label=\"Label\"><datalist id=\"labels\">";
  for (const Label& label : view.labels) {
    html += "<option value=\"" + escape_html(label.name) + "\">";
  }
  return html + "</datalist><button>Add</button></form></section>";
}

std::string sidebar(const ThreadView& view) {
  const Issue& issue = view.issue;
  std::string html = "<aside id=\"side\" data-live>" + label_section(view);
  html += "<section><h2>Assignees</h2>";
  for (const User& user : issue.assignees) {
    html += "<div class=\"faces\">" + avatar(user) + " " + bold(user.login) + "</div>";
  }
  if (issue.assignees.empty()) html += "<span class=\"soft small\">No one</span>";
  html += "</section>";
  if (issue.milestone) {
    html += "<section><h2>Milestone</h2>" + bold(issue.milestone->title) + "</section>";
  }
  return html + "</aside>";
}

// The button that merges, for who may and when it can be.
std::string merge_form(const ThreadView& view) {
  const PullSide& pull = *view.pull;
  const bool can_merge = view.viewer.role >= Role::write && view.issue.is_open &&
                         (pull.merge_state == "clean" || pull.merge_state == "unstable");
  std::string html = "<div id=\"merge\" data-live>";
  if (can_merge) {
    html += form(view.viewer, thread_path(view) + "/merge", "merge") +
            "<input type=\"hidden\" name=\"sha\" value=\"" + escape_html(pull.head_sha) +
            "\"><button class=\"primary\">Squash and merge</button></form>";
  }
  return html + "</div>";
}

// The box to write in; who is not signed in is told how.
std::string composer(const ThreadView& view) {
  if (view.viewer.login.empty()) {
    return "<p class=\"soft compose\"><a href=\"/login\">Sign in</a> to comment and to steer.</p>";
  }
  const bool is_locked = view.issue.lock_reason && view.viewer.role < Role::write;
  if (is_locked) return "<p class=\"soft compose\">This conversation is locked.</p>";
  std::string html = form(view.viewer, thread_path(view) + "/comment", "compose");
  html +=
      "<textarea name=\"text\" rows=\"5\" maxlength=\"65536\" aria-label=\"Comment\""
      " placeholder=\"Add a comment, or a command such as /status\"></textarea>"
      "<div class=\"buttons\"><span id=\"state\" data-live>";
  const bool can_close =
      view.viewer.role >= Role::triage || view.viewer.login == view.issue.author.login;
  if (can_close) {
    const std::string noun = view.pull ? "pull request" : "issue";
    const bool is_over = view.issue.pull && view.issue.pull->merged;
    if (view.issue.is_open && !view.pull) {
      html += "<button name=\"state\" value=\"not_planned\">Close as not planned</button> ";
    }
    if (view.issue.is_open) {
      html += "<button name=\"state\" value=\"closed\">Close " + noun + "</button>";
    } else if (!is_over) {
      html += "<button name=\"state\" value=\"open\">Reopen " + noun + "</button>";
    }
  }
  return html + "</span><button class=\"primary\">Comment</button></div></form>";
}

std::string unhex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(hex_byte(hex, i));
  }
  return bytes;
}

}  // namespace

std::string render_list(const ListView& view) {
  std::string html =
      search_box(view) + "<div id=\"list\" data-live><div class=\"list\"><div class=\"tabs\">";
  for (const auto& [is_open, count, word] : {std::tuple{true, view.open_count, " Open"},
                                             std::tuple{false, view.closed_count, " Closed"}}) {
    html += "<a class=\"" + std::string(is_open == view.is_open ? "on" : "") + "\" href=\"" +
            list_link(view, is_open, 1, view.label) + "\">" + std::to_string(count) + word + "</a>";
  }
  html += list_filter(view) + "</div>";
  for (const Issue& issue : view.issues) html += list_row(view, issue);
  if (view.issues.empty()) {
    html += "<div class=\"empty\">" + why_empty(view) + "</div>";
  }
  html += "</div>" + list_pages(view) + "</div>";
  return document((view.is_pulls ? "Pull requests · " : "Issues · ") + view.repository.full_name(),
                  repository_heading(view.repository, view.viewer, view.is_pulls), html);
}

std::string render_thread(const ThreadView& view) {
  const Issue& issue = view.issue;
  std::string html = "<div id=\"head\" data-live><h1>" + escape_html(issue.title) +
                     " <span class=\"soft\">#" + std::to_string(issue.number) +
                     "</span></h1><div class=\"meta soft\">";
  if (view.pull) {
    html += pull_badge(issue) + pull_direction(*view.pull, issue);
  } else {
    html += "<span class=\"state" + std::string(issue.is_open ? "" : " closed") + "\">" +
            state_icon(issue) + (issue.is_open ? "Open" : "Closed") + "</span>";
    html += bold(issue.author.login) + " opened this issue " + time_tag(issue.created);
  }
  html += " · " + count_of(issue.comments, "comment");
  if (issue.closed && !view.pull) {
    html += " · closed after " + base::format_duration(*issue.closed - issue.created);
  }
  if (issue.lock_reason) html += " · locked";
  html += "</div></div>\n<div class=\"split\"><div><div class=\"thread\" id=\"thread\" data-live>";
  html += box(view, issue.author, "opened " + time_tag(issue.created), issue.body.value_or(""),
              votes(view, 0, issue.reactions), "issue-" + std::to_string(issue.number));
  html += thread_entries(view) + "</div>";
  if (view.pull) html += checks_section(*view.pull, issue) + merge_form(view);
  html += composer(view) + "</div>" + sidebar(view) + "</div>";
  if (view.pull) html += diff_section(*view.pull);
  return document(issue.title + (view.pull ? " · Pull request #" : " · Issue #") +
                      std::to_string(issue.number) + " · " + view.repository.full_name(),
                  repository_heading(view.repository, view.viewer, view.pull.has_value()), html);
}

std::string render_sign_in(std::string_view fault) {
  std::string html = "<form method=\"post\" action=\"/login\" class=\"sign-in\"><h1>Sign in</h1>";
  if (!fault.empty()) html += "<p class=\"fault\" role=\"alert\">" + escape_html(fault) + "</p>";
  html +=
      "<label>Token<input type=\"password\" name=\"token\" required autofocus"
      " autocomplete=\"current-password\"></label><button class=\"primary\">Sign in</button>"
      "<p class=\"soft small\">The same token the API takes. It is not kept by the browser.</p>"
      "</form>";
  return document("Sign in", bold("Sign in"), html);
}

std::string render_message(std::string_view title, std::string_view text) {
  return document(title, bold(title), "<div class=\"empty\">" + escape_html(text) + "</div>");
}

std::string render_avatar(std::string_view login) {
  // A color of its own for each login, equally bright for all.
  const std::string hash = base::sha256_hex(login);
  const int hue = (hex_byte(hash, 0) * 256 + hex_byte(hash, 2)) % 360;
  std::string initial(base::cut_utf8(login, 1));
  if (initial.empty()) initial = "?";
  if (initial[0] >= 'a' && initial[0] <= 'z')
    initial[0] = static_cast<char>(initial[0] - 'a' + 'A');
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\"><circle cx=\"20\" "
         "cy=\"20\""
         " r=\"20\" fill=\"hsl(" +
         std::to_string(hue) +
         ",45%,45%)\"/><text x=\"20\" y=\"27\" font-family=\"sans-serif\" font-size=\"20\""
         " fill=\"#fff\" text-anchor=\"middle\">" +
         escape_html(initial) + "</text></svg>";
}

std::string page_policy() {
  return "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'; "
         "script-src 'sha256-" +
         base::base64(unhex(base::sha256_hex(kScript))) +
         "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

}  // namespace forge
