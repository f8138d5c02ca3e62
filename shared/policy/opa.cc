#include "policy/opa.h"

namespace policy {

Question question_of(const incident::Incident& incident, const Facts& facts) {
  Question question;
  question.incident = incident.id;
  question.service = incident.signal.service;
  question.severity = incident::to_string(incident.severity);
  if (incident.diagnosis) {
    question.failure = incident::to_string(incident.diagnosis->failure);
    question.confidence = incident.diagnosis->confidence;
  }
  question.plan = incident.plan->hash;
  question.asked_by = incident.plan->asked_by;
  for (const auto& given : incident.approvals) question.approved_by.push_back(given.by);
  question.choice = incident.plan->menu.front();
  question.facts = facts;
  return question;
}

}  // namespace policy
