sre_tests(forge_integration LABEL integration
  TESTS integration_forge:forge_test.cc integration_forge_repository:forge_git_test.cc
    integration_forge_hooks:forge_hooks_test.cc integration_forge_pages:forge_pages_test.cc
    integration_forge_faults:forge_faults_test.cc integration_forge_store:forge_store_test.cc
    integration_forge_app:forge_app_test.cc
  LINKS github_adapters forge_adapters PkgConfig::httplib PkgConfig::git2 OpenSSL::SSL)
add_executable(forge_probe ${CMAKE_CURRENT_LIST_DIR}/forge_probe.cc)
target_link_libraries(forge_probe PRIVATE forge_adapters)
add_test(NAME integration_forge_schema
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_schema_test.py $<TARGET_FILE:forge_probe>
          ${CMAKE_SOURCE_DIR}/tools/validate-forge-record
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_schema PROPERTIES 
  LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
add_test(NAME integration_forge_git
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_git_test.py $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_git PROPERTIES LABELS integration TIMEOUT 120)
add_test(NAME integration_forge_clients
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_clients_test.py
          $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_clients PROPERTIES
  LABELS integration TIMEOUT 240 SKIP_RETURN_CODE 77)
add_test(NAME integration_forge_browser
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/forge_browser_test.py
          $<TARGET_FILE:forge_probe>
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integration_forge_browser PROPERTIES
  LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
