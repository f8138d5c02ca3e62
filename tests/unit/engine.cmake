sre_test(engine_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/engine_test.cc
  LINKS engine_adapters LABEL unit)
