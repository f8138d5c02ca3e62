#include "ledger/sqlite_ledger.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "base/failpoint.h"
#include "base/hash.h"
#include "incident/event_codec.h"

namespace ledger {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS events(
  position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, incident INTEGER NOT NULL, role TEXT NOT NULL,
  name TEXT NOT NULL, at_ms INTEGER NOT NULL, boot_ns INTEGER NOT NULL, changes_state INTEGER NOT NULL,
  payload TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_changes ON events(incident, position) WHERE changes_state = 1;
CREATE TABLE IF NOT EXISTS blobs(hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox(
  position INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, delivery TEXT NOT NULL,
  body_hash TEXT NOT NULL, body BLOB NOT NULL, received_ms INTEGER NOT NULL,
  UNIQUE(source, delivery), UNIQUE(source, body_hash));
CREATE INDEX IF NOT EXISTS inbox_age ON inbox(source, received_ms);
CREATE TABLE IF NOT EXISTS leases(
  name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// A prepared statement, bound in order and reset when it goes out of scope.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql) {
    code_ = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value) {
    return note(sqlite3_bind_int64(statement_, ++bound_, value));
  }
  Statement& bind(std::string_view value) {
    return note(sqlite3_bind_text(statement_, ++bound_, value.data(),
                                  static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  Statement& bind_blob(std::string_view value) {
    return note(sqlite3_bind_blob(statement_, ++bound_, value.data(),
                                  static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  // SQLITE_ROW, SQLITE_DONE or an error code.
  int step() { return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_; }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] std::string text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return data == nullptr
               ? std::string()
               : std::string(data,
                             static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  Statement& note(int code) {
    if (code_ == SQLITE_OK) code_ = code;
    return *this;
  }
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
};

// SQLite's own handler sleeps 1, 2, 5, 10 … ms, longer than a commit takes (0.2 ms) and with no
// regard to who came first: measured, one writer of four starved for seconds. Short, equal waits
// are fair.
int wait_for_lock(void* /*unused*/, int tries) {
  constexpr int kWaitUs = 100, kTriesMax = 50'000;  // 5 s in all, without the time of the tries.
  if (tries >= kTriesMax) return 0;
  usleep(kWaitUs);
  return 1;
}

std::string wake_folder(const std::string& path) { return path + ".wake"; }

std::string chain(const std::string& previous, const std::string& id, std::int64_t incident,
                  std::string_view role, std::string_view name, std::int64_t at_ms,
                  std::int64_t boot_ns, bool changes, const std::string& payload) {
  std::string row = previous;
  for (const std::string_view part :
       {std::string_view(id), role, name, std::string_view(payload)}) {
    row += '\n';
    row += part;
  }
  row += '\n' + std::to_string(incident) + ' ' + std::to_string(at_ms) + ' ' +
         std::to_string(boot_ns) + (changes ? " 1" : " 0");
  return base::sha256_hex(row);
}

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(sqlite3* db, std::string path, const base::Clock& clock)
      : db_(db), path_(std::move(path)), clock_(clock) {
    waker_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }
  ~SqliteLedger() override {
    if (waker_ >= 0) close(waker_);
    sqlite3_close(db_);
  }

  base::Result<std::int64_t> append(const std::vector<Draft>& drafts, std::int64_t seen,
                                    const std::vector<std::string>& blobs) override {
    for (const auto& draft : drafts) {
      if (!incident::may_write(draft.event.role, draft.event.what)) {
        return Error{ErrorCode::denied,
                     "append " + std::string(incident::name_of(draft.event.what)) + ": role " +
                         std::string(incident::to_string(draft.event.role)) + " does not own it"};
      }
    }
    if (base::failpoint("ledger.append.before"))
      return Error{ErrorCode::unavailable, "append: failpoint"};
    std::int64_t last = 0;
    {
      const std::lock_guard lock(mutex_);
      if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun.error().in("append");
      auto written = write_all(drafts, seen, blobs);
      if (!written) {
        (void)run("ROLLBACK");
        return written.error();
      }
      if (auto committed = run("COMMIT"); !committed) {
        // A full disk refuses the commit mark itself: nothing was written. Of other failures nobody
        // knows.
        const bool full = sqlite3_errcode(db_) == SQLITE_FULL;
        (void)run("ROLLBACK");
        return Error{full ? ErrorCode::unavailable : ErrorCode::unknown,
                     "append: commit: " + committed.error().message};
      }
      last = *written;
    }
    (void)base::failpoint("ledger.append.after");
    wake();
    return last;
  }

  base::Result<std::vector<Record>> read(std::int64_t position, int limit) override {
    const std::lock_guard lock(mutex_);
    Statement rows(db_,
                   "SELECT position,id,incident,role,name,at_ms,boot_ns,payload FROM events "
                   "WHERE position > ? ORDER BY position LIMIT ?");
    rows.bind(position).bind(limit);
    std::vector<Record> records;
    int code = 0;
    while ((code = rows.step()) == SQLITE_ROW) {
      Record record;
      record.position = rows.integer(0);
      record.event.id = rows.text(1);
      record.event.incident = rows.integer(2);
      const auto role = incident::parse_role(rows.text(3));
      auto payload = incident::decode(rows.text(4), rows.text(7));
      if (!role || !payload) {
        return Error{ErrorCode::corrupt,
                     "read event " + std::to_string(record.position) + ": " +
                         (payload ? "unknown role " + rows.text(3) : payload.error().message)};
      }
      record.event.role = *role;
      record.event.at = base::wall_from_ms(rows.integer(5));
      record.event.boot = base::Instant(base::Duration(rows.integer(6)));
      record.event.what = *std::move(payload);
      records.push_back(std::move(record));
    }
    if (code != SQLITE_DONE) return failure("read events");
    return records;
  }

  base::Result<std::int64_t> head() override {
    const std::lock_guard lock(mutex_);
    Statement row(db_, "SELECT coalesce(max(position), 0) FROM events");
    if (row.step() != SQLITE_ROW) return failure("read the head");
    return row.integer(0);
  }

  base::Result<std::string> blob(const std::string& hash) override {
    const std::lock_guard lock(mutex_);
    Statement row(db_, "SELECT bytes FROM blobs WHERE hash = ?");
    row.bind(hash);
    const int code = row.step();
    if (code == SQLITE_DONE)
      return Error{ErrorCode::not_found, "read blob " + hash + ": no such blob"};
    if (code != SQLITE_ROW) return failure("read blob " + hash);
    auto bytes = row.text(0);
    if (base::sha256_hex(bytes) != hash)
      return Error{ErrorCode::corrupt, "read blob " + hash + ": its bytes have another hash"};
    return bytes;
  }

  base::Result<bool> deliver(const Delivery& delivery) override {
    bool added = false;
    {
      const std::lock_guard lock(mutex_);
      Statement row(db_,
                    "INSERT OR IGNORE INTO inbox(source,delivery,body_hash,body,received_ms) "
                    "VALUES(?,?,?,?,?)");
      row.bind(delivery.source).bind(delivery.delivery).bind(base::sha256_hex(delivery.body));
      row.bind_blob(delivery.body).bind(base::to_ms(delivery.received));
      if (row.step() != SQLITE_DONE) return failure("keep delivery " + delivery.delivery);
      added = sqlite3_changes(db_) > 0;
    }
    wake();
    return added;
  }

  base::Result<std::vector<Delivery>> deliveries(std::int64_t after, int limit) override {
    const std::lock_guard lock(mutex_);
    Statement rows(db_,
                   "SELECT position,source,delivery,body,received_ms FROM inbox WHERE position > ? "
                   "ORDER BY position LIMIT ?");
    rows.bind(after).bind(limit);
    std::vector<Delivery> found;
    int code = 0;
    while ((code = rows.step()) == SQLITE_ROW) {
      found.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.text(3),
                       base::wall_from_ms(rows.integer(4))});
    }
    if (code != SQLITE_DONE) return failure("read deliveries");
    return found;
  }

  base::Result<int> forget(const std::string& source, std::int64_t up_to, base::WallTime before,
                           int limit) override {
    const std::lock_guard lock(mutex_);
    Statement row(db_,
                  "DELETE FROM inbox WHERE position IN (SELECT position FROM inbox "
                  "WHERE source = ? AND received_ms < ? AND position <= ? "
                  "ORDER BY received_ms LIMIT ?)");
    row.bind(source).bind(base::to_ms(before)).bind(up_to).bind(limit);
    if (row.step() != SQLITE_DONE) return failure("forget deliveries of " + source);
    return sqlite3_changes(db_);
  }

  base::Result<Lease> acquire(const std::string& name, const std::string& holder,
                              base::Duration duration) override {
    const std::lock_guard lock(mutex_);
    if (auto begun = run("BEGIN IMMEDIATE"); !begun)
      return begun.error().in("acquire lease " + name);
    auto taken = take(name, holder, duration);
    if (auto ended = run(taken ? "COMMIT" : "ROLLBACK"); !ended) {
      (void)run("ROLLBACK");
      return ended.error().in("acquire lease " + name);
    }
    return taken;
  }

  base::Result<std::optional<Lease>> lease(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    return find_lease(name);
  }

  base::Status verify() override {
    const std::lock_guard lock(mutex_);
    Statement check(db_, "PRAGMA quick_check");
    if (check.step() != SQLITE_ROW || check.text(0) != "ok")
      return Error{ErrorCode::corrupt, "check ledger: SQLite finds the file damaged"};
    Statement rows(db_,
                   "SELECT position,id,incident,role,name,at_ms,boot_ns,changes_state,payload,hash "
                   "FROM events ORDER BY position");
    std::string previous;
    std::int64_t expected = 1;
    int code = 0;
    while ((code = rows.step()) == SQLITE_ROW) {
      previous = chain(previous, rows.text(1), rows.integer(2), rows.text(3), rows.text(4),
                       rows.integer(5), rows.integer(6), rows.integer(7) != 0, rows.text(8));
      if (rows.integer(0) != expected++ || rows.text(9) != previous) {
        return Error{ErrorCode::corrupt, "check ledger: the hash chain breaks at position " +
                                             std::to_string(rows.integer(0))};
      }
    }
    if (code != SQLITE_DONE) return failure("check ledger").error();
    return {};
  }

  base::Status run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return failure(sql);
  }
  // Of several that open a new file at once each holds what the others need: SQLite then says
  // "busy" at once, without a wait. One of them has it when asked again.
  base::Status use_write_ahead_log() {
    for (int tries = 0;; ++tries) {
      auto done = run("PRAGMA journal_mode=WAL");
      if (done || sqlite3_errcode(db_) != SQLITE_BUSY || wait_for_lock(nullptr, tries) == 0)
        return done;
    }
  }

 private:
  struct Failure {
    Error error_;
    template <class T>
    operator base::Result<T>() const {
      return error_;
    }  // NOLINT
    operator base::Status() const { return error_; }  // NOLINT
    [[nodiscard]] const Error& error() const { return error_; }
  };

  [[nodiscard]] Failure failure(const std::string& what) const {
    const int code = sqlite3_errcode(db_);
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return {Error{damaged ? ErrorCode::corrupt : ErrorCode::unavailable,
                  what + " (" + path_ + "): " + sqlite3_errmsg(db_)}};
  }

  base::Result<std::int64_t> write_all(const std::vector<Draft>& drafts, std::int64_t seen,
                                       const std::vector<std::string>& blobs) {
    for (const auto& bytes : blobs) {
      Statement row(db_, "INSERT OR IGNORE INTO blobs(hash,bytes) VALUES(?,?)");
      if (row.bind(base::sha256_hex(bytes)).bind_blob(bytes).step() != SQLITE_DONE)
        return failure("keep a blob");
    }
    std::int64_t position = 0;
    std::string previous;
    {
      Statement tail(db_, "SELECT position, hash FROM events ORDER BY position DESC LIMIT 1");
      if (tail.step() == SQLITE_ROW) position = tail.integer(0), previous = tail.text(1);
    }
    for (const auto& draft : drafts) {
      if (is_there(draft.event.id)) continue;
      if (draft.changes_state && changed_after(draft.event.incident, seen)) {
        return Error{ErrorCode::conflict,
                     "append " + std::string(incident::name_of(draft.event.what)) +
                         " to incident " + std::to_string(draft.event.incident) +
                         ": its state changed after position " + std::to_string(seen)};
      }
    }
    for (const auto& draft : drafts) {
      if (is_there(draft.event.id)) continue;
      if (auto written = insert(draft, ++position, previous); !written) return written.error();
    }
    return position;
  }

  base::Status insert(const Draft& draft, std::int64_t position, std::string& previous) {
    const auto& event = draft.event;
    const auto payload = incident::encode(event.what);
    const auto role = incident::to_string(event.role), name = incident::name_of(event.what);
    const std::int64_t boot_ns = event.boot.time_since_epoch().count();
    previous = chain(previous, event.id, event.incident, role, name, base::to_ms(event.at), boot_ns,
                     draft.changes_state, payload);
    Statement row(db_,
                  "INSERT INTO "
                  "events(position,id,incident,role,name,at_ms,boot_ns,changes_state,payload,hash) "
                  "VALUES(?,?,?,?,?,?,?,?,?,?)");
    row.bind(position)
        .bind(event.id)
        .bind(event.incident)
        .bind(role)
        .bind(name)
        .bind(base::to_ms(event.at));
    row.bind(boot_ns).bind(draft.changes_state ? 1 : 0).bind(payload).bind(previous);
    if (row.step() != SQLITE_DONE) return failure("append " + std::string(name));
    return {};
  }

  bool is_there(const std::string& id) {
    Statement row(db_, "SELECT 1 FROM events WHERE id = ?");
    return row.bind(id).step() == SQLITE_ROW;
  }

  bool changed_after(incident::IncidentId incident, std::int64_t seen) {
    Statement row(
        db_,
        "SELECT 1 FROM events WHERE incident = ? AND changes_state = 1 AND position > ? LIMIT 1");
    return row.bind(incident).bind(seen).step() != SQLITE_DONE;  // In doubt the writer reads again.
  }

  base::Result<std::optional<Lease>> find_lease(const std::string& name) {
    Statement row(db_, "SELECT epoch, holder, expires_ms FROM leases WHERE name = ?");
    const int code = row.bind(name).step();
    if (code == SQLITE_DONE) return std::optional<Lease>();
    if (code != SQLITE_ROW) return failure("read lease " + name);
    return std::optional(Lease{row.integer(0), row.text(1), base::wall_from_ms(row.integer(2))});
  }

  base::Result<Lease> take(const std::string& name, const std::string& holder,
                           base::Duration duration) {
    auto known = find_lease(name);
    if (!known) return known.error();
    const auto now = clock_.now().wall;
    const auto& held = known.value();
    if (held && held->holder != holder && held->expires > now) {
      return Error{ErrorCode::conflict, "acquire lease " + name + ": " + held->holder +
                                            " holds it until " + base::format_utc(held->expires)};
    }
    Lease lease;
    lease.holder = holder;
    lease.expires = now + std::chrono::duration_cast<base::Millis>(duration);
    lease.epoch = held ? held->epoch + (held->holder == holder ? 0 : 1) : 1;
    Statement row(db_,
                  "INSERT INTO leases(name,epoch,holder,expires_ms) VALUES(?,?,?,?) "
                  "ON CONFLICT(name) DO UPDATE SET epoch=excluded.epoch, holder=excluded.holder, "
                  "expires_ms=excluded.expires_ms");
    if (row.bind(name).bind(lease.epoch).bind(holder).bind(base::to_ms(lease.expires)).step() !=
        SQLITE_DONE) {
      return failure("acquire lease " + name);
    }
    return lease;
  }

  // One datagram to every reader; a full queue means that it is awake anyway, a dead socket is
  // removed.
  void wake() const {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(wake_folder(path_), ignored)) {
      if (!entry.is_socket(ignored)) continue;  // Not ours to send to, nor to remove.
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      const auto text = entry.path().string();
      if (text.size() >= sizeof address.sun_path) continue;
      std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
      if (sendto(waker_, "1", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) < 0 &&
          errno == ECONNREFUSED) {
        unlink(text.c_str());
      }
    }
  }

  std::mutex mutex_;  // Guards: db_.
  sqlite3* db_;
  std::string path_;
  const base::Clock& clock_;
  int waker_ = -1;
};

constexpr std::int64_t kRoomBytes = 4 << 20;  // As far as 1000 pages of autocheckpoint let it grow.

// Whoever comes first fills and empties it; the file keeps its length until all have closed it.
base::Status make_room(SqliteLedger& ledger, const std::string& path) {
  const auto has_room = [&] {
    std::error_code error;
    const auto size = std::filesystem::file_size(path + "-wal", error);
    return !error && static_cast<std::int64_t>(size) >= kRoomBytes;
  };
  if (has_room()) return {};
  if (auto begun = ledger.run("BEGIN IMMEDIATE"); !begun) return begun;
  const bool first = !has_room();
  const std::string fill = "INSERT OR REPLACE INTO blobs(hash,bytes) VALUES('room',zeroblob(" +
                           std::to_string(kRoomBytes) + "))";
  if (first) {
    if (auto filled = ledger.run(fill.c_str()); !filled) {
      (void)ledger.run("ROLLBACK");
      return filled;
    }
  }
  if (auto committed = ledger.run("COMMIT"); !committed) return committed;
  if (!first) return {};
  if (auto emptied = ledger.run("DELETE FROM blobs WHERE hash='room'"); !emptied) return emptied;
  return ledger.run("PRAGMA wal_checkpoint(RESTART)");
}

base::Result<std::int64_t> schema_version(sqlite3* db, const std::string& path) {
  Statement row(db, "PRAGMA user_version");
  if (row.step() != SQLITE_ROW)
    return Error{ErrorCode::corrupt, "open ledger " + path + ": " + sqlite3_errmsg(db)};
  return row.integer(0);
}

}  // namespace

std::string blob_hash(std::string_view bytes) { return base::sha256_hex(bytes); }

base::Result<std::unique_ptr<Ledger>> open_sqlite(const SqliteOptions& options,
                                                  const base::Clock& clock) {
  const std::filesystem::path path(options.path);
  if (!options.read_only) {
    std::error_code failed;
    std::filesystem::create_directories(wake_folder(options.path), failed);
    if (failed) {
      return Error{ErrorCode::unavailable,
                   "open ledger " + options.path +
                       ": cannot create its folder: " + failed.message() +
                       "; set `state` in the configuration to a folder you may write"};
    }
  }
  sqlite3* db = nullptr;
  const int flags =
      options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(options.path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    const std::string reason = db == nullptr ? "out of memory" : sqlite3_errmsg(db);
    sqlite3_close(db);
    return Error{options.read_only ? ErrorCode::not_found : ErrorCode::unavailable,
                 "open ledger " + options.path + ": " + reason};
  }
  sqlite3_busy_handler(db, wait_for_lock, nullptr);
  auto ledger = std::make_unique<SqliteLedger>(db, options.path, clock);
  const auto version = schema_version(db, options.path);
  if (!version) return version.error();
  if (*version > kSchemaVersion) {
    return Error{ErrorCode::invalid, "open ledger " + options.path +
                                         ": it was written by a newer version (schema " +
                                         std::to_string(*version) + ", this program knows " +
                                         std::to_string(kSchemaVersion) +
                                         "); run that version, or start with another state folder"};
  }
  if (options.read_only) return std::unique_ptr<Ledger>(std::move(ledger));
  if (auto done = ledger->use_write_ahead_log(); !done) return done.error().in("open ledger");
  for (const char* sql : {"PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=1000",
                          "BEGIN IMMEDIATE", kSchema, "PRAGMA user_version=1", "COMMIT"}) {
    if (auto done = ledger->run(sql); !done) return done.error().in("open ledger");
  }
  if (options.make_room) (void)make_room(*ledger, options.path);  // Without it, only slower.
  return std::unique_ptr<Ledger>(std::move(ledger));
}

base::Result<std::unique_ptr<Wakeup>> Wakeup::open(const std::string& ledger_path,
                                                   const std::string& reader) {
  const std::string path = wake_folder(ledger_path) + "/" + reader + "-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::unavailable,
                 "listen for wake-ups at " + path +
                     ": the path is longer than a socket's may be; choose a shorter state folder"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(path.c_str());
  if (descriptor < 0 ||
      bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return Error{ErrorCode::unavailable, "listen for wake-ups at " + path + ": " + reason};
  }
  return std::unique_ptr<Wakeup>(new Wakeup(descriptor, path));
}

Wakeup::~Wakeup() {
  close(descriptor_);
  unlink(path_.c_str());
}

void Wakeup::drain() {
  char buffer[64];
  while (recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
  }
}

}  // namespace ledger
