#include "chaos/demo/service.h"

#include <unistd.h>

#include <charconv>
#include <thread>

namespace demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kGrowthMb = 10;  // Per call of /trigger_memory.
constexpr milliseconds kUpstreamPatience{2000};
constexpr seconds kDatabaseDelay{5};
constexpr int kFaultSecondsMax = 3600;
constexpr int kSlowMsMax = 30000;

Reply refuse(int status, std::string_view why) {
  return {status, "{\"error\":\"" + json_text(why) + "\"}\n"};
}

// The parameter `key` as a number in 1..max, `otherwise` when absent, nullopt when it is neither.
std::optional<int> number(const Request& request, const std::string& key, int otherwise, int max) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return otherwise;
  const std::string& text = found->second;
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > max) return std::nullopt;
  return value;
}

std::string next_target(Persona persona, int user) {
  return persona == Persona::quote ? "/policy?user=" + std::to_string(user)
                                   : "/user?id=" + std::to_string(user);
}

std::string trimmed(std::string body) {
  while (!body.empty() && body.back() == '\n') body.pop_back();
  return body;
}

// What this persona itself knows, around what its upstream said.
std::string compose(Persona persona, int user, const std::string& upstream_body) {
  const std::string id = std::to_string(user);
  switch (persona) {
    case Persona::quote:
      return "{\"quote\":" + std::to_string(100 + user % 50) + ",\"policy\":" + upstream_body +
             "}\n";
    case Persona::policy:
      return "{\"policy\":\"P-" + id + "\",\"user\":" + upstream_body + "}\n";
    case Persona::user:
      return "{\"id\":" + id + ",\"name\":\"User " + id + "\"}\n";
  }
  return {};
}

}  // namespace

std::optional<Persona> parse_persona(std::string_view text) {
  for (const auto persona : {Persona::quote, Persona::policy, Persona::user}) {
    if (text == to_string(persona)) return persona;
  }
  return std::nullopt;
}

std::string_view to_string(Persona persona) {
  switch (persona) {
    case Persona::quote:
      return "quote";
    case Persona::policy:
      return "policy";
    case Persona::user:
      return "user";
  }
  return {};
}

Service::Service(Persona persona, std::string name, std::optional<Url> upstream)
    : persona_(persona), name_(std::move(name)), upstream_(std::move(upstream)) {}

Reply Service::handle(const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  const Reply reply = request.method == "GET" || request.method == "POST"
                          ? route(request)
                          : refuse(405, "only GET and POST are served");
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  if (request.path != "/health" || reply.status != 200) {
    log(request.method + ' ' + json_text(request.path) + ' ' + std::to_string(reply.status) + ' ' +
        std::to_string(took.count()) + " ms");
  }
  return reply;
}

void Service::log(const std::string& line) const {
  const std::string whole = name_ + ": " + line + '\n';
  // A log that cannot be written is no reason to stop serving.
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, whole.data(), whole.size());
}

Reply Service::route(const Request& request) {
  const std::string& path = request.path;
  if (path == "/health") return health();
  if (path == "/") return info();
  if (path.substr(1) == to_string(persona_)) return business(request);
  if (path == "/trigger_memory") return trigger_memory();
  if (path == "/trigger_cpu") return trigger_cpu(request);
  if (path == "/trigger_db_latency") return trigger_db_latency();
  if (path == "/trigger_slow") return trigger_slow(request);
  if (path == "/reset") return reset();
  return refuse(404, "no such path");
}

Reply Service::health() const {
  const auto up =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  return {200, "{\"status\":\"healthy\",\"service\":\"" + json_text(name_) + "\",\"persona\":\"" +
                   std::string(to_string(persona_)) +
                   "\",\"uptime_ms\":" + std::to_string(up.count()) +
                   ",\"memory_mb\":" + std::to_string(resident_mb()) + "}\n"};
}

Reply Service::info() const {
  const std::string persona(to_string(persona_));
  std::string upstream = "null";
  if (upstream_)
    upstream = '"' + json_text(upstream_->host) + ':' + std::to_string(upstream_->port) + '"';
  return {200, "{\"service\":\"" + json_text(name_) + "\",\"persona\":\"" + persona +
                   "\",\"upstream\":" + upstream + ",\"paths\":[\"/health\",\"/" + persona +
                   "\",\"/trigger_memory\",\"/trigger_cpu\",\"/trigger_db_latency\","
                   "\"/trigger_slow\",\"/reset\"]}\n"};
}

Reply Service::business(const Request& request) {
  const auto user = number(request, persona_ == Persona::user ? "id" : "user", 1, 999999999);
  if (!user) return refuse(400, "the user must be a positive number");
  std::this_thread::sleep_for(faults_.delay());
  if (!upstream_) return {200, compose(persona_, *user, {})};
  const Fetched below = fetch(*upstream_, next_target(persona_, *user), kUpstreamPatience);
  if (below.ok && below.reply.status == 200) {
    return {200, compose(persona_, *user, trimmed(below.reply.body))};
  }
  const std::string why =
      "upstream " + upstream_->host + ':' + std::to_string(upstream_->port) + ' ' +
      (below.ok
           ? "answered " + std::to_string(below.reply.status) + ": " + trimmed(below.reply.body)
           : below.reason);
  log("error: " + json_text(why));
  return refuse(502, why);
}

Reply Service::trigger_memory() {
  const auto kept = faults_.grow(kGrowthMb);
  const std::string now = std::to_string(resident_mb());
  log("cache grew to " + std::to_string(kept) + " MB, resident " + now + " MB");
  return {200, "{\"status\":\"memory allocated\",\"allocated_mb\":" + std::to_string(kGrowthMb) +
                   ",\"total_allocated_mb\":" + std::to_string(kept) +
                   ",\"current_memory_usage_mb\":" + now + "}\n"};
}

Reply Service::trigger_cpu(const Request& request) {
  const auto time = number(request, "seconds", 60, kFaultSecondsMax);
  if (!time) return refuse(400, "seconds must be in 1..3600");
  faults_.burn(seconds(*time));
  log("busy loop started for " + std::to_string(*time) + " s");
  return {200, "{\"status\":\"burning one core\",\"seconds\":" + std::to_string(*time) + "}\n"};
}

Reply Service::trigger_slow(const Request& request) {
  const auto delay = number(request, "ms", 900, kSlowMsMax);
  const auto time = number(request, "seconds", 60, kFaultSecondsMax);
  if (!delay || !time) return refuse(400, "ms must be in 1..30000 and seconds in 1..3600");
  faults_.slow_down(milliseconds(*delay), seconds(*time));
  log("answers slowed by " + std::to_string(*delay) + " ms for " + std::to_string(*time) + " s");
  return {200, "{\"status\":\"slow\",\"ms\":" + std::to_string(*delay) +
                   ",\"seconds\":" + std::to_string(*time) + "}\n"};
}

Reply Service::trigger_db_latency() {
  log("database query is slow");
  std::this_thread::sleep_for(kDatabaseDelay);
  return {200, "{\"status\":\"database answered\",\"seconds\":5}\n"};
}

Reply Service::reset() {
  faults_.reset();
  const std::string now = std::to_string(resident_mb());
  log("reset: faults ended, resident " + now + " MB");
  return {200, "{\"status\":\"reset\",\"current_memory_usage_mb\":" + now + "}\n"};
}

}  // namespace demo
