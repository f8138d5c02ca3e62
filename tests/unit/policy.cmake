sre_test(policy_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/policy_test.cc LINKS policy LABEL unit)
sre_test(opa_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/opa_test.cc LINKS policy_codec LABEL unit)
# Millions of combinations: seconds, many with sanitizers.
sre_test(guard_table_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/guard_table_test.cc LINKS policy LABEL simulation)
set_tests_properties(guard_table_test PROPERTIES TIMEOUT 600)
