# Scaling through the console, with all roles, a real engine and a real nginx. Needs root and what tools/packages lists.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET sre-space AND Python3_Interpreter_FOUND)
  add_test(NAME scaling_test
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/scaling_test.py $<TARGET_FILE:sre-space> $<TARGET_FILE:demo-service>)
  set_tests_properties(scaling_test PROPERTIES LABELS integration TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
