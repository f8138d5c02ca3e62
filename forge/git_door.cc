#include "forge/git_door.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "forge/api.h"
#include "forge/git/wire.h"
#include "forge/git_codec.h"
#include "forge/ref_changes.h"
#include "git/names.h"
#include "http/url.h"

namespace forge {
namespace {

constexpr std::array<std::string_view, 3> kServices = {"/info/refs", "/git-upload-pack",
                                                       "/git-receive-pack"};

http::Response say(int status, std::string text) {
  return http::make_response(status, "text/plain; charset=utf-8", std::move(text) + "\n");
}

std::string_view service_of(std::string_view path) {
  for (const std::string_view service : kServices) {
    if (path.ends_with(service)) return service;
  }
  return {};
}

// "/Owner/name.git/info/refs" to "owner/name".
std::string repository_of(std::string_view path) {
  path.remove_suffix(service_of(path).size());
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  return base::to_lower_ascii(http::percent_decode(path).value_or(""));
}

// The token: the password of whatever user, or as the API takes it.
std::string token_of(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  const std::size_t space = std::min(header.find(' '), header.size());
  const std::string scheme = base::to_lower_ascii(header.substr(0, space));
  const std::string_view value = base::trim(header.substr(space));
  if (scheme == "bearer" || scheme == "token") return std::string(value);
  if (scheme != "basic") return "";
  const std::string pair = base::decode_base64(value).value_or("");
  const std::size_t colon = pair.find(':');
  return colon == pair.npos ? "" : pair.substr(colon + 1);
}

http::Response ask_to_sign_in() {
  http::Response response = say(401, "Sign in with any user name and a token as the password.");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"forge\"");
  return response;
}

// Why the request is none of smart HTTP; nothing when it is.
std::optional<http::Response> find_fault(const http::Request& request, std::string_view service) {
  if (service == "/info/refs") {
    const std::string_view wanted = request.query_value("service");
    const bool is_known = wanted == "git-upload-pack" || wanted == "git-receive-pack";
    if (!is_known) return say(403, "Only git's smart protocol is served here; update your git.");
    return request.method == "GET" ? std::nullopt : std::optional(say(405, "GET alone"));
  }
  if (request.method != "POST") return say(405, "POST alone");
  const std::string type = "application/x-" + std::string(service.substr(1)) + "-request";
  if (request.header("Content-Type") != type) return say(415, "Content-Type must be " + type);
  const std::string_view encoding = request.header("Content-Encoding");
  const bool is_plain = encoding.empty() || encoding == "identity";
  const bool is_zipped_fetch = service == "/git-upload-pack" && encoding == "gzip";
  if (!is_plain && !is_zipped_fetch) return say(415, "no such Content-Encoding here");
  return std::nullopt;
}

bool is_push(const http::Request& request, std::string_view service) {
  return service == "/git-receive-pack" || request.query_value("service") == "git-receive-pack";
}

}  // namespace

GitDoor::GitDoor(Api& api, Gate gate, std::string repository, BackendOptions options)
    : api_(api),
      gate_(std::move(gate)),
      repository_(base::to_lower_ascii(repository)),
      backend_(std::move(options)) {}

bool GitDoor::owns(std::string_view path) { return !service_of(path).empty() && !Api::owns(path); }

std::optional<http::Response> GitDoor::refuse(const http::Request& head) {
  std::string login;
  return find_refusal(head, login);
}

std::optional<http::Response> GitDoor::find_refusal(const http::Request& request,
                                                    std::string& login) {
  const std::string_view service = service_of(request.path);
  const std::string token = token_of(request);
  const base::Status asked = gate_([&] { login = api_.login_of_any_token(token); });
  if (!asked.ok()) return say(503, asked.error().message);
  if (login.empty()) return ask_to_sign_in();
  const Role role = api_.role_of(login);
  if (repository_of(request.path) != repository_ || role == Role::none) {
    return say(404, "Repository not found.");
  }
  const bool is_writing = is_push(request, service);
  if (is_writing && role < Role::write) return say(403, "Permission to push denied to " + login);
  return find_fault(request, service);
}

http::Response GitDoor::handle(const http::Request& request) {
  std::string login;
  if (auto refusal = find_refusal(request, login)) return std::move(*refusal);
  const std::string_view service = service_of(request.path);
  const BackendCall call{request, std::string(service), login, {}};
  return service == "/git-receive-pack" ? push(call) : run(call);
}

http::Response GitDoor::push(const BackendCall& call) {
  const auto commands = read_commands(call.request.body);
  if (!commands) return say(400, "No git-receive-pack request.");
  BackendCall judged = call;
  std::vector<RefMove> moves;
  for (const PushCommand& command : *commands) {
    if (!git::is_writable_ref(command.ref)) {
      return say(422, "This ref cannot be pushed: it is no branch or tag with a plain name.");
    }
    moves.push_back({command.ref, command.from == git::kNullSha ? "" : command.from,
                     command.to == git::kNullSha ? "" : command.to});
  }
  PushVerdict verdict;
  base::Status passed = gate_([&] { verdict = api_.judge_push(call.login, moves); });
  if (!passed.ok()) return say(503, passed.error().message);
  if (!verdict.refusal.empty()) return say(403, verdict.refusal);
  if (verdict.keeps_history) judged.settings["receive.denyNonFastForwards"] = "true";
  http::Response response = run(judged);
  // Even after a failure some refs may have moved; what is not told now the next call finds.
  passed = gate_([&] { api_.note_refs(call.login); });
  return passed.ok() ? response : say(503, passed.error().message);
}

http::Response GitDoor::run(const BackendCall& call) {
  if (!slots_.try_acquire()) {
    http::Response busy = say(503, "Too many fetches and pushes at once; try again.");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  auto response = backend_.serve(call);
  slots_.release();
  if (response) return std::move(*response);
  return say(response.error().code == base::ErrorCode::timeout ? 504 : 503,
             response.error().message);
}

}  // namespace forge
