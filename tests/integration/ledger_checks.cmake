sre_test(ledger_checks_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/ledger_checks_test.cc LINKS agent_cli LABEL integration)
