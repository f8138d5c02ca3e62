sre_test(bench_numbers_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_numbers_test.cc ${CMAKE_SOURCE_DIR}/bench/numbers.cc LABEL unit)
