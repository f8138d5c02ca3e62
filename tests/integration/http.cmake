sre_test(integration_http SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_test.cc LINKS http_adapters LABEL integration)
