// One demo service: what it answers to each request. Three personas form the chain that the
// experiments break: quote asks policy, policy asks user.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "chaos/demo/faults.h"
#include "chaos/demo/wire.h"

namespace demo {

enum class Persona { quote, policy, user };

[[nodiscard]] std::optional<Persona> parse_persona(std::string_view text);
[[nodiscard]] std::string_view to_string(Persona persona);

// Thread-safe.
class Service {
 public:
  // `upstream` is where quote finds policy, and policy finds user; user has none.
  Service(Persona persona, std::string name, std::optional<Url> upstream);

  // Answers and writes one line to standard output, except for a good /health: at four probes a
  // second those would push the lines that explain a fault out of sight.
  [[nodiscard]] Reply handle(const Request& request);
  // One line to standard output, in one write.
  void log(const std::string& line) const;

 private:
  [[nodiscard]] Reply route(const Request& request);
  [[nodiscard]] Reply health() const;
  [[nodiscard]] Reply info() const;
  [[nodiscard]] Reply business(const Request& request);
  [[nodiscard]] Reply trigger_memory();
  [[nodiscard]] Reply trigger_cpu(const Request& request);
  [[nodiscard]] Reply trigger_slow(const Request& request);
  [[nodiscard]] Reply trigger_db_latency();
  [[nodiscard]] Reply reset();

  const Persona persona_;
  const std::string name_;
  const std::optional<Url> upstream_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Faults faults_;
};

}  // namespace demo
