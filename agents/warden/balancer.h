// Writes the one file of nginx's configuration that names the containers behind each service, and
// makes nginx read it: staged, checked by nginx itself, renamed into its place, and believed only
// once nginx answers with its hash, for a reload that fails exits with 0 as well. What nginx does
// not take is rolled back to the last good file. Format: docs/formats/warden.md. Adapter.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agents/warden/front.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "config/config.h"

namespace warden {

class Balancer final : public Front {
 public:
  Balancer(config::Balancer config, const base::Logger& log,
           base::Duration answer_within = std::chrono::seconds(5));

  // Brings file and nginx together after a crash, and takes from the file what was last set; a file
  // that nginx does not take gives way to the last good one. To be called before set(). Errors:
  // unknown (nginx does not run, or not with this file; set() may still mend it).
  [[nodiscard]] base::Status recover();

  [[nodiscard]] int port_of(const std::string& service) const override;
  [[nodiscard]] base::Status set(const std::string& service,
                                 const std::vector<std::string>& addresses) override;
  [[nodiscard]] base::Duration drain() const override { return config_.drain; }
  // What nginx says it has read; empty when it does not answer.
  [[nodiscard]] std::string generation() const;

 private:
  using Upstreams = std::map<std::string, std::vector<std::string>>;  // By service.
  base::Status apply(const std::string& text);
  base::Status test_staged(const std::string& staged);
  base::Status install(const std::string& text);
  base::Status reload(const std::string& text);
  base::Error roll_back(const base::Error& why);
  [[nodiscard]] std::string render(const Upstreams& upstreams) const;
  [[nodiscard]] bool is_read(const std::string& text) const;
  [[nodiscard]] bool becomes_read(const std::string& text) const;

  const config::Balancer config_;
  const base::Logger& log_;
  const base::Duration answer_within_;
  std::mutex mutex_;
  // Guards: all below, and the files.
  Upstreams upstreams_;
};

// The hash in the text of such a file; empty when it is none, or not whole.
[[nodiscard]] std::string generation_in(const std::string& text);

}  // namespace warden
