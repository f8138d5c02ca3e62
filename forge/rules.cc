#include "forge/rules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "forge/model.h"
#include "http/url.h"

namespace forge {
namespace {

constexpr std::array<std::string_view, 6> kRoleNames = {"none",  "read",     "triage",
                                                        "write", "maintain", "admin"};
constexpr std::array<std::string_view, 12> kEventNames = {
    "labeled",    "unlabeled", "closed",   "reopened",   "renamed",      "assigned",
    "unassigned", "locked",    "unlocked", "milestoned", "demilestoned", "merged"};

FieldError too_long(std::string resource, std::string field, std::size_t most) {
  std::string message = field + " is too long (maximum is " + std::to_string(most) + " characters)";
  return {std::move(resource), std::move(field), "custom", std::move(message)};
}

int parse_positive(std::string_view text, int fallback) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return 1'000'000;
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && value > 0 ? value : fallback;
}

}  // namespace

std::string_view to_string(EventKind kind) { return kEventNames[static_cast<std::size_t>(kind)]; }

std::optional<EventKind> parse_event_kind(std::string_view text) {
  const auto found = std::find(kEventNames.begin(), kEventNames.end(), text);
  if (found == kEventNames.end()) return std::nullopt;
  return static_cast<EventKind>(found - kEventNames.begin());
}

bool Hook::wants(std::string_view event) const {
  return is_active && std::any_of(events.begin(), events.end(), [event](const std::string& one) {
           return one == "*" || one == event;
         });
}

std::string_view to_string(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view text) {
  const auto found = std::find(kRoleNames.begin(), kRoleNames.end(), text);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(found - kRoleNames.begin());
}

std::string_view permission_word(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::read:
    case Role::triage:
      return "read";
    case Role::write:
    case Role::maintain:
      return "write";
    case Role::admin:
      return "admin";
  }
  return "none";
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::optional<FieldError> check_title(std::string_view title) {
  if (base::trim(title).empty()) return FieldError{"Issue", "title", "missing_field", ""};
  if (count_characters(title) > kTitleMax) return too_long("Issue", "title", kTitleMax);
  return std::nullopt;
}

std::optional<FieldError> check_issue_body(std::string_view body) {
  if (count_characters(body) > kBodyMax) return too_long("Issue", "body", kBodyMax);
  return std::nullopt;
}

std::optional<FieldError> check_comment_body(std::string_view body) {
  if (base::trim(body).empty()) {
    return FieldError{"IssueComment", "body", "custom", "Body cannot be blank"};
  }
  if (count_characters(body) > kBodyMax) return too_long("IssueComment", "body", kBodyMax);
  return std::nullopt;
}

std::optional<FieldError> check_label_name(std::string_view name) {
  if (base::trim(name).empty()) return FieldError{"Label", "name", "missing_field", ""};
  if (count_characters(name) > kLabelNameMax) return too_long("Label", "name", kLabelNameMax);
  return std::nullopt;
}

std::optional<FieldError> check_color(std::string_view color) {
  const bool is_hex = color.size() == 6 &&
                      color.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (is_hex) return std::nullopt;
  return FieldError{"Label", "color", "invalid", ""};
}

std::optional<FieldError> check_description(std::string_view description) {
  if (count_characters(description) <= kLabelDescriptionMax) return std::nullopt;
  return too_long("Label", "description", kLabelDescriptionMax);
}

Page parse_page(const http::Pairs& query) {
  Page page;
  for (const auto& [name, value] : query) {
    if (name == "page") page.number = std::min(parse_positive(value, 1), 1'000'000);
    if (name == "per_page") page.size = std::min(parse_positive(value, 30), 100);
  }
  return page;
}

std::string make_link_header(std::string_view url, const http::Pairs& query, Page page, int total) {
  const int last = std::max(1, (total + page.size - 1) / page.size);
  if (last == 1 && page.number == 1) return "";
  std::string base = std::string(url) + "?";
  for (const auto& [name, value] : query) {
    if (name == "page") continue;
    base += http::percent_encode(name) + "=" + http::percent_encode(value) + "&";
  }
  std::string header;
  const auto append = [&](int number, std::string_view relation) {
    if (!header.empty()) header += ", ";
    header +=
        "<" + base + "page=" + std::to_string(number) + ">; rel=\"" + std::string(relation) + "\"";
  };
  if (page.number > 1) append(std::min(page.number - 1, last), "prev");
  if (page.number < last) append(page.number + 1, "next");
  if (page.number < last) append(last, "last");
  if (page.number > 1) append(1, "first");
  return header;
}

bool is_lock_reason(std::string_view reason) {
  return reason.empty() || reason == "off-topic" || reason == "too heated" ||
         reason == "resolved" || reason == "spam";
}

}  // namespace forge
