#include "memory/store.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "base/failpoint.h"
#include "memory/case_codec.h"
#include "memory/embedder.h"
#include "memory/fair_mutex.h"
#include "memory/files.h"
#include "memory/index.h"
#include "memory/sealed.h"

namespace memory {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

// What a case log says.
struct Log {
  Cases cases;
  std::set<std::int64_t> purged;
  std::vector<std::int64_t> order;  // By record: its incident, or 0 for one without a case.
  std::vector<std::string> seals;   // By record.
  std::int64_t position = 0;
  std::size_t length = 0;  // Bytes of whole lines.
};

struct Fold {
  Log& log;
  base::Status operator()(const LogHeader& header) const {
    if (header.version > kCaseLogVersion) {
      return Error{ErrorCode::invalid,
                   "the case log has version " + std::to_string(header.version) +
                       ", this program reads " + std::to_string(kCaseLogVersion)};
    }
    log.order.push_back(0);
    return {};
  }
  base::Status operator()(const CaseRecord& record) const {
    log.cases[record.past.incident] = record.past;
    log.position = std::max(log.position, record.position);
    log.order.push_back(record.past.incident);
    return {};
  }
  base::Status operator()(const PurgeRecord& record) const {
    log.purged.insert(record.incident);
    log.order.push_back(0);
    return {};
  }
};

base::Result<Log> parse_log(std::string_view text) {
  const auto sealed = read_sealed(text);
  if (!sealed) return sealed.error();
  Log log;
  for (const SealedLine& line : sealed->lines) {
    auto record = decode_record(line.payload);
    if (!record) return record.error();
    if (log.order.empty() && !std::holds_alternative<LogHeader>(*record)) {
      return Error{ErrorCode::corrupt, "the case log does not begin with its header"};
    }
    if (auto folded = std::visit(Fold{log}, *record); !folded) return folded.error();
    log.seals.emplace_back(line.seal);
  }
  log.length = sealed->length;
  return log;
}

// The text of a new log, and the seals of its lines.
class LogText {
 public:
  LogText() { add(LogHeader{}); }
  void add(const LogRecord& record) {
    const std::string line = seal_line(last_seal, encode_record(record));
    last_seal = line.substr(0, 64);
    text += line;
    ++records;
  }
  std::string text, last_seal;
  std::int64_t records = 0;
};

std::set<std::int64_t> salvage_purges(std::string_view text) {
  std::set<std::int64_t> purged;
  for (const SealedLine& line : salvage_sealed(text)) {
    const auto record = decode_record(line.payload);
    if (record && std::holds_alternative<PurgeRecord>(*record))
      purged.insert(std::get<PurgeRecord>(*record).incident);
  }
  return purged;
}

// Every case has a positive incident and every embedding norm 1, so only a lack of memory can
// refuse it.
void add_vector(VectorIndex& index, const Case& past) {
  base::ensure(index.add(past.incident, embed(past.symptom)).ok(), "the index refused a case");
}

Error denied() { return {ErrorCode::denied, "change the memory: it was opened for reading"}; }

}  // namespace

struct MemoryStore::Impl {
  fs::path directory;
  Access access = Access::write;
  std::optional<DirectoryLock> lock;
  mutable FairMutex mutex;  // Guards: everything below.
  Cases cases;
  std::set<std::int64_t> purged;
  std::optional<AppendFile> log;  // Absent when reading only.
  std::string last_seal;          // Of the log's last record,
  std::int64_t records = 0;       // and how many there are.
  std::int64_t position = 0;
  std::int64_t unsaved = 0;  // Cases the saved index does not hold.
  VectorIndex index{kModelId, kDimensions};

  fs::path log_path() const { return directory / "cases.log"; }

  base::Status open_write(Opened& opened);
  base::Status open_read(Opened& opened);
  base::Status start_over(const std::string& damaged_text, const Error& damage, Opened& opened);
  base::Status replace_log(const LogText& text);
  void adopt(Log from, Opened& opened);
  void adopt_index(const Log& from, Opened& opened);
  void index_cases();
  base::Status append(const LogRecord& record);
  base::Status save();
};

// ---- Opening
// ----------------------------------------------------------------------------------------

base::Status MemoryStore::Impl::open_write(Opened& opened) {
  std::error_code problem;
  fs::create_directories(directory, problem);
  if (problem)
    return Error{ErrorCode::unavailable, "create " + directory.string() + ": " + problem.message()};
  auto taken = DirectoryLock::take(directory);
  if (!taken) return taken.error();
  lock = std::move(*taken);

  auto text = read_file(log_path());
  if (!text && text.error().code != ErrorCode::not_found) return text.error();
  if (!text) return replace_log(LogText());
  auto parsed = parse_log(*text);
  if (!parsed && parsed.error().code != ErrorCode::corrupt) return parsed.error();
  if (!parsed) return start_over(*text, parsed.error(), opened);
  if (parsed->order.empty()) return replace_log(LogText());  // Died before its first line.
  auto file = AppendFile::open(log_path(), parsed->length);  // Cuts a record that was not finished.
  if (!file) return file.error();
  log = std::move(*file);
  adopt(std::move(*parsed), opened);
  return {};
}

base::Status MemoryStore::Impl::open_read(Opened& opened) {
  auto text = read_file(log_path());
  if (!text) return text.error();
  auto parsed = parse_log(*text);
  if (!parsed) return parsed.error().in("read " + log_path().string());
  adopt(std::move(*parsed), opened);
  return {};
}

// A damaged log steps aside under another name; the new one begins with the purges that can be
// trusted.
base::Status MemoryStore::Impl::start_over(const std::string& damaged_text, const Error& damage,
                                           Opened& opened) {
  std::error_code problem;
  const fs::path aside = directory / "cases.damaged";
  fs::remove(aside, problem);
  fs::create_hard_link(log_path(), aside, problem);
  if (problem)
    return Error{ErrorCode::unavailable, "keep " + aside.string() + ": " + problem.message()};
  LogText text;
  purged = salvage_purges(damaged_text);
  for (const std::int64_t incident : purged) text.add(PurgeRecord{incident});
  opened.needs_rebuild = true;
  opened.note = "case log damaged (" + damage.message + "): kept as cases.damaged, started over";
  return replace_log(text);
}

// Leaves `cases` and the index as they are.
base::Status MemoryStore::Impl::replace_log(const LogText& text) {
  if (auto written = replace_file(log_path(), text.text); !written) return written;
  auto file = AppendFile::open(log_path(), text.text.size());
  if (!file) return file.error();
  log = std::move(*file);
  last_seal = text.last_seal;
  records = text.records;
  return {};
}

void MemoryStore::Impl::adopt(Log from, Opened& opened) {
  records = static_cast<std::int64_t>(from.seals.size());
  last_seal = from.seals.empty() ? "" : from.seals.back();
  position = from.position;
  purged = from.purged;
  cases = from.cases;
  adopt_index(from, opened);
}

void MemoryStore::Impl::adopt_index(const Log& from, Opened& opened) {
  auto loaded = VectorIndex::load(directory, kModelId, kDimensions);
  if (loaded) {
    const auto& mark = loaded->mark;
    const bool fits = mark.records > 0 && mark.records <= records &&
                      from.seals[static_cast<std::size_t>(mark.records - 1)] == mark.seal;
    if (!fits) loaded = Error{ErrorCode::corrupt, "the index belongs to another case log"};
  }
  if (!loaded) {
    const bool expected = loaded.error().code == ErrorCode::not_found;
    if (!expected) opened.note = "index made again from the case log: " + loaded.error().message;
    return index_cases();
  }
  index = std::move(loaded->index);
  position = std::max(position, loaded->mark.position);
  for (auto i = static_cast<std::size_t>(loaded->mark.records); i < from.order.size(); ++i) {
    if (from.order[i] == 0) continue;
    const Case& past = cases.at(from.order[i]);
    add_vector(index, past);
    ++unsaved;
  }
}

// A new index of all cases, in order of incident: the same cases give the same index.
void MemoryStore::Impl::index_cases() {
  VectorIndex fresh(kModelId, kDimensions);
  std::vector<std::int64_t> ids;
  for (const auto& [incident, past] : cases) ids.push_back(incident);
  std::sort(ids.begin(), ids.end());
  for (const std::int64_t incident : ids) {
    add_vector(fresh, cases.at(incident));
  }
  index = std::move(fresh);
  unsaved = static_cast<std::int64_t>(ids.size());
}

// ---- Changing
// ---------------------------------------------------------------------------------------

base::Status MemoryStore::Impl::append(const LogRecord& record) {
  if (!log) return denied();
  const std::string line = seal_line(last_seal, encode_record(record));
  if (base::failpoint("memory.row.before"))
    return Error{ErrorCode::unavailable, "append case: failpoint"};
  if (auto written = log->append(line); !written)
    return written.error().in("append to " + log_path().string());
  (void)base::failpoint("memory.row.after");
  last_seal = line.substr(0, 64);
  ++records;
  return {};
}

base::Status MemoryStore::Impl::save() {
  if (!log) return denied();
  if (auto saved = index.save(directory, {records, last_seal, position}); !saved) return saved;
  unsaved = 0;
  return {};
}

MemoryStore::MemoryStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MemoryStore::~MemoryStore() = default;

base::Result<MemoryStore::Opened> MemoryStore::open(const fs::path& directory, Access access) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->access = access;
  Opened opened;
  const base::Status status =
      access == Access::write ? impl->open_write(opened) : impl->open_read(opened);
  if (!status) return status.error().in("open memory");
  opened.store.reset(new MemoryStore(std::move(impl)));
  return opened;
}

base::Status MemoryStore::remember(const Case& past, std::int64_t position) {
  if (past.incident <= 0) return Error{ErrorCode::invalid, "remember: a case needs an incident"};
  Case stored = past;
  stored.symptom = trim_symptom(past.symptom);
  const std::unique_lock lock(impl_->mutex);
  const std::int64_t reached = std::max(position, impl_->position);
  const auto known = impl_->cases.find(stored.incident);
  if (known != impl_->cases.end() && known->second == stored) {
    impl_->position = reached;
    return {};
  }
  if (auto added = impl_->append(CaseRecord{stored, reached}); !added) return added;
  impl_->position = reached;
  impl_->cases[stored.incident] = stored;
  add_vector(impl_->index, stored);
  // A failure to save is not one to remember: the log has the case, and the next save tries again.
  if (++impl_->unsaved >= kSaveEvery) (void)impl_->save().ok();
  return {};
}

base::Status MemoryStore::rebuild(const std::vector<Case>& cases, std::int64_t position) {
  const std::unique_lock lock(impl_->mutex);
  if (!impl_->log) return denied();
  LogText text;
  Cases fresh;
  for (const std::int64_t incident : impl_->purged) text.add(PurgeRecord{incident});
  for (const Case& past : cases) {
    if (past.incident <= 0) return Error{ErrorCode::invalid, "rebuild: a case needs an incident"};
    Case stored = past;
    stored.symptom = trim_symptom(past.symptom);
    text.add(CaseRecord{stored, position});
    fresh[stored.incident] = std::move(stored);
  }
  if (auto replaced = impl_->replace_log(text); !replaced)
    return replaced.error().in("rebuild memory");
  impl_->cases = std::move(fresh);
  impl_->position = position;
  impl_->index_cases();
  return impl_->save();
}

base::Status MemoryStore::purge(std::int64_t incident) {
  const std::unique_lock lock(impl_->mutex);
  if (impl_->purged.contains(incident)) return {};
  if (auto added = impl_->append(PurgeRecord{incident}); !added) return added;
  impl_->purged.insert(incident);
  return {};
}

base::Status MemoryStore::save_index() {
  const std::unique_lock lock(impl_->mutex);
  return impl_->save();
}

void MemoryStore::set_position(std::int64_t position) {
  const std::unique_lock lock(impl_->mutex);
  impl_->position = std::max(impl_->position, position);
}

// ---- Asking
// -----------------------------------------------------------------------------------------

Recall MemoryStore::recall(const Symptom& symptom, base::WallTime now,
                           std::int64_t exclude_incident) const {
  const Vector vector = embed(symptom);
  const std::shared_lock lock(impl_->mutex);
  std::vector<Hit> hits;
  // Over-fetched by what may be filtered out afterwards: hnswlib of this version cannot filter
  // itself.
  for (const auto& [label, similarity] :
       impl_->index.search(vector, kCandidatesMax + impl_->purged.size() + 1)) {
    hits.push_back({label, similarity});
  }
  return make_recall(hits, impl_->cases, {now, exclude_incident, impl_->purged});
}

std::vector<Match> MemoryStore::search_text(std::string_view text, std::size_t limit) const {
  std::vector<Match> matches;
  const auto vector = embed_text(text);
  if (!vector) return matches;
  const std::shared_lock lock(impl_->mutex);
  for (const auto& [label, similarity] :
       impl_->index.search(*vector, limit + impl_->purged.size())) {
    const auto found = impl_->cases.find(label);
    if (found == impl_->cases.end() || impl_->purged.contains(label)) continue;
    if (similarity >= kTextSimilarityMin && matches.size() < limit)
      matches.push_back({found->second, similarity});
  }
  return matches;
}

std::int64_t MemoryStore::position() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->position;
}

std::size_t MemoryStore::size() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->cases.size();
}

std::optional<Case> MemoryStore::find(std::int64_t incident) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->cases.find(incident);
  return found == impl_->cases.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace memory
