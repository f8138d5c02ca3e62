// What people want of a service from outside of any incident: each wish is opened as one of its
// own, once.
#include "agents/scout/scout.h"

namespace scout {

using incident::IncidentOpened;

void Scout::hear_of_wish(const ledger::Delivery& delivery, base::Now now) {
  const auto wish = incident::decode_wish(delivery.body);
  if (!wish || now.wall - delivery.received > incident::kWishFresh) return;
  const auto fingerprint = incident::fingerprint_of(*wish);
  if (opened_wishes_.contains(fingerprint) || !watches_.contains(incident::service_of(*wish)))
    return;
  wishes_.insert_or_assign(fingerprint, Wished{*wish, delivery.received});
}

void Scout::follow_wish(const incident::Event& event) {
  const auto* opened = std::get_if<IncidentOpened>(&event.what);
  if (opened == nullptr || opened->signal.kind != incident::SignalKind::asked) return;
  opened_wishes_.insert(opened->fingerprint);
  wishes_.erase(opened->fingerprint);
}

void Scout::decide_wishes(const role::View& view, Output& output) {
  std::erase_if(wishes_, [&](const auto& item) {
    return view.now.wall - item.second.received > incident::kWishFresh;
  });
  for (const auto& [fingerprint, wished] : wishes_) {
    const Watch& watch = watches_.at(incident::service_of(wished.wish));
    auto signal = signal_of(watch, incident::SignalKind::asked, view.now);
    signal.detail = wished.wish.command + " asked for by " + wished.wish.by;
    signal.asked = wished.wish.command;
    signal.asked_by = wished.wish.by;
    role::Drafter drafter(book_, incident::Role::scout, random_, view.now);
    drafter.add(opening_++,
                IncidentOpened{std::move(signal), incident::Severity::low, fingerprint, ""});
    output.units.push_back({drafter.take(), {}, {}});
  }
}

}  // namespace scout
