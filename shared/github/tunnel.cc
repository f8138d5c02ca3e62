#include "github/tunnel.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

#include "base/hash.h"

namespace github {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;
using asio::ip::tcp;
using Stream = asio::ssl::stream<tcp::socket>;

// Thrown within this file alone.
struct Refused {
  std::string reason;
  bool denied = false;
};

std::string authority(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

struct Talk {
  const Proxy& proxy;
  const Address& address;
  const std::string& ca_file;
  const TunnelRequest& request;
  std::size_t body_max;
  bool sent = false;
  std::string doing = "find the proxy";
  std::optional<TunnelReply> reply;

  asio::awaitable<void> connect(tcp::socket& socket) {
    tcp::resolver resolver(socket.get_executor());
    const auto places =
        co_await resolver.async_resolve(proxy.host, std::to_string(proxy.port), use_awaitable);
    doing = "connect to the proxy";
    co_await asio::async_connect(socket, places, use_awaitable);
    socket.set_option(tcp::no_delay(true));
    doing = "ask the proxy for a tunnel";
    beast::http::request<beast::http::empty_body> wish(beast::http::verb::connect,
                                                       authority(address), 11);
    wish.set(beast::http::field::host, authority(address));
    wish.set(beast::http::field::user_agent, "sre-space");
    if (!proxy.user.empty()) {
      wish.set(beast::http::field::proxy_authorization,
               "Basic " + base::base64(proxy.user + ":" + proxy.password));
    }
    co_await beast::http::async_write(socket, wish, use_awaitable);
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::empty_body> answer;
    answer.skip(true);  // What follows the head of a good answer is the tunnel.
    co_await beast::http::async_read_header(socket, buffer, answer, use_awaitable);
    const int status = static_cast<int>(answer.get().result_int());
    if (status == 407) throw Refused{"it wants another user or password", true};
    if (status < 200 || status > 299) throw Refused{"it answered " + std::to_string(status)};
    if (buffer.size() != 0) throw Refused{"it said more than it should"};
  }

  asio::awaitable<void> trust(Stream& stream) {
    doing = "trust its certificate";
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(address.host));
    boost::system::error_code is_name;
    asio::ip::make_address(address.host, is_name);
    if (is_name) SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str());
    co_await stream.async_handshake(Stream::client, use_awaitable);
  }

  asio::awaitable<void> ask(Stream& stream) {
    doing = "send the request";
    beast::http::request<beast::http::string_body> message;
    message.method_string(request.method);
    message.target(request.target);
    message.version(11);
    message.set(beast::http::field::host, authority(address));
    message.set(beast::http::field::connection, "close");
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    sent = true;
    co_await beast::http::async_write(stream, message, use_awaitable);
    doing = "read the answer";
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> answer;
    answer.body_limit(body_max);
    co_await beast::http::async_read(stream, buffer, answer, use_awaitable);
    TunnelReply made;
    made.status = static_cast<int>(answer.get().result_int());
    for (const auto& field : answer.get())
      made.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    made.body = std::move(answer.get().body());
    reply = std::move(made);
  }

  asio::awaitable<void> run(asio::io_context& context) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    doing = "read the authorities";
    if (ca_file.empty()) {
      tls.set_default_verify_paths();
    } else {
      tls.load_verify_file(ca_file);
    }
    Stream stream(context, tls);
    co_await connect(stream.next_layer());
    co_await trust(stream);
    co_await ask(stream);
  }
};

}  // namespace

std::string TunnelReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(key, beast::string_view(name.data(), name.size()))) return value;
  }
  return "";
}

std::optional<TunnelReply> ask_through(const Proxy& proxy, const Address& address,
                                       const std::string& ca_file, const TunnelRequest& request,
                                       base::Duration within, std::size_t body_max,
                                       TunnelFailure& failure) {
  Talk talk{proxy, address, ca_file, request, body_max, false, "find the proxy", {}};
  asio::io_context context(1);
  std::exception_ptr ended_by;
  bool ended = false;
  asio::co_spawn(context, talk.run(context), [&](std::exception_ptr why) {
    ended_by = std::move(why);
    ended = true;
  });
  context.run_for(within);
  if (talk.reply) return std::move(talk.reply);
  failure.sent = talk.sent;
  failure.reason = "could not " + talk.doing + ": " + (ended ? "" : "no end in time");
  if (!ended_by) return std::nullopt;
  try {
    std::rethrow_exception(ended_by);
  } catch (const Refused& refused) {
    failure.reason += refused.reason;
    failure.denied = refused.denied;
  } catch (const boost::system::system_error& error) {
    failure.reason += error.code().message();
  } catch (const std::exception& error) {
    failure.reason += error.what();
  }
  return std::nullopt;
}

}  // namespace github
