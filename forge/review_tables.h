// The table of comments on lines of a pull request.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "forge/git_model.h"
#include "forge/sqlite_store.h"

namespace forge {

// What version 5 of the file adds.
extern const char* const kReviewSchema;

// A view of the store, used within its run(); cheap to make.
class ReviewTables {
 public:
  explicit ReviewTables(SqliteStore& store) : database_(store.database()) {}

  [[nodiscard]] LineComment add(const LineComment& comment);
  [[nodiscard]] std::optional<LineComment> find(Id issue, Id id);
  [[nodiscard]] std::vector<LineComment> list(Id issue);  // Oldest first.

 private:
  Database& database_;
};

}  // namespace forge
