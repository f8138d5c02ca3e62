# The whole product against real containers. Needs root and what tools/packages lists.
if(TARGET sre-space)
  add_test(NAME loop_test
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/loop_test.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:sre-space>)
  set_tests_properties(loop_test PROPERTIES LABELS integration TIMEOUT 600 SKIP_RETURN_CODE 77)
  add_test(NAME lasting_fix_test
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/lasting_fix_test.sh $<TARGET_FILE:sre-space>)
  set_tests_properties(lasting_fix_test PROPERTIES LABELS integration TIMEOUT 300)
  add_test(NAME bad_deploy_test
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/bad_deploy_test.sh $<TARGET_FILE:sre-space>)
  set_tests_properties(bad_deploy_test PROPERTIES LABELS integration TIMEOUT 300)
endif()
