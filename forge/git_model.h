// What the forge knows of its git repository beside git itself, in GitHub's words. Pure values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "forge/model.h"

namespace forge {

// What a pull request is beside its issue, whose number, title, body and state it shares.
struct Pull {
  Id issue_id = 0;
  int number = 0;
  std::string head;  // Branches, without "refs/heads/".
  std::string base;
  std::string head_sha;  // Where the branches stood when last seen open.
  std::string base_sha;
  bool is_open = true;
  bool is_draft = false;
  std::optional<base::WallTime> merged;
  std::optional<User> merged_by;
  std::string merge_sha;  // Empty until merged.
};

struct PullFilter {
  IssueState state = IssueState::open;
  std::string head;  // Empty: any.
  std::string base;
  std::string sha;  // Of the head or of the merge.
  bool is_descending = true;
  bool by_update = false;  // Instead of by creation.
};

struct Review {
  Id id = 0;
  User author;
  std::string state;  // "APPROVED", "CHANGES_REQUESTED", "COMMENTED".
  std::string body;
  std::string sha;
  base::WallTime created;
};

// A line of a file as a diff shows it.
struct DiffPlace {
  std::string path;
  bool is_left = false;  // Of the old file.
  int line = 0;          // Of that file, from 1.
  int position = 0;      // Lines below the diff's first header.
  std::string hunk;      // From its header to that line.
};

// A comment on a line; each belongs to a review.
struct LineComment {
  Id id = 0;
  Id issue_id = 0;
  Id review_id = 0;
  User author;
  DiffPlace place;
  std::string sha;  // The head it was said of.
  std::string body;
  Id reply_to = 0;  // 0: none.
  base::WallTime created;
};

struct Protection {
  std::string branch;
  bool is_strict = false;             // The branch must be up to date before merging.
  std::vector<std::string> contexts;  // Which must be green.
};

struct CommitStatus {
  Id id = 0;
  std::string sha;
  std::string context;
  std::string state;  // "error", "failure", "pending", "success".
  std::optional<std::string> description;
  std::optional<std::string> target_url;
  User creator;
  base::WallTime created;
};

struct CheckRun {
  Id id = 0;
  std::string sha;
  std::string name;
  std::string status = "queued";  // "queued", "in_progress", "completed".
  std::string conclusion;         // Empty until completed.
  std::string external_id;
  std::optional<std::string> details_url;
  std::optional<std::string> title;
  std::optional<std::string> summary;
  std::optional<std::string> text;
  base::WallTime started;
  std::optional<base::WallTime> completed;
};

}  // namespace forge
