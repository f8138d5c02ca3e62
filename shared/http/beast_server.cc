// http::Server on Boost.Beast, which parses requests and speaks WebSocket; replies are plain text
// and written here. Each connection is an object on its own strand, kept alive by its pending
// operation.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "http/http.h"
#include "http/url.h"

namespace http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;
using Text = std::shared_ptr<const std::string>;  // Shared by the queues of all clients.

constexpr std::chrono::seconds kLinger{1};       // For the peer to read the last reply.
constexpr std::chrono::seconds kStopWait{3};     // For running requests at stop().
constexpr std::chrono::seconds kSocketIdle{30};  // A silent WebSocket is pinged at half of it.
constexpr std::size_t kReadChunk = 4096;
constexpr std::size_t kBufferMax = 64 * 1024;
constexpr std::size_t kDrainMax = 64U << 20U;  // Bytes of a refused body thrown away unread.

// One connection. Registered while it lives, so that stop() can reach and await it.
class Session {
 public:
  virtual ~Session() = default;
  virtual void stop() = 0;             // Thread-safe.
  virtual void send(const Text&) = 0;  // Thread-safe. Nothing for one that is no WebSocket.
  [[nodiscard]] virtual bool is_websocket() const = 0;
};

// The living sessions. Thread-safe.
class Registry {
 public:
  void add(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    sessions_[session.get()] = session;
  }
  void remove(Session* session) {
    const std::lock_guard lock(mutex_);
    sessions_.erase(session);
    if (sessions_.empty()) none_.notify_all();
  }
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Session>> living;
    for (const auto& [key, weak] : sessions_) {
      if (auto session = weak.lock()) living.push_back(std::move(session));
    }
    return living;
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }
  void await_none(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, at_most, [this] { return sessions_.empty(); });
  }

 private:
  std::mutex mutex_;  // Guards: sessions_.
  std::condition_variable none_;
  std::map<Session*, std::weak_ptr<Session>> sessions_;
};

// What all sessions of a server use; unchanged once it runs.
struct Context {
  ServerOptions options;
  Handler handler;
  std::map<std::string, WebSocket> endpoints;
  Registry registry;
  std::atomic<bool> is_stopping = false;
};

using Parser = wire::request_parser<wire::string_body>;
using WireRequest = wire::request<wire::string_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Without the body.
Request to_head(const WireRequest& from, Target target, std::string remote_address) {
  Request request;
  request.method = std::string(view(from.method_string()));
  request.target = std::string(view(from.target()));
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (const auto& field : from) {
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  request.remote_address = std::move(remote_address);
  return request;
}

Request to_request(WireRequest&& from, Target target, std::string remote_address) {
  Request request = to_head(from, std::move(target), std::move(remote_address));
  request.body = std::move(from.body());
  return request;
}

// A header can never start another one: line breaks and NUL are dropped from name and value.
void append_header(std::string& head, std::string_view name, std::string_view value) {
  const auto append_clean = [&head](std::string_view text) {
    for (const char c : text) {
      if (c != '\r' && c != '\n' && c != '\0') head += c;
    }
  };
  append_clean(name);
  head += ": ";
  append_clean(value);
  head += "\r\n";
}

std::string make_head(const Response& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += status_phrase(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  if (response.status != 204 && response.status != 304) {
    append_header(head, "Content-Length", std::to_string(response.body.size()));
  }
  append_header(head, "Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

Response make_refusal(int status) {
  return make_response(status, "text/plain; charset=utf-8",
                       std::string(status_phrase(status)) + "\n");
}

// The status to refuse a complete header with, or 0.
int find_fault(const WireRequest& request, bool may_be_encoded) {
  const auto fields = std::distance(request.begin(), request.end());
  if (fields > kHeadersMax) return 431;
  const auto hosts = request.count(wire::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return 400;
  if (request.version() != 11 && request.version() != 10) return 400;
  const std::string_view encoding = view(request[wire::field::content_encoding]);
  if (!may_be_encoded && !encoding.empty() && encoding != "identity") return 415;
  return 0;
}

// The status to refuse a failed read with, or 0 when the connection is simply gone.
int status_of(const error_code& error) {
  if (error == wire::error::body_limit) return 413;
  if (error == wire::error::header_limit || error == wire::error::buffer_overflow) return 431;
  if (error == wire::error::end_of_stream || error == wire::error::partial_message) return 0;
  const bool is_syntax = error.category() == make_error_code(wire::error::bad_method).category();
  return is_syntax ? 400 : 0;
}

// One WebSocket client.
class WebSocketSession final : public Session,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(Context& context, const WebSocket& endpoint, tcp::socket socket,
                   WireRequest request)
      : context_(context),
        endpoint_(endpoint),
        stream_(std::move(socket)),
        request_(std::move(request)) {}
  ~WebSocketSession() override { context_.registry.remove(this); }
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;

  void run() {
    beast::get_lowest_layer(stream_).expires_never();
    stream_.set_option(beast::websocket::stream_base::timeout{kSocketIdle, kSocketIdle, true});
    stream_.read_message_max(kTextMax);
    stream_.text(true);
    stream_.auto_fragment(false);  // One text, one frame, one write.
    stream_.async_accept(request_, [self = shared_from_this()](error_code error) {
      if (!error) self->on_accepted();
    });
  }

  void stop() override {
    net::post(stream_.get_executor(), [self = shared_from_this()] { self->drop(); });
  }

  // `backlog_` counts what waits for the strand as well, so nothing grows without bound.
  void send(const Text& text) override {
    const int waiting = backlog_.fetch_add(1);
    if (waiting > kBacklogMax) return;  // Being dropped.
    net::post(stream_.get_executor(), [self = shared_from_this(), text, waiting] {
      if (waiting == kBacklogMax) return self->drop();
      self->push(text);
    });
  }

  [[nodiscard]] bool is_websocket() const override { return is_open_; }

 private:
  // Runs on the strand: broadcasts made from here on queue up behind the greeting.
  void on_accepted() {
    is_open_ = true;
    if (endpoint_.greeting) reply(endpoint_.greeting());
    read();
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->drop();
      self->on_message();
    });
  }

  void on_message() {
    if (stream_.got_text() && endpoint_.on_text) {
      const auto data = buffer_.cdata();
      reply(endpoint_.on_text({static_cast<const char*>(data.data()), data.size()}));
    }
    buffer_.consume(buffer_.size());
    read();
  }

  void reply(std::string text) {
    if (!text.empty()) send(std::make_shared<const std::string>(std::move(text)));
  }

  void push(const Text& text) {
    if (is_dropped_) return;
    queue_.push_back(text);
    if (queue_.size() == 1) write();
  }

  void write() {
    stream_.async_write(net::buffer(*queue_.front()),
                        [self = shared_from_this()](error_code error, std::size_t) {
                          if (error) return self->drop();
                          self->queue_.pop_front();
                          self->backlog_.fetch_sub(1);
                          if (!self->queue_.empty()) self->write();
                        });
  }

  void drop() {
    is_dropped_ = true;
    is_open_ = false;
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

  Context& context_;
  const WebSocket& endpoint_;
  beast::websocket::stream<beast::tcp_stream> stream_;
  WireRequest request_;
  beast::flat_buffer buffer_;
  std::deque<Text> queue_;  // The front is being written. Used on the strand only.
  std::atomic<int> backlog_ = 0;
  std::atomic<bool> is_open_ = false;
  bool is_dropped_ = false;
};

// One HTTP connection: wait, read a header, judge it, read the body, answer, again.
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Context& context, tcp::socket socket)
      : context_(context), stream_(std::move(socket)), buffer_(kBufferMax) {}
  ~HttpSession() override { context_.registry.remove(this); }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void run() {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = stream_.socket().remote_endpoint(ignored);
    remote_address_ = peer.address().to_string();
    net::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read_header(); });
  }

  void stop() override {
    net::post(stream_.get_executor(), [self = shared_from_this()] {
      self->keep_alive_ = false;
      if (!self->is_answering_) self->close();
    });
  }

  void send(const Text&) override {}
  [[nodiscard]] bool is_websocket() const override { return false; }

 private:
  void await_next() {
    if (buffer_.size() > 0) return read_header();
    stream_.expires_after(context_.options.idle_deadline);
    stream_.async_read_some(buffer_.prepare(kReadChunk),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (error) return self->close();
                              self->buffer_.commit(size);
                              self->read_header();
                            });
  }

  void read_header() {
    parser_.emplace();
    const ServerOptions& options = context_.options;
    parser_->body_limit(std::max(options.body_limit, options.large_bodies.limit));
    stream_.expires_after(context_.options.header_deadline);
    wire::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->on_failed_read(error);
                              self->on_header();
                            });
  }

  void on_failed_read(const error_code& error) {
    const int status = status_of(error);
    if (status == 0) return close();
    refuse(status);
  }

  void on_header() {
    const WireRequest& request = parser_->get();
    keep_alive_ = request.keep_alive();
    target_ = parse_target(view(request.target()));
    const LargeBodies& large = context_.options.large_bodies;
    const bool is_large = target_ && large.is_for && large.is_for(target_->path);
    if (const int fault = find_fault(request, is_large); fault != 0) return refuse(fault);
    if (!target_) return refuse(400);
    if (!is_large && !limit_body()) return refuse(413);
    const auto endpoint = context_.endpoints.find(target_->path);
    if (endpoint != context_.endpoints.end() && beast::websocket::is_upgrade(request)) {
      return upgrade(endpoint->second);
    }
    if (const auto refusal = find_refusal(request)) return refuse(*refusal);
    if (view(request[wire::field::expect]) == "100-continue") return write_continue();
    read_body();
  }

  // What the owner of the server has against reading this request's body.
  [[nodiscard]] std::optional<Response> find_refusal(const WireRequest& request) const {
    if (!context_.options.admit || parser_->is_done()) return std::nullopt;
    try {
      return context_.options.admit(to_head(request, *target_, remote_address_));
    } catch (...) {
      return make_refusal(500);
    }
  }

  // The header is read with the largest limit there is; from now on its path's own counts.
  bool limit_body() {
    const std::size_t limit = context_.options.body_limit;
    const auto announced = parser_->content_length();
    if (announced && *announced > limit) return false;
    parser_->body_limit(limit);
    return true;
  }

  void write_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(stream_, net::buffer(kContinue.data(), kContinue.size()),
                     [self = shared_from_this()](error_code error, std::size_t) {
                       if (error) return self->close();
                       self->read_body();
                     });
  }

  void read_body() {
    if (parser_->is_done()) return answer();
    stream_.expires_after(context_.options.body_deadline);
    wire::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) {
                       if (error) return self->on_failed_read(error);
                       self->answer();
                     });
  }

  void answer() {
    const Request request = to_request(parser_->release(), std::move(*target_), remote_address_);
    is_answering_ = true;
    Response response;
    try {
      response = context_.handler(request);
    } catch (...) {  // Its text may hold secrets or paths: the caller learns only that it failed.
      response = make_refusal(500);
    }
    if (response.status == kNoAnswer) {
      is_answering_ = false;
      return close();
    }
    write(response, request.method == "HEAD");
  }

  void refuse(int status) { refuse(make_refusal(status)); }

  void refuse(Response response) {
    keep_alive_ = false;
    is_answering_ = true;
    write(std::move(response), false);
  }

  void write(Response response, bool head_only) {
    // Debian's httplib reads a 304 until the connection closes, as if it had a body.
    keep_alive_ = keep_alive_ && !context_.is_stopping && response.status != 304;
    reply_ = make_head(response, keep_alive_);
    if (!head_only && response.status != 204 && response.status != 304) reply_ += response.body;
    stream_.expires_after(context_.options.body_deadline);
    net::async_write(stream_, net::buffer(reply_),
                     [self = shared_from_this()](error_code error, std::size_t) {
                       self->is_answering_ = false;
                       if (error) return self->close();
                       self->reply_.clear();
                       if (self->keep_alive_) return self->await_next();
                       self->linger();
                     });
  }

  // Closing with unread bytes would reset the connection and take the reply with it.
  void linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    buffer_.consume(buffer_.size());
    drain();
  }

  void drain() {
    stream_.async_read_some(buffer_.prepare(kBufferMax),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              self->drained_ += size;
                              if (error || self->drained_ > kDrainMax) return self->close();
                              self->drain();
                            });
  }

  void upgrade(const WebSocket& endpoint) {
    WireRequest upgrade_request = parser_->release();
    const Request request = to_request(WireRequest(upgrade_request), *target_, remote_address_);
    const bool is_ours = is_same_origin(request.header("Origin"), request.header("Host"));
    if (!is_ours || (endpoint.accept && !endpoint.accept(request))) return refuse(403);
    stream_.expires_never();
    auto session = std::make_shared<WebSocketSession>(context_, endpoint, stream_.release_socket(),
                                                      std::move(upgrade_request));
    context_.registry.add(session);
    if (context_.is_stopping) session->stop();
    session->run();
  }

  void close() {
    keep_alive_ = false;
    error_code ignored;
    stream_.socket().close(ignored);
  }

  Context& context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Target> target_;
  std::string reply_;
  std::string remote_address_;
  std::size_t drained_ = 0;
  bool keep_alive_ = false;
  bool is_answering_ = false;
};

base::Error listen_error(const ServerOptions& options, const error_code& error) {
  const std::string what =
      "listen on " + options.address + ":" + std::to_string(options.port) + ": ";
  if (error == net::error::address_in_use) {
    return {base::ErrorCode::conflict, what + "the port is in use by another process"};
  }
  if (error == net::error::access_denied) {
    return {base::ErrorCode::denied, what + "no right to this port"};
  }
  if (error == boost::system::errc::address_not_available) {
    return {base::ErrorCode::invalid, what + "this machine has no such address"};
  }
  return {base::ErrorCode::unavailable, what + error.message()};
}

}  // namespace

struct Server::State {
  State(ServerOptions options, Handler handler)
      : context{std::move(options), std::move(handler), {}, {}, false},
        io(std::max(1, context.options.threads)),
        acceptor(net::make_strand(io)),
        pause(acceptor.get_executor()) {}

  // SO_REUSEADDR alone: with SO_REUSEPORT a second server would share the port unseen.
  error_code listen(const net::ip::address& address) {
    error_code error;
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(context.options.port));
    if (acceptor.open(endpoint.protocol(), error)) return error;
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    if (acceptor.set_option(net::socket_base::reuse_address(true), error)) return error;
    if (acceptor.bind(endpoint, error)) return error;
    if (acceptor.listen(net::socket_base::max_listen_connections, error)) return error;
    port = acceptor.local_endpoint(error).port();
    return error;
  }

  void accept() {
    acceptor.async_accept(net::make_strand(io), [this](error_code error, tcp::socket socket) {
      if (context.is_stopping) return;
      if (error) return retry_soon();
      ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
      if (context.registry.count() < static_cast<std::size_t>(context.options.connections_max)) {
        auto session = std::make_shared<HttpSession>(context, std::move(socket));
        context.registry.add(session);
        session->run();
        if (context.is_stopping) session->stop();
      }
      accept();
    });
  }

  // Out of file descriptors, say: later there may be some again.
  void retry_soon() {
    pause.expires_after(std::chrono::milliseconds(100));
    pause.async_wait([this](error_code error) {
      if (!error && !context.is_stopping) accept();
    });
  }

  Context context;
  int port = 0;
  net::io_context io;  // After the context: what it still holds when destroyed uses it.
  tcp::acceptor acceptor;
  net::steady_timer pause;
  std::vector<std::jthread> threads;
};

Server::Server(ServerOptions options, Handler handler)
    : state_(std::make_unique<State>(std::move(options), std::move(handler))) {}

Server::~Server() { stop(); }

void Server::websocket(std::string path, WebSocket endpoint) {
  base::ensure(state_->threads.empty(), "WebSocket endpoint added to a running server");
  state_->context.endpoints.insert_or_assign(std::move(path), std::move(endpoint));
}

base::Status Server::start() {
  base::ensure(state_->threads.empty() && !state_->context.is_stopping, "server started twice");
  const ServerOptions& options = state_->context.options;
  error_code error;
  const auto address = net::ip::make_address(options.address, error);
  if (error || options.port < 0 || options.port > 65535) {
    return base::Error{base::ErrorCode::invalid, "listen on " + options.address + ":" +
                                                     std::to_string(options.port) +
                                                     ": not an IP address and port"};
  }
  error = state_->listen(address);
  if (error) return listen_error(options, error);
  state_->accept();
  for (int i = 0; i < std::max(1, options.threads); ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->io.run(); });
  }
  return {};
}

int Server::port() const { return state_->port; }

void Server::broadcast(std::string text) {
  const Text shared = std::make_shared<const std::string>(std::move(text));
  for (const auto& session : state_->context.registry.all()) {
    if (session->is_websocket()) session->send(shared);
  }
}

std::size_t Server::websocket_clients() const {
  const auto all = state_->context.registry.all();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& s) { return s->is_websocket(); }));
}

void Server::stop() {
  if (state_->context.is_stopping.exchange(true)) return;
  net::post(state_->acceptor.get_executor(), [state = state_.get()] {
    error_code ignored;
    state->acceptor.close(ignored);
    state->pause.cancel();
  });
  for (const auto& session : state_->context.registry.all()) session->stop();
  if (!state_->threads.empty()) state_->context.registry.await_none(kStopWait);
  state_->io.stop();
  state_->threads.clear();  // Joins.
  error_code ignored;
  state_->acceptor.close(ignored);  // io.stop() may have come before the posted close.
}

}  // namespace http
