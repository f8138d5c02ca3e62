// What the forge allows: rights, limits and paging, as GitHub has them. Pure.
// Source of the limits: api.github.com's refusals (65,536 characters, title 256, 100 labels, label
// 50).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/http.h"

namespace forge {

// Ordered: each may do all the former may. read: open issues, comment, react, edit what is one's
// own; triage: label, assign, close; write: edit what others wrote, and the label list.
enum class Role { none, read, triage, write, maintain, admin };
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);
// GitHub's older, coarser word for the role: admin, write, read or none.
[[nodiscard]] std::string_view permission_word(Role role);

inline constexpr std::size_t kBodyMax = 65'536;  // Characters, not bytes.
inline constexpr std::size_t kTitleMax = 256;
inline constexpr std::size_t kLabelNameMax = 50;
inline constexpr std::size_t kLabelDescriptionMax = 100;
inline constexpr std::size_t kIssueLabelsMax = 100;
inline constexpr int kIssueCommentsMax = 2500;  // More are refused with 403.
inline constexpr std::size_t kAssigneesMax = 10;
inline constexpr std::size_t kRequestMax = 1U << 20U;  // Bytes of a request's body.
inline constexpr std::string_view kDefaultColor = "ededed";

// One entry of `errors` in a 422 answer.
struct FieldError {
  std::string resource;  // "Issue", "IssueComment", "Label".
  std::string field;
  std::string code;  // missing_field, invalid, already_exists, custom.
  std::string message;
};

[[nodiscard]] std::size_t count_characters(std::string_view utf8);
[[nodiscard]] std::optional<FieldError> check_title(std::string_view title);
// An issue may have no body, a comment may not.
[[nodiscard]] std::optional<FieldError> check_issue_body(std::string_view body);
[[nodiscard]] std::optional<FieldError> check_comment_body(std::string_view body);
[[nodiscard]] std::optional<FieldError> check_label_name(std::string_view name);
[[nodiscard]] std::optional<FieldError> check_color(std::string_view color);
[[nodiscard]] std::optional<FieldError> check_description(std::string_view description);
[[nodiscard]] bool is_lock_reason(std::string_view reason);  // GitHub's four, or none.

struct Page {
  int number = 1;  // From 1.
  int size = 30;   // 1..100.

  [[nodiscard]] int offset() const { return (number - 1) * size; }
};
// From `page` and `per_page`; nonsense becomes the default, too much the most.
[[nodiscard]] Page parse_page(const http::Pairs& query);
// GitHub's Link header for a list of `total` entries at `url`, keeping the other parts of the
// query; empty when one page holds all.
[[nodiscard]] std::string make_link_header(std::string_view url, const http::Pairs& query,
                                           Page page, int total);

}  // namespace forge
