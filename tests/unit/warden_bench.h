// A warden's performer before an engine in memory, at a time that stands still.
#pragma once

#include <functional>
#include <string>

#include "agents/warden/gate.h"
#include "agents/warden/performer.h"
#include "agents/warden/roster.h"
#include "tests/fakes/fake_engine.h"

namespace testing::warden_bench {

using engine::RunState;
using warden::Verb;

inline const std::string kId(64, 'c');
inline constexpr auto kNow = base::wall_from_ms(1'700'000'000'000);

inline warden::Operation an_operation(Verb verb = Verb::restart) {
  warden::Operation out;
  out.op = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
  out.epoch = 5;
  out.plan_hash = "h";
  out.expires = kNow + std::chrono::seconds(10);
  out.verb = verb;
  out.container = kId;
  out.seen_started_at = "t1";
  return out;
}

inline engine::Container a_container(RunState state, const std::string& started_at) {
  engine::Container out;
  out.id = kId;
  out.name = "shop";
  out.state = state;
  out.started_at = started_at;
  return out;
}

inline warden::Standing permitted() { return {false, config::Mode::automatic, 5, false, false}; }

inline config::Service service(const std::string& name, const std::string& container) {
  config::Service out;
  out.name = name;
  out.container = container;
  return out;
}

// A clock that stands until it is moved.
class StillClock final : public base::Clock {
 public:
  base::Now now() const override { return {kNow + base::Millis(ms), base::instant_from_ms(ms)}; }
  std::int64_t ms = 1000;
};

struct Bench {
  fakes::FakeEngine engine;
  engine::ContainerId id = engine.add("shop");
  warden::Roster roster{{service("shop", "shop")}, {}};
  StillClock clock;
  base::Logger log{"warden", base::LogLevel::error};
  base::Result<warden::Standing> standing = permitted();
  warden::Performer performer{roster, engine, [this](const std::string&) { return standing; },
                              clock, log};

  warden::Operation operation(Verb verb = Verb::restart) {
    auto out = an_operation(verb);
    out.container = id;
    out.seen_started_at = engine.inspect(id).value().started_at;
    return out;
  }
};

}  // namespace testing::warden_bench
