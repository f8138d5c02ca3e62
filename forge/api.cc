#include "forge/api.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "forge/apps.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"
#include "forge/git_tables.h"
#include "forge/hooks.h"
#include "forge/paths.h"
#include "forge/ref_changes.h"
#include "forge/sqlite_store.h"
#include "git/names.h"

namespace forge {
namespace {

constexpr std::string_view kEnterprise = "/api/v3";
constexpr std::int64_t kHour = 3600;

// Where GitHub's API begins; whatever else lies there is answered 501 instead of a page.
constexpr std::array<std::string_view, 34> kApiRoots = {"advisories",
                                                        "app",
                                                        "applications",
                                                        "apps",
                                                        "assignments",
                                                        "classrooms",
                                                        "codes_of_conduct",
                                                        "emojis",
                                                        "enterprises",
                                                        "events",
                                                        "feeds",
                                                        "gists",
                                                        "gitignore",
                                                        "graphql",
                                                        "installation",
                                                        "issues",
                                                        "licenses",
                                                        "markdown",
                                                        "marketplace_listing",
                                                        "meta",
                                                        "networks",
                                                        "notifications",
                                                        "octocat",
                                                        "organizations",
                                                        "orgs",
                                                        "projects",
                                                        "rate_limit",
                                                        "repos",
                                                        "repositories",
                                                        "search",
                                                        "teams",
                                                        "user",
                                                        "users",
                                                        "versions"};

std::string_view first_segment(std::string_view path) {
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  return path.substr(0, path.find('/'));
}

bool is_enterprise(std::string_view path) {
  return path == kEnterprise || path.starts_with(std::string(kEnterprise) + "/");
}

http::Response to_response(const Reply& reply) {
  http::Response response;
  response.status = reply.status;
  response.headers = reply.headers;
  if (reply.body.is_null()) return response;
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.body = base::dump_json(reply.body);
  return response;
}

// No answer at all.
http::Response make_silence() {
  http::Response response;
  response.status = http::kNoAnswer;
  return response;
}

// Empty without an Authorization header of a kind known here.
std::string_view token_of(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  const std::size_t space = std::min(header.find(' '), header.size());
  const std::string scheme = base::to_lower_ascii(header.substr(0, space));
  if (scheme != "bearer" && scheme != "token") return {};
  return base::trim(header.substr(space));
}

// RFC 9110's date, "Fri, 20 Nov 2026 13:52:36 GMT".
std::string make_http_date(base::WallTime time) {
  const std::time_t seconds = base::to_ms(time) / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  if (base::trim(if_none_match) == "*") return true;
  for (std::string_view known : base::split(if_none_match, ',')) {
    known = base::trim(known);
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == etag.substr(2)) return true;  // Ours is always weak: W/"…".
  }
  return false;
}

}  // namespace

Api::Api(const Options& options, SqliteStore& store, const base::Clock& clock, std::string site,
         std::FILE* record, ApiLinks links)
    : store_(store),
      clock_(clock),
      site_(std::move(site)),
      record_(record),
      requests_per_hour_(options.requests_per_hour),
      rights_(std::make_unique<Rights>(Rights{options.owner_login, options.repository,
                                              options.roles, options.teams, options.workflows})),
      faults_(options.faults),
      links_(links),
      apps_(std::make_unique<Apps>(options.apps)) {
  for (const App& app : options.apps) rights_->roles[app.slug + "[bot]"] = app.role;
  for (const auto& [token, login] : options.tokens) logins_[base::sha256_hex(token)] = login;
  for (const Endpoint& endpoint : endpoints()) {
    router_.add(endpoint.method, endpoint.path_template,
                [this, &endpoint](const http::Request& request, const http::Params& params) {
                  return serve(endpoint, request, params);
                });
  }
}

Api::~Api() = default;

bool Api::owns(std::string_view path) {
  const std::string_view root = first_segment(path);
  return is_enterprise(path) ||
         std::find(kApiRoots.begin(), kApiRoots.end(), root) != kApiRoots.end();
}

std::string Api::caller_of(const http::Request& request) const {
  if (request.header("Authorization").empty()) return "nobody";
  std::string login = login_of_token(token_of(request));
  return login.empty() ? "app" : login;
}

http::Response Api::make_failure(int status, std::string_view message) {
  return to_response(make_refusal(status, message));
}

http::Response Api::handle(const http::Request& request) {
  http::Response response = answer_as(read_caller(token_of(request)), request);
  is_deed_ = true;
  for (const Deed& deed : std::exchange(deeds_, {})) {
    http::Request edit;
    edit.method = deed.method;
    edit.target = edit.path = deed.path;
    edit.body = deed.body;
    static_cast<void>(handle_as(deed.login, edit));
  }
  is_deed_ = false;
  return response;
}

http::Response Api::handle_as(const std::string& login, const http::Request& request) {
  Caller caller;
  caller.login = login;
  return answer_as(std::move(caller), request);
}

http::Response Api::answer_as(Caller caller, const http::Request& request) {
  caller_ = std::move(caller);
  std::string_view path = request.path;
  if (is_enterprise(path)) path.remove_prefix(kEnterprise.size());
  std::string path_template;
  http::Response response = answer(request, path, path_template);
  add_common_headers(request, response);
  record(request, path, path_template, response);
  return response;
}

Api::Caller Api::read_caller(std::string_view token) const {
  Caller caller;
  const base::WallTime now = clock_.now().wall;
  if (faults_ != nullptr && faults_->is_expired(token, now)) return caller;
  if (Apps::is_jwt(token)) {
    const auto app = apps_->read_jwt(token, now);
    if (app.ok()) {
      caller.app = *app;
      caller.login = caller.app->slug + "[bot]";
    } else {
      caller.refusal = app.error().message;
    }
    return caller;
  }
  caller.login = login_of_token(token);
  if (!caller.login.empty()) return caller;
  if (const App* const app = apps_->find_token(token, now)) {
    caller.login = app->slug + "[bot]";
    caller.is_installation = true;
  }
  return caller;
}

std::optional<http::Response> Api::meet_audience(const Endpoint& endpoint) const {
  const bool is_app = caller_.app != nullptr;
  if (endpoint.audience == Audience::app && !is_app) {
    return to_response(make_refusal(401, "A JSON web token could not be decoded"));
  }
  const bool is_refused = (is_app && endpoint.audience != Audience::app) ||
                          (caller_.is_installation && endpoint.audience == Audience::user) ||
                          (!caller_.is_installation && endpoint.audience == Audience::installation);
  if (!is_refused) return std::nullopt;
  return to_response(make_refusal(403, "Resource not accessible by integration"));
}

std::string Api::login_of_any_token(std::string_view token) const {
  const Caller caller = read_caller(token);
  return caller.app == nullptr ? caller.login : "";  // An app's own token reads no repository.
}

std::string Api::login_of_token(std::string_view token) const {
  // Looked up by hash, so that the time taken says nothing about a token.
  const auto found = logins_.find(base::sha256_hex(token));
  return found == logins_.end() ? "" : found->second;
}

Role Api::role_of(std::string_view login) const { return rights_->of(login); }

http::Response Api::answer(const http::Request& request, std::string_view path,
                           std::string& path_template) {
  if (caller_.login.empty()) {
    const bool is_tried = !request.header("Authorization").empty();
    return to_response(make_refusal(401, is_tried ? caller_.refusal : "Requires authentication"));
  }
  if (request.body.size() > kRequestMax) {
    return to_response(make_refusal(413, "Payload too large: at most 1 MB"));
  }
  Budget& budget = budgets_[caller_.login];
  const std::int64_t now_s = base::to_ms(clock_.now().wall) / 1000;
  if (now_s >= budget.reset_s) budget = {now_s + kHour, 0};
  const bool is_counted = path != "/rate_limit" && !is_deed_;
  if (auto refused = is_counted ? meet_limit(budget) : std::nullopt) return *refused;
  const http::Match match = router_.find(request.method, fold_path(path));
  if (match.handler == nullptr) {
    if (match.status == 400) return to_response(make_refusal(400, "Malformed path"));
    return to_response(make_refusal(
        501, "Not implemented by this forge: " + request.method + " " + std::string(path)));
  }
  path_template = match.path_template;
  return (*match.handler)(request, match.params);
}

std::optional<http::Response> Api::meet_limit(Budget& budget) {
  int status = 403;
  if (const auto scripted =
          faults_ == nullptr ? std::nullopt : faults_->limit_at(clock_.now().wall)) {
    budget = {base::to_ms(scripted->reset) / 1000, requests_per_hour_, true};
    status = scripted->status;
  } else if (budget.is_scripted) {
    budget = {base::to_ms(clock_.now().wall) / 1000 + kHour, 0};
  }
  if (++budget.used <= requests_per_hour_) return std::nullopt;
  return to_response(make_refusal(status, "API rate limit exceeded for user " + caller_.login));
}

std::optional<http::Response> Api::meet_write(const http::Request& request,
                                              std::optional<WriteFault>& fault) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (is_read || is_deed_ || faults_ == nullptr) return std::nullopt;
  Faults::Verdict verdict = faults_->next_write();
  deeds_ = std::move(verdict.deeds);
  if (verdict.retry_after_s) {
    Reply reply = make_refusal(403,
                               "You have exceeded a secondary rate limit. Please wait a few minutes"
                               " before you try again.");
    if (*verdict.retry_after_s > 0) {
      reply.headers.emplace_back("Retry-After", std::to_string(*verdict.retry_after_s));
    }
    return to_response(reply);
  }
  if (verdict.fault == WriteFault::refused_502) {
    return to_response(make_refusal(502, "Server Error"));
  }
  if (verdict.fault == WriteFault::lost_request) return make_silence();
  fault = verdict.fault;
  return std::nullopt;
}

http::Response Api::serve(const Endpoint& endpoint, const http::Request& request,
                          const http::Params& params) {
  nlohmann::json body;
  if (!request.body.empty()) {
    auto parsed = base::parse_json(request.body);
    if (!parsed.ok()) return to_response(make_refusal(400, "Problems parsing JSON"));
    body = std::move(*parsed);
    if (!body.is_structured()) {
      return to_response(make_refusal(400, "Body should be a JSON object"));
    }
  }
  if (auto refused = meet_audience(endpoint)) return *refused;
  std::optional<WriteFault> fault;
  if (auto refused = meet_write(request, fault)) return *refused;
  const Budget& budget = budgets_[caller_.login];
  const RateLimit limit{requests_per_hour_, std::min(budget.used, requests_per_hour_),
                        budget.reset_s};
  const Urls urls{site_, is_enterprise(request.path) ? site_ + std::string(kEnterprise) : site_};
  Reply reply;
  std::vector<Announcement> announcements;
  const auto work = [&] {
    Call call{request,
              params,
              body,
              *rights_,
              urls,
              limit,
              announcements,
              site_ + request.path,
              clock_.now().wall,
              {},
              {},
              Role::none,
              {},
              &links_.git,
              *apps_,
              caller_.app};
    const base::Millis lag = lag_of(request);
    if (lag > base::Millis(0)) call.known_at = call.now - lag;
    const auto known = store_.find_user(caller_.login);
    call.user = known ? *known : store_.ensure_user(caller_.login, call.now);
    if (params.contains("owner")) {
      call.role = rights_->of(caller_.login);
      auto repository =
          store_.find_repository(params.find("owner")->second, params.find("repo")->second);
      if (!repository || call.role == Role::none) {
        reply = make_refusal(404, "Not Found");
        return false;
      }
      call.repository = std::move(*repository);
    }
    if (call.role < endpoint.least) {
      reply = make_refusal(
          403, "Must have " + std::string(to_string(endpoint.least)) + " access to the repository");
      return false;
    }
    reply = endpoint.run(store_, call);
    if (base::failpoint("forge.before_commit")) reply = make_refusal(502, "Server Error");
    if (reply.status < 400) publish(store_, call);
    return reply.status < 400;
  };
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  const base::Status stored =
      is_read ? store_.read([&] { static_cast<void>(work()); }) : store_.run(work);
  if (!stored.ok()) return to_response(make_refusal(503, stored.error().message));
  if (fault == WriteFault::committed_502) reply = make_refusal(502, "Server Error");
  if (fault == WriteFault::lost_reply) return make_silence();
  return to_response(reply);
}

void Api::work_as(const std::string& login,
                  const std::function<void(SqliteStore&, const Call&)>& work) {
  const Endpoint endpoint{"", "", Role::none, [&](SqliteStore& store, const Call& call) {
                            work(store, call);
                            return Reply{};
                          }};
  const std::size_t slash = rights_->repository.find('/');
  caller_ = {};
  caller_.login = login;
  http::Request request;
  request.method = "NOTE";  // No write that a client asked for: meets no fault.
  const http::Params params = {{"owner", rights_->repository.substr(0, slash)},
                               {"repo", rights_->repository.substr(slash + 1)}};
  is_deed_ = true;
  static_cast<void>(serve(endpoint, request, params));
  is_deed_ = false;
}

// What a failing store keeps it from telling the next call finds.
base::Millis Api::lag_of(const http::Request& request) const {
  if (faults_ == nullptr) return base::Millis(0);
  const bool is_search = request.path.find("/search/") != std::string::npos;
  return is_search ? faults_->search_lag() : faults_->list_lag();
}

void Api::note_refs(const std::string& login) {
  work_as(login, [](SqliteStore& store, const Call& call) { forge::note_refs(store, call); });
}

PushVerdict Api::judge_push(const std::string& login, const std::vector<RefMove>& moves) {
  PushVerdict verdict{"The forge's file cannot be read now.", false};
  work_as(login, [&](SqliteStore& store, const Call& call) {
    verdict.refusal.clear();
    for (const RefMove& move : moves) {
      const auto why = forbid_move(store, call, move);
      if (why && verdict.refusal.empty()) verdict.refusal = move.ref + ": " + *why;
      const std::string branch = git::branch_of(move.ref);
      if (GitTables(store).find_protection(call.repository, branch)) verdict.keeps_history = true;
    }
  });
  return verdict;
}

void Api::add_common_headers(const http::Request& request, http::Response& response) {
  const base::WallTime now = clock_.now().wall;
  auto& headers = response.headers;
  if (!caller_.login.empty()) {
    Budget& budget = budgets_[caller_.login];
    const bool is_search = request.path.find("/search/") != std::string::npos;
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    if (is_search) {
      headers.emplace_back("Cache-Control", "no-cache");
    } else if (response.status == 200 || response.status == 201) {
      const std::string etag = "W/\"" + base::sha256_hex(response.body) + "\"";
      headers.emplace_back("ETag", etag);
      headers.emplace_back("Cache-Control", "private, max-age=60, s-maxage=60");
      if (is_read && names_etag(request.header("If-None-Match"), etag)) {
        response.status = 304;
        response.body.clear();
        budget.used = std::max(0, budget.used - 1);  // Free of charge, as on GitHub.
      }
    }
    const RateLimit limit{requests_per_hour_, std::min(budget.used, requests_per_hour_),
                          budget.reset_s};
    headers.emplace_back("X-RateLimit-Limit", std::to_string(limit.limit));
    headers.emplace_back("X-RateLimit-Remaining", std::to_string(limit.remaining()));
    headers.emplace_back("X-RateLimit-Used", std::to_string(limit.used));
    headers.emplace_back("X-RateLimit-Reset", std::to_string(limit.reset_s));
    headers.emplace_back("X-RateLimit-Resource", is_search ? "search" : "core");
    headers.emplace_back("X-OAuth-Scopes", "repo");
  }
  headers.emplace_back("Server", "sre-space-forge");
  headers.emplace_back("Date", make_http_date(now));
  headers.emplace_back("Vary", "Accept, Authorization");
  headers.emplace_back("X-GitHub-Media-Type", "github.v3; format=json");
  headers.emplace_back("X-GitHub-Request-Id", base::make_token(random_, 12));
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("X-Frame-Options", "deny");
  headers.emplace_back("Referrer-Policy",
                       "origin-when-cross-origin, strict-origin-when-cross-origin");
  headers.emplace_back("Content-Security-Policy", "default-src 'none'");
}

void Api::record(const http::Request& request, std::string_view path,
                 std::string_view path_template, const http::Response& response) {
  const bool is_shown = request.method != "HEAD" && response.status != http::kNoAnswer;
  if (record_ == nullptr || !is_shown) return;
  const std::string line =
      make_record_line({request.method, path_template, path, response.status}, response.body);
  std::fwrite(line.data(), 1, line.size(), record_);
  std::fflush(record_);
}

}  // namespace forge
