sre_library(real_engine SOURCES ${CMAKE_CURRENT_LIST_DIR}/real_engine.cc
  LINKS engine_adapters doctest::doctest)
sre_test(engine_contract_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/engine_contract_test.cc
  LINKS engine_adapters fake_engine real_engine LABEL integration)
