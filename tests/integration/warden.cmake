sre_test(warden_server_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/warden_server_test.cc
  LINKS agent_warden warden_adapters fake_engine LABEL integration)
sre_test(warden_engine_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/warden_engine_test.cc
  LINKS agent_warden warden_adapters engine_adapters real_engine LABEL integration)
sre_test(warden_changes_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/warden_changes_test.cc
  LINKS agent_warden_adapters warden_adapters engine_adapters real_engine PkgConfig::httplib
    Threads::Threads LABEL integration)
sre_test(balancer_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/balancer_test.cc
  LINKS agent_warden_adapters PkgConfig::httplib Threads::Threads LABEL integration)
