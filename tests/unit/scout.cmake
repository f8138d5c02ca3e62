sre_test(scout_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scout_deaths_test.cc ${CMAKE_CURRENT_LIST_DIR}/scout_symptoms_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scout_proofs_test.cc ${CMAKE_CURRENT_LIST_DIR}/scout_cheats_test.cc
  LINKS agent_scout fake_ledger LABEL unit)
set_target_properties(scout_test PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
