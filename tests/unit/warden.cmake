sre_test(warden_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/warden_test.cc ${CMAKE_CURRENT_LIST_DIR}/warden_gate_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/warden_changes_test.cc
  LINKS warden warden_codec agent_warden fake_engine LABEL unit)
