// Tests of shared/base: time, text, ids, hashes, the JSON gate. No disk, no waiting.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"
#include "tests/support/print.h"

using namespace std::chrono_literals;
using base::ErrorCode;

TEST_CASE("time: RFC 3339 is read to the millisecond, in any zone") {
  struct Row {
    const char* text;
    std::int64_t ms;
  };
  const Row rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.001Z", 1},
      {"1970-01-01 00:00:01Z", 1000},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T23:30:00-00:30", 0},
      {"2026-11-20T13:52:36.123Z", 1795182756123},
      {"2026-11-20T13:52:36.123456789Z", 1795182756123},
      {"2026-11-20T13:52:36.1Z", 1795182756100},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"2016-12-31T23:59:60Z", 1483228800000},  // A leap second is the next second.
      {"1969-12-31T23:59:59.999Z", -1},
      {"0001-01-01T00:00:00Z", -62135596800000},  // Docker's "never".
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto parsed = base::parse_utc(row.text);
    REQUIRE(parsed.has_value());
    CHECK(base::to_ms(*parsed) == row.ms);
  }
}

TEST_CASE("time: what is not a time is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-11-20",
                           "2026-11-20T13:52:36",
                           "2026-13-01T00:00:00Z",
                           "2026-02-30T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.12",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+00:60",
                           "2026-01-01T00:00:00ZZ",
                           "2026-01-01T00:00:00Z ",
                           "2026/01/01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           "20x6-01-01T00:00:00Z",
                           "2026-01-01T00-00-00Z",
                           "\xff\xff\xff\xff-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(base::parse_utc(text).has_value());
  }
}

TEST_CASE("time: formatted UTC reads back as the same moment") {
  CHECK(base::format_utc(base::wall_from_ms(1795182756123)) == "2026-11-20T13:52:36.123Z");
  CHECK(base::format_utc(base::wall_from_ms(1795182756123), false) == "2026-11-20T13:52:36Z");
  CHECK(base::format_utc(base::wall_from_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(base::format_utc(base::wall_from_ms(-1)) == "1969-12-31T23:59:59.999Z");
  base::SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto ms = static_cast<std::int64_t>(random.next() % 4'000'000'000'000);
    const auto text = base::format_utc(base::wall_from_ms(ms));
    CAPTURE(text);
    const auto back = base::parse_utc(text);
    REQUIRE(back.has_value());
    CHECK(base::to_ms(*back) == ms);
  }
}

TEST_CASE("time: durations are read with their unit and only with it") {
  struct Row {
    const char* text;
    base::Duration value;
  };
  const Row good[] = {{"250ms", 250ms}, {"1s", 1s},    {"1.5s", 1500ms},      {"5m", 5min},
                      {"5min", 5min},   {"2h", 2h},    {"0.5ms", 500us},      {"1e3ms", 1s},
                      {"24h", 24h},     {"010s", 10s}, {"2500000h", 2500000h}};
  for (const auto& row : good) {
    CAPTURE(row.text);
    const auto parsed = base::parse_duration(row.text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == row.value);
  }
  for (const char* text : {"",      "5",      "s",     "0s",   "-1s",  "+1s",    "1 s",
                           " 1s",   "1s ",    "1sec",  "1d",   "nan",  "nans",   "infs",
                           "1e10s", "1e999s", "0x10s", "1,5s", "--1s", "1e-9ms", "1000000000h"}) {
    CAPTURE(text);
    CHECK_FALSE(base::parse_duration(text).has_value());
  }
}

TEST_CASE("time: durations are shown as a person would say them") {
  CHECK(base::format_duration(0ms) == "0ms");
  CHECK(base::format_duration(1999us) == "1ms");
  CHECK(base::format_duration(999ms) == "999ms");
  CHECK(base::format_duration(1s) == "1s");
  CHECK(base::format_duration(1500ms) == "1.50s");
  CHECK(base::format_duration(119s) == "119s");
  CHECK(base::format_duration(2min) == "2min");
  CHECK(base::format_duration(119min) == "119min");
  CHECK(base::format_duration(2h) == "2h");
  CHECK(base::format_duration(48h) == "48h");
}

TEST_CASE("text: foreign text is made safe to store and show") {
  struct Row {
    const char* name;
    std::string in, out;
  };
  const std::string bad = "\xEF\xBF\xBD";  // U+FFFD
  const Row rows[] = {
      {"plain", "plain text", "plain text"},
      {"empty", "", ""},
      {"tab and newline stay", "a\tb\nc", "a\tb\nc"},
      {"carriage return goes", "a\r\nb", "a\nb"},
      {"NUL goes", std::string("a\0b", 3), "ab"},
      {"escape sequence loses its teeth", "\x1b[31mred\x1b[0m", "[31mred[0m"},
      {"delete",
       "a\x7f"
       "b",
       "ab"},
      {"C1 control",
       "a\xC2\x9B"
       "b",
       "ab"},
      {"umlaut, euro, emoji", "ä € 😀", "ä € 😀"},
      {"right-to-left override U+202E",
       "abc\xE2\x80\xAE"
       "def",
       "abcdef"},
      {"isolate U+2066",
       "a\xE2\x81\xA6"
       "b",
       "ab"},
      {"arabic letter mark U+061C",
       "a\xD8\x9C"
       "b",
       "ab"},
      {"zero-width space U+200B",
       "@\xE2\x80\x8B"
       "me",
       "@me"},
      {"byte order mark U+FEFF", "\xEF\xBB\xBFx", "x"},
      {"tag characters U+E0041",
       "a\xF3\xA0\x81\x81"
       "b",
       "ab"},
      {"lone continuation",
       "a\x80"
       "b",
       "a" + bad + "b"},
      {"overlong slash", "\xC0\xAF", bad + bad},
      {"overlong NUL, 3 bytes", "\xE0\x80\x80", bad + bad + bad},
      {"surrogate U+D800", "\xED\xA0\x80", bad + bad + bad},
      {"above U+10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"five-byte form", "\xF8\x88\x80\x80\x80", bad + bad + bad + bad + bad},
      {"cut in the middle", "a\xE2\x82", "a" + bad + bad},
      {"cut before the end", "\xF0\x9F\x98", bad + bad + bad},
      {"FE and FF", "\xFE\xFF", bad + bad},
      {"last valid code point", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(base::clean_text(row.in) == row.out);
  }
}

TEST_CASE("text: whatever the bytes, cleaned text is valid, stays clean and becomes JSON") {
  base::SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (std::uint64_t n = random.next() % 40; n > 0; --n)
      bytes += static_cast<char>(random.next());
    const auto once = base::clean_text(bytes);
    CHECK(base::clean_text(once) == once);
    const auto back = base::parse_json(base::dump_json(nlohmann::json(once)));
    REQUIRE(back.ok());
    CHECK(back->get<std::string>() == once);
  }
}

TEST_CASE("text: a cut never falls inside a character") {
  const std::string text = "aä€😀";  // 1 + 2 + 3 + 4 bytes.
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t max = 0; max < std::size(expected); ++max) {
    CAPTURE(max);
    CHECK(base::cut_utf8(text, max).size() == expected[max]);
  }
  CHECK(base::cut_utf8("\x80\x80\x80", 2).empty());
}

TEST_CASE("text: split and trim") {
  using Parts = std::vector<std::string_view>;
  CHECK(base::split("a,b,,c", ',') == Parts{"a", "b", "", "c"});
  CHECK(base::split("", ',') == Parts{""});
  CHECK(base::split(",", ',') == Parts{"", ""});
  CHECK(base::trim("  a b\t\r\n") == "a b");
  CHECK(base::trim(" \n ").empty());
  CHECK(base::trim("").empty());
}

TEST_CASE("text: a mistyped word is answered with the nearest known one, or with none") {
  const std::vector<std::string> known = {"health", "container", "depends_on", "mode", "path"};
  CHECK(base::nearest_word("helth", known) == "health");
  CHECK(base::nearest_word("heatlh", known) == "health");
  CHECK(base::nearest_word("contaner", known) == "container");
  CHECK(base::nearest_word("depend_on", known) == "depends_on");
  CHECK(base::nearest_word("mode", known) == "mode");
  CHECK(base::nearest_word("moed", known) == "mode");
  CHECK(base::nearest_word("kubernetes", known).empty());
  CHECK(base::nearest_word("zzzz", known).empty());
  CHECK(base::nearest_word("helth", {}).empty());
}

TEST_CASE("hash: known answers of SHA-256, HMAC and base64") {
  CHECK(base::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(base::sha256_hex({}) == base::sha256_hex(""));
  CHECK(base::sha256_hex("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  CHECK(base::sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(base::hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");  // RFC 4231, case 1
  CHECK(base::hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231, case 2
  CHECK(base::hmac_sha256_hex(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");  // RFC 4231, case 6
  // The example of GitHub's page on validating webhook deliveries.
  CHECK(base::hmac_sha256_hex("It's a Secret to Everybody", "Hello, World!") ==
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  CHECK(base::hmac_sha256_hex({}, {}) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};  // RFC 4648
  for (const auto& [plain, coded] : rows) CHECK(base::base64(plain) == coded);
  CHECK(base::base64(std::string("\0\xff\xfe", 3)) == "AP/+");
}

TEST_CASE("hash: equal is equal, and nothing else is") {
  CHECK(base::equal_constant_time("", ""));
  CHECK(base::equal_constant_time("secret", "secret"));
  CHECK_FALSE(base::equal_constant_time("secret", "secreT"));
  CHECK_FALSE(base::equal_constant_time("secret", "secret "));
  CHECK_FALSE(base::equal_constant_time("", "x"));
}

TEST_CASE("id: ULIDs sort by time as text and never repeat") {
  base::SeededRandom random(3);
  const auto epoch = base::make_ulid(base::wall_from_ms(0), random);
  CHECK(epoch.size() == 26);
  CHECK(epoch.substr(0, 10) == "0000000000");
  // The time part of the example in the specification's reference implementation.
  CHECK(base::make_ulid(base::wall_from_ms(1469918176385), random).substr(0, 10) == "01ARYZ6S41");
  CHECK(base::make_ulid(base::wall_from_ms((1LL << 48) - 1), random).substr(0, 10) == "7ZZZZZZZZZ");
  std::string before = base::make_ulid(base::wall_from_ms(1), random);
  std::set<std::string> seen;
  for (std::int64_t ms = 2; ms < 100'000'000'000'000; ms = ms * 5 / 4 + 1) {
    const auto id = base::make_ulid(base::wall_from_ms(ms), random);
    CAPTURE(ms);
    CHECK(before < id);
    CHECK(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos);
    before = id;
  }
  for (int i = 0; i < 10'000; ++i) seen.insert(base::make_ulid(base::wall_from_ms(5), random));
  CHECK(seen.size() == 10'000);
}

TEST_CASE("id: tokens have the asked length, and a seed repeats its run") {
  base::SeededRandom one(42), two(42), other(43);
  const auto token = base::make_token(one, 16);
  CHECK(token.size() == 32);
  CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(base::make_token(two, 16) == token);
  CHECK(base::make_token(other, 16) != token);
  CHECK(base::make_token(one, 0).empty());
  base::SystemRandom kernel;
  CHECK(base::make_token(kernel, 16) != base::make_token(kernel, 16));
}

TEST_CASE("json: the gate refuses what would crash or mislead a reader") {
  const auto code = [](const std::string& text) {
    const auto parsed = base::parse_json(text);
    return parsed.ok() ? std::string("ok") : std::string(to_string(parsed.error().code));
  };
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(code(nested(base::kJsonDepthMax)) == "ok");
  CHECK(code(nested(base::kJsonDepthMax + 1)) == "invalid");
  CHECK(code(std::string(1'000'000, '[')) == "invalid");
  CHECK(code(R"({"a":")" + std::string(200, '[') + "\"}") == "ok");  // Brackets inside a string.
  CHECK(code(R"({"a":"\"[[[["})") == "ok");
  CHECK(code(R"({"a":1,"a":2})") == "invalid");
  CHECK(code(R"({"a":{"b":1,"b":1}})") == "invalid");
  CHECK(code(R"([{"a":1},{"a":2}])") == "ok");        // Two objects may share a key.
  CHECK(code(R"({"a":1,"\u0061":2})") == "invalid");  // Written differently, the same key.
  for (const char* text : {"", " ", "{", "}", "[1,]", "{a:1}", "nul", "1 2", "\"\xff\"",
                           "\"\\ud800\"", "1e999", "]]]]", "NaN", "'a'", "{\"a\":1}x", "// c\n1"}) {
    CAPTURE(text);
    CHECK(code(text) == "invalid");
  }
}

TEST_CASE("json: the message names the doubled key") {
  const auto parsed = base::parse_json(R"({"mode":"auto","mode":"observe"})");
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().message.find("\"mode\"") != std::string::npos);
}

TEST_CASE("json: equal values give equal text, and bad UTF-8 still becomes text") {
  CHECK(base::dump_json(*base::parse_json(R"({"b":1,"a":[true,null]})")) ==
        R"({"a":[true,null],"b":1})");
  CHECK(base::dump_json(nlohmann::json("a\xff")) == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("json: a field that is absent or of another type answers the fallback") {
  const auto object = base::parse_json(
      R"({"s":"x","i":7,"d":1.5,"b":true,"o":{"k":1},"a":[1],"n":null,"big":18446744073709551615})");
  REQUIRE(object.ok());
  const auto& o = *object;
  CHECK(base::get_string(o, "s") == "x");
  CHECK(base::get_string(o, "i", "f") == "f");
  CHECK(base::get_string(o, "none", "f") == "f");
  CHECK(base::get_int(o, "i") == 7);
  CHECK(base::get_int(o, "d", -1) == -1);
  CHECK(base::get_int(o, "big", -1) == -1);  // Does not fit, so it is not there.
  CHECK(base::get_number(o, "i") == 7.0);
  CHECK(base::get_number(o, "d") == 1.5);
  CHECK(base::get_number(o, "s", 2.0) == 2.0);
  CHECK(base::get_bool(o, "b"));
  CHECK_FALSE(base::get_bool(o, "i"));
  CHECK(base::get_object(o, "o").size() == 1);
  CHECK(base::get_object(o, "a").empty());
  CHECK(base::get_array(o, "a").size() == 1);
  CHECK(base::get_array(o, "o").empty());
  CHECK(base::get_string(nlohmann::json(3), "s", "f") == "f");  // Not even an object.
}

TEST_CASE("result: errors keep their code and gain context") {
  const base::Error error{ErrorCode::timeout, "connect to the engine: no answer in 1s"};
  CHECK(error.in("restart a").message == "restart a: connect to the engine: no answer in 1s");
  CHECK(error.in("restart a").code == ErrorCode::timeout);
  const base::Result<int> failed = error;
  CHECK_FALSE(failed.ok());
  CHECK(base::Result<int>(3).value() == 3);
  CHECK(base::Status().ok());
  CHECK_FALSE(base::Status(error).ok());
  for (const auto code :
       {ErrorCode::not_found, ErrorCode::invalid, ErrorCode::denied, ErrorCode::conflict,
        ErrorCode::unavailable, ErrorCode::timeout, ErrorCode::unknown, ErrorCode::corrupt}) {
    CHECK(base::parse_error_code(to_string(code)) == code);
  }
  CHECK_FALSE(base::parse_error_code("fine").has_value());
}
