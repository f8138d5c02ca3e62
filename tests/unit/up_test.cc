#include <doctest/doctest.h>

#include <string>

#include "agents/up/backoff.h"
#include "agents/up/status.h"

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("the wait before a restart doubles up to its limit and begins anew after a good time") {
  up::Backoff backoff(milliseconds(50), milliseconds(300), seconds(10));
  CHECK(backoff.after_death(milliseconds(1)) == milliseconds(50));
  CHECK(backoff.after_death(milliseconds(1)) == milliseconds(100));
  CHECK(backoff.after_death(seconds(9)) == milliseconds(200));
  CHECK(backoff.after_death(seconds(0)) == milliseconds(300));
  CHECK(backoff.after_death(seconds(0)) == milliseconds(300));
  CHECK(backoff.after_death(seconds(10)) == milliseconds(50));
  CHECK(backoff.after_death(seconds(0)) == milliseconds(100));
}

TEST_CASE("the status file is read as it was written") {
  const up::Status status{
      7,
      base::wall_from_ms(1'700'000'000'123),
      {{"scout", 8, 2, base::wall_from_ms(1'700'000'001'000), "running", "signal 9"},
       {"brain", 0, 1, base::wall_from_ms(1'700'000'002'000), "waiting", "exit code 1"}}};
  const auto read = up::decode_status(up::encode_status(status));
  REQUIRE(read.ok());
  CHECK(*read == status);
}

TEST_CASE("a damaged status file is an error, never a crash") {
  const std::string good = up::encode_status(
      {7, base::wall_from_ms(1), {{"a", 1, 0, base::wall_from_ms(2), "running", ""}}});
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(up::decode_status(good.substr(0, length)).ok());
  }
  for (const char* bad :
       {"null", "[]", "{}", R"({"since":1})", R"({"since":"2026-01-01T00:00:00Z","roles":[1]})"}) {
    CAPTURE(bad);
    CHECK_FALSE(up::decode_status(bad).ok());
  }
}
