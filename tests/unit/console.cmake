sre_test(console_unit_test UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/console_test.cc ${CMAKE_CURRENT_LIST_DIR}/console_github_test.cc
  LINKS agent_console nlohmann_json::nlohmann_json
  LABEL unit)
