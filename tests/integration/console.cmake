add_executable(console_program ${CMAKE_CURRENT_LIST_DIR}/console_program.cc)
target_link_libraries(console_program PRIVATE sre_options agent_console_adapters)
sre_test(console_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/console_test.cc
  LINKS agent_console_adapters nlohmann_json::nlohmann_json
  LABEL integration)
target_compile_definitions(console_test PRIVATE CONSOLE_PROGRAM="$<TARGET_FILE:console_program>")
sre_test(console_github_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/console_github_test.cc
  LINKS agent_console_adapters ledger_adapters PkgConfig::httplib OpenSSL::SSL
  LABEL integration)
add_dependencies(console_test console_program)
