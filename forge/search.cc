#include "forge/search.h"

#include <optional>
#include <vector>

#include "base/text.h"

namespace forge {
namespace {

// Splits at blanks outside of quotes; the quotes go.
std::vector<std::string> split_parts(std::string_view query) {
  std::vector<std::string> parts;
  std::string part;
  bool is_quoted = false;
  const auto end = [&] {
    if (!part.empty()) parts.push_back(part);
    part.clear();
  };
  for (const char c : query) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if ((c == ' ' || c == '\t' || c == '\n') && !is_quoted) {
      end();
    } else {
      part += c;
    }
  }
  end();
  return parts;
}

bool read_kind(Search& search, std::string_view value) {
  if (value == "pr" || value == "pull-request") {
    search.filter.is_pull = true;
  } else if (value == "open" || value == "closed") {
    search.filter.state = value == "open" ? IssueState::open : IssueState::closed;
  } else {
    search.filter.is_pull = false;
    return value == "issue";
  }
  return true;
}

bool read_places(Search& search, std::string_view value) {
  search.filter.in_title = false;
  search.filter.in_body = false;
  for (const std::string_view place : base::split(value, ',')) {
    if (place == "title") {
      search.filter.in_title = true;
    } else if (place == "body") {
      search.filter.in_body = true;
    } else {
      return false;
    }
  }
  return true;
}

bool read_missing(Search& search, std::string_view value) {
  if (value == "assignee") {
    search.filter.assignee = "none";
  } else if (value == "milestone") {
    search.filter.milestone = "none";
  } else {
    return false;
  }
  return true;
}

// Whether the qualifier was understood; nothing when it is none but a word with a colon.
std::optional<bool> read_qualifier(Search& search, std::string_view name, std::string_view value) {
  if (name == "is" || name == "state" || name == "type") return read_kind(search, value);
  if (name == "in") return read_places(search, value);
  if (name == "no") return read_missing(search, value);
  if (name == "repo") {
    search.repository = value;
  } else if (name == "label") {
    search.filter.labels.emplace_back(value);
  } else if (name == "author") {
    search.filter.creator = value;
  } else if (name == "assignee") {
    search.filter.assignee = value;
  } else {
    return std::nullopt;
  }
  return !value.empty();
}

}  // namespace

base::Result<Search> parse_search(std::string_view query) {
  Search search;
  search.filter.state = IssueState::all;
  for (const std::string& part : split_parts(query)) {
    const std::size_t colon = part.find(':');
    if (colon != std::string::npos) {
      const std::string_view whole = part;
      const auto understood =
          read_qualifier(search, whole.substr(0, colon), whole.substr(colon + 1));
      if (understood == false) return base::Error{base::ErrorCode::invalid, part};
      if (understood) continue;
    }
    search.filter.words.push_back(part);
  }
  return search;
}

}  // namespace forge
