# Mistakes planted in the demo's code, a stand-in that mends them, and the suite that judges what it did. Needs root and what
# tools/packages lists; python3 runs them.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET sre-space AND Python3_Interpreter_FOUND)
  foreach(name planted_faults verify_pull)
    add_test(NAME ${name}_test
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/${name}_test.py $<TARGET_FILE:sre-space> $<TARGET_FILE:demo-service>)
    set_tests_properties(${name}_test PROPERTIES LABELS integration TIMEOUT 600 SKIP_RETURN_CODE 77)
  endforeach()
endif()
