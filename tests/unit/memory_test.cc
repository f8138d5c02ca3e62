// The pure part of the memory: embedding, recall, sealed lines, codecs.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "memory/case_codec.h"
#include "memory/embedder.h"
#include "memory/recall.h"
#include "memory/sealed.h"

namespace {

using memory::Case;
using memory::Symptom;

constexpr base::WallTime kNow = base::wall_from_ms(1'790'000'000'000);

const std::vector<std::string> kKinds = {
    "oom",           "container_died",  "found_stopped",       "restarted_by_engine",
    "probe_timeout", "probe_refused",   "latency_above_bound", "probe_error",
    "cpu_at_limit",  "engine_unhealthy"};

Symptom symptom_of(const std::string& kind, const std::string& service,
                   std::vector<std::string> logs = {}) {
  return {.service = service,
          .kind = kind,
          .exit_code = {},
          .oom_killed = false,
          .probe_error = "",
          .log_lines = std::move(logs),
          .image = "registry:5000/shop/demo:1.2"};
}

double alike(const Symptom& a, const Symptom& b) {
  return memory::similarity_of(memory::embed(a), memory::embed(b));
}

double alike(const std::string& text, const Symptom& symptom) {
  const auto vector = memory::embed_text(text);
  REQUIRE(vector.has_value());
  return memory::similarity_of(*vector, memory::embed(symptom));
}

Case past_case(std::int64_t incident, bool proven, const std::string& action = "restart") {
  return {.incident = incident,
          .issue = incident * 10,
          .failure_class = "oom",
          .action = action,
          .proven = proven,
          .symptom = symptom_of("oom", "policy-service"),
          .resolved_at = kNow - std::chrono::days(1)};
}

memory::Recall recall_of(const std::vector<Case>& cases, const std::vector<double>& similarities,
                         memory::RecallRules rules = {
                             .now = kNow, .exclude_incident = 0, .purged = {}}) {
  memory::Cases by_incident;
  std::vector<memory::Hit> hits;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    by_incident[cases[i].incident] = cases[i];
    hits.push_back({cases[i].incident, similarities[i]});
  }
  return memory::make_recall(hits, by_incident, rules);
}

}  // namespace

TEST_CASE("embedder: norm 1 and the same bytes every time") {
  for (const auto& kind : kKinds) {
    const auto symptom = symptom_of(kind, "policy-service", {"GET / 200"});
    const auto vector = memory::embed(symptom);
    CHECK(memory::similarity_of(vector, vector) == doctest::Approx(1.0));
    CHECK(vector == memory::embed(symptom));
  }
  const auto empty = memory::embed({});
  CHECK(memory::similarity_of(empty, empty) == doctest::Approx(1.0));
}

TEST_CASE(
    "embedder: the same fault on the same service is the same, whatever the numbers in its logs") {
  const std::vector<std::string> then = {
      "2026-11-20T13:52:36Z 10.0.0.7 GET /trigger_memory?n=1 200 12.5ms",
      "req 7f3a-91cc: held=40MB of 64MB"};
  const std::vector<std::string> now = {
      "2026-12-01T01:02:03Z 172.17.0.9 GET /trigger_memory?n=9 200 8ms",
      "req 00ab-1234: held=60MB of 64MB"};
  for (const auto& kind : kKinds)
    CHECK(alike(symptom_of(kind, "a", then), symptom_of(kind, "a", now)) >= 0.95);
}

TEST_CASE("embedder: the same fault on another service is less alike, and still recalled") {
  const std::vector<std::string> logs = {"allocating held=1MB"},
                                 other = {"checkout worker polls queue", "token renewed"};
  for (const auto& kind : kKinds) {
    CAPTURE(kind);
    auto here = symptom_of(kind, "policy-service", logs);
    for (auto there :
         {symptom_of(kind, "quote-service", logs), symptom_of(kind, "quote-service", other),
          symptom_of(kind, "quote-service")}) {
      CHECK(alike(here, there) < 0.93);
      CHECK(alike(here, there) > memory::kSimilarityMin + 0.04);
      there.exit_code = 1, here.exit_code = 139;  // The worst: nothing but the fault is equal.
      there.probe_error = "connection reset by peer", here.probe_error = "no answer";
      CHECK(alike(here, there) > memory::kSimilarityMin);
    }
  }
}

TEST_CASE("embedder: another fault is not recalled, even on the same service with the same logs") {
  const std::vector<std::string> logs = {"GET /health 200 1ms", "GET /quote 200 3ms", "held=1MB"};
  for (const auto& one : kKinds) {
    for (const auto& two : kKinds) {
      if (one == two) continue;
      auto a = symptom_of(one, "policy-service", logs), b = symptom_of(two, "policy-service", logs);
      a.exit_code = b.exit_code = 137;
      CAPTURE(one);
      CAPTURE(two);
      CHECK(alike(a, b) < 0.43);
    }
  }
  // A kill by the kernel for want of memory and any other kill share kind and exit code, nothing
  // else.
  auto killed = symptom_of("container_died", "policy-service", logs), starved = killed;
  killed.exit_code = starved.exit_code = 137;
  starved.oom_killed = true;
  CHECK(alike(killed, starved) < 0.43);
}

TEST_CASE("embedder: log lines cannot talk their way past their share") {
  const auto real = symptom_of("oom", "policy-service", {"GET / 200"});
  const auto forged =
      symptom_of("latency_above_bound", "policy-service",
                 {"GET / 200", "oom container_died oom_killed", "fault oom", "exit oom 137"});
  CHECK(alike(real, forged) < memory::kSimilarityMin);
}

TEST_CASE("embedder: what varies between equal events is left out of a template") {
  using Words = std::vector<std::string>;
  CHECK(
      memory::template_of("2026-11-20 13:52:36 [worker-3] GET /a/b?x=1 took 12.5ms (0xdeadbeef)") ==
      Words{"<n>", "get", "<path>", "x", "<n>", "took", "<n>"});
  CHECK(memory::template_of("10.0.0.7:8080 -> user 7f3a91cc-aa: Failed.") ==
        Words{"<n>", "user", "<n>", "failed"});
  CHECK(memory::template_of("java.lang.OutOfMemoryError: heap") ==
        Words{"java.lang.outofmemoryerror", "heap"});
  CHECK(memory::template_of("  --- ... ") == Words{});
}

TEST_CASE("embedder: any bytes are embedded, in bounded work, and cut the same when stored") {
  auto symptom = symptom_of("oom", "policy-service");
  for (int i = 0; i < 500; ++i)
    symptom.log_lines.push_back(std::string(2000, static_cast<char>(i)) + "\xff\xfe \x1b[31m");
  const auto trimmed = memory::trim_symptom(symptom);
  CHECK(trimmed.log_lines.size() == memory::kLogLinesMax);
  for (const auto& line : trimmed.log_lines) CHECK(line.size() <= memory::kLogLineBytesMax);
  CHECK(memory::trim_symptom(trimmed) == trimmed);
  CHECK(memory::embed(symptom) == memory::embed(trimmed));
}

TEST_CASE("embedder: a person's words find the cases they mean") {
  auto oom =
      symptom_of("container_died", "policy-service", {"quote failed: premium table missing"});
  oom.oom_killed = true;
  oom.exit_code = 137;
  const auto hang = symptom_of("probe_timeout", "user-service", {"listening"});
  const auto slow = symptom_of("latency_above_bound", "quote-service");
  struct Row {
    std::string text;
    const Symptom &fits, &differs;
  };
  for (const auto& [text, fits, differs] :
       {Row{"oom", oom, hang}, Row{"Out of memory!", oom, slow}, Row{"policy-service", oom, hang},
        Row{"policy", oom, slow}, Row{"the user-service hangs", hang, oom}, Row{"hang", hang, slow},
        Row{"slow", slow, hang}, Row{"high latency in quote", slow, oom},
        Row{"premium table missing", oom, hang}, Row{"demo out-of-memory", oom, slow}}) {
    CAPTURE(text);
    CHECK(alike(text, fits) >= memory::kTextSimilarityMin);
    CHECK(alike(text, fits) > alike(text, differs) + 0.05);
  }
  CHECK_FALSE(memory::embed_text("").has_value());
  CHECK_FALSE(memory::embed_text(" ... !").has_value());
}

TEST_CASE("recall: counts what worked, and says it in words") {
  const auto once = recall_of({past_case(1, true)}, {0.99});
  REQUIRE(once.recommended() != nullptr);
  CHECK(memory::to_text(*once.recommended()) == "restart worked 1 of 1");
  CHECK(once.recommended()->issue == 10);

  const auto mixed =
      recall_of({past_case(1, true), past_case(2, false), past_case(3, true)}, {0.9, 0.99, 0.8});
  REQUIRE(mixed.recommended() != nullptr);
  CHECK(memory::to_text(*mixed.recommended()) == "restart worked 2 of 3");
  CHECK(mixed.recommended()->similarity == doctest::Approx(0.99));
  CHECK(mixed.recommended()->issue == 10);  // Of the best that is proven.
  CHECK(mixed.matches[0].past.incident == 2);
}

TEST_CASE("recall: only what was proven, and mostly, is recommended") {
  CHECK(recall_of({}, {}).recommended() == nullptr);
  CHECK(recall_of({past_case(1, false)}, {0.99}).recommended() == nullptr);
  CHECK(recall_of({past_case(1, true), past_case(2, false), past_case(3, false)}, {0.9, 0.9, 0.9})
            .recommended() == nullptr);

  std::vector<Case> planted;  // Fifty incidents planted without proof recommend nothing, and push
                              // nothing real out.
  for (int i = 1; i <= 50; ++i) planted.push_back(past_case(i, false, "rollback"));
  planted.push_back(past_case(51, true));
  const auto recall = recall_of(planted, std::vector<double>(51, 0.99));
  REQUIRE(recall.recommended() != nullptr);
  CHECK(recall.recommended()->action == "restart");
  planted.pop_back();
  CHECK(recall_of(planted, std::vector<double>(50, 0.99)).recommended() == nullptr);
}

TEST_CASE("recall: votes order what is near equal, and outweigh no proof") {
  const auto best = [](int restart_votes, int rollback_votes, bool rollback_proven) {
    Case restart = past_case(1, true), rollback = past_case(2, rollback_proven, "rollback");
    restart.votes = restart_votes;
    rollback.votes = rollback_votes;
    return recall_of({restart, rollback}, {0.9, 0.9}).advice.at(0).action;
  };
  CHECK(best(1, 0, true) == "restart");
  CHECK(best(0, 1, true) == "rollback");
  CHECK(best(-1, 0, true) == "rollback");
  CHECK(best(0, 1000, false) == "restart");  // Nobody votes a failure into a success.
  Case failed = past_case(1, false);
  failed.votes = 1000;
  CHECK(recall_of({failed}, {0.9}).recommended() == nullptr);
  CHECK(recall_of({failed}, {0.9}).advice.at(0).votes == memory::kVotesMax);
}

TEST_CASE("recall: what does not count") {
  const Case fine = past_case(1, true);
  Case old = fine;
  old.resolved_at = kNow - std::chrono::days(91);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(recall_of({fine}, {0.6}).matches.size() == 1);
  CHECK(recall_of({fine}, {0.49}).matches.empty());
  CHECK(recall_of({fine}, {nan}).matches.empty());
  CHECK(recall_of({old}, {0.9}).matches.empty());
  CHECK(
      recall_of({fine}, {0.9}, {.now = kNow, .exclude_incident = 1, .purged = {}}).matches.empty());
  CHECK(recall_of({fine}, {0.9}, {.now = kNow, .exclude_incident = 0, .purged = {1}})
            .matches.empty());
  CHECK(recall_of({fine, fine}, {0.9, 0.9}).advice[0].tried == 1);  // One incident counts once.
  CHECK(memory::make_recall({{9, 0.9}}, {}, {.now = kNow, .exclude_incident = 0, .purged = {}})
            .matches.empty());
}

TEST_CASE(
    "recall: five matches are shown, the most similar and then the latest first; all are counted") {
  std::vector<Case> cases;
  for (int i = 1; i <= 8; ++i) cases.push_back(past_case(i, true));
  cases[4].resolved_at = kNow;
  const auto recall = recall_of(cases, {0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.95, 0.7});
  REQUIRE(recall.matches.size() == memory::kMatchesMax);
  CHECK(recall.matches[0].past.incident == 7);
  CHECK(recall.matches[1].past.incident == 5);
  CHECK(recall.matches[2].past.incident == 6);
  CHECK(memory::to_text(recall.advice[0]) == "restart worked 8 of 8");
}

TEST_CASE("sealed lines: any damage shows, a cut write is left off") {
  const std::string one = memory::seal_line("", "alpha");
  const std::string two = memory::seal_line(one.substr(0, 64), "beta");
  const std::string text = one + two;
  REQUIRE(memory::read_sealed(text).ok());
  CHECK(memory::read_sealed(text)->lines[1].payload == "beta");
  CHECK(memory::read_sealed("")->lines.empty());
  CHECK_FALSE(memory::read_sealed(two).ok());
  CHECK_FALSE(memory::read_sealed(two + one).ok());
  CHECK_FALSE(memory::read_sealed(one + one).ok());
  CHECK_FALSE(memory::read_sealed("\n").ok());
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const std::string part = text.substr(0, cut);
    REQUIRE(memory::read_sealed(part).ok());
    CHECK(memory::read_sealed(part)->length == (cut < one.size() ? 0 : one.size()));
  }
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto read = memory::read_sealed(flipped);
    CHECK((!read.ok() || read->lines.size() < 2));  // Found, or a lost end that is read again.
  }
  std::string broken = text;
  broken[66] = 'X';
  CHECK(memory::salvage_sealed(broken).size() == 1);
  CHECK(memory::salvage_sealed(text).size() == 2);
}

TEST_CASE("codec: records and notes survive the way to disk and back") {
  Case past = past_case(3, true);
  past.symptom.exit_code = -1;
  past.symptom.log_lines = {"caf\xc3\xa9 \"quoted\"\t", ""};
  for (const bool with_exit : {true, false}) {
    if (!with_exit) past.symptom.exit_code.reset();
    const auto read = memory::decode_record(memory::encode_record(memory::CaseRecord{past, 42}));
    REQUIRE(read.ok());
    CHECK(std::get<memory::CaseRecord>(*read).past == past);
    CHECK(std::get<memory::CaseRecord>(*read).position == 42);
  }
  const auto purge = memory::decode_record(memory::encode_record(memory::PurgeRecord{9}));
  REQUIRE(purge.ok());
  CHECK(std::get<memory::PurgeRecord>(*purge).incident == 9);
  CHECK(std::holds_alternative<memory::LogHeader>(
      *memory::decode_record(memory::encode_record(memory::LogHeader{}))));
  const memory::IndexNote note{"index-1.hnsw",    "ab", "hash-384-v1", 384,
                               {{1, 5}, {}, {2}}, 6,    "cd",          7};
  REQUIRE(memory::decode_note(memory::encode_note(note)).ok());
  CHECK(*memory::decode_note(memory::encode_note(note)) == note);
}

TEST_CASE("codec: damaged records are refused, never thrown") {
  const std::string good = memory::encode_record(memory::CaseRecord{past_case(3, true), 42});
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    CHECK_FALSE(memory::decode_record(good.substr(0, cut)).ok());
  for (const char* text : {"", "[]", "null", "{}", R"({"case":1,"position":2})", R"({"purge":"x"})",
                           R"({"version":[]})", R"({"case":{"incident":"1"},"position":2})"}) {
    CAPTURE(text);
    REQUIRE_FALSE(memory::decode_record(text).ok());
    CHECK(memory::decode_record(text).error().code == base::ErrorCode::corrupt);
    CHECK_FALSE(memory::decode_note(text).ok());
  }
}
