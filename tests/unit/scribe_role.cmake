sre_test(unit_scribe UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_test.cc ${CMAKE_CURRENT_LIST_DIR}/scribe_outbox_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_steering_test.cc ${CMAKE_CURRENT_LIST_DIR}/scribe_labels_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_strays_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_asked_test.cc ${CMAKE_CURRENT_LIST_DIR}/scribe_pulls_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_handover_test.cc
  LINKS agent_scribe_adapters fake_github fake_ledger
  LABEL unit)
# Hours of virtual time, many incidents: a program of its own runs beside the others.
sre_test(unit_scribe_flood UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_flood_test.cc ${CMAKE_CURRENT_LIST_DIR}/scribe_faults_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/scribe_hints_test.cc
  LINKS agent_scribe_adapters fake_github fake_ledger
  LABEL simulation)
# What leaves the house, rendered by md4c as a reader sees it; 300 hostile texts and 800 hidden secrets take seconds.
sre_test(unit_scribe_foreign
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_foreign_test.cc
  LINKS agent_scribe_adapters fake_github fake_ledger ${MD4C_HTML_LIBRARY} ${MD4C_LIBRARY}
  LABEL simulation)
# Full sizes of RELIABILITY T8 and T9: half a minute, and several with sanitizers.
set_tests_properties(unit_scribe unit_scribe_flood PROPERTIES TIMEOUT 1200)
