add_executable(gitops_worker ${CMAKE_CURRENT_LIST_DIR}/gitops_worker.cc)
target_link_libraries(gitops_worker PRIVATE gitops_adapters)
sre_test(integration_gitops UNITY SOURCES ${CMAKE_CURRENT_LIST_DIR}/gitops_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/gitops_tls_test.cc
  LINKS gitops_adapters forge_adapters PkgConfig::httplib OpenSSL::SSL LABEL integration)
target_compile_definitions(integration_gitops PRIVATE GITOPS_WORKER="$<TARGET_FILE:gitops_worker>")
add_dependencies(integration_gitops gitops_worker)
