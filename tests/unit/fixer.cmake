sre_test(fixer_test UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fixer_test.cc ${CMAKE_CURRENT_LIST_DIR}/fixer_asked_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fixer_guards_test.cc ${CMAKE_CURRENT_LIST_DIR}/fixer_changes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fixer_scaling_test.cc
  LINKS agent_fixer fake_ledger LABEL unit)
