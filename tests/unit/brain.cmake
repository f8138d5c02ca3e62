sre_test(brain_test UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/brain_rules_test.cc ${CMAKE_CURRENT_LIST_DIR}/brain_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/brain_postmortem_test.cc
  LINKS agent_brain fake_ledger policy LABEL unit)
