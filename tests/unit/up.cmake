sre_test(up_unit_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/up_test.cc
  LINKS up_status
  LABEL unit)
