#include "chaos/thread_view.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace chaos {
namespace {

constexpr std::size_t kNameColumn = 18;

bool is_punctuation(char c) {
  return std::string_view("\\`*_{}[]()#+-.!|<>~:@&").find(c) != std::string_view::npos;
}

std::string without_marks(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && is_punctuation(line[i + 1])) {
      out += line[++i];
    } else if (line.substr(i).starts_with("**")) {
      ++i;
    } else if (line[i] != '`') {
      out += line[i];
    }
  }
  return out;
}

bool is_rule(std::string_view line) {
  return line.starts_with("|") && line.find_first_not_of("|-: ") == std::string_view::npos;
}

// "| a | b |" as aligned words; wider rows as words with dots between.
std::string row(std::string_view line) {
  std::string out;
  const auto cells = base::split(line.substr(1, line.size() - 2), '|');
  for (const auto cell : cells) {
    std::string word(base::trim(cell));
    if (word.empty() && cells.size() == 2) continue;
    if (cells.size() > 2) {
      out += (out.empty() ? "" : " · ") + word;
    } else {
      if (out.empty() && word.size() < kNameColumn) word.resize(kNameColumn, ' ');
      out += (out.empty() ? "" : " ") + word;
    }
  }
  return out;
}

// The lines of `now` that `before` does not have, the first line always.
std::string changed_lines(const std::string& before, const std::string& now) {
  const auto known = base::split(before, '\n');
  std::string out;
  for (const auto line : base::split(now, '\n')) {
    const bool is_new = std::find(known.begin(), known.end(), line) == known.end();
    if (out.empty() || is_new) out += std::string(line) + "\n";
  }
  return out;
}

}  // namespace

std::string plain_lines(std::string_view markdown) {
  std::string out;
  bool was_blank = true;  // Leading and doubled blank lines are left out.
  for (std::string_view line : base::split(markdown, '\n')) {
    line = base::trim(line);
    if (line.starts_with("<!--") || is_rule(line)) continue;
    if (line.size() > 2 && line.front() == '|' && line.back() == '|') {
      out += without_marks(row(line)) + "\n";
      was_blank = false;
      continue;
    }
    if (line.starts_with("```")) continue;
    while (line.starts_with('#')) line.remove_prefix(1);
    line = base::trim(line);
    if (line.empty() && was_blank) continue;
    was_blank = line.empty();
    out += without_marks(line) + "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return base::clean_text(out);
}

std::string ThreadView::bold(const std::string& text) const {
  return is_colored_ ? "\033[1m" + text + "\033[0m" : text;
}
std::string ThreadView::faint(const std::string& text) const {
  return is_colored_ ? "\033[2m" + text + "\033[0m" : text;
}

std::string ThreadView::block(const std::string& body) const {
  std::string out;
  const std::string plain = plain_lines(body);
  bool is_first = true;
  for (const auto line :
       base::split(std::string_view(plain).substr(0, plain.empty() ? 0 : plain.size() - 1), '\n')) {
    out += faint("  │ ") + (is_first ? bold(std::string(line)) : std::string(line)) + "\n";
    is_first = false;
  }
  return out;
}

std::string ThreadView::update(const Thread& thread) {
  std::string out;
  const auto& issue = thread.issue;
  const std::string number = "#" + std::to_string(issue.number);
  if (state_.empty()) {
    out += "\n" + bold(number + " " + base::clean_text(issue.title)) + "  " +
           faint(base::clean_text(issue.url)) + "\n" + block(issue.body);
  }
  std::string changes;
  const std::set<std::string> labels(issue.labels.begin(), issue.labels.end());
  for (const auto& label : labels) {
    if (labels_.count(label) == 0) changes += " +[" + base::clean_text(label) + "]";
  }
  for (const auto& label : labels_) {
    if (labels.count(label) == 0) changes += " -[" + base::clean_text(label) + "]";
  }
  labels_ = labels;
  if (!changes.empty()) out += faint("  labels of " + number + ":" + changes) + "\n";
  for (const auto& comment : thread.comments) {
    auto& shown = comments_[comment.id];
    if (shown == comment.body) continue;
    const bool is_new = shown.empty();
    const std::string body =
        is_new ? comment.body : changed_lines(plain_lines(shown), plain_lines(comment.body));
    shown = comment.body;
    out += faint("  " + number + " " + base::clean_text(comment.author) +
                 (is_new ? " at " : " edited the comment of ") +
                 base::format_utc(comment.created_at, false)) +
           "\n" + block(body);
  }
  if (!state_.empty() && state_ != issue.state) {
    out += bold("  " + number + " " + issue.state +
                (issue.state_reason.empty() ? "" : " as " + base::clean_text(issue.state_reason))) +
           "\n" + block(changed_lines(card_, plain_lines(issue.body)));
  }
  if (state_ != issue.state) card_ = plain_lines(issue.body);
  state_ = issue.state;
  return out;
}

}  // namespace chaos
