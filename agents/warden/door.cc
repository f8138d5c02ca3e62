#include "agents/warden/door.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include "warden/warden_codec.h"

#ifndef CLOSE_RANGE_CLOEXEC
#include <linux/close_range.h>
#endif

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kThreads = 12;  // A kept connection and a stream hold one each.
constexpr int kStreamsMax = 4;
constexpr int kBacklog = 64;
constexpr std::size_t kBodyBytesMax = 16U << 10U;
constexpr int kLogLinesMax = 1000;
constexpr base::Duration kHeartbeat = std::chrono::seconds(2);

void reply(httplib::Response& response, int status, std::string body) {
  response.status = status;
  response.set_content(std::move(body), "application/json");
}

void reply(httplib::Response& response, const Error& error) {
  reply(response, http_status(error.code), encode(error));
}

void refuse(httplib::Response& response) {
  reply(response, Error{ErrorCode::denied, "warden: not among the things that may be asked"});
}

// The library accepts sockets without CLOEXEC and does not hand them out; this runs right after
// each accept and marks every descriptor of the process, as all of ours are anyway.
class CloexecPool final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override {
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    pool_.enqueue(std::move(task));
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  httplib::ThreadPool pool_{kThreads};
};

// What a GET asks for, by its exact spelling; there are no other spellings.
struct Question {
  enum class Kind { list, container, log, snapshot, stream } kind;
  std::string id{};
  int lines = 0;
};

std::optional<int> parse_lines(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > kLogLinesMax || text.front() == '0') return std::nullopt;
  return value;
}

std::optional<Question> parse_question(std::string_view target) {
  constexpr std::string_view kContainer = "/containers/",
                             kTail = "/logs?tail=", kSnapshot = "/snapshot";
  constexpr std::size_t kIdLength = 64;
  if (target == "/containers") return Question{Question::Kind::list};
  if (target == "/stream") return Question{Question::Kind::stream};
  if (!target.starts_with(kContainer)) return std::nullopt;
  target.remove_prefix(kContainer.size());
  const std::string id(target.substr(0, kIdLength));
  if (!engine::is_container_id(id)) return std::nullopt;
  target.remove_prefix(kIdLength);
  if (target.empty()) return Question{Question::Kind::container, id};
  if (target == kSnapshot) return Question{Question::Kind::snapshot, id};
  if (!target.starts_with(kTail)) return std::nullopt;
  const auto lines = parse_lines(target.substr(kTail.size()));
  if (!lines) return std::nullopt;
  return Question{Question::Kind::log, id, *lines};
}

// Nothing we send ourselves has any of these; most are ways around the body limit.
bool has_odd_headers(const httplib::Request& request) {
  for (const char* name : {"Transfer-Encoding", "Content-Encoding", "Range", "Upgrade", "Expect",
                           "X-HTTP-Method-Override"}) {
    if (request.has_header(name)) return true;
  }
  return request.headers.size() > 32;
}

bool has_body(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return !length.empty() && length != "0";
}

// True when a server answers at that path.
bool is_served(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool served = result == 0 || errno == EAGAIN;
  ::close(fd);
  return served;
}

base::Status clear_path(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{ErrorCode::denied, "open " + path + ": longer than a socket's path may be (107)"};
  }
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return Error{ErrorCode::denied, "open " + path + ": there is something else at that path"};
  }
  if (is_served(path)) {
    return Error{ErrorCode::conflict, "open " + path + ": another warden listens there"};
  }
  ::unlink(path.c_str());
  return {};
}

}  // namespace

Door::Door(std::string path, Rights rights, Rooms rooms)
    : path_(std::move(path)), rights_(rights), rooms_(rooms) {
  prepare();
}

Door::~Door() { close(); }

void Door::prepare() {
  server_.set_address_family(AF_UNIX);
  server_.set_keep_alive_max_count(100'000);
  server_.set_keep_alive_timeout(
      1);  // Also how long close() may take: idle connections are waited for.
  server_.set_read_timeout(2);
  server_.set_write_timeout(2);
  server_.set_payload_max_length(kBodyBytesMax);
  server_.new_task_queue = [] { return new CloexecPool; };  // The library deletes it.
  server_.set_socket_options([this](socket_t fd) {
    ::fchmod(fd, 0600);  // Before bind: the path is never open to others, not even for a moment.
    listener_ = fd;
  });
  server_.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        return answer(request, response);
      });
  server_.Post("/ops", [this](const httplib::Request& request, httplib::Response& response) {
    answer_operation(request, response);
  });
  // What the library refuses by itself has no body yet.
  server_.set_error_handler(
      httplib::Server::Handler([](const httplib::Request&, httplib::Response& response) {
        if (response.body.empty()) refuse(response);
      }));
  server_.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
        reply(response, Error{ErrorCode::unknown, "warden: internal failure"});
      });
}

base::Status Door::open() {
  if (auto status = clear_path(path_); !status.ok()) return status;
  if (!server_.bind_to_port(path_, 80)) {
    return Error{ErrorCode::denied, "open " + path_ + ": cannot listen there"};
  }
  ::listen(listener_, kBacklog);
  thread_ = std::jthread([this] { server_.listen_after_bind(); });
  // A stop before the server runs would be lost, so this waits until it does.
  for (int i = 0; i < 5000 && !server_.is_running(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return {};
}

void Door::close() {
  if (!thread_.joinable()) return;
  server_.stop();
  thread_.join();
  ::unlink(path_.c_str());
}

Door::Handled Door::answer(const httplib::Request& request, httplib::Response& response) {
  const bool odd = has_odd_headers(request);
  if (!odd && request.method == "POST" && request.target == "/ops" && has_body(request)) {
    // On to answer_operation(), at the doors that refuse it too: only once the body has been read
    // does an answer reach its sender for certain.
    return Handled::Unhandled;
  }
  const auto question = request.method == "GET" && !odd && !has_body(request)
                            ? parse_question(request.target)
                            : std::nullopt;
  const bool is_open = rights_ != Rights::listing;
  if (!question || (!is_open && question->kind != Question::Kind::list)) {
    refuse(response);
    return Handled::Handled;
  }
  switch (question->kind) {
    case Question::Kind::list:
      answer_list(response);
      break;
    case Question::Kind::container:
      answer_container(question->id, response);
      break;
    case Question::Kind::snapshot:
      answer_snapshot(question->id, response);
      break;
    case Question::Kind::log:
      answer_log(question->id, question->lines, response);
      break;
    case Question::Kind::stream:
      answer_stream(response);
      break;
  }
  return Handled::Handled;
}

// Always asks the engine, for whoever asks wants the truth of now.
base::Result<Member> Door::find(const std::string& id) {
  auto container = rooms_.engine.inspect(id);
  if (!container) return container.error();
  const auto service = rooms_.roster.service_of(*container);
  if (!service) return Error{ErrorCode::not_found, "container " + id + ": not a configured one"};
  return Member{*service, std::move(*container)};
}

void Door::answer_list(httplib::Response& response) {
  const auto all = rooms_.engine.list();
  if (!all) return reply(response, all.error());
  reply(response, 200, encode(rooms_.roster.pick(all.value())));
}

void Door::answer_container(const std::string& id, httplib::Response& response) {
  const auto member = find(id);
  if (!member) return reply(response, member.error());
  reply(response, 200, encode(member.value()));
}

// Only the hash of it leaves.
void Door::answer_snapshot(const std::string& id, httplib::Response& response) {
  const auto member = find(id);
  if (!member) return reply(response, member.error());
  const auto kept = rooms_.performer.keep(member->container);
  if (!kept) return reply(response, kept.error());
  reply(response, 200, encode_kept(*kept));
}

void Door::answer_log(const std::string& id, int lines, httplib::Response& response) {
  const auto member = find(id);
  if (!member) return reply(response, member.error());
  const auto log = rooms_.engine.log_tail(id, lines);
  if (!log) return reply(response, log.error());
  reply(response, 200, encode_log(log.value()));
}

void Door::answer_stream(httplib::Response& response) {
  if (++streams_ > kStreamsMax) {
    --streams_;
    return reply(response, Error{ErrorCode::unavailable, "warden: too many streams"});
  }
  const auto subscription = rooms_.hub.subscribe();
  response.status = 200;
  response.set_chunked_content_provider(
      "application/x-ndjson",
      [subscription](std::size_t, httplib::DataSink& sink) {
        std::string lines;
        if (!subscription->next(lines, kHeartbeat)) return sink.done(), true;
        if (lines.empty()) lines = "\n";  // A sign of life; also how a reader's end is noticed.
        return sink.write(lines.data(), lines.size());
      },
      [this, subscription](bool) {
        rooms_.hub.unsubscribe(subscription);
        --streams_;
      });
}

void Door::answer_operation(const httplib::Request& request, httplib::Response& response) {
  if (rights_ != Rights::reads_and_operations) return refuse(response);
  const auto operation = parse_operation(request.body);
  if (!operation) {
    return reply(response, Error{ErrorCode::denied, "warden: " + operation.error().message});
  }
  const auto performed = rooms_.performer.perform(operation.value());
  if (!performed) return reply(response, performed.error());
  reply(response, 200, encode(performed.value()));
}

}  // namespace warden
