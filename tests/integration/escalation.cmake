sre_test(integration_escalation SOURCES ${CMAKE_CURRENT_LIST_DIR}/escalation_test.cc
  LINKS escalation_adapters forge_adapters http_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
# The Scribe's own main; SIGTERM ends it.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME integration_jules_autoheal
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/jules_autoheal_test.py
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_jules_autoheal PROPERTIES LABELS integration TIMEOUT 120)
