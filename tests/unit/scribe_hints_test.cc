// Webhooks as hints: what they say is looked at at once, and neither repeating, shuffling, losing
// nor inventing them changes where everything ends.
#include <random>

#include "tests/unit/scribe_steered.h"

using namespace scribe_test;

namespace {

// What GitHub would tell.
struct Telling {
  std::string delivery, event, body;
  base::Duration after;  // Since the start.
};

// What people do, each at its time.
struct Deed {
  base::Duration at;
  const char* who;
  const char* words;  // Nothing: closes the issue by hand.
};
const std::vector<Deed> kDeeds = {
    {0s, "carol", "/hold"}, {2s, "dave", "/approve a1b2c3d4"}, {5s, "root", "just a remark"},
    {9s, "carol", "/why"},  {12s, "root", "/resume"},          {20s, "alice", "/approve a1b2c3d4"},
    {40s, "alice", nullptr}};

enum class Webhooks { none, in_order, disturbed };

// All that people did and the ledger says of it, without times.
std::string end_state(Webhooks webhooks, unsigned seed, int& deliveries) {
  Steered world;
  world.options.steer_every = 15s;
  world.options.control_every = 5s;
  world.restart();
  await_approval(world);
  std::mt19937 random(seed);
  std::vector<Telling> tellings;
  for (std::size_t i = 0; i < kDeeds.size(); ++i) {
    const std::string id = std::to_string(i);
    const char* event = kDeeds[i].words == nullptr ? "issues" : "issue_comment";
    if (webhooks == Webhooks::in_order) tellings.push_back({id, event, id, kDeeds[i].at});
    if (webhooks != Webhooks::disturbed || random() % 10 == 0) continue;
    for (auto copies = 1 + random() % 5; copies > 0; --copies) {
      // Sent again under the same name, or replayed by somebody under another.
      const std::string name = id + (random() % 2 == 0 ? "" : "-" + std::to_string(copies));
      const auto late = std::chrono::milliseconds(random() % 60'000);
      tellings.push_back({name, event, id, kDeeds[i].at + late});
    }
  }
  std::stable_sort(tellings.begin(), tellings.end(),
                   [](const Telling& a, const Telling& b) { return a.after < b.after; });
  const auto start = world.clock.now().boot;
  std::size_t deed = 0, told = 0;
  while (deed < kDeeds.size() || told < tellings.size()) {
    const auto next = std::min(deed < kDeeds.size() ? kDeeds[deed].at : base::Duration(1h),
                               told < tellings.size() ? tellings[told].after : base::Duration(1h));
    const auto since = world.clock.now().boot - start;
    if (next > since) world.settle(next - since);
    if (deed < kDeeds.size() && kDeeds[deed].at <= next) {
      const Deed& one = kDeeds[deed++];
      if (one.words == nullptr) {
        world.github.set_closed(one.who, 1, true);
      } else {
        world.github.say(one.who, 1, one.words);
      }
      continue;
    }
    const Telling& one = tellings[told++];
    ++deliveries;
    world.hint(one.delivery, one.event, 1, one.body);
  }
  world.settle(2min);
  std::string out;
  std::map<std::string, int> happened;
  const auto records = world.ledger.read(0, 100'000);
  for (const auto& record : *records) {
    if (const auto* said = std::get_if<OperatorCommanded>(&record.event.what))
      ++happened[said->by + " " + said->command + " " + said->refusal];
    if (const auto* given = std::get_if<ApprovalGiven>(&record.event.what))
      ++happened["approved by " + given->by];
    if (const auto* down = std::get_if<StoodDown>(&record.event.what))
      ++happened["stood down by " + down->by];
  }
  for (const auto& [what, times] : happened) out += what + " ×" + std::to_string(times) + "\n";
  const auto issue = world.issues().at(0);
  out += issue.state + " " + issue.title + "\n";
  std::set<std::string> labels(issue.labels.begin(), issue.labels.end());
  for (const auto& label : labels) out += label + "\n";
  out += std::string(to_string(world.incident(1).state)) + "\n";
  return out;
}

}  // namespace

TEST_CASE("hints: repeated 1 to 5 times, shuffled within a minute, a tenth lost: the same end") {
  int deliveries = 0;
  const std::string polled = end_state(Webhooks::none, 0, deliveries);
  CHECK(polled.find("approved by alice ×1") != std::string::npos);
  CHECK(polled.find("stood down by alice ×1") != std::string::npos);
  CHECK(end_state(Webhooks::in_order, 0, deliveries) == polled);
  constexpr int kDeliveries = 100'000;  // RELIABILITY T9.
  unsigned seed = 0;
  for (deliveries = 0; deliveries < kDeliveries;) {
    ++seed;
    CAPTURE(seed);
    REQUIRE(end_state(Webhooks::disturbed, seed, deliveries) == polled);
  }
  MESSAGE(deliveries << " deliveries in " << seed << " runs");
}

TEST_CASE("hints: a comment counts within two seconds of its webhook, not of the next look") {
  for (const bool told : {true, false}) {
    CAPTURE(told);
    Steered world;
    world.options.steer_every = 1h;
    world.restart();
    await_approval(world);
    world.github.say("alice", 1, "/approve a1b2c3d4");
    if (told) world.hint("d1", "issue_comment", 1, "x");
    world.settle(2s);
    CHECK(world.count<ApprovalGiven>() == (told ? 1 : 0));
  }
}

TEST_CASE("hints: a few in a row are each followed at once, however near the look before") {
  Steered world;
  world.options.steer_every = 1h;
  world.restart();
  await_approval(world);
  const char* words[] = {"/hold", "/why", "/resume", "/approve a1b2c3d4"};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(words[i]);
    world.github.say("alice", 1, words[i]);
    world.hint(std::to_string(i), "issue_comment", 1, std::to_string(i));
    world.settle(50ms);
    CHECK(world.count<OperatorCommanded>() == i + 1);
  }
  CHECK(world.count<ApprovalGiven>() == 1);
}

TEST_CASE("hints: of what we do ourselves there may be any number, and a person is heard at once") {
  Steered world;
  world.options.steer_every = 15s;
  world.options.control_every = 1h;
  world.restart();
  await_approval(world);
  world.settle(16s);  // Heard once: by now our own login is known.
  const int calls = world.github.calls();
  const std::string ours = world.github.get_user()->login;
  for (int i = 0; i < 20; ++i) {
    const std::string id = std::to_string(i);
    world.hint("o" + id, i % 2 == 0 ? "issues" : "issue_comment", 1, id, ours);
    world.settle(10ms);
  }
  CHECK(world.github.calls() - calls <= 1);  // Who we are, asked above.
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.hint("d1", "issue_comment", 1, "x", "alice");
  world.settle(50ms);
  CHECK(world.count<ApprovalGiven>() == 1);
}

TEST_CASE("hints: a list that lags behind its webhook is looked at once more") {
  Steered world;
  world.options.steer_every = 1h;
  world.restart();
  await_approval(world);
  world.github.set_list_lag(2s);
  world.github.say("alice", 1, "/approve a1b2c3d4");
  world.hint("d1", "issue_comment", 1, "x");
  world.settle(2s);
  CHECK(world.count<ApprovalGiven>() == 0);
  world.settle(3s);
  CHECK(world.count<ApprovalGiven>() == 1);
}

TEST_CASE("hints: thousands of them, and none is obeyed or makes more than a call each second") {
  Steered world;
  world.options.steer_every = 15s;
  world.restart();
  await_approval(world);
  world.settle(30s);
  const auto head = world.ledger.head();
  const int calls = world.github.calls();
  for (int i = 0; i < 3'000; ++i) {
    const std::string id = std::to_string(i);
    world.hint(id, i % 2 == 0 ? "issues" : "issue_comment", i % 7, id);
    if (i % 300 == 299) world.settle(1s);
  }
  CHECK(*world.ledger.head() == *head);
  CHECK(world.github.calls() - calls < 60);  // In 10 s: three lists a second and what was due.
}

TEST_CASE("hints: what is in the inbox besides them, or too old, is passed over") {
  Steered world;
  world.options.steer_every = 1h;
  world.restart();
  await_approval(world);
  world.github.say("alice", 1, "/approve a1b2c3d4");
  const auto now = world.clock.now().wall;
  const std::string hint = github::encode_hint({"issues", "", "sre-space/demo", 1}, "x");
  (void)world.ledger.deliver({0, "webhook", "a", hint, now});
  (void)world.ledger.deliver({0, "github", "b", hint + " ", now - 11min});
  (void)world.ledger.deliver({0, "github", "c", "no json", now});
  world.settle(5s);
  CHECK(world.count<ApprovalGiven>() == 0);
}
