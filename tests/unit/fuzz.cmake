sre_test(unit_fuzz
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_test.cc
  LINKS fuzz_targets
  LABEL simulation)
