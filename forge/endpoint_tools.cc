#include "forge/endpoint_tools.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/time.h"

namespace forge {
namespace reply {

Reply ok(nlohmann::json body) { return {200, std::move(body), {}}; }
Reply no_content() { return {204, nullptr, {}}; }
Reply not_found() { return make_refusal(404, "Not Found"); }
Reply refuse(FieldError error) {
  return make_refusal(422, "Validation Failed", {std::move(error)});
}
Reply refuse_field(std::string resource, const std::string& field) {
  return refuse({std::move(resource), field, "invalid", ""});
}
Reply forbid(std::string_view what) {
  return make_refusal(403, "Must have " + std::string(what) + " access to the repository");
}

Reply created(nlohmann::json body) {
  const std::string url = body.value("url", "");
  return {201, std::move(body), {{"Location", url}}};
}

Reply list(const Call& call, nlohmann::json items, Page page, int total) {
  Reply reply = ok(std::move(items));
  const std::string link = make_link_header(call.url, call.request.query, page, total);
  if (!link.empty()) reply.headers.emplace_back("Link", link);
  return reply;
}

Reply slice(const Call& call, const nlohmann::json& all) {
  const Page page = parse_page(call.request.query);
  auto part = nlohmann::json::array();
  const auto size = static_cast<std::int64_t>(all.size());
  const std::int64_t from = static_cast<std::int64_t>(page.number - 1) * page.size;
  for (std::int64_t i = from; i < std::min(from + page.size, size); ++i) {
    part.push_back(all[static_cast<std::size_t>(i)]);
  }
  return list(call, std::move(part), page, static_cast<int>(size));
}

}  // namespace reply

const std::string& param(const Call& call, std::string_view name) {
  static const std::string kNone;
  const auto found = call.params.find(name);
  return found == call.params.end() ? kNone : found->second;
}

std::int64_t numeric_param(const Call& call, std::string_view name) {
  const std::string& text = param(call, name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : 0;
}

std::optional<Issue> issue_of(SqliteStore& store, const Call& call) {
  const std::int64_t number = numeric_param(call, "issue_number");
  if (number > 1'000'000'000) return std::nullopt;
  return store.find_issue(call.repository, static_cast<int>(number));
}

std::optional<Comment> comment_of(SqliteStore& store, const Call& call) {
  return store.find_comment(call.repository, numeric_param(call, "comment_id"));
}

bool read_since(const Call& call, std::optional<base::WallTime>& since) {
  const std::string_view text = call.request.query_value("since");
  if (text.empty()) return true;
  since = base::parse_utc(text);
  return since.has_value();
}

nlohmann::json to_json(const Call& call, const Issue& issue) {
  return issue_json(issue, call.rights.of(issue.author.login), call.repository, call.urls);
}
nlohmann::json to_json(const Call& call, const Comment& comment) {
  return comment_json(comment, call.rights.of(comment.author.login), call.repository, call.urls);
}
nlohmann::json to_json(const Call& call, const Label& label) {
  return label_json(label, call.repository, call.urls);
}
nlohmann::json to_json(const Call& call, const Milestone& milestone) {
  return milestone_json(milestone, call.repository, call.urls);
}

}  // namespace forge
