add_executable(cli_program
  ${CMAKE_SOURCE_DIR}/agents/cli/main.cc ${CMAKE_CURRENT_LIST_DIR}/cli_stand_ins.cc)
target_link_libraries(cli_program PRIVATE sre_options agent_cli)
target_compile_definitions(cli_program PRIVATE SRE_VERSION="${PROJECT_VERSION}")
sre_test(cli_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_test.cc
  LINKS config_adapters
  LABEL integration)
target_compile_definitions(cli_test PRIVATE CLI_PROGRAM="$<TARGET_FILE:cli_program>")
add_dependencies(cli_test cli_program)
