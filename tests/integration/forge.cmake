sre_test(integration_forge SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_test.cc
  LINKS forge_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
add_executable(forge_probe ${CMAKE_CURRENT_LIST_DIR}/forge_probe.cc)
target_link_libraries(forge_probe PRIVATE forge_adapters)
add_test(NAME integration_forge_schema
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_schema_test.py $<TARGET_FILE:forge_probe>
          ${CMAKE_SOURCE_DIR}/tools/validate-forge-record
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_schema PROPERTIES 
  LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
sre_test(integration_forge_repository SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_git_test.cc
  LINKS forge_adapters PkgConfig::httplib PkgConfig::git2 OpenSSL::SSL LABEL integration)
add_test(NAME integration_forge_git
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_git_test.py $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_git PROPERTIES LABELS integration TIMEOUT 120)
sre_test(integration_forge_hooks SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_hooks_test.cc
  LINKS forge_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
add_test(NAME integration_forge_clients
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_clients_test.py
          $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_clients PROPERTIES
  LABELS integration TIMEOUT 240 SKIP_RETURN_CODE 77)
sre_test(integration_forge_pages SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_pages_test.cc
  LINKS forge_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
sre_test(integration_forge_faults SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_faults_test.cc
  LINKS github_adapters forge_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
sre_test(integration_forge_store SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_store_test.cc
  LINKS forge_adapters LABEL integration)
sre_test(integration_forge_app SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_app_test.cc
  LINKS github_adapters forge_adapters OpenSSL::SSL LABEL integration)
add_test(NAME integration_forge_browser
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_browser_test.py
          $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_browser PROPERTIES
  LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
