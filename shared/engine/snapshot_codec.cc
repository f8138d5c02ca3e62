#include "engine/snapshot_codec.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace engine {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kShortId = 12;
constexpr std::int64_t kCpuPeriod = 100'000;  // µs; the engine's default.

Error invalid(std::string_view what) {
  return {ErrorCode::invalid, "snapshot: " + std::string(what)};
}

bool is_user_defined(std::string_view mode) {
  return !mode.empty() && mode != "default" && mode != "bridge" && mode != "host" &&
         mode != "none" && !mode.starts_with("container:");
}

// The engine names anonymous volumes by 64 hex digits, as it does containers.
bool is_anonymous(std::string_view volume) { return is_container_id(volume); }

bool is_empty(const json& value) { return value.is_null() || value.empty(); }

// The name of the volume mounted at `destination`; empty when there is none.
std::string volume_at(const json& inspect, const std::string& destination) {
  for (const json& mount : base::get_array(inspect, "Mounts")) {
    if (base::get_string(mount, "Type") != "volume") continue;
    if (base::get_string(mount, "Destination") == destination) {
      return base::get_string(mount, "Name");
    }
  }
  return "";
}

// Anonymous volumes are kept by name, wherever they came from (the image, `-v /path`, an earlier
// recreation): the data belongs to the container.
void read_volumes(const json& inspect, json& creation) {
  json& host = creation["host"];
  json binds = json::array(), anonymous = json::object();
  for (const json& bind : base::get_array(host, "Binds")) {
    const auto parts = base::split(bind.get_ref<const std::string&>(), ':');
    if (parts.size() == 2 && is_anonymous(parts[0])) {
      anonymous[std::string(parts[1])] = std::string(parts[0]);
    } else {
      binds.push_back(bind);
    }
  }
  std::sort(binds.begin(), binds.end());
  json mounts = base::get_array(host, "Mounts");
  for (json& mount : mounts) {
    if (base::get_string(mount, "Type") != "volume" || mount.contains("Source")) continue;
    mount["Source"] = volume_at(inspect, base::get_string(mount, "Target"));
  }
  const auto is_mount = [&](const std::string& target) {
    return std::ranges::any_of(
        mounts, [&](const json& mount) { return base::get_string(mount, "Target") == target; });
  };
  for (const json& mount : base::get_array(inspect, "Mounts")) {
    const std::string target = base::get_string(mount, "Destination");
    const std::string name = base::get_string(mount, "Name");
    if (base::get_string(mount, "Type") == "volume" && is_anonymous(name) && !is_mount(target)) {
      anonymous[target] = name;
    }
  }
  host["Binds"] = std::move(binds);
  host["Mounts"] = std::move(mounts);
  creation["anonymous_volumes"] = std::move(anonymous);
}

json network_of(const json& endpoint, const std::string& short_id) {
  json out = json::object();
  json aliases = json::array();
  for (const json& alias : base::get_array(endpoint, "Aliases")) {
    if (alias != short_id && std::ranges::find(aliases, alias) == aliases.end()) {
      aliases.push_back(alias);
    }
  }
  std::sort(aliases.begin(), aliases.end());
  if (!aliases.empty()) out["Aliases"] = std::move(aliases);
  for (const char* field : {"IPAMConfig", "Links", "DriverOpts"}) {
    if (endpoint.contains(field) && !is_empty(endpoint.at(field))) out[field] = endpoint.at(field);
  }
  return out;
}

void read_networks(const json& inspect, const std::string& short_id, json& creation) {
  json networks = json::object();
  std::string mode = base::get_string(creation["host"], "NetworkMode");
  const json& settings = base::get_object(inspect, "NetworkSettings");
  for (const auto& [name, endpoint] : base::get_object(settings, "Networks").items()) {
    if (name == "host" || name == "none") continue;
    // The network may have been named by its id.
    if (mode == base::get_string(endpoint, "NetworkID")) mode = name;
    networks[name] = network_of(endpoint, short_id);
  }
  // An engine without a default network names it for some containers only.
  if (mode == "default" || mode == "bridge") networks.emplace("bridge", json::object());
  creation["host"]["NetworkMode"] = mode;
  creation["networks"] = std::move(networks);
}

// "/other:/this/alias", as the engine tells it, is "other:alias" when it is asked for.
void read_links(json& host) {
  json links = json::array();
  for (const json& link : base::get_array(host, "Links")) {
    std::string text = link.get<std::string>();
    const auto colon = text.find(":/");
    if (text.starts_with('/') && colon != std::string::npos) {
      text = text.substr(1, colon - 1) + ":" + text.substr(text.rfind('/') + 1);
    }
    links.push_back(std::move(text));
  }
  host["Links"] = std::move(links);
}

base::Result<json> parse_snapshot(std::string_view text) {
  auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error().in("snapshot");
  if (base::get_int(*parsed, "version") != kVersion) return invalid("of another version");
  const json& creation = base::get_object(*parsed, "creation");
  for (const char* part : {"config", "host", "networks", "anonymous_volumes"}) {
    if (!creation.contains(part) || !creation.at(part).is_object()) {
      return invalid(std::string("no ") + part);
    }
  }
  return parsed;
}

// What the engine makes of a memory limit when no swap is asked for: twice as much in all.
std::int64_t swap_for(const json& host, std::int64_t memory) {
  const auto old = base::get_int(host, "Memory"), swap = base::get_int(host, "MemorySwap");
  if (swap == -1 || memory == 0) return swap == -1 ? -1 : 0;
  if (swap != 0 && swap == old) return memory;  // No swap at all.
  if (swap == 0 || swap == 2 * old) return 2 * memory;
  return std::max(swap, memory);
}

void set_limits(json& host, const ResourceLimits& limits) {
  if (limits.memory_bytes) {
    host["MemorySwap"] = swap_for(host, *limits.memory_bytes);
    host["Memory"] = *limits.memory_bytes;
  }
  if (!limits.cpu) return;
  if (const auto quota = base::get_int(host, "CpuQuota"); quota > 0) {
    const auto period = base::get_int(host, "CpuPeriod");
    const auto whole = static_cast<double>(period > 0 ? period : kCpuPeriod);
    host["CpuQuota"] = static_cast<std::int64_t>(std::llround(*limits.cpu * whole));
  } else {
    host["NanoCpus"] = static_cast<std::int64_t>(std::llround(*limits.cpu * 1e9));
  }
}

// Leaves out what two containers cannot both have.
void make_replica(json& creation) {
  json& host = creation["host"];
  host["PortBindings"] = json::object();
  host["PublishAllPorts"] = false;
  creation["config"].erase("MacAddress");
  creation["anonymous_volumes"] = json::object();
  for (json& mount : host["Mounts"]) {
    if (is_anonymous(base::get_string(mount, "Source"))) mount.erase("Source");
  }
  for (auto& [name, network] : creation["networks"].items()) {
    network.erase("IPAMConfig");
    network.erase("Aliases");
  }
}

double cpu_limit_of(const json& host) {
  if (const auto nano = base::get_int(host, "NanoCpus"); nano > 0) {
    return static_cast<double>(nano) / 1e9;
  }
  const auto quota = base::get_int(host, "CpuQuota"), period = base::get_int(host, "CpuPeriod");
  if (quota <= 0) return 0;
  return static_cast<double>(quota) / static_cast<double>(period > 0 ? period : kCpuPeriod);
}

}  // namespace

base::Result<std::string> make_snapshot(std::string_view inspect_json) {
  const auto parsed = base::parse_json(inspect_json);
  if (!parsed) return parsed.error().in("snapshot");
  const json& inspect = *parsed;
  const std::string id = base::get_string(inspect, "Id");
  std::string name = base::get_string(inspect, "Name");
  if (name.starts_with('/')) name.erase(0, 1);
  json creation = {{"config", base::get_object(inspect, "Config")},
                   {"host", base::get_object(inspect, "HostConfig")},
                   {"image_id", base::get_string(inspect, "Image")}};
  if (!is_container_id(id) || name.empty() || !creation["config"].is_object() ||
      !creation["host"].is_object()) {
    return invalid("the engine's answer is no container");
  }
  const std::string short_id = id.substr(0, kShortId);
  json& config = creation["config"];
  const json about = {{"name", name}, {"image", base::get_string(config, "Image")}};
  config.erase("Image");
  const std::string mode = base::get_string(creation["host"], "NetworkMode");
  const bool borrowed = mode.starts_with("container:");
  if (base::get_string(config, "Hostname") == short_id || borrowed ||
      base::get_string(creation["host"], "UTSMode") == "host") {
    config.erase("Hostname");
  }
  if (borrowed) config.erase("ExposedPorts");
  creation["host"].erase("ContainerIDFile");
  read_links(creation["host"]);
  read_volumes(inspect, creation);
  read_networks(inspect, short_id, creation);
  return base::dump_json({{"version", kVersion}, {"about", about}, {"creation", creation}});
}

base::Result<std::string> with_overrides(std::string_view snapshot, const Overrides& overrides) {
  auto parsed = parse_snapshot(snapshot);
  if (!parsed) return parsed.error();
  json& creation = (*parsed)["creation"];
  (*parsed)["about"]["name"] = overrides.name;
  if (overrides.image) {
    (*parsed)["about"]["image"] = *overrides.image;
    creation["image_id"] = "";
  }
  set_limits(creation["host"], overrides.limits);
  for (const auto& [label, value] : overrides.labels) creation["config"]["Labels"][label] = value;
  if (overrides.replica) make_replica(creation);
  return base::dump_json(*parsed);
}

base::Result<SnapshotFacts> read_snapshot(std::string_view snapshot) {
  auto parsed = parse_snapshot(snapshot);
  if (!parsed) return parsed.error();
  json& creation = (*parsed)["creation"];
  json& host = creation["host"];
  const json& about = base::get_object(*parsed, "about");
  SnapshotFacts out;
  out.name = base::get_string(about, "name");
  out.image = base::get_string(about, "image");
  out.image_id = base::get_string(creation, "image_id");
  out.memory_limit_bytes = base::get_int(host, "Memory");
  out.cpu_limit = cpu_limit_of(host);
  out.auto_remove = base::get_bool(host, "AutoRemove");
  const std::string mode = base::get_string(host, "NetworkMode");
  out.has_network = mode != "host" && mode != "none" && !mode.starts_with("container:");
  for (const auto& [label, value] : base::get_object(creation["config"], "Labels").items()) {
    if (value.is_string()) out.labels.emplace(label, value.get<std::string>());
  }
  out.creation_hash = base::sha256_hex(base::dump_json(creation));
  for (const char* limit : {"Memory", "MemorySwap", "NanoCpus", "CpuQuota"}) host.erase(limit);
  out.hash_without_limits = base::sha256_hex(base::dump_json(creation));
  return out;
}

base::Result<CreationCalls> creation_calls(std::string_view snapshot, const std::string& image) {
  auto parsed = parse_snapshot(snapshot);
  if (!parsed) return parsed.error();
  json& creation = (*parsed)["creation"];
  json host = creation["host"];
  for (const auto& [target, volume] : creation["anonymous_volumes"].items()) {
    host["Binds"].push_back(volume.get<std::string>() + ":" + target);
  }
  json body = creation["config"];
  body["Image"] = image;
  // The engine would take the image's own where there is none; this says that there is none.
  if (is_empty(body["Entrypoint"])) body["Entrypoint"] = json::array({""});
  const std::string mode = base::get_string(host, "NetworkMode");
  CreationCalls out;
  for (const auto& [name, network] : creation["networks"].items()) {
    const bool primary = name == mode || (name == "bridge" && mode == "default");
    if (!primary) {
      out.connect.emplace_back(name, base::dump_json({{"EndpointConfig", network}}));
    } else if (is_user_defined(mode)) {
      body["NetworkingConfig"]["EndpointsConfig"][name] = network;
    }
  }
  body["HostConfig"] = std::move(host);
  out.create = base::dump_json(body);
  return out;
}

base::Result<std::string> connection_for(std::string_view body, const ContainerId& id) {
  auto parsed = base::parse_json(body);
  if (!parsed) return parsed.error();
  (*parsed)["Container"] = id;
  return base::dump_json(*parsed);
}

base::Result<std::string> update_body(std::string_view snapshot, const ResourceLimits& limits) {
  auto parsed = parse_snapshot(snapshot);
  if (!parsed) return parsed.error();
  json& host = (*parsed)["creation"]["host"];
  const json before = host;
  set_limits(host, limits);
  json out = json::object();
  for (const char* field : {"Memory", "MemorySwap", "NanoCpus", "CpuQuota"}) {
    if (host.contains(field) && (!before.contains(field) || host[field] != before[field])) {
      out[field] = host[field];
    }
  }
  return base::dump_json(out);
}

base::Result<std::map<std::string, std::string>> parse_addresses(std::string_view inspect_json) {
  const auto parsed = base::parse_json(inspect_json);
  if (!parsed) return parsed.error().in("addresses");
  std::map<std::string, std::string> out;
  const json& settings = base::get_object(*parsed, "NetworkSettings");
  for (const auto& [name, endpoint] : base::get_object(settings, "Networks").items()) {
    const std::string address = base::get_string(endpoint, "IPAddress");
    if (!address.empty()) out.emplace(name, address);
  }
  return out;
}

}  // namespace engine
