#include "base/id.h"

#include <sys/random.h>

#include "base/ensure.h"

namespace base {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  ensure(getrandom(&value, sizeof value, 0) == sizeof value, "the kernel gave no random bytes");
  return value;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string make_ulid(WallTime at, Random& random) {
  constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string id(26, '0');
  auto ms = static_cast<std::uint64_t>(to_ms(at));
  for (std::size_t i = 10; i-- > 0; ms >>= 5) id[i] = kAlphabet[ms & 31];
  std::uint64_t high = random.next(), low = random.next();
  for (std::size_t i = 26; i-- > 18; low >>= 5) id[i] = kAlphabet[low & 31];
  for (std::size_t i = 18; i-- > 10; high >>= 5) id[i] = kAlphabet[high & 31];
  return id;
}

std::string make_token(Random& random, int bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string token;
  std::uint64_t pool = 0;
  for (int i = 0; i < bytes * 2; ++i, pool >>= 4) {
    if (i % 16 == 0) pool = random.next();
    token += kDigits[pool & 15];
  }
  return token;
}

}  // namespace base
