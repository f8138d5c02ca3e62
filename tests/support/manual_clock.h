// A clock that moves when it is told to.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace support {

class ManualClock final : public base::Clock {
 public:
  base::Now now() const override {
    return {base::wall_from_ms(1'795'182'756'000 + ms_), base::instant_from_ms(10'000 + ms_)};
  }
  void advance(base::Duration by) { ms_ += base::to_ms(by); }

 private:
  std::int64_t ms_ = 0;
};

}  // namespace support
