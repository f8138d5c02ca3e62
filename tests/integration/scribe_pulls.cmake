sre_test(integration_scribe_pulls SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_pulls_test.cc
  LINKS agent_scribe_git forge_adapters ledger_adapters LABEL integration)
target_compile_definitions(integration_scribe_pulls PRIVATE GITOPS_WORKER="$<TARGET_FILE:gitops_worker>")
add_dependencies(integration_scribe_pulls gitops_worker)
