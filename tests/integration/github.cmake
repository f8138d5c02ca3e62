sre_test(integration_github UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/github_test.cc ${CMAKE_CURRENT_LIST_DIR}/github_line_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/github_pulls_test.cc
  LINKS github_adapters forge_adapters PkgConfig::httplib OpenSSL::SSL
  LABEL integration)
