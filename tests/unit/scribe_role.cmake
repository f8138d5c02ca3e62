sre_test(unit_scribe
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_test.cc ${CMAKE_CURRENT_LIST_DIR}/scribe_outbox_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_steering_test.cc
  LINKS agent_scribe_adapters fake_github fake_ledger
  LABEL unit)
