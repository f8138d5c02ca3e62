#include "agents/warden/balancer.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "agents/warden/durable.h"
#include "agents/warden/passed.h"
#include "agents/warden/spawn.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/http_client.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

constexpr base::Duration kLookEvery = std::chrono::milliseconds(10);
constexpr base::Duration kTestWithin = std::chrono::seconds(10);
constexpr std::string_view kHead = "# Written by sre-space; not to be edited. Generation ";
constexpr std::string_view kMark = "GENERATION";  // Where the hash of the rest is put.
constexpr std::size_t kHashLength = 64;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// "10.0.0.7:8000"; nothing that could be more than an address to nginx.
bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.find(':') != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '.' || c == ':' ||
                  c == '[' || c == ']';
         });
}

// The words of a configuration; braces and semicolons are words of their own.
std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words(1);
  bool is_comment = false;
  for (const char c : text) {
    is_comment = c == '#' || (is_comment && c != '\n');
    const bool is_sign = c == '{' || c == '}' || c == ';';
    if (is_comment || is_sign || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!words.back().empty()) words.emplace_back();
      if (is_sign && !is_comment) words.back() = c, words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  words.pop_back();
  return words;
}

// The addresses in each upstream block of a file that somebody else wrote.
std::map<std::string, std::vector<std::string>> servers_in(const std::string& text) {
  std::map<std::string, std::vector<std::string>> servers;
  const auto words = words_in(text);
  std::string upstream;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "upstream" && words[i + 2] == "{") upstream = words[i + 1];
    if (words[i] == "}") upstream.clear();
    if (words[i] == "server" && !upstream.empty() && is_address(words[i + 1]))
      servers[upstream].push_back(words[i + 1]);
  }
  return servers;
}

pid_t read_pid(const std::string& path) {
  const std::string text = read_file(path);
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

std::string address_in(const std::string& text) {
  constexpr std::string_view kListen = "\n  listen ";
  const auto at = text.rfind(kListen);
  if (at == std::string::npos) return "";
  const auto begin = at + kListen.size();
  return text.substr(begin, text.find(';', begin) - begin);
}

std::string generation_at(const std::string& address) {
  engine::HttpClient client("tcp://" + address);
  const auto answer = client.read(
      {.target = "/generation", .deadline = std::chrono::milliseconds(500), .answer_limit = 4096});
  return answer && answer->status == 200 ? answer->body : "";
}

}  // namespace

std::string generation_in(const std::string& text) {
  if (!text.starts_with(kHead) || text.size() < kHead.size() + kHashLength) return "";
  std::string hash = text.substr(kHead.size(), kHashLength);
  return base::sha256_hex(replace_all(text, hash, kMark)) == hash ? hash : "";
}

Balancer::Balancer(config::Balancer config, const base::Logger& log, base::Duration answer_within)
    : config_(std::move(config)), log_(log), answer_within_(answer_within) {}

int Balancer::port_of(const std::string& service) const {
  const auto found =
      std::ranges::find(config_.upstreams, service, &config::Balancer::Upstream::service);
  return found == config_.upstreams.end() ? 0 : found->port;
}

std::string Balancer::render(const Upstreams& upstreams) const {
  std::string out(kHead);
  out += std::string(kMark) + "\n";
  for (const auto& upstream : config_.upstreams) {
    const auto found = upstreams.find(upstream.service);
    if (found == upstreams.end()) continue;
    out += "# " + upstream.service + "\nupstream " + upstream.name + " {\n";
    for (const std::string& address : found->second) out += "  server " + address + ";\n";
    out += "}\n";
  }
  out += "server {\n  listen " + config_.generation_address +
         ";\n  access_log off;\n  location = /generation { return 200 \"" + std::string(kMark) +
         "\"; }\n  location / { return 404; }\n}\n";
  const std::string hash = base::sha256_hex(out);
  return replace_all(std::move(out), kMark, hash);
}

std::string Balancer::generation() const { return generation_at(config_.generation_address); }

// Whether nginx has read this very text, asked where the text itself says.
bool Balancer::is_read(const std::string& text) const {
  const std::string wanted = generation_in(text);
  return !wanted.empty() && generation_at(address_in(text)) == wanted;
}

bool Balancer::becomes_read(const std::string& text) const {
  const auto end = std::chrono::steady_clock::now() + answer_within_;
  while (!is_read(text)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

// By itself, before it is anywhere nginx would find it.
base::Status Balancer::test_staged(const std::string& staged) {
  const std::string alone = config_.file + ".test";
  const std::string text = "error_log stderr;\npid " + alone +
                           ".pid;\nevents {}\nhttp {\n  include " + staged + ";\n}\n";
  if (auto status = write_durably(alone, text, 0644); !status.ok()) return status;
  auto argv = config_.test;
  argv.insert(argv.end(), {"-c", alone});
  const auto tested = run_command(argv, kTestWithin);
  return tested.ok() ? tested : tested.error().in("check of the balancer's new file");
}

// Nothing is changed unless this succeeds.
base::Status Balancer::install(const std::string& text) {
  const std::string staged = config_.file + ".staged", good = config_.file + ".good";
  if (auto status = write_durably(staged, text, 0644); !status.ok()) return status;
  if (auto status = test_staged(staged); !status.ok()) return status;
  if (auto status = passed("warden.balancer.staged"); !status.ok()) return status;
  // What stands there is good when it is answered with, or was there before us.
  const std::string now = read_file(config_.file);
  const std::string running = generation_in(now);
  if (!now.empty() && (running.empty() || is_read(now))) {
    if (auto status = write_durably(good + ".staged", now, 0644); !status.ok()) return status;
    if (auto status = move_durably(good + ".staged", good); !status.ok()) return status;
  }
  if (auto status = move_durably(staged, config_.file); !status.ok()) return status;
  return passed("warden.balancer.renamed");
}

base::Status Balancer::reload(const std::string& text) {
  const auto tested = run_command(config_.test, kTestWithin);
  if (!tested.ok()) return tested.error().in("check of the balancer's configuration");
  if (auto status = passed("warden.balancer.tested"); !status.ok()) return status;
  const pid_t pid = read_pid(config_.pid_file);
  if (pid <= 1 || ::kill(pid, SIGHUP) != 0) {
    return Error{ErrorCode::conflict, "reload the balancer: no nginx by " + config_.pid_file};
  }
  if (auto status = passed("warden.balancer.told"); !status.ok()) return status;
  // A file that was there before ours does not say which it is.
  if (generation_in(text).empty() || becomes_read(text)) return {};
  return Error{ErrorCode::conflict, "reload the balancer: " + address_in(text) +
                                        " does not answer with the new generation"};
}

Error Balancer::roll_back(const Error& why) {
  const std::string good = read_file(config_.file + ".good");
  log_.warn("balancer not changed", {{"reason", why.message}});
  const std::string staged = config_.file + ".staged";
  if (good.empty()) {
    return {ErrorCode::unknown, why.message + "; there is no earlier file to go back to"};
  }
  auto status = write_durably(staged, good, 0644);
  if (status.ok()) status = move_durably(staged, config_.file);
  if (status.ok()) status = reload(good);
  if (status.ok()) return {ErrorCode::conflict, why.message + "; it serves as before"};
  return {ErrorCode::unknown, why.message + "; and back: " + status.error().message};
}

base::Status Balancer::apply(const std::string& text) {
  if (read_file(config_.file) == text && is_read(text)) return {};
  if (auto status = install(text); !status.ok()) return status;
  const auto loaded = reload(text);
  if (loaded.ok()) return {};
  return roll_back(loaded.error());
}

base::Status Balancer::set(const std::string& service, const std::vector<std::string>& addresses) {
  if (addresses.empty() || !std::ranges::all_of(addresses, is_address)) {
    return Error{ErrorCode::invalid, "balance " + service + ": no address, or none that is one"};
  }
  if (port_of(service) == 0) {
    return Error{ErrorCode::invalid, "balance " + service + ": not configured"};
  }
  const std::lock_guard lock(mutex_);
  Upstreams wanted = upstreams_;
  wanted[service] = addresses;
  auto applied = apply(render(wanted));
  if (applied.ok()) upstreams_ = std::move(wanted);
  return applied;
}

base::Status Balancer::recover() {
  const std::lock_guard lock(mutex_);
  const std::string text = read_file(config_.file);
  base::Status out;
  // A file that is not ours gives way to the next set().
  if (!generation_in(text).empty() && !is_read(text)) {
    log_.info("the balancer is told again", {{"file", config_.file}});
    if (auto told = reload(text); !told.ok()) out = roll_back(told.error());
  }
  const std::string now = read_file(config_.file);
  // ... which must not take away what others have there: nginx may not start without them.
  const auto others = generation_in(now).empty()
                          ? servers_in(now)
                          : std::map<std::string, std::vector<std::string>>();
  for (const auto& upstream : config_.upstreams) {
    if (const auto found = others.find(upstream.name); found != others.end())
      upstreams_[upstream.service] = found->second;
  }
  std::string service;
  for (const std::string_view line : base::split(now, '\n')) {
    if (!others.empty()) break;
    if (line.starts_with("# ") && !line.starts_with(kHead)) service = line.substr(2);
    if (!line.starts_with("  server ") || port_of(service) == 0) continue;
    upstreams_[service].emplace_back(line.substr(9, line.size() - 10));
  }
  // Rolled back: nginx and the file are one again, which is all that is wanted here.
  if (!out.ok() && out.error().code == ErrorCode::conflict) return {};
  return out;
}

}  // namespace warden
