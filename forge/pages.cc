#include "forge/pages.h"

#include <charconv>
#include <optional>

#include "base/hash.h"
#include "forge/page.h"
#include "forge/sqlite_store.h"

namespace forge {
namespace {

constexpr int kIssuesPerPage = 25;
constexpr Page kWholeThread{1, 100'000};

http::Response make_page(int status, std::string html) {
  return http::make_response(status, "text/html; charset=utf-8", std::move(html));
}

http::Response not_found() {
  return make_page(404, render_message("Not found", "There is no such page."));
}

http::Response redirect(const std::string& to) {
  http::Response response = make_page(302, "");
  response.headers.emplace_back("Location", to);
  return response;
}

int parse_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// "host:port" and "[::1]:port" without the port.
std::string_view host_name(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

const std::string& at(const http::Params& params, std::string_view name) {
  return params.find(name)->second;
}

}  // namespace

Pages::Pages(const Options& options, SqliteStore& store)
    : store_(store),
      address_(options.address),
      repository_(options.repository),
      policy_(page_policy()) {
  const auto to_issues = [this](const http::Request&, const http::Params&) {
    return redirect("/" + repository_ + "/issues");
  };
  router_.add("GET", "/", to_issues);
  router_.add("GET", "/{owner}/{repo}", [](const http::Request&, const http::Params& params) {
    return redirect("/" + at(params, "owner") + "/" + at(params, "repo") + "/issues");
  });
  router_.add("GET", "/{owner}/{repo}/issues",
              [this](const http::Request& request, const http::Params& params) {
                return show_list(request, params);
              });
  router_.add(
      "GET", "/{owner}/{repo}/issues/{number}",
      [this](const http::Request&, const http::Params& params) { return show_thread(params); });
  router_.add("GET", "/avatars/{login}", [](const http::Request&, const http::Params& params) {
    return http::make_response(200, "image/svg+xml", render_avatar(at(params, "login")));
  });
}

// A name that an attacker's DNS points here must not let his pages read ours.
bool Pages::is_local(const http::Request& request) const {
  const std::string& peer = request.remote_address;
  const bool is_peer_local =
      peer.starts_with("127.") || peer == "::1" || peer.starts_with("::ffff:127.");
  const std::string_view host = host_name(request.header("Host"));
  return is_peer_local &&
         (host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == address_);
}

http::Response Pages::handle(const http::Request& request) {
  http::Response response;
  if (!is_local(request)) {
    response = make_page(403, render_message("Not here", "Pages are shown on this machine only."));
  } else {
    const http::Match match = router_.find(request.method, request.path);
    response = match.handler == nullptr ? not_found() : (*match.handler)(request, match.params);
  }
  const std::string etag = "W/\"" + base::sha256_hex(response.body) + "\"";
  if (response.status == 200 && request.header("If-None-Match") == etag) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Security-Policy", policy_);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

http::Response Pages::show_list(const http::Request& request, const http::Params& params) {
  std::optional<ListView> view;
  const base::Status read = store_.run([&] {
    const auto repository = store_.find_repository(at(params, "owner"), at(params, "repo"));
    if (!repository) return false;
    view.emplace();
    view->repository = *repository;
    view->is_open = request.query_value("state", "open") != "closed";
    view->label = request.query_value("label");
    view->page = parse_page(request.query);
    view->page.size = kIssuesPerPage;
    IssueFilter filter;
    if (!view->label.empty()) filter.labels.push_back(view->label);
    view->open_count = store_.count_issues(*repository, filter);
    filter.state = IssueState::closed;
    view->closed_count = store_.count_issues(*repository, filter);
    if (view->is_open) filter.state = IssueState::open;
    view->issues = store_.list_issues(*repository, filter, view->page);
    return false;
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  return view ? make_page(200, render_list(*view)) : not_found();
}

http::Response Pages::show_thread(const http::Params& params) {
  std::optional<ThreadView> view;
  const base::Status read = store_.run([&] {
    const auto repository = store_.find_repository(at(params, "owner"), at(params, "repo"));
    if (!repository) return false;
    auto issue = store_.find_issue(*repository, parse_number(at(params, "number")));
    if (!issue) return false;
    CommentFilter filter;
    filter.issue_number = issue->number;
    view.emplace(ThreadView{*repository, *issue,
                            store_.list_comments(*repository, filter, kWholeThread),
                            store_.list_events(issue->id)});
    return false;
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  return view ? make_page(200, render_thread(*view)) : not_found();
}

}  // namespace forge
