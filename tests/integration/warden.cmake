sre_tests(warden_integration LABEL integration
  TESTS warden_server_test:warden_server_test.cc warden_engine_test:warden_engine_test.cc
    warden_changes_test:warden_changes_test.cc balancer_test:balancer_test.cc
    queue_call_test:queue_call_test.cc
  LINKS agent_warden agent_warden_adapters warden_adapters engine_adapters fake_engine real_engine
    PkgConfig::httplib Threads::Threads)
