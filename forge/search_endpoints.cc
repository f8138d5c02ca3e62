#include <optional>
#include <utility>

#include "forge/endpoint_tools.h"
#include "forge/search.h"

namespace forge {
namespace {

constexpr int kSearchMax = 1000;  // GitHub shows no more results than these.

Reply refuse_search(std::string message) {
  return reply::refuse({"Search", "q", "invalid", std::move(message)});
}

// Only the repository asked for, or the forge's own, when the caller may read it.
std::optional<Repository> searched(SqliteStore& store, const Call& call, const Search& search) {
  const std::string& name = search.repository.empty() ? call.rights.repository : search.repository;
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || call.rights.of(call.user.login) < Role::read) {
    return std::nullopt;
  }
  return store.find_repository(name.substr(0, slash), name.substr(slash + 1));
}

nlohmann::json make_item(const Call& call, const Repository& repository, const Issue& issue) {
  nlohmann::json item =
      issue_json(issue, call.rights.of(issue.author.login), repository, call.urls);
  if (item["body"].is_null()) item["body"] = "";
  item["score"] = 1.0;
  return item;
}

Reply search_issues(SqliteStore& store, const Call& call) {
  const std::string_view query = call.request.query_value("q");
  if (query.empty()) return reply::refuse({"Search", "q", "missing", ""});
  auto search = parse_search(query);
  if (!search.ok()) return refuse_search("not understood: " + search.error().message);
  const auto repository = searched(store, call, *search);
  if (!repository && !search->repository.empty()) {
    return refuse_search(
        "The listed users and repositories cannot be searched either because the resources do not"
        " exist or you do not have permission to view them.");
  }
  const std::string_view sort = call.request.query_value("sort", "created");
  if (sort == "updated") search->filter.sort = SortKey::updated;
  if (sort == "comments") search->filter.sort = SortKey::comments;
  search->filter.is_descending = call.request.query_value("order", "desc") != "asc";
  search->filter.known_at = call.known_at;
  const Page page = parse_page(call.request.query);
  if (page.offset() >= kSearchMax) {
    return make_refusal(422, "Only the first 1000 search results are available");
  }
  nlohmann::json items = nlohmann::json::array();
  int total = 0;
  if (repository) {
    total = store.count_issues(*repository, search->filter);
    for (const Issue& issue : store.list_issues(*repository, search->filter, page)) {
      items.push_back(make_item(call, *repository, issue));
    }
  }
  return reply::list(call,
                     {{"total_count", total},
                      {"incomplete_results", false},
                      {"search_type", "lexical"},
                      {"items", std::move(items)}},
                     page, std::min(total, kSearchMax));
}

}  // namespace

std::vector<Endpoint> search_endpoints() {
  return {{"GET", "/search/issues", Role::none, search_issues}};
}

}  // namespace forge
