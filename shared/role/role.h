// What a role is: facts are absorbed, then it decides what to record and what to ask of the world.
// Pure and deterministic: the same inputs at the same times give the same outputs, so that a role
// runs unchanged in its process (role/loop.h), in a test and in a simulation.
//
// The rules of the game
// - absorb() only remembers. decide() looks at what is true now and answers with what it wants.
// - decide() is level-triggered: it may want the same request again and again until the answer has
// been
//   absorbed; a request whose key is still in flight is not sent twice.
// - A unit's drafts are durable before its requests are sent. When the append is refused (somebody
// else
//   changed the incident first), the whole unit is dropped, and decide() is asked again after the
//   newer records have been absorbed.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "incident/incident.h"
#include "ledger/ledger.h"

namespace role {

// A request whose answer never came: the world may or may not have done it.
struct View {
  base::Now now;
  const std::set<std::string>& in_flight;  // Keys of requests without an answer yet.
  bool stop_file = false;                  // The stop file exists.
  [[nodiscard]] bool busy(const std::string& key) const { return in_flight.contains(key); }
};

template <class Request>
struct Unit {
  std::vector<ledger::Draft> drafts;
  std::vector<std::string> blobs;
  std::vector<Request> requests;
};

template <class Request>
struct Output {
  std::vector<Unit<Request>> units;
  std::optional<base::Instant> wake_at;  // When to be asked again at the latest, without any input.

  void wake_by(base::Instant at) {
    if (!wake_at || at < *wake_at) wake_at = at;
  }
  void ask(Request request) { units.push_back({{}, {}, {std::move(request)}}); }
};

// Request and Answer are variants of the role's own; key_of(request) names what it is about.
template <class RequestT, class AnswerT>
class Role {
 public:
  using Request = RequestT;
  using Answer = AnswerT;
  virtual ~Role() = default;
  virtual void absorb(const ledger::Record& record, base::Now now) = 0;
  virtual void absorb(const ledger::Delivery&, base::Now) {}  // Only roles that read the inbox.
  virtual void absorb(const Answer& answer, base::Now now) = 0;
  virtual Output<Request> decide(const View& view) = 0;
};

// Builds drafts: fills in id, role and times, and finds out by the state chart which of them change
// their incident's state. Later drafts of one Drafter see the effect of earlier ones.
class Drafter {
 public:
  Drafter(const incident::Book& book, incident::Role role, base::Random& random, base::Now now)
      : book_(book), role_(role), random_(random), now_(now) {}
  Drafter& add(incident::IncidentId incident, incident::Payload what);
  // The event with a fixed id: appended at most once however often it is tried.
  Drafter& add_as(std::string id, incident::IncidentId incident, incident::Payload what);
  [[nodiscard]] std::vector<ledger::Draft> take() { return std::move(drafts_); }

 private:
  const incident::Book& book_;
  incident::Role role_;
  base::Random& random_;
  base::Now now_;
  std::map<incident::IncidentId, incident::Incident> after_;
  std::vector<ledger::Draft> drafts_;
};

}  // namespace role
