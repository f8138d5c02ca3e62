// How long a recall takes among many cases, and how often the index finds what an exact look at
// every vector finds. Run by bench/memory; docs/formats/bench.md says what the numbers are.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/id.h"
#include "bench/numbers.h"
#include "bench/report_codec.h"
#include "memory/embedder.h"
#include "memory/index.h"
#include "memory/store.h"

namespace {

constexpr int kQueries = 500;
constexpr int kServices = 200;
constexpr std::uint64_t kSeed = 20261120;

double us(base::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// Faults of a large house: some kinds, many services, logs of words and numbers.
memory::Symptom make_symptom(base::Random& random) {
  constexpr const char* kKinds[] = {"container_died",      "container_died", "probe_timeout",
                                    "latency_above_bound", "cpu_at_limit",   "probe_refused"};
  constexpr const char* kWords[] = {"connection", "refused", "allocate", "heap",   "timeout",
                                    "upstream",   "query",   "lock",     "retry",  "failed",
                                    "disk",       "socket",  "queue",    "thread", "cache",
                                    "index",      "token",   "route",    "commit", "replica"};
  const auto pick = [&](std::size_t count) {
    return static_cast<std::size_t>(random.next() % count);
  };
  memory::Symptom symptom;
  const auto service = pick(kServices);
  symptom.service = "service-" + std::to_string(service);
  const auto kind = pick(std::size(kKinds));
  symptom.kind = kKinds[kind];
  if (kind < 2) {
    symptom.oom_killed = kind == 1;
    symptom.exit_code = kind == 1 ? 137 : static_cast<int>(1 + pick(3));
  } else {
    symptom.probe_error = "read timeout";
  }
  symptom.image =
      "registry/team-" + std::to_string(service % 20) + ":1." + std::to_string(pick(30));
  for (std::size_t line = 0; line < 2 + pick(6); ++line) {
    std::string text = "error";
    for (int word = 0; word < 6; ++word) text += std::string(" ") + kWords[pick(std::size(kWords))];
    symptom.log_lines.push_back(text + " " + std::to_string(random.next() % 100'000));
  }
  return symptom;
}

base::Result<bench::RecallReport> measure(const std::string& folder, std::int64_t cases) {
  base::SeededRandom random(kSeed);
  const base::SystemClock clock;
  const auto now = clock.now().wall;
  std::vector<memory::Case> past;
  memory::VectorIndex index(memory::kModelId, memory::kDimensions);
  for (std::int64_t id = 1; id <= cases; ++id) {
    past.push_back({id, id, "crash", "restart", random.next() % 4 != 0, make_symptom(random),
                    now - std::chrono::hours(1)});
    if (auto added = index.add(id, memory::embed(past.back().symptom)); !added)
      return added.error();
  }
  auto opened = memory::MemoryStore::open(folder + "/memory-" + std::to_string(cases));
  if (!opened) return opened.error();
  if (auto built = opened->store->rebuild(past, cases); !built) return built.error();
  std::vector<double> recalls, scans;
  std::size_t found = 0, wanted = 0;
  for (int query = 0; query < kQueries; ++query) {
    const auto symptom = make_symptom(random);
    const auto begun = clock.now().boot;
    const auto recall = opened->store->recall(symptom, now, 0);
    recalls.push_back(us(clock.now().boot - begun));
    const auto vector = memory::embed(symptom);
    const auto scan_begun = clock.now().boot;
    const auto exact = index.scan(vector, 2);
    scans.push_back(us(clock.now().boot - scan_begun));
    const auto near = index.search(vector, 2);
    for (const auto& best : exact) {
      ++wanted;
      // Of equally near ones any is as good.
      for (const auto& other : near) {
        if (other.label != best.label && other.similarity + 1e-6 < best.similarity) continue;
        ++found;
        break;
      }
    }
  }
  const double share = wanted == 0 ? 0 : static_cast<double>(found) / static_cast<double>(wanted);
  return bench::RecallReport{static_cast<std::size_t>(cases), bench::spread_of(recalls),
                             bench::spread_of(scans), share};
}

}  // namespace

int main(int count, char** words) {
  std::string folder = (std::filesystem::temp_directory_path() / "bench-memory-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return std::fprintf(stderr, "bench-memory: no folder can be made\n"), 1;
  std::vector<std::int64_t> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::atoll(words[i]));
  if (sizes.empty()) sizes = {1'000, 10'000};
  std::vector<bench::RecallReport> reports;
  int code = 0;
  for (const auto size : sizes) {
    auto report = measure(folder, size);
    if (!report) {
      std::fprintf(stderr, "bench-memory: %s\n", report.error().message.c_str());
      code = 1;
      break;
    }
    if (!report->ok()) code = 1;
    reports.push_back(std::move(*report));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  std::printf("%s\n", bench::encode(reports).c_str());
  return code;
}
