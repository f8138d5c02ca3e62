# Bad input and faults on real parts: `ctest -L faults`, not yet part of ./test. Needs root and what tools/packages lists; python3 runs them.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET sre-space AND Python3_Interpreter_FOUND)
  foreach(name faults kill_matrix)
    add_test(NAME ${name}_test
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/${name}_test.py $<TARGET_FILE:sre-space> $<TARGET_FILE:demo-service>)
    set_tests_properties(${name}_test PROPERTIES LABELS faults TIMEOUT 900 SKIP_RETURN_CODE 77)
  endforeach()
endif()
