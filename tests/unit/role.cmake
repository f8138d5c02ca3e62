sre_test(role_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/role_test.cc LINKS role_adapters LABEL unit)
