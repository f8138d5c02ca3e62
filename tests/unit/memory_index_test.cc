// The vectors do the work: what the index finds, and that it fails when the vectors are wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <tuple>

#include "base/id.h"
#include "memory/embedder.h"
#include "memory/index.h"
#include "memory/recall.h"

#ifdef __SANITIZE_THREAD__
// hnswlib locks its points in any order; additions have the index to themselves, so none can wait
// for another.
extern "C" const char* __tsan_default_options() { return "detect_deadlocks=0"; }
#endif

namespace {

using memory::Case;
using memory::Symptom;
using memory::VectorIndex;

constexpr base::WallTime kNow = base::wall_from_ms(1'790'000'000'000);

Symptom oom(const std::string& service, int held) {
  return {.service = service,
          .kind = "container_died",
          .exit_code = 137,
          .oom_killed = true,
          .probe_error = "",
          .log_lines = {"GET /trigger_memory 200 in 12ms",
                        "allocating, held=" + std::to_string(held) + "MB"},
          .image = "demo:1"};
}

Symptom slow(const std::string& service) {
  return {.service = service,
          .kind = "latency_above_bound",
          .exit_code = {},
          .oom_killed = false,
          .probe_error = "path took 5002 ms",
          .log_lines = {"db query waits for lock on orders"},
          .image = "demo:1"};
}

Symptom hang(const std::string& service) {
  return {.service = service,
          .kind = "probe_timeout",
          .exit_code = {},
          .oom_killed = false,
          .probe_error = "no answer within 1000 ms",
          .log_lines = {"listening on port 8000"},
          .image = "demo:1"};
}

Case solved(std::int64_t incident, Symptom symptom, const std::string& failure) {
  return {.incident = incident,
          .issue = 100 + incident,
          .failure_class = failure,
          .action = "restart",
          .proven = true,
          .symptom = std::move(symptom),
          .resolved_at = kNow - std::chrono::hours(1)};
}

std::vector<Case> history() {
  return {solved(1, oom("policy-service", 40), "oom"), solved(2, oom("quote-service", 50), "oom"),
          solved(3, slow("policy-service"), "high_latency"),
          solved(4, hang("user-service"), "hang")};
}

// `vector_of[i]` says whose vector case i gets; the honest one is 0, 1, 2, …
VectorIndex index_of(const std::vector<Case>& cases, const std::vector<std::size_t>& vector_of) {
  VectorIndex index(memory::kModelId, memory::kDimensions);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    REQUIRE(index.add(cases[i].incident, memory::embed(cases[vector_of[i]].symptom)).ok());
  }
  return index;
}

memory::Recall recall_from(const VectorIndex& index, const std::vector<Case>& cases,
                           const Symptom& symptom) {
  std::vector<memory::Hit> hits;
  for (const auto& [label, similarity] : index.search(memory::embed(symptom), 10))
    hits.push_back({label, similarity});
  memory::Cases by_incident;
  for (const Case& past : cases) by_incident[past.incident] = past;
  return memory::make_recall(hits, by_incident, {.now = kNow, .exclude_incident = 0, .purged = {}});
}

// The promise of the memory: the same fault on the same service comes first and nearly equal, the
// same fault on another service second and less alike, an unrelated fault not at all.
bool vectors_do_the_work(const VectorIndex& index, const std::vector<Case>& cases) {
  const auto recall = recall_from(index, cases, oom("policy-service", 61));
  if (recall.matches.size() != 2) return false;
  const auto& [here, there] = std::tie(recall.matches[0], recall.matches[1]);
  if (here.past.incident != 1 || here.similarity < 0.95) return false;
  if (there.past.incident != 2 || there.similarity > 0.93) return false;
  if (recall.advice.size() != 1 || memory::to_text(recall.advice[0]) != "restart worked 2 of 2")
    return false;

  const auto other = recall_from(index, cases, hang("policy-service"));
  return other.matches.size() == 1 && other.matches[0].past.incident == 4 &&
         other.matches[0].similarity < 0.93;
}

// Cases as a year of a small company would leave them: some faults on some services, again and
// again, each time with other numbers and some other log lines.
std::vector<Symptom> a_year(std::size_t count, base::Random& random) {
  const std::vector<std::string> words = {"order",   "payment", "user",    "cache",  "queue",
                                          "timeout", "lookup",  "retry",   "commit", "batch",
                                          "worker",  "token",   "session", "invoice"};
  std::vector<Symptom> symptoms;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string service =
        "service-" + std::string(1, static_cast<char>('a' + random.next() % 12));
    Symptom symptom = std::vector{oom(service, static_cast<int>(random.next() % 1000)),
                                  slow(service), hang(service)}[random.next() % 3];
    for (std::size_t line = random.next() % 6; line > 0; --line) {
      symptom.log_lines.push_back(words[random.next() % words.size()] + " " +
                                  words[random.next() % words.size()] +
                                  " failed id=" + std::to_string(random.next()));
    }
    symptoms.push_back(std::move(symptom));
  }
  return symptoms;
}

}  // namespace

TEST_CASE("index: the same fault is recalled, elsewhere less alike, another fault not") {
  CHECK(vectors_do_the_work(index_of(history(), {0, 1, 2, 3}), history()));
}

TEST_CASE("index: with the vectors of the cases shuffled, that very check is red") {
  std::vector<std::size_t> order = {0, 1, 2, 3};
  int shuffles = 0;
  while (std::next_permutation(order.begin(), order.end())) {
    CAPTURE(order[0]);
    CHECK_FALSE(vectors_do_the_work(index_of(history(), order), history()));
    ++shuffles;
  }
  CHECK(shuffles == 23);
}

TEST_CASE("index: refuses what would break its promise") {
  VectorIndex index("m", 3);
  const std::vector<float> unit = {0.6F, 0.8F, 0}, longer = {2, 0, 0}, shorter = {1, 0},
                           wrong = {NAN, 0, 0};
  const auto code = [&](std::int64_t label, const std::vector<float>& vector) {
    return index.add(label, vector).error().code;
  };
  CHECK(index.search(unit, 3).empty());
  CHECK(code(1, longer) == base::ErrorCode::invalid);
  CHECK(code(1, shorter) == base::ErrorCode::invalid);
  CHECK(code(1, wrong) == base::ErrorCode::invalid);
  CHECK(code(-1, unit) == base::ErrorCode::invalid);
  CHECK(index.add(1, unit).ok());
  CHECK(index.search(shorter, 3).empty());
  CHECK(index.search(wrong, 3).empty());
  REQUIRE(index.search(unit, 3).size() == 1);
  CHECK(index.search(unit, 3)[0].similarity == doctest::Approx(1.0));
}

TEST_CASE("index: a known label gets the new vector") {
  VectorIndex index("m", 2);
  REQUIRE(index.add(7, std::vector<float>{1, 0}).ok());
  REQUIRE(index.add(7, std::vector<float>{0, 1}).ok());
  CHECK(index.size() == 1);
  CHECK(index.search(std::vector<float>{0, 1}, 5)[0].similarity == doctest::Approx(1.0));
  REQUIRE(
      index.add(8, std::vector<float>{1, 0}).ok());  // The vector that 7 left is there for others.
  REQUIRE(index.search(std::vector<float>{1, 0}, 5).size() == 2);
  CHECK(index.search(std::vector<float>{1, 0}, 5)[0].label == 8);
}

TEST_CASE("index: among 1,000 cases the two nearest are found as an exact scan finds them") {
  base::SeededRandom random(7);
  const auto symptoms = a_year(1000, random);
  VectorIndex index(memory::kModelId, memory::kDimensions);
  for (std::size_t i = 0; i < symptoms.size(); ++i) {
    REQUIRE(index.add(static_cast<std::int64_t>(i), memory::embed(symptoms[i])).ok());
  }
  int found = 0, asked = 0;
  for (const Symptom& query : a_year(200, random)) {
    const auto exact = index.scan(memory::embed(query), 2);
    const auto quick = index.search(memory::embed(query), 2);
    REQUIRE(quick.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      // Equal similarity is as good: recurring incidents have equal vectors.
      found += quick[i].similarity >= exact[i].similarity - 1e-6 ? 1 : 0;
      ++asked;
    }
  }
  MESSAGE("recall@2 against the exact scan: ", static_cast<double>(found) / asked);
  CHECK(found >= 0.95 * asked);
}

TEST_CASE("index: hundreds of equal incidents do not hide the others") {
  VectorIndex index(memory::kModelId, memory::kDimensions);
  std::int64_t label = 0;
  const std::vector<Symptom> faults = {oom("policy-service", 1), slow("policy-service"),
                                       hang("user-service"), oom("quote-service", 1),
                                       hang("quote-service")};
  for (const Symptom& fault : faults) {
    for (int i = 0; i < 300; ++i) REQUIRE(index.add(label++, memory::embed(fault)).ok());
  }
  for (const Symptom& fault : faults) {
    const auto nearest = index.search(memory::embed(fault), 5);
    REQUIRE(nearest.size() == 5);
    CHECK(nearest[4].similarity > 0.999);
  }
}

TEST_CASE("index: searches run beside additions") {
  base::SeededRandom random(11);
  const auto symptoms = a_year(400, random);
  VectorIndex index(memory::kModelId, memory::kDimensions);
  REQUIRE(index.add(0, memory::embed(symptoms[0])).ok());
  std::atomic<bool> done = false;
  std::atomic<int> answers = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      const auto query = memory::embed(symptoms[0]);
      do {
        if (!index.search(query, 2).empty()) ++answers;
      } while (!done);
    });
  }
  for (std::size_t i = 1; i < symptoms.size(); ++i) {
    CHECK(index.add(static_cast<std::int64_t>(i), memory::embed(symptoms[i])).ok());
  }
  done = true;
  readers.clear();
  CHECK(answers >= 2);
  CHECK(index.size() == symptoms.size());
}
