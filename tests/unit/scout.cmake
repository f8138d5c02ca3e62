sre_test(scout_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scout_deaths_test.cc ${CMAKE_CURRENT_LIST_DIR}/scout_symptoms_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scout_proofs_test.cc
  LINKS agent_scout fake_ledger LABEL unit)
