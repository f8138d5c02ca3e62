// libFuzzer's way in; without libFuzzer replay.cc calls it with files.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::try_yaml_edit({reinterpret_cast<const char*>(data), size});
  return 0;
}
