# 250 files with several edits each, every node compared: seconds, beside the others.
sre_test(unit_gitops_edit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gitops_edit_test.cc
  LINKS gitops yaml-cpp
  LABEL simulation)
sre_test(unit_gitops UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gitops_change_test.cc ${CMAKE_CURRENT_LIST_DIR}/gitops_paths_test.cc
  LINKS gitops
  LABEL unit)
sre_test(unit_gitops_remediation
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gitops_remediation_test.cc
    ${CMAKE_SOURCE_DIR}/tests/support/html_faults.cc
  LINKS gitops forge yaml-cpp
  LABEL unit)
