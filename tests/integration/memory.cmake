sre_test(memory_store_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/memory_test.cc LINKS memory_adapters LABEL integration)
