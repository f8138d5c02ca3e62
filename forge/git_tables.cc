#include "forge/git_tables.h"

#include "base/text.h"
#include "forge/sqlite_query.h"

namespace forge {
namespace {

constexpr std::string_view kPullColumns =
    "SELECT p.issue_id, i.number, p.head, p.base, p.head_sha, p.base_sha, i.is_open, p.is_draft,"
    " p.merged_ms, p.merge_sha, m.id, m.login, m.created_ms FROM pulls p"
    " JOIN issues i ON i.id = p.issue_id LEFT JOIN users m ON m.id = p.merged_by_id";

constexpr std::string_view kCheckColumns =
    "SELECT id, sha, name, status, conclusion, external_id, details_url, title, summary, text,"
    " started_ms, completed_ms FROM check_runs";

Pull read_pull(const Query& row) {
  Pull pull;
  pull.issue_id = row.integer(0);
  pull.number = row.number(1);
  pull.head = row.text(2);
  pull.base = row.text(3);
  pull.head_sha = row.text(4);
  pull.base_sha = row.text(5);
  pull.is_open = row.integer(6) != 0;
  pull.is_draft = row.integer(7) != 0;
  if (!row.is_null(8)) pull.merged = row.time(8);
  pull.merge_sha = row.text(9);
  if (!row.is_null(10)) pull.merged_by = row.user(10);
  return pull;
}

CheckRun read_check(const Query& row) {
  CheckRun check;
  check.id = row.integer(0);
  check.sha = row.text(1);
  check.name = row.text(2);
  check.status = row.text(3);
  check.conclusion = row.text(4);
  check.external_id = row.text(5);
  check.details_url = row.optional_text(6);
  check.title = row.optional_text(7);
  check.summary = row.optional_text(8);
  check.text = row.optional_text(9);
  check.started = row.time(10);
  if (!row.is_null(11)) check.completed = row.time(11);
  return check;
}

std::string where_pulls(const PullFilter& filter) {
  std::string where = " WHERE i.repo_id = ?";
  if (filter.state != IssueState::all) where += " AND i.is_open = ?";
  if (!filter.head.empty()) where += " AND p.head = ?";
  if (!filter.base.empty()) where += " AND p.base = ?";
  if (!filter.sha.empty()) where += " AND (p.head_sha = ? OR p.merge_sha = ?)";
  return where;
}

void bind_filter(Query& query, const Repository& repository, const PullFilter& filter) {
  query.bind(repository.id);
  if (filter.state != IssueState::all) query.bind(filter.state == IssueState::open ? 1 : 0);
  for (const std::string* text : {&filter.head, &filter.base, &filter.sha, &filter.sha}) {
    if (!text->empty()) query.bind(std::string_view(*text));
  }
}

}  // namespace

const char* const kGitSchema = R"(
CREATE TABLE pulls (issue_id INTEGER PRIMARY KEY REFERENCES issues, head TEXT NOT NULL,
  base TEXT NOT NULL, head_sha TEXT NOT NULL, base_sha TEXT NOT NULL, is_draft INTEGER NOT NULL,
  merged_ms INTEGER, merged_by_id INTEGER REFERENCES users, merge_sha TEXT NOT NULL);
CREATE INDEX pulls_by_branch ON pulls (head, base);
CREATE TABLE reviews (id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id INTEGER NOT NULL REFERENCES issues,
  author_id INTEGER NOT NULL REFERENCES users, state TEXT NOT NULL, body TEXT NOT NULL,
  sha TEXT NOT NULL, created_ms INTEGER NOT NULL);
CREATE INDEX reviews_by_issue ON reviews (issue_id);
CREATE TABLE reviewers (issue_id INTEGER NOT NULL REFERENCES issues,
  user_id INTEGER NOT NULL REFERENCES users, PRIMARY KEY (issue_id, user_id)) WITHOUT ROWID;
CREATE TABLE protections (repo_id INTEGER NOT NULL REFERENCES repos, branch TEXT NOT NULL,
  is_strict INTEGER NOT NULL, contexts TEXT NOT NULL, PRIMARY KEY (repo_id, branch)) WITHOUT ROWID;
CREATE TABLE statuses (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  sha TEXT NOT NULL, context TEXT NOT NULL, state TEXT NOT NULL, description TEXT, target_url TEXT,
  creator_id INTEGER NOT NULL REFERENCES users, created_ms INTEGER NOT NULL);
CREATE INDEX statuses_by_sha ON statuses (repo_id, sha);
CREATE TABLE check_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL REFERENCES repos,
  sha TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, conclusion TEXT NOT NULL,
  external_id TEXT NOT NULL, details_url TEXT, title TEXT, summary TEXT, text TEXT,
  started_ms INTEGER NOT NULL, completed_ms INTEGER);
CREATE INDEX check_runs_by_sha ON check_runs (repo_id, sha);
CREATE TABLE git_refs (repo_id INTEGER NOT NULL REFERENCES repos, name TEXT NOT NULL,
  sha TEXT NOT NULL, PRIMARY KEY (repo_id, name)) WITHOUT ROWID;
)";

// ---- Pull requests ----

void GitTables::add_pull(const Pull& pull) {
  Query(database_,
        "INSERT INTO pulls (issue_id, head, base, head_sha, base_sha, is_draft, merge_sha)"
        " VALUES (?, '', '', '', '', 0, '')")
      .bind(pull.issue_id)
      .run();
  save_pull(pull);
}

std::optional<Pull> GitTables::find_pull(const Repository& repository, int number) {
  Query query(database_, std::string(kPullColumns) + " WHERE i.repo_id = ? AND i.number = ?");
  query.bind(repository.id).bind(number);
  if (!query.step()) return std::nullopt;
  return read_pull(query);
}

std::vector<Pull> GitTables::list_pulls(const Repository& repository, const PullFilter& filter,
                                        Page page) {
  const std::string direction = filter.is_descending ? " DESC" : " ASC";
  Query query(database_, std::string(kPullColumns) + where_pulls(filter) + " ORDER BY " +
                             (filter.by_update ? "i.updated_ms" + direction + ", " : "") +
                             "i.number" + direction + " LIMIT ? OFFSET ?");
  bind_filter(query, repository, filter);
  query.bind(page.size).bind(page.offset());
  std::vector<Pull> pulls;
  while (query.step()) pulls.push_back(read_pull(query));
  return pulls;
}

int GitTables::count_pulls(const Repository& repository, const PullFilter& filter) {
  Query query(database_, "SELECT count(*) FROM pulls p JOIN issues i ON i.id = p.issue_id" +
                             where_pulls(filter));
  bind_filter(query, repository, filter);
  query.step();
  return query.number(0);
}

void GitTables::save_pull(const Pull& pull) {
  std::optional<std::int64_t> merged_by;
  if (pull.merged_by) merged_by = pull.merged_by->id;
  Query(database_,
        "UPDATE pulls SET head = ?, base = ?, head_sha = ?, base_sha = ?, is_draft = ?,"
        " merged_ms = ?, merged_by_id = ?, merge_sha = ? WHERE issue_id = ?")
      .bind(std::string_view(pull.head))
      .bind(std::string_view(pull.base))
      .bind(std::string_view(pull.head_sha))
      .bind(std::string_view(pull.base_sha))
      .bind(pull.is_draft ? 1 : 0)
      .bind(pull.merged)
      .bind(merged_by)
      .bind(std::string_view(pull.merge_sha))
      .bind(pull.issue_id)
      .run();
}

Review GitTables::add_review(Id issue, const Review& review) {
  Query(database_,
        "INSERT INTO reviews (issue_id, author_id, state, body, sha, created_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)")
      .bind(issue)
      .bind(review.author.id)
      .bind(std::string_view(review.state))
      .bind(std::string_view(review.body))
      .bind(std::string_view(review.sha))
      .bind(review.created)
      .run();
  Review added = review;
  added.id = sqlite3_last_insert_rowid(database_);
  return added;
}

std::vector<Review> GitTables::list_reviews(Id issue) {
  Query query(database_,
              "SELECT r.id, r.state, r.body, r.sha, r.created_ms, u.id, u.login, u.created_ms"
              " FROM reviews r JOIN users u ON u.id = r.author_id WHERE r.issue_id = ?"
              " ORDER BY r.id");
  query.bind(issue);
  std::vector<Review> reviews;
  while (query.step()) {
    reviews.push_back({query.integer(0), query.user(5), query.text(1), query.text(2), query.text(3),
                       query.time(4)});
  }
  return reviews;
}

void GitTables::set_reviewers(Id issue, const std::vector<User>& users) {
  Query(database_, "DELETE FROM reviewers WHERE issue_id = ?").bind(issue).run();
  for (const User& user : users) {
    Query(database_, "INSERT INTO reviewers (issue_id, user_id) VALUES (?, ?)")
        .bind(issue)
        .bind(user.id)
        .run();
  }
}

std::vector<User> GitTables::list_reviewers(Id issue) {
  Query query(database_,
              "SELECT u.id, u.login, u.created_ms FROM reviewers r JOIN users u ON u.id = r.user_id"
              " WHERE r.issue_id = ? ORDER BY u.login");
  query.bind(issue);
  std::vector<User> users;
  while (query.step()) users.push_back(query.user(0));
  return users;
}

// ---- Protection, statuses, checks ----

void GitTables::save_protection(const Repository& repository, const Protection& protection) {
  std::string contexts;  // One a line: the rules allow no line break within.
  for (const std::string& context : protection.contexts) contexts += context + "\n";
  Query(database_,
        "INSERT INTO protections (repo_id, branch, is_strict, contexts) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET is_strict = excluded.is_strict, contexts = excluded.contexts")
      .bind(repository.id)
      .bind(std::string_view(protection.branch))
      .bind(protection.is_strict ? 1 : 0)
      .bind(std::string_view(contexts))
      .run();
}

std::optional<Protection> GitTables::find_protection(const Repository& repository,
                                                     std::string_view branch) {
  Query query(
      database_,
      "SELECT branch, is_strict, contexts FROM protections WHERE repo_id = ? AND branch = ?");
  query.bind(repository.id).bind(branch);
  if (!query.step()) return std::nullopt;
  Protection protection{query.text(0), query.integer(1) != 0, {}};
  const std::string contexts = query.text(2);
  for (const std::string_view context : base::split(contexts, '\n')) {
    if (!context.empty()) protection.contexts.emplace_back(context);
  }
  return protection;
}

void GitTables::remove_protection(const Repository& repository, std::string_view branch) {
  Query(database_, "DELETE FROM protections WHERE repo_id = ? AND branch = ?")
      .bind(repository.id)
      .bind(branch)
      .run();
}

CommitStatus GitTables::add_status(const Repository& repository, const CommitStatus& status) {
  Query(database_,
        "INSERT INTO statuses (repo_id, sha, context, state, description, target_url, creator_id,"
        " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(repository.id)
      .bind(std::string_view(status.sha))
      .bind(std::string_view(status.context))
      .bind(std::string_view(status.state))
      .bind(status.description)
      .bind(status.target_url)
      .bind(status.creator.id)
      .bind(status.created)
      .run();
  CommitStatus added = status;
  added.id = sqlite3_last_insert_rowid(database_);
  return added;
}

std::vector<CommitStatus> GitTables::list_statuses(const Repository& repository,
                                                   std::string_view sha) {
  Query query(database_,
              "SELECT s.id, s.sha, s.context, s.state, s.description, s.target_url, s.created_ms,"
              " u.id, u.login, u.created_ms FROM statuses s JOIN users u ON u.id = s.creator_id"
              " WHERE s.repo_id = ? AND s.sha = ? ORDER BY s.id DESC");
  query.bind(repository.id).bind(sha);
  std::vector<CommitStatus> statuses;
  while (query.step()) {
    statuses.push_back({query.integer(0), query.text(1), query.text(2), query.text(3),
                        query.optional_text(4), query.optional_text(5), query.user(7),
                        query.time(6)});
  }
  return statuses;
}

CheckRun GitTables::add_check(const Repository& repository, const CheckRun& check) {
  Query(database_,
        "INSERT INTO check_runs (repo_id, sha, name, status, conclusion, external_id, started_ms)"
        " VALUES (?, ?, '', '', '', '', 0)")
      .bind(repository.id)
      .bind(std::string_view(check.sha))
      .run();
  CheckRun added = check;
  added.id = sqlite3_last_insert_rowid(database_);
  save_check(added);
  return added;
}

void GitTables::save_check(const CheckRun& check) {
  Query(database_,
        "UPDATE check_runs SET name = ?, status = ?, conclusion = ?, external_id = ?,"
        " details_url = ?, title = ?, summary = ?, text = ?, started_ms = ?, completed_ms = ?"
        " WHERE id = ?")
      .bind(std::string_view(check.name))
      .bind(std::string_view(check.status))
      .bind(std::string_view(check.conclusion))
      .bind(std::string_view(check.external_id))
      .bind(check.details_url)
      .bind(check.title)
      .bind(check.summary)
      .bind(check.text)
      .bind(check.started)
      .bind(check.completed)
      .bind(check.id)
      .run();
}

std::optional<CheckRun> GitTables::find_check(const Repository& repository, Id id) {
  Query query(database_, std::string(kCheckColumns) + " WHERE repo_id = ? AND id = ?");
  query.bind(repository.id).bind(id);
  if (!query.step()) return std::nullopt;
  return read_check(query);
}

std::vector<CheckRun> GitTables::list_checks(const Repository& repository, std::string_view sha) {
  Query query(database_,
              std::string(kCheckColumns) + " WHERE repo_id = ? AND sha = ? ORDER BY id DESC");
  query.bind(repository.id).bind(sha);
  std::vector<CheckRun> checks;
  while (query.step()) checks.push_back(read_check(query));
  return checks;
}

// ---- Refs ----

std::map<std::string, std::string> GitTables::list_refs(const Repository& repository) {
  Query query(database_, "SELECT name, sha FROM git_refs WHERE repo_id = ?");
  query.bind(repository.id);
  std::map<std::string, std::string> refs;
  while (query.step()) refs[query.text(0)] = query.text(1);
  return refs;
}

void GitTables::save_ref(const Repository& repository, const std::string& name,
                         const std::string& sha) {
  Query(database_,
        "INSERT INTO git_refs (repo_id, name, sha) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET sha = excluded.sha")
      .bind(repository.id)
      .bind(std::string_view(name))
      .bind(std::string_view(sha))
      .run();
}

void GitTables::remove_ref(const Repository& repository, const std::string& name) {
  Query(database_, "DELETE FROM git_refs WHERE repo_id = ? AND name = ?")
      .bind(repository.id)
      .bind(std::string_view(name))
      .run();
}

}  // namespace forge
