// How long one value of a 1 MB YAML file takes to change, beside what yaml-cpp takes to parse the
// file once. Run by bench/yaml_edit; docs/formats/bench.md says what the numbers are.
#include "gitops/yaml_edit.h"

#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/time.h"
#include "bench/numbers.h"
#include "bench/report_codec.h"

namespace {

constexpr std::size_t kBytes = 1'000'000;
constexpr int kParses = 5;

// A compose file of some 6,000 services, in the styles that people mix.
std::string make_file(int& services) {
  std::string text = "# Made for a benchmark\nservices:\n";
  for (services = 0; text.size() < kBytes; ++services) {
    const std::string number = std::to_string(services);
    text += "  service-" + number + ":  # number " + number + "\n    image: \"acme/service:1." +
            number + "\"\n    mem_limit: 64m\n    environment:\n      - LOG_LEVEL=info\n" +
            "    ports: [\"80:80\", '81:81']\n";
  }
  return text;
}

gitops::Change make_change(int service) {
  gitops::Change change;
  change.file = "compose.yaml";
  change.path = {std::string("services"), "service-" + std::to_string(service),
                 std::string("mem_limit")};
  change.old_value = "64m";
  change.new_value = "128m";
  change.unit = gitops::Unit::memory;
  change.bounds = gitops::Bounds{"32m", "512m"};
  return change;
}

double ms(base::Duration time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

int main(int count, char** words) {
  const int edits = count > 1 ? std::atoi(words[1]) : 100;
  if (edits < 1) return std::fprintf(stderr, "usage: bench-yaml_edit [EDITS]\n"), 2;
  const base::SystemClock clock;
  int services = 0;
  const std::string text = make_file(services);
  std::vector<double> edit_ms, parse_ms;
  for (int i = 0; i < edits; ++i) {
    const gitops::Change change = make_change(i * services / edits);
    const auto begun = clock.now().boot;
    const auto edited = gitops::edit_yaml(text, change);
    edit_ms.push_back(ms(clock.now().boot - begun));
    if (edited) continue;
    return std::fprintf(stderr, "bench-yaml_edit: %s\n", edited.error().message.c_str()), 1;
  }
  for (int i = 0; i < kParses; ++i) {
    const auto begun = clock.now().boot;
    const YAML::Node tree = YAML::Load(text);
    parse_ms.push_back(ms(clock.now().boot - begun));
    if (!tree.IsMap()) return std::fprintf(stderr, "bench-yaml_edit: yaml-cpp saw no map\n"), 1;
  }
  const bench::YamlEditReport report{text.size(), bench::spread_of(edit_ms),
                                     bench::spread_of(parse_ms)};
  std::printf("%s\n", bench::encode(report).c_str());
  return report.ok() ? 0 : 1;
}
