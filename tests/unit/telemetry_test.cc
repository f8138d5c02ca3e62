// Snapshots survive being stored, and damaged ones harm nobody.
#include <doctest/doctest.h>

#include "telemetry/telemetry_codec.h"

using namespace telemetry;

namespace {

Snapshot sample() {
  Snapshot snapshot;
  snapshot.service = "policy \"x\" \xc3\xa4";
  const auto at = base::wall_from_ms(1795182756123);
  for (const auto result : {ProbeResult::ok, ProbeResult::slow, ProbeResult::timeout,
                            ProbeResult::refused, ProbeResult::error}) {
    snapshot.probes.push_back({at, "health", result, true, 503, 1234});
  }
  snapshot.usage = {{at, 1 << 20, 64 << 20, 12.5}, {at, 0, 0, 0}};
  snapshot.engine = {{at, "die", 137, ""}, {at, "kill", {}, "15"}};
  return snapshot;
}

}  // namespace

TEST_CASE("what is encoded is decoded, field by field") {
  const auto text = encode(sample());
  const auto back = decode(text);
  REQUIRE(back.ok());
  CHECK(encode(*back) == text);
  CHECK(back->service == sample().service);
  REQUIRE(back->probes.size() == 5);
  CHECK(back->probes[2].result == ProbeResult::timeout);
  CHECK(back->probes[2].connected);
  CHECK(back->probes[2].status == 503);
  CHECK(back->probes[2].latency_ms == 1234);
  CHECK(back->probes[2].at == base::wall_from_ms(1795182756123));
  CHECK(back->usage[0].memory_bytes == 1 << 20);
  CHECK(back->usage[0].memory_limit_bytes == 64 << 20);
  CHECK(back->usage[0].cpu_percent == doctest::Approx(12.5));
  CHECK(back->engine[0].exit_code == 137);
  CHECK_FALSE(back->engine[1].exit_code);
  CHECK(back->engine[1].signal == "15");
}

TEST_CASE("equal snapshots give equal bytes, so that they have one hash") {
  CHECK(encode(sample()) == encode(sample()));
}

TEST_CASE("an empty snapshot is one") {
  const auto back = decode(encode({}));
  REQUIRE(back.ok());
  CHECK(back->probes.empty());
}

TEST_CASE("each word of a result has its value and no other has one") {
  for (const auto result : {ProbeResult::ok, ProbeResult::slow, ProbeResult::timeout,
                            ProbeResult::refused, ProbeResult::error}) {
    CHECK(parse_probe_result(to_string(result)) == result);
  }
  CHECK_FALSE(parse_probe_result("fine"));
}

TEST_CASE("damaged text is an error or takes defaults, never a crash") {
  const auto text = encode(sample());
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(decode(text.substr(0, size)).ok());
  for (const char* odd : {"[]", "1", "\"x\"", "null", R"({"probes":1,"usage":{},"engine":"x"})",
                          R"({"probes":[1,[],null,{"result":7,"status":"x"}],"engine":[1]})"}) {
    CAPTURE(odd);
    const auto back = decode(odd);
    if (back.ok()) CHECK(back->service.empty());
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x15);
    (void)decode(flipped);
  }
}
