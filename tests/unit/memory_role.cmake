sre_test(memory_role_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/memory_role_test.cc LINKS agent_memory fake_ledger LABEL unit)
