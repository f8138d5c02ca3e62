#include "forge/pages.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "forge/api.h"
#include "forge/page.h"
#include "forge/pull_page.h"
#include "forge/pull_tools.h"
#include "forge/search.h"
#include "forge/sqlite_store.h"
#include "git/names.h"
#include "git/repository.h"
#include "http/url.h"

namespace forge {
namespace {

constexpr int kIssuesPerPage = 25;
constexpr Page kAllLabels{1, 200};
constexpr Page kWholeThread{1, 100'000};

http::Response make_page(int status, std::string html) {
  return http::make_response(status, "text/html; charset=utf-8", std::move(html));
}

http::Response not_found() {
  return make_page(404, render_message("Not found", "There is no such page."));
}

http::Response redirect(const std::string& to, int status = 302) {
  http::Response response = make_page(status, "");
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

std::string field_of(const http::Pairs& fields, std::string_view name) {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return "";
}

// The fields of a form sent by a page of this very site; nothing for any other.
std::optional<http::Pairs> read_form(const http::Request& request) {
  const bool is_ours = http::is_same_origin(request.header("Origin"), request.header("Host"));
  const bool is_form =
      request.header("Content-Type").starts_with("application/x-www-form-urlencoded");
  if (!is_ours || !is_form) return std::nullopt;
  return http::parse_query(request.body);
}

http::Response refuse_form() {
  return make_page(403, render_message("Not done",
                                       "This form was not sent by a page of the forge,"
                                       " or you are no longer signed in."));
}

const std::string& at(const http::Params& params, std::string_view name) {
  return params.find(name)->second;
}

// A file's path as one segment: "/o/r/raw/main/a/b" to "/o/r/raw/main%2Fa%2Fb".
std::string fold_page_path(const std::string& path) {
  const auto parts = base::split(path, '/');
  if (parts.size() < 5 || parts[3] != "raw") return path;
  std::string folded;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    folded += (i > 4 ? "%2F" : "/") + std::string(parts[i]);
  }
  return folded;
}

// The newest word of each check and status, and what is required but was never heard of.
std::vector<CheckLine> check_lines(const std::vector<CommitStatus>& statuses,
                                   const std::vector<CheckRun>& runs,
                                   const std::vector<std::string>& required) {
  std::vector<CheckLine> lines;
  const auto add = [&](const std::string& name, std::string state, std::string text) {
    const bool is_known = std::any_of(lines.begin(), lines.end(),
                                      [&](const CheckLine& line) { return line.name == name; });
    const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
    if (!is_known) lines.push_back({name, std::move(state), std::move(text), is_required});
  };
  for (const CheckRun& run : runs) {
    add(run.name, run.conclusion.empty() ? run.status : run.conclusion, run.title.value_or(""));
  }
  for (const CommitStatus& status : statuses) {
    add(status.context, status.state, status.description.value_or(""));
  }
  for (const std::string& name : required) add(name, "pending", "Expected, not heard of yet");
  return lines;
}

// The issue's path in the API and among the pages.
std::string thread_path(const http::Params& params) {
  return "/" + http::percent_encode(at(params, "owner")) + "/" +
         http::percent_encode(at(params, "repo")) + "/issues/" +
         http::percent_encode(at(params, "number"));
}

http::Response back_to_thread(const http::Params& params) {
  return redirect(thread_path(params), 303);
}

}  // namespace

Pages::Pages(const Options& options, SqliteStore& store, const git::Repository& git, Api& api,
             const base::Clock& clock)
    : store_(store),
      git_(git),
      api_(api),
      clock_(clock),
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
                return show_list(request, params, false);
              });
  router_.add("GET", "/{owner}/{repo}/pulls",
              [this](const http::Request& request, const http::Params& params) {
                return show_list(request, params, true);
              });
  for (const char* path : {"/{owner}/{repo}/pull/{number}", "/{owner}/{repo}/issues/{number}"}) {
    router_.add("GET", path, [this](const http::Request& request, const http::Params& params) {
      return show_thread(request, params);
    });
  }
  router_.add(
      "GET", "/{owner}/{repo}/raw/{file}",
      [this](const http::Request&, const http::Params& params) { return show_raw(params); });
  router_.add("GET", "/login", [](const http::Request&, const http::Params&) {
    return make_page(200, render_sign_in(""));
  });
  router_.add("POST", "/login", [this](const http::Request& request, const http::Params&) {
    return sign_in(request);
  });
  router_.add("POST", "/logout", [this](const http::Request& request, const http::Params&) {
    return sign_out(request);
  });
  add_deed("comment", &Pages::comment);
  add_deed("label", &Pages::label);
  add_deed("react", &Pages::react);
  add_deed("merge", &Pages::merge);
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
    const http::Match match = router_.find(request.method, fold_page_path(request.path));
    response = match.handler == nullptr ? not_found() : (*match.handler)(request, match.params);
  }
  const std::string etag = "W/\"" + base::sha256_hex(response.body) + "\"";
  if (response.status == 200 && request.header("If-None-Match") == etag) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Vary", "Cookie");
  response.headers.emplace_back("Content-Security-Policy", policy_);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  return response;
}

http::Response Pages::show_list(const http::Request& request, const http::Params& params,
                                bool is_pulls) {
  std::optional<ListView> view;
  const base::Status read = store_.read([&] {
    const auto repository = store_.find_repository(at(params, "owner"), at(params, "repo"));
    if (!repository) return;
    view.emplace();
    view->is_pulls = is_pulls;
    view->viewer = viewer_of(request);
    view->labels = store_.list_labels(*repository, kAllLabels);
    view->repository = *repository;
    view->is_open = request.query_value("state", "open") != "closed";
    view->label = request.query_value("label");
    view->page = parse_page(request.query);
    view->page.size = kIssuesPerPage;
    view->search = request.query_value("q");
    auto search = parse_search(view->search);
    if (!search.ok()) {
      view->fault = search.error().message;
      return;
    }
    IssueFilter& filter = search->filter;
    filter.is_pull = is_pulls;
    if (filter.state != IssueState::all) view->is_open = filter.state == IssueState::open;
    filter.state = IssueState::open;
    if (!view->label.empty()) filter.labels.push_back(view->label);
    view->open_count = store_.count_issues(*repository, filter);
    filter.state = IssueState::closed;
    view->closed_count = store_.count_issues(*repository, filter);
    if (view->is_open) filter.state = IssueState::open;
    view->issues = store_.list_issues(*repository, filter, view->page);
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  return view ? make_page(200, render_list(*view)) : not_found();
}

http::Response Pages::show_thread(const http::Request& request, const http::Params& params) {
  std::optional<ThreadView> view;
  bool is_diff = false;
  const base::Status read = store_.read([&] {
    const auto repository = store_.find_repository(at(params, "owner"), at(params, "repo"));
    if (!repository) return;
    std::string number = at(params, "number");
    is_diff = number.ends_with(".diff");
    if (is_diff) number.resize(number.size() - 5);
    auto issue = store_.find_issue(*repository, parse_number(number));
    if (!issue || (is_diff && !issue->pull)) return;
    CommentFilter filter;
    filter.issue_number = issue->number;
    view.emplace(ThreadView{viewer_of(request), *repository, *issue,
                            store_.list_comments(*repository, filter, kWholeThread),
                            store_.list_events(issue->id),
                            store_.list_labels(*repository, kAllLabels), std::nullopt});
    if (issue->pull) view->pull = read_pull(*repository, *issue);
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  if (!view) return not_found();
  if (is_diff) {
    return http::make_response(200, "text/plain; charset=utf-8", diff_text(*view->pull));
  }
  const bool is_at_home =
      (request.path.find("/pull/") != request.path.npos) == view->pull.has_value();
  if (is_at_home) return make_page(200, render_thread(*view));
  return redirect("/" + view->repository.full_name() + (view->pull ? "/pull/" : "/issues/") +
                  std::to_string(view->issue.number));
}

PullSide Pages::read_pull(const Repository& repository, const Issue& issue) {
  GitTables tables(store_);
  const Pull pull = *tables.find_pull(repository, issue.number);
  const PullDetails details = details_of(store_, git_, repository, pull);
  PullSide side;
  side.head = pull.head;
  side.base = pull.base;
  side.head_sha = pull.head_sha;
  side.merge_state = details.merge_state;
  side.merge_sha = pull.merge_sha;
  if (pull.merged_by) side.merged_by = pull.merged_by->login;
  side.commits = details.commits;
  side.files = git_.changes(start_of(git_, pull), pull.head_sha);
  const auto protection = tables.find_protection(repository, pull.base);
  side.checks = check_lines(latest_statuses(store_, repository, pull.head_sha),
                            tables.list_checks(repository, pull.head_sha),
                            protection ? protection->contexts : std::vector<std::string>());
  return side;
}

// "main/docs/a.md": the branch may hold slashes, so each beginning is tried.
http::Response Pages::show_raw(const http::Params& params) {
  const std::string& file = at(params, "file");
  std::optional<std::string> bytes;
  const base::Status read = store_.read([&] {
    if (!store_.find_repository(at(params, "owner"), at(params, "repo"))) return;
    for (std::size_t slash = file.find('/'); slash != file.npos && !bytes;
         slash = file.find('/', slash + 1)) {
      const auto commit = git_.resolve(std::string_view(file).substr(0, slash));
      const std::string path = file.substr(slash + 1);
      if (!commit || !git::is_tree_path(path)) continue;
      if (const auto entry = git_.entry(*commit, path)) bytes = git_.blob(entry->sha);
    }
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  if (!bytes) return not_found();
  return http::make_response(200, "text/plain; charset=utf-8", std::move(*bytes));
}

// ---- Signed in ----

Viewer Pages::viewer_of(const http::Request& request) const {
  const auto session =
      sessions_.find(find_session_cookie(request.header("Cookie")), clock_.now().boot);
  if (!session) return {};
  return {session->login, session->form_token, api_.role_of(session->login)};
}

http::Response Pages::sign_in(const http::Request& request) {
  const auto fields = read_form(request);
  if (!fields) return refuse_form();
  const std::string token = field_of(*fields, "token");
  const std::string login = api_.login_of_token(base::trim(token));
  if (login.empty()) return make_page(403, render_sign_in("This token is not known here."));
  http::Response response = redirect("/", 303);
  response.headers.emplace_back("Set-Cookie",
                                make_session_cookie(sessions_.open(login, clock_.now().boot)));
  return response;
}

http::Response Pages::sign_out(const http::Request& request) {
  if (!read_form(request)) return refuse_form();
  sessions_.close(find_session_cookie(request.header("Cookie")));
  http::Response response = redirect("/", 303);
  response.headers.emplace_back("Set-Cookie", make_ended_cookie());
  return response;
}

void Pages::add_deed(std::string_view name,
                     http::Response (Pages::*deed)(const http::Params&, const http::Pairs&,
                                                   const Session&)) {
  router_.add("POST", "/{owner}/{repo}/issues/{number}/" + std::string(name),
              [this, deed](const http::Request& request, const http::Params& params) {
                const auto fields = read_form(request);
                const auto session = sessions_.find(find_session_cookie(request.header("Cookie")),
                                                    clock_.now().boot);
                const bool is_trusted =
                    fields && session &&
                    base::equal_constant_time(field_of(*fields, "form_token"), session->form_token);
                return is_trusted ? (this->*deed)(params, *fields, *session) : refuse_form();
              });
}

std::optional<http::Response> Pages::ask(const Session& session, std::string_view method,
                                         const std::string& path, std::string body) {
  http::Request request;
  request.method = method;
  request.path = "/repos" + path;
  request.target = request.path;
  request.body = std::move(body);
  const http::Response reply = api_.handle_as(session.login, request);
  if (reply.status < 400) return std::nullopt;
  const auto parsed = base::parse_json(reply.body);
  const std::string why = parsed.ok() ? base::get_string(*parsed, "message") : "";
  return make_page(reply.status, render_message("Not done", why.empty() ? "It failed." : why));
}

// Comments, closes or reopens, or both.
http::Response Pages::comment(const http::Params& params, const http::Pairs& fields,
                              const Session& session) {
  const std::string path = thread_path(params);
  std::string text = field_of(fields, "text");
  std::erase(text, '\r');  // Forms send each line's end as CR LF.
  const std::string state = field_of(fields, "state");
  if (!base::trim(text).empty()) {
    auto refused = ask(session, "POST", path + "/comments", base::dump_json({{"body", text}}));
    if (refused) return *refused;
  }
  if (!state.empty()) {
    const bool is_dropped = state == "not_planned";
    nlohmann::json change = {{"state", is_dropped ? "closed" : state}};
    if (is_dropped) change["state_reason"] = state;
    auto refused = ask(session, "PATCH", path, base::dump_json(change));
    if (refused) return *refused;
  }
  return back_to_thread(params);
}

http::Response Pages::label(const http::Params& params, const http::Pairs& fields,
                            const Session& session) {
  const std::string path = thread_path(params) + "/labels";
  const std::string added(base::trim(field_of(fields, "add")));
  const std::string removed = field_of(fields, "remove");
  if (!added.empty()) {
    const nlohmann::json body = {{"labels", nlohmann::json::array({added})}};
    if (auto refused = ask(session, "POST", path, base::dump_json(body))) return *refused;
  }
  if (!removed.empty()) {
    auto refused = ask(session, "DELETE", path + "/" + http::percent_encode(removed), "");
    if (refused) return *refused;
  }
  return back_to_thread(params);
}

// Squashes a pull request at the sha its page has shown.
http::Response Pages::merge(const http::Params& params, const http::Pairs& fields,
                            const Session& session) {
  const std::string path = "/" + http::percent_encode(at(params, "owner")) + "/" +
                           http::percent_encode(at(params, "repo")) + "/pulls/" +
                           http::percent_encode(at(params, "number")) + "/merge";
  const nlohmann::json body = {{"merge_method", "squash"}, {"sha", field_of(fields, "sha")}};
  auto refused = ask(session, "PUT", path, base::dump_json(body));
  return refused ? *refused : back_to_thread(params);
}

// Reacts, or takes the same reaction back.
http::Response Pages::react(const http::Params& params, const http::Pairs& fields,
                            const Session& session) {
  const std::string content = field_of(fields, "content");
  const int comment = parse_number(field_of(fields, "comment"));
  Id given = 0;
  const base::Status read = store_.read([&] {
    const auto repository = store_.find_repository(at(params, "owner"), at(params, "repo"));
    if (!repository) return;
    const auto issue = store_.find_issue(*repository, parse_number(at(params, "number")));
    if (!issue) return;
    const Subject subject = comment == 0 ? Subject::issue : Subject::comment;
    for (const Reaction& one : store_.list_reactions(subject, comment == 0 ? issue->id : comment)) {
      if (one.user.login == session.login && one.content == content) given = one.id;
    }
  });
  if (!read.ok()) return make_page(503, render_message("Not now", "The store cannot be read."));
  std::string path = thread_path(params);
  if (comment != 0) {
    path.resize(path.rfind('/'));
    path += "/comments/" + std::to_string(comment);
  }
  path += "/reactions";
  auto refused = given == 0 ? ask(session, "POST", path, base::dump_json({{"content", content}}))
                            : ask(session, "DELETE", path + "/" + std::to_string(given), "");
  return refused ? *refused : back_to_thread(params);
}

}  // namespace forge
