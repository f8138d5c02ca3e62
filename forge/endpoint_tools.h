// What the endpoints share: reading the path, finding what it names, and the common replies. Only
// they include this.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/endpoints.h"

namespace forge {

inline constexpr Page kEverything{1, 1'000'000};

namespace reply {

[[nodiscard]] Reply ok(nlohmann::json body);
[[nodiscard]] Reply created(nlohmann::json body);  // With Location from the body's url.
[[nodiscard]] Reply no_content();
[[nodiscard]] Reply not_found();
[[nodiscard]] Reply refuse(FieldError error);  // 422.
[[nodiscard]] Reply refuse_field(std::string resource, const std::string& field);
[[nodiscard]] Reply forbid(std::string_view what);
// One page of a list of `total` entries, with its Link header.
[[nodiscard]] Reply list(const Call& call, nlohmann::json items, Page page, int total);
// The page's part of a list that is whole in memory.
[[nodiscard]] Reply slice(const Call& call, const nlohmann::json& all);

}  // namespace reply

[[nodiscard]] const std::string& param(const Call& call, std::string_view name);
// A number from the path, or 0.
[[nodiscard]] std::int64_t numeric_param(const Call& call, std::string_view name);
[[nodiscard]] std::optional<Issue> issue_of(SqliteStore& store, const Call& call);
[[nodiscard]] std::optional<Comment> comment_of(SqliteStore& store, const Call& call);
// Reads `since`; false when it is there but no time.
[[nodiscard]] bool read_since(const Call& call, std::optional<base::WallTime>& since);

[[nodiscard]] nlohmann::json to_json(const Call& call, const Issue& issue);
[[nodiscard]] nlohmann::json to_json(const Call& call, const Comment& comment);
[[nodiscard]] nlohmann::json to_json(const Call& call, const Label& label);
[[nodiscard]] nlohmann::json to_json(const Call& call, const Milestone& milestone);
template <class T>
[[nodiscard]] nlohmann::json list_json(const Call& call, const std::vector<T>& things) {
  auto result = nlohmann::json::array();
  for (const T& thing : things) result.push_back(to_json(call, thing));
  return result;
}

}  // namespace forge
