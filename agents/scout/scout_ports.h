// What Scout asks of the world and what it is answered: plain values. Pure.
#pragma once

#include <string>
#include <variant>

#include "base/result.h"
#include "telemetry/telemetry.h"
#include "warden/warden.h"

namespace scout {

// One HTTP GET against a service's own address.
struct StartProbe {
  std::string service, probe;  // probe: "health" or "path".
  std::int64_t number = 0;     // Grows; several may be under way at once.
  std::string url;
  base::Duration timeout{0};
};
struct Inspect {
  std::string service;
  engine::ContainerId id;
};  // The engine's truth, re-read.
struct List {};
// Let the warden keep how a container is made that was not seen before.
struct Keep {
  std::string service;
  engine::ContainerId id;
};
using Request = std::variant<StartProbe, Inspect, List, Keep>;
[[nodiscard]] std::string key_of(const Request& request);

struct Probed {
  std::string service;
  std::int64_t number = 0;
  telemetry::ProbeSample sample;
};
struct Inspected {
  std::string service;
  engine::ContainerId id;
  base::Result<warden::Member> member;
};
struct Listed {
  base::Result<warden::Listing> listing;
};
struct Kept {
  std::string service;
  engine::ContainerId id;
  base::Result<std::string> snapshot;  // Its hash.
};
using Answer = std::variant<Probed, Inspected, Listed, warden::Notice, Kept>;

}  // namespace scout
