sre_test(redact_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/redact_test.cc LINKS base LABEL unit)
