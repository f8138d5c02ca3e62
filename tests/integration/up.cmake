add_executable(up_program ${CMAKE_CURRENT_LIST_DIR}/up_program.cc)
target_link_libraries(up_program PRIVATE sre_options agent_up)
sre_test(up_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/up_test.cc
  LINKS up_status
  LABEL integration)
target_compile_definitions(up_test PRIVATE UP_PROGRAM="$<TARGET_FILE:up_program>")
add_dependencies(up_test up_program)
