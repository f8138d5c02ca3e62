sre_test(config_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_test.cc
  LINKS config_adapters
  LABEL unit)
