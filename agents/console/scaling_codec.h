// Scaling that is asked for over the API: what is asked, what came of it, and the answer. Pure; the
// wish itself goes through the ledger, the console does nothing to a container. Format:
// docs/formats/console-api.md.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "http/http.h"
#include "incident/incident.h"
#include "warden/warden.h"

namespace console {

struct Scaling {
  std::string service;
  int count = 0;  // Replicas beside the service's own container, 0 to warden::kReplicasMax.
  bool is_up = true;
  [[nodiscard]] std::string command() const;  // As on an issue.
};

// Of `?count=N&service=S`. More than the most there may be is the most; up is 2 where nothing is
// said, down is 0. Errors: invalid (for people: no such number or service, or it is not clear
// which service).
[[nodiscard]] base::Result<Scaling> parse_scaling(const http::Request& request, bool is_up,
                                                  const std::vector<std::string>& balanced);
// Why so many cannot be asked for with so many running; empty: they can.
[[nodiscard]] std::string objection_to(const Scaling& scaling, int running);

enum class Progress { pending, done, unchanged, refused, failed };
[[nodiscard]] std::string_view to_string(Progress progress);

struct Fulfilment {
  Progress progress = Progress::pending;
  incident::IncidentId incident = 0;  // 0: none was opened yet.
  std::string words;                  // Why not, for people.
};
// What has come of the wish with that fingerprint.
[[nodiscard]] Fulfilment fulfilment_of(const incident::Book& book, const std::string& fingerprint);

// The answer's body, for each of them.
[[nodiscard]] std::string encode_scaled(const Scaling& scaling, const Fulfilment& fulfilment,
                                        const std::vector<std::string>& replicas);

}  // namespace console
