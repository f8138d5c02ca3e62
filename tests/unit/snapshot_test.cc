// Snapshots of containers: what an engine makes up itself is left out, in the words of old and new
// engines, and overrides change what they say and nothing else.
#include <doctest/doctest.h>

#include <string>

#include "engine/snapshot_codec.h"

namespace {

using base::ErrorCode;

const std::string kId = "0123456789ab" + std::string(52, '0');
const std::string kVolume(64, 'e');

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// As an engine of API 1.44 tells of a container.
const std::string kInspect =
    R"({"Id":")" + kId +
    R"(","Created":"2026-11-20T20:27:25Z","Name":"/shop","Image":"sha256:1","RestartCount":3,)"
    R"("State":{"Status":"running","Pid":7},)"
    R"("Config":{"Hostname":"0123456789ab","Image":"shop:1","Env":["A=1"],"Cmd":["serve"],)"
    R"("Entrypoint":null,"Labels":{"team":"a"},"Volumes":{"/anon":{}}},)"
    R"("HostConfig":{"Binds":["b:/b","a:/a"],"Memory":67108864,"MemorySwap":134217728,)"
    R"("NanoCpus":500000000,"NetworkMode":"front","Links":["/db:/shop/database"],)"
    R"("PortBindings":{"80/tcp":[{"HostPort":"8080"}]},"ContainerIDFile":"/x",)"
    R"("Mounts":[{"Type":"volume","Target":"/more"}]},)"
    R"("Mounts":[{"Type":"volume","Name":")" +
    kVolume + R"(","Destination":"/anon"},{"Type":"volume","Name":")" + kVolume +
    R"(","Destination":"/more"},{"Type":"volume","Name":"a","Destination":"/a"}],)"
    R"("NetworkSettings":{"Networks":{"front":{"NetworkID":"f1","EndpointID":"e","Aliases":)"
    R"(["shop","0123456789ab","api"],"IPAMConfig":{"IPv4Address":"10.0.0.9"},"IPAddress":"10.0.0.9",)"
    R"("MacAddress":"02:42:0a:00:00:09","DNSNames":["shop","api"]},)"
    R"("back":{"NetworkID":"f2","Aliases":null,"IPAMConfig":null,"IPAddress":"10.1.0.2"}}}})";

std::string snapshot() { return engine::make_snapshot(kInspect).value(); }

TEST_CASE("what the engine makes up itself is no part of a snapshot") {
  // Another container, made alike: by an older engine, later, with other addresses.
  std::string twin = kInspect;
  twin = replaced(twin, R"("Id":")" + kId, R"("Id":")" + std::string(64, '9'));
  twin = replaced(twin, R"("Hostname":"0123456789ab")", R"("Hostname":"999999999999")");
  twin = replaced(twin, R"("shop","0123456789ab","api")", R"("api","999999999999","shop")");
  twin = replaced(twin, R"(,"DNSNames":["shop","api"])", "");
  twin = replaced(twin, "02:42:0a:00:00:09", "02:42:0a:00:00:0a");
  twin = replaced(twin, R"("Created":"2026)", R"("Created":"2027)");
  twin = replaced(twin, R"("Status":"running","Pid":7)", R"("Status":"created","Pid":0)");
  twin = replaced(twin, R"("NetworkMode":"front")", R"("NetworkMode":"f1")");
  twin = replaced(twin, R"(["b:/b","a:/a"])", R"(["a:/a",")" + kVolume + R"(:/anon","b:/b"])");
  twin = replaced(twin, R"("Aliases":null,"IPAMConfig":null)", R"("Aliases":[],"IPAMConfig":{})");
  CHECK(engine::make_snapshot(twin).value() == snapshot());
  const auto facts = engine::read_snapshot(snapshot()).value();
  CHECK(facts.name == "shop");
  CHECK(facts.image == "shop:1");
  CHECK(facts.image_id == "sha256:1");
  CHECK(facts.memory_limit_bytes == 64 << 20);
  CHECK(facts.cpu_limit == 0.5);
  CHECK(facts.has_network);
}

TEST_CASE("whatever makes a container is part of its snapshot") {
  const auto before = engine::read_snapshot(snapshot()).value();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"A=1", "A=2"},
           {R"(["serve"])", R"(["serve","-v"])"},
           {"sha256:1", "sha256:2"},
           {"b:/b", "b:/b:ro"},
           {R"("team":"a")", R"("team":"b")"},
           {"67108864", "67108865"},
           {R"("IPv4Address":"10.0.0.9")", R"("IPv4Address":"10.0.0.8")"},
           {R"("shop","0123456789ab","api")", R"("shop","0123456789ab")"},
           {R"("back")", R"("side")"},
           {"8080", "8081"},
           {"/shop/database", "/shop/base"},
           {R"("Hostname":"0123456789ab")", R"("Hostname":"shop.local")"}}) {
    CAPTURE(to);
    const auto other = engine::make_snapshot(replaced(kInspect, from, to));
    CHECK(engine::read_snapshot(other.value())->creation_hash != before.creation_hash);
  }
  // The name and the image's name say nothing of how it is made.
  const auto renamed = engine::make_snapshot(replaced(kInspect, "/shop\"", "/shop.sre-next\""));
  CHECK(engine::read_snapshot(renamed.value())->creation_hash == before.creation_hash);
}

TEST_CASE("the calls that make it: one network at creation, the others joined") {
  const auto calls = engine::creation_calls(snapshot(), "shop:1").value();
  for (const char* part :
       {R"("Image":"shop:1")", R"("Entrypoint":[""])", R"("db:database")", R"(:/anon")",
        R"("Aliases":["api","shop"])", R"("IPv4Address":"10.0.0.9")"}) {
    CAPTURE(part);
    CHECK(calls.create.find(part) != std::string::npos);
  }
  CHECK(calls.create.find("Hostname") == std::string::npos);
  REQUIRE(calls.connect.size() == 1);
  CHECK(calls.connect[0].first == "back");
  CHECK(engine::connection_for(calls.connect[0].second, kId)->find(kId) != std::string::npos);
}

TEST_CASE("a replica has nothing that only one can have") {
  const auto text =
      engine::with_overrides(snapshot(), {.name = "shop-replica-1",
                                          .image = {},
                                          .labels = {{"sre-space.replica-of", "shop"}},
                                          .replica = true})
          .value();
  for (const std::string& part :
       {std::string("8080"), std::string("10.0.0.9"), kVolume, std::string("\"api\"")}) {
    CAPTURE(part);
    CHECK(text.find(part) == std::string::npos);
  }
  const auto facts = engine::read_snapshot(text).value();
  CHECK(facts.labels.size() == 2);
  CHECK(engine::creation_calls(text, "shop:1")->connect.size() == 1);
}

TEST_CASE("limits take their swap along, and CPU stays in the words it was given in") {
  struct Row {
    const char *memory, *swap, *expected;
  };
  for (const Row& row : {Row{"100", "200", "\"MemorySwap\":400"},  // As the engine does it.
                         Row{"100", "100", "\"MemorySwap\":200"},  // No swap.
                         Row{"100", "500", "\"Memory\":200"},      // Enough as it is.
                         Row{"100", "150", "\"MemorySwap\":200"},  // Never below the memory.
                         Row{"100", "-1", "\"Memory\":200"},       // Unlimited.
                         Row{"0", "0", "\"MemorySwap\":400"}}) {
    const auto text = replaced(replaced(kInspect, "67108864", row.memory), "134217728", row.swap);
    const auto body = engine::update_body(engine::make_snapshot(text).value(), {200, {}});
    CAPTURE(row.swap);
    CHECK(body->find(row.expected) != std::string::npos);
    CHECK(body->find("Cpu") == std::string::npos);
  }
  CHECK(engine::update_body(snapshot(), {{}, 2}).value() == R"({"NanoCpus":2000000000})");
  const auto quota =
      replaced(kInspect, R"("NanoCpus":500000000)", R"("CpuQuota":50000,"CpuPeriod":50000)");
  CHECK(engine::update_body(engine::make_snapshot(quota).value(), {{}, 2}).value() ==
        R"({"CpuQuota":100000})");
}

TEST_CASE("what is no snapshot is refused") {
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"), kInspect,
        std::string(R"({"version":1})"), replaced(snapshot(), "\"version\":1", "\"version\":2"),
        replaced(snapshot(), "\"host\":", "\"hosts\":")}) {
    CAPTURE(bad);
    CHECK(engine::read_snapshot(bad).error().code == ErrorCode::invalid);
    CHECK(engine::creation_calls(bad, "x").error().code == ErrorCode::invalid);
    CHECK(engine::with_overrides(bad, {.name = "x", .image = {}}).error().code ==
          ErrorCode::invalid);
    CHECK(engine::update_body(bad, {1, {}}).error().code == ErrorCode::invalid);
  }
  for (const char* bad : {"", "{}", "[]", R"({"Id":"short","Name":"/x"})"}) {
    CHECK(engine::make_snapshot(bad).error().code == ErrorCode::invalid);
  }
}

}  // namespace
