#include "forge/forge.h"

#include <charconv>
#include <cstdio>
#include <latch>
#include <optional>
#include <string_view>

#include "base/failpoint.h"
#include "forge/api.h"
#include "forge/git_codec.h"
#include "forge/git_door.h"
#include "forge/hook_sender.h"
#include "forge/pages.h"
#include "forge/rs256.h"
#include "forge/sqlite_store.h"
#include "forge/turnstile.h"
#include "git/repository.h"
#include "http/http.h"

namespace forge {
namespace {

constexpr int kThreads = 16;  // As many writes share a commit; none of them waits for a client.
constexpr std::size_t kViolationsTold = 5;
constexpr std::size_t kServerBodyMax = 4U
                                       << 20U;  // Above the API's own limit, which answers in JSON.

base::Error invalid(std::string message) {
  return {base::ErrorCode::invalid, "open forge: " + std::move(message)};
}

std::optional<base::Error> find_mistake(const Options& options) {
  const std::size_t slash = options.repository.find('/');
  const bool is_named = slash != std::string::npos && slash > 0 &&
                        slash + 1 < options.repository.size() &&
                        options.repository.find('/', slash + 1) == std::string::npos;
  if (!is_named) return invalid("repository \"" + options.repository + "\" is not owner/name");
  if (options.owner_login.empty()) return invalid("no owner login");
  for (const auto& [token, login] : options.tokens) {
    if (token.empty() || login.empty()) return invalid("an empty token or login");
  }
  for (const App& app : options.apps) {
    if (app.id <= 0 || app.slug.empty() || app.public_keys.empty()) {
      return invalid("an app without id, slug or public key");
    }
    for (const std::string& key : app.public_keys) {
      if (!is_rsa_key(key)) {
        return invalid("a public key of app " + app.slug + " is no RSA key of 2,048 bits in PEM");
      }
    }
  }
  return std::nullopt;
}

std::int64_t parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view header_of(const http::Response& response, std::string_view name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return {};
}

// How long a refusal tells its caller to be quiet.
base::Duration wait_told(const http::Response& response, base::WallTime now) {
  if (response.status != 403 && response.status != 429) return base::Duration(0);
  const std::string_view retry_after = header_of(response, "Retry-After");
  if (!retry_after.empty()) return std::chrono::seconds(parse_seconds(retry_after));
  if (header_of(response, "X-RateLimit-Remaining") != "0") return base::Duration(0);
  const std::int64_t reset_s = parse_seconds(header_of(response, "X-RateLimit-Reset"));
  return base::wall_from_ms(reset_s * 1000) - now;
}

// The users and the repository of the options exist from the start.
base::Status prepare(SqliteStore& store, const Options& options, base::WallTime now) {
  return store.run([&] {
    const std::size_t slash = options.repository.find('/');
    store.ensure_user(options.owner_login, now);
    const User owner = store.ensure_user(options.repository.substr(0, slash), now);
    store.ensure_repository(owner, options.repository.substr(slash + 1), now);
    for (const auto& [token, login] : options.tokens) store.ensure_user(login, now);
    for (const auto& [login, role] : options.roles) store.ensure_user(login, now);
    for (const App& app : options.apps) store.ensure_user(app.slug + "[bot]", now);
    for (const Team& team : options.teams) {
      store.ensure_user(team.organization, now);
      for (const std::string& member : team.members) store.ensure_user(member, now);
    }
    return true;
  });
}

}  // namespace

struct Forge::State {
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  State(const base::Clock& time, CallBudget budget) : clock(time), checker(time, budget) {}
  [[nodiscard]] std::optional<http::Response> admit(const http::Request& head);
  [[nodiscard]] http::Response handle(const http::Request& request);
  [[nodiscard]] base::Status pass(const std::function<void()>& work);  // A write, told of.
  [[nodiscard]] http::Response pass(const http::Request& request, bool is_write, bool is_api);

  const base::Clock& clock;
  BudgetChecker checker;
  std::unique_ptr<std::FILE, CloseFile> record;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<git::Repository> git;
  std::unique_ptr<Turnstile> turnstile;
  std::unique_ptr<HookSender> sender;
  std::unique_ptr<Api> api;
  std::unique_ptr<Pages> pages;
  std::unique_ptr<GitDoor> door;
  std::string url;
  std::latch is_ready{1};                // The address is known only once the server listens.
  std::unique_ptr<http::Server> server;  // Last: stops before the rest goes.
};

std::optional<http::Response> Forge::State::admit(const http::Request& head) {
  if (!GitDoor::owns(head.path)) return std::nullopt;
  is_ready.wait();
  return door->refuse(head);
}

http::Response Forge::State::handle(const http::Request& request) {
  is_ready.wait();
  if (GitDoor::owns(request.path)) return door->handle(request);
  const CallKind kind = classify_call(request.method, request.path);
  const bool is_write = kind != CallKind::read;
  if (!Api::owns(request.path)) return pass(request, is_write, false);
  if (request.path.ends_with("/rate_limit")) return pass(request, is_write, true);  // Is free.
  const std::string caller = api->caller_of(request);
  checker.begin(caller, kind);
  http::Response response = pass(request, is_write, true);
  checker.end(caller, kind, wait_told(response, clock.now().wall));
  return response;
}

http::Response Forge::State::pass(const http::Request& request, bool is_write, bool is_api) {
  http::Response response;
  const base::Status stored = turnstile->pass(
      is_write, [&] { response = is_api ? api->handle(request) : pages->handle(request); });
  if (!stored.ok()) return Api::make_failure(503, stored.error().message);
  if (!is_write) return response;
  sender->wake();
  if (base::failpoint("forge.after_commit")) return Api::make_failure(502, "Server Error");
  return response;
}

base::Status Forge::State::pass(const std::function<void()>& work) {
  const base::Status stored = turnstile->pass(true, work);
  sender->wake();
  return stored;
}

Forge::Forge(std::unique_ptr<State> state) : state_(std::move(state)) {}
Forge::~Forge() { stop(); }

base::Result<std::unique_ptr<Forge>> Forge::open(Options options, const base::Clock& clock) {
  if (auto mistake = find_mistake(options)) return *mistake;
  auto state = std::make_unique<State>(clock, options.budget);
  auto store = SqliteStore::open(options.database_path);
  if (!store.ok()) return store.error().in("open forge");
  state->store = std::move(*store);
  state->turnstile = std::make_unique<Turnstile>(*state->store);
  const base::Status prepared = prepare(*state->store, options, clock.now().wall);
  if (!prepared.ok()) return prepared.error().in("open forge");
  if (options.git_path.empty()) options.git_path = options.database_path + ".git";
  const git::Person founder{options.owner_login, make_email(options.owner_login), clock.now().wall};
  auto git = git::Repository::open(options.git_path, founder,
                                   options.repository.substr(options.repository.find('/') + 1));
  if (!git.ok()) return git.error().in("open forge");
  state->git = std::move(*git);
  if (!options.record_path.empty()) {
    state->record.reset(std::fopen(options.record_path.c_str(), "ae"));
    if (state->record == nullptr) {
      return base::Error{base::ErrorCode::unavailable,
                         "open forge: cannot write the record file " + options.record_path};
    }
  }
  auto sender =
      HookSender::start(options.database_path, clock, options.hook_patience, options.faults);
  if (!sender.ok()) return sender.error().in("open forge");
  state->sender = std::move(*sender);
  http::ServerOptions server;
  server.address = options.address;
  server.port = options.port;
  server.body_limit = kServerBodyMax;
  server.large_bodies = {GitDoor::owns, kPushMax};
  server.admit = [state = state.get()](const auto& head) { return state->admit(head); };
  server.threads = kThreads + kGitCallsMax;  // Git's calls wait for a child.
  state->server = std::make_unique<http::Server>(
      server, [state = state.get()](const auto& request) { return state->handle(request); });
  const base::Status started = state->server->start();
  if (!started.ok()) return started.error().in("open forge");
  const bool is_v6 = options.address.find(':') != std::string::npos;
  state->url = "http://" + (is_v6 ? "[" + options.address + "]" : options.address) + ":" +
               std::to_string(state->server->port());
  state->api = std::make_unique<Api>(options, *state->store, clock, state->url, state->record.get(),
                                     ApiLinks{*state->git});
  state->api->note_refs(options.owner_login);
  state->sender->wake();
  state->pages = std::make_unique<Pages>(options, *state->store, *state->git, *state->api, clock);
  state->door = std::make_unique<GitDoor>(
      *state->api, [state = state.get()](const auto& work) { return state->pass(work); },
      options.repository, BackendOptions{options.git_path});
  state->is_ready.count_down();
  return std::unique_ptr<Forge>(new Forge(std::move(state)));
}

int Forge::port() const { return state_->server->port(); }

std::string Forge::url() const { return state_->url; }

WriteReport Forge::writes() const { return state_->checker.report(); }

std::vector<Violation> Forge::violations() const { return state_->checker.violations(); }

base::Status Forge::check_budget() const {
  const std::vector<Violation> all = violations();
  if (all.empty()) return {};
  std::string told =
      "the budget of GitHub calls was broken " + std::to_string(all.size()) + " times:";
  for (std::size_t i = 0; i < std::min(all.size(), kViolationsTold); ++i) {
    told += " " + base::format_utc(all[i].at) + " " + all[i].caller + " " +
            std::string(to_string(all[i].rule)) + ": " + all[i].what + ";";
  }
  return base::Error{base::ErrorCode::invalid, std::move(told)};
}

void Forge::stop() {
  state_->door->stop();
  state_->server->stop();
  state_->sender->stop();
}

}  // namespace forge
