#include "forge/sqlite_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "forge/git_tables.h"
#include "forge/review_tables.h"
#include "forge/sqlite_query.h"

namespace forge {
namespace {

constexpr int kVersion = 5;

constexpr const char* kSchema = R"(
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created_ms INTEGER NOT NULL);
CREATE TABLE repos (id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER NOT NULL REFERENCES users,
  name TEXT NOT NULL COLLATE NOCASE, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  UNIQUE (owner_id, name));
CREATE TABLE issues (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  number INTEGER NOT NULL, author_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL, body TEXT,
  is_open INTEGER NOT NULL, state_reason TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, closed_ms INTEGER, closed_by_id INTEGER REFERENCES users,
  UNIQUE (repo_id, number));
CREATE INDEX issues_by_state ON issues (repo_id, is_open, created_ms);
CREATE TABLE issue_assignees (issue_id INTEGER NOT NULL REFERENCES issues,
  user_id INTEGER NOT NULL REFERENCES users, PRIMARY KEY (issue_id, user_id)) WITHOUT ROWID;
CREATE TABLE comments (id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id INTEGER NOT NULL REFERENCES issues,
  author_id INTEGER NOT NULL REFERENCES users, body TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL);
CREATE INDEX comments_by_issue ON comments (issue_id);
CREATE TABLE labels (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  name TEXT NOT NULL COLLATE NOCASE, color TEXT NOT NULL, description TEXT, UNIQUE (repo_id, name));
CREATE TABLE issue_labels (issue_id INTEGER NOT NULL REFERENCES issues,
  label_id INTEGER NOT NULL REFERENCES labels, PRIMARY KEY (issue_id, label_id)) WITHOUT ROWID;
CREATE INDEX issue_labels_by_label ON issue_labels (label_id);
CREATE TABLE issue_events (id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id INTEGER NOT NULL REFERENCES issues,
  actor_id INTEGER NOT NULL REFERENCES users, kind TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  assignee_id INTEGER REFERENCES users, created_ms INTEGER NOT NULL);
CREATE INDEX issue_events_by_issue ON issue_events (issue_id);
CREATE TABLE reactions (id INTEGER PRIMARY KEY AUTOINCREMENT, subject INTEGER NOT NULL,
  subject_id INTEGER NOT NULL, user_id INTEGER NOT NULL REFERENCES users, content TEXT NOT NULL,
  created_ms INTEGER NOT NULL, UNIQUE (subject, subject_id, user_id, content));
)";

// What version 2 adds.
constexpr const char* kSecondSchema = R"(
CREATE TABLE milestones (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  creator_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL, description TEXT,
  is_open INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, due_ms INTEGER,
  closed_ms INTEGER, UNIQUE (repo_id, title));
ALTER TABLE issues ADD COLUMN milestone_id INTEGER REFERENCES milestones;
ALTER TABLE issues ADD COLUMN lock_reason TEXT;
CREATE INDEX issues_by_milestone ON issues (milestone_id) WHERE milestone_id IS NOT NULL;
CREATE TABLE hooks (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  url TEXT NOT NULL, is_form INTEGER NOT NULL, secret TEXT NOT NULL, is_insecure INTEGER NOT NULL,
  events TEXT NOT NULL, is_active INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, hook_id INTEGER NOT NULL REFERENCES hooks,
  guid TEXT NOT NULL, event TEXT NOT NULL, action TEXT NOT NULL, payload TEXT NOT NULL,
  is_redelivery INTEGER NOT NULL, created_ms INTEGER NOT NULL, delivered_ms INTEGER,
  duration_ms INTEGER NOT NULL DEFAULT 0, status_code INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT '', request_headers TEXT NOT NULL DEFAULT '{}',
  response_headers TEXT NOT NULL DEFAULT '{}', response_body TEXT NOT NULL DEFAULT '');
CREATE INDEX deliveries_by_hook ON deliveries (hook_id, id);
CREATE INDEX deliveries_waiting ON deliveries (id) WHERE delivered_ms IS NULL;
CREATE INDEX deliveries_by_age ON deliveries (created_ms);
)";

// What version 4 adds: counters, kept by the file itself, so that a page of a million comments
// needs no count of them.
constexpr const char* kCounterSchema = R"(
ALTER TABLE issues ADD COLUMN comments INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repos ADD COLUMN issues INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repos ADD COLUMN open_issues INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repos ADD COLUMN comments INTEGER NOT NULL DEFAULT 0;
UPDATE issues SET comments = (SELECT count(*) FROM comments c WHERE c.issue_id = issues.id);
UPDATE repos SET issues = (SELECT count(*) FROM issues i WHERE i.repo_id = repos.id),
  open_issues = (SELECT count(*) FROM issues i WHERE i.repo_id = repos.id AND i.is_open = 1),
  comments = (SELECT coalesce(sum(i.comments), 0) FROM issues i WHERE i.repo_id = repos.id);
CREATE TRIGGER comment_added AFTER INSERT ON comments BEGIN
  UPDATE issues SET comments = comments + 1 WHERE id = NEW.issue_id;
  UPDATE repos SET comments = comments + 1
    WHERE id = (SELECT repo_id FROM issues WHERE id = NEW.issue_id);
END;
CREATE TRIGGER comment_removed AFTER DELETE ON comments BEGIN
  UPDATE issues SET comments = comments - 1 WHERE id = OLD.issue_id;
  UPDATE repos SET comments = comments - 1
    WHERE id = (SELECT repo_id FROM issues WHERE id = OLD.issue_id);
END;
CREATE TRIGGER issue_added AFTER INSERT ON issues BEGIN
  UPDATE repos SET issues = issues + 1, open_issues = open_issues + NEW.is_open
    WHERE id = NEW.repo_id;
END;
CREATE TRIGGER issue_turned AFTER UPDATE OF is_open ON issues WHEN OLD.is_open <> NEW.is_open BEGIN
  UPDATE repos SET open_issues = open_issues + NEW.is_open - OLD.is_open WHERE id = NEW.repo_id;
END;
CREATE INDEX comments_by_update ON comments (updated_ms, id);
CREATE INDEX issues_by_update ON issues (repo_id, updated_ms);
)";

base::Error store_error(base::ErrorCode code, std::string_view what, std::string_view why) {
  return {code, std::string(what) + ": " + std::string(why)};
}

// GitHub's times have whole seconds, and so has what clients compare with them.
std::int64_t floor_to_second(base::WallTime time) { return base::to_ms(time) / 1000 * 1000; }

constexpr std::string_view kIssueColumns =
    "SELECT i.id, i.number, i.title, i.body, i.is_open, i.state_reason, i.created_ms, i.updated_ms,"
    " i.closed_ms, a.id, a.login, a.created_ms, c.id, c.login, c.created_ms,"
    " i.comments, i.milestone_id, i.lock_reason,"
    " p.is_draft, p.merged_ms FROM issues i JOIN users a ON a.id = i.author_id"
    " LEFT JOIN users c ON c.id = i.closed_by_id LEFT JOIN pulls p ON p.issue_id = i.id";

Issue read_issue(const Query& row) {
  Issue issue;
  issue.id = row.integer(0);
  issue.number = row.number(1);
  issue.title = row.text(2);
  issue.body = row.optional_text(3);
  issue.is_open = row.integer(4) != 0;
  issue.state_reason = row.text(5);
  issue.created = row.time(6);
  issue.updated = row.time(7);
  if (!row.is_null(8)) issue.closed = row.time(8);
  issue.author = row.user(9);
  if (!row.is_null(12)) issue.closed_by = row.user(12);
  issue.comments = row.number(15);
  if (!row.is_null(16)) issue.milestone.emplace().id = row.integer(16);
  issue.lock_reason = row.optional_text(17);
  if (!row.is_null(18)) issue.pull.emplace().is_draft = row.integer(18) != 0;
  if (!row.is_null(19)) issue.pull->merged = row.time(19);
  return issue;
}

// The WHERE of a filter; bind_filter binds its marks in the same order.
std::string where_issues(const IssueFilter& filter) {
  std::string where = " WHERE i.repo_id = ?";
  if (filter.state != IssueState::all) where += " AND i.is_open = ?";
  if (!filter.creator.empty()) where += " AND a.login = ? COLLATE NOCASE";
  if (filter.since) where += " AND i.updated_ms >= ?";
  const std::string assigned =
      "(SELECT 1 FROM issue_assignees s JOIN users u ON u.id = s.user_id"
      " WHERE s.issue_id = i.id";
  if (filter.assignee == "none") {
    where += " AND NOT EXISTS " + assigned + ")";
  } else if (filter.assignee == "*") {
    where += " AND EXISTS " + assigned + ")";
  } else if (!filter.assignee.empty()) {
    where += " AND EXISTS " + assigned + " AND u.login = ? COLLATE NOCASE)";
  }
  for (std::size_t i = 0; i < filter.labels.size(); ++i) {
    where +=
        " AND EXISTS (SELECT 1 FROM issue_labels x JOIN labels l ON l.id = x.label_id"
        " WHERE x.issue_id = i.id AND l.name = ?)";
  }
  if (filter.milestone == "none") {
    where += " AND i.milestone_id IS NULL";
  } else if (filter.milestone == "*") {
    where += " AND i.milestone_id IS NOT NULL";
  } else if (!filter.milestone.empty()) {
    where += " AND i.milestone_id = CAST(? AS INTEGER)";
  }
  if (filter.is_pull) {
    where += *filter.is_pull ? " AND EXISTS" : " AND NOT EXISTS";
    where += " (SELECT 1 FROM pulls x WHERE x.issue_id = i.id)";
  }
  if (filter.known_at) where += " AND i.created_ms <= ?";
  for (std::size_t i = 0; i < filter.words.size(); ++i) {
    where += " AND (";
    if (filter.in_title) where += "instr(lower(i.title), lower(?)) > 0";
    if (filter.in_title && filter.in_body) where += " OR ";
    if (filter.in_body) where += "instr(lower(coalesce(i.body, '')), lower(?)) > 0";
    where += ")";
  }
  return where;
}

void bind_filter(Query& query, const Repository& repository, const IssueFilter& filter) {
  query.bind(repository.id);
  if (filter.state != IssueState::all) query.bind(filter.state == IssueState::open ? 1 : 0);
  if (!filter.creator.empty()) query.bind(std::string_view(filter.creator));
  if (filter.since) query.bind(floor_to_second(*filter.since));
  if (!filter.assignee.empty() && filter.assignee != "none" && filter.assignee != "*") {
    query.bind(std::string_view(filter.assignee));
  }
  for (const std::string& label : filter.labels) query.bind(std::string_view(label));
  if (!filter.milestone.empty() && filter.milestone != "none" && filter.milestone != "*") {
    query.bind(std::string_view(filter.milestone));
  }
  if (filter.known_at) query.bind(*filter.known_at);
  for (const std::string& word : filter.words) {
    if (filter.in_title) query.bind(std::string_view(word));
    if (filter.in_body) query.bind(std::string_view(word));
  }
}

bool filters_by_state_alone(const IssueFilter& filter) {
  return filter.labels.empty() && filter.creator.empty() && filter.assignee.empty() &&
         filter.milestone.empty() && filter.words.empty() && !filter.since && !filter.known_at;
}

std::string order_issues(const IssueFilter& filter) {
  const std::string direction = filter.is_descending ? " DESC" : " ASC";
  std::string key = "i.created_ms";
  if (filter.sort == SortKey::updated) key = "i.updated_ms";
  if (filter.sort == SortKey::comments) key = "16";  // The column of the count.
  return " ORDER BY " + key + direction + ", i.number" + direction;
}

constexpr std::string_view kCommentColumns =
    "SELECT c.id, i.number, c.body, c.created_ms, c.updated_ms, a.id, a.login, a.created_ms";

// From the issue to its comments, or from the comments, which are in order, to their issues. SQLite
// keeps the order of a CROSS JOIN, so that a page is read without sorting all.
std::string_view from_comments(const CommentFilter& filter) {
  return filter.issue_number != 0 ? " FROM issues i CROSS JOIN comments c ON c.issue_id = i.id"
                                    " CROSS JOIN users a ON a.id = c.author_id"
                                  : " FROM comments c CROSS JOIN issues i ON i.id = c.issue_id"
                                    " CROSS JOIN users a ON a.id = c.author_id";
}

Comment read_comment(const Query& row) {
  Comment comment;
  comment.id = row.integer(0);
  comment.issue_number = row.number(1);
  comment.body = row.text(2);
  comment.created = row.time(3);
  comment.updated = row.time(4);
  comment.author = row.user(5);
  return comment;
}

std::string where_comments(const CommentFilter& filter) {
  std::string where = " WHERE i.repo_id = ?";
  if (filter.issue_number != 0) where += " AND i.number = ?";
  if (filter.since) where += " AND c.updated_ms >= ?";
  if (filter.known_at) where += " AND c.created_ms <= ?";
  return where;
}

void bind_filter(Query& query, const Repository& repository, const CommentFilter& filter) {
  query.bind(repository.id);
  if (filter.issue_number != 0) query.bind(filter.issue_number);
  if (filter.since) query.bind(floor_to_second(*filter.since));
  if (filter.known_at) query.bind(*filter.known_at);
}

constexpr std::string_view kEventColumns =
    "SELECT e.id, e.kind, e.before, e.after, e.created_ms, a.id, a.login, a.created_ms,"
    " s.id, s.login, s.created_ms, i.number FROM issue_events e JOIN issues i ON i.id = e.issue_id"
    " JOIN users a ON a.id = e.actor_id LEFT JOIN users s ON s.id = e.assignee_id";

Event read_event(const Query& row) {
  const auto kind = parse_event_kind(row.text(1));
  if (!kind) throw StatementFailed("issue_events holds an unknown kind");
  Event event{row.integer(0), row.user(5),  *kind,      row.text(2),
              row.text(3),    std::nullopt, row.time(4)};
  if (!row.is_null(8)) event.assignee = row.user(8);
  return event;
}

Label read_label(const Query& row) {
  return {row.integer(0), row.text(1), row.text(2), row.optional_text(3)};
}

}  // namespace

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  std::unique_ptr<SqliteStore> store(new SqliteStore(database));
  if (code != SQLITE_OK) {
    return store_error(base::ErrorCode::unavailable, "open forge file " + path,
                       database == nullptr ? "out of memory" : sqlite3_errmsg(database));
  }
  sqlite3_busy_timeout(database, 5000);
  const base::Status prepared = store->prepare_schema();
  if (!prepared.ok()) return prepared.error().in("open forge file " + path);
  return store;
}

SqliteStore::SqliteStore(sqlite3* database)
    : owned_(std::make_unique<Database>(database)), database_(*owned_) {}

SqliteStore::~SqliteStore() = default;

base::Status SqliteStore::prepare_schema() {
  int found = 0;
  try {
    Query(database_, "PRAGMA journal_mode = WAL").run();
    Query(database_, "PRAGMA synchronous = FULL").run();
    Query(database_, "PRAGMA foreign_keys = ON").run();
    Query version(database_, "PRAGMA user_version");
    version.step();
    found = version.number(0);
    if (found > kVersion) {
      return store_error(base::ErrorCode::corrupt, "read version",
                         "written by a newer version of this program");
    }
    if (found == kVersion) return {};
  } catch (const StatementFailed& failed) {
    const bool is_foreign = sqlite3_errcode(database_) == SQLITE_NOTADB;
    return store_error(is_foreign ? base::ErrorCode::corrupt : base::ErrorCode::unavailable,
                       "prepare", failed.what());
  }
  const std::string create = std::string("BEGIN IMMEDIATE;") + (found < 1 ? kSchema : "") +
                             (found < 2 ? kSecondSchema : "") + (found < 3 ? kGitSchema : "") +
                             (found < 4 ? kCounterSchema : "") + (found < 5 ? kReviewSchema : "") +
                             "PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT;";
  if (sqlite3_exec(database_, create.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return store_error(base::ErrorCode::unavailable, "create tables", sqlite3_errmsg(database_));
}

base::Status SqliteStore::run(const std::function<bool()>& work) {
  return transact("BEGIN IMMEDIATE", work);
}

base::Status SqliteStore::read(const std::function<void()>& work) {
  return transact("BEGIN", [&] {
    work();
    return false;
  });
}

base::Status SqliteStore::transact(const char* begin, const std::function<bool()>& work) {
  base::ensure(!is_running_, "forge store: a transaction within a transaction");
  if (is_batch_ && sqlite3_get_autocommit(database_) != 0) {
    return store_error(base::ErrorCode::unavailable, "forge store", "the batch was undone");
  }
  const char* const undo = is_batch_ ? "ROLLBACK TO part" : "ROLLBACK";
  is_running_ = true;
  base::Status status;
  try {
    Query(database_, is_batch_ ? "SAVEPOINT part" : begin).run();
    const bool is_kept = work();
    if (is_batch_ && !is_kept) Query(database_, undo).run();
    Query(database_, is_batch_ ? "RELEASE part" : is_kept ? "COMMIT" : undo).run();
  } catch (const StatementFailed& failed) {
    status = store_error(base::ErrorCode::unavailable, "forge store", failed.what());
  } catch (...) {
    sqlite3_exec(database_, undo, nullptr, nullptr, nullptr);
    is_running_ = false;
    throw;
  }
  if (!status.ok()) sqlite3_exec(database_, undo, nullptr, nullptr, nullptr);
  is_running_ = false;
  return status;
}

base::Status SqliteStore::batch(const std::function<void()>& work) {
  base::ensure(!is_batch_ && !is_running_, "forge store: a batch within a transaction");
  base::Status status;
  is_batch_ = true;
  try {
    Query(database_, "BEGIN IMMEDIATE").run();
    work();
    Query(database_, "COMMIT").run();  // Fails when SQLite itself had to undo it all.
  } catch (const StatementFailed& failed) {
    status = store_error(base::ErrorCode::unavailable, "forge store", failed.what());
  } catch (...) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
    is_batch_ = false;
    throw;
  }
  if (!status.ok()) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  is_batch_ = false;
  return status;
}

User SqliteStore::ensure_user(std::string_view login, base::WallTime at) {
  base::ensure(is_running_, "forge store used outside of a transaction");
  Query(database_, "INSERT INTO users (login, created_ms) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .bind(login)
      .bind(at)
      .run();
  return *find_user(login);
}

std::optional<User> SqliteStore::find_user(std::string_view login) {
  Query query(database_, "SELECT id, login, created_ms FROM users WHERE login = ?");
  query.bind(login);
  if (!query.step()) return std::nullopt;
  return query.user(0);
}

Repository SqliteStore::ensure_repository(const User& owner, std::string_view name,
                                          base::WallTime at) {
  Query(database_,
        "INSERT INTO repos (owner_id, name, created_ms, updated_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING")
      .bind(owner.id)
      .bind(name)
      .bind(at)
      .bind(at)
      .run();
  return *find_repository(owner.login, name);
}

std::optional<Repository> SqliteStore::find_repository(std::string_view owner,
                                                       std::string_view name) {
  base::ensure(is_running_, "forge store used outside of a transaction");
  Query query(database_,
              "SELECT r.id, r.name, r.created_ms, r.updated_ms, u.id, u.login, u.created_ms,"
              " r.open_issues"
              " FROM repos r JOIN users u ON u.id = r.owner_id WHERE u.login = ? AND r.name = ?");
  query.bind(owner).bind(name);
  if (!query.step()) return std::nullopt;
  Repository repository;
  repository.id = query.integer(0);
  repository.name = query.text(1);
  repository.created = query.time(2);
  repository.updated = query.time(3);
  repository.owner = query.user(4);
  repository.open_issues = query.number(7);
  return repository;
}

Issue SqliteStore::add_issue(const Repository& repository, const User& author,
                             std::string_view title, const std::optional<std::string>& body,
                             base::WallTime at) {
  Query next(database_, "SELECT coalesce(max(number), 0) + 1 FROM issues WHERE repo_id = ?");
  next.bind(repository.id).step();
  Query(database_,
        "INSERT INTO issues (repo_id, number, author_id, title, body, is_open, state_reason,"
        " created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, 1, '', ?, ?)")
      .bind(repository.id)
      .bind(next.integer(0))
      .bind(author.id)
      .bind(title)
      .bind(body)
      .bind(at)
      .bind(at)
      .run();
  return *find_issue(repository, next.number(0));
}

std::optional<Issue> SqliteStore::find_issue(const Repository& repository, int number) {
  Query query(database_, std::string(kIssueColumns) + " WHERE i.repo_id = ? AND i.number = ?");
  query.bind(repository.id).bind(number);
  if (!query.step()) return std::nullopt;
  Issue issue = read_issue(query);
  complete(issue);
  return issue;
}

std::vector<Issue> SqliteStore::list_issues(const Repository& repository, const IssueFilter& filter,
                                            Page page) {
  Query query(database_, std::string(kIssueColumns) + where_issues(filter) + order_issues(filter) +
                             " LIMIT ? OFFSET ?");
  bind_filter(query, repository, filter);
  query.bind(page.size).bind(page.offset());
  std::vector<Issue> issues;
  while (query.step()) issues.push_back(read_issue(query));
  for (Issue& issue : issues) complete(issue);
  return issues;
}

int SqliteStore::count_pulls(const Repository& repository, IssueState state) {
  PullFilter filter;
  filter.state = state;
  return GitTables(*this).count_pulls(repository, filter);
}

int SqliteStore::count_issues(const Repository& repository, const IssueFilter& filter) {
  if (filters_by_state_alone(filter)) {
    if (filter.is_pull) {  // There are few of them; what is left of all are issues.
      IssueFilter all = filter;
      all.is_pull.reset();
      const int pulls = count_pulls(repository, filter.state);
      return *filter.is_pull ? pulls : count_issues(repository, all) - pulls;
    }
    Query counters(database_, "SELECT issues, open_issues FROM repos WHERE id = ?");
    counters.bind(repository.id).step();
    const int open = counters.number(1);
    if (filter.state == IssueState::all) return counters.number(0);
    return filter.state == IssueState::open ? open : counters.number(0) - open;
  }
  Query query(database_, "SELECT count(*) FROM issues i JOIN users a ON a.id = i.author_id" +
                             where_issues(filter));
  bind_filter(query, repository, filter);
  query.step();
  return query.number(0);
}

// Adds what lives in tables of its own.
void SqliteStore::complete(Issue& issue) {
  Query labels(database_,
               "SELECT l.id, l.name, l.color, l.description FROM issue_labels x"
               " JOIN labels l ON l.id = x.label_id WHERE x.issue_id = ? ORDER BY l.name");
  labels.bind(issue.id);
  while (labels.step()) issue.labels.push_back(read_label(labels));
  Query assignees(database_,
                  "SELECT u.id, u.login, u.created_ms FROM issue_assignees s"
                  " JOIN users u ON u.id = s.user_id WHERE s.issue_id = ? ORDER BY u.login");
  assignees.bind(issue.id);
  while (assignees.step()) issue.assignees.push_back(assignees.user(0));
  if (issue.milestone) issue.milestone = load_milestone(issue.milestone->id);
  issue.reactions = count_reactions(Subject::issue, issue.id);
}

void SqliteStore::save_issue(const Issue& issue) {
  std::optional<std::int64_t> closed_by;
  if (issue.closed_by) closed_by = issue.closed_by->id;
  std::optional<std::int64_t> milestone;
  if (issue.milestone) milestone = issue.milestone->id;
  Query(database_,
        "UPDATE issues SET title = ?, body = ?, is_open = ?, state_reason = ?, closed_ms = ?,"
        " closed_by_id = ?, updated_ms = ?, milestone_id = ?, lock_reason = ? WHERE id = ?")
      .bind(std::string_view(issue.title))
      .bind(issue.body)
      .bind(issue.is_open ? 1 : 0)
      .bind(std::string_view(issue.state_reason))
      .bind(issue.closed)
      .bind(closed_by)
      .bind(issue.updated)
      .bind(milestone)
      .bind(issue.lock_reason)
      .bind(issue.id)
      .run();
}

void SqliteStore::set_assignees(Id issue, const std::vector<User>& assignees) {
  Query(database_, "DELETE FROM issue_assignees WHERE issue_id = ?").bind(issue).run();
  for (const User& user : assignees) {
    Query(database_, "INSERT INTO issue_assignees (issue_id, user_id) VALUES (?, ?)")
        .bind(issue)
        .bind(user.id)
        .run();
  }
}

void SqliteStore::touch_issue(Id issue, base::WallTime at) {
  Query(database_, "UPDATE issues SET updated_ms = ? WHERE id = ?").bind(at).bind(issue).run();
}

Comment SqliteStore::add_comment(const Issue& issue, const User& author, std::string_view body,
                                 base::WallTime at) {
  Query(database_,
        "INSERT INTO comments (issue_id, author_id, body, created_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?)")
      .bind(issue.id)
      .bind(author.id)
      .bind(body)
      .bind(at)
      .bind(at)
      .run();
  return {
      sqlite3_last_insert_rowid(database_), issue.number, author, std::string(body), at, at, {}};
}

std::optional<Comment> SqliteStore::find_comment(const Repository& repository, Id id) {
  Query query(database_, std::string(kCommentColumns) + std::string(from_comments({})) +
                             " WHERE i.repo_id = ? AND c.id = ?");
  query.bind(repository.id).bind(id);
  if (!query.step()) return std::nullopt;
  Comment comment = read_comment(query);
  comment.reactions = count_reactions(Subject::comment, comment.id);
  return comment;
}

std::vector<Comment> SqliteStore::list_comments(const Repository& repository,
                                                const CommentFilter& filter, Page page) {
  const std::string direction = filter.is_descending ? " DESC" : " ASC";
  const std::string key =
      filter.sort == SortKey::updated ? "c.updated_ms" + direction + ", c.id" : "c.id";
  Query query(database_, std::string(kCommentColumns) + std::string(from_comments(filter)) +
                             where_comments(filter) + " ORDER BY " + key + direction +
                             " LIMIT ? OFFSET ?");
  bind_filter(query, repository, filter);
  query.bind(page.size).bind(page.offset());
  std::vector<Comment> comments;
  while (query.step()) comments.push_back(read_comment(query));
  for (Comment& comment : comments) {
    comment.reactions = count_reactions(Subject::comment, comment.id);
  }
  return comments;
}

int SqliteStore::count_comments(const Repository& repository, const CommentFilter& filter) {
  if (!filter.since && !filter.known_at) {
    const bool is_one = filter.issue_number != 0;
    Query counter(database_, is_one ? "SELECT comments FROM issues WHERE repo_id = ? AND number = ?"
                                    : "SELECT comments FROM repos WHERE id = ?");
    counter.bind(repository.id);
    if (is_one) counter.bind(filter.issue_number);
    return counter.step() ? counter.number(0) : 0;
  }
  Query query(database_, "SELECT count(*) FROM comments c JOIN issues i ON i.id = c.issue_id" +
                             where_comments(filter));
  bind_filter(query, repository, filter);
  query.step();
  return query.number(0);
}

void SqliteStore::edit_comment(Id id, std::string_view body, base::WallTime at) {
  Query(database_, "UPDATE comments SET body = ?, updated_ms = ? WHERE id = ?")
      .bind(body)
      .bind(at)
      .bind(id)
      .run();
}

void SqliteStore::remove_comment(Id id) {
  Query(database_, "DELETE FROM reactions WHERE subject = ? AND subject_id = ?")
      .bind(static_cast<int>(Subject::comment))
      .bind(id)
      .run();
  Query(database_, "DELETE FROM comments WHERE id = ?").bind(id).run();
}

Label SqliteStore::add_label(const Repository& repository, std::string_view name,
                             std::string_view color,
                             const std::optional<std::string>& description) {
  Query(database_, "INSERT INTO labels (repo_id, name, color, description) VALUES (?, ?, ?, ?)")
      .bind(repository.id)
      .bind(name)
      .bind(color)
      .bind(description)
      .run();
  return {sqlite3_last_insert_rowid(database_), std::string(name), std::string(color), description};
}

std::optional<Label> SqliteStore::find_label(const Repository& repository, std::string_view name) {
  Query query(database_,
              "SELECT id, name, color, description FROM labels WHERE repo_id = ? AND name = ?");
  query.bind(repository.id).bind(name);
  if (!query.step()) return std::nullopt;
  return read_label(query);
}

std::vector<Label> SqliteStore::list_labels(const Repository& repository, Page page) {
  Query query(database_,
              "SELECT id, name, color, description FROM labels WHERE repo_id = ? ORDER BY name"
              " LIMIT ? OFFSET ?");
  query.bind(repository.id).bind(page.size).bind(page.offset());
  std::vector<Label> labels;
  while (query.step()) labels.push_back(read_label(query));
  return labels;
}

int SqliteStore::count_labels(const Repository& repository) {
  Query query(database_, "SELECT count(*) FROM labels WHERE repo_id = ?");
  query.bind(repository.id).step();
  return query.number(0);
}

void SqliteStore::save_label(const Label& label) {
  Query(database_, "UPDATE labels SET name = ?, color = ?, description = ? WHERE id = ?")
      .bind(std::string_view(label.name))
      .bind(std::string_view(label.color))
      .bind(label.description)
      .bind(label.id)
      .run();
}

void SqliteStore::remove_label(Id label) {
  Query(database_, "DELETE FROM issue_labels WHERE label_id = ?").bind(label).run();
  Query(database_, "DELETE FROM labels WHERE id = ?").bind(label).run();
}

void SqliteStore::put_label_on(Id issue, Id label) {
  Query(database_,
        "INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .bind(issue)
      .bind(label)
      .run();
}

void SqliteStore::take_label_off(Id issue, Id label) {
  Query(database_, "DELETE FROM issue_labels WHERE issue_id = ? AND label_id = ?")
      .bind(issue)
      .bind(label)
      .run();
}

void SqliteStore::add_event(Id issue, const Event& event) {
  std::optional<std::int64_t> assignee;
  if (event.assignee) assignee = event.assignee->id;
  Query(database_,
        "INSERT INTO issue_events (issue_id, actor_id, kind, before, after, assignee_id,"
        " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(issue)
      .bind(event.actor.id)
      .bind(to_string(event.kind))
      .bind(std::string_view(event.before))
      .bind(std::string_view(event.after))
      .bind(assignee)
      .bind(event.created)
      .run();
}

std::vector<Event> SqliteStore::list_events(Id issue) {
  Query query(database_, std::string(kEventColumns) + " WHERE e.issue_id = ? ORDER BY e.id");
  query.bind(issue);
  std::vector<Event> events;
  while (query.step()) events.push_back(read_event(query));
  return events;
}

std::vector<std::pair<int, Event>> SqliteStore::list_all_events(const Repository& repository,
                                                                Page page) {
  Query query(database_, std::string(kEventColumns) +
                             " WHERE i.repo_id = ? ORDER BY e.id DESC LIMIT ? OFFSET ?");
  query.bind(repository.id).bind(page.size).bind(page.offset());
  std::vector<std::pair<int, Event>> events;
  while (query.step()) events.emplace_back(query.number(11), read_event(query));
  return events;
}

int SqliteStore::count_all_events(const Repository& repository) {
  Query query(database_,
              "SELECT count(*) FROM issue_events e JOIN issues i ON i.id = e.issue_id"
              " WHERE i.repo_id = ?");
  query.bind(repository.id).step();
  return query.number(0);
}

std::pair<Reaction, bool> SqliteStore::add_reaction(Subject subject, Id id, const User& user,
                                                    std::string_view content, base::WallTime at) {
  Query(database_,
        "INSERT INTO reactions (subject, subject_id, user_id, content, created_ms)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
      .bind(static_cast<int>(subject))
      .bind(id)
      .bind(user.id)
      .bind(content)
      .bind(at)
      .run();
  const bool is_new = sqlite3_changes(database_) > 0;
  Query query(database_,
              "SELECT id, created_ms FROM reactions WHERE subject = ? AND subject_id = ? AND"
              " user_id = ? AND content = ?");
  query.bind(static_cast<int>(subject)).bind(id).bind(user.id).bind(content).step();
  return {Reaction{query.integer(0), user, std::string(content), query.time(1)}, is_new};
}

std::vector<Reaction> SqliteStore::list_reactions(Subject subject, Id id) {
  Query query(database_,
              "SELECT r.id, r.content, r.created_ms, u.id, u.login, u.created_ms FROM reactions r"
              " JOIN users u ON u.id = r.user_id WHERE r.subject = ? AND r.subject_id = ?"
              " ORDER BY r.id");
  query.bind(static_cast<int>(subject)).bind(id);
  std::vector<Reaction> reactions;
  while (query.step()) {
    reactions.push_back({query.integer(0), query.user(3), query.text(1), query.time(2)});
  }
  return reactions;
}

void SqliteStore::remove_reaction(Id id) {
  Query(database_, "DELETE FROM reactions WHERE id = ?").bind(id).run();
}

ReactionCounts SqliteStore::count_reactions(Subject subject, Id id) {
  Query query(database_,
              "SELECT content, count(*) FROM reactions WHERE subject = ? AND subject_id = ?"
              " GROUP BY content");
  query.bind(static_cast<int>(subject)).bind(id);
  ReactionCounts counts{};
  while (query.step()) {
    const auto found = std::find(kReactions.begin(), kReactions.end(), query.text(0));
    if (found != kReactions.end()) {
      counts[static_cast<std::size_t>(found - kReactions.begin())] = query.number(1);
    }
  }
  return counts;
}

}  // namespace forge
