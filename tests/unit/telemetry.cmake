sre_test(telemetry_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/telemetry_test.cc LINKS telemetry LABEL unit)
