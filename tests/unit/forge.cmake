sre_test(unit_forge UNITY SOURCES ${CMAKE_CURRENT_LIST_DIR}/forge_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/forge_search_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/forge_budget_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/forge_hostile_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/forge_diff_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/forge_git_names_test.cc ${CMAKE_SOURCE_DIR}/tests/support/html_faults.cc LINKS forge forge_git LABEL unit)
