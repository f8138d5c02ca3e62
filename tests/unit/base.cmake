sre_test(base_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/base_test.cc LINKS base LABEL unit)
