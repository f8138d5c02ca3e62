// A role's process in the simulation: role/loop.h step by step in virtual time. It can be killed at
// any moment and comes back empty, from the ledger. Planted bugs hook in here, never in the
// product.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "role/role.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/simulation/timeline.h"

namespace simulation {

// What a seat needs of the simulation around it.
class House {
 public:
  virtual ~House() = default;
  virtual Timeline& timeline() = 0;
  virtual fakes::MemoryLedger& ledger() = 0;
  // Called after an append; may kill any seat, the writer too.
  virtual void appended(std::int64_t head) = 0;
  // `seat` ended with an error of its own.
  virtual void ended(const std::string& seat) = 0;
};

// One life of a process. Requests on their way when it dies arrive or, with `lost`, never do.
struct Life {
  bool dead = false;
  bool lost = false;
};

class AnySeat {
 public:
  virtual ~AnySeat() = default;
  virtual void begin() = 0;  // Nothing when it is alive.
  virtual void kill(bool lose_requests) = 0;
  virtual void step() = 0;
  [[nodiscard]] bool alive() const { return life_ != nullptr; }
  [[nodiscard]] base::Instant due() const { return due_; }
  void wake_by(base::Instant at) { due_ = std::min(due_, at); }

 protected:
  std::shared_ptr<Life> life_;
  base::Instant due_ = base::Instant::max();
};

template <class RoleT>
class Seat final : public AnySeat {
 public:
  using Request = typename RoleT::Request;
  using Answer = typename RoleT::Answer;
  using Answered = std::function<void(Answer)>;
  struct Wiring {
    std::function<std::unique_ptr<RoleT>(base::Random&)> make;
    std::function<std::string(const Request&)> key_of;
    // Carries the request into the world after its way there; answers once at most.
    std::function<void(const Request&, Answered)> dispatch;
    std::function<void(Seat&)> began;  // May be empty.
  };
  // Planted bugs; all may be empty.
  struct Tamper {
    std::function<bool(const ledger::Record&)> hears;  // False: the role never sees the record.
    std::function<bool(Answer&)> gets;                 // False: nor the answer.
    std::function<void(role::Output<Request>&, RoleT&, base::Now)> does;
    bool acts_without_record = false;  // A refused append does not hold back its requests.
  };

  Seat(std::string name, House& house, std::uint64_t seed, Wiring wiring)
      : name_(std::move(name)), house_(house), seed_(seed), wiring_(std::move(wiring)) {}

  void begin() override {
    if (life_) return;
    life_ = std::make_shared<Life>();
    random_ = std::make_unique<base::SeededRandom>(seed_ * 1000 + ++lives_);
    role_ = wiring_.make(*random_);
    position_ = inbox_ = 0;
    due_ = house_.timeline().now().boot;
    if (wiring_.began) wiring_.began(*this);
  }

  void kill(bool lose_requests) override {
    if (!life_) return;
    life_->dead = true;
    life_->lost = lose_requests;
    life_.reset();
    if (in_step_)
      doomed_ = true;
    else
      drop();
    due_ = base::Instant::max();
  }

  // An answer or news; lost when the life it was meant for is over.
  void post(const std::shared_ptr<Life>& life, const std::string& key, Answer answer) {
    if (life->dead) return;
    mail_.emplace_back(key, std::move(answer));
    wake_by(house_.timeline().now().boot);
  }
  [[nodiscard]] std::shared_ptr<Life> life() const { return life_; }
  [[nodiscard]] const RoleT* role() const { return role_.get(); }
  Tamper tamper;

  void step() override {
    if (!life_) return;
    in_step_ = true;
    const bool again = one_round();
    in_step_ = false;
    if (std::exchange(doomed_, false)) return drop();
    if (again) wake_by(house_.timeline().now().boot);
  }

 private:
  role::Role<Request, Answer>& as_role() { return *role_; }  // The roles hide its overloads.
  void drop() {
    role_.reset();
    in_flight_.clear();
    mail_.clear();
  }

  bool one_round() {
    const base::Now now = house_.timeline().now();
    absorb(now);
    auto output = role_->decide({now, in_flight_, false});
    if (tamper.does) tamper.does(output, *role_, now);
    due_ = now.boot + std::chrono::seconds(1);
    // The real loop may be asked again at once; here time must move.
    if (output.wake_at)
      due_ = std::min(due_, std::max(*output.wake_at, now.boot + std::chrono::microseconds(100)));
    bool again = false;
    for (auto& unit : output.units) {
      again = carry_out(unit) || again;
      if (doomed_) break;
    }
    return again;
  }

  void absorb(base::Now now) {
    for (auto& [key, answer] : std::exchange(mail_, {})) {
      if (!key.empty()) in_flight_.erase(key);
      if (!tamper.gets || tamper.gets(answer)) as_role().absorb(answer, now);
    }
    const auto records = house_.ledger().read(position_, 1'000'000);
    for (const auto& record : *records) {
      position_ = record.position;
      if (!tamper.hears || tamper.hears(record)) as_role().absorb(record, now);
    }
    const auto deliveries = house_.ledger().deliveries(inbox_, 1'000'000);
    for (const auto& delivery : *deliveries) {
      inbox_ = delivery.position;
      as_role().absorb(delivery, now);
    }
  }

  bool carry_out(role::Unit<Request>& unit) {
    bool written = false;
    if (!unit.drafts.empty()) {
      const auto appended = house_.ledger().append(unit.drafts, position_, unit.blobs);
      const bool conflict = !appended && appended.error().code == base::ErrorCode::conflict;
      if (!appended && appended.error().code != base::ErrorCode::unavailable && !conflict) {
        // The real loop ends with an error and its process is started again.
        kill(true);
        house_.ended(name_);
        return false;
      }
      if (!appended && !tamper.acts_without_record) return conflict;
      const auto life = life_;
      written = appended.ok();
      if (written) house_.appended(*appended);
      if (life->lost) return false;
    }
    for (auto& request : unit.requests) send(request);
    return written;
  }

  void send(const Request& request) {
    const auto key = wiring_.key_of(request);
    if (!in_flight_.insert(key).second) return;
    // A process that dies after this step has still sent; its life is over, nobody hears the
    // answer.
    auto life = life_ ? life_ : std::make_shared<Life>(Life{true, false});
    house_.timeline().after(std::chrono::microseconds(500), [this, life, key, request] {
      if (life->dead && life->lost) return;
      wiring_.dispatch(request,
                       [this, life, key](Answer answer) { post(life, key, std::move(answer)); });
    });
  }

  std::string name_;
  House& house_;
  std::uint64_t seed_, lives_ = 0;
  Wiring wiring_;
  std::unique_ptr<base::SeededRandom> random_;
  std::unique_ptr<RoleT> role_;
  std::int64_t position_ = 0, inbox_ = 0;
  std::set<std::string> in_flight_;
  std::vector<std::pair<std::string, Answer>> mail_;
  bool in_step_ = false, doomed_ = false;
};

}  // namespace simulation
