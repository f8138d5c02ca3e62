sre_test(runbook_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/runbook_test.cc LINKS runbook_adapters LABEL unit)
