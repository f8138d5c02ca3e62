// The memory on a real disk: restarts, damage, kills, full disks, two processes.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/id.h"
#include "memory/embedder.h"
#include "memory/index.h"
#include "memory/sealed.h"
#include "memory/store.h"

#ifdef __SANITIZE_THREAD__
// hnswlib locks its points in any order; additions have the index to themselves, so none can wait
// for another.
extern "C" const char* __tsan_default_options() { return "detect_deadlocks=0"; }
#endif

namespace {

namespace fs = std::filesystem;
using memory::Case;
using memory::MemoryStore;
using memory::Symptom;
using memory::VectorIndex;

constexpr base::WallTime kNow = base::wall_from_ms(1'790'000'000'000);

// A directory of its own, gone at the end.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "sre-memory-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

Symptom oom(const std::string& service) {
  return {.service = service,
          .kind = "container_died",
          .exit_code = 137,
          .oom_killed = true,
          .probe_error = "",
          .log_lines = {"GET /trigger_memory 200", "held=40MB"},
          .image = "demo:1"};
}

Symptom slow(const std::string& service) {
  return {.service = service,
          .kind = "latency_above_bound",
          .exit_code = {},
          .oom_killed = false,
          .probe_error = "path took 5002 ms",
          .log_lines = {"waits for lock"},
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
  return {solved(1, oom("policy-service"), "oom"), solved(2, oom("quote-service"), "oom"),
          solved(3, slow("policy-service"), "high_latency"),
          solved(4, slow("user-service"), "high_latency")};
}

std::unique_ptr<MemoryStore> open(const fs::path& path) {
  auto opened = MemoryStore::open(path);
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
  return std::move(opened->store);
}

void remember_history(MemoryStore& store) {
  for (const Case& past : history()) REQUIRE(store.remember(past, past.incident * 10).ok());
}

// What a recall of the well-known fault says, as text to compare.
std::string answer(const MemoryStore& store) {
  const auto recall = store.recall(oom("policy-service"), kNow, 0);
  std::ostringstream text;
  for (const auto& match : recall.matches)
    text << match.past.incident << ':' << match.similarity << ' ';
  for (const auto& advice : recall.advice) text << memory::to_text(advice) << ' ';
  return text.str();
}

std::string true_answer() {
  const Folder folder;
  const auto store = open(folder.path);
  remember_history(*store);
  return answer(*store);
}

fs::path index_file(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".hnsw") return entry.path();
  }
  return {};
}

// One random bit flipped, or the end cut off.
std::string damage(std::string bytes, base::Random& random) {
  const auto at = static_cast<std::size_t>(random.next() % bytes.size());
  if (random.next() % 4 == 0) return bytes.substr(0, at);
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random.next() % 8)));
  return bytes;
}

}  // namespace

TEST_CASE("memory: a restart keeps everything, saved or not") {
  const std::string expected = true_answer();
  for (const bool saved : {false, true}) {
    const Folder folder;
    {
      const auto store = open(folder.path / "new" / "memory");
      CHECK(store->position() == 0);
      remember_history(*store);
      if (saved) REQUIRE(store->save_index().ok());
    }
    auto opened = MemoryStore::open(folder.path / "new" / "memory");
    REQUIRE(opened.ok());
    CHECK_FALSE(opened->needs_rebuild);
    CHECK(opened->note.empty());
    CHECK(opened->store->size() == 4);
    CHECK(opened->store->position() == 40);
    CHECK(opened->store->find(3) == history()[2]);
    CHECK(answer(*opened->store) == expected);
  }
}

TEST_CASE(
    "memory: the second equal outage knows the first; the one at hand is no precedent of itself") {
  const Folder folder;
  const auto store = open(folder.path);
  CHECK(store->recall(oom("policy-service"), kNow, 1).matches.empty());
  REQUIRE(store->remember(history()[0], 10).ok());
  const auto recall = store->recall(oom("policy-service"), kNow, 2);
  REQUIRE(recall.recommended() != nullptr);
  CHECK(recall.matches[0].similarity >= 0.95);
  CHECK(recall.recommended()->issue == 101);
  CHECK(memory::to_text(*recall.recommended()) == "restart worked 1 of 1");
  CHECK(store->recall(oom("policy-service"), kNow, 1).matches.empty());
  CHECK(store->search_text("out of memory in policy-service", 3).size() == 1);
  CHECK(store->search_text("...", 3).empty());
}

TEST_CASE("memory: the same event twice is one case, a later outcome replaces the first") {
  const Folder folder;
  const auto store = open(folder.path);
  REQUIRE(store->remember(history()[0], 10).ok());
  const auto size = fs::file_size(folder.path / "cases.log");
  REQUIRE(store->remember(history()[0], 12).ok());
  CHECK(fs::file_size(folder.path / "cases.log") == size);
  CHECK(store->position() == 12);
  Case reopened = history()[0];
  reopened.proven = false;
  REQUIRE(store->remember(reopened, 5).ok());
  CHECK(store->position() == 12);
  CHECK(store->size() == 1);
  CHECK(memory::to_text(store->recall(oom("policy-service"), kNow, 0).advice[0]) ==
        "restart worked 0 of 1");
  CHECK(store->remember(Case{}, 13).error().code == base::ErrorCode::invalid);
}

TEST_CASE("memory: the position outlives a restart with the index, and never goes back") {
  const Folder folder;
  {
    const auto store = open(folder.path);
    remember_history(*store);
    store->set_position(70);
    store->set_position(60);
    REQUIRE(store->save_index().ok());
  }
  CHECK(open(folder.path)->position() == 70);
}

TEST_CASE("memory: 200 damages of the index are found or harmless, and repaired from the log") {
  const Folder folder;
  const std::string expected = true_answer();
  {
    const auto store = open(folder.path);
    remember_history(*store);
    REQUIRE(store->save_index().ok());
  }
  const fs::path index = index_file(folder.path), note = folder.path / "index.note";
  const std::string index_bytes = read(index), note_bytes = read(note);
  base::SeededRandom random(3);
  int found = 0;
  for (int i = 0; i < 200; ++i) {
    const bool of_note = i % 4 == 0;
    write(of_note ? note : index, damage(of_note ? note_bytes : index_bytes, random));
    const auto loaded = VectorIndex::load(folder.path, memory::kModelId, memory::kDimensions);
    if (!loaded.ok()) CHECK(loaded.error().code == base::ErrorCode::corrupt);
    found += loaded.ok() ? 0 : 1;
    auto opened = MemoryStore::open(folder.path);
    REQUIRE(opened.ok());
    CHECK_FALSE(opened->needs_rebuild);
    CHECK(opened->note.empty() == loaded.ok());
    CHECK(answer(*opened->store) == expected);
    write(index, index_bytes);
    write(note, note_bytes);
  }
  MESSAGE("damages of the index found: ", found, " of 200");
  CHECK(found == 200);
  fs::remove(index);
  CHECK(answer(*open(folder.path)) == expected);
  fs::remove(note);
  CHECK(answer(*open(folder.path)) == expected);
}

TEST_CASE("memory: 200 damages of the log never give a wrong case, and the ledger repairs them") {
  const Folder folder;
  const std::string expected = true_answer();
  {
    const auto store = open(folder.path);
    remember_history(*store);
    REQUIRE(store->save_index().ok());
  }
  const std::string good = read(folder.path / "cases.log"), note = read(folder.path / "index.note");
  base::SeededRandom random(4);
  int started_over = 0;
  for (int i = 0; i < 200; ++i) {
    write(folder.path / "cases.log", damage(good, random));
    write(folder.path / "index.note", note);
    auto opened = MemoryStore::open(folder.path);
    REQUIRE(opened.ok());
    MemoryStore& store = *opened->store;
    started_over += opened->needs_rebuild ? 1 : 0;
    if (opened->needs_rebuild) CHECK(store.position() == 0);
    for (const Case& past : history()) {
      const auto kept = store.find(past.incident);
      if (kept) CHECK(*kept == past);
      // What is lost lies behind the position, so that the ledger is read again from there.
      if (!kept) CHECK(store.position() < past.incident * 10);
    }
    for (const Case& past : history()) {
      if (past.incident * 10 > store.position())
        REQUIRE(store.remember(past, past.incident * 10).ok());
    }
    CHECK(answer(store) == expected);
    opened->store.reset();
    CHECK(answer(*open(folder.path)) == expected);
  }
  MESSAGE("damages of the log that started it over: ", started_over, " of 200");
  CHECK(started_over > 100);
  CHECK(fs::exists(folder.path / "cases.damaged"));
}

TEST_CASE("memory: a rebuild makes the same memory; purges stay, even past a damaged log") {
  const Folder folder;
  {
    const auto store = open(folder.path);
    REQUIRE(store->purge(2).ok());
    REQUIRE(store->remember(solved(9, slow("gone"), "high_latency"), 5).ok());
    REQUIRE(store->rebuild(history(), 40).ok());
    CHECK(store->size() == 4);
    CHECK(store->position() == 40);
    CHECK(store->recall(oom("policy-service"), kNow, 0).matches.size() == 1);
    CHECK(store->search_text("quote", 5).empty());
  }
  std::string log = read(folder.path / "cases.log");
  log[log.size() - 10] ^= 1;
  write(folder.path / "cases.log", log);
  auto opened = MemoryStore::open(folder.path);
  REQUIRE(opened.ok());
  CHECK(opened->needs_rebuild);
  CHECK(opened->store->size() == 0);
  CHECK(read(folder.path / "cases.damaged") == log);
  REQUIRE(opened->store->rebuild(history(), 40).ok());
  CHECK(opened->store->recall(oom("quote-service"), kNow, 0).matches.size() == 1);
}

TEST_CASE("memory: an index of another model, size or log is refused") {
  const Folder folder, other;
  {
    const auto store = open(folder.path);
    remember_history(*store);
    REQUIRE(store->save_index().ok());
  }
  const auto load_error = [&](std::string_view model, std::size_t dimensions) {
    return VectorIndex::load(folder.path, model, dimensions).error().code;
  };
  CHECK(load_error("hash-384-v0", memory::kDimensions) == base::ErrorCode::corrupt);
  CHECK(load_error(memory::kModelId, 96) == base::ErrorCode::corrupt);
  CHECK(VectorIndex::load(other.path, memory::kModelId, 384).error().code ==
        base::ErrorCode::not_found);

  REQUIRE(open(other.path)->remember(solved(8, slow("x"), "high_latency"), 3).ok());
  fs::copy(other.path / "cases.log", folder.path / "cases.log",
           fs::copy_options::overwrite_existing);
  auto opened = MemoryStore::open(folder.path);
  REQUIRE(opened.ok());
  CHECK(opened->note.find("another case log") != std::string::npos);
  CHECK(opened->store->position() == 3);
  CHECK(opened->store->recall(slow("x"), kNow, 0).matches[0].past.incident == 8);
}

TEST_CASE("memory: a log of a newer version is left alone") {
  const Folder folder;
  const std::string newer = memory::seal_line("", R"({"version":2})");
  write(folder.path / "cases.log", newer);
  CHECK(MemoryStore::open(folder.path).error().code == base::ErrorCode::invalid);
  CHECK(read(folder.path / "cases.log") == newer);
}

TEST_CASE("memory: one writer; readers beside it change nothing") {
  const Folder folder;
  CHECK(MemoryStore::open(folder.path / "none", MemoryStore::Access::read).error().code ==
        base::ErrorCode::not_found);
  const auto writer = open(folder.path);
  CHECK(MemoryStore::open(folder.path).error().code == base::ErrorCode::conflict);
  remember_history(*writer);
  const std::string half = read(folder.path / "cases.log") + "half a li";
  write(folder.path / "cases.log", half);
  auto reader = MemoryStore::open(folder.path, MemoryStore::Access::read);
  REQUIRE(reader.ok());
  CHECK(answer(*reader->store) == answer(*writer));
  CHECK(reader->store->remember(solved(7, slow("x"), "high_latency"), 9).error().code ==
        base::ErrorCode::denied);
  CHECK(reader->store->purge(1).error().code == base::ErrorCode::denied);
  CHECK(reader->store->save_index().error().code == base::ErrorCode::denied);
  CHECK(reader->store->rebuild({}, 0).error().code == base::ErrorCode::denied);
  CHECK(read(folder.path / "cases.log") == half);
  write(folder.path / "file", "");
  CHECK(MemoryStore::open(folder.path / "file").error().code == base::ErrorCode::unavailable);
}

TEST_CASE("memory: a full disk is noticed, and what stood before still stands") {
  const Folder folder;
  const auto store = open(folder.path);
  remember_history(*store);
  REQUIRE(store->save_index().ok());
  const std::string log = read(folder.path / "cases.log");

  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{fs::file_size(folder.path / "cases.log") + 20, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto remembered = store->remember(solved(7, slow("x"), "high_latency"), 50);
  const auto saved = store->save_index();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  signal(SIGXFSZ, old_handler);

  REQUIRE_FALSE(remembered.ok());
  CHECK(remembered.error().code == base::ErrorCode::unavailable);
  REQUIRE_FALSE(saved.ok());
  CHECK(saved.error().code == base::ErrorCode::unavailable);
  CHECK_FALSE(store->find(7).has_value());
  CHECK(read(folder.path / "cases.log") == log);
  CHECK(VectorIndex::load(folder.path, memory::kModelId, memory::kDimensions).ok());
  CHECK(store->remember(solved(7, slow("x"), "high_latency"), 50).ok());  // Room again.
  CHECK(store->save_index().ok());
}

// This program starts itself with a failpoint armed; the child dies there, the parent looks at the
// rest.
TEST_CASE("memory: a kill at each failpoint loses nothing that was acknowledged") {
  if (const char* path = getenv("SRE_MEMORY_CHILD"); path != nullptr) {
    const auto store = open(path);
    remember_history(*store);
    REQUIRE(store->save_index().ok());
    return;
  }
  const std::string expected = true_answer(), self = fs::read_symlink("/proc/self/exe").string();
  for (const char* point :
       {"memory.row.before:kill:3", "memory.row.after:kill:3", "memory.index.before:kill:1",
        "memory.publish.before:kill:1", "memory.publish.after:kill:1"}) {
    CAPTURE(std::string(point));
    const Folder folder;
    const std::string command = "SRE_MEMORY_CHILD=" + folder.path.string() +
                                " SRE_FAILPOINT=" + point + " " + self +
                                " --test-case='*kill at each failpoint*' >/dev/null 2>&1";
    const int status = system(command.c_str());
    CHECK(WEXITSTATUS(status) == 128 + SIGKILL);
    auto opened = MemoryStore::open(folder.path);
    REQUIRE(opened.ok());
    CHECK_FALSE(opened->needs_rebuild);
    CHECK(opened->note.empty());
    const bool early = std::string(point).find("row") != std::string::npos;
    if (early)
      CHECK(opened->store->size() ==
            (std::string(point).find("after") != std::string::npos ? 3 : 2));
    for (const Case& past : history()) {
      if (past.incident * 10 > opened->store->position())
        REQUIRE(opened->store->remember(past, past.incident * 10).ok());
    }
    CHECK(answer(*opened->store) == expected);
    REQUIRE(opened->store->save_index().ok());
  }
}

TEST_CASE("memory: recalls run beside remembering and saving") {
  const Folder folder;
  const auto store = open(folder.path);
  remember_history(*store);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      do {
        const auto recall = store->recall(oom("policy-service"), kNow, 0);
        if (recall.matches.empty() || recall.matches[0].past.incident != 1) ++wrong;
        (void)store->search_text("slow user-service", 5);
      } while (!done);
    });
  }
  for (std::int64_t i = 10; i < 200; ++i) {
    CHECK(store->remember(solved(i, slow("service-" + std::to_string(i)), "high_latency"), i * 10)
              .ok());
  }
  done = true;
  readers.clear();
  CHECK(wrong == 0);
  CHECK(store->size() == 194);
}

TEST_CASE("memory: 1,000 cases open quickly and are saved along the way") {
  const Folder folder;
  {
    const auto store = open(folder.path);
    std::vector<Case> many;
    for (std::int64_t i = 1; i <= 1000; ++i) {
      many.push_back(solved(
          i, i % 2 == 0 ? oom("s" + std::to_string(i % 97)) : slow("s" + std::to_string(i % 89)),
          "x"));
    }
    REQUIRE(store->rebuild(many, 1000).ok());
    for (std::int64_t i = 1001; i <= 1001 + MemoryStore::kSaveEvery; ++i) {
      REQUIRE(store->remember(solved(i, slow("late"), "x"), i).ok());
    }
  }
  const auto loaded = VectorIndex::load(folder.path, memory::kModelId, memory::kDimensions);
  REQUIRE(loaded.ok());
  CHECK(loaded->index.size() == 1000 + MemoryStore::kSaveEvery);
  const auto start = base::SystemClock().now().boot;
  const auto store = open(folder.path);
  MESSAGE("opened 1,065 cases in ", base::to_ms(base::SystemClock().now().boot - start), " ms");
  CHECK(store->size() == 1001 + MemoryStore::kSaveEvery);
  CHECK(store->recall(slow("late"), kNow, 0).matches[0].past.incident ==
        1001 + MemoryStore::kSaveEvery);
}
