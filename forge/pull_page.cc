#include "forge/pull_page.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "forge/markdown.h"

namespace forge {
namespace {

std::string code(std::string_view text) { return "<code>" + escape_html(text) + "</code>"; }

std::string plural(int count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// How a check looks: its class and its sign.
std::pair<std::string_view, std::string_view> look_of(std::string_view state) {
  if (state == "success") return {"good", "✓"};
  if (state == "neutral" || state == "skipped") return {"none", "–"};
  if (state == "pending" || state == "queued" || state == "in_progress") return {"wait", "●"};
  return {"bad", "✕"};
}

std::string_view state_text(std::string_view state) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTexts = {{
      {"clean", "This branch can be merged."},
      {"unstable", "This branch can be merged, but not all its checks are green."},
      {"dirty", "This branch has conflicts with its base."},
      {"blocked", "Merging is blocked until the required checks are green."},
      {"behind", "This branch must be brought up to date with its base first."},
      {"draft", "This is still a draft."},
  }};
  for (const auto& [known, text] : kTexts) {
    if (known == state) return text;
  }
  return "";
}

std::string check_line(const CheckLine& check) {
  const auto [css_class, sign] = look_of(check.state);
  std::string html = "<div class=\"check\"><span class=\"" + std::string(css_class) + "\">" +
                     std::string(sign) + "</span><b>" + escape_html(check.name) +
                     "</b><span class=\"soft\">" +
                     escape_html(check.text.empty() ? check.state : check.text) + "</span>";
  if (check.is_required) html += "<span class=\"soft small required\">Required</span>";
  return html + "</div>";
}

// One line of a patch with its class. Characters that make it read otherwise than it runs (bidi,
// zero width, controls) are left out and told of.
std::string patch_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string shown = base::clean_text(line);
  std::string_view css_class = "same";
  if (line.starts_with("+")) css_class = "new";
  if (line.starts_with("-")) css_class = "old";
  if (line.starts_with("@@")) css_class = "hunk";
  const char* warning = shown == line ? "" : " <i class=\"bad\">⚠ hidden characters</i>";
  return "<span class=\"" + std::string(css_class) + "\">" + escape_html(shown) + warning +
         "\n</span>";
}

std::string file_box(const git::FileChange& file) {
  std::string name = escape_html(file.path);
  if (!file.previous_path.empty()) name = escape_html(file.previous_path) + " → " + name;
  std::string html = "<details class=\"file\" open><summary><b>" + name +
                     "</b><span class=\"new\">+" + std::to_string(file.additions) +
                     "</span><span class=\"old\">−" + std::to_string(file.deletions) +
                     "</span><span class=\"soft\">" + escape_html(file.status) +
                     "</span></summary><pre>";
  if (!file.patch) return html + "<span class=\"soft\">Nothing to show.</span></pre></details>";
  for (const std::string_view line : base::split(*file.patch, '\n')) html += patch_line(line);
  return html + "</pre></details>";
}

}  // namespace

std::string pull_badge(const Issue& issue) {
  if (issue.pull && issue.pull->merged) return "<span class=\"state closed\">Merged</span>";
  if (!issue.is_open) return "<span class=\"state gone\">Closed</span>";
  if (issue.pull && issue.pull->is_draft) return "<span class=\"state draft\">Draft</span>";
  return "<span class=\"state\">Open</span>";
}

std::string pull_direction(const PullSide& pull, const Issue& issue) {
  const bool is_merged = issue.pull && issue.pull->merged;
  std::string html = "<b>" + escape_html(is_merged ? pull.merged_by : issue.author.login) + "</b> ";
  html += is_merged ? "merged " : "wants to merge ";
  html += plural(pull.commits, "commit") + " into " + code(pull.base) + " from " + code(pull.head);
  if (is_merged) html += " as " + code(pull.merge_sha.substr(0, 7));
  return html;
}

std::string checks_section(const PullSide& pull, const Issue& issue) {
  std::string html = "<div class=\"checks\" id=\"checks\" data-live>";
  for (const CheckLine& check : pull.checks) html += check_line(check);
  if (pull.checks.empty()) html += "<div class=\"check soft\">No checks yet.</div>";
  const std::string_view text = issue.is_open ? state_text(pull.merge_state) : "";
  if (!text.empty()) html += "<div class=\"check verdict\">" + std::string(text) + "</div>";
  return html + "</div>";
}

std::string diff_section(const PullSide& pull) {
  int additions = 0;
  int deletions = 0;
  for (const git::FileChange& file : pull.files) {
    additions += file.additions;
    deletions += file.deletions;
  }
  std::string html = "<section class=\"diff\" id=\"diff\" data-live><h2>" +
                     plural(static_cast<int>(pull.files.size()), "file") +
                     " changed <span class=\"new\">+" + std::to_string(additions) +
                     "</span> <span class=\"old\">−" + std::to_string(deletions) + "</span></h2>";
  for (const git::FileChange& file : pull.files) html += file_box(file);
  return html + "</section>";
}

std::string diff_text(const PullSide& pull) {
  std::string text;
  for (const git::FileChange& file : pull.files) {
    const std::string& before = file.previous_path.empty() ? file.path : file.previous_path;
    text += "diff --git a/" + before + " b/" + file.path + "\n";
    text += file.status == "added" ? "--- /dev/null\n" : "--- a/" + before + "\n";
    text += file.status == "removed" ? "+++ /dev/null\n" : "+++ b/" + file.path + "\n";
    if (file.patch) text += *file.patch + "\n";
  }
  return text;
}

}  // namespace forge
