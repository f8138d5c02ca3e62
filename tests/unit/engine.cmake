sre_test(engine_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/engine_test.cc
  LINKS engine_adapters LABEL unit)
sre_test(snapshot_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/snapshot_test.cc
  LINKS engine_snapshot LABEL unit)
