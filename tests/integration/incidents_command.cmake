sre_test(incidents_command_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/incidents_command_test.cc
    ${CMAKE_SOURCE_DIR}/agents/cli/incidents.cc ${CMAKE_SOURCE_DIR}/agents/cli/stop.cc
  LINKS cli_approval agent_console ledger_adapters incident_codec role config LABEL integration)
