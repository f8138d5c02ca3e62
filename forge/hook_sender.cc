#include "forge/hook_sender.h"

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/text.h"
#include "forge/faults.h"
#include "forge/hook_codec.h"
#include "forge/sqlite_store.h"

namespace forge {
namespace {

constexpr std::size_t kAnswerMax = 64U << 10U;  // Bytes read of a hook's answer.
constexpr std::chrono::hours kKept{30 * 24};    // As long as GitHub keeps deliveries.
constexpr std::chrono::seconds kRetry{1};       // After the file could not be read or written.

struct Place {
  std::string site;  // "http://host:port"
  std::string path;
};

Place split_url(const std::string& url) {
  const std::size_t host = url.find("//") + 2;
  const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
  std::string path = url.substr(end, url.find('#') - end);
  if (!path.starts_with('/')) path.insert(0, "/");
  return {url.substr(0, end), std::move(path)};
}

std::string status_text(int status) {
  const bool is_good = status >= 200 && status < 300;
  return is_good ? "OK" : "Invalid HTTP Response: " + std::to_string(status);
}

std::string fault_of(httplib::Error error, bool is_late) {
  if (is_late || error == httplib::Error::Read) return "timed out";
  if (error == httplib::Error::Connection) return "failed to connect to host";
  if (error == httplib::Error::SSLServerVerification) return "certificate not accepted";
  return "failed: " + httplib::to_string(error);
}

}  // namespace

struct HookSender::State {
  State(std::unique_ptr<SqliteStore> file, const base::Clock& time, std::chrono::milliseconds limit,
        std::shared_ptr<Faults> scripted)
      : store(std::move(file)), clock(time), patience(limit), faults(std::move(scripted)) {}

  void run() {
    for (;;) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return is_stopping || is_awake; });
        if (is_stopping) return;
        is_awake = false;
      }
      while (tell_next()) {
      }
    }
  }

  // False when nothing waits or the sender stops.
  bool tell_next() {
    if (faults != nullptr && faults->holds_hooks()) return false;
    std::optional<std::pair<Hook, Delivery>> next;
    const base::Status read = store->read([&] {
      const int skipped =
          faults == nullptr ? 0 : faults->pick_hook(store->count_waiting_deliveries());
      next = store->next_delivery(skipped);
    });
    if (!read.ok()) return pause();
    if (!next) return false;
    auto& [hook, delivery] = *next;
    int copies = faults == nullptr ? 1 : faults->next_hook_copies();
    if (copies == 0) lose(delivery);
    for (; copies > 0; --copies) {
      if (!tell(hook, delivery)) return false;
    }
    for (;;) {
      const base::Status written = store->run([&] {
        store->finish_delivery(delivery);
        store->forget_deliveries(*delivery.delivered - kKept);
        return true;
      });
      if (written.ok()) return true;
      if (!pause()) return false;
    }
  }

  void lose(Delivery& delivery) {
    delivery.delivered = clock.now().wall;
    delivery.status = "failed to connect to host";
  }

  // False when the sender stops instead.
  bool pause() {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, kRetry, [this] { return is_stopping; });
  }

  // False when it was cut off by stop(): the delivery stays as it is.
  bool tell(const Hook& hook, Delivery& delivery) {
    const Place place = split_url(hook.url);
    const HookRequest request = make_hook_request(hook, delivery);
    httplib::Client client(place.site);
    client.set_tcp_nodelay(true);
    client.set_connection_timeout(patience);
    client.set_read_timeout(patience);
    client.set_write_timeout(patience);
    client.enable_server_certificate_verification(!hook.is_insecure);
    const base::Now begin = clock.now();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    httplib::Request wire;
    wire.method = "POST";
    wire.path = place.path;
    wire.body = request.body;
    for (const auto& [name, value] : request.headers) wire.headers.emplace(name, value);
    wire.headers.emplace("Content-Type", request.content_type);
    std::string answer;
    wire.content_receiver = [&](const char* bytes, std::size_t size, auto, auto) {
      answer.append(bytes, std::min(size, kAnswerMax - answer.size()));
      return answer.size() < kAnswerMax && std::chrono::steady_clock::now() < deadline;
    };
    std::map<std::string, std::string> answer_headers;
    wire.response_handler = [&](const httplib::Response& response) {
      delivery.status_code = response.status;
      for (const auto& [name, value] : response.headers) {
        answer_headers[base::clean_text(name)] = base::clean_text(value);
      }
      return true;
    };
    if (!announce_client(&client)) return false;
    const auto result = client.send(wire);
    if (!announce_client(nullptr)) return false;
    const base::Now end = clock.now();
    delivery.delivered = end.wall;
    delivery.duration = std::chrono::duration_cast<base::Millis>(end.boot - begin.boot);
    const bool is_late = std::chrono::steady_clock::now() >= deadline;
    const bool is_cut = answer.size() >= kAnswerMax;
    if (!result && !is_cut) delivery.status_code = 0;
    delivery.status =
        result || is_cut ? status_text(delivery.status_code) : fault_of(result.error(), is_late);
    delivery.request_headers = headers_text(request.headers);
    delivery.response_headers = headers_text(answer_headers);
    delivery.response_body = base::clean_text(answer);
    return true;
  }

  // Lets stop() reach the client; false when it came already. Then the client is not kept: it goes
  // at once, and stop() may be called again.
  bool announce_client(httplib::Client* client) {
    const std::lock_guard lock(mutex);
    current = is_stopping ? nullptr : client;
    return !is_stopping;
  }

  const std::unique_ptr<SqliteStore> store;
  const base::Clock& clock;
  const std::chrono::milliseconds patience;
  const std::shared_ptr<Faults> faults;  // Shared with the test that changes it.
  std::mutex mutex;
  std::condition_variable changed;
  httplib::Client* current = nullptr;
  bool is_awake = true;  // What an earlier run left waits already.
  bool is_stopping = false;
  std::thread thread;
};

HookSender::HookSender(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

HookSender::~HookSender() { stop(); }

base::Result<std::unique_ptr<HookSender>> HookSender::start(const std::string& database_path,
                                                            const base::Clock& clock,
                                                            std::chrono::milliseconds patience,
                                                            std::shared_ptr<Faults> faults) {
  auto store = SqliteStore::open(database_path);
  if (!store.ok()) return store.error();
  auto state = std::make_unique<State>(std::move(*store), clock, patience, faults);
  std::unique_ptr<HookSender> sender(new HookSender(std::move(state)));
  if (faults != nullptr) faults->on_release([sender = sender.get()] { sender->wake(); });
  return sender;
}

void HookSender::wake() {
  const std::lock_guard lock(state_->mutex);
  state_->is_awake = true;
  state_->changed.notify_all();
}

void HookSender::stop() {
  if (state_->faults != nullptr) state_->faults->on_release(nullptr);
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
    if (state_->current != nullptr) state_->current->stop();
    state_->changed.notify_all();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace forge
