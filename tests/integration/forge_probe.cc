// Runs a forge for the schema test: `forge_probe DATABASE RECORD`. Prints its URL, serves until its
// standard input ends.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/time.h"
#include "forge/forge.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: forge_probe DATABASE RECORD\n";
    return 2;
  }
  forge::Options options;
  options.database_path = argv[1];
  options.record_path = argv[2];
  options.port = 0;
  options.tokens = {{"owner-token", "sre-space"}, {"reader-token", "rita"}};
  options.roles = {{"rita", forge::Role::read}, {"tom", forge::Role::triage}};
  const base::SystemClock clock;
  const auto forge = forge::Forge::open(options, clock);
  if (!forge.ok()) {
    std::cerr << forge.error().message << "\n";
    return 1;
  }
  std::cout << (*forge)->url() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}
