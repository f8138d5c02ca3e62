#include "github/rest_client.h"

#include <httplib.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <optional>

#include "github/address.h"
#include "github/github_codec.h"
#include "github/tunnel.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::steady_clock;

constexpr std::size_t kAnswerMax = 8U << 20U;
constexpr std::size_t kKnownListsMax = 32;
constexpr std::size_t kKnownListMax = 1U << 20U;

// The path and query of rel="next" in a Link header; the address in it is not trusted.
std::string next_in(const std::string& link) {
  const auto rel = link.find("rel=\"next\"");
  if (rel == std::string::npos) return "";
  const auto open = link.rfind('<', rel);
  const auto close = link.find('>', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos || close > rel) return "";
  const auto address = parse_api(link.substr(open + 1, link.find('?', open) - open - 1));
  const auto query = link.find('?', open);
  if (!address || query == std::string::npos || query > close) return "";
  return address->prefix + link.substr(query, close - query);
}

}  // namespace

Call list_call(std::string path) {
  Call call{"GET", std::move(path)};
  call.is_list = true;
  return call;
}

struct RestClient::State {
  // A list as it was last seen.
  struct KnownList {
    std::string etag, body;
  };

  State(const Address& address, std::optional<Proxy> given_proxy, LineOptions given)
      : to(address),
        proxy(std::move(given_proxy)),
        options(std::move(given)),
        client(address.origin),
        lists(address.origin) {
    set_up(client);
    set_up(lists);
  }

  void set_up(httplib::Client& one) const {
    one.set_tcp_nodelay(true);
    one.set_keep_alive(true);
    one.set_follow_location(false);
    one.set_url_encode(false);
    one.set_decompress(false);
    one.set_connection_timeout(options.connect_within);
    one.set_read_timeout(options.answer_within);
    one.set_write_timeout(options.answer_within);
    if (!options.ca_file.empty()) one.set_ca_cert_path(options.ca_file);
    if (!proxy) return;
    one.set_proxy(proxy->host, proxy->port);
    if (!proxy->user.empty()) one.set_proxy_basic_auth(proxy->user, proxy->password);
  }

  [[nodiscard]] httplib::Request request_for(const Call& call,
                                             const std::string& authorization) const {
    httplib::Request request;
    request.method = call.method;
    request.path = to.prefix + call.path;
    request.headers = {{"Accept", "application/vnd.github+json"},
                       {"Accept-Encoding", "identity"},
                       {"User-Agent", "sre-space"},
                       {"X-GitHub-Api-Version", "2022-11-28"}};
    if (!authorization.empty()) request.headers.emplace("Authorization", authorization);
    if (!call.body.empty()) request.headers.emplace("Content-Type", "application/json");
    for (const auto& [name, value] : call.headers) request.headers.emplace(name, value);
    request.body = call.body;
    if (!call.is_list) return request;
    // The library reads a 304 until the connection closes, as if it had a body.
    request.headers.emplace("Connection", "close");
    if (const auto found = known.find(call.path); found != known.end()) {
      request.headers.emplace("If-None-Match", found->second.etag);
    }
    return request;
  }

  // A list that has not changed is what it was.
  void recall(const Call& call, const std::string& etag, Reply& reply) {
    if (reply.status == 304) {
      const auto found = known.find(call.path);
      if (found == known.end()) return;
      reply.status = 200;
      reply.body = found->second.body;
      return;
    }
    known.erase(call.path);
    if (reply.status != 200 || etag.empty() || reply.body.size() > kKnownListMax) return;
    if (known.size() >= kKnownListsMax) known.clear();
    known[call.path] = {etag, reply.body};
  }

  base::Result<Reply> exchange_once(const Call& call, const std::string& authorization) {
    broke = false;
    // The library's own CONNECT waits for itself forever when the proxy answers "close" (0.11.4),
    // and tells GitHub the proxy's password.
    return proxy && to.tls ? exchange_tunnelled(call, authorization)
                           : exchange_direct(call, authorization);
  }

  base::Result<Reply> exchange_direct(const Call& call, const std::string& authorization) {
    httplib::Request request = request_for(call, authorization);
    Reply reply;
    bool too_large = false;
    const auto end = steady_clock::now() + options.answer_within;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      too_large = reply.body.size() + size > kAnswerMax;
      if (!too_large) reply.body.append(data, size);
      return !too_large && steady_clock::now() < end;
    };
    const httplib::Result got = (call.is_list ? lists : client).send(request);
    if (!got) return failed(call, got.error(), too_large, steady_clock::now() >= end);
    if (got->status == 407 && proxy) return proxy_denied(call);
    reply.status = got->status;
    return finish(call, std::move(reply),
                  [&](const char* name) { return got->get_header_value(name); });
  }

  base::Result<Reply> exchange_tunnelled(const Call& call, const std::string& authorization) {
    const httplib::Request request = request_for(call, authorization);
    TunnelRequest wish{request.method, request.path, {}, request.body};
    for (const auto& [name, value] : request.headers) wish.headers.emplace_back(name, value);
    TunnelFailure failure;
    auto got =
        ask_through(*proxy, to, options.ca_file, wish, options.answer_within, kAnswerMax, failure);
    if (got) {
      Reply reply;
      reply.status = got->status;
      reply.body = std::move(got->body);
      return finish(call, std::move(reply), [&](const char* name) { return got->header(name); });
    }
    if (failure.denied) return proxy_denied(call);
    const bool unknown = call.is_write() && failure.sent;
    return Error{unknown ? ErrorCode::unknown : ErrorCode::unavailable,
                 call.name() + ": " + failure.reason + by_proxy()};
  }

  template <class Header>
  Reply finish(const Call& call, Reply reply, const Header& header) {
    if (call.is_list) recall(call, header("ETag"), reply);
    reply.retry_after = header("Retry-After");
    reply.remaining = header("X-RateLimit-Remaining");
    reply.reset = header("X-RateLimit-Reset");
    reply.link_next = next_in(header("Link"));
    if (reply.link_next.starts_with(to.prefix)) reply.link_next.erase(0, to.prefix.size());
    return reply;
  }

  [[nodiscard]] std::string by_proxy() const {
    return proxy ? ", through the proxy " + proxy->host + ":" + std::to_string(proxy->port) : "";
  }
  [[nodiscard]] Error proxy_denied(const Call& call) const {
    return {ErrorCode::denied,
            call.name() + ": a user and password are wanted" + by_proxy() + "; see github.proxy"};
  }

  Error failed(const Call& call, httplib::Error why, bool too_large, bool late) {
    using enum httplib::Error;
    const bool untrusted = why == SSLServerVerification || why == SSLLoadingCerts;
    const bool nothing_sent =
        why == Connection || why == ConnectionTimeout || why == SSLConnection || untrusted;
    broke = !nothing_sent && !too_large && !late;
    const std::string reason = too_large      ? "answer larger than 8 MB"
                               : late         ? "no whole answer in time"
                               : untrusted    ? "its certificate is not trusted; see github.ca_file"
                               : nothing_sent ? "cannot connect"
                                              : "connection broke";
    const bool unknown = call.is_write() && !nothing_sent;
    return Error{unknown ? ErrorCode::unknown : ErrorCode::unavailable,
                 call.name() + ": " + reason + " (" + httplib::to_string(why) + by_proxy() + ")"};
  }

  Address to;
  std::optional<Proxy> proxy;
  LineOptions options;
  httplib::Client client;
  httplib::Client lists;  // Its connections end with each answer; those of `client` are kept.
  std::map<std::string, KnownList> known;  // By path.
  bool broke = false;                      // The last exchange ended in a broken connection.
};

RestClient::RestClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
RestClient::~RestClient() = default;

base::Result<std::unique_ptr<RestClient>> RestClient::make(const LineOptions& options) {
  const auto address = parse_api(options.api);
  if (!address) {
    return Error{ErrorCode::invalid, "github.api: not of the form https://host[:port][/path]"};
  }
  std::optional<Proxy> proxy;
  if (!options.proxy.empty()) {
    proxy = parse_proxy(options.proxy);
    if (!proxy) {
      return Error{ErrorCode::invalid,
                   "github.proxy: not of the form http://[user:password@]host:port"};
    }
  }
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return Error{ErrorCode::invalid, "github.ca_file: cannot read " + options.ca_file};
  }
  std::signal(SIGPIPE, SIG_IGN);  // The library writes without MSG_NOSIGNAL.
  return std::unique_ptr<RestClient>(
      new RestClient(std::make_unique<State>(*address, std::move(proxy), options)));
}

namespace {

// What GitHub would say while it is to be left alone, in its own whole seconds.
Reply left_alone(base::Duration left) {
  Reply reply;
  reply.status = 429;
  reply.body = R"({"message":"not sent: GitHub asked to be left alone"})";
  reply.retry_after = std::to_string(std::chrono::ceil<std::chrono::seconds>(left).count());
  return reply;
}

}  // namespace

// A read over a kept connection that the peer closed just then is asked once more.
base::Result<Reply> RestClient::exchange(const Call& call, const std::string& authorization) {
  const base::SystemClock clock;
  const auto& quiet = state_->options.quiet;
  const auto left = quiet ? quiet->left(clock.now().boot) : base::Duration(0);
  if (left > base::Duration(0)) return left_alone(left);
  auto reply = state_->exchange_once(call, authorization);
  const bool again = !reply && !call.is_write() && state_->broke;
  if (again) reply = state_->exchange_once(call, authorization);
  if (!reply || !quiet) return reply;
  const auto [wall, boot] = clock.now();
  if (const auto refusal = refusal_in(*reply, call, wall);
      refusal && refusal->retry_after.count() > 0)
    quiet->ask(boot + refusal->retry_after);
  return reply;
}

std::optional<Failure> refusal_in(const Reply& reply, const Call& call, base::WallTime now) {
  if (reply.status >= 200 && reply.status < 300) return std::nullopt;
  AnswerFacts facts;
  facts.status = reply.status;
  facts.message = decode_refusal(reply.body).message;
  facts.retry_after = reply.retry_after;
  facts.remaining = reply.remaining;
  facts.reset = reply.reset;
  facts.now = now;
  return classify(facts, call.is_write(), call.name());
}

}  // namespace github
