// The forge's pages: the list of issues and one issue's thread, which refreshes itself. Pure:
// values in, HTML out; every text from outside is escaped here or rendered by markdown.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "forge/model.h"
#include "forge/rules.h"

namespace forge {

struct ListView {
  Repository repository;
  std::vector<Issue> issues;  // One page of them.
  bool is_open = true;        // Which half is shown.
  std::string label;          // Only these; empty for all.
  int open_count = 0;
  int closed_count = 0;
  Page page;
};

struct ThreadView {
  Repository repository;
  Issue issue;
  std::vector<Comment> comments;  // Oldest first.
  std::vector<Event> events;      // Oldest first.
};

[[nodiscard]] std::string render_list(const ListView& view);
[[nodiscard]] std::string render_thread(const ThreadView& view);
[[nodiscard]] std::string render_message(std::string_view title, std::string_view text);
// A disc with the login's initial, as SVG.
[[nodiscard]] std::string render_avatar(std::string_view login);

// The Content-Security-Policy of all pages: their own script by its hash, own pictures, nothing
// else.
[[nodiscard]] std::string page_policy();

}  // namespace forge
