#include "forge/review_tables.h"

#include "forge/sqlite_query.h"

namespace forge {
namespace {

constexpr std::string_view kColumns =
    "SELECT c.id, c.issue_id, c.review_id, c.path, c.is_left, c.line, c.position, c.hunk, c.sha,"
    " c.body, c.reply_to, c.created_ms, u.id, u.login, u.created_ms"
    " FROM review_comments c JOIN users u ON u.id = c.author_id";

LineComment read_comment(const Query& row) {
  LineComment comment;
  comment.id = row.integer(0);
  comment.issue_id = row.integer(1);
  comment.review_id = row.integer(2);
  comment.place = {row.text(3), row.integer(4) != 0, row.number(5), row.number(6), row.text(7)};
  comment.sha = row.text(8);
  comment.body = row.text(9);
  comment.reply_to = row.integer(10);
  comment.created = row.time(11);
  comment.author = row.user(12);
  return comment;
}

}  // namespace

const char* const kReviewSchema = R"(
CREATE TABLE review_comments (id INTEGER PRIMARY KEY AUTOINCREMENT,
  issue_id INTEGER NOT NULL REFERENCES issues, review_id INTEGER NOT NULL REFERENCES reviews,
  author_id INTEGER NOT NULL REFERENCES users, path TEXT NOT NULL, is_left INTEGER NOT NULL,
  line INTEGER NOT NULL, position INTEGER NOT NULL, hunk TEXT NOT NULL, sha TEXT NOT NULL,
  body TEXT NOT NULL, reply_to INTEGER NOT NULL, created_ms INTEGER NOT NULL);
CREATE INDEX review_comments_by_issue ON review_comments (issue_id);
)";

LineComment ReviewTables::add(const LineComment& comment) {
  Query(
      database_,
      "INSERT INTO review_comments (issue_id, review_id, author_id, path, is_left, line, position,"
      " hunk, sha, body, reply_to, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(comment.issue_id)
      .bind(comment.review_id)
      .bind(comment.author.id)
      .bind(std::string_view(comment.place.path))
      .bind(comment.place.is_left ? 1 : 0)
      .bind(comment.place.line)
      .bind(comment.place.position)
      .bind(std::string_view(comment.place.hunk))
      .bind(std::string_view(comment.sha))
      .bind(std::string_view(comment.body))
      .bind(comment.reply_to)
      .bind(comment.created)
      .run();
  LineComment added = comment;
  added.id = sqlite3_last_insert_rowid(database_);
  return added;
}

std::optional<LineComment> ReviewTables::find(Id issue, Id id) {
  Query query(database_, std::string(kColumns) + " WHERE c.issue_id = ? AND c.id = ?");
  query.bind(issue).bind(id);
  if (!query.step()) return std::nullopt;
  return read_comment(query);
}

std::vector<LineComment> ReviewTables::list(Id issue) {
  Query query(database_, std::string(kColumns) + " WHERE c.issue_id = ? ORDER BY c.id");
  query.bind(issue);
  std::vector<LineComment> comments;
  while (query.step()) comments.push_back(read_comment(query));
  return comments;
}

}  // namespace forge
