# The rules of the architecture, and the check of that check. Python's standard library only.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME tidy COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/tidy.py
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME tidy_self_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/tidy.py --self-test
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(tidy tidy_self_test PROPERTIES LABELS unit TIMEOUT 60)
