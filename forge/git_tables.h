// The tables of the store that belong to git: pull requests, reviews, protection, statuses, checks,
// and where each ref stood when last told of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/git_model.h"
#include "forge/rules.h"
#include "forge/sqlite_store.h"

namespace forge {

// What version 3 of the file adds.
extern const char* const kGitSchema;

// A view of the store, used within its run(); cheap to make.
class GitTables {
 public:
  explicit GitTables(SqliteStore& store) : database_(store.database()) {}

  void add_pull(const Pull& pull);
  [[nodiscard]] std::optional<Pull> find_pull(const Repository& repository, int number);
  [[nodiscard]] std::vector<Pull> list_pulls(const Repository& repository, const PullFilter& filter,
                                             Page page);
  [[nodiscard]] int count_pulls(const Repository& repository, const PullFilter& filter);
  void save_pull(const Pull& pull);

  [[nodiscard]] Review add_review(Id issue, const Review& review);
  [[nodiscard]] std::vector<Review> list_reviews(Id issue);  // Oldest first.
  void set_reviewers(Id issue, const std::vector<User>& users);
  [[nodiscard]] std::vector<User> list_reviewers(Id issue);

  void save_protection(const Repository& repository, const Protection& protection);
  [[nodiscard]] std::optional<Protection> find_protection(const Repository& repository,
                                                          std::string_view branch);
  void remove_protection(const Repository& repository, std::string_view branch);

  [[nodiscard]] CommitStatus add_status(const Repository& repository, const CommitStatus& status);
  [[nodiscard]] std::vector<CommitStatus> list_statuses(const Repository& repository,
                                                        std::string_view sha);  // Newest first.

  [[nodiscard]] CheckRun add_check(const Repository& repository, const CheckRun& check);
  void save_check(const CheckRun& check);
  [[nodiscard]] std::optional<CheckRun> find_check(const Repository& repository, Id id);
  [[nodiscard]] std::vector<CheckRun> list_checks(const Repository& repository,
                                                  std::string_view sha);  // Newest first.

  // Name to sha, as told last.
  [[nodiscard]] std::map<std::string, std::string> list_refs(const Repository& repository);
  void save_ref(const Repository& repository, const std::string& name, const std::string& sha);
  void remove_ref(const Repository& repository, const std::string& name);

 private:
  Database& database_;
};

}  // namespace forge
