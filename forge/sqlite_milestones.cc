// Milestones in the forge's file.
#include "forge/sqlite_query.h"
#include "forge/sqlite_store.h"

namespace forge {
namespace {

// A milestone's number is its row: rows are never given twice.
constexpr std::string_view kMilestoneColumns =
    "SELECT m.id, m.title, m.description, m.is_open, m.created_ms, m.updated_ms, m.due_ms,"
    " m.closed_ms, u.id, u.login, u.created_ms,"
    " (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.is_open = 1),"
    " (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.is_open = 0)"
    " FROM milestones m JOIN users u ON u.id = m.creator_id";

Milestone read_milestone(const Query& row) {
  Milestone milestone;
  milestone.id = row.integer(0);
  milestone.number = row.number(0);
  milestone.title = row.text(1);
  milestone.description = row.optional_text(2);
  milestone.is_open = row.integer(3) != 0;
  milestone.created = row.time(4);
  milestone.updated = row.time(5);
  if (!row.is_null(6)) milestone.due = row.time(6);
  if (!row.is_null(7)) milestone.closed = row.time(7);
  milestone.creator = row.user(8);
  milestone.open_issues = row.number(11);
  milestone.closed_issues = row.number(12);
  return milestone;
}

}  // namespace

Milestone SqliteStore::add_milestone(const Repository& repository, const Milestone& milestone) {
  Query(database_,
        "INSERT INTO milestones (repo_id, creator_id, title, description, is_open, created_ms,"
        " updated_ms, due_ms, closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(repository.id)
      .bind(milestone.creator.id)
      .bind(std::string_view(milestone.title))
      .bind(milestone.description)
      .bind(milestone.is_open ? 1 : 0)
      .bind(milestone.created)
      .bind(milestone.updated)
      .bind(milestone.due)
      .bind(milestone.closed)
      .run();
  return *load_milestone(sqlite3_last_insert_rowid(database_));
}

std::optional<Milestone> SqliteStore::load_milestone(Id id) {
  Query query(database_, std::string(kMilestoneColumns) + " WHERE m.id = ?");
  query.bind(id);
  if (!query.step()) return std::nullopt;
  return read_milestone(query);
}

std::optional<Milestone> SqliteStore::find_milestone(const Repository& repository, int number) {
  Query query(database_, std::string(kMilestoneColumns) + " WHERE m.repo_id = ? AND m.id = ?");
  query.bind(repository.id).bind(number);
  if (!query.step()) return std::nullopt;
  return read_milestone(query);
}

std::vector<Milestone> SqliteStore::list_milestones(const Repository& repository,
                                                    std::optional<bool> is_open) {
  Query query(database_, std::string(kMilestoneColumns) +
                             " WHERE m.repo_id = ? AND m.is_open IN (?, ?) ORDER BY m.id");
  query.bind(repository.id)
      .bind(is_open.value_or(true) ? 1 : 0)
      .bind(is_open.value_or(false) ? 1 : 0);
  std::vector<Milestone> milestones;
  while (query.step()) milestones.push_back(read_milestone(query));
  return milestones;
}

void SqliteStore::save_milestone(const Milestone& milestone) {
  Query(database_,
        "UPDATE milestones SET title = ?, description = ?, is_open = ?, updated_ms = ?,"
        " due_ms = ?, closed_ms = ? WHERE id = ?")
      .bind(std::string_view(milestone.title))
      .bind(milestone.description)
      .bind(milestone.is_open ? 1 : 0)
      .bind(milestone.updated)
      .bind(milestone.due)
      .bind(milestone.closed)
      .bind(milestone.id)
      .run();
}

void SqliteStore::remove_milestone(Id milestone) {
  Query(database_, "UPDATE issues SET milestone_id = NULL WHERE milestone_id = ?")
      .bind(milestone)
      .run();
  Query(database_, "DELETE FROM milestones WHERE id = ?").bind(milestone).run();
}

}  // namespace forge
