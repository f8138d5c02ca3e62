sre_test(integration_escalation SOURCES ${CMAKE_CURRENT_LIST_DIR}/escalation_test.cc
  LINKS escalation_adapters forge_adapters http_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
