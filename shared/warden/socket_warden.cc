#include "warden/socket_warden.h"

#include "warden/warden_codec.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

Error bad_id() { return {ErrorCode::invalid, "warden: not a full container id"}; }

}  // namespace

SocketWarden::SocketWarden(const std::string& socket_path, SocketWardenOptions options)
    : options_(options), http_("unix://" + socket_path) {}

base::Result<std::string> SocketWarden::read(const std::string& target) {
  auto answer = http_.read({.target = target, .deadline = options_.reads});
  if (!answer) return answer.error().in("warden");
  if (answer->status != 200) return parse_error(answer->body);
  return std::move(answer->body);
}

base::Result<Listing> SocketWarden::list() {
  const auto body = read("/containers");
  return body ? parse_listing(body.value()) : body.error();
}

base::Result<Member> SocketWarden::inspect(const engine::ContainerId& id) {
  if (!engine::is_container_id(id)) return bad_id();
  const auto body = read("/containers/" + id);
  return body ? parse_member(body.value()) : body.error();
}

base::Result<std::vector<std::string>> SocketWarden::log_tail(const engine::ContainerId& id,
                                                              int lines) {
  if (!engine::is_container_id(id)) return bad_id();
  const auto body = read("/containers/" + id + "/logs?tail=" + std::to_string(lines));
  return body ? parse_log(body.value()) : body.error();
}

base::Result<std::string> SocketWarden::keep(const engine::ContainerId& id) {
  if (!engine::is_container_id(id)) return bad_id();
  const auto body = read("/containers/" + id + "/snapshot");
  return body ? parse_kept(body.value()) : body.error();
}

base::Status SocketWarden::follow(const std::function<bool(const Notice&)>& receive,
                                  std::stop_token stop) {
  engine::HttpStream wanted;
  wanted.target = "/stream";
  wanted.answer_within = options_.reads;
  wanted.quiet_max = options_.quiet_max;
  wanted.accept = [](int status) -> base::Status {
    if (status == 200) return {};
    return Error{ErrorCode::unavailable, "warden: stream refused, " + std::to_string(status)};
  };
  wanted.receive = [&receive](std::string_view line) {
    if (line.empty()) return true;  // A sign of life.
    const auto notice = parse_notice(line);
    return !notice || receive(notice.value());
  };
  const auto status = http_.stream(wanted, std::move(stop));
  return status.ok() ? status : status.error().in("warden");
}

base::Result<Performed> SocketWarden::perform(const Operation& operation) {
  const auto answer = http_.effect({.method = "POST",
                                    .target = "/ops",
                                    .body = encode(operation),
                                    .deadline = options_.effects + operation.grace});
  if (!answer) return answer.error().in("warden");
  if (answer.value().status != 200) return parse_error(answer.value().body);
  auto performed = parse_performed(answer.value().body);
  // It did something that we cannot read.
  if (!performed) return Error{ErrorCode::unknown, performed.error().message};
  return performed;
}

}  // namespace warden
