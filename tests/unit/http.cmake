sre_test(unit_http SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_test.cc LINKS http LABEL unit)
