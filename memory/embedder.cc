#include "memory/embedder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "base/ensure.h"
#include "base/text.h"

namespace memory {
namespace {

// Features by name; ordered, so that sums round the same way every time.
using Features = std::map<std::string, double>;

struct Block {
  std::size_t first, size;
  double share;  // Of the squared length.
};
constexpr Block kFaultBlock{0, 128, 0.64};
constexpr Block kLogBlock{128, 192, 0.22};
constexpr Block kContextBlock{320, 64, 0.14};
static_assert(kContextBlock.first + kContextBlock.size == kDimensions);

constexpr int kProbes = 4;
// The first dimensions of the fault block belong to the known faults, in this order, so that two of
// them never collide. Part of the model: append only, and change kModelId.
constexpr std::size_t kReserved = 32;
constexpr std::array<std::string_view, 10> kFaults = {
    "oom",           "container_died",  "found_stopped", "restarted_by_engine",
    "probe_timeout", "probe_refused",   "probe_error",   "latency_above_bound",
    "cpu_at_limit",  "engine_unhealthy"};
static_assert(kFaults.size() <= kReserved);

// Weights inside the fault block. The fault itself decides; with both details different the cosine
// of two equal faults stays at 0.9 of the block.
constexpr double kFaultWeight = 3.0;
constexpr double kDetailWeight = 0.7;
constexpr double kBigramWeight = 0.7;
// Weights inside the context block, where the service's whole name has 1.
constexpr double kNamePartWeight = 0.7;
constexpr double kImageWeight = 0.5;

// What people, and short signal names, say for a fault. Phrases of up to three words.
struct Synonym {
  std::string_view phrase, fault;
};
constexpr std::array kSynonyms = std::to_array<Synonym>({
    {"oom", "oom"},
    {"oomkilled", "oom"},
    {"oom_killed", "oom"},
    {"oom-killed", "oom"},
    {"oom-kill", "oom"},
    {"out of memory", "oom"},
    {"out-of-memory", "oom"},
    {"memory leak", "oom"},
    {"memory limit", "oom"},
    {"ran out of memory", "oom"},
    {"memory exhausted", "oom"},
    {"leak", "oom"},
    {"die", "container_died"},
    {"died", "container_died"},
    {"dies", "container_died"},
    {"dead", "container_died"},
    {"crash", "container_died"},
    {"crashed", "container_died"},
    {"crashes", "container_died"},
    {"killed", "container_died"},
    {"exited", "container_died"},
    {"segfault", "container_died"},
    {"panic", "container_died"},
    {"stopped", "found_stopped"},
    {"not running", "found_stopped"},
    {"crash loop", "restarted_by_engine"},
    {"crash_loop", "restarted_by_engine"},
    {"crashloop", "restarted_by_engine"},
    {"restart loop", "restarted_by_engine"},
    {"restarting", "restarted_by_engine"},
    {"hang", "probe_timeout"},
    {"hangs", "probe_timeout"},
    {"hung", "probe_timeout"},
    {"hanging", "probe_timeout"},
    {"stuck", "probe_timeout"},
    {"frozen", "probe_timeout"},
    {"freeze", "probe_timeout"},
    {"deadlock", "probe_timeout"},
    {"timeout", "probe_timeout"},
    {"timed out", "probe_timeout"},
    {"no answer", "probe_timeout"},
    {"unresponsive", "probe_timeout"},
    {"not responding", "probe_timeout"},
    {"refused", "probe_refused"},
    {"connection refused", "probe_refused"},
    {"unreachable", "probe_refused"},
    {"server error", "probe_error"},
    {"errors", "probe_error"},
    {"failing", "probe_error"},
    {"probe_slow", "latency_above_bound"},
    {"slow", "latency_above_bound"},
    {"latency", "latency_above_bound"},
    {"high latency", "latency_above_bound"},
    {"high_latency", "latency_above_bound"},
    {"lag", "latency_above_bound"},
    {"cpu", "cpu_at_limit"},
    {"high cpu", "cpu_at_limit"},
    {"cpu spike", "cpu_at_limit"},
    {"cpu saturation", "cpu_at_limit"},
    {"cpu_saturation", "cpu_at_limit"},
    {"saturated", "cpu_at_limit"},
    {"busy loop", "cpu_at_limit"},
    {"unhealthy", "engine_unhealthy"},
    {"health check", "engine_unhealthy"},
});

// Words of service names that tell none from another.
constexpr std::array<std::string_view, 6> kGenericNames = {"service", "svc",    "app",
                                                           "api",     "server", "container"};

constexpr std::string_view kNumber = "<n>", kPath = "<path>";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Runs of word bytes, lower case, without punctuation at their ends.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.pop_back();
    word.erase(0, std::min(word.find_first_not_of("-."), word.size()));
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char byte : text) {
    const char c = lower(byte);
    if (is_word_byte(c)) {
      word += c;
    } else {
      finish();
    }
  }
  finish();
  return words;
}

std::string placeholder_for(std::string word) {
  if (word.find('/') != std::string::npos) return std::string(kPath);
  if (std::any_of(word.begin(), word.end(), is_digit)) return std::string(kNumber);
  const bool hex = word.size() >= 8 && word.find_first_not_of("abcdef-") == std::string::npos;
  return hex ? std::string(kNumber) : word;
}

// FNV-1a, then the finaliser of splitmix64 per probe: cheap, and fixed for ever, unlike std::hash.
std::uint64_t hash_of(std::string_view text, std::uint64_t probe) {
  std::uint64_t h = 14695981039346656037ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  h += (probe + 1) * 0x9E3779B97F4A7C15ULL;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ULL;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBULL;
  return h ^ (h >> 31);
}

using Sums = std::array<double, kDimensions>;

void add_hashed(Sums& sums, std::size_t first, std::size_t size, const std::string& feature,
                double weight) {
  for (std::uint64_t probe = 0; probe < kProbes; ++probe) {
    const std::uint64_t h = hash_of(feature, probe);
    const double sign = (h >> 63) != 0 ? 1.0 : -1.0;
    sums[first + h % size] += sign * weight / std::sqrt(static_cast<double>(kProbes));
  }
}

void add_feature(Sums& sums, const Block& block, const std::string& feature, double weight) {
  if (block.first != kFaultBlock.first)
    return add_hashed(sums, block.first, block.size, feature, weight);
  const auto* known = std::find(kFaults.begin(), kFaults.end(), feature);
  if (known != kFaults.end()) {
    sums[block.first + static_cast<std::size_t>(known - kFaults.begin())] += weight;
  } else {
    add_hashed(sums, block.first + kReserved, block.size - kReserved, feature, weight);
  }
}

// Scales the block to the length √share; a block without features stays zero.
void fill_block(Sums& sums, const Block& block, const Features& features, double share) {
  for (const auto& [feature, weight] : features) add_feature(sums, block, feature, weight);
  double squares = 0;
  for (std::size_t i = block.first; i < block.first + block.size; ++i) squares += sums[i] * sums[i];
  const double scale = squares > 1e-12 ? std::sqrt(share / squares) : 0;
  for (std::size_t i = block.first; i < block.first + block.size; ++i) sums[i] *= scale;
}

// Scales to norm 1; empty when there is nothing to scale.
std::optional<Vector> normalised(const Sums& sums) {
  double squares = 0;
  for (const double x : sums) squares += x * x;
  if (squares < 1e-12) return std::nullopt;
  Vector vector{};
  for (std::size_t i = 0; i < kDimensions; ++i)
    vector[i] = static_cast<float>(sums[i] / std::sqrt(squares));
  return vector;
}

std::string join_words(const std::vector<std::string>& words, std::size_t first,
                       std::size_t count) {
  std::string text = words[first];
  for (std::size_t i = 1; i < count; ++i) text += " " + words[first + i];
  return text;
}

std::optional<std::string> fault_said_by(std::string_view phrase) {
  for (const auto& synonym : kSynonyms) {
    if (synonym.phrase == phrase) return std::string(synonym.fault);
  }
  if (std::find(kFaults.begin(), kFaults.end(), phrase) != kFaults.end())
    return std::string(phrase);
  return std::nullopt;
}

// An OOM kill is its own fault, however it came to be noticed. An unknown kind is a fault of its
// own.
std::string fault_of(const Symptom& symptom) {
  if (symptom.oom_killed) return "oom";
  const std::string kind = base::to_lower_ascii(base::trim(symptom.kind));
  return fault_said_by(kind).value_or("kind:" + kind);
}

// Details are named after their fault: exit code 137 of a kill says nothing about one of an OOM.
Features fault_features(const Symptom& symptom) {
  const std::string fault = fault_of(symptom);
  Features features{{fault, kFaultWeight}};
  if (symptom.exit_code)
    features["exit " + fault + " " + std::to_string(*symptom.exit_code)] = kDetailWeight;
  const auto words = template_of(symptom.probe_error);
  const double weight =
      kDetailWeight / std::sqrt(static_cast<double>(std::max<std::size_t>(1, words.size())));
  for (const auto& word : words) features["error " + fault + " " + word] = weight;
  return features;
}

void count_grams(Features& counts, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].front() != '<') counts[words[i]] += 1;
    if (i + 1 < words.size()) counts[words[i] + " " + words[i + 1]] += 1;
  }
}

Features log_features(const std::vector<std::string>& lines) {
  Features features;
  for (const auto& line : lines) count_grams(features, template_of(line));
  for (auto& [gram, weight] : features) {
    const double kind = gram.find(' ') == std::string::npos ? 1.0 : kBigramWeight;
    weight = kind * (1.0 + std::log(weight));  // Sublinear: the tenth equal line says little.
  }
  return features;
}

void add_name_parts(Features& features, std::string_view name) {
  std::size_t start = 0;
  while (start <= name.size()) {
    const std::size_t end = std::min(name.find_first_of("-_.", start), name.size());
    const std::string_view part = name.substr(start, end - start);
    const bool generic =
        std::find(kGenericNames.begin(), kGenericNames.end(), part) != kGenericNames.end();
    if (!part.empty() && part != name && !generic) features.emplace(part, kNamePartWeight);
    start = end + 1;
  }
}

// "registry:5000/team/demo:1.2@sha256:…" is "demo".
std::string image_name(std::string_view image) {
  image = image.substr(0, image.find('@'));
  if (const auto slash = image.rfind('/'); slash != std::string_view::npos)
    image.remove_prefix(slash + 1);
  return base::to_lower_ascii(image.substr(0, image.find(':')));
}

// Names only: a person asks for "demo" without saying whether that is a service or an image.
Features context_features(const Symptom& symptom) {
  Features features;
  const std::string service = base::to_lower_ascii(base::trim(symptom.service));
  if (!service.empty()) features[service] = 1.0;
  add_name_parts(features, service);
  if (const auto image = image_name(symptom.image); !image.empty())
    features.emplace(image, kImageWeight);
  return features;
}

// Fault phrases, longest first; what is left are names or words of logs.
struct Query {
  Features faults;
  std::vector<std::string> words;
};

Query read_query(std::string_view text) {
  Query query;
  const auto words = words_of(text);
  for (std::size_t i = 0; i < words.size();) {
    std::size_t taken = 0;
    for (std::size_t count = std::min<std::size_t>(3, words.size() - i); count > 0 && taken == 0;
         --count) {
      const auto fault = fault_said_by(join_words(words, i, count));
      if (!fault) continue;
      query.faults[*fault] = kFaultWeight;
      taken = count;
    }
    if (taken == 0) query.words.push_back(words[i]);
    i += std::max<std::size_t>(1, taken);
  }
  return query;
}

}  // namespace

std::vector<std::string> template_of(std::string_view line) {
  std::vector<std::string> words;
  for (auto& raw : words_of(line)) {
    std::string word = placeholder_for(std::move(raw));
    if (word == kNumber && !words.empty() && words.back() == kNumber) continue;
    words.push_back(std::move(word));
  }
  return words;
}

Symptom trim_symptom(const Symptom& symptom) {
  Symptom trimmed = symptom;
  trimmed.service = base::clean_text(symptom.service);
  trimmed.kind = base::clean_text(symptom.kind);
  trimmed.probe_error =
      base::clean_text(base::cut_utf8(base::clean_text(symptom.probe_error), kLogLineBytesMax));
  trimmed.image = base::clean_text(symptom.image);
  trimmed.log_lines.clear();
  const std::size_t count = symptom.log_lines.size();
  for (std::size_t i = count - std::min(count, kLogLinesMax); i < count; ++i) {
    // Cut before cleaning bounds the work, cut after it bounds the result: a bad byte becomes
    // three.
    const std::string clean =
        base::clean_text(base::cut_utf8(symptom.log_lines[i], kLogLineBytesMax));
    trimmed.log_lines.emplace_back(base::cut_utf8(clean, kLogLineBytesMax));
  }
  return trimmed;
}

Vector embed(const Symptom& symptom) {
  const Symptom seen = trim_symptom(symptom);
  Sums sums{};
  fill_block(sums, kFaultBlock, fault_features(seen), kFaultBlock.share);
  fill_block(sums, kLogBlock, log_features(seen.log_lines), kLogBlock.share);
  fill_block(sums, kContextBlock, context_features(seen), kContextBlock.share);
  const auto vector = normalised(sums);
  base::ensure(vector.has_value(), "a symptom always has a fault feature");
  return *vector;
}

std::optional<Vector> embed_text(std::string_view text) {
  const Query query = read_query(base::cut_utf8(text, kLogLineBytesMax));
  Features context, grams;
  for (const auto& word : query.words) {
    context[word] = 1.0;
    add_name_parts(context, word);
    count_grams(grams, template_of(word));
  }
  Sums sums{};  // Each kind of word that was said counts the same.
  fill_block(sums, kFaultBlock, query.faults, 1.0);
  fill_block(sums, kLogBlock, grams, 0.5);
  fill_block(sums, kContextBlock, context, 0.5);
  return normalised(sums);
}

double similarity_of(std::span<const float> a, std::span<const float> b) {
  base::ensure(a.size() == b.size(), "vectors of two spaces compared");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace memory
