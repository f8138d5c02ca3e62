#include "engine/docker_engine.h"

#include <algorithm>

#include "engine/engine_codec.h"

namespace engine {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::steady_clock;

constexpr std::size_t kListBytesMax = 32U << 20U;
constexpr std::size_t kLogBytesMax = 4U << 20U;
constexpr int kLogLinesMax = 10'000;
constexpr int kTimeoutsMax = 3;
constexpr std::size_t kSamplesMax = 4096;
// {"type":["container"],"event":[...]}, so that exec and attach, of which health checks make many,
// are not sent.
constexpr const char* kEventsPath =
    "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C"
    "%22start%22%2C%22restart%22%2C%22die%22%2C%22oom%22%2C%22kill%22%2C%22stop%22%2C%22pause%22%2C"
    "%22unpause%22%2C%22destroy%22%2C%22health_status%22%5D%7D";

// Names as the engine allows them; an id is one too. Nothing else may enter a path.
bool is_name(std::string_view text) {
  const auto alnum = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || text.size() > 255 || !alnum(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return alnum(c) || c == '_' || c == '.' || c == '-'; });
}

ErrorCode code_of(int status) {
  if (status == 404) return ErrorCode::not_found;
  if (status == 409) return ErrorCode::conflict;
  if (status == 401 || status == 403) return ErrorCode::denied;
  return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid;
}

Error refusal(const std::string& path, const HttpAnswer& answer) {
  return {code_of(answer.status), "engine " + path.substr(0, path.find('?')) + ": " +
                                      std::to_string(answer.status) + " " +
                                      parse_message(answer.body)};
}

Error bad_id(std::string_view what) {
  return {ErrorCode::invalid,
          "engine: \"" + std::string(what.substr(0, 80)) + "\" is not a full id"};
}

// The API takes whole seconds; rounded up, a container never gets less than it was promised.
std::string whole_seconds(base::Duration grace) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::max(grace, base::Duration(0)));
  return std::to_string(seconds.count());
}

}  // namespace

bool Breaker::allows() {
  const std::lock_guard lock(mutex_);
  if (timeouts_ < kTimeoutsMax) return true;
  const auto now = steady_clock::now();
  if (now < closed_until_) return false;
  closed_until_ =
      now + std::chrono::seconds(1);  // One may look; the others wait for what it finds.
  return true;
}

void Breaker::answered() {
  const std::lock_guard lock(mutex_);
  timeouts_ = 0;
}

void Breaker::timed_out(base::Duration pause) {
  const std::lock_guard lock(mutex_);
  ++timeouts_;
  closed_until_ = steady_clock::now() + pause;
}

DockerEngine::DockerEngine(const std::string& host, DockerOptions options)
    : options_(std::move(options)), http_(host), cgroups_(options_.cgroup_root) {}

base::Result<HttpAnswer> DockerEngine::read_guarded(const HttpCall& call) {
  if (!breaker_.allows()) {
    return Error{ErrorCode::unavailable, "engine: does not answer, not asked again just now"};
  }
  auto answer = http_.read(call);
  if (answer.ok()) {
    breaker_.answered();
    return answer;
  }
  if (answer.error().code == ErrorCode::timeout) breaker_.timed_out(std::chrono::seconds(1));
  if (answer.error().code == ErrorCode::unavailable) {
    // Another engine, perhaps an older one, may be there next.
    const std::lock_guard lock(mutex_);
    prefix_.clear();
  }
  return answer.error().in("engine");
}

base::Result<std::string> DockerEngine::negotiate() {
  const auto answer =
      read_guarded({.target = "/_ping", .deadline = options_.reads, .answer_limit = 4096});
  if (!answer) return answer.error();
  if (answer.value().status != 200) return refusal("/_ping", *answer);
  std::string newest;
  for (const auto& [name, value] : answer.value().headers) {
    if (std::ranges::equal(name, std::string_view("api-version"), [](char a, char b) {
          return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
        })) {
      newest = value;
    }
  }
  auto chosen = choose_api(newest);
  if (!chosen) return chosen.error();
  const std::lock_guard lock(mutex_);
  return prefix_ = "/v" + *chosen;
}

base::Result<std::string> DockerEngine::prefix() {
  {
    const std::lock_guard lock(mutex_);
    if (!prefix_.empty()) return prefix_;
  }
  return negotiate();
}

base::Result<HttpAnswer> DockerEngine::read(const std::string& path, std::size_t limit) {
  const auto before = prefix();
  if (!before) return before.error();
  auto answer =
      read_guarded({.target = *before + path, .deadline = options_.reads, .answer_limit = limit});
  if (answer.ok() && answer->status != 200) return refusal(path, *answer);
  return answer;
}

base::Result<std::string> DockerEngine::version() {
  const auto fresh = negotiate();
  if (!fresh) return fresh.error();
  const auto answer = read("/version", kInspectBytesMax);
  if (!answer) return answer.error();
  return parse_version(answer.value().body);
}

base::Result<std::vector<Container>> DockerEngine::list() {
  const auto answer = read("/containers/json?all=1", kListBytesMax);
  if (!answer) return answer.error();
  const auto ids = parse_container_ids(answer.value().body);
  if (!ids) return ids.error();
  std::vector<Container> out;
  for (const ContainerId& id : *ids) {
    auto container = inspect(id);
    if (container.ok()) {
      out.push_back(std::move(*container));
    } else if (container.error().code != ErrorCode::not_found) {  // Gone meanwhile is fine.
      return container.error();
    }
  }
  return out;
}

base::Result<Container> DockerEngine::inspect(const std::string& id_or_name) {
  if (!is_name(id_or_name)) return bad_id(id_or_name);
  const auto answer = read("/containers/" + id_or_name + "/json", kInspectBytesMax);
  if (!answer) return answer.error();
  auto container = parse_container(answer.value().body);
  // The engine takes the beginning of an id for the id; we do not.
  if (container.ok() && container->id != id_or_name && container->name != id_or_name) {
    return Error{ErrorCode::not_found, "engine: no container named " + id_or_name};
  }
  return container;
}

base::Result<std::vector<std::string>> DockerEngine::log_tail(const ContainerId& id, int lines) {
  if (!is_container_id(id)) return bad_id(id);
  const std::string path = "/containers/" + id + "/logs?stdout=1&stderr=1&tail=";
  // Giant lines: fewer of them, so that the newest are kept.
  for (int wanted = std::clamp(lines, 1, kLogLinesMax);; wanted /= 8) {
    const auto answer = read(path + std::to_string(wanted), kLogBytesMax);
    if (answer) return parse_log(answer.value().body, wanted);
    if (answer.error().code != ErrorCode::invalid || wanted < 8) return answer.error();
  }
}

base::Result<Usage> DockerEngine::usage(const ContainerId& id) {
  if (!options_.cgroup_root.empty()) {
    if (auto read = cgroups_.read(id)) return *read;
  }
  const auto answer =
      read("/containers/" + id + "/stats?stream=false&one-shot=true", kInspectBytesMax);
  if (!answer) return answer.error();
  return parse_usage(answer.value().body);
}

double DockerEngine::cpu_percent(const ContainerId& id, std::int64_t cpu_ns) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (samples_.size() > kSamplesMax) samples_.clear();
  const auto found = samples_.find(id);
  const Sample was = found == samples_.end() ? Sample{cpu_ns, now} : found->second;
  samples_[id] = {cpu_ns, now};
  const auto passed = std::chrono::duration_cast<base::Duration>(now - was.at).count();
  // Counters begin anew when the container starts again.
  if (passed <= 0 || cpu_ns < was.cpu_ns) return 0;
  return 100.0 * static_cast<double>(cpu_ns - was.cpu_ns) / static_cast<double>(passed);
}

base::Result<Stats> DockerEngine::stats(const ContainerId& id) {
  if (!is_container_id(id)) return bad_id(id);
  const auto used = usage(id);
  if (!used) return used.error();
  Stats out;
  out.id = id;
  out.at = base::SystemClock().now().wall;
  out.memory_bytes = used.value().memory_bytes;
  out.memory_limit_bytes = used.value().memory_limit_bytes;
  out.cpu_percent = cpu_percent(id, used.value().cpu_ns);
  return out;
}

base::Result<std::string> DockerEngine::send(const Effect& effect) {
  const auto before = prefix();
  if (!before) {
    // Nothing was sent, whatever the ping ran into.
    return Error{ErrorCode::unavailable, before.error().message};
  }
  if (!breaker_.allows()) {
    return Error{ErrorCode::unavailable, "engine: does not answer, nothing sent"};
  }
  auto answer = http_.effect({.method = effect.method,
                              .target = *before + effect.path,
                              .body = effect.body,
                              .deadline = options_.effects + effect.grace,
                              .answer_limit = kInspectBytesMax});
  if (!answer) {
    if (answer.error().code == ErrorCode::unknown) breaker_.timed_out(std::chrono::seconds(1));
    return answer.error().in("engine");
  }
  breaker_.answered();
  // 304: it is so already.
  const int status = answer.value().status;
  if (status / 100 == 2 || status == 304) return std::move(answer->body);
  Error error = refusal(effect.path, *answer);
  if (status >= 500) error.code = effect.on_server_error;
  return error;
}

base::Status DockerEngine::effect(const Effect& effect) {
  const auto sent = send(effect);
  return sent ? base::Status() : sent.error();
}

base::Status DockerEngine::start(const ContainerId& id) {
  if (!is_container_id(id)) return bad_id(id);
  return effect({.path = "/containers/" + id + "/start"});
}

base::Status DockerEngine::restart(const ContainerId& id, base::Duration grace) {
  if (!is_container_id(id)) return bad_id(id);
  // A 5xx may have come after the stop and before the start: somebody must look.
  return effect({.path = "/containers/" + id + "/restart?t=" + whole_seconds(grace),
                 .grace = grace,
                 .on_server_error = ErrorCode::unknown});
}

base::Status DockerEngine::stop(const ContainerId& id, base::Duration grace) {
  if (!is_container_id(id)) return bad_id(id);
  return effect({.path = "/containers/" + id + "/stop?t=" + whole_seconds(grace),
                 .grace = grace,
                 .on_server_error = ErrorCode::unknown});
}

base::Status DockerEngine::follow(const std::function<void()>& connected,
                                  const std::function<bool(const Event&)>& receive,
                                  std::stop_token stop) {
  const auto before = prefix();
  if (!before) return before.error();
  HttpStream wanted;
  wanted.target = *before + kEventsPath;
  wanted.answer_within = options_.reads;
  wanted.accept = [&](int status) -> base::Status {
    if (status != 200) return refusal("/events", {status, {}, {}});
    breaker_.answered();
    connected();
    return {};
  };
  wanted.receive = [&](std::string_view line) {
    const auto event = parse_event(line);
    return !event || !event.value() || receive(**event);
  };
  return http_.stream(wanted, std::move(stop));
}

}  // namespace engine
