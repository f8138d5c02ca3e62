// Changes, paths in YAML, amounts and their bounds: read, checked, printed.
#include <doctest/doctest.h>

#include <string>

#include "gitops/change.h"

namespace gitops {
namespace {

using base::ErrorCode;

std::string error_of(const std::string& text) {
  const auto change = parse_change(text);
  return change.ok() ? "" : change.error().message;
}

}  // namespace

TEST_CASE("path: printed as it was read") {
  for (const char* text :
       {"a", "services.policy-service.mem_limit", "a[0]", "a[0][12].b", "[3].a", "\"a.b\".c",
        "a.\"with \\\"quotes\\\" and \\\\\"", "\"\"", "a.\"\"", "data.\"app.properties\"",
        "metadata.labels.\"app.kubernetes.io/name\"", "a/b.c_d", "\"ä\"", "\"<<\"", "0.1"}) {
    CAPTURE(text);
    const auto path = parse_path(text);
    REQUIRE(path.ok());
    CHECK(to_text(*path) == text);
  }
  const auto path = parse_path("env[2].value");
  REQUIRE(path.ok());
  CHECK(*path == YamlPath{std::string("env"), std::size_t{2}, std::string("value")});
}

TEST_CASE("path: what is refused, and where") {
  struct Row {
    std::string text;
    const char* says;
  };
  const Row kRows[] = {{"", "empty"},
                       {".a", "character 1: a key is missing"},
                       {"a.", "character 3"},
                       {"a..b", "character 3: a key is missing"},
                       {"a[", "an index is"},
                       {"a[x]", "an index is"},
                       {"a[-1]", "an index is"},
                       {"a[1", "an index is"},
                       {"a[99999999999999999999]", "an index is"},
                       {"a[0]b", "no . after"},
                       {"a b", "double quotes"},
                       {"a.*", "double quotes"},
                       {"\"a", "without its end"},
                       {"\"a\"b", "no . between"},
                       {"a\"b\"", "no . between"},
                       {[] {
                          std::string long_path = "a";
                          for (int i = 0; i < 64; ++i) long_path += ".a";
                          return long_path;
                        }(),
                        "more than 64"}};
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    const auto path = parse_path(row.text);
    REQUIRE_FALSE(path.ok());
    CAPTURE(path.error().message);
    CHECK(path.error().message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("quantity: amounts of each unit") {
  struct Row {
    Unit unit;
    const char* text;
    std::int64_t expected;  // -1: refused.
  };
  const Row kRows[] = {{Unit::memory, "64m", 64 << 20},
                       {Unit::memory, "64M", 64 << 20},
                       {Unit::memory, "1.5gb", 3LL << 29},
                       {Unit::memory, "1048576", 1 << 20},
                       {Unit::memory, "512kb", 512 << 10},
                       {Unit::memory, "10b", 10},
                       {Unit::memory, "64Mi", -1},
                       {Unit::bytes, "256Mi", 256 << 20},
                       {Unit::bytes, "1.5Gi", 3LL << 29},
                       {Unit::bytes, "128M", 128'000'000},
                       {Unit::bytes, "1k", 1000},
                       {Unit::bytes, "64m", -1},  // Thousandths of a byte, to Kubernetes.
                       {Unit::bytes, "64mb", -1},
                       {Unit::cpu, "0.5", 500},
                       {Unit::cpu, "2", 2000},
                       {Unit::cpu, "500m", 500},
                       {Unit::cpu, "0.0005", -1},
                       {Unit::cpu, "0.5m", -1},
                       {Unit::replicas, "3", 3},
                       {Unit::replicas, "3.0", 3},
                       {Unit::replicas, "3.5", -1},
                       {Unit::replicas, "-1", -1},
                       {Unit::replicas, "+1", -1},
                       {Unit::replicas, "1e3", -1},
                       {Unit::memory, "", -1},
                       {Unit::memory, "m", -1},
                       {Unit::memory, ".5g", -1},
                       {Unit::memory, "5.g", -1},
                       {Unit::memory, "1.2.3g", -1},
                       {Unit::memory, "64 m", -1},
                       {Unit::memory, "9999999999999999m", -1},
                       {Unit::memory, "999999999999999t", -1},
                       {Unit::cpu, "two", -1}};
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.text));
    CAPTURE(std::string(to_string(row.unit)));
    const auto amount = parse_quantity(row.unit, row.text);
    CHECK(amount.ok() == (row.expected >= 0));
    if (amount.ok()) CHECK(*amount == row.expected);
  }
}

TEST_CASE("change: printed as it was read") {
  for (const char* text :
       {"compose.yaml services.api.mem_limit \"64m\" -> \"128m\" memory 32m..512m",
        "deploy/api.yaml #2 spec.replicas \"1\" -> \"3\" replicas 1..5",
        "a.yaml services.api.mem_limit absent -> \"128m\" memory 32m..512m",
        "a.yaml x.\"a b\"[3] \"it's \\\"so\\\" \\\\\" -> \"\" text",
        "\"with space.yaml\" a \"x\" -> \"y\" text"}) {
    CAPTURE(text);
    const auto change = parse_change(text);
    REQUIRE_MESSAGE(change.ok(), (change.ok() ? "" : change.error().message));
    CHECK(to_text(*change) == text);
  }
  const auto change =
      parse_change("c.yaml services.api.mem_limit \"64m\" -> \"96m\" memory 1m..1g");
  REQUIRE(change.ok());
  CHECK(headline(*change) == "services.api.mem_limit: 64m → 96m");
}

TEST_CASE("change: what is refused, and what the error says") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row kRows[] = {
      {"c.yaml a \"1m\" -> \"2m\" memry 1m..3m", "did you mean \"memory\"?"},
      {"c.yaml a \"1m\" -> \"2m\" colours 1m..3m", "one of text, memory"},
      {"c.yaml a \"1m\" -> \"2m\" memory", "bounds: missing"},
      {"c.yaml a \"1m\" -> \"2m\" text 1..2", "a text has none"},
      {"c.yaml a \"1m\" -> \"2m\" memory 1m-3m", "no LOW..HIGH"},
      {"c.yaml a \"1m\" -> \"2m\" memory 3m..1m", "above the upper"},
      {"c.yaml a \"1m\" -> \"4m\" memory 1m..3m", "outside of its bounds 1m to 3m"},
      {"c.yaml a \"1m\" -> \"0\" memory 1m..3m", "outside of its bounds"},
      {"c.yaml a \"1m\" -> \"64Mi\" memory 1m..3m", "write 64m"},
      {"c.yaml a \"x\" -> \"2m\" memory 1m..3m", "old value"},
      {"c.yaml a \"1m\" -> \"2m\" memory x..3m", "lower bound"},
      {"c.yaml a \"1m\" -> \"1m\" memory 1m..3m", "the same as the old one"},
      {"c.yaml a 1m -> \"2m\"", "nor the word absent"},
      {"c.yaml a \"1m\" \"2m\"", "no ->"},
      {"c.yaml a \"1m\" -> 2m", "not in double quotes"},
      {"c.yaml a[0] absent -> \"2m\"", "an item of a list cannot"},
      {"c.yaml #x a \"1\" -> \"2\"", "no number of a document"},
      {"c.yaml a. \"1\" -> \"2\"", "a key is missing"},
      {"../c.yaml a \"1\" -> \"2\"", "part . or .."},
      {".github/workflows/x.yaml a \"1\" -> \"2\"", "code host"},
      {"c.yaml a \"1\" -> \"2\" text x y", "no LOW..HIGH"},
      {"c.yaml a \"1\" -> \"2\nb: 3\"", "line break"},
      {"c.yaml a \"1\" -> \"2\x01\"", "control character"},
      {"c.yaml a \"1\" -> \"\xff\"", "bad UTF-8"},
      {"", "path \"\""},
  };
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.text));
    const std::string error = error_of(row.text);
    CAPTURE(error);
    CHECK(error.find(row.says) != std::string::npos);
  }
  const auto beyond = parse_change("c.yaml a \"1m\" -> \"4m\" memory 1m..3m");
  REQUIRE_FALSE(beyond.ok());
  CHECK(beyond.error().code == ErrorCode::denied);
  CHECK(error_of("c.yaml a \"1\" -> \"" + std::string(1025, 'x') + "\"").find("1024") !=
        std::string::npos);
}

}  // namespace gitops
