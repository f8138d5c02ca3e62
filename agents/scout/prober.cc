#include "agents/scout/prober.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <thread>

#include "config/url.h"

namespace scout {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using telemetry::ProbeResult;

constexpr std::size_t kHeaderMax = 16 * 1024;  // More of an answer is not read.

// One probe from connect to status line. Owned by its own handlers; ends by finish(), exactly once.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Answer = std::function<void(const StartProbe&, Probed)>;
  Exchange(asio::io_context& io, const StartProbe& probe, const base::Clock& clock,
           const Answer& answer)
      : socket_(io),
        resolver_(io),
        timer_(io),
        input_(kHeaderMax),
        probe_(probe),
        clock_(clock),
        answer_(answer),
        begun_(clock.now()) {
    sample_.at = begun_.wall;
    sample_.probe = probe.probe;
  }

  void run() {
    const auto url = config::parse_url(probe_.url);
    if (!url) return finish(ProbeResult::error);
    timer_.expires_after(probe_.timeout);
    timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->finish(ProbeResult::timeout);
    });
    request_ = "GET " + url->target + " HTTP/1.1\r\nHost: " + url->host +
               "\r\nUser-Agent: sre-space-scout\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    error_code not_an_address;
    const auto address = asio::ip::make_address(url->host, not_an_address);
    if (!not_an_address)
      return connect(tcp::endpoint(address, static_cast<unsigned short>(url->port)));
    resolver_.async_resolve(
        url->host, std::to_string(url->port),
        [self = shared_from_this()](error_code failed, const tcp::resolver::results_type& found) {
          if (failed || found.empty()) return self->finish(ProbeResult::refused);
          self->connect(found.begin()->endpoint());
        });
  }

 private:
  void connect(const tcp::endpoint& endpoint) {
    socket_.async_connect(endpoint, [self = shared_from_this()](error_code failed) {
      if (failed) return self->finish(ProbeResult::refused);
      self->sample_.connected = true;
      error_code ignored;
      self->socket_.set_option(tcp::no_delay(true), ignored);
      self->send();
    });
  }

  void send() {
    asio::async_write(socket_, asio::buffer(request_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        if (failed) return self->finish(ProbeResult::error);
                        asio::async_read_until(
                            self->socket_, self->input_, "\r\n\r\n",
                            [self](error_code broken, std::size_t) { self->received(broken); });
                      });
  }

  // "HTTP/1.1 200 OK". A connection that breaks before the header is complete is an error.
  void received(const error_code& broken) {
    if (broken) return finish(ProbeResult::error);
    std::istream stream(&input_);
    std::string version, status;
    stream >> version >> status;
    sample_.status = version.starts_with("HTTP/1.") ? std::atoi(status.c_str()) : 0;
    finish(sample_.status >= 100 && sample_.status < 500 ? ProbeResult::ok : ProbeResult::error);
  }

  void finish(ProbeResult result) {
    if (finished_) return;
    finished_ = true;
    sample_.result = result;
    sample_.latency_ms = base::to_ms(clock_.now().boot - begun_.boot);
    timer_.cancel();
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
    answer_(probe_, Probed{probe_.service, probe_.number, sample_});
  }

  tcp::socket socket_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  asio::streambuf input_;
  std::string request_;
  StartProbe probe_;
  const base::Clock& clock_;
  const Answer& answer_;
  base::Now begun_;
  telemetry::ProbeSample sample_;
  bool finished_ = false;
};

}  // namespace

struct Prober::Engine {
  Engine(const base::Clock& c, Exchange::Answer a)
      : clock(c), answer(std::move(a)), guard(io.get_executor()), thread([this] { io.run(); }) {}
  ~Engine() {
    io.stop();
    thread.join();
  }
  const base::Clock& clock;
  Exchange::Answer answer;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  std::jthread thread;  // Last: it runs on all of the above.
};

Prober::Prober(const base::Clock& clock, std::function<void(const StartProbe&, Probed)> answer)
    : engine_(std::make_unique<Engine>(clock, std::move(answer))) {}
Prober::~Prober() = default;

void Prober::start(const StartProbe& probe) {
  asio::post(engine_->io, [this, probe] {
    std::make_shared<Exchange>(engine_->io, probe, engine_->clock, engine_->answer)->run();
  });
}

}  // namespace scout
