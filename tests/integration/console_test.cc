// The console on a real SQLite ledger, spoken to over real sockets, killed and restarted.
#include "agents/console/console.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/console/access.h"
#include "agents/console/webhook_codec.h"
#include "base/time.h"
#include "incident/wish_codec.h"
#include "ledger/sqlite_ledger.h"
#include "tests/support/console_story.h"

extern char** environ;

namespace console {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
const std::string kKey = "a key of 24 characters!!";

// A folder that lives as long as the test.
class Folder {
 public:
  Folder() {
    std::string path = "/tmp/sre-console-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string ledger() const { return file("ledger.db"); }

 private:
  std::string path_;
};

struct Reply {
  int status = 0;  // 0: the connection ended without an answer.
  std::string head, body;
  std::chrono::microseconds took{0};
  [[nodiscard]] json parsed() const { return json::parse(body); }
  [[nodiscard]] bool has(std::string_view line) const {
    return head.find(line) != std::string::npos;
  }
};

// A client socket whose reads end after 10 s.
class Peer {
 public:
  explicit Peer(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    is_open_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  [[nodiscard]] bool is_open() const { return is_open_; }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string take(std::size_t count) {
    while (data_.size() < count && fill()) {
    }
    std::string got = data_.substr(0, count);
    data_.erase(0, got.size());
    return got;
  }
  std::string take_until(std::string_view marker) {
    std::size_t at = 0;
    while ((at = data_.find(marker)) == std::string::npos) {
      if (!fill()) return take(data_.size());
    }
    return take(at + marker.size());
  }
  std::string take_all() {
    while (fill()) {
    }
    return take(data_.size());
  }

  // WebSocket. The status line of the upgrade's answer.
  std::string upgrade(const std::string& headers = "") {
    write(
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        headers + "\r\n");
    const auto head = take_until("\r\n\r\n");
    return head.substr(0, head.find("\r\n"));
  }
  void say(std::string_view text) const {
    std::string frame{'\x81', static_cast<char>(0x80U | text.size()), 0, 0, 0, 0};
    write(frame + std::string(text));
  }
  json hear() {
    const auto head = take(2);
    if (head.size() < 2) return nullptr;
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7FU;
    if (size >= 126) {
      const auto length = take(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size * 256 + static_cast<unsigned char>(c);
    }
    return json::parse(take(size));
  }

 private:
  bool fill() {
    char chunk[8192];
    const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got > 0) data_.append(chunk, static_cast<std::size_t>(got));
    return got > 0;
  }
  int fd_;
  bool is_open_ = false;
  std::string data_;
};

Reply ask(int port, const std::string& method, const std::string& path,
          const std::string& headers = "", const std::string& body = "") {
  Peer peer(port);
  const auto begin = Steady::now();
  peer.write(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
             "\r\nConnection: close\r\n" + headers +
             (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
             "\r\n" + body);
  Reply reply;
  reply.head = peer.take_until("\r\n\r\n");
  reply.took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begin);
  reply.body = peer.take_all();
  if (reply.head.size() > 12) reply.status = std::atoi(reply.head.c_str() + 9);
  return reply;
}
Reply get(int port, const std::string& path, const std::string& headers = "") {
  return ask(port, "GET", path, headers);
}
Reply post(int port, const std::string& body, const std::string& headers = "") {
  return ask(port, "POST", "/webhook", headers, body);
}
std::string alert(const std::string& id) {
  return R"({"incident_id":")" + id +
         R"(","alert_type":"HighMemory","container_name":"policy-service","severity":"CRITICAL","logs":"x"})";
}

std::unique_ptr<ledger::Ledger> open_ledger(const std::string& path) {
  static const base::SystemClock clock;
  auto opened = ledger::open_sqlite({path}, clock);
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

Options options_for(const std::string& ledger_path) {
  Options options;
  options.port = 0;
  options.mode = "auto";
  options.version = "0.1.0";
  options.ledger_path = ledger_path;
  options.services = {{"policy-service", "policy-service"}};
  return options;
}

// A ledger, a console on it.
struct Stand {
  explicit Stand(Options options = {}) : ledger(open_ledger(folder.ledger())) {
    auto wanted = options_for(folder.ledger());
    wanted.key = options.key;
    wanted.stop_file = options.stop_file;
    wanted.balanced = options.balanced;
    wanted.containers = options.containers;
    wanted.scale_wait = options.scale_wait;
    wanted.roles = options.roles;
    auto started =
        Console::start(wanted, *ledger, clock, base::Logger("console", base::LogLevel::error));
    REQUIRE(started.ok());
    console = std::move(started).value();
    port = console->port();
  }
  void tell(const std::vector<ledger::Draft>& drafts) const {
    REQUIRE(ledger->append(drafts, 0).ok());
  }
  [[nodiscard]] std::size_t inbox() const { return ledger->deliveries(0)->size(); }
  Folder folder;
  base::SystemClock clock;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<Console> console;
  int port = 0;
};

// console_program as a child, its input and output as pipes.
class Child {
 public:
  explicit Child(std::vector<std::string> words, const std::string& failpoint = "") {
    int in[2], out[2];
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    words.insert(words.begin(), CONSOLE_PROGRAM);
    std::vector<char*> arguments, environment;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string armed = "SRE_FAILPOINT=" + failpoint;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    if (!failpoint.empty()) environment.push_back(armed.data());
    environment.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, CONSOLE_PROGRAM, &actions, nullptr, arguments.data(),
                          environment.data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Child() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
    if (in_ >= 0) ::close(in_);
    ::close(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int port() const {
    std::string line;
    char byte = 0;
    while (::read(out_, &byte, 1) == 1 && byte != '\n') line += byte;
    return std::atoi(line.c_str());
  }
  // Closes its input; its exit code, or -signal.
  int wait() {
    ::close(std::exchange(in_, -1));
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
};

// A ledger whose answers can be made to fail.
class BrittleLedger final : public ledger::Ledger {
 public:
  explicit BrittleLedger(ledger::Ledger& inner) : inner_(inner) {}
  std::atomic<bool> is_broken = false;
  base::Error error() const { return {base::ErrorCode::unavailable, "database is locked"}; }

  base::Result<std::int64_t> append(const std::vector<ledger::Draft>& drafts, std::int64_t seen,
                                    const std::vector<std::string>& blobs) override {
    return inner_.append(drafts, seen, blobs);
  }
  base::Result<std::vector<ledger::Record>> read(std::int64_t position, int limit) override {
    if (is_broken) return error();
    return inner_.read(position, limit);
  }
  base::Result<std::int64_t> head() override { return inner_.head(); }
  base::Result<std::string> blob(const std::string& hash) override { return inner_.blob(hash); }
  base::Result<bool> deliver(const ledger::Delivery& delivery) override {
    if (is_broken) return error();
    return inner_.deliver(delivery);
  }
  base::Result<std::vector<ledger::Delivery>> deliveries(std::int64_t after, int limit) override {
    return inner_.deliveries(after, limit);
  }
  base::Result<int> forget(const std::string& source, std::int64_t up_to, base::WallTime before,
                           int limit) override {
    return inner_.forget(source, up_to, before, limit);
  }
  base::Result<ledger::Lease> acquire(const std::string& name, const std::string& holder,
                                      base::Duration duration) override {
    return inner_.acquire(name, holder, duration);
  }
  base::Result<std::optional<ledger::Lease>> lease(const std::string& name) override {
    return inner_.lease(name);
  }
  base::Status verify() override { return inner_.verify(); }

 private:
  ledger::Ledger& inner_;
};

// Asks until the answer satisfies, 5 s at most: for what the follower learns in its own time.
template <class Check>
bool comes_true(Check check) {
  for (const auto until = Steady::now() + std::chrono::seconds(5); Steady::now() < until;
       ::sched_yield()) {
    if (check()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("routes: each answers what its page in docs/formats promises") {
  Stand stand;
  Peer page(stand.port);
  REQUIRE(page.upgrade() == "HTTP/1.1 101 Switching Protocols");
  REQUIRE(page.hear()["type"] == "heartbeat");
  stand.tell(story::healed(1, stand.clock.now().wall));
  while (page.hear()["data"]["entry"]["event"] != "incident.closed") {
  }
  const auto health = get(stand.port, "/health");
  CHECK(health.status == 200);
  CHECK(health.has("application/json"));
  CHECK(health.parsed()["status"] == "ok");
  CHECK(health.parsed()["ws_clients"] == 1);
  CHECK(health.parsed()["ledger"]["position"] == story::healed(1, {}).size());
  const auto list = get(stand.port, "/incidents").parsed();
  CHECK(list["total"] == 1);
  CHECK(list["incidents"][0]["status"] == "RESOLVED");
  CHECK(get(stand.port, "/incidents?limit=1").status == 200);
  CHECK(get(stand.port, "/incidents?limit=x").status == 400);
  const auto one = get(stand.port, "/incidents/1");
  CHECK(one.status == 200);
  CHECK(one.parsed()["timeline"].size() == story::healed(1, {}).size());
  CHECK(get(stand.port, "/overview").parsed()["services"].size() == 1);
  for (const char* path : {"/incidents/2", "/incidents/x", "/nothing", "/incidents/1/2"}) {
    CAPTURE(path);
    const auto reply = get(stand.port, path);
    CHECK(reply.status == 404);
    CHECK(reply.parsed()["error"].is_string());
  }
  const auto wrong = ask(stand.port, "DELETE", "/incidents/1");
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: GET"));
  CHECK(get(stand.port, "/webhook").status == 405);
  CHECK(ask(stand.port, "HEAD", "/health").status == 200);
}

TEST_CASE("metrics: Prometheus text with the ledger's counts") {
  Stand stand;
  stand.tell(story::healed(1, stand.clock.now().wall));
  REQUIRE(comes_true([&] {
    return get(stand.port, "/incidents").parsed()["total"] == 1 &&
           get(stand.port, "/metrics").body.find("sre_fix_success_total 1\n") != std::string::npos;
  }));
  CHECK(post(stand.port, alert("a")).status == 200);
  CHECK(post(stand.port, alert("a")).status == 200);
  CHECK(post(stand.port, "no").status == 400);
  const auto reply = get(stand.port, "/metrics");
  CHECK(reply.has("text/plain; version=0.0.4"));
  for (const char* line :
       {"# TYPE sre_incidents gauge", "sre_incidents{state=\"closed\"} 1",
        "sre_incidents{state=\"acting\"} 0", "sre_incidents_by_class{class=\"oom\"} 1",
        "# TYPE sre_mttr_seconds histogram", "sre_mttr_seconds_count 1",
        "sre_mttr_seconds_bucket{le=\"1\"} 1", "sre_mttr_seconds_bucket{le=\"0.5\"} 0",
        "sre_mttr_seconds_bucket{le=\"+Inf\"} 1", "sre_phase_seconds_count{phase=\"act\"} 1",
        "sre_actions_total{action=\"restart\",outcome=\"done\"} 1",
        "sre_signals_total{kind=\"container_died\"} 1", "sre_ledger_readable 1", "sre_stopped 0",
        "sre_build_info{version=\"0.1.0\",mode=\"auto\"} 1",
        "sre_webhooks_total{result=\"received\"} 1", "sre_webhooks_total{result=\"duplicate\"} 1",
        "sre_webhooks_total{result=\"rejected\"} 1", "sre_recalls_total{result=\"hit\"} 1"}) {
    CAPTURE(line);
    CHECK(reply.body.find(line) != std::string::npos);
  }
}

TEST_CASE("page: one live page that may load nothing from elsewhere") {
  Stand stand;
  const auto page = get(stand.port, "/");
  CHECK(page.status == 200);
  CHECK(page.has("text/html"));
  CHECK(page.has("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  CHECK(page.has("X-Content-Type-Options: nosniff"));
  CHECK(page.body.find("<script>") == std::string::npos);
  CHECK(page.body.find(" style=") == std::string::npos);
  CHECK(get(stand.port, "/page.css").has("text/css"));
  const auto script = get(stand.port, "/page.js");
  CHECK(script.has("text/javascript"));
  CHECK(script.body.find("innerHTML") == std::string::npos);
}

TEST_CASE("webhook: an alert is kept once and answered within 100 ms") {
  Stand stand;
  const auto first = post(stand.port, alert("INC-1"));
  CHECK(first.status == 200);
  CHECK(first.parsed() == json{{"status", "RECEIVED"},
                               {"incident_id", "INC-1"},
                               {"analysis", nullptr},
                               {"error", nullptr}});
  CHECK(post(stand.port, alert("INC-1")).parsed()["status"] == "RECEIVED");
  REQUIRE(stand.inbox() == 1);
  const auto kept = stand.ledger->deliveries(0)->front();
  CHECK(kept.source == "webhook");
  CHECK(kept.body == alert("INC-1"));
  CHECK(kept.delivery.starts_with("INC-1:"));
  // The sender's own id of the delivery decides when there is one.
  CHECK(post(stand.port, alert("INC-2"), "X-Delivery-Id: d-1\r\n").status == 200);
  CHECK(post(stand.port, alert("INC-3"), "X-Delivery-Id: d-1\r\n").status == 200);
  CHECK(stand.inbox() == 2);
  // The same incident with other news is another delivery.
  CHECK(post(stand.port, R"({"incident_id":"INC-1","alert_type":"Other"})").status == 200);
  CHECK(stand.inbox() == 3);
  // It only keeps: nothing was written to the log.
  CHECK(*stand.ledger->head() == 0);

  std::vector<std::chrono::microseconds> took;
  for (int i = 0; i < 200; ++i) {
    const auto reply = post(stand.port, alert("many-" + std::to_string(i)));
    REQUIRE(reply.status == 200);
    took.push_back(reply.took);
  }
  std::sort(took.begin(), took.end());
  MESSAGE("webhook answered: median " << took[100].count() << " us, 99% " << took[197].count()
                                      << " us, worst " << took.back().count() << " us");
  CHECK(took[190] < milliseconds(100));
  CHECK(stand.inbox() == 100);  // A read returns at most 100.
  CHECK(stand.ledger->deliveries(0, 1000)->size() == 203);
}

TEST_CASE("webhook: ten at once from each of ten senders, each kept once") {
  Stand stand;
  std::vector<std::future<int>> senders;
  for (int sender = 0; sender < 10; ++sender) {
    senders.push_back(std::async(std::launch::async, [&stand] {
      int answered = 0;
      for (int i = 0; i < 10; ++i)
        answered += post(stand.port, alert("at-once-" + std::to_string(i))).status == 200 ? 1 : 0;
      return answered;
    }));
  }
  int answered = 0;
  for (auto& sender : senders) answered += sender.get();
  CHECK(answered == 100);
  CHECK(stand.inbox() == 10);
}

TEST_CASE("webhook: what is refused leaves nothing behind") {
  Stand stand;
  const auto status_of = [&](const std::string& body, const std::string& headers = "") {
    const auto reply = post(stand.port, body, headers);
    if (reply.status != 200 && reply.has("application/json"))
      CHECK(reply.parsed()["error"].get<std::string>().size() > 5);
    return reply.status;
  };
  CHECK(status_of("hello") == 400);
  CHECK(status_of("[]") == 422);
  CHECK(status_of(R"({"alert_type":"b"})") == 422);
  CHECK(status_of(R"({"incident_id":"a\u0000","alert_type":"b"})") == 422);
  CHECK(status_of(R"({"incident_id":"a","alert_type":"b","severity":"LOUD"})") == 422);
  CHECK(status_of(alert("a"), "X-Delivery-Id: two words\r\n") == 400);
  CHECK(status_of(alert("a"), "Content-Encoding: gzip\r\n") == 415);
  CHECK(status_of(alert("a"), "Origin: http://evil.example\r\n") == 403);
  CHECK(status_of(R"({"incident_id":"a","alert_type":"b","logs":")" +
                  std::string(kWebhookBytesMax, 'x') + "\"}") == 413);
  CHECK(ask(stand.port, "POST", "/webhook").status == 400);
  CHECK(stand.inbox() == 0);
  // 1 MB to the byte is taken.
  std::string full = R"({"incident_id":"a","alert_type":"b","logs":")";
  full += std::string(kWebhookBytesMax - full.size() - 2, 'x') + "\"}";
  CHECK(status_of(full) == 200);
  CHECK(stand.inbox() == 1);
}

TEST_CASE("webhook: killed before the alert is kept, the sender has no answer and repeats it") {
  Folder folder;
  auto ledger = open_ledger(folder.ledger());
  {
    Child console({"serve", folder.ledger(), "0"}, "console.webhook.before:kill:1");
    CHECK(post(console.port(), alert("INC-1")).status == 0);
    CHECK(console.wait() == -SIGKILL);
  }
  CHECK(ledger->deliveries(0)->empty());
  Child console({"serve", folder.ledger(), "0"});
  CHECK(post(console.port(), alert("INC-1")).status == 200);
  CHECK(ledger->deliveries(0)->size() == 1);
  CHECK(console.wait() == 0);
}

TEST_CASE("webhook: killed between keeping and answering, the alert is still there and kept once") {
  Folder folder;
  auto ledger = open_ledger(folder.ledger());
  {
    Child console({"serve", folder.ledger(), "0"}, "console.webhook.after:kill:1");
    CHECK(post(console.port(), alert("INC-1")).status == 0);
    CHECK(console.wait() == -SIGKILL);
  }
  REQUIRE(ledger->deliveries(0)->size() == 1);
  Child console({"serve", folder.ledger(), "0"});
  CHECK(post(console.port(), alert("INC-1")).status == 200);
  CHECK(ledger->deliveries(0)->size() == 1);
  CHECK(console.wait() == 0);
}

TEST_CASE("ledger unavailable: 503 for alerts, degraded health, whole again by itself") {
  Folder folder;
  const base::SystemClock clock;
  auto inner = open_ledger(folder.ledger());
  BrittleLedger ledger(*inner);
  ledger.is_broken = true;
  auto started = Console::start(options_for(folder.ledger()), ledger, clock,
                                base::Logger("console", static_cast<base::LogLevel>(4)));
  REQUIRE(started.ok());
  const int port = (*started)->port();
  CHECK(get(port, "/health").parsed()["status"] == "degraded");
  const auto refused = post(port, alert("INC-1"));
  CHECK(refused.status == 503);
  CHECK(refused.has("Retry-After: 5"));
  CHECK(inner->deliveries(0)->empty());
  ledger.is_broken = false;
  CHECK(post(port, alert("INC-1")).status == 200);
  REQUIRE(inner->append(story::healed(1, clock.now().wall), 0).ok());
  CHECK(comes_true([&] { return get(port, "/health").parsed()["status"] == "ok"; }));
  CHECK(comes_true([&] { return get(port, "/incidents").parsed()["total"] == 1; }));
}

TEST_CASE("keys: every route but /health asks for the key") {
  Options keyed;
  keyed.key = kKey;
  Stand stand(keyed);
  const std::string right = "X-API-Key: " + kKey + "\r\n",
                    wrong = "X-API-Key: not the key, not at all\r\n";
  CHECK(get(stand.port, "/health").status == 200);
  for (const char* path : {"/", "/page.js", "/page.css", "/incidents", "/incidents/1", "/overview",
                           "/metrics", "/nothing"}) {
    CAPTURE(path);
    const auto missing = get(stand.port, path);
    CHECK(missing.status == 401);
    CHECK(missing.has("WWW-Authenticate: Bearer"));
    CHECK(get(stand.port, path, wrong).status == 403);
    CHECK(get(stand.port, path, "Authorization: Bearer nonsense\r\n").status == 403);
    const auto found = get(stand.port, path, right).status;
    CHECK((found == 200 || found == 404));
    CHECK(get(stand.port, path, "Authorization: Bearer " + kKey + "\r\n").status == found);
  }
  CHECK(post(stand.port, alert("a")).status == 401);
  CHECK(post(stand.port, alert("a"), wrong).status == 403);
  CHECK(stand.inbox() == 0);
  CHECK(post(stand.port, alert("a"), right).status == 200);
  CHECK(Peer(stand.port).upgrade() == "HTTP/1.1 403 Forbidden");
  CHECK(Peer(stand.port).upgrade(wrong) == "HTTP/1.1 403 Forbidden");
  CHECK(Peer(stand.port).upgrade(right) == "HTTP/1.1 101 Switching Protocols");
}

TEST_CASE("keys: a browser gives the key once, in a form, and reads by a cookie") {
  Options keyed;
  keyed.key = kKey;
  Stand stand(keyed);
  const std::string browser = "Accept: text/html,*/*\r\n";
  const auto login = get(stand.port, "/", browser);
  CHECK(login.status == 401);
  CHECK(login.body.find("<form method=\"post\" action=\"/session\">") != std::string::npos);
  CHECK(login.has("style-src 'sha256-"));
  const auto refused = ask(stand.port, "POST", "/session", browser, "key=guess");
  CHECK(refused.status == 403);
  CHECK_FALSE(refused.has("Set-Cookie"));
  const auto granted =
      ask(stand.port, "POST", "/session", browser, "key=a+key+of+24+characters%21%21");
  CHECK(granted.status == 303);
  CHECK(granted.has("HttpOnly; SameSite=Strict"));
  CHECK(granted.head.find(kKey) == std::string::npos);
  const auto begin = granted.head.find("sre_console=");
  const std::string cookie =
      "Cookie: " + granted.head.substr(begin, granted.head.find(';', begin) - begin) + "\r\n";
  CHECK(get(stand.port, "/", cookie).status == 200);
  CHECK(get(stand.port, "/incidents", cookie).status == 200);
  CHECK(Peer(stand.port).upgrade(cookie) == "HTTP/1.1 101 Switching Protocols");
  CHECK(post(stand.port, alert("a"), cookie).status == 401);
  CHECK(stand.inbox() == 0);
  CHECK(ask(stand.port, "POST", "/session", "Origin: http://evil.example\r\n", "key=x").status ==
        403);
}

TEST_CASE("websocket: two clients hear what another process appends, in the same order") {
  Stand stand;
  Peer one(stand.port), two(stand.port);
  REQUIRE(one.upgrade().find("101") != std::string::npos);
  REQUIRE(two.upgrade().find("101") != std::string::npos);
  const auto greeting = one.hear();
  CHECK(greeting["type"] == "heartbeat");
  CHECK(greeting["data"]["mode"] == "auto");
  CHECK(two.hear()["type"] == "heartbeat");
  one.say("ping");
  CHECK(one.hear()["type"] == "heartbeat");

  const auto begin = Steady::now();
  Child scout({"open", stand.folder.ledger(), "1"});
  const auto frame = one.hear();
  const auto took = std::chrono::duration_cast<milliseconds>(Steady::now() - begin);
  CHECK(scout.wait() == 0);
  CHECK(frame["type"] == "incident.new");
  CHECK(frame["incident_id"] == 1);
  CHECK(frame["data"]["incident"]["state"] == "open");
  CHECK(two.hear() == frame);
  MESSAGE("frame after another process started and appended: " << took.count() << " ms");
  CHECK(took.count() < 900);  // Sooner than the look each second.
  CHECK(get(stand.port, "/incidents").parsed()["total"] == 1);

  auto story = story::healed(2, stand.clock.now().wall);
  stand.tell(story);
  for (std::size_t i = 0; i < story.size(); ++i) {
    const auto heard = one.hear();
    CHECK(heard["data"]["position"] == i + 2);
    CHECK(two.hear() == heard);
  }
}

TEST_CASE("websocket: a stop is told and shown") {
  Folder folder;
  Options options;
  options.stop_file = folder.file("STOP");
  Stand stand(options);
  Peer page(stand.port);
  REQUIRE(page.upgrade().find("101") != std::string::npos);
  (void)page.hear();
  stand.tell({{{"s1",
                0,
                incident::Role::person,
                stand.clock.now().wall,
                {},
                incident::StopSet{"drill", "ann"}},
               false}});
  const auto frame = page.hear();
  CHECK(frame["type"] == "status.update");
  CHECK(frame["incident_id"].is_null());
  CHECK(get(stand.port, "/health").parsed()["stop"]["reason"] == "drill");
  stand.tell(
      {{{"s2", 0, incident::Role::person, stand.clock.now().wall, {}, incident::StopCleared{"ann"}},
        false}});
  (void)page.hear();
  CHECK(get(stand.port, "/health").parsed()["stop"].is_null());
  std::ofstream(options.stop_file) << "";
  CHECK(get(stand.port, "/health").parsed()["stop"]["by"] == "stop file");
}

TEST_CASE("restart: the same incidents are shown") {
  Folder folder;
  auto ledger = open_ledger(folder.ledger());
  REQUIRE(ledger->append(story::healed(1, base::wall_from_ms(1795182756000)), 0).ok());
  std::string before;
  for (int round = 0; round < 2; ++round) {
    Child console({"serve", folder.ledger(), "0"});
    const auto body = get(console.port(), "/incidents/1").body;
    if (round > 0) CHECK(body == before);
    before = body;
    CHECK(console.wait() == 0);
  }
  CHECK(json::parse(before)["status"] == "RESOLVED");
}

TEST_CASE("start: what cannot work says so") {
  Stand stand;
  const auto message_of = [&](Options options) {
    auto second = Console::start(std::move(options), *stand.ledger, stand.clock,
                                 base::Logger("console", base::LogLevel::error));
    REQUIRE_FALSE(second.ok());
    return second.error().message;
  };
  auto taken = options_for(stand.folder.ledger());
  taken.port = stand.port;
  const auto conflict = message_of(taken);
  CHECK(conflict.find(std::to_string(stand.port)) != std::string::npos);
  CHECK(conflict.find("console.port") != std::string::npos);
  auto open = options_for(stand.folder.ledger());
  open.address = "0.0.0.0";
  CHECK(message_of(open).find("console.key") != std::string::npos);
  open.address = "not an address";
  open.key = kKey;
  CHECK(message_of(open).find("not an IP address") != std::string::npos);
  // The one that runs is not disturbed, wake-ups included.
  Peer page(stand.port);
  REQUIRE(page.upgrade().find("101") != std::string::npos);
  (void)page.hear();
  Child scout({"open", stand.folder.ledger(), "1"});
  CHECK(page.hear()["type"] == "incident.new");
  CHECK(scout.wait() == 0);
}

TEST_CASE("stop: ends at once, twice is no harm, roles are asked for each answer") {
  Options options;
  options.roles = [] { return std::vector<RoleState>{{"scout", "waiting", 3}}; };
  Stand stand(options);
  CHECK(get(stand.port, "/health").parsed()["roles"][0]["restarts"] == 3);
  CHECK(get(stand.port, "/health").parsed()["status"] == "degraded");
  const auto begin = Steady::now();
  stand.console->stop();
  stand.console->stop();
  stand.console.reset();
  CHECK(Steady::now() - begin < std::chrono::seconds(1));
  CHECK_FALSE(Peer(stand.port).is_open());
}

namespace {

warden::Member a_member(const std::string& service, const std::string& name) {
  warden::Member made{service, {}};
  made.container.id = std::string(64, 'a');
  made.container.name = name;
  made.container.state = engine::RunState::running;
  return made;
}

// Stands for all roles behind the inbox: waits for the wish and opens an incident of it.
incident::Wish take_wish(const Stand& stand, std::size_t number) {
  REQUIRE(comes_true([&] { return stand.inbox() >= number; }));
  const auto all = stand.ledger->deliveries(0).value();
  CHECK(all[number - 1].source == "wish");
  return incident::decode_wish(all[number - 1].body).value();
}
std::vector<ledger::Draft> answered(const incident::Wish& wish, incident::IncidentId id,
                                    base::WallTime at, bool is_refused) {
  using namespace incident;  // NOLINT: event names follow.
  story::Teller teller(id, at, "shop");
  IncidentOpened opened;
  opened.signal.kind = SignalKind::asked;
  opened.signal.service = "shop";
  opened.signal.asked = wish.command;
  opened.signal.asked_by = wish.by;
  opened.fingerprint = fingerprint_of(wish);
  teller.at(10, Role::scout, opened);
  if (is_refused) return teller.at(20, Role::fixer, StoodDown{"The guard mode", "fixer"}).drafts();
  MenuEntry entry;
  entry.action = Action::scale_up;
  entry.service = "shop";
  entry.change = {"replicas", 0, wish.command.back() - '0'};
  teller.at(20, Role::brain, PlanMade{"p", 1, at + std::chrono::minutes(5), {entry}, wish.by});
  ActionIntended intent;
  intent.op = "op" + std::to_string(id);
  intent.plan = "p";
  intent.action = Action::scale_up;
  intent.service = "shop";
  return teller.at(30, Role::fixer, intent)
      .at(40, Role::fixer, ActionDone{intent.op, "t", false})
      .drafts();
}

Options with_shop(Options options) {
  options.balanced = {"shop"};
  options.containers = [] {
    return base::Result<warden::Listing>(
        warden::Listing{{a_member("shop", "shop-1")},
                        {},
                        {a_member("shop", "shop-replica-2"), a_member("shop", "shop-replica-1")}});
  };
  return options;
}

}  // namespace

TEST_CASE("scaling: the wish goes into the inbox, the answer waits and nobody waits for it") {
  Stand stand(with_shop({}));
  const auto post = [&](const std::string& path) {
    return std::async(std::launch::async, [&stand, path] { return ask(stand.port, "POST", path); });
  };
  SUBCASE("done") {
    auto first = post("/scale/up?count=9");
    const auto wish = take_wish(stand, 1);
    CHECK(wish.command == "/scale shop 5");
    CHECK(wish.by == "console");
    auto second = post("/scale/up?count=4");
    const auto other = take_wish(stand, 2);
    CHECK(other.id != wish.id);
    // Both wait; everything else goes on, and a third finds no place.
    for (int i = 0; i < 20; ++i) CHECK(ask(stand.port, "GET", "/health").status == 200);
    CHECK(ask(stand.port, "GET", "/topology").status == 200);
    CHECK(ask(stand.port, "POST", "/scale/up").status == 429);
    CHECK(stand.inbox() == 2);
    stand.tell(answered(other, 1, stand.clock.now().wall, true));
    const auto refused = second.get();
    CHECK(refused.status == 409);
    CHECK(refused.parsed()["error"] == "The guard mode");
    CHECK(refused.parsed()["incident"] == 1);
    stand.tell(answered(wish, 2, stand.clock.now().wall, false));
    const auto done = first.get();
    CHECK(done.status == 200);
    CHECK(done.parsed()["status"] == "done");
    CHECK(done.parsed()["lb_configured"] == true);
    CHECK(done.parsed()["replicas"] == json{"shop-replica-1", "shop-replica-2"});
  }
  SUBCASE("the console ends meanwhile") {
    auto waits = post("/scale/up?count=3");
    (void)take_wish(stand, 1);
    stand.console->stop();
    CHECK(waits.get().status != 200);
  }
}

TEST_CASE("scaling: what is not over in time, not possible, or not to be kept") {
  auto options = with_shop({});
  options.scale_wait = milliseconds(300);
  Stand stand(options);
  const auto status = [&](const std::string& path) { return ask(stand.port, "POST", path).status; };
  CHECK(status("/scale/up?count=3") == 503);  // Nobody took it up.
  auto waits = std::async(std::launch::async, [&] { return ask(stand.port, "POST", "/scale/up"); });
  const auto wish = take_wish(stand, 2);
  auto opened = answered(wish, 1, stand.clock.now().wall, true);
  opened.resize(1);
  stand.tell(opened);
  const auto pending = waits.get();
  CHECK(pending.status == 202);
  CHECK(pending.parsed()["incident"] == 1);
  CHECK(status("/scale/up?count=0") == 400);
  CHECK(status("/scale/up?service=other") == 400);
  CHECK(status("/scale/up?count=1") == 409);    // Two run: that would be down.
  CHECK(status("/scale/down?count=3") == 409);  // And this up.
  CHECK(ask(stand.port, "GET", "/scale/up").status == 405);
  ledger::Draft stop;
  stop.event.id = "stop";
  stop.event.role = incident::Role::person;
  stop.event.what = incident::StopSet{"maintenance", "ada"};
  stand.tell({stop});
  REQUIRE(comes_true([&] { return status("/scale/up?count=3") == 409; }));
  CHECK(ask(stand.port, "POST", "/scale/up").body.find("maintenance") != std::string::npos);
}

TEST_CASE("scaling and containers: for who may, and while the warden answers") {
  auto options = with_shop({});
  options.key = kKey;
  Stand stand(options);
  const auto session = "Cookie: " + std::string(kSessionCookie) + "=" +
                       make_session(kKey, stand.clock.now().wall) + "\r\n";
  for (const char* path : {"/scale/up", "/scale/down"}) {
    CHECK(ask(stand.port, "POST", path).status == 401);
    CHECK(ask(stand.port, "POST", path, "X-API-Key: wrong\r\n").status == 403);
    CHECK(ask(stand.port, "POST", path, session).status == 401);  // It opens reading alone.
  }
  for (const char* path : {"/containers", "/topology"}) {
    CHECK(ask(stand.port, "GET", path).status == 401);
    CHECK(ask(stand.port, "GET", path, session).status == 200);
  }
  CHECK(stand.inbox() == 0);
  auto gone = with_shop({});
  gone.containers = [] {
    return base::Result<warden::Listing>(
        base::Error{base::ErrorCode::unavailable, "nobody listens"});
  };
  Stand without(gone);
  for (const auto& [method, path] :
       {std::pair{"GET", "/containers"}, {"GET", "/topology"}, {"POST", "/scale/up"}}) {
    const auto reply = ask(without.port, method, path);
    CHECK(reply.status == 503);
    CHECK(reply.body.find("nobody listens") != std::string::npos);
  }
  CHECK(without.inbox() == 0);
}

}  // namespace console
