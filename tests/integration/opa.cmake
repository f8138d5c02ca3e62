sre_test(integration_opa SOURCES ${CMAKE_CURRENT_LIST_DIR}/opa_test.cc LINKS policy_adapters http_adapters LABEL integration)
