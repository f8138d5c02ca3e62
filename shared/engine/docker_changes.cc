// The part of DockerEngine that makes, renames, changes and removes containers.
#include <algorithm>

#include "engine/docker_engine.h"
#include "engine/engine_codec.h"
#include "engine/snapshot_codec.h"

namespace engine {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kNameBytesMax = 255;

bool is_one_of(std::string_view text, std::string_view others) {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_new_name(std::string_view text) {
  return is_one_of(text, "_.-") && text.front() != '_' && text.front() != '.' &&
         text.front() != '-';
}

// Nothing that could end the path or begin a query.
bool is_image(std::string_view text) {
  return is_one_of(text, "_.-/:@") && text.find("..") == std::string_view::npos;
}

Error is_no(const std::string& what, std::string_view text) {
  return {ErrorCode::invalid, "engine: \"" + std::string(text.substr(0, 80)) + "\" is no " + what};
}

}  // namespace

base::Result<std::string> DockerEngine::inspect_text(const ContainerId& id) {
  if (!is_container_id(id)) return is_no("full id", id);
  auto answer = read("/containers/" + id + "/json", kInspectBytesMax);
  if (!answer) return answer.error();
  const auto container = parse_container(answer->body);
  if (!container) return container.error();
  if (container->id != id) return Error{ErrorCode::not_found, "engine: no container " + id};
  return std::move(answer->body);
}

base::Result<std::string> DockerEngine::snapshot(const ContainerId& id) {
  const auto text = inspect_text(id);
  if (!text) return text.error();
  return make_snapshot(*text);
}

base::Result<std::map<std::string, std::string>> DockerEngine::addresses(const ContainerId& id) {
  const auto text = inspect_text(id);
  if (!text) return text.error();
  return parse_addresses(*text);
}

base::Result<std::string> DockerEngine::image_for(const std::string& snapshot) {
  const auto facts = read_snapshot(snapshot);
  if (!facts) return facts.error();
  if (facts->image_id.empty()) return facts->image;  // Another image was asked for.
  if (!is_image(facts->image)) return facts->image_id;
  const auto answer = read("/images/" + facts->image + "/json", kInspectBytesMax);
  if (!answer) {
    if (answer.error().code == ErrorCode::not_found) return facts->image_id;
    return answer.error();
  }
  const auto id = parse_image_id(answer.value().body);
  return id.ok() && *id == facts->image_id ? facts->image : facts->image_id;
}

base::Result<ContainerId> DockerEngine::create_from(const std::string& snapshot,
                                                    const Overrides& overrides) {
  if (!is_new_name(overrides.name)) return is_no("container's name", overrides.name);
  const auto wanted = with_overrides(snapshot, overrides);
  if (!wanted) return wanted.error();
  const auto image = image_for(*wanted);
  // Only asked so far: whatever failed, nothing was made.
  if (!image && image.error().code == ErrorCode::timeout) {
    return Error{ErrorCode::unavailable, image.error().message};
  }
  if (!image) return image.error();
  if (!is_image(*image)) return is_no("image", *image);
  const auto calls = creation_calls(*wanted, *image);
  if (!calls) return calls.error();
  const auto made =
      send({.path = "/containers/create?name=" + overrides.name, .body = calls->create});
  if (!made) return made.error();
  auto id = parse_created_id(*made);
  if (!id) return Error{ErrorCode::unknown, id.error().message};
  for (const auto& [network, body] : calls->connect) {
    const auto connected = connect(*id, network, body);
    if (connected.ok()) continue;
    // Half of it is of no use to anybody; if it cannot be removed, its name tells what it is.
    (void)remove(*id);
    return connected.error().in("connect to network " + network);
  }
  return id;
}

base::Status DockerEngine::connect(const ContainerId& id, const std::string& network,
                                   const std::string& body) {
  if (!is_one_of(network, "_.-")) return is_no("network", network);
  const auto whole = connection_for(body, id);
  if (!whole) return whole.error();
  return effect({.path = "/networks/" + network + "/connect", .body = *whole});
}

base::Status DockerEngine::rename(const ContainerId& id, const std::string& name) {
  if (!is_container_id(id)) return is_no("full id", id);
  if (!is_new_name(name)) return is_no("container's name", name);
  return effect({.path = "/containers/" + id + "/rename?name=" + name,
                 .on_server_error = ErrorCode::unknown});
}

base::Status DockerEngine::remove(const ContainerId& id) {
  if (!is_container_id(id)) return is_no("full id", id);
  return effect(
      {.method = "DELETE", .path = "/containers/" + id, .on_server_error = ErrorCode::unknown});
}

base::Status DockerEngine::update_limits(const ContainerId& id, const ResourceLimits& limits) {
  const auto before = snapshot(id);
  if (!before) {
    const auto code = before.error().code;
    if (code == ErrorCode::timeout) return Error{ErrorCode::unavailable, before.error().message};
    return before.error();
  }
  const auto body = update_body(*before, limits);
  if (!body) return body.error();
  // The engine puts the old limits back when the kernel refuses the new ones.
  auto updated = effect({.path = "/containers/" + id + "/update",
                         .body = *body,
                         .on_server_error = ErrorCode::conflict});
  if (!updated.ok() && updated.error().code == ErrorCode::invalid) {
    return Error{ErrorCode::conflict, updated.error().message};
  }
  return updated;
}

}  // namespace engine
