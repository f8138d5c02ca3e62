sre_test(scout_test UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scout_deaths_test.cc ${CMAKE_CURRENT_LIST_DIR}/scout_symptoms_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scout_proofs_test.cc ${CMAKE_CURRENT_LIST_DIR}/scout_cheats_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scout_deploys_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scout_wishes_test.cc
  LINKS agent_scout fake_ledger LABEL unit)
