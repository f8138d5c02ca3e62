# Needs root, a kernel with control groups and Debian's docker.io; skips loudly elsewhere.
add_test(NAME private_engine_test
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/private_engine_test.sh ${CMAKE_SOURCE_DIR} $<TARGET_FILE:demo-service>)
set_tests_properties(private_engine_test PROPERTIES
  LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
