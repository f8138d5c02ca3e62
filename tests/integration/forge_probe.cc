// Runs a forge for the tests that drive it from outside: `forge_probe DATABASE RECORD
// [PUBLIC_KEY]`, with an app of that key, a PEM file. Prints its URL, serves until its standard
// input ends.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "base/time.h"
#include "forge/forge.h"

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::cerr << "usage: forge_probe DATABASE RECORD [PUBLIC_KEY]\n";
    return 2;
  }
  forge::Options options;
  options.database_path = argv[1];
  options.record_path = argv[2];
  options.port = 0;
  options.tokens = {{"owner-token", "sre-space"}, {"reader-token", "rita"}};
  options.roles = {{"rita", forge::Role::read}, {"tom", forge::Role::triage}};
  options.teams = {{"acme", "on-call", {"tom"}}};
  options.workflows = {"deploy.yml", "rollback.yml"};
  if (argc == 4) {
    std::ifstream file(argv[3]);
    const std::string key{std::istreambuf_iterator<char>(file), {}};
    options.apps = {{7, "keeper", {key}, forge::Role::write}};
  }
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
