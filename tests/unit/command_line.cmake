sre_test(command_line_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/command_line_test.cc
  LINKS cli_command_line
  LABEL unit)
