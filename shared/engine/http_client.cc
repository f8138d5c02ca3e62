#include "engine/http_client.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

namespace engine {

// Where an HttpClient goes.
struct HttpAddress {
  bool is_unix = false;
  std::string host;  // Or the socket's path.
  int port = 80;     // Unused for a unix socket, but the library wants one above 0.
};

namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::steady_clock;

constexpr std::size_t kIdleMax = 8;
constexpr base::Duration kConnectWithin = std::chrono::seconds(1);

std::optional<HttpAddress> parse_host(const std::string& text) {
  if (text.starts_with("unix://")) {
    const std::string path = text.substr(7);
    if (path.empty() || path.front() != '/' || path.size() >= sizeof(sockaddr_un::sun_path)) {
      return std::nullopt;
    }
    return HttpAddress{true, path, 80};
  }
  if (!text.starts_with("tcp://")) return std::nullopt;
  const std::string rest = text.substr(6);
  const auto colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  int port = 0;
  const char* end = rest.data() + rest.size();
  const auto [stopped, error] = std::from_chars(rest.data() + colon + 1, end, port);
  if (error != std::errc() || stopped != end || port < 1 || port > 65535) return std::nullopt;
  return HttpAddress{false, rest.substr(0, colon), port};
}

std::unique_ptr<httplib::Client> make_client(const HttpAddress& address, bool keep_alive) {
  auto client = std::make_unique<httplib::Client>(address.host, address.port);
  if (address.is_unix) client->set_address_family(AF_UNIX);
  if (!address.is_unix) client->set_tcp_nodelay(true);
  client->set_keep_alive(keep_alive);
  client->set_url_encode(false);
  client->set_follow_location(false);
  client->set_decompress(false);
  client->set_connection_timeout(kConnectWithin);
  return client;
}

httplib::Request make_request(const HttpCall& call, const HttpAddress& address) {
  httplib::Request request;
  request.method = call.method;
  request.path = call.target;
  // The engine refuses a socket path as Host; compression would only cost time on one host.
  request.headers = {{"Host", address.is_unix ? "docker" : address.host},
                     {"Accept-Encoding", "identity"}};
  if (!call.body.empty()) request.headers.emplace("Content-Type", "application/json");
  request.body = call.body;
  return request;
}

// How one exchange failed; `read` and `effect` make their codes of it.
struct Failure {
  enum class Kind { not_connected, late, broken, too_large } kind;
  std::string reason;
};

struct Exchange {
  std::optional<HttpAnswer> answer;
  Failure failure{};
};

Exchange exchange(httplib::Client& client, const HttpCall& call, const HttpAddress& address) {
  const auto start = steady_clock::now();
  const auto end = start + call.deadline;
  client.set_read_timeout(call.deadline);
  client.set_write_timeout(call.deadline);
  httplib::Request request = make_request(call, address);
  std::string body;
  bool too_large = false;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_large = body.size() + size > call.answer_limit;
    if (!too_large) body.append(data, size);
    return !too_large && steady_clock::now() < end;
  };
  const httplib::Result result = client.send(request);
  if (result) {
    HttpAnswer answer{result->status, {}, std::move(body)};
    for (const auto& [name, value] : result->headers) answer.headers.emplace_back(name, value);
    return {std::move(answer)};
  }
  using Kind = Failure::Kind;
  const auto wire = result.error();
  if (wire == httplib::Error::Connection || wire == httplib::Error::ConnectionTimeout) {
    return {std::nullopt, {Kind::not_connected, "cannot connect to " + address.host}};
  }
  if (too_large) return {std::nullopt, {Kind::too_large, "answer too large"}};
  // The library tells a time-out and a broken connection alike; the clock knows the difference.
  if (steady_clock::now() + std::chrono::milliseconds(5) >= end) {
    return {std::nullopt, {Kind::late, "no answer within " + base::format_duration(call.deadline)}};
  }
  return {std::nullopt, {Kind::broken, "connection broke (" + httplib::to_string(wire) + ")"}};
}

std::string name_of(const HttpCall& call) { return call.method + " " + call.target; }

Error bad_host(const std::string& host) {
  return {ErrorCode::invalid,
          "address \"" + host + "\" is neither unix:///path nor tcp://host:port"};
}

// Splits a stream into lines.
class Lines {
 public:
  Lines(std::size_t limit, const std::function<bool(std::string_view)>& receive)
      : limit_(limit), receive_(receive) {}
  // False when a line is too long or the receiver wants no more.
  bool feed(std::string_view bytes) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      rest_.append(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
      ended_ = !receive_(rest_);
      rest_.clear();
      if (ended_) return false;
    }
    rest_.append(bytes);
    return rest_.size() <= limit_;
  }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  std::size_t limit_;
  const std::function<bool(std::string_view)>& receive_;
  std::string rest_;
  bool ended_ = false;
};

// Ends a stream from outside: when asked to, or when the status line does not come in time.
class Watch {
 public:
  Watch(httplib::Client& client, base::Duration answer_within, std::stop_token stop)
      : stop_(std::move(stop)), thread_([this, &client, answer_within](std::stop_token done) {
          std::unique_lock lock(mutex_);
          const bool answered =
              changed_.wait_for(lock, answer_within, [&] { return answered_ || stopping(done); });
          if (answered) changed_.wait(lock, [&] { return stopping(done); });
          // Repeated, because a stop before the connection stands would be lost.
          while (!done.stop_requested()) {
            client.stop();
            changed_.wait_for(lock, std::chrono::milliseconds(10),
                              [&] { return done.stop_requested(); });
          }
        }) {}
  ~Watch() {
    thread_.request_stop();
    notify();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void answered() {
    {
      const std::lock_guard lock(mutex_);
      answered_ = true;
    }
    changed_.notify_all();
  }
  void notify() {
    {
      const std::lock_guard lock(mutex_);
    }
    changed_.notify_all();
  }

 private:
  bool stopping(const std::stop_token& done) const {
    return done.stop_requested() || stop_.stop_requested();
  }
  std::stop_token stop_;
  std::mutex mutex_;
  // Guards: answered_.
  std::condition_variable changed_;
  bool answered_ = false;
  std::jthread thread_;
};

}  // namespace

// The idle kept connections.
struct HttpClient::Pool {
  explicit Pool(const std::string& text) : host(text), address(parse_host(text)) {}

  std::unique_ptr<httplib::Client> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return nullptr;
    auto client = std::move(idle.back());
    idle.pop_back();
    return client;
  }
  void put_back(std::unique_ptr<httplib::Client> client) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kIdleMax) idle.push_back(std::move(client));
  }

  const std::string host;
  const std::optional<HttpAddress> address;
  std::mutex mutex;
  // Guards: idle.
  std::vector<std::unique_ptr<httplib::Client>> idle;
};

HttpClient::HttpClient(const std::string& host) : pool_(std::make_unique<Pool>(host)) {
  std::signal(SIGPIPE, SIG_IGN);  // The library writes without MSG_NOSIGNAL.
}
HttpClient::~HttpClient() = default;

base::Result<HttpAnswer> HttpClient::read(const HttpCall& call) {
  if (!pool_->address) return bad_host(pool_->host);
  auto client = pool_->take();
  const bool kept = client != nullptr;
  if (!kept) client = make_client(*pool_->address, true);
  Exchange done = exchange(*client, call, *pool_->address);
  if (kept && !done.answer && done.failure.kind == Failure::Kind::broken) {
    // The peer closed the kept connection just now. A read may be asked twice.
    client = make_client(*pool_->address, true);
    done = exchange(*client, call, *pool_->address);
  }
  if (done.answer) {
    pool_->put_back(std::move(client));
    return std::move(*done.answer);
  }
  const std::string message = name_of(call) + ": " + done.failure.reason;
  switch (done.failure.kind) {
    case Failure::Kind::late:
      return Error{ErrorCode::timeout, message};
    case Failure::Kind::too_large:
      return Error{ErrorCode::invalid, message};
    case Failure::Kind::not_connected:
    case Failure::Kind::broken:
      break;
  }
  return Error{ErrorCode::unavailable, message};
}

base::Result<HttpAnswer> HttpClient::effect(const HttpCall& call) {
  if (!pool_->address) return bad_host(pool_->host);
  // Not kept alive: the library waits for the end of the connection after a 304, which has no body.
  const auto client = make_client(*pool_->address, false);
  Exchange done = exchange(*client, call, *pool_->address);
  if (done.answer) return std::move(*done.answer);
  const bool nothing_sent = done.failure.kind == Failure::Kind::not_connected;
  return Error{nothing_sent ? ErrorCode::unavailable : ErrorCode::unknown,
               name_of(call) + ": " + done.failure.reason};
}

base::Status HttpClient::stream(const HttpStream& wanted, std::stop_token stop) {
  if (!pool_->address) return bad_host(pool_->host);
  const auto client = make_client(*pool_->address, false);
  client->set_read_timeout(wanted.quiet_max);
  Lines lines(wanted.line_limit, wanted.receive);
  std::optional<Error> refused;
  bool accepted = false;
  httplib::Result result(nullptr, httplib::Error::Unknown);
  {
    Watch watch(*client, wanted.answer_within, stop);
    const std::stop_callback on_stop(stop, [&watch] { watch.notify(); });
    httplib::Request request = make_request({.target = wanted.target}, *pool_->address);
    request.response_handler = [&](const httplib::Response& response) {
      if (stop.stop_requested()) return false;
      watch.answered();
      if (const auto status = wanted.accept(response.status); !status.ok()) {
        refused = status.error();
        return false;
      }
      return accepted = true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) { return lines.feed({data, size}); };
    result = client->send(request);
  }
  if (refused) return *refused;
  if (lines.ended() || stop.stop_requested()) return {};
  const std::string name = "stream " + wanted.target + ": ";
  if (accepted) return Error{ErrorCode::unavailable, name + "ended"};
  const auto wire = result.error();
  if (wire == httplib::Error::Connection || wire == httplib::Error::ConnectionTimeout) {
    return Error{ErrorCode::unavailable, name + "cannot connect to " + pool_->address->host};
  }
  return Error{ErrorCode::timeout, name + "no answer"};
}

}  // namespace engine
