// The forge's pages: the list of issues, one issue's thread, which refreshes itself, and the forms
// of who is signed in. Pure: values in, HTML out; every text from outside is escaped here or
// rendered by markdown.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/model.h"
#include "forge/rules.h"
#include "git/model.h"

namespace forge {

// Who looks. Not signed in: an empty login.
struct Viewer {
  std::string login;
  std::string form_token;  // Every form carries it, so that no other site can send one.
  Role role = Role::none;
};

struct ListView {
  bool is_pulls = false;  // Pull requests instead of issues.
  Viewer viewer;
  Repository repository;
  std::vector<Issue> issues;  // One page of them.
  bool is_open = true;        // Which half is shown.
  std::string label;          // Only these; empty for all.
  std::string search;         // In GitHub's search language, as typed.
  std::string fault;          // The part of it not understood.
  std::vector<Label> labels;  // All there are, to filter by.
  int open_count = 0;
  int closed_count = 0;
  Page page;
};

// One word of a check or a status on the head.
struct CheckLine {
  std::string name;
  std::string state;  // "success", "failure", "pending", "neutral" …
  std::string text;
  bool is_required = false;
};

// What a pull request's thread shows beside an issue's.
struct PullSide {
  std::string head;
  std::string base;
  std::string head_sha;
  std::string merge_state;  // As the API tells it.
  std::string merge_sha;    // Once merged.
  std::string merged_by;
  int commits = 0;
  std::vector<CheckLine> checks;
  std::vector<git::FileChange> files;
};

struct ThreadView {
  Viewer viewer;
  Repository repository;
  Issue issue;
  std::vector<Comment> comments;  // Oldest first.
  std::vector<Event> events;      // Oldest first.
  std::vector<Label> labels;      // All there are, to put on.
  std::optional<PullSide> pull;   // Of a pull request.
};

[[nodiscard]] std::string render_list(const ListView& view);
[[nodiscard]] std::string render_thread(const ThreadView& view);
// `fault` says why the last try failed; empty: there was none.
[[nodiscard]] std::string render_sign_in(std::string_view fault);
[[nodiscard]] std::string render_message(std::string_view title, std::string_view text);
// A disc with the login's initial, as SVG.
[[nodiscard]] std::string render_avatar(std::string_view login);

// The Content-Security-Policy of all pages: their own script by its hash, own pictures, own forms,
// nothing else.
[[nodiscard]] std::string page_policy();

}  // namespace forge
