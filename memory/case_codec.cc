#include "memory/case_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace memory {
namespace {

using nlohmann::json;

json symptom_json(const Symptom& symptom) {
  json object = {{"service", symptom.service},       {"kind", symptom.kind},
                 {"oom_killed", symptom.oom_killed}, {"probe_error", symptom.probe_error},
                 {"log_lines", symptom.log_lines},   {"image", symptom.image}};
  if (symptom.exit_code) object["exit_code"] = *symptom.exit_code;
  return object;
}

json case_json(const Case& past) {
  return {{"incident", past.incident},
          {"issue", past.issue},
          {"failure_class", past.failure_class},
          {"action", past.action},
          {"proven", past.proven},
          {"votes", past.votes},
          {"symptom", symptom_json(past.symptom)},
          {"resolved_at_ms", base::to_ms(past.resolved_at)}};
}

// These throw json::exception for a missing field or another type; guarded() turns it into an
// error.
Symptom read_symptom(const json& object) {
  Symptom symptom;
  symptom.service = object.at("service").get<std::string>();
  symptom.kind = object.at("kind").get<std::string>();
  symptom.oom_killed = object.at("oom_killed").get<bool>();
  symptom.probe_error = object.at("probe_error").get<std::string>();
  symptom.log_lines = object.at("log_lines").get<std::vector<std::string>>();
  symptom.image = object.at("image").get<std::string>();
  if (object.contains("exit_code")) symptom.exit_code = object.at("exit_code").get<int>();
  return symptom;
}

Case read_case(const json& object) {
  Case past;
  past.incident = object.at("incident").get<std::int64_t>();
  past.issue = object.at("issue").get<std::int64_t>();
  past.failure_class = object.at("failure_class").get<std::string>();
  past.action = object.at("action").get<std::string>();
  past.proven = object.at("proven").get<bool>();
  past.votes = object.value("votes", 0);  // Cases of before had none.
  past.symptom = read_symptom(object.at("symptom"));
  past.resolved_at = base::wall_from_ms(object.at("resolved_at_ms").get<std::int64_t>());
  return past;
}

LogRecord read_record(const json& object) {
  if (object.contains("version")) return LogHeader{object.at("version").get<int>()};
  if (object.contains("purge")) return PurgeRecord{object.at("purge").get<std::int64_t>()};
  return CaseRecord{read_case(object.at("case")), object.at("position").get<std::int64_t>()};
}

IndexNote read_note(const json& object) {
  IndexNote note;
  note.file = object.at("file").get<std::string>();
  note.sha256 = object.at("sha256").get<std::string>();
  note.model = object.at("model").get<std::string>();
  note.dimensions = object.at("dimensions").get<std::int64_t>();
  note.labels = object.at("labels").get<std::vector<std::vector<std::int64_t>>>();
  note.records = object.at("records").get<std::int64_t>();
  note.seal = object.at("seal").get<std::string>();
  note.position = object.at("position").get<std::int64_t>();
  return note;
}

template <class T>
base::Result<T> guarded(std::string_view text, const char* what, T (*read)(const json&)) {
  auto parsed = base::parse_json(text);
  if (!parsed)
    return base::Error{base::ErrorCode::corrupt, std::string(what) + ": " + parsed.error().message};
  try {
    return read(*parsed);
  } catch (const json::exception& problem) {
    return base::Error{base::ErrorCode::corrupt, std::string(what) + ": " + problem.what()};
  }
}

struct Encode {
  json operator()(const LogHeader& header) const { return {{"version", header.version}}; }
  json operator()(const PurgeRecord& purge) const { return {{"purge", purge.incident}}; }
  json operator()(const CaseRecord& record) const {
    return {{"case", case_json(record.past)}, {"position", record.position}};
  }
};

}  // namespace

std::string encode_record(const LogRecord& record) {
  return base::dump_json(std::visit(Encode{}, record));
}

base::Result<LogRecord> decode_record(std::string_view text) {
  return guarded(text, "read case record", read_record);
}

std::string encode_note(const IndexNote& note) {
  return base::dump_json({{"file", note.file},
                          {"sha256", note.sha256},
                          {"model", note.model},
                          {"dimensions", note.dimensions},
                          {"labels", note.labels},
                          {"records", note.records},
                          {"seal", note.seal},
                          {"position", note.position}});
}

base::Result<IndexNote> decode_note(std::string_view text) {
  return guarded(text, "read index note", read_note);
}

}  // namespace memory
