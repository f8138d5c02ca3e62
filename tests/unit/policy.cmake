sre_test(policy_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/policy_test.cc LINKS policy LABEL unit)
sre_test(opa_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/opa_test.cc LINKS policy_adapters LABEL unit)
