# Bad input and faults on real parts, and the role × event kill matrix on real processes. Needs root and what tools/packages lists; python3 runs them.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET sre-space AND Python3_Interpreter_FOUND)
  foreach(name faults kill_matrix)
    add_test(NAME ${name}_test
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/${name}_test.py $<TARGET_FILE:sre-space> $<TARGET_FILE:demo-service>)
    set_tests_properties(${name}_test PROPERTIES LABELS integration TIMEOUT 600 SKIP_RETURN_CODE 77)
  endforeach()
endif()
