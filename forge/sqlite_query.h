// One SQLite statement, bound and read by position. Only the store's own sources include this.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "forge/model.h"

namespace forge {

// Thrown by a failing statement and caught by run(), which undoes the transaction.
struct StatementFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One open file and the statements prepared for it, kept for the next one who asks the same.
// Not thread-safe.
class Database {
 public:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  ~Database() {
    for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  operator sqlite3*() const { return handle_; }  // NOLINT: it is one, to SQLite's own functions.

  // Null when it cannot be prepared. Who takes it gives it back.
  sqlite3_stmt* take(const std::string& sql) {
    if (const auto found = idle_.find(sql); found != idle_.end()) {
      sqlite3_stmt* const statement = found->second;
      idle_.erase(found);
      return statement;
    }
    sqlite3_stmt* statement = nullptr;
    const int size = static_cast<int>(sql.size());
    if (sqlite3_prepare_v2(handle_, sql.data(), size, &statement, nullptr) == SQLITE_OK) {
      return statement;
    }
    return nullptr;
  }
  void give_back(std::string sql, sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    const bool is_kept = idle_.size() < kIdleMax && idle_.emplace(std::move(sql), statement).second;
    if (!is_kept) sqlite3_finalize(statement);
  }

 private:
  static constexpr std::size_t kIdleMax = 200;

  sqlite3* handle_;
  std::unordered_map<std::string, sqlite3_stmt*> idle_;
};

// One prepared statement: bound in order, stepped, read by column.
class Query {
 public:
  Query(Database& database, std::string_view sql) : database_(database), sql_(sql) {
    statement_ = database.take(sql_);
    if (statement_ == nullptr) check(SQLITE_ERROR);
  }
  ~Query() { database_.give_back(std::move(sql_), statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value));
    return *this;
  }
  Query& bind(std::string_view value) {
    check(sqlite3_bind_text64(statement_, ++bound_, value.data() == nullptr ? "" : value.data(),
                              value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
  }
  Query& bind(base::WallTime value) { return bind(base::to_ms(value)); }
  template <class T>
  Query& bind(const std::optional<T>& value) {
    if (value) return bind(*value);
    check(sqlite3_bind_null(statement_, ++bound_));
    return *this;
  }

  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW;
  }
  void run() {
    while (step()) {
    }
  }

  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] int number(int column) const { return static_cast<int>(integer(column)); }
  [[nodiscard]] std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return "";
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
  }
  [[nodiscard]] base::WallTime time(int column) const {
    return base::wall_from_ms(integer(column));
  }
  // id, login and created_ms in three columns.
  [[nodiscard]] User user(int column) const {
    return {integer(column), text(column + 1), time(column + 2)};
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) throw StatementFailed(sqlite3_errmsg(database_));
  }
  Database& database_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace forge
