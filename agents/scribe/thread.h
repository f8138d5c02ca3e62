// What an incident's issue shall look like, computed from its events alone: the Scribe compares
// this with what it knows to exist and writes the difference. Pure. The format, for people and for
// programs that read it through the API: docs/formats/thread.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/scribe/pull_plan.h"
#include "incident/incident.h"

namespace scribe {

struct Comment {
  std::string key;   // Stable within the thread: a later event edits the comment of its key.
  std::string body;  // Without the marker line.
};

struct Thread {
  incident::IncidentId incident = 0;
  bool wanted = false;              // The incident has an issue or shall have one.
  std::string title;                // At most 256 characters.
  std::string body;                 // The status card, without the marker line.
  std::vector<std::string> labels;  // All that are ours; exactly one "Status: …".
  std::vector<Comment> comments;    // In the order of their first events.
  bool closed = false;              // The issue shall be closed,
  std::string state_reason;         // for this reason: completed | not_planned.
};

struct ThreadOptions {
  std::string control = "label `sre:control`";  // How the control issue is named in the card.
  // By service: where a value that a pull request changes stands. Borrowed; nullptr: not known.
  const std::map<std::string, PullPlace>* places = nullptr;
};

// `entry` must belong to `book`, which is asked for the incidents that joined this one and for the
// root's issue.
[[nodiscard]] Thread project(const incident::Book::Entry& entry, const incident::Book& book,
                             const ThreadOptions& options);

// The issue that people put `sre:stop` on. It belongs to incident 0.
[[nodiscard]] Thread project_control(const incident::Book& book);

// nullptr: not known.
[[nodiscard]] const PullPlace* place_of(const ThreadOptions& options, const std::string& service);
// The state, or for a closed incident the state it was closed in.
[[nodiscard]] incident::State road_end(const incident::Book::Entry& entry);
// "Status: …" for people who filter issues.
[[nodiscard]] std::string status_label(const incident::Incident& incident, incident::State state);
// "service: x", cut to GitHub's limit and without commas.
[[nodiscard]] std::string service_label(std::string_view service);

inline constexpr const char* kControlLabel = "sre:control";
inline constexpr const char* kStopLabel = "sre:stop";
inline constexpr const char* kHoldLabel = "hold";

}  // namespace scribe
