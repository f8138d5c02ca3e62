# Rendered by md4c, so that what is checked is what a reader sees.
sre_test(unit_scribe_thread
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scribe_thread_test.cc
  LINKS agent_scribe ${MD4C_HTML_LIBRARY} ${MD4C_LIBRARY}
  LABEL unit)
