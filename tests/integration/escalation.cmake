sre_test(integration_escalation SOURCES ${CMAKE_CURRENT_LIST_DIR}/escalation_test.cc
  LINKS escalation_adapters forge_adapters http_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
# The Scribe's own main; SIGTERM ends it.
sre_test(integration_scribe_agent SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_agent_test.cc
  LINKS agent_scribe_wire forge_adapters ledger_adapters embedded_users LABEL integration)
