sre_test(approval_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/approval_test.cc LINKS cli_approval LABEL unit)
sre_test(vetoes_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/vetoes_test.cc LINKS cli_approval LABEL unit)
