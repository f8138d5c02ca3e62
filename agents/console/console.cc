#include "agents/console/console.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "agents/console/access.h"
#include "agents/console/deploy_codec.h"
#include "agents/console/metrics_text.h"
#include "agents/console/page.h"
#include "agents/console/scaling_codec.h"
#include "agents/console/webhook_codec.h"
#include "base/ensure.h"
#include "base/failpoint.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/text.h"
#include "http/http.h"
#include "http/router.h"
#include "http/url.h"
#include "incident/wish_codec.h"
#include "ledger/sqlite_ledger.h"

namespace console {
namespace {

using base::Error;
using base::ErrorCode;
using http::Request;
using http::Response;

constexpr int kLookMs = 1000;      // Without a wake-up the ledger is looked at so often.
constexpr int kBatch = 1000;       // Records read at once.
constexpr int kScalingsMax = 2;    // That wait for their outcome, each on a thread.
constexpr int kListingsMax = 2;    // Likewise, for the warden.
// Of the rest one may wait for the disk while the other answers.
constexpr int kServerThreads = 2 + kScalingsMax + kListingsMax;
constexpr const char* kRetryAfterSeconds = "5";
constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Response make_json(int status, std::string body) {
  return http::make_response(status, kJson, std::move(body));
}
Response make_error(int status, std::string_view message) {
  return make_json(status, encode_error(message));
}

// 'sha256-…' of what stands between <style> and </style>: the one inline style that may be used.
std::string style_source(std::string_view html) {
  constexpr std::string_view kOpen = "<style>";
  const auto begin = html.find(kOpen) + kOpen.size();
  const auto hex = base::sha256_hex(html.substr(begin, html.find("</style>") - begin));
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "'sha256-" + base::base64(bytes) + "'";
}

Response make_login(int status) {
  auto response = http::make_response(status, kHtml, std::string(login_html()));
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src " + style_source(login_html()) +
          "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  return response;
}

Response make_asset(std::string_view type, std::string_view text) {
  return http::make_response(200, type, std::string(text));
}

bool wants_page(const Request& request) {
  return request.method == "GET" &&
         request.header("Accept").find("text/html") != std::string_view::npos;
}

// The refusal of a request that judge_access() did not allow.
Response refuse(const Request& request, Verdict verdict) {
  if (verdict == Verdict::foreign)
    return make_error(403, "requests of other sites and under foreign host names are refused");
  if (verdict == Verdict::wrong) return make_error(403, "the key is wrong");
  if (wants_page(request)) return make_login(401);
  auto response = make_error(401, "a key is needed: X-API-Key or Authorization: Bearer");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void secure(Response& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Security-Policy") return;
  }
  response.headers.emplace_back("Content-Security-Policy", kPagePolicy);
}

struct Counts {
  std::atomic<std::int64_t> requests = 0, received = 0, duplicate = 0, rejected = 0,
                            unavailable = 0;
};

// One of so many places, while there is one.
class Place {
 public:
  Place(std::atomic<int>& taken, int most) : taken_(taken), has_(++taken <= most) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  explicit operator bool() const { return has_; }

 private:
  std::atomic<int>& taken_;
  const bool has_;
};

// A descriptor that another thread makes readable.
class Bell {
 public:
  Bell() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    base::ensure(descriptor_ >= 0, "eventfd");
  }
  ~Bell() { close(descriptor_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring() const { (void)eventfd_write(descriptor_, 1); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

http::ServerOptions server_options(const Options& options) {
  http::ServerOptions server;
  server.address = options.address == "localhost" ? "127.0.0.1" : options.address;
  server.port = options.port;
  server.body_limit = options.github.is_open() ? kGithubBytesMax : kWebhookBytesMax;
  server.threads = kServerThreads;
  return server;
}

}  // namespace

struct Console::State {
  State(Options given, ledger::Ledger& log, const base::Clock& time, base::Logger out)
      : options(std::move(given)),
        ledger(log),
        clock(time),
        logger(std::move(out)),
        server(server_options(options),
               [this](const Request& request) { return answer(request); }) {
    add_routes();
    server.websocket(
        "/ws",
        {[this](const Request& request) { return judge(request) == Verdict::allowed; },
         [this] { return heartbeat(); },
         [this](std::string_view text) { return text == "ping" ? heartbeat() : std::string(); }});
  }

  // ---- Answers. Called on the server's threads.

  Response answer(const Request& request) {
    ++counts.requests;
    Response response = route(request);
    secure(response);
    return response;
  }

  Response route(const Request& request) {
    // GitHub has no key of ours; it signs.
    if (request.method == "POST" && request.path == "/github/webhook")
      return github_webhook(request);
    const bool is_public =
        request.path == "/health" || (request.path == "/session" && !options.key.empty());
    const Verdict verdict = judge(request);
    const bool may_pass = verdict == Verdict::allowed || (is_public && verdict != Verdict::foreign);
    if (!may_pass) return refuse(request, verdict);
    const auto match = router.find(request.method, request.path);
    if (match.status == 200) return (*match.handler)(request, match.params);
    if (match.status == 400) return make_error(400, "the path holds a broken escape");
    if (match.status == 404)
      return make_error(
          404, "there is nothing at " + base::clean_text(base::cut_utf8(request.path, 100)));
    auto response =
        make_error(405, request.method + " is not possible here; " + match.allow + " is");
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }

  void add_routes() {
    const auto get = [this](std::string_view path, auto make) {
      router.add("GET", path, [make](const Request& request, const http::Params& params) {
        return make(request, params);
      });
    };
    get("/health", [this](auto&, auto&) {
      return show([this](auto& situation) { return encode_health(chronicle, situation); });
    });
    get("/overview", [this](auto&, auto&) {
      return show([this](auto& situation) { return encode_overview(chronicle, situation); });
    });
    get("/incidents", [this](const Request& request, auto&) { return list(request); });
    get("/incidents/{id}",
        [this](auto&, const http::Params& params) { return one(params.find("id")->second); });
    get("/metrics", [this](auto&, auto&) { return metrics(); });
    get("/", [](auto&, auto&) { return make_asset(kHtml, page_html()); });
    get("/page.css",
        [](auto&, auto&) { return make_asset("text/css; charset=utf-8", page_css()); });
    get("/page.js",
        [](auto&, auto&) { return make_asset("text/javascript; charset=utf-8", page_js()); });
    get("/containers", [this](auto&, auto&) {
      return list_containers([](const auto& listing) { return encode_containers(listing); });
    });
    get("/topology", [this](auto&, auto&) {
      const Layout layout{options.services, options.balanced,
                          options.roles ? options.roles() : std::vector<RoleState>()};
      return list_containers([&](const auto& all) { return encode_topology(layout, all); });
    });
    for (const bool is_up : {true, false}) {
      router.add("POST", is_up ? "/scale/up" : "/scale/down",
                 [this, is_up](const Request& request, const http::Params&) {
                   return scale(request, is_up);
                 });
    }
    router.add("POST", "/webhook",
               [this](const Request& request, const http::Params&) { return webhook(request); });
    router.add("POST", "/events/deploy",
               [this](const Request& request, const http::Params&) { return deploy(request); });
    if (options.key.empty()) return;
    router.add("POST", "/session", [this](const Request& request, const http::Params&) {
      return begin_session(request);
    });
  }

  Verdict judge(const Request& request) const {
    return judge_access(request, options.key, clock.now().wall);
  }

  // Everything but the incidents; to be made before the lock is taken.
  Situation situation() {
    Situation now;
    now.mode = options.mode;
    now.version = options.version;
    now.forge_url = options.forge_url;
    now.services = options.services;
    if (options.roles) now.roles = options.roles();
    std::error_code failed;  // A file that cannot be looked at counts as there: stopping is cheap.
    now.has_stop_file = !options.stop_file.empty() &&
                        (std::filesystem::exists(options.stop_file, failed) || failed);
    now.websocket_clients = server.websocket_clients();
    now.now = clock.now().wall;
    return now;
  }

  template <class Encode>
  Response show(Encode encode) {
    Situation now = situation();
    const std::lock_guard lock(mutex);
    now.ledger_error = ledger_error;
    return make_json(200, encode(now));
  }

  std::string heartbeat() {
    Situation now = situation();
    const std::lock_guard lock(mutex);
    now.ledger_error = ledger_error;
    return encode_heartbeat(chronicle, now);
  }

  Response list(const Request& request) {
    const auto limit = parse_limit(request.query_value("limit"));
    if (!limit) return make_error(400, limit.error().message);
    const std::lock_guard lock(mutex);
    return make_json(200, encode_list(chronicle, *limit));
  }

  Response one(const std::string& id) {
    const std::lock_guard lock(mutex);
    auto body = encode_incident(chronicle, id);
    return body ? make_json(200, std::move(body).value()) : make_error(404, body.error().message);
  }

  Response metrics() {
    const Situation now = situation();
    Traffic traffic{counts.requests,
                    counts.received,
                    counts.duplicate,
                    counts.rejected,
                    counts.unavailable,
                    now.websocket_clients,
                    true,
                    false,
                    options.mode,
                    options.version};
    const std::lock_guard lock(mutex);
    traffic.is_ledger_readable = !ledger_error;
    traffic.is_stopped = is_stopped(chronicle, now);
    return http::make_response(200, "text/plain; version=0.0.4; charset=utf-8",
                               metrics_text(chronicle, traffic));
  }

  Response begin_session(const Request& request) {
    const auto form = http::parse_query(request.body);
    std::string key;
    for (const auto& [name, value] : form.value_or(http::Pairs{})) {
      if (name == "key") key = value;
    }
    if (!base::equal_constant_time(base::sha256_hex(key), base::sha256_hex(options.key)))
      return make_login(403);
    auto response = http::make_response(303, kHtml, "");
    response.headers.emplace_back("Location", "/");
    response.headers.emplace_back("Set-Cookie",
                                  std::string(kSessionCookie) + "=" +
                                      make_session(options.key, clock.now().wall) +
                                      "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" +
                                      std::to_string(base::to_ms(kSessionLength) / 1000));
    return response;
  }

  // ---- What the warden lists.

  base::Result<warden::Listing> listing() {
    const Place place(listings, kListingsMax);
    if (!place) return Error{ErrorCode::unavailable, "too many ask for the containers at once"};
    if (!options.containers) return Error{ErrorCode::unavailable, "no warden is known here"};
    auto all = options.containers();
    return all ? std::move(all) : all.error().in("list the containers");
  }

  Response unlisted(const Error& error) {
    auto response = make_error(503, base::clean_text(error.message));
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    return response;
  }

  template <class Encode>
  Response list_containers(Encode encode) {
    const auto all = listing();
    return all ? make_json(200, encode(*all)) : unlisted(all.error());
  }

  // ---- Scaling. The wish goes into the ledger's inbox; others open, judge and carry it out.

  Response scale(const Request& request, bool is_up) {
    if (request.body.size() > kWebhookBytesMax) return make_error(413, "the body is over 1 MB");
    const auto scaling = parse_scaling(request, is_up, options.balanced);
    if (!scaling) return make_error(400, scaling.error().message);
    if (auto reason = stopped(); !reason.empty()) return make_error(409, reason);
    const Place place(scalings, kScalingsMax);
    if (!place) {
      auto response = make_error(429, "other scalings wait for their outcome");
      response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
      return response;
    }
    const auto all = listing();
    if (!all) return unlisted(all.error());
    const auto running = running_replicas(*all, scaling->service);
    if (auto why = objection_to(*scaling, static_cast<int>(running.size())); !why.empty())
      return make_error(409, why);
    base::SystemRandom random;
    const incident::Wish wish{base::make_ulid(clock.now().wall, random), scaling->command(),
                              "console"};
    const auto kept = keep(
        {0, std::string(incident::kWishSource), wish.id, incident::encode(wish), clock.now().wall});
    if (!kept) {
      ++counts.unavailable;
      return unlisted(kept.error().in("keep what was asked for"));
    }
    logger.info("scaling asked", {{"command", wish.command}, {"from", request.remote_address}});
    return answer_scaled(*scaling, await(incident::fingerprint_of(wish)));
  }

  // The reason; empty: nothing is stopped.
  std::string stopped() {
    const Situation now = situation();
    const std::lock_guard lock(mutex);
    if (!is_stopped(chronicle, now)) return "";
    const auto& stop = chronicle.book().stop();
    return "everything is stopped" + (stop ? ": " + base::clean_text(stop->reason) : "");
  }

  Fulfilment await(const std::string& fingerprint) {
    const auto until = std::chrono::steady_clock::now() + options.scale_wait;
    std::unique_lock lock(mutex);
    Fulfilment found;
    (void)news.wait_until(lock, until, [&] {
      found = fulfilment_of(chronicle.book(), fingerprint);
      return is_ending || found.progress != Progress::pending;
    });
    return found;
  }

  Response answer_scaled(const Scaling& scaling, const Fulfilment& found) {
    if (found.incident == 0)
      return unlisted({ErrorCode::unavailable, "nobody took it up in time; it counts no more"});
    const auto all = listing();
    const auto replicas =
        all ? running_replicas(*all, scaling.service) : std::vector<std::string>();
    const int status = found.progress == Progress::pending   ? 202
                       : found.progress == Progress::refused ? 409
                       : found.progress == Progress::failed  ? 502
                                                             : 200;
    return make_json(status, encode_scaled(scaling, found, replicas));
  }

  // ---- Alerts in. 200 is said only when the alert stands in the inbox, fsynced.

  Response webhook(const Request& request) {
    const auto verdict = judge_webhook(request.body);
    return take_in(request, "webhook", verdict.status, verdict.error, verdict.incident_id,
                   encode_received(verdict.incident_id));
  }

  Response deploy(const Request& request) {
    std::vector<std::string> services;
    for (const auto& service : options.services) services.push_back(service.name);
    const auto verdict = judge_deploy(request.body, services);
    return take_in(request, "deploy", verdict.status, verdict.error, "deploy", encode_accepted());
  }

  // `status`, `error`: what was found of the body. `subject` names it where the sender does not.
  Response take_in(const Request& request, const char* source, int status, std::string_view error,
                   const std::string& subject, std::string answer) {
    const auto id = request.header("X-Delivery-Id");
    if (status != 200 || (!id.empty() && !is_delivery_id(id))) {
      ++counts.rejected;
      if (status != 200) return make_error(status, error);
      return make_error(400, "X-Delivery-Id must be 1 to " + std::to_string(kDeliveryIdBytesMax) +
                                 " printable characters");
    }
    const std::string delivery =
        id.empty() ? subject + ":" + base::sha256_hex(request.body) : std::string(id);
    const auto kept = keep({0, source, delivery, request.body, clock.now().wall});
    if (!kept) {
      ++counts.unavailable;
      logger.warn("not kept, the sender is asked to repeat it",
                  {{"source", source}, {"subject", subject}, {"error", kept.error().message}});
      auto response = make_error(503, "it could not be kept; send it again");
      response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
      return response;
    }
    ++(*kept ? counts.received : counts.duplicate);
    if (*kept)
      logger.info("received",
                  {{"source", source}, {"subject", subject}, {"from", request.remote_address}});
    return make_json(200, std::move(answer));
  }

  Response github_webhook(const Request& request) {
    auto verdict = judge_github(request, options.github);
    if (verdict.status >= 400) {
      ++counts.rejected;
      note_refusal(request, verdict.message);
      return make_error(verdict.status, verdict.message);
    }
    if (!verdict.delivery.empty()) {
      const auto kept =
          keep({0, "github", verdict.delivery, std::move(verdict.hint), clock.now().wall});
      if (!kept) {
        ++counts.unavailable;
        logger.warn("a webhook of GitHub is not kept", {{"error", kept.error().message}});
        return make_error(503, "the webhook could not be kept");
      }
      ++(*kept ? counts.received : counts.duplicate);
    }
    return make_json(verdict.status, encode_status(verdict.message));
  }

  // Once a minute: whoever knows the address could fill the log.
  void note_refusal(const Request& request, const std::string& reason) {
    const auto now = base::to_ms(clock.now().boot);
    auto last = last_refusal_ms.load();
    if (last != 0 && now - last < 60'000) return;
    if (!last_refusal_ms.compare_exchange_strong(last, now)) return;
    logger.warn("a webhook of GitHub is refused; others of this minute are counted alone",
                {{"reason", reason}, {"from", request.remote_address}});
  }

  base::Result<bool> keep(const ledger::Delivery& delivery) {
    if (base::failpoint("console.webhook.before"))
      return Error{ErrorCode::unavailable, "keep an alert: failpoint"};
    auto kept = ledger.deliver(delivery);
    if (base::failpoint("console.webhook.after"))
      return Error{ErrorCode::unknown, "keep an alert: failpoint"};
    return kept;
  }

  // ---- The follower. Its thread alone absorbs, so frames leave in the order of the ledger.

  void read_new() {
    for (;;) {
      const auto records = ledger.read(position, kBatch);
      note_ledger(records ? std::nullopt : std::optional(records.error().message));
      if (!records) return;
      for (const auto& record : *records) tell(record);
      if (records->size() < static_cast<std::size_t>(kBatch)) return;
    }
  }

  void note_ledger(std::optional<std::string> error) {
    const std::lock_guard lock(mutex);
    if (error && !ledger_error) logger.error("the ledger cannot be read", {{"error", *error}});
    if (!error && ledger_error) logger.info("the ledger can be read again");
    ledger_error = std::move(error);
  }

  void tell(const ledger::Record& record) {
    position = record.position;
    std::optional<std::string> frame;
    {
      const std::lock_guard lock(mutex);
      const bool is_shown = chronicle.absorb(record);
      news.notify_all();
      if (is_shown && is_listening) frame = encode_frame(chronicle, record);
    }
    if (frame) server.broadcast(*std::move(frame));
  }

  void follow(const std::stop_token& token) {
    const std::stop_callback on_stop(token, [this] { bell.ring(); });
    while (!token.stop_requested()) {
      read_new();
      std::array<pollfd, 2> waits{
          {{bell.descriptor(), POLLIN, 0}, {wakeup ? wakeup->descriptor() : -1, POLLIN, 0}}};
      (void)poll(waits.data(), waits.size(), kLookMs);
      if (wakeup) wakeup->drain();
    }
  }

  void begin_following() {
    if (!options.ledger_path.empty()) {
      auto opened = ledger::Wakeup::open(options.ledger_path, "console");
      if (opened) wakeup = std::move(opened).value();
      if (!opened)
        logger.warn("no wake-ups: the ledger is looked at once a second",
                    {{"error", opened.error().message}});
    }
    is_listening = true;
    follower = std::jthread([this](const std::stop_token& token) { follow(token); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      is_ending = true;
      news.notify_all();
    }
    if (follower.joinable()) {
      follower.request_stop();
      follower.join();
    }
    server.stop();
  }

  const Options options;
  ledger::Ledger& ledger;
  const base::Clock& clock;
  const base::Logger logger;
  http::Router router;
  Counts counts;
  std::atomic<std::int64_t> last_refusal_ms = 0;  // Of a webhook of GitHub, told.
  std::mutex mutex;
  // Guards: chronicle, ledger_error, is_ending.
  Chronicle chronicle;
  std::optional<std::string> ledger_error;
  bool is_ending = false;
  std::condition_variable news;  // The chronicle has absorbed something, or is_ending.
  std::atomic<int> scalings = 0, listings = 0;
  // The follower's own; start() uses them before it runs.
  std::int64_t position = 0;
  bool is_listening = false;
  std::unique_ptr<ledger::Wakeup> wakeup;
  Bell bell;
  std::mutex stopping;  // Guards: the calls of stop().
  http::Server server;
  std::jthread follower;
};

base::Result<std::unique_ptr<Console>> Console::start(Options options, ledger::Ledger& ledger,
                                                      const base::Clock& clock,
                                                      base::Logger logger) {
  if (options.key.empty() && !is_loopback(options.address)) {
    return Error{ErrorCode::invalid,
                 "start the console: address " + options.address +
                     " is open to the network: set console.key, or console.address to 127.0.0.1"};
  }
  auto state = std::make_unique<State>(std::move(options), ledger, clock, std::move(logger));
  state->read_new();
  if (auto listening = state->server.start(); !listening) {
    auto error = listening.error().in("start the console");
    if (error.code == ErrorCode::conflict || error.code == ErrorCode::denied) {
      error.message += "; set console.port to another than " + std::to_string(state->options.port);
    }
    return error;
  }
  state->begin_following();
  state->logger.info("console listens",
                     {{"address", state->options.address}, {"port", state->server.port()}});
  return std::unique_ptr<Console>(new Console(std::move(state)));
}

Console::Console(std::unique_ptr<State> state) : state_(std::move(state)) {}
Console::~Console() { stop(); }
int Console::port() const { return state_->server.port(); }

void Console::stop() {
  const std::lock_guard lock(state_->stopping);
  state_->stop();
}

}  // namespace console
