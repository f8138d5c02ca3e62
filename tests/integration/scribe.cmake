sre_tests(scribe_integration LABEL integration
  TESTS integration_scribe:scribe_test.cc integration_scribe_github:scribe_github_test.cc
    integration_scribe_pulls:scribe_pulls_test.cc integration_scribe_agent:scribe_agent_test.cc
  LINKS agent_scribe_wire agent_scribe_git agent_scribe_adapters github_adapters embedded_users forge_adapters
    ledger_adapters agent_console_adapters agent_cli PkgConfig::httplib OpenSSL::SSL)
target_compile_definitions(scribe_integration PRIVATE GITOPS_WORKER="$<TARGET_FILE:gitops_worker>")
add_dependencies(scribe_integration gitops_worker)
