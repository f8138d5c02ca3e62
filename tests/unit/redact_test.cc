#include "base/redact.h"

#include <doctest/doctest.h>

#include "base/secret_shapes.h"
#include "tests/support/canaries.h"

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string shapes_alone(std::string_view text) { return base::Redactor().redact(text); }

TEST_CASE("redact: each secret of ours goes, in each encoding, beside any text") {
  std::vector<std::string> secrets;
  for (int i = 0; i < 100; ++i) secrets.push_back(canaries::canary(i));
  const base::Redactor redactor(secrets);
  for (const auto& encoding : canaries::encodings()) {
    CAPTURE(std::string(encoding.name));
    for (const auto& secret : secrets) {
      CAPTURE(secret);
      const std::string told = encoding.encode(secret);
      for (const char* before : {"", "x=", "the value ", "a/b/", "abc", "{\"v\":\""}) {
        CAPTURE(before);
        const std::string out = redactor.redact(before + told + "\n after");
        CHECK(has(out, "[redacted]"));
        CHECK(has(out, " after"));
        CHECK_FALSE(has(out, told));
        CHECK_FALSE(has(out, told.substr(told.size() / 4, told.size() / 2)));
        CHECK(redactor.redact(out) == out);
      }
    }
  }
}

TEST_CASE("redact: pieces of a secret, and a secret in pieces") {
  const std::string secret = "hV7kQ2mZ9xW4tR8pL3nB";
  const base::Redactor redactor({secret});
  CHECK(redactor.redact("cut hV7kQ2mZ9xW") == "cut [redacted]");
  CHECK(redactor.redact("cut hV7kQ2mZ9xW…") == "cut [redacted]…");
  CHECK(redactor.redact("cut hV7kQ2mZ9xW\nnext") == "cut [redacted]\nnext");
  CHECK(redactor.redact("hV7kQ2mZ9x W4tR8pL3nB") == "[redacted]");
  CHECK(redactor.redact("\"hV7kQ2mZ9x\" + \"W4tR8pL3nB\"") == "\"[redacted]\"");
  CHECK(redactor.redact("hV7kQ2mZ9x\nW4tR8pL3nB") == "[redacted]");
  CHECK(redactor.redact("hV7k\xE2\x80\x8BQ2mZ9xW4tR8pL3nB!") == "[redacted]!");
  CHECK(redactor.redact("hV7k\\_Q2mZ9xW4tR8pL3nB") == "[redacted]");
  const std::string wrapped = base::base64("user:" + secret).insert(12, "\n  ").erase(13, 2);
  CHECK_FALSE(has(redactor.redact(wrapped), wrapped.substr(14, 8)));
  CHECK(redactor.redact("hV7kQ2m is nothing") == "hV7kQ2m is nothing");
  CHECK(base::Redactor({"short"}).redact("short") == "short");
}

TEST_CASE("redact: what secrets look like") {
  const std::string t36 = "0123456789abcdefghijABCDEFGHIJ012345";
  const std::pair<std::string, std::string> rows[] = {
      {"a ghp_" + t36 + " b", "a [redacted] b"},
      {"ghs_" + t36, "[redacted]"},
      {"github_pat_11ABCDEFG0" + t36 + "_" + t36, "[redacted]"},
      {"id AKIAIOSFODNN7EXAMPLE.", "id [redacted]."},
      {"xoxb-123456789012-abcdefABCDEF", "[redacted]"},
      {"glpat-abcdefghijklmnopqrst", "[redacted]"},
      {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl ok", "jwt [redacted] ok"},
      {"-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE KEY-----\nrest",
       "[redacted]\nrest"},
      {"-----BEGIN PRIVATE KEY-----\nMIIB", "[redacted]"},
      {"-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN CERTIFICATE-----\nMIIB"},
      {"Authorization: Bearer abc123DEF456", "Authorization: Bearer [redacted]"},
      {"authorization: Basic dXNlcjpwYXNz", "authorization: Basic [redacted]"},
      {"postgres://app:hunter2@db:5432/x", "postgres://app:[redacted]@db:5432/x"},
      {"amqp://u:p@ss@host", "amqp://u:[redacted]@host"},
      {"http://host:8080/path@x", "http://host:8080/path@x"},
      {"password=hunter2 next", "password=[redacted] next"},
      {"DB_PASSWORD: \"two words\", x", "DB_PASSWORD: \"[redacted]\", x"},
      {R"({"client_secret":"abc","a":1})", R"({"client_secret":"[redacted]","a":1})"},
      {R"({\"password\":\"hunter2\"})", R"({\"password\":\"[redacted]\"})"},
      {"X-Api-Key: 0123abcd", "X-Api-Key: [redacted]"},
      {"access_token=0a1b2c3d&x=1", "access_token=[redacted]&x=1"},
      {"mysql --user app --password hunter2 db", "mysql --user app --password [redacted] db"},
      {"run --token abc123def --dry-run", "run --token [redacted] --dry-run"},
      {"help: --password <text>, --secret -x", "help: --password <text>, --secret -x"},
      {"password%3Dhunter2%26a", "password%3D[redacted]%26a"},
      {"token=" + base::base64("ghp_" + t36), "token=[redacted]"},
      {"blob " + base::base64("key ghp_" + t36).substr(0, 72), ""},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const std::string out = shapes_alone(text);
    if (!expected.empty()) CHECK(out == expected);
    CHECK_FALSE(has(out, t36));
    CHECK(shapes_alone(out) == out);
  }
  CHECK(has(shapes_alone(base::base64("key ghp_" + t36)), "[redacted]"));
}

TEST_CASE("redact: what looks like a secret does so encoded as well") {
  const std::string shaped[] = {
      "ghp_0123456789abcdefghijABCDEFGHIJ012345",
      "AKIAIOSFODNN7EXAMPLE",
      "xoxb-123456789012-abcdefABCDEF",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
      "password=hunter2-and-more",
      "Authorization: Bearer abc123DEF456",
      "postgres://app:hunter2-and-more@db/x",
      "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkq\n-----END PRIVATE KEY-----"};
  for (const auto& secret : shaped) {
    CAPTURE(secret);
    for (const auto& encoding : canaries::encodings()) {
      CAPTURE(std::string(encoding.name));
      const std::string out = shapes_alone("msg " + encoding.encode(secret) + " end");
      CHECK(has(out, "[redacted]"));
      CHECK(has(out, " end"));
      const std::string told = encoding.encode(secret);
      CHECK_FALSE(has(out, told.substr(told.size() / 2)));
      CHECK(shapes_alone(out) == out);
    }
  }
}

TEST_CASE("redact: ordinary text stays as it is") {
  std::vector<std::string> secrets;
  for (int i = 0; i < 100; ++i) secrets.push_back(canaries::canary(i));
  const base::Redactor redactor(secrets);
  const std::string id = base::sha256_hex("container");
  const std::string rows[] = {
      id,
      id.substr(0, 12),
      "sha256:" + id,
      "01JD4Q3Z9M8YX6W5V4T3S2R1Q0",
      "<!-- sre op=01JD4Q3Z9M8YX6W5V4T3S2R1Q0 k=issue h=" + id.substr(0, 32) + " -->",
      "/approve a1b2c3d4",
      "MITIGATION: RESTART policy-service",
      "550e8400-e29b-41d4-a716-446655440000",
      "2026-11-20T13:52:36.078Z",
      "http://127.0.0.1:8080/api?page=2",
      "https://github.com/o/r/issues/5#issuecomment-77",
      "fixer@sre-space:2026",
      "token expired, basic checks passed, the bearer of bad news",
      "the password was wrong",
      "basic authentication failed",
      "keyboard: qwerty, monkey=banana",
      "| Container | `policy` (`" + id.substr(0, 12) + "`) |",
      "restart of `policy-service`: **done**",
      "allocating 10 MB\nKilled",
      "\\*\\[x\\]\\(y\\) 50% of 100%",
      "Grüße, 你好, 🙋",
      std::string("nul\0bytes", 9),
      "",
  };
  for (const auto& text : rows) {
    CAPTURE(text);
    CHECK(redactor.redact(text) == text);
  }
}

TEST_CASE("redact: long and hostile texts come to an end") {
  const base::Redactor redactor({canaries::canary(1)});
  const std::string pieces[] = {
      "secret:",     "eyJ",         "eyJhbGciOi.", "://",    "a://b:", "-----BEGIN PRIVATE KEY",
      "-----BEGIN ", "=",           "%25",         "\\\\",   "&#37;",  "A",
      "0x41 ",       "password=\"", "bearer ",     "QUFB\n", "K",      std::string("\xE2\x80\x8B")};
  for (const auto& piece : pieces) {
    std::string text;
    while (text.size() < 100'000) text += piece;
    CAPTURE(piece);
    CHECK(redactor.redact(redactor.redact(text)) == redactor.redact(text));
  }
}

TEST_CASE("redact: the environment's secrets are known by their names") {
  const char* environment[] = {"HOME=/home/somebody",
                               "GITHUB_TOKEN=abcdefgh1",
                               "DB_PASSWORD=12345678",
                               "API_KEY_FILE=/run/secrets/key",
                               "SMTP_KEY=short",
                               "aws_secret_access_key=zzzzzzzzz",
                               "SSH_KEY=/home/somebody/.ssh/id",
                               nullptr};
  CHECK(base::secrets_in(environment) ==
        std::vector<std::string>{"abcdefgh1", "12345678", "zzzzzzzzz"});
  CHECK(base::secrets_in(nullptr).empty());
}

}  // namespace
