sre_test(chaos_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/chaos_test.cc LINKS chaos_adapters LABEL unit)
