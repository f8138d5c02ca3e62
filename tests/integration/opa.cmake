sre_test(integration_opa SOURCES ${CMAKE_CURRENT_LIST_DIR}/opa_test.cc LINKS agent_fixer_adapters http_adapters LABEL integration)
