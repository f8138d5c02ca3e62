// What a git repository holds, as plain values. Object ids are 40 lower-case hex digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace git {

using Sha = std::string;

inline constexpr const char* kNullSha = "0000000000000000000000000000000000000000";

struct Person {
  std::string name;
  std::string email;
  base::WallTime at;
};

struct Ref {
  std::string name;  // Whole: "refs/heads/main".
  Sha sha;
  std::string type;  // "commit", "tag", "tree", "blob".
};

struct Commit {
  Sha sha;
  Sha tree;
  std::vector<Sha> parents;
  Person author;
  Person committer;
  std::string message;
};

// A tag that is an object of its own.
struct Tag {
  Sha sha;
  std::string name;  // "v1"
  Person tagger;
  std::string message;
  Sha object;        // What it names,
  std::string type;  // and what that is: "commit", "tag", "tree", "blob".
};

struct TreeEntry {
  std::string path;  // Within the tree that was asked for.
  std::string mode;  // "100644", "100755", "120000", "160000", "040000".
  std::string type;  // "blob", "tree", "commit".
  Sha sha;
  std::optional<std::uint64_t> size;  // Bytes; of blobs.

  [[nodiscard]] std::string name() const { return path.substr(path.rfind('/') + 1); }
};

// One change to a tree; without a sha the path is taken away.
struct TreeEdit {
  std::string path;
  std::string mode = "100644";
  std::optional<Sha> sha;
};

struct FileChange {
  std::string path;
  std::string previous_path;  // Of a rename.
  std::string status;         // "added", "removed", "modified", "renamed", "copied".
  Sha sha;                    // Of the new blob, or of the removed one.
  int additions = 0;
  int deletions = 0;
  std::optional<std::string> patch;  // From the first "@@" on; absent: binary or too long.
};

// How `head` stands to `base`.
struct Divergence {
  std::optional<Sha> merge_base;  // Absent: no history in common.
  int ahead = 0;
  int behind = 0;
};

struct LogQuery {
  Sha from;
  std::optional<Sha> without;  // What is reachable from here is left out.
  std::string path;            // Only commits that changed it; empty: all.
  std::optional<base::WallTime> since;
  std::optional<base::WallTime> until;
  int offset = 0;
  int limit = 30;
};

struct Log {
  std::vector<Commit> commits;  // Newest first, children before parents.
  int total = 0;                // Without offset and limit.
};

}  // namespace git
