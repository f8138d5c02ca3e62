sre_test(memory_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/memory_test.cc LINKS memory LABEL unit)
sre_test(memory_index_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/memory_index_test.cc LINKS memory_adapters LABEL unit)
