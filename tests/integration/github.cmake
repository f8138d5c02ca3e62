sre_test(integration_github
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/github_test.cc ${CMAKE_CURRENT_LIST_DIR}/github_line_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/github_pulls_test.cc
  LINKS github_adapters forge_adapters PkgConfig::httplib OpenSSL::SSL
  LABEL integration)
sre_test(integration_scribe
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_test.cc
  LINKS agent_scribe_adapters github_adapters embedded_users forge_adapters ledger_adapters
  LABEL integration)
sre_test(integration_scribe_github
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_github_test.cc
  LINKS agent_scribe_adapters github_adapters forge_adapters agent_console_adapters ledger_adapters
    agent_cli PkgConfig::httplib OpenSSL::SSL
  LABEL integration)
