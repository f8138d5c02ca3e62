// Keeps the forge's domain in one SQLite file (WAL, synchronous=FULL): what commit said is durable.
// One table per thing; times are UTC milliseconds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "forge/model.h"
#include "forge/rules.h"

struct sqlite3;

namespace forge {

class Database;

// Not thread-safe: each thread opens its own. All reads and writes happen inside run(), which
// makes them one transaction; outside of it they abort.
class SqliteStore {
 public:
  // Creates the file when absent. Errors: unavailable (cannot open or write), corrupt (not a forge
  // file, or of a newer version).
  [[nodiscard]] static base::Result<std::unique_ptr<SqliteStore>> open(const std::string& path);
  ~SqliteStore();
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  // Runs `work` in one transaction: its true commits, false or a failing statement rolls back.
  // Errors: unavailable (nothing was stored).
  [[nodiscard]] base::Status run(const std::function<bool()>& work);
  // The same for work that only reads: waits for no writer.
  [[nodiscard]] base::Status read(const std::function<void()>& work);
  // Makes all that `work` runs one commit: each run() within it is stored or undone by itself, but
  // durable only when this returns. Errors: unavailable (nothing of it was stored).
  [[nodiscard]] base::Status batch(const std::function<void()>& work);

  User ensure_user(std::string_view login, base::WallTime at);
  [[nodiscard]] std::optional<User> find_user(std::string_view login);
  Repository ensure_repository(const User& owner, std::string_view name, base::WallTime at);
  // Names in any case.
  [[nodiscard]] std::optional<Repository> find_repository(std::string_view owner,
                                                          std::string_view name);

  // Numbers count up from 1 per repository. Comes back with its number and id.
  Issue add_issue(const Repository& repository, const User& author, std::string_view title,
                  const std::optional<std::string>& body, base::WallTime at);
  [[nodiscard]] std::optional<Issue> find_issue(const Repository& repository, int number);
  [[nodiscard]] std::vector<Issue> list_issues(const Repository& repository,
                                               const IssueFilter& filter, Page page);
  [[nodiscard]] int count_issues(const Repository& repository, const IssueFilter& filter);
  // Writes title, body, state, reason, closed, closed_by, milestone, lock and updated of `issue`.
  void save_issue(const Issue& issue);
  void set_assignees(Id issue, const std::vector<User>& assignees);
  void touch_issue(Id issue, base::WallTime at);

  Comment add_comment(const Issue& issue, const User& author, std::string_view body,
                      base::WallTime at);
  [[nodiscard]] std::optional<Comment> find_comment(const Repository& repository, Id id);
  [[nodiscard]] std::vector<Comment> list_comments(const Repository& repository,
                                                   const CommentFilter& filter, Page page);
  [[nodiscard]] int count_comments(const Repository& repository, const CommentFilter& filter);
  void edit_comment(Id id, std::string_view body, base::WallTime at);
  void remove_comment(Id id);

  Label add_label(const Repository& repository, std::string_view name, std::string_view color,
                  const std::optional<std::string>& description);
  [[nodiscard]] std::optional<Label> find_label(const Repository& repository,
                                                std::string_view name);
  [[nodiscard]] std::vector<Label> list_labels(const Repository& repository, Page page);
  [[nodiscard]] int count_labels(const Repository& repository);
  void save_label(const Label& label);
  void remove_label(Id label);  // Also from all issues.
  void put_label_on(Id issue, Id label);
  void take_label_off(Id issue, Id label);

  void add_event(Id issue, const Event& event);  // The event's id is given here.
  [[nodiscard]] std::vector<Event> list_events(Id issue);
  // Of all issues, the newest first, each with its issue's number.
  [[nodiscard]] std::vector<std::pair<int, Event>> list_all_events(const Repository& repository,
                                                                   Page page);
  [[nodiscard]] int count_all_events(const Repository& repository);

  // The reaction, and whether it is new: each user has each reaction once.
  std::pair<Reaction, bool> add_reaction(Subject subject, Id id, const User& user,
                                         std::string_view content, base::WallTime at);
  [[nodiscard]] std::vector<Reaction> list_reactions(Subject subject, Id id);
  void remove_reaction(Id id);

  // Numbers count up and are never given twice.
  Milestone add_milestone(const Repository& repository, const Milestone& milestone);
  [[nodiscard]] std::optional<Milestone> find_milestone(const Repository& repository, int number);
  // `is_open` absent: all. By number.
  [[nodiscard]] std::vector<Milestone> list_milestones(const Repository& repository,
                                                       std::optional<bool> is_open);
  void save_milestone(const Milestone& milestone);
  void remove_milestone(Id milestone);  // Also from all issues.

  Hook add_hook(const Repository& repository, const Hook& hook);
  [[nodiscard]] std::optional<Hook> find_hook(const Repository& repository, Id id);
  [[nodiscard]] std::vector<Hook> list_hooks(const Repository& repository);
  void save_hook(const Hook& hook);
  void remove_hook(Id hook);  // With its deliveries.
  // Waits to be sent from then on.
  Delivery add_delivery(Delivery delivery);
  [[nodiscard]] std::optional<Delivery> find_delivery(Id hook, Id id);
  // Finished ones, the newest first, those older than `before` (0: all), at most `limit`.
  [[nodiscard]] std::vector<Delivery> list_deliveries(Id hook, Id before, int limit);
  // The oldest one that waits but for `skipped` others, with its hook.
  [[nodiscard]] std::optional<std::pair<Hook, Delivery>> next_delivery(int skipped = 0);
  [[nodiscard]] int count_waiting_deliveries();
  void finish_delivery(const Delivery& delivery);
  void forget_deliveries(base::WallTime until);  // Finished ones made before.

  // For what keeps tables of its own here (git_tables.h); used within run().
  [[nodiscard]] Database& database() const { return database_; }

 private:
  explicit SqliteStore(sqlite3* database);
  [[nodiscard]] base::Status prepare_schema();
  [[nodiscard]] base::Status transact(const char* begin, const std::function<bool()>& work);
  void complete(Issue& issue);
  [[nodiscard]] int count_pulls(const Repository& repository, IssueState state);
  [[nodiscard]] std::optional<Milestone> load_milestone(Id id);
  [[nodiscard]] ReactionCounts count_reactions(Subject subject, Id id);

  const std::unique_ptr<Database> owned_;
  Database& database_;
  bool is_running_ = false;
  bool is_batch_ = false;
};

}  // namespace forge
