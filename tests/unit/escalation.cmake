sre_test(unit_escalation SOURCES ${CMAKE_CURRENT_LIST_DIR}/pull_guard_test.cc
  LINKS escalation_adapters LABEL unit)
