// Writes a small YAML document field by field, by yaml-cpp's emitter: whatever a text holds, it is
// read back as that text. Pure. The heavy header stays in the source.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gitops {

// Use: fields in order, begin and end in pairs, finish() once.
class YamlRecord {
 public:
  explicit YamlRecord(std::string_view comment);  // One line, ours.
  ~YamlRecord();
  YamlRecord(const YamlRecord&) = delete;
  YamlRecord& operator=(const YamlRecord&) = delete;

  // Cleaned of control characters; always in double quotes, so that "no" and "1.10" stay text.
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, int value);
  void begin_map(std::string_view name);
  void end_map();
  void begin_list(std::string_view name);
  void end_list();
  void begin_item();  // A map.
  void end_item();
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitops
