#include "gitops/branches.h"

#include <algorithm>

#include "base/text.h"
#include "config/url.h"

namespace gitops {
namespace {

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) {
  return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

base::Result<std::string> fix_branch(int issue, std::string_view operation) {
  const std::string name =
      std::string(kFixBranches) + std::to_string(issue) + "-" + std::string(operation);
  if (is_fix_branch(name)) return name;
  return base::Error{base::ErrorCode::invalid,
                     "branch of issue " + std::to_string(issue) + " and operation \"" +
                         base::clean_text(base::cut_utf8(operation, 60)) +
                         "\": the issue counts from 1, the operation has 1 to 40 letters and "
                         "digits"};
}

bool is_fix_branch(std::string_view name) {
  if (!name.starts_with(kFixBranches)) return false;
  name.remove_prefix(kFixBranches.size());
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 9 || name[0] == '0') return false;
  const std::string_view issue = name.substr(0, dash), operation = name.substr(dash + 1);
  return std::all_of(issue.begin(), issue.end(), is_decimal) && !operation.empty() &&
         operation.size() <= 40 &&
         std::all_of(operation.begin(), operation.end(), is_letter_or_digit);
}

base::Status check_remote(std::string_view url) {
  const auto refuse = [&](const std::string& why) {
    return base::Error{base::ErrorCode::denied, "remote repository: " + why};
  };
  const bool is_clean = std::all_of(url.begin(), url.end(), [](char c) {
    return is_letter_or_digit(c) || std::string_view("-._~:/[]%").find(c) != std::string_view::npos;
  });
  if (!is_clean || url.size() > 500) return refuse("its address holds a strange character");
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    return refuse("only https is spoken, and http to this very host");
  }
  const auto parsed = config::parse_url(url);
  if (!parsed) return refuse(parsed.error().message);
  if (parsed->scheme == "http" && !config::is_loopback(parsed->host)) {
    return refuse("http to another host; use https");
  }
  if (parsed->target.size() < 2) return refuse("no path in its address");
  return {};
}

}  // namespace gitops
