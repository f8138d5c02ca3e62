sre_test(doctor_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/doctor_test.cc
  LINKS agent_cli
  LABEL unit)
