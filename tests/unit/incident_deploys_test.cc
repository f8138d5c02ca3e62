// Which version runs, which ran before, and what counts as a deploy.
#include <doctest/doctest.h>

#include "incident/deploys.h"

using namespace incident;

namespace {

constexpr std::int64_t kMinute = 60'000;

struct Log {
  Deploys deploys;
  std::int64_t ms = 0;

  Log& tell(Payload what, std::int64_t after = 1000) {
    ms += after;
    deploys.absorb(
        {"e", 0, Role::scout, base::wall_from_ms(ms), base::instant_from_ms(ms), std::move(what)});
    return *this;
  }
  Log& see(const std::string& container, const std::string& image, const std::string& snapshot,
           const std::string& commit = "", std::int64_t after = 1000) {
    return tell(DeploySeen{"shop", container, "shop:" + image, image, false, snapshot, commit, ""},
                after);
  }
  Log& hear(const std::string& status, const std::string& commit, std::int64_t after = 1000) {
    return tell(DeployReported{"shop", "prod", "2", commit, status, {}}, after);
  }
  Log& make(const std::string& op, const std::string& old, const std::string& fresh) {
    ActionIntended intended;
    intended.op = op;
    intended.action = Action::rollback;
    intended.service = "shop";
    intended.container = old;
    tell(intended);
    return tell(ActionDone{op, "t", false, fresh, "before"});
  }
  [[nodiscard]] const Deploys::Deploy* latest() const { return deploys.latest("shop"); }
};

}  // namespace

TEST_CASE("deploys: another container of another making is one, the first is not") {
  Log log;
  log.see("c1", "i1", "s1");
  CHECK(log.latest() == nullptr);
  REQUIRE(log.deploys.running("shop") != nullptr);
  CHECK(log.deploys.running("shop")->snapshot == "s1");
  CHECK(log.deploys.running("other") == nullptr);
  log.see("c2", "i2", "s2", "abc1234");
  REQUIRE(log.latest() != nullptr);
  CHECK(log.latest()->before.snapshot == "s1");
  CHECK(log.latest()->after.commit == "abc1234");
  CHECK(log.latest()->at == base::wall_from_ms(log.ms));
}

TEST_CASE("deploys: what is made as before is none, and the deploy goes on with it") {
  Log log;
  log.see("c1", "i1", "s1").see("c2", "i1", "s1");
  CHECK(log.latest() == nullptr);
  log.see("c3", "i2", "s2").see("c4", "i2", "s2");
  REQUIRE(log.latest() != nullptr);
  CHECK(log.latest()->before.container == "c2");
  CHECK(log.latest()->after.container == "c4");
}

TEST_CASE("deploys: what we made is none, whoever tells of it first") {
  Log told;
  told.see("c1", "i1", "s1").see("c2", "i2", "s2").make("op", "c2", "c3").see("c3", "i1", "s1");
  CHECK(told.latest() == nullptr);
  Log seen;
  seen.see("c1", "i1", "s1").see("c2", "i2", "s2").see("c3", "i1", "s1").make("op", "c2", "c3");
  CHECK(seen.latest() == nullptr);
  CHECK(seen.deploys.running("shop")->container == "c3");
  seen.see("c4", "i4", "s4");  // The next one is somebody else's again.
  REQUIRE(seen.latest() != nullptr);
  CHECK(seen.latest()->before.snapshot == "s1");
}

TEST_CASE("deploys: a report names what is seen around the same time") {
  struct Row {
    const char* name;
    void (*tell)(Log&);
    const char* commit;
    bool is_seen;
  };
  const Row rows[] = {
      {"before it", [](Log& log) { log.hear("started", "c0ffee1").see("c2", "i2", "s2"); },
       "c0ffee1", true},
      {"after it", [](Log& log) { log.see("c2", "i2", "s2").hear("succeeded", "c0ffee1"); },
       "c0ffee1", true},
      {"its success before it is seen",
       [](Log& log) { log.hear("succeeded", "c0ffee1").see("c2", "i2", "s2"); }, "c0ffee1", true},
      {"the image's own label counts more",
       [](Log& log) { log.see("c2", "i2", "s2", "1abe111").hear("succeeded", "c0ffee1"); },
       "1abe111", true},
      {"too late",
       [](Log& log) { log.see("c2", "i2", "s2").hear("succeeded", "c0ffee1", 16 * kMinute); },
       "c0ffee1", false},
      {"of a success, with nothing seen", [](Log& log) { log.hear("succeeded", "c0ffee1"); },
       "c0ffee1", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Log log;
    log.see("c1", "i1", "s1");
    row.tell(log);
    REQUIRE(log.latest() != nullptr);
    CHECK(log.latest()->after.commit == row.commit);
    CHECK(log.latest()->is_seen == row.is_seen);
  }
  Log log;
  log.see("c1", "i1", "s1").hear("failed", "c0ffee1").hear("started", "c0ffee2");
  CHECK(log.latest() == nullptr);
}

TEST_CASE("deploys: what is on its way does not name what is there") {
  Log log;
  log.see("c1", "i1", "s1").see("c2", "i2", "s2").hear("started", "f1cc5ed");
  CHECK(log.latest()->after.commit.empty());
  log.see("c3", "i3", "s3").hear("succeeded", "f1cc5ed");
  CHECK(log.latest()->after.commit == "f1cc5ed");
  CHECK(log.deploys.of("shop", "c2")->after.commit.empty());
  // A success that is told before its container is seen, while another version is known by name.
  log.hear("succeeded", "abcdef1").see("c4", "i4", "s4");
  CHECK(log.latest()->after.commit == "abcdef1");
  CHECK(log.latest()->before.container == "c3");
  CHECK(log.deploys.of("shop", "c3")->after.commit == "f1cc5ed");
}

TEST_CASE("deploys: the same container told again is made in another way, and no deploy") {
  Log log;
  log.see("c1", "i1", "s1").see("c2", "i2", "s2", "c0ffee1").see("c2", "i2", "higher limit");
  CHECK(log.latest()->before.snapshot == "s1");
  CHECK(log.deploys.running("shop")->snapshot == "higher limit");
  CHECK(log.deploys.running("shop")->commit == "c0ffee1");
  log.see("c3", "i3", "s3");
  CHECK(log.latest()->before.snapshot == "higher limit");
}
